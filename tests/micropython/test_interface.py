# SPDX-License-Identifier: MIT
"""What a policy takes and gives: nothing that is wrong is passed over."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from puffer_edge.exporters.micropython.boards import profiles
from puffer_edge.ir import Program
from puffer_edge.verification.micropython.interpreters import run_cpython, run_webassembly
from tests import zoo
from tests.micropython.artefacts import export, program, session
from tests.support.exporting import write_artefact
from tests.tools import need_micropython


def for_board(policy: Program, directory: Path, board: str) -> None:
    """Writes an artefact for a board."""
    write_artefact(policy, directory, target="micropython", name="zoo", scheme="int8", board=board)


RUNNERS = (run_cpython, run_webassembly)

STEPS = """
from policy import Policy
policy = Policy()
size = len(policy.observation)
given = [(-1) ** i * 40 for i in range(size)]
policy.observation = given
assert list(policy.observation) == given
action = policy.step()
print(type(action).__name__, action is policy.action)
print(action == policy.action[0] if isinstance(action, int) else "-")
print(policy.step_float([0.25] * size) is policy.action)
if hasattr(policy, "sample"):
    print(type(policy.sample()).__name__)
"""

REFUSED = """
from policy import Policy
policy = Policy()
size = len(policy.observation)
limit = 127 if len(bytes(policy.observation)) == size else 32767
policy.observation = [7] * size
for given, error in (([1] * (size - 1), ValueError), ([1] * (size + 1), ValueError),
                     (5, TypeError), ([0.5] * size, TypeError)):
    try:
        policy.observation = given
        print("taken", given)
    except error:
        pass
print(list(policy.observation) == [7] * size)
for value, expected in ((65535, limit), (1 << 40, limit), (-65536, -limit - 1), (12, 12)):
    policy.set(1, value)
    if policy.observation[1] != expected:
        print("wrong", value, policy.observation[1])
policy.observation = [99999] * size
print(set(policy.observation) == {limit})
"""


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize(("case", "expected"), [
    ("mlp_int8", "int False True False int"), ("multi_discrete_int8", "array True - True array"),
    ("bounded_int16", "array True - True")])
def test_a_step_gives_the_action(runner, case: str, expected: str, tmp_path: Path) -> None:
    if runner is run_webassembly:
        need_micropython()
    export(case, tmp_path / "a")
    (tmp_path / "a/script.py").write_text(STEPS)
    assert runner(tmp_path / "a", "script.py").split() == expected.split()


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("case", ["mlp_int8", "mlp_int16"])
def test_what_does_not_fit_is_clamped_or_refused(runner, case: str, tmp_path: Path) -> None:
    if runner is run_webassembly:
        need_micropython()
    export(case, tmp_path / "a")
    (tmp_path / "a/script.py").write_text(REFUSED)
    assert runner(tmp_path / "a", "script.py").split() == ["True", "True"]


@pytest.mark.parametrize("case", ["mlp_int8", "multi_discrete_int8", "bounded_int16"])
def test_the_example_runs_on_a_computer(case: str, tmp_path: Path) -> None:
    export(case, tmp_path / "a")
    with subprocess.Popen([sys.executable, "-u", "main.py"], cwd=tmp_path / "a", text=True,
                          stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        lines = [running.stdout.readline() for _ in range(3)]
        running.kill()
    assert all(re.fullmatch(r"\d+\n" if case == "mlp_int8" else r"\[-?\d+.*\]\n", line)
               for line in lines), lines


@pytest.mark.parametrize("board", ["pico", "esp32"])
def test_no_machine_code_on_a_computer(board: str, tmp_path: Path) -> None:
    """An artefact for a board runs as it is; were its kernels read, that would fail."""
    need_micropython()
    for_board(program("mlp_int8"), tmp_path / "a", board)
    kernels = tmp_path / "a/policy_kernels.py"
    assert "@micropython." in kernels.read_text()
    kernels.write_text("raise SystemExit('machine code')")
    for path in (tmp_path / "a").glob("*.mpy"):
        path.unlink()
    for runner in RUNNERS:
        assert runner(tmp_path / "a", "selftest.py").strip() == "selftest: good"


@pytest.mark.parametrize(("mpy", "maxsize", "expected"), [
    (0x2c06, (1 << 31) - 1, True), (0x0806, (1 << 63) - 1, False), (6, (1 << 31) - 1, False)])
def test_where_machine_code_runs(monkeypatch: pytest.MonkeyPatch, mpy: int, maxsize: int,
                                 expected: bool) -> None:
    """xtensawin with words of 32 bits; x64; no native code at all."""
    from types import SimpleNamespace

    from puffer_edge.exporters.micropython.runtime import joined

    space: dict[str, object] = {}
    exec(joined(["machine_code"]), space)
    assert space["machine_code"]() is False  # type: ignore[operator]
    space["sys"] = SimpleNamespace(implementation=SimpleNamespace(_mpy=mpy), maxsize=maxsize)
    assert space["machine_code"]() is expected  # type: ignore[operator]


def test_the_manifest_tells_what_stays_in_memory(tmp_path: Path) -> None:
    """From a file everything is copied; from a ROMFS not what machine code reads there."""
    from puffer_edge.artefact.opening import read_subject

    weights = {}
    for board in ("pico2", "any"):
        for_board(zoo.program("lstm_int8"), tmp_path / board, board)
        manifest = read_subject(tmp_path / board).manifest
        blob = (tmp_path / board / "weights.bin").stat().st_size - 32
        assert blob <= manifest["memory"]["struct_bytes"] < 2 * blob
        weights[board] = manifest["memory"]["struct_bytes"] - manifest["micropython"]["romfs_bytes"]
    assert weights["any"] == 0
    cells = zoo.program("lstm_int8")
    expected = sum(cells.constants[name].nbytes for op in cells.ops
                   for name in (getattr(op, "weight", ""), getattr(op, "recurrent", "")) if name)
    assert weights["pico2"] == expected


def test_a_board_that_is_too_small_is_warned_of(monkeypatch: pytest.MonkeyPatch,
                                                tmp_path: Path) -> None:
    from puffer_edge.artefact.opening import read_subject

    said = []
    for memory in (0, 300, 1 << 16):
        monkeypatch.setitem(profiles(), "pico", replace(profiles()["pico"], memory=memory))
        folder = tmp_path / str(memory)
        for_board(program("mlp_int8"), folder, "pico")
        said.append([note["text"] for note in read_subject(folder).manifest["notes"]
                     if note["kind"] == "warning" and "RAM" in note["text"]])
    assert said[0] == said[2] == [] and len(said[1]) == 1
    assert "Raspberry Pi Pico has 300 in all" in said[1][0]


def test_a_session_runs_what_export_wrote(tmp_path: Path) -> None:
    for_board(program("mlp_int8"), tmp_path / "a", "pico")
    work = session(tmp_path / "a", tmp_path / "run")
    for name in ("policy.py", "policy_kernels.py", "policy_portable.py"):
        assert (work.folder / name).read_bytes() == (tmp_path / "a" / name).read_bytes()
