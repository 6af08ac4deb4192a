# SPDX-License-Identifier: MIT
"""What only moves elements becomes copies of rows, whatever goes where."""

from __future__ import annotations

import re
from array import array
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from puffer_edge.exporters.micropython.boards import ANY
from puffer_edge.exporters.micropython.context import Context
from puffer_edge.exporters.micropython.kernels import Kernels
from puffer_edge.exporters.micropython.movement import copies
from puffer_edge.exporters.micropython.runtime import joined
from tests import zoo

RUNTIME: dict[str, Any] = {}
exec(joined(["Blob", "move"]), RUNTIME)
CONTRACT = bytes(16)


def rows_of(sources: np.ndarray, places: np.ndarray, filler: str = "") -> tuple[str, bytes]:
    """The call that copies, and the weights it reads."""
    context = Context(zoo.program("mlp"), Kernels(ANY, "bytecode"))
    call = copies("x", "y", sources, places, context, filler)
    return call, context.blob.to_bytes(CONTRACT)


@st.composite
def cubes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Indices of a cube with its axes in another order, some backwards, a part taken, some twice;
    to places of which some stay free."""
    shape = draw(st.tuples(*[st.integers(1, 5)] * 3))
    found = np.arange(np.prod(shape)).reshape(shape).transpose(draw(st.permutations(range(3))))
    for axis in range(3):
        kept = draw(st.sampled_from(["all", "back", "some"]))
        size = found.shape[axis]
        taken = list(range(size)) if kept == "all" else list(range(size))[::-1]
        if kept == "some":
            taken = draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=6))
        found = np.take(found, taken, axis)
    width = draw(st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 3))
    marked = np.pad(np.ones(found.shape, int), width)
    return found.reshape(-1), np.flatnonzero(marked)


@given(cubes())
def test_every_element_arrives(cube: tuple[np.ndarray, np.ndarray]) -> None:
    sources, places = cube
    x = array("h", [int(v) - 60 for v in range(int(sources.max()) + 1)])
    y = array("h", [0] * (int(places.max()) + 3))
    call, weights = rows_of(sources, places, ", -77")
    blob = RUNTIME["Blob"](weights, CONTRACT)
    eval(call, RUNTIME, {"x": x, "y": y, "blob": blob})()
    expected = np.full(len(y), -77)
    expected[places] = np.array(x)[sources]
    assert (np.array(y) == expected).all()


def test_rows_are_as_long_as_they_can_be() -> None:
    image = np.arange(60).reshape(3, 4, 5)
    everything = np.arange(60)
    for sources, length in ((image, 60), (image[:, ::-1], 5), (image[::-1, ::-1, ::-1], 60),
                            (image.transpose(0, 2, 1), 4), (image[:, :, 1:4], 3)):
        flat = sources.reshape(-1)
        call, _ = rows_of(flat, everything[: flat.size])
        found = re.search(r"\), (\d+), -?\d+, -?\d+\)$", call)
        assert found is not None and int(found.group(1)) == length, call
