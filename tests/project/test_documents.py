# SPDX-License-Identifier: MIT
"""The documents are true where a machine can tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
SPECIFICATION = (ROOT / "SPECIFICATION.md").read_text()
# ``### I2. Requantisation``, its text, ``Tests: `file::name`, `::name` ``.
CLAUSE = re.compile(r"^### ([A-Z]\d+)\. .+?(?=^##|\Z)", re.MULTILINE | re.DOTALL)


def named_tests(clause: str) -> str:
    """The paragraph of a clause that names its tests."""
    return clause.partition("\nTests:")[2].strip().partition("\n\n")[0]


def clause_tests() -> list[str]:
    """Ids like ``exporters/test_c.py::test_x`` under the clauses of the specification."""
    found = []
    for clause in CLAUSE.finditer(SPECIFICATION):
        file = ""
        for identity in re.findall(r"`([^`]+)`", named_tests(clause[0])):
            path, _, name = identity.partition("::")
            file = path or file
            found.append(f"{file}::{name}" if name else file)
    return found


def test_every_clause_names_a_test() -> None:
    clauses = [clause[0] for clause in CLAUSE.finditer(SPECIFICATION)]
    assert len(clauses) > 200
    for clause in clauses:
        assert re.fullmatch(r"([^`]*`[^`]+`)+\s*", named_tests(clause)), clause


def test_clauses_are_numbered_in_order() -> None:
    """Each letter counts 1, 2, 3..., so no number stands for two clauses."""
    numbers: dict[str, list[int]] = {}
    for clause in CLAUSE.finditer(SPECIFICATION):
        numbers.setdefault(clause[1][0], []).append(int(clause[1][1:]))
    assert numbers
    for letter, found in numbers.items():
        assert found == list(range(1, len(found) + 1)), letter


def test_the_specification_is_readable_as_text() -> None:
    """No clause hides in a cell of a table; no line is longer than a screen is wide."""
    for line in SPECIFICATION.splitlines():
        assert len(line) <= 120 or line.startswith(("Tests:", "`", "|")), line[:80]
        assert not line.startswith("|") or len(line) <= 300, line[:80]


@pytest.mark.parametrize("identity", clause_tests())
def test_the_tests_of_the_specification_exist(identity: str) -> None:
    path, _, name = identity.partition("::")
    files = list(TESTS.glob(path)) if "*" in path else [TESTS / path.rstrip("/")]
    assert files and all(file.exists() for file in files)
    if name:
        assert f"def {name}(" in files[0].read_text()


def test_paths_in_the_documents_exist() -> None:
    """Back-quoted paths of the architecture, but for placeholders such as <op>."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for path in re.findall(r"`([\w./]+/[\w./]*|[\w]+\.(?:py|md))`", text):
        places = (ROOT / path, ROOT / "puffer_edge" / path, ROOT / "exporters" / path,
                  ROOT / "puffer_edge" / "frontends" / path)
        assert any(place.exists() for place in places), path


def test_targets_in_the_readme_exist() -> None:
    from puffer_edge.targets import TARGETS

    listed = re.search(r"puffer-edge targets +# (.*)", (ROOT / "README.md").read_text())
    assert listed
    names = {name if name in TARGETS else f"cortex-{name}"
             for name in listed.group(1).split(", ")}
    assert names | {"cortex-m"} == set(TARGETS)
