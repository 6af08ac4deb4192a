# SPDX-License-Identifier: MIT
"""Assumptions are decisions: each has a code of one table, and is confirmed or refused."""

from __future__ import annotations

import ast
import re
import warnings
from pathlib import Path

import pytest

import puffer_edge
from puffer_edge.errors import PolicyWarning, ProgramError, UnconfirmedError, UsageError
from puffer_edge.frontends.assumptions import ASSUMPTIONS, accepting
from puffer_edge.frontends.options import LoadOptions, spelled

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "assumptions.md"
SOURCES = [path for room in ("frontends", "composing")
           for path in sorted((Path(puffer_edge.__file__).parent / room).rglob("*.py"))]
POLICIES = Path(__file__).parents[2] / "examples" / "policies"
LSTM = POLICIES / "cartpole_puffer_lstm.pt"


def calls() -> list[tuple[str, ast.Call]]:
    """Every call where files are read and joined, by the last part of what is called."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found.append((ast.unparse(node.func).rpartition(".")[2], node))
    return found


def test_every_code_is_in_the_table_and_used() -> None:
    codes = [node.args[0] for name, node in calls() if name in ("assume", "assuming", "assumed")]
    written = {code.value for code in codes if isinstance(code, ast.Constant)}
    assert written <= set(ASSUMPTIONS)
    words = {node.value for path in SOURCES if path.name != "assumptions.py"
             for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
             if isinstance(node, ast.Constant)}
    assert set(ASSUMPTIONS) <= words  # a few are constants of their modules
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in ASSUMPTIONS)


def test_a_code_that_is_not_in_the_table_is_a_defect() -> None:
    program = puffer_edge.load(LSTM).assuming("not-in-the-table", "what")
    with pytest.raises(ProgramError, match="not-in-the-table"):
        accepting(program, ())


def test_no_front_end_assumes_without_a_code() -> None:
    for name, node in calls():
        if name in ("note", "noting", "Note"):
            assert "assumed" not in [getattr(arg, "value", None) for arg in node.args] or (
                name == "Note" and len(node.args) == 4)


def test_the_options_of_the_table_are_there() -> None:
    known = {spelled(name).split(" ")[0] for name in LoadOptions.__annotations__}
    for text in ASSUMPTIONS.values():
        words = {word.strip(",.;") for word in text.split() if word.startswith("--")}
        assert words <= known | {"--no-squash", "--compose"}
        assert words or "instead" in text


def test_the_page_lists_the_codes() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert table_replaced(text) == text, "run python -m tests.frontends.test_assumptions"


def table_replaced(text: str) -> str:
    """The page with the present table of codes."""
    start, end = "| code | what is decided, and by which option |\n|---|---|\n", "<!-- end of assum"
    before, rest = text.split(start)
    rows = "".join(f"| `{code}` | {meaning} |\n" for code, meaning in ASSUMPTIONS.items())
    return f"{before}{start}{rows}{end}{rest.split(end)[1]}"


def test_from_python_what_is_open_is_warned_of() -> None:
    with pytest.warns(PolicyWarning, match=r"assumed \(activation\): .*GELU") as seen:
        program = puffer_edge.load(LSTM)
    assert seen[0].filename == __file__
    assert [note.code for note in program.notes if note.kind == "assumed"] == [
        "activation", "action-heads"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        puffer_edge.load(LSTM, accept=("activation", "action-heads"))
        puffer_edge.inspect(program)


def test_export_warns_once_and_of_a_program_not_again(tmp_path: Path) -> None:
    with pytest.warns(PolicyWarning) as seen:
        puffer_edge.export(LSTM, tmp_path / "a")
    assert len(seen) == 2 and seen[0].filename == __file__
    program = puffer_edge.load(LSTM, accept="activation", action_sizes=[2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        puffer_edge.export(program, tmp_path / "b", strict=True)


def test_strict_refuses_what_is_not_confirmed(tmp_path: Path) -> None:
    with pytest.raises(UnconfirmedError, match="action-heads: one discrete action") as raised:
        puffer_edge.load(LSTM, strict=True, accept="activation")
    assert raised.value.codes == ("action-heads",)
    program = puffer_edge.load(LSTM, activation="gelu")
    with pytest.raises(UnconfirmedError):
        puffer_edge.export(program, tmp_path / "a", strict=True)
    assert not (tmp_path / "a").exists()
    puffer_edge.export(program, tmp_path / "a", strict=True, accept=["action-heads"])
    with pytest.raises(UsageError, match="no assumption 'heads'") as wrong:
        puffer_edge.load(LSTM, accept="heads")
    assert all(code in wrong.value.hint for code in ASSUMPTIONS)


def test_the_default_directory_is_of_the_file_and_the_target(tmp_path: Path,
                                                            monkeypatch: pytest.MonkeyPatch
                                                            ) -> None:
    monkeypatch.chdir(tmp_path)
    assert puffer_edge.export(LSTM, target="host") == Path("cartpole_puffer_lstm-host")
    assert puffer_edge.export(puffer_edge.load(LSTM)) == Path("policy-cortex-m")
    assert "policy_cortex_m_step(" in Path("policy-cortex-m", "policy.h").read_text()


@pytest.mark.parametrize("options", [{"action_low": -1, "action_high": 2}, {"action_high": 1}])
def test_an_option_against_the_file_is_warned_of(options: dict[str, float]) -> None:
    with pytest.warns(PolicyWarning, match="contradict the file"):
        puffer_edge.load(POLICIES / "pendulum_sb3.zip", vec_normalize="none", **options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what the file says, too, is no contradiction
        puffer_edge.load(POLICIES / "pendulum_sb3.zip", action_low=-2, action_high=2,
                         vec_normalize="none")


if __name__ == "__main__":
    PAGE.write_text(table_replaced(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
