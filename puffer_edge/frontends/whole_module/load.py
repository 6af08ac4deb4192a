# SPDX-License-Identifier: MIT
"""A whole module -> Program: the layers of torch.nn and Sequential, whose forward is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends import script_policy
from puffer_edge.frontends.assumptions import assumed
from puffer_edge.frontends.aten.assemble import assemble
from puffer_edge.frontends.aten.exported import Exported, Port, Result, Weight
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.torchscript.observation import observe
from puffer_edge.frontends.torchscript.recorder import Recorder
from puffer_edge.frontends.torchscript.schemas import schemas
from puffer_edge.frontends.torchscript.trace import Trace
from puffer_edge.frontends.torchscript.values import Tensor
from puffer_edge.frontends.whole_module.between import HINT, NN, SEQUENTIAL
from puffer_edge.frontends.whole_module.layers import LAYERS, NOTHING, Layer
from puffer_edge.ir import Note, Program
from puffer_edge.readers.parameters import Parameters
from puffer_edge.readers.text import printable


def matches(found: Parameters) -> bool:
    """Whether this is a tree of modules."""
    return "" in found.classes


def load_whole_module(found: Parameters, options: LoadOptions, *, where: str) -> Program:
    """The Program of a module that was pickled whole.

    A module of a class that nobody knows is read where all parameters that the action needs, by
    their names, lie in one Sequential, which it then is taken to be.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: the class's forward is not known, or a layer is not supported.
        UsageError: the options do not fit the policy.
    """
    root = found.classes[""]
    own = not root.startswith(NN)
    unneeded = script_policy.unneeded(found.weights) if own else []
    start = _one_sequence(found, unneeded, where) if own else ""
    spread = any("std" in name or "sigma" in name for name in unneeded)
    if spread and options.action is None:
        options = replace(options, action="continuous")
    tree = _Tree(found, start, where)
    trace, reached = observe(tree, ["observation"], options, where)
    unread = sorted(key for key in set(found.weights) - tree.read
                    if not key.startswith(tuple(unneeded)))
    if unread:
        raise UnsupportedError(f"no layer takes the tensor {printable(unread[0])}", where=where,
                               hint=HINT)
    kind = printable(_short(root))
    notes = []
    program = assemble(trace.exported, options, f"whole module of torch.save, {kind}", where)
    if reached:
        notes.append(assumed("observation-size", reached, "--observation"))
    if unneeded:
        names = ", ".join(printable(name.rstrip(".")) for name in unneeded)
        notes.append(Note("dropped", f"{names}: only training needs it, by its name"))
    if start:
        notes.append(assumed("forward-unseen", f"the forward of {kind}, whose code is not in the "
                             f"file, calls {printable(start)} and nothing else"))
    return replace(program, notes=(*program.notes, *notes))


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _one_sequence(found: Parameters, unneeded: Sequence[str], where: str) -> str:
    """The one Sequential of a class that is not torch's own.

    Raises:
        UnsupportedError: the action needs more than that.
    """
    kind = printable(_short(found.classes[""]))
    needed = [key for key in found.weights if not key.startswith(tuple(unneeded))]
    names = [name for name, full in found.classes.items() if full == SEQUENTIAL and needed
             and all(key.startswith(f"{name}.") for key in needed)]
    outer = min(names, key=len, default="")
    beside = [_short(full) for name, full in found.classes.items()
              if outer and name != outer and not f"{name}.".startswith((f"{outer}.", *unneeded))
              and full.startswith(NN) and _short(full) not in NOTHING]
    if not outer or beside:
        parts = ", ".join(f"{printable(name)} ({printable(_short(full))})" for name, full
                          in list(found.classes.items())[1:9])
        raise UnsupportedError(f"what forward of the class {kind} does with its parts is not "
                               f"known: {parts}", where=where, hint=HINT)
    return outer


@dataclass
class _Tree:
    """The modules below one.

    Attributes:
        found: what the file holds.
        start: path of the first.
        where: the file, for messages.
        read: names of the tensors that layers took.
    """

    found: Parameters
    start: str
    where: str

    def __post_init__(self) -> None:
        self.read: set[str] = set()

    def follow(self, shapes: dict[str, tuple[int, ...]], *, sizing: bool = False) -> Trace:
        """One step with inputs of these shapes; errors as of ``torchscript.trace``."""
        ((name, shape),) = shapes.items()
        weights = {key: Weight(key, array.astype(np.float32) if array.dtype.kind == "f" else array)
                   for key, array in self.found.weights.items()}
        recorder = Recorder(weights, {}, set(), self.where, sizing=sizing)
        x = recorder.input(name, shape)
        port = Port(x.name, shape, "float32")
        y = self._module(recorder, self.start, x)
        result = Result(recorder.read(y), (), recorder.shape(y))
        exported = Exported((port,), (result,), weights, tuple(recorder.calls), {}, {},
                            recorder.dtypes)
        return Trace(exported, recorder, False)

    def _module(self, recorder: Recorder, path: str, x: Tensor) -> Tensor:
        full = self.found.classes[path]
        recorder.file, recorder.layer, name = path, path, _short(full)
        if path in self.found.hooked:
            raise recorder.refuse("it has a hook or a forward of its own", HINT)
        if not full.startswith(NN):
            raise recorder.refuse(f"what forward of the class {printable(name)} does is not known",
                                  HINT)
        if full == SEQUENTIAL:
            for child in self._children(path):
                x = self._module(recorder, child, x)
            return x
        if self._children(path):
            raise recorder.refuse(f"the layer {printable(name)} has parts of its own", HINT)
        if name in NOTHING:
            return x
        if name not in LAYERS:
            raise recorder.refuse(f"layers of the class {printable(name)} are not supported here",
                                  HINT)
        return self._layer(recorder, path, LAYERS[name], x)

    def _children(self, path: str) -> list[str]:
        """Names of the modules right below one, in order."""
        start = f"{path}." if path else ""
        return [name for name in self.found.classes
                if name != path and name.startswith(start) and "." not in name[len(start):]]

    def _layer(self, recorder: Recorder, path: str, layer: Layer, x: Tensor) -> Tensor:
        start = f"{path}." if path else ""
        attributes = {f"{start}{k}": v for k, v in layer.absent.items()} | self.found.attributes
        for name, value in layer.wanted.items():
            if attributes.get(f"{start}{name}", "missing") != value:
                raise recorder.refuse(f"{name} is not {value}")
        values = dict(layer.fixed)
        for argument, name in layer.given.items():
            if f"{start}{name}" not in attributes:
                raise recorder.refuse(f"its {name} is not in the file, or no number")
            values[argument] = attributes[f"{start}{name}"]
        for argument, name in layer.tensors.items():
            key = f"{start}{name}"
            if key in self.found.weights:
                self.read.add(key)
                values[argument] = Tensor(key)
            elif name in layer.required:
                raise recorder.refuse(f"its {name} is missing")
            else:
                values[argument] = None
        self.read.add(f"{start}num_batches_tracked")
        mode = attributes.get(f"{start}padding_mode", "zeros")
        if layer.op.startswith("conv") and mode != "zeros":
            x = self._around(recorder, x, values, str(mode))
        return self._call(recorder, layer.op, x, values)

    def _around(self, recorder: Recorder, x: Tensor, values: dict[str, object], mode: str
                ) -> Tensor:
        """What a convolution does first whose padding is no zeros."""
        sizes = values["padding"]
        if not isinstance(sizes, tuple):
            raise recorder.refuse(f"padding = {printable(str(sizes))} of the mode {mode}")
        values["padding"] = [0] * len(sizes)
        widths = [size for size in reversed(sizes) for _ in range(2)]
        return self._call(recorder, "pad", x, {"pad": widths, "mode": mode})

    def _call(self, recorder: Recorder, op: str, x: Tensor, values: dict[str, object]) -> Tensor:
        problem = ""
        for schema in schemas().get(op, ()):
            first = schema.arguments[0].name
            try:
                arguments = schema.bind([], {first: x, **values})
            except TypeError as error:
                problem = str(error)
                continue
            result: Tensor = recorder.call(schema, arguments)
            return result
        raise recorder.refuse(f"its attributes are not supported: {printable(problem)}", HINT)
