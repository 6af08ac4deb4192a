# SPDX-License-Identifier: MIT
"""Every row of the table in docs/reference/formats.md: loaded, compared, exported, verified.

The bound on the difference is that of ``tests/error_bound.py``, derived from the operations.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import puffer_edge
from puffer_edge.frontends.detect import detect
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir.ops import BatchNormalization, GRUCell, LSTMCell
from puffer_edge.verification.originals import child
from puffer_edge.verification.originals.comparing import compare
from puffer_edge.verification.originals.judging import job_of
from puffer_edge.verification.originals.observing import observations
from puffer_edge.verification.originals.owners import owner_of
from tests.error_bound import ErrorBound, gamma
from tests.frontends.support import ROWS, table
from tests.frontends.support.row import Made, Row


def firsts() -> list[Row]:
    """One row of each trainer and kind of file."""
    return list({(row.trainer, row.file): row for row in reversed(ROWS)}.values())


def made_of(row: Row, directory: Path) -> Made:
    if row.package:
        pytest.importorskip(row.package)
    return row.make(directory)


def computed(program: puffer_edge.ir.Program) -> dict[str, np.ndarray]:
    """Constants that a front end computed: biases that it summed, scales of a normalisation.

    Each is rounded once, or a sum of two whose rounding torch does elsewhere.
    """
    names = [name for op in program.ops if isinstance(op, LSTMCell | GRUCell | BatchNormalization)
             for name in (*([op.bias] if isinstance(op, LSTMCell) else []),
                          *([op.scale, op.shift] if isinstance(op, BatchNormalization) else []))]
    return {name: gamma(8) * np.abs(program.constants[name].astype(np.float64))
            for name in names if name}


def agree(made: Made, program: puffer_edge.ir.Program) -> None:
    """Asserts the bound on each output of each step; the state runs freely on both sides."""
    runner, bound = Interpreter(program), ErrorBound(program, computed(program))
    random = np.random.default_rng(1)
    largest = loosest = 0.0
    for _ in range(made.steps):
        x = np.asarray(made.observations(random, made.size), np.float32)
        limits, ours = bound.step(runner.values(x)), runner.step(x)
        theirs = made.step(x)
        for name, mine in ours.items():
            other = np.asarray(theirs[name], np.float64).reshape(-1)
            assert mine.shape == other.shape
            assert np.all(np.abs(mine - other) <= limits[name] + made.slack), name
            largest = max(largest, float(np.abs(other).max()))
            loosest = max(loosest, float(limits[name].max()) + made.slack)
    assert loosest < 2e-2 * largest  # a bound that allows anything would prove nothing


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_file_is_the_network(row: Row, tmp_path: Path) -> None:
    """... and inspect names it and its inputs, with what was assumed in words."""
    made = made_of(row, tmp_path)
    agree(made, puffer_edge.load(made.path, keep_value=True, **made.options))
    found = puffer_edge.inspect(made.path, **made.options)
    assert row.source in found.source
    assert sum(int(np.prod(shape)) for shape in found.observation.values()) == made.size
    assert all(note.text for note in found.notes)


FEW = ("PufferLib 3, Default with LSTM, `", "rsl_rl 5, GRU", "Stable-Baselines3, PPO, MlpPolicy")


@pytest.mark.parametrize("row", [
    row if row.name.startswith(FEW) else pytest.param(row, marks=pytest.mark.exhaustive)
    for row in ROWS], ids=lambda row: row.name)
def test_the_second_reader_agrees(row: Row, tmp_path: Path) -> None:
    """Of every row that something else can run; some bounds of images are too loose to judge by."""
    made = made_of(row, tmp_path)
    program = puffer_edge.load(made.path, **made.options)
    owner = owner_of(detect(made.path), program.source)
    if owner is None:
        pytest.skip("no library owns this kind of file")
    plain = {name: value for name, value in made.options.items()
             if name not in ("module", "observation_shape")}
    job = job_of(owner, made.path, program, LoadOptions(**plain))
    found = compare(program, child.run(job, *observations(program)))
    image = any(len(field.shape) > 2 for field in program.contract.observation)
    assert found.verdict == "agrees" or (image and found.verdict == "not judged"), found


# From the Program on nothing depends on the file, so one of each kind is enough every day; CI
# verifies them all. On this computer each op runs in tests/exporters/test_c.py.
@pytest.mark.parametrize("row", [
    row if row in firsts() else pytest.param(row, marks=pytest.mark.exhaustive) for row in ROWS],
    ids=lambda row: row.name)
def test_export_and_verify(row: Row, tmp_path: Path) -> None:
    made = made_of(row, tmp_path)
    directory = puffer_edge.export(made.path, tmp_path / "out", **made.options)
    report = puffer_edge.verify(directory, native=False)
    assert report.passed, report.to_json()


def test_the_page_has_the_table_of_these_rows() -> None:
    text = table.PAGE.read_text(encoding="utf-8")
    assert table.replaced(text) == text, "run python -m tests.frontends.support.table"
