# SPDX-License-Identifier: MIT
"""Records the calls of ops, with what they give: shapes, dtypes, and constant values.

Each call is lowered at once into a scratch graph, by the same lowerings that make the Program
later, so that sizes are known where the code asks for them. Recorded is a graph without in-place
ops: a write gives its tensor new content, and a write through a view (a slice, a transposition)
new content to what the view looks at. Views are made again when they are read after that.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.aten.exported import Call, Ref, Weight, references
from puffer_edge.frontends.aten.lower import lower_call
from puffer_edge.frontends.graph.graph import Graph
from puffer_edge.frontends.torchscript import sizes, views
from puffer_edge.frontends.torchscript.dtypes import result_dtype
from puffer_edge.frontends.torchscript.schemas import Schema
from puffer_edge.frontends.torchscript.values import Tensor
from puffer_edge.ir import Builder
from puffer_edge.readers.text import printable

MAX_CALLS = 2_000
"""Of a step; a policy has some hundred."""

WHOLE_STATE = "let it be a buffer of floats, which count exactly up to 16,777,216"

_HINT = "write y = f(x) instead of changing x in place"


class StateFound(Exception):
    """The code writes to a tensor of the archive, which so is state."""


class Recorder:
    """The graph so far.

    Args:
        weights: of the archive, by name in the graph.
        tensors: the same, as places of memory.
        states: names of those that are state: their content is not constant.
        where: the archive, for messages.
        sizing: find out which sizes the layers want: the first that differs is raised.

    Attributes:
        inputs: names of the arguments of the function.
        literals: constants that the code writes out, by name.
        graph: the scratch graph.
        calls: in order.
        dtypes: of all tensors by name.
        file, line: where the code is.
        layer: path of the module that it is in.
        wrote: an in-place op wrote to a tensor of the archive.
    """

    def __init__(self, weights: Mapping[str, Weight], tensors: Mapping[str, Tensor],
                 states: set[str], where: str, *, sizing: bool = False) -> None:
        self.graph = Graph(Builder("shapes"), where)
        self.calls: list[Call] = []
        self.dtypes: dict[str, str] = {}
        self.file, self.line, self.layer = "", 0, ""
        self._known: dict[str, Any] = {}
        self._weights = {id(tensor): name for name, tensor in tensors.items()}
        self._states = states
        self._sizing = sizing
        self.literals: dict[str, Array] = {}
        self.inputs: set[str] = set()
        self._lost: set[int] = set()
        self.wrote = False
        self._other_floats = any(str(weight.array.dtype) in views.OTHER_FLOATS
                                 for weight in weights.values())
        for name, weight in weights.items():
            if name in states:
                if weight.array.dtype.kind != "f":
                    raise UnsupportedError(
                        f"forward changes a buffer of {weight.array.dtype}",
                        where=f"{where}, {printable(name)}", hint=WHOLE_STATE)
                self.graph.bind(name, self.graph.builder.state(weight.name, weight.array.shape))
            else:
                self.graph.bind(weight.name, weight.array)
                self.graph.weights.add(weight.name)
                self.graph.operands[name] = weight.array
            self.dtypes[name] = str(weight.array.dtype)

    @property
    def place(self) -> str:
        """Where the code is, for messages."""
        where = f"{self.graph.where}, {printable(self.file)}" if self.file else self.graph.where
        return f"{where} line {self.line}" if self.line else where

    def input(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """An argument of the function, of float32."""
        while name in self.graph.operands:
            name += "_"
        builder = self.graph.builder
        self.graph.bind(name, builder.state(name, shape))
        self.dtypes[name] = "float32"
        self.inputs.add(name)
        return Tensor(name)

    def literal(self, array: Array) -> Tensor:
        """A constant that the code writes out, as a scalar's ``torch.tensor(1.)``."""
        name = f"literal_{len(self.calls)}_{len(self.graph.operands)}"
        self.graph.bind(name, array)
        self.dtypes[name] = str(array.dtype)
        self.literals[name] = array
        return Tensor(name)

    def assigned(self, before: Tensor) -> None:
        """An attribute that held ``before`` gets another tensor.

        Raises:
            StateFound: it is not known yet that the attribute is state.
        """
        weight = self._weights.get(id(before), "")
        if weight and weight not in self._states:
            raise StateFound(weight)

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        """Its sizes."""
        return self.graph.shape(self._operand(tensor))

    def dtype(self, tensor: Tensor) -> str:
        """Numpy's name of it."""
        constant = self.constant(tensor)
        return self.dtypes[tensor.name] if constant is None else str(constant.dtype)

    def constant(self, tensor: Tensor) -> Array | None:
        """Its content, where that is the same in every step."""
        operand = self._operand(tensor)
        return None if isinstance(operand, str) else operand

    def _operand(self, tensor: Tensor) -> Any:
        name = self.read(tensor)
        if name not in self.graph.operands:
            raise self.refuse("it reads a result that is not supported")
        return self.graph.operands[name]

    def refuse(self, what: str, hint: str = "") -> UnsupportedError:
        """The error of code that is sound but not supported; the caller raises it."""
        return UnsupportedError(what, where=self.place, hint=hint)

    def call(self, schema: Schema, arguments: dict[str, Any]) -> Any:
        """An op: a tensor, or a tuple or list of tensors.

        Raises:
            UnsupportedError: it cannot be lowered.
            FileFormatError: its arguments do not fit.
            StateFound: it writes to a tensor of the archive.
        """
        op = schema.op
        written = next((a.name for a in schema.arguments if a.written), "")
        if written:
            if op in views.IN_PLACE:
                raise self.refuse(f"{op} changes the shape of a tensor in place", _HINT)
            target: Tensor = arguments[written]
            shape = self.shape(target)
            plain = schema.target.replace(f".{op}.", f".{op[:-1]}.")
            (name,) = self._emit(plain, arguments)
            if self.graph.shape(self.graph.operands[name]) != shape:
                raise FileFormatError(f"{op}: the result does not fit the tensor",
                                      where=self.place)
            self.write(target, name)
            return target
        if self._sizing and op.startswith("split"):
            sizes.check(op, arguments, self)
        parts = views.parts(op, arguments, self)
        if parts is not None:
            return [self.call(*part) for part in parts]
        names = self._emit(schema.target, arguments, schema.results)
        if schema.results != 1:
            return tuple(map(Tensor, names))
        viewed = next((a.name for a in schema.arguments if a.viewed), "")
        viewed = "input" if op in views.SAME_INPUT else "self" if op == "type_as" else viewed
        if not viewed:
            return Tensor(names[0])
        base: Tensor = arguments[viewed]
        rest = {k: v for k, v in arguments.items() if k != viewed}
        copied = op in views.MAYBE_COPIES
        if op in views.CONVERTING:
            kinds = {self.dtype(base), self.dtypes[names[0]]}
            floats = kinds <= {"float32", *views.OTHER_FLOATS}
            if arguments.get("copy") or (len(kinds) > 1 and not floats):
                return Tensor(names[0])
            copied = floats and self._other_floats
        return Tensor(names[0], base, (schema.target, {viewed: None, **rest}), base.name, copied)

    def read(self, tensor: Tensor) -> str:
        """The name of a tensor's content now."""
        if id(tensor) in self._lost:
            raise self.refuse("it reads a tensor that an in-place op may have changed through "
                              "a reshaped one", _HINT)
        if tensor.base is not None and tensor.view is not None:
            now = self.read(tensor.base)
            if now != tensor.seen:
                if tensor.copied:
                    raise self.refuse("it reads what may be a copy or a view of a tensor that "
                                      "was changed in place", _HINT)
                target, rest = tensor.view
                (tensor.name,) = self._emit(
                    target, {k: tensor.base if v is None and i == 0 else v
                             for i, (k, v) in enumerate(rest.items())})
                tensor.seen = now
        return tensor.name

    def write(self, tensor: Tensor, name: str) -> None:
        """Gives a tensor new content, and so what it is a view of."""
        if tensor.base is None:
            weight = self._weights.get(id(tensor), "")
            if weight and weight not in self._states:
                raise StateFound(weight)
            self.wrote |= bool(weight)
            tensor.name = name
            return
        assert tensor.view is not None
        base = tensor.base
        if tensor.copied:
            self._lost.add(id(base))
            while base.base is not None:
                base = base.base
                self._lost.add(id(base))
            if id(base) in self._weights:
                raise self.refuse("an in-place op may change a tensor of the module through a "
                                  "reshaped one", _HINT)
            tensor.base = None
            tensor.name = name
            return
        inverse = views.inverse(*tensor.view, base, Tensor(name), self)
        self.write(base, name if inverse is None else self._emit(*inverse)[0])
        tensor.name, tensor.seen = name, self.read(base)

    def _emit(self, target: str, arguments: Mapping[str, Any], results: int | None = 1
              ) -> tuple[str, ...]:
        given = {name: self._referring(value) for name, value in arguments.items()}
        read = references(list(given.values()))
        op = target.split(".")[1]
        if self._sizing:
            sizes.check(op, arguments, self)
        self._other_floats |= arguments.get("dtype") in views.OTHER_FLOATS
        stem = f"{op}_{len(self.calls)}"
        names = (stem,) if results == 1 else tuple(f"{stem}_{i}" for i in range(results or 0))
        kinds = [self._kind(ref) for ref in read]
        for place, name in enumerate(names):
            self.dtypes[name] = result_dtype(op, dict(arguments), kinds, place)
        call = Call(target, given, names, results != 1, self.layer, self.place)
        lower_call(call, self.graph, self._known, self.dtypes)
        self.calls.append(call)
        if len(self.calls) > MAX_CALLS:
            raise self.refuse(f"it computes more than {MAX_CALLS} ops in a step")
        return names

    def _kind(self, ref: Ref) -> str:
        operand = self.graph.operands.get(ref.name)
        return self.dtypes[ref.name] if operand is None or isinstance(operand, str) else str(
            operand.dtype)

    def _referring(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return Ref(self.read(value))
        if isinstance(value, list | tuple):
            return [self._referring(item) for item in value]
        return value

    def elements(self, tensor: Tensor) -> int:
        """How many it has."""
        return prod(self.shape(tensor))
