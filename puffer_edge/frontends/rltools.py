# SPDX-License-Identifier: MIT
"""Checkpoints of RLtools (.h5), and RAPTOR, the quadrotor policy that is published in that format.

A group per layer, whose attribute ``type`` says what it is; layers as RLtools and the Python
package foundation-policy compute them. The file brings an example of inputs and outputs, which
judges what was read: a file whose example says otherwise is refused.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends import heads
from puffer_edge.frontends.layers import normalized
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import add_linear
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Builder, Program
from puffer_edge.ir.ops import Binary, GRUCell, Slice, Unary
from puffer_edge.readers.hdf5 import Hdf5
from puffer_edge.readers.text import printable

SOURCE = "RLtools checkpoint"
MAX_EXAMPLE_STEPS = 64
"""That are compared when a file is loaded, of each lane; a misreading shows in the first few."""
TOLERANCE = 1e-4
"""Relative to the largest output: float32 in another order over a few steps, and no misreading."""
_FUNCTIONS = {"RELU": "relu", "TANH": "tanh", "SIGMOID": "sigmoid"}
_HINT = "export the policy to ONNX and give that file"


def matches(file: Hdf5) -> bool:
    """Whether the file has an actor whose layers say their type."""
    return isinstance(file.attributes.get("actor", {}).get("type"), str)


def load_rltools(file: Hdf5, options: LoadOptions) -> Program:
    """The Program of a file.

    Raises:
        FileFormatError: layers do not fit each other, or do not give the file's own example.
        UnsupportedError: a layer is of another kind.
        UsageError: the options do not fit the policy.
    """
    layers = list(_flat(file, "actor"))
    inputs = next((_inputs(file, layer) for layer in layers if _inputs(file, layer)), 0)
    if not inputs:
        raise UnsupportedError("no layer says how many inputs it has", where=file.place("actor"),
                               hint=_HINT)
    builder = Builder(SOURCE)
    x = builder.input("observation", (1, inputs))
    squash = False
    for layer in layers:
        kind = _type(file, layer)
        if squash:
            raise UnsupportedError("a layer follows the squashing of the action",
                                   where=file.place(layer), hint=_HINT)
        if kind == "sample_and_squash":
            squash = True
            x = _first_half(builder, x, file.place(layer))
        elif kind in _LAYERS:
            x = _LAYERS[kind](builder, x, file, layer)
        else:
            raise UnsupportedError(f"the layer is of the type {printable(kind, 40)}, which is not "
                                   "supported", where=file.place(layer), hint=_HINT)
    builder.note("stated", "the action is continuous: RLtools' actors have no other")
    judged = {"example/input", "example/output"} <= file.arrays.keys()
    builder.note("stated", "the example of inputs and outputs in the file is what the layers give"
                 if judged else "the file holds no example that could judge what was read")
    size = builder.shape(x)[1]
    bounds = ((-1.0,) * size, (1.0,) * size) if squash else ((), ())
    action = heads.continuous(builder, options, size, squash=squash, low=bounds[0], high=bounds[1])
    program = builder.build({"mean": x}, heads.contract(builder, options, inputs, action))
    if judged:
        _judge(program, file, squash)
    return program


def _flat(file: Hdf5, path: str) -> list[str]:
    """The layers below a group, in the order in which they compute."""
    kind, children = _type(file, path), set(file.children(path))
    if kind == "sequential":
        count = len(file.children(f"{path}/layers"))
        names = [f"layers/{index}" for index in range(count)]
    elif kind == "mlp":
        count = sum(name.endswith("_layer") or "_layer_" in name for name in children)
        if str(file.attributes[path].get("num_layers")) != str(count) or count < 2:
            raise FileFormatError("num_layers is not the number of layers",
                                  where=file.place(path))
        names = ["input_layer", *(f"hidden_layer_{i}" for i in range(count - 2)), "output_layer"]
    else:
        return [path]
    return [layer for name in names for layer in _flat(file, f"{path}/{name}")]


def _type(file: Hdf5, path: str) -> str:
    kind = file.attributes.get(path, {}).get("type")
    if not isinstance(kind, str):
        raise FileFormatError("a layer is missing, or does not say its type",
                              where=file.place(path))
    return kind


def _inputs(file: Hdf5, layer: str) -> int:
    for name in ("weights", "weights_input", "mean"):
        weight = file.arrays.get(f"{layer}/{name}/parameters")
        if weight is not None and weight.ndim:
            return int(weight.shape[-1])
    return 0


def _take(file: Hdf5, layer: str, name: str, shape: tuple[int, ...] = ()) -> Array:
    """A parameter, float32; a vector may be a matrix of one row."""
    path = f"{layer}/{name}/parameters"
    array = file.arrays.get(path)
    if array is None or array.dtype.kind != "f" or not array.size:
        raise FileFormatError("the parameters are missing, empty or no floating point",
                              where=file.place(path))
    if shape:
        if [n for n in array.shape if n > 1] != [n for n in shape if n > 1]:
            raise FileFormatError(f"the parameters have the shape {array.shape}, expected {shape}",
                                  where=file.place(path))
        array = array.reshape(shape)
    with np.errstate(over="ignore"):
        array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise FileFormatError("the parameters hold NaN or infinite values",
                              where=file.place(path),
                              hint="the training run has diverged; take an earlier checkpoint")
    return array


def _dense(builder: Builder, x: str, file: Hdf5, layer: str) -> str:
    weight = _take(file, layer, "weights")
    if weight.ndim != 2:
        raise FileFormatError(f"the weight has the shape {weight.shape}, expected a matrix",
                              where=file.place(layer))
    bias = _take(file, layer, "biases", weight.shape[:1])
    x = add_linear(builder, x, (weight, bias), layer, file.place(layer))
    name = file.attributes[layer].get("activation_function")
    if name == "IDENTITY":
        return x
    if name == "FAST_TANH":
        return _fast_tanh(builder, x, layer)
    if name not in _FUNCTIONS:
        raise UnsupportedError(f"the activation {printable(str(name), 40)} is not supported",
                               where=file.place(layer), hint=_HINT)
    return builder.add(Unary, x=x, function=Activation(_FUNCTIONS[str(name)]), layer=layer)


def _fast_tanh(builder: Builder, x: str, layer: str) -> str:
    """``x (27 + x^2) / (27 + 9 x^2)`` of x between -3 and 3."""
    def number(value: float) -> str:
        return builder.constant(np.full((1, 1), value, np.float32))

    def both(a: str, b: str, function: str) -> str:
        return builder.add(Binary, a=a, b=b, function=function, layer=layer)

    x = builder.add(Unary, x=x, function=Activation("clip", (-3.0, 3.0)), layer=layer)
    square = both(x, x, "mul")
    above = both(x, both(square, number(27), "add"), "mul")
    return both(above, both(both(square, number(9), "mul"), number(27), "add"), "div")


def _gru(builder: Builder, x: str, file: Hdf5, layer: str) -> str:
    """Gates in the order r, z, n, as torch has them."""
    again = _take(file, layer, "weights_hidden")
    hidden = again.shape[-1]
    inputs = builder.shape(x)[1]
    if again.shape != (3 * hidden, hidden):
        raise FileFormatError(f"the recurrent weight has the shape {again.shape}",
                              where=file.place(layer))
    constants = {
        "weight": _take(file, layer, "weights_input", (3 * hidden, inputs)), "recurrent": again,
        "bias": _take(file, layer, "biases_input", (3 * hidden,)),
        "recurrent_bias": _take(file, layer, "biases_hidden", (3 * hidden,))}
    h = builder.state(f"{layer}.h", (1, hidden))
    y = builder.add(GRUCell, x=x, h=h, layer=layer, **{
        name: builder.constant(array, f"{layer}.{name}") for name, array in constants.items()})
    builder.carry(h, y, _take(file, layer, "initial_hidden_state", (1, hidden)))
    return y


def _standardize(builder: Builder, x: str, file: Hdf5, layer: str) -> str:
    """``(x - mean) * precision``."""
    size = builder.shape(x)[1]
    mean, precision = (_take(file, layer, name, (size,)).astype(np.float64)
                       for name in ("mean", "precision"))
    return normalized(builder, x, precision, -mean * precision, layer)


def _first_half(builder: Builder, x: str, where: str) -> str:
    """The mean, without the deviation behind it."""
    size = builder.shape(x)[1]
    if size % 2:
        raise FileFormatError("there is not a deviation for each mean", where=where)
    return builder.add(Slice, x=x, starts=(0, 0), steps=(1, 1), counts=(1, size // 2))


_LAYERS: dict[str, Callable[[Builder, str, Hdf5, str], str]] = {
    "dense": _dense, "gru": _gru, "standardize": _standardize}


def _judge(program: Program, file: Hdf5, squash: bool) -> None:
    """Compares with the example in the file: [steps, lanes, elements], or [lanes, elements].

    Raises:
        FileFormatError: the numbers differ, so that the file, or what was read, is wrong.
    """
    given, expected = (file.arrays[f"example/{name}"] for name in ("input", "output"))
    if given.ndim == 2 and expected.ndim == 2:
        given, expected = given[None], expected[None]
    size = program.contract.observation_size
    if given.ndim != 3 or given.shape[:2] != expected.shape[:2] or given.shape[2] != size:
        raise FileFormatError("the example is not one of this policy", where=file.place("example"))
    if not (np.isfinite(given).all() and np.isfinite(expected).all()):
        raise FileFormatError("the example holds NaN or infinite values",
                              where=file.place("example"))
    limit = TOLERANCE * max(1.0, float(np.abs(expected).max(initial=0)))
    for lane in range(min(given.shape[1], 4)):
        runner = Interpreter(program)
        for step in range(min(len(given), MAX_EXAMPLE_STEPS)):
            mine = runner.step(given[step, lane].astype(np.float32))["mean"].reshape(-1)
            mine = np.tanh(mine) if squash else mine
            theirs = expected[step, lane]
            if mine.shape != theirs.shape or np.abs(mine - theirs).max() > limit:
                raise FileFormatError(
                    f"the layers do not give the example in the file, from step {step} on",
                    where=file.place("example"), hint=_HINT)
