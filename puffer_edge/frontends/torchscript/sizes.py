# SPDX-License-Identifier: MIT
"""Which size a layer wants of what it is given: how the size of the observation is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from puffer_edge.frontends.torchscript.values import Shapes, Tensor

_ELEMENTWISE = frozenset(("add", "addcdiv", "addcmul", "atan2", "copy", "div", "divide", "eq", "ge",
                          "gt", "le", "lt", "masked_fill", "maximum", "minimum", "mul", "multiply",
                          "ne", "rsub", "sub", "subtract", "true_divide", "where"))
_WEIGHTS = {"linear": ("weight", 1), "addmm": ("mat2", 0), "mm": ("mat2", 0),
            "gru_cell": ("w_ih", 1), "lstm_cell": ("w_ih", 1), "rnn_relu_cell": ("w_ih", 1),
            "rnn_tanh_cell": ("w_ih", 1)}
_LAYERS = frozenset(("gru", "lstm", "rnn_relu", "rnn_tanh"))


class SizeWanted(Exception):
    """A layer is given ``has`` elements and wants ``wants``."""

    def __init__(self, has: int, wants: int, call: int) -> None:
        super().__init__(has, wants, call)
        self.has, self.wants, self.call = has, wants, call


class ShapeWanted(Exception):
    """A recurrent layer wants its state, an input, in a certain shape."""

    def __init__(self, name: str, shape: tuple[int, ...]) -> None:
        super().__init__(name, shape)
        self.name, self.shape = name, shape


class PartWanted(Exception):
    """The code takes a part out of a dictionary of observations."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def check(op: str, arguments: Mapping[str, Any], recorder: Shapes) -> None:
    """Looks at the call of an op.

    Raises:
        SizeWanted: it is given another number of elements than it takes.
    """
    try:
        pairs = _pairs(op, arguments, recorder)
    except (LookupError, TypeError):  # nothing fits, which the lowering says in words
        return
    for state, shape in _states(op, arguments, recorder):
        if state.name in recorder.inputs and recorder.shape(state) != shape:
            raise ShapeWanted(state.name, shape)
    for has, wants in pairs:
        if has != wants:
            raise SizeWanted(has, wants, len(recorder.calls))


def _pairs(op: str, given: Mapping[str, Any], recorder: Shapes) -> Sequence[tuple[int, int]]:
    x = next((v for v in given.values() if isinstance(v, Tensor)), None)
    if op in ("cat", "concat", "concatenate", "stack"):
        return _joined(given["tensors"], None if op == "stack" else given["dim"], recorder)
    if x is None:
        return ()
    shape = recorder.shape(x)
    if op in _WEIGHTS:
        name, axis = _WEIGHTS[op]
        x = given.get("mat1", x) if op == "addmm" else x
        return ((recorder.shape(x)[-1], recorder.shape(given[name])[axis]),)
    if op == "matmul":
        other = recorder.shape(given["other"])
        return ((shape[-1], other[-2]),) if len(other) > 1 and shape else ()
    if op in _LAYERS:
        return ((shape[-1], recorder.shape(given["params"][0])[1]),)
    if op == "layer_norm" or op == "rms_norm":
        return ((shape[-1], given["normalized_shape"][-1]),)
    if op in ("batch_norm", "group_norm") and len(shape) == 2:
        name = "weight" if op == "group_norm" else "running_mean"
        return ((shape[1], recorder.shape(given[name])[0]),) if given[name] is not None else ()
    if op in ("conv1d", "conv2d", "_convolution"):
        kernel = recorder.shape(given["weight"])
        if len(shape) == len(kernel) and not given.get("transposed"):
            return ((shape[1], kernel[1] * given["groups"]),)
        return ()
    if op in ("view", "reshape") and -1 not in (given.get("size") or given.get("shape") or [-1]):
        return ((prod(shape), prod(given.get("size") or given["shape"])),)
    if op in ("bilinear", "einsum"):
        return _lettered(op, given, recorder)
    if op in ("split", "split_with_sizes") and isinstance(
            given.get("split_sizes", given.get("split_size")), list):
        return ((shape[given["dim"]], sum(given.get("split_sizes") or given["split_size"])),)
    if op == "index":
        return [(shape[axis], recorder.shape(where)[0]) for axis, where in enumerate(
            given["indices"]) if where is not None and recorder.dtype(where) == "bool"
            and len(recorder.shape(where)) == 1]
    if op in _ELEMENTWISE:
        return _broadcast([recorder.shape(v) for v in given.values() if isinstance(v, Tensor)])
    return ()


def _lettered(op: str, given: Mapping[str, Any], recorder: Shapes) -> Sequence[tuple[int, int]]:
    """The sizes that the same letter stands for."""
    equation = str(given.get("equation", "...i,oij,...j")).partition("->")[0].replace(" ", "")
    tensors = given["tensors"] if op == "einsum" else [
        given["input1"], given["weight"], given["input2"]]
    found: dict[str, list[int]] = {}
    for letters, tensor in zip(equation.split(","), tensors, strict=True):
        shape = recorder.shape(tensor)
        _, dots, after = letters.rpartition("...")
        for letter, size in zip(reversed(after), reversed(shape), strict=bool(not dots)):
            found.setdefault(letter, []).append(size)
    return [(max(sizes), min(sizes)) for sizes in found.values()]


def _states(op: str, given: Mapping[str, Any], recorder: Shapes
            ) -> Sequence[tuple[Tensor, tuple[int, ...]]]:
    if op not in _LAYERS and not op.endswith("_cell"):
        return ()
    states = given["hx"] if isinstance(given["hx"], list) else [given["hx"]]
    if op in _LAYERS:
        hidden = recorder.shape(given["params"][1])[1]
        return [(state, (int(given["num_layers"]), 1, hidden)) for state in states]
    return [(state, (1, recorder.shape(given["w_hh"])[1])) for state in states]


def _broadcast(shapes: Sequence[tuple[int, ...]]) -> Sequence[tuple[int, int]]:
    lasts = [shape[-1] for shape in shapes if shape and shape[-1] != 1]
    return ((max(lasts), min(lasts)),) if lasts else ()


def _joined(tensors: Sequence[Tensor], dim: int | None, recorder: Shapes
            ) -> Sequence[tuple[int, int]]:
    shapes = [recorder.shape(t) for t in tensors]
    if len({len(shape) for shape in shapes}) != 1 or not shapes[0]:
        return ()
    if dim is not None and dim % len(shapes[0]) == len(shapes[0]) - 1:
        return ()
    return _broadcast(shapes)
