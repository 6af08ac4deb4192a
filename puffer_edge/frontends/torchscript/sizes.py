"""Which size a layer wants of what it is given: how the size of the observation is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from puffer_edge.frontends.torchscript.values import Tensor

if TYPE_CHECKING:
    from puffer_edge.frontends.torchscript.recorder import Recorder

_ELEMENTWISE = frozenset(("add", "addcdiv", "addcmul", "copy", "div", "divide", "maximum",
                          "minimum", "mul", "multiply", "rsub", "sub", "subtract", "true_divide"))
_WEIGHTS = {"linear": ("weight", 1), "addmm": ("mat2", 0), "mm": ("mat2", 0),
            "gru_cell": ("w_ih", 1), "lstm_cell": ("w_ih", 1), "rnn_relu_cell": ("w_ih", 1),
            "rnn_tanh_cell": ("w_ih", 1)}
_LAYERS = frozenset(("gru", "lstm", "rnn_relu", "rnn_tanh"))


class SizeWanted(Exception):
    """A layer is given ``has`` elements and wants ``wants``."""

    def __init__(self, has: int, wants: int, call: int) -> None:
        super().__init__(has, wants, call)
        self.has, self.wants, self.call = has, wants, call


def check(op: str, arguments: Mapping[str, Any], recorder: Recorder) -> None:
    """Looks at the call of an op.

    Raises:
        SizeWanted: it is given another number of elements than it takes.
    """
    try:
        pairs = _pairs(op, arguments, recorder)
    except LookupError:  # the shapes do not fit at all, which the lowering says in words
        return
    for has, wants in pairs:
        if has != wants:
            raise SizeWanted(has, wants, len(recorder.calls))


def _pairs(op: str, given: Mapping[str, Any], recorder: Recorder) -> Sequence[tuple[int, int]]:
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
    if op in ("view", "reshape") and -1 not in (given.get("size") or given.get("shape") or [-1]):
        return ((prod(shape), prod(given.get("size") or given["shape"])),)
    if op in _ELEMENTWISE:
        return _broadcast([recorder.shape(v) for v in given.values() if isinstance(v, Tensor)])
    return ()


def _broadcast(shapes: Sequence[tuple[int, ...]]) -> Sequence[tuple[int, int]]:
    lasts = [shape[-1] for shape in shapes if shape and shape[-1] != 1]
    return ((max(lasts), min(lasts)),) if lasts else ()


def _joined(tensors: Sequence[Tensor], dim: int | None, recorder: Recorder
            ) -> Sequence[tuple[int, int]]:
    shapes = [recorder.shape(t) for t in tensors]
    if len({len(shape) for shape in shapes}) != 1 or not shapes[0]:
        return ()
    if dim is not None and dim % len(shapes[0]) == len(shapes[0]) - 1:
        return ()
    return _broadcast(shapes)
