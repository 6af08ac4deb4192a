# SPDX-License-Identifier: MIT
"""Where something of a file is taken, and one more is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from puffer_edge.errors import FileFormatError, UnsupportedError  # noqa: E402
from puffer_edge.frontends.detect import detect  # noqa: E402
from puffer_edge.frontends.graph.arithmetic import combine  # noqa: E402
from puffer_edge.frontends.graph.graph import Graph  # noqa: E402
from puffer_edge.frontends.graph.node import Node  # noqa: E402
from puffer_edge.frontends.graph.ports import Port  # noqa: E402
from puffer_edge.frontends.metadata import metadata  # noqa: E402
from puffer_edge.frontends.state_dict import _shown  # noqa: E402
from puffer_edge.ir import Builder  # noqa: E402
from tests.frontends.onnx_models import model, node  # noqa: E402
from tests.frontends.test_onnx_node_tests import outputs_of  # noqa: E402

X = np.float32([[0.5, 1.5, 2.0]])


def run(op: str, *inputs: Any, **attributes: Any) -> Any:
    names = [f"x{n}" for n in range(len(inputs))]
    kinds = {name: onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
             for name, array in zip(names, inputs, strict=True)}
    made = model([node(op, " ".join(names), "y", **attributes)],
                 {name: list(array.shape) for name, array in zip(names, inputs, strict=True)},
                 {"y": None}, dtypes=kinds)
    (found,) = outputs_of(made, list(inputs), {"x0"})
    return found


@pytest.mark.parametrize("exponent", [16.5, -16.5, 17, 0, 0.25, 1.75])
def test_powers_that_are_refused(exponent: float) -> None:
    """Half and whole numbers of 0.5 to 16 are products and a root; these are none."""
    with pytest.raises(UnsupportedError, match="exponent"):
        run("Pow", X, np.float32(exponent))


@pytest.mark.parametrize("values", [np.float32([0, 1, 2]), np.float32([1]),
                                    np.array(["a", "b"], object)])
def test_a_category_has_two_numbers(values: Any) -> None:
    """Each reason alone: too many, too few, and two that are no numbers."""
    place = np.int64([[1]])
    with pytest.raises(FileFormatError, match="two numbers"):
        run("OneHot", place, np.int64(3), values)


def test_how_many_weights_are_named() -> None:
    """24 of them; where there are more, how many."""
    for count in (1, 24, 25, 30):
        text = _shown({f"w{n}": np.zeros((n + 1, 2)) for n in range(count)})
        assert text.count("[") == min(count, 24) and "w0 [1, 2]" in text
        assert (f"and {count - 24} more" in text) == (count > 24) and ("more" in text) == (
            count > 24)


def test_how_much_is_kept_of_what_lies_beside(tmp_path: Path) -> None:
    """200 texts of 20,000 characters."""
    path = tmp_path / "policy.onnx"
    made = model([node("Relu", "x", "y")], {"x": [1, 3]}, {"y": [1, 3]})
    onnx.helper.set_model_props(made, {f"k{n}": "a" * (20_000 + n - 1) for n in range(201)})
    path.write_bytes(made.SerializeToString())
    found = metadata(path)
    assert list(found) == [f"k{n}" for n in range(200)]
    assert [len(text) for text in found.values()] == [19_999] + [20_000] * 199


def test_which_ports_can_be_one_state() -> None:
    shapes = [(1, 4), (None, 4), (1, None), None]
    for first in shapes:
        for second in shapes:
            assert Port("a", first).fits(Port("b", second))
    for other in ((1, 5), (2, 4), (4,), (1, 4, 1), (None, 5)):
        assert not Port("a", (1, 4)).fits(Port("b", other))
        assert not Port("a", other).fits(Port("b", (1, 4)))
        assert Port("a", None).fits(Port("b", other))


@pytest.mark.parametrize(("length", "body", "more", "is_one"), [
    (2, b"{}", 0, True), (1, b"{}", 0, False), (2, b"{}", 5, True), (3, b"{ }", 0, True),
    (3, b"{}", 0, False), (0, b"{}", 0, False)])
def test_the_least_header_of_safetensors(length: int, body: bytes, more: int, is_one: bool,
                                         tmp_path: Path) -> None:
    """Two characters, and no more than the file has."""
    path = tmp_path / "policy"
    path.write_bytes(length.to_bytes(8, "little") + body + b"\0" * more)
    if is_one:
        assert detect(path) == "safetensors"
        assert json.loads(body) == {}
    else:
        with pytest.raises((FileFormatError, UnsupportedError)):
            detect(path)


@pytest.mark.parametrize("content", [b"\x08", b"\x08\x07", b"\x08\x07\x12", b"\x08\x07\x12\x00"])
def test_the_least_that_may_be_onnx(content: bytes, tmp_path: Path) -> None:
    """A field's number, its value, and the next field's number."""
    path = tmp_path / "policy"
    path.write_bytes(content)
    if len(content) > 2:
        assert detect(path) == "onnx"
    else:
        with pytest.raises(FileFormatError):
            detect(path)


def test_constants_of_two_types_are_not_combined() -> None:
    """A format's own converter would have converted them; booleans have no sum."""
    graph, where = Graph(Builder("by hand"), "by hand"), Node("Add", "n", (), ("y",), "by hand")
    for dtypes in (("f4", "i8"), ("?", "?"), ("i8", "?")):
        with pytest.raises(FileFormatError, match="arithmetic of"):
            combine(graph, where, "add", *(np.ones(2, dtype) for dtype in dtypes))
    for dtype in ("f4", "i8"):
        two = combine(graph, where, "add", np.ones(2, dtype), np.ones(2, dtype))
        assert isinstance(two, np.ndarray) and two.dtype == dtype and (two == 2).all()
