"""Ten seconds of fuzzing; longer with ``PUFFER_EDGE_FUZZ_SECONDS``, or ``make fuzz``."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("flatbuffers")

from puffer_edge.errors import FileFormatError
from tests.fuzz import engine, mutations
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
