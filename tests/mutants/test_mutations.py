# SPDX-License-Identifier: MIT
"""What is mutated, and what is not."""

from __future__ import annotations

import ast
from argparse import Namespace
from pathlib import Path

import pytest

from tests.mutants.__main__ import _drawn, _wrongly_listed
from tests.mutants.equivalent import as_listed, listed, why_equivalent
from tests.mutants.mutations import mutations
from tests.mutants.rooms import ROOMS

ROOT = Path(__file__).parents[2]
PYTHON = '''"""Not here: 1 + 1 < 2."""


Number = Small | Large | None


def f(x: Literal[3], *, sure: bool = True) -> Literal[4]:
    assert x != 10, 11
    for _ in zip("a" + y, [12] * x, strict=False):
        return ValueError(14)
    if not x <= 5 and x not in (6,):
        raise ValueError(f"{x} is above {7}")
    x += max(x, -8)
    x = y[-1].reshape(z[2], -15)
    return x << 9
'''
C = """/* not here: 1 + 1 */
#define NOT_HERE (1 + 1)
static int f(const int *x, int n) // nor here: 1 + 1
{
    const int32_t table[7] = {x[8]};
    static const struct { int v; float y, z[4];
    } step[9] PUFFER_EDGE_FLASH = {
        {5}};
    return n < 0x10u && *x >= -1.5e-3f + 0.0f ? x[2] * n : (n)--;
}
"""


def found(text: str, name: str, folder: Path) -> list[str]:
    (folder / name).write_text(text)
    made = mutations(folder, name)
    for mutation in made:
        assert mutation.applied(text) != text
        if name.endswith(".py"):
            ast.parse(mutation.applied(text))
    return [f"{mutation.before} {mutation.after}" for mutation in made]


def test_python(tmp_path: Path) -> None:
    """Not in words, annotations, errors, assertions; nor what is another type's at once."""
    assert found(PYTHON, "f.py", tmp_path) == [
        "True False", "12 13", "<= <", "5 6", "and or", "6 7", "+= -=", "max min", "- +", "8 9",
        "- +", "1 2", "2 3", "- +", "<< >>", "9 10"]


def test_a_bound_may_include_what_equals_it(tmp_path: Path) -> None:
    """Every integer gives the same with the comparison that includes the equal."""
    same = ["4 if x > 4 else x", "x if x < 4 else 4", "-x if x < 0 else x", "4 - x if x < 4 else 0"]
    other = ["5 if x > 4 else x", "x if x > 4 else 0", "-x if x < 1 else x", "1 if x < 4 else 0"]
    for text, equal in ((text, text in same) for text in (*same, *other)):
        changed = text.replace("<", "<=").replace(">", ">=")
        assert equal == all(eval(text) == eval(changed) for x in range(-9, 9))
        planted = f"{'<' if '<' in text else '>'} {'<=' if '<' in text else '>='}"
        assert (planted in found(f"y = {text}", "f.py", tmp_path)) != equal
    assert found("if x[i] < low:\n    x[i] = low\n", "f.py", tmp_path) == []
    assert found("if x < low:\n    x = low\nelse:\n    y = x\n", "f.py", tmp_path) == ["< <="]


def test_c(tmp_path: Path) -> None:
    """Not in comments, directives and sizes; a star that points and a sign are no operators."""
    assert found(C, "f.h", tmp_path) == [
        "8 9", "4 5", "5 6", "< <=", "0x10u 17u", "&& ||", ">= >", "1.5e-3f (2 * 1.5e-3f)",
        "+ -", "0.0f 1.0f", "2 3", "* +"]


def test_what_changes_nothing_is_in_the_sources() -> None:
    """Each line of the list is of a fault that could be planted; a file that changed is noticed."""
    found = {as_listed(ROOT, mutation) for path in sorted({key[0] for key in listed()})
             for mutation in mutations(ROOT, path)}
    assert listed().keys() <= found


def test_listed_faults_can_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a listed fault that a test finds, the reason is wrong."""
    drawn = _drawn(ROOT, Namespace(room=["passes"], file="", seed=1, count=3, listed=True))
    assert len(drawn) == 3 and all(why_equivalent(ROOT, mutation) for _, mutation in drawn)
    asked = [(room, mutation, None, "") for room, mutation in drawn]
    assert _wrongly_listed([*asked]) == 0
    assert _wrongly_listed([*asked, (*drawn[0], "a test", "")]) == 1
    assert "1 of 4" in capsys.readouterr().out


def test_every_room_has_sources_and_tests() -> None:
    for room in ROOMS.values():
        assert len(room.files(ROOT)) > 15
        assert all((ROOT / test).exists() for test in room.tests)
