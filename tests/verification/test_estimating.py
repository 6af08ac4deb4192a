# SPDX-License-Identifier: MIT
"""The time of a step on a board: its range, what it is made of, and where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import puffer_edge
from puffer_edge.artefact.opening import read_subject
from puffer_edge.boards import FOLDER, boards
from puffer_edge.targets import TARGETS
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine
from puffer_edge.verification.estimating import estimates
from puffer_edge.verification.harness import ImageBuilder
from tests import zoo

F411 = boards()["nucleo-f411re"]


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return puffer_edge.export(zoo.program("mlp"), tmp_path_factory.mktemp("estimates") / "a")


def test_the_range_and_what_it_is_made_of(artefact: Path, tmp_path: Path) -> None:
    subject = read_subject(artefact)
    machine = UnicornMachine(ImageBuilder(
        header=artefact / "policy.h", spec=subject.spec, target=TARGETS["cortex-m4"],
        toolchain=find_toolchain("zig"), directory=tmp_path).policy_only)
    step = subject.vectors.observations[0].tobytes()
    (result,) = machine.run([step])
    assert F411.fetch is not None
    slow = replace(F411, name="slow", fetch=replace(F411.fetch, wait_states=30))
    ready = replace(F411, name="ready", fetch=replace(F411.fetch, wait_states=0))
    uncached = replace(F411, name="uncached", fetch=replace(F411.fetch, cache=0, data_cache=0))
    unknown = replace(F411, name="unknown", fetch=None)
    found = estimates(machine, step, TARGETS["cortex-m4"], [F411, slow, ready, uncached, unknown])
    usual = found[F411.name]
    assert result.instructions is not None
    assert result.instructions < usual.least < usual.likely < usual.most < 6 * usual.least
    # Ten times the wait states of an F411 wait ten times as long.
    assert found["slow"].likely - usual.least == 10 * (usual.likely - usual.least)
    assert found["slow"].most - usual.least == 10 * (usual.most - usual.least)
    for name in ("ready", "unknown"):
        assert found[name].least == found[name].likely == found[name].most == usual.least
    assert found["uncached"].likely == found["uncached"].most == usual.most
    assert usual.microseconds(usual.likely) == usual.likely / 100  # 100 MHz
    assert "estimate, no measurement" in usual.text and "not validated" in usual.text
    every = estimates(machine, step, TARGETS["cortex-m4"], [
        board for board in boards().values() if board.core.target == "cortex-m4"])
    assert len(every) >= 9 and all(each.least <= each.likely <= each.most
                                   for each in every.values())


@pytest.mark.exhaustive
def test_verify_tells_it_where_there_is_a_model(artefact: Path, tmp_path: Path) -> None:
    report = puffer_edge.verify(artefact, board="nucleo-f411re", native=False)
    found = report.measurements
    assert (0 < found["microseconds_least"] <= found["microseconds"]
            <= found["microseconds_most"] < 1000)
    assert any("not validated" in note["text"] for note in report.notes)
    # A core that nobody has a table of.
    other = (FOLDER / "nucleo-g0b1re.toml").read_text().replace('"cortex-m0+"', '"cortex-m23"')
    (tmp_path / "mine.toml").write_text(other)
    report = puffer_edge.verify(artefact, board=str(tmp_path / "mine.toml"), native=False)
    assert "microseconds" not in report.measurements
    assert any("no model of cortex-m23" in note["text"] for note in report.notes)


CORES_OF = ("cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "riscv32")


@pytest.mark.exhaustive
@pytest.mark.parametrize("scheme", ["float32", "int8"])
def test_every_board_that_c_is_compiled_for_has_its_range(scheme: str) -> None:
    """As `doctor` prints it."""
    wanted = [board.name for board in boards().values() if board.core.target in CORES_OF]
    rows = puffer_edge.doctor(zoo.program("mlp"), boards=wanted, schemes=scheme)
    assert len(rows) == len(wanted) >= 24
    for row in rows:
        assert row.microseconds is not None and 0 < row.microseconds[0] <= row.microseconds[1], row
        fetch = boards()[row.board].fetch
        if fetch is not None and fetch.wait_states and not fetch.copied:
            assert row.microseconds[0] < row.microseconds[1], row
