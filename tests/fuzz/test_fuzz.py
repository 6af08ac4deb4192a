# SPDX-License-Identifier: MIT
"""Ten seconds of fuzzing; longer with ``PUFFER_EDGE_FUZZ_SECONDS``, or ``make fuzz``."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("flatbuffers")

from puffer_edge.errors import FileFormatError
from tests.fuzz import engine, mutations, programs, recordings
from tests.fuzz.__main__ import main
from tests.fuzz.corpus import CORPUS
from tests.fuzz.targets import TARGETS

SECONDS = float(os.environ.get("PUFFER_EDGE_FUZZ_SECONDS", "10"))
SEED = int(os.environ.get("PUFFER_EDGE_FUZZ_SEED", "0"))


@pytest.mark.parametrize("name", TARGETS)
def test_only_our_own_errors(name: str, tmp_path: Path) -> None:
    outcome = engine.run(name, TARGETS[name], seed=SEED, seconds=SECONDS / len(TARGETS),
                         folder=tmp_path)
    assert not outcome.failures, "\n".join(
        f"python -m tests.fuzz --seed {SEED} {name}: {text}" for text in outcome.failures.values())
    assert outcome.inputs


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_not_changed_is_read(name: str, tmp_path: Path,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the fuzzer would see nothing but the first check."""
    for kind in ("raw", "words", "tree", "text", "names", "instructions"):
        monkeypatch.setattr(mutations, kind, lambda random, value: value)
    monkeypatch.setattr(mutations, "message", lambda random, proto: None)
    monkeypatch.setattr(recordings, "numbers", lambda random, arrays: arrays)
    monkeypatch.setattr(programs, "CHANGES", [lambda random, arrays, text: None])
    monkeypatch.setattr(mutations, "member", lambda random, content, suffix, change: content)
    outcome = engine.Outcome()
    engine.run_one(name, TARGETS[name], 0, 0, tmp_path, outcome)
    assert outcome.read == 1 and not outcome.failures


@pytest.mark.parametrize("name", CORPUS)
def test_inputs_that_failed_once(name: str, tmp_path: Path) -> None:
    outcome = engine.Outcome()
    engine.run_one(name, lambda _, folder: CORPUS[name](folder), 0, 0, tmp_path, outcome)
    assert not outcome.failures and outcome.refused + outcome.read == 1


def _hang(random: Random, folder: Path) -> None:
    while True:
        pass


def _fill(random: Random, folder: Path) -> None:
    bytearray(2 << 30)


def _refuse(random: Random, folder: Path) -> None:
    raise FileFormatError("no policy")


def _fail(random: Random, folder: Path) -> None:
    [][random.randrange(3)]


@pytest.mark.parametrize(("target", "failures"), [
    (_hang, 1), (_fill, 1), (_fail, 1), (_refuse, 0)])
def test_the_engine_sees_it(target: engine.Target, failures: int, tmp_path: Path,
                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SECONDS", 0.1)
    outcome = engine.Outcome()
    engine.run_one("x", target, 0, 0, tmp_path, outcome)
    assert len(outcome.failures) == failures and outcome.refused == 1 - failures


def test_a_number_of_inputs_is_shared_by_the_targets(capsys: pytest.CaptureFixture[str],
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["fuzz", "--inputs", "7", "grown_source", "reference"])
    assert main() == 0
    grown, reference, total = capsys.readouterr().out.splitlines()
    assert re.search(r"grown_source +4 inputs, \d read, \d refused, 0 failed", grown)
    assert re.search(r"reference +3 inputs", reference)
    assert total == "7 inputs, 0 kinds of failures"
