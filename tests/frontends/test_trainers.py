# SPDX-License-Identifier: MIT
"""The rows whose files the trainers themselves make: ``make trainers`` installs them."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

import puffer_edge
from tests.frontends.support.real import ROWS
from tests.frontends.support.row import Row
from tests.frontends.test_support import agree


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_the_trainer_wrote(row: Row, tmp_path: Path) -> None:
    pytest.importorskip(row.package)
    made = row.make(tmp_path)
    program = puffer_edge.load(made.path, keep_value=True, **made.options)
    assert row.source in program.source
    agree(made, program)
