# SPDX-License-Identifier: MIT
"""Random joins: every number that the later policy sees is the one that was asked for."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest

from puffer_edge.composing import pipeline
from puffer_edge.composing.joints import runs
from puffer_edge.errors import UsageError
from puffer_edge.interpreter import Interpreter
from tests.composing.files import network, run
from tests.composing.test_pipeline import load

pytest.importorskip("onnxruntime")


def joins(random: Random, fields: dict[str, int], known: dict[str, int]
          ) -> tuple[str, list[tuple[str, int] | None]]:
    """Some parts of the fields from random places; and the place of each number, flat."""
    parts, places = [], []
    for name, size in fields.items():
        at = 0
        while at < size:
            count = random.randint(1, size - at)
            source, width = random.choice(list(known.items()))
            if random.random() < 0.7 and width >= count:
                start = random.randint(0, width - count)
                parts.append(f"{name}[{at}:{at + count}]={source}[{start}:{start + count}]")
                places += [(source, start + i) for i in range(count)]
            else:
                places += [None] * count
            at += count
    return ", ".join(parts), places


@pytest.mark.parametrize("seed", range(8))
def test_every_number_is_the_one_that_was_asked_for(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    seen = random.randint(1, 6)
    outputs = {f"o{i}": random.randint(1, 4) for i in range(random.randint(1, 3))}
    fields = {f"f{i}": random.randint(1, 5) for i in range(random.randint(1, 3))}
    one = network(tmp_path / "a.onnx", {"history": seen}, outputs, seed)
    other = network(tmp_path / "b.onnx", fields, {"actions": 2}, seed + 1)
    first, second = load(one, observation={"history": seen}), load(other, observation=fields)
    text, places = "", [None]
    while not any(place and place[0] != "history" for place in places):
        text, places = joins(random, fields, {**outputs, "history": seen})
    whole = pipeline(first, second, text)
    own = [i for i, place in enumerate(places) if place is None]
    assert whole.contract.observation_size == seen + len(own)
    x = np.random.default_rng(seed).normal(0, 1, seen + len(own)).astype(np.float32)
    given = dict(zip(outputs, run(one, [x[:seen]]), strict=True)) | {"history": x[:seen]}
    numbers = [x[seen + own.index(i)] if place is None else given[place[0]][place[1]]
               for i, place in enumerate(places)]
    parts = np.split(np.float32(numbers), np.cumsum(list(fields.values()))[:-1])
    np.testing.assert_allclose(Interpreter(whole).step(x)["mean"], run(other, parts)[0], atol=3e-6)


def test_numbers_that_lie_together_are_one_run(tmp_path: Path) -> None:
    first = load(network(tmp_path / "a.onnx", {"x0": 4}, {"o": 3}, 0))
    second = load(network(tmp_path / "b.onnx", {"f": 7}, {"actions": 2}, 0))
    found, _ = runs(first, second, "obs[4:7]=o, obs[0:2]=obs[1:3]")
    assert [(run.source, run.start, run.size) for run in found] == [
        ("", 1, 2), (None, 2, 2), ("o", 0, 3)]
    with pytest.raises(UsageError, match="joined twice"):
        runs(first, second, "obs[4:7]=o, obs[6:7]=obs[1:2]")
