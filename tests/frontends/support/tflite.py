# SPDX-License-Identifier: MIT
"""TFLite models, written field by field as the schema numbers them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.frontends.support.networks import linear, mlp, rows
from tests.frontends.support.row import Made, Row

N, A = 6, 3
FULLY_CONNECTED, CONV_2D, RESHAPE, TANH, SEQUENCE_LSTM = 9, 3, 22, 28, 44
Make = Callable[[Path], Made]


class Writer:
    """Vectors and tables of a builder."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder

    def _vector(self, items: Any, start: int, prepend: Callable[[Any], None], size: int) -> Any:
        self.builder.StartVector(size, len(items), start)
        for item in reversed(items):
            prepend(item)
        return self.builder.EndVector()

    def numbers(self, items: Any) -> Any:
        return self._vector([int(n) for n in items], 4, self.builder.PrependInt32, 4)

    def longs(self, items: Any) -> Any:
        return self._vector([int(n) for n in items], 8, self.builder.PrependInt64, 8)

    def floats(self, items: Any) -> Any:
        return self._vector([float(n) for n in items], 4, self.builder.PrependFloat32, 4)

    def tables(self, items: list[Any]) -> Any:
        return self._vector(items, 4, self.builder.PrependUOffsetTRelative, 4)

    def table(self, fields: dict[int, tuple[str, Any]]) -> Any:
        """A table of fields by number: the kind of each, and its value."""
        builder = self.builder
        builder.StartObject(max(fields, default=0) + 1)
        for index, (kind, value) in fields.items():
            {"offset": builder.PrependUOffsetTRelativeSlot, "u32": builder.PrependUint32Slot,
             "i32": builder.PrependInt32Slot, "i8": builder.PrependInt8Slot,
             "f32": builder.PrependFloat32Slot,
             "bool": builder.PrependBoolSlot}[kind](index, value, 0)
        return builder.EndObject()


class Model:
    """Collects tensors and operators of one subgraph."""

    def __init__(self) -> None:
        self.tensors: list[tuple[str, tuple[int, ...], int, Any]] = []
        self.scales: dict[int, tuple[Any, Any, int]] = {}
        self.variables: set[int] = set()
        self.operators: list[tuple[int, list[int], list[int], int, dict[int, Any]]] = []

    def tensor(self, shape: tuple[int, ...], data: Any = None, kind: int = 0) -> int:
        """A value, or a constant; gives its number."""
        self.tensors.append((f"tensor_{len(self.tensors)}", shape, kind, data))
        return len(self.tensors) - 1

    def quantised(self, number: int, scales: Any, zeros: Any = 0, axis: int = 0) -> int:
        """Says what a tensor's integers stand for, and gives its number."""
        scales = np.atleast_1d(np.asarray(scales, np.float32))
        self.scales[number] = (scales, np.broadcast_to(np.int64(zeros), scales.shape), axis)
        return number

    def named(self, number: int, name: str) -> int:
        self.tensors[number] = (name, *self.tensors[number][1:])
        return number

    def constant(self, array: Any) -> int:
        return self.tensor(array.shape, np.ascontiguousarray(array, np.float32))

    def add(self, code: int, inputs: list[int], shape: tuple[int, ...], kind: int = 0,
            of: int = 0, **options: Any) -> int:
        """An operator with one output; options by the number of the field, as ``_0=``."""
        return self.several(code, inputs, [shape], kind, of, **options)[0]

    def several(self, code: int, inputs: list[int], shapes: list[tuple[int, ...]], kind: int = 0,
                of: int = 0, **options: Any) -> list[int]:
        """An operator with an output for each shape."""
        outputs = [self.tensor(shape, kind=of) for shape in shapes]
        self.operators.append((code, inputs, outputs, kind, {
            int(name[1:]): value for name, value in options.items()}))
        return outputs

    def write(self, path: Path, inputs: list[int], outputs: list[int]) -> None:
        import flatbuffers

        to = Writer(flatbuffers.Builder(1024))
        codes = sorted({operator[0] for operator in self.operators})
        buffers, tensors = self._tensors(to)
        operators = self._operators(to, codes)
        opcodes = [to.table({0: ("i8", min(code, 127)), 2: ("i32", 1), 3: ("i32", code)})
                   for code in codes]
        graph = to.table({0: ("offset", to.tables(tensors)), 1: ("offset", to.numbers(inputs)),
                          2: ("offset", to.numbers(outputs)), 3: ("offset", to.tables(operators))})
        model = to.table({0: ("u32", 3), 1: ("offset", to.tables(opcodes)),
                          2: ("offset", to.tables([graph])), 4: ("offset", to.tables(buffers))})
        to.builder.Finish(model, b"TFL3")
        path.write_bytes(bytes(to.builder.Output()))

    def _tensors(self, to: Writer) -> tuple[list[Any], list[Any]]:
        """Buffers and tensors; one buffer for an array that several tensors have."""
        buffers = [to.table({})]
        tensors = []
        places: dict[int, int] = {}
        for index, (name, shape, kind, data) in enumerate(self.tensors):
            number = 0 if data is None else places.get(id(data), len(buffers))
            if number == len(buffers):
                content = to.builder.CreateByteVector(data.tobytes())
                places[id(data)] = number
                buffers.append(to.table({0: ("offset", content)}))
            fields = {0: ("offset", to.numbers(shape)), 1: ("i8", kind), 2: ("u32", number),
                      3: ("offset", to.builder.CreateString(name))}
            if index in self.variables:
                fields[5] = "bool", True
            if index in self.scales:
                scales, zeros, axis = self.scales[index]
                fields[4] = "offset", to.table({
                    2: ("offset", to.floats(scales)), 3: ("offset", to.longs(zeros)),
                    6: ("i32", axis)})
            tensors.append(to.table(fields))
        return buffers, tensors

    def _operators(self, to: Writer, codes: list[int]) -> list[Any]:
        operators = []
        for code, ins, outs, kind, options in self.operators:
            fields = {0: ("u32", codes.index(code)), 1: ("offset", to.numbers(ins)),
                      2: ("offset", to.numbers(outs))}
            if kind:
                built = to.table({index: ("f32" if isinstance(value, float) else "i8"
                                          if index in _BYTES.get(kind, ()) else "i32", value)
                                  for index, value in options.items()})
                fields |= {3: ("i8", kind), 4: ("offset", built)}
            operators.append(to.table(fields))
        return operators


_BYTES = {1: (0, 3), 2: (0, 4), 5: (0, 5), 8: (0, 1), 11: (0,), 21: (0,), 27: (0,), 71: (0, 3)}
"""Fields of one byte in the options of Conv2D (1), DepthwiseConv2D (2), Pool2D (5), FullyConnected
(8), Add (11), Mul (21), Reducer (27) and UnidirectionalSequenceLSTM (71)."""


def dense(directory: Path) -> Made:
    """Three layers: a fused ReLU, tanh as an operator of its own."""
    import torch

    torch.manual_seed(1)
    net = torch.nn.Sequential(linear(torch, N, 12), torch.nn.ReLU(), linear(torch, 12, 10),
                              torch.nn.Tanh(), linear(torch, 10, A))
    weights = [part.detach().numpy() for part in net.parameters()]
    model = Model()
    x = first = model.tensor((1, N))
    for layer in range(3):
        weight, bias = weights[2 * layer : 2 * layer + 2]
        x = model.add(FULLY_CONNECTED, [x, model.constant(weight), model.constant(bias)],
                      (1, len(weight)), 8, _0=int(layer == 0))
        if layer == 1:
            x = model.add(TANH, [x], (1, len(weight)))
    path = directory / "policy.tflite"
    model.write(path, [first], [x])
    return Made(path, lambda x: {"mean": net(rows(torch, x)).detach().numpy()}, N)


def convolutional(directory: Path) -> Made:
    """SAME and VALID padding, strides, channels last."""
    import torch

    torch.manual_seed(2)
    nn = torch.nn
    first, second = nn.Conv2d(2, 5, 3, stride=2), nn.Conv2d(5, 4, 3)
    last = mlp(torch, [4 * 3 * 2, A], nn.ReLU)
    model = Model()
    x = start = model.tensor((1, 9, 8, 2))
    for conv, shape, padding in ((first, (1, 5, 4, 5), 0), (second, (1, 3, 2, 4), 1)):
        weight, bias = (part.detach().numpy() for part in conv.parameters())
        x = model.add(CONV_2D, [x, model.constant(weight.transpose(0, 2, 3, 1)),
                                model.constant(bias)], shape, 1, _0=padding,
                      _1=conv.stride[1], _2=conv.stride[0], _3=1, _4=1, _5=1)
    x = model.add(RESHAPE, [x, model.tensor((2,), np.int32([1, 24]), 2)], (1, 24))
    weight, bias = (part.detach().numpy() for part in last.parameters())
    y = model.add(FULLY_CONNECTED, [x, model.constant(weight), model.constant(bias)], (1, A), 8,
                  _0=0)
    path = directory / "policy.tflite"
    model.write(path, [start], [y])

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            image = torch.from_numpy(x.reshape(1, 9, 8, 2)).permute(0, 3, 1, 2)
            # SAME: (5 - 1) * 2 + 3 - 9 = 2 rows, (4 - 1) * 2 + 3 - 8 = 1 column, at the end first.
            h = torch.relu(first(nn.functional.pad(image, (0, 1, 1, 1))))
            h = torch.relu(second(h)).permute(0, 2, 3, 1).reshape(1, -1)
            return {"logits": last(h).numpy()}
    return Made(path, step, 144, {"action": "discrete"})


def recurrent(directory: Path) -> Made:
    """The LSTM layer as one operator, whose state the model keeps in variables."""
    import torch

    torch.manual_seed(3)
    nn = torch.nn
    cell, last = nn.LSTMCell(N, 8), linear(torch, 8, A)
    gates = [[part.detach().numpy() for part in getattr(cell, name).chunk(4)]
             for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    model = Model()
    first = model.tensor((1, N))
    x = model.add(RESHAPE, [first, model.tensor((3,), np.int32([1, 1, N]), 2)], (1, 1, N))
    states = [model.tensor((1, 8)) for _ in range(2)]
    model.variables.update(states)
    weights = [model.constant(gate) for part in gates[:2] for gate in part]
    biases = [model.constant(a + b) for a, b in zip(*gates[2:], strict=True)]
    y = model.add(SEQUENCE_LSTM, [x, *weights, -1, -1, -1, *biases, -1, -1, *states,
                                  -1, -1, -1, -1], (1, 1, 8), 71, _0=4, _3=0)
    y = model.add(RESHAPE, [y, model.tensor((2,), np.int32([1, 8]), 2)], (1, 8))
    weight, bias = (part.detach().numpy() for part in last.parameters())
    y = model.add(FULLY_CONNECTED, [y, model.constant(weight), model.constant(bias)], (1, A), 8,
                  _0=0)
    path = directory / "policy.tflite"
    model.write(path, [first], [y])
    memory = [torch.zeros(1, 8), torch.zeros(1, 8)]

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            memory[:] = cell(rows(torch, x), tuple(memory))
            return {"mean": last(memory[0]).numpy()}
    return Made(path, step, N)


ROWS: tuple[Row, ...] = (
    Row("TensorFlow", "float MLP", "`.tflite`", dense, "TFLite model", "`--action`"),
    Row("TensorFlow", "float CNN", "`.tflite`", convolutional, "TFLite model", "`--action`"),
    Row("TensorFlow", "float LSTM", "`.tflite`", recurrent, "TFLite model",
        "`--action`, `--state`"),
)
