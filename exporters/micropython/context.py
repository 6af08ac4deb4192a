# SPDX-License-Identifier: MIT
"""What emitters of the MicroPython exporter share: arrays by value, and the blob."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.exporters.micropython.blob import BlobWriter
from puffer_edge.exporters.micropython.kernels import Kernels
from puffer_edge.ir import Op, Program, Value
from puffer_edge.ir.ops import Reshape

TYPECODES = {"int8": "b", "int16": "h", "float32": "f"}
Emitter = Callable[[Any, "Context"], str]
EMITTERS: dict[type[Op], Emitter] = {}
"""By op: gives the call that makes the op's function, and puts its constants into the blob."""
E = TypeVar("E", bound=Emitter)


def emits(kind: type[Op]) -> Callable[[E], E]:
    """Decorator that registers the emitter of an op."""
    def registered(emitter: E) -> E:
        EMITTERS[kind] = emitter
        return emitter
    return registered


@dataclass
class Context:
    """A Program on its way to policy.py.

    Values that are never alive together share an array where type and size are the same: a view of
    another type or size would be one more object on the heap.

    Args:
        program: takes integers.
        kernels: what multiplies matrices.
    """

    program: Program
    kernels: Kernels
    blob: BlobWriter = field(default_factory=BlobWriter)
    arrays: list[tuple[str, int]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    free: list[str] = field(default_factory=list)
    borrowed: list[str] = field(default_factory=list)
    functions: dict[str, str] = field(default_factory=dict)
    """Of policy.py itself: the text of each."""
    unrolled: int = 0
    """Weights that are literals in these."""
    layers: dict[str, str] = field(default_factory=dict)
    """The first layer that calls each of the runtime's functions."""

    def emit(self) -> None:
        """Emits all ops and what carries the state on.

        Raises:
            UnsupportedError: an op has no MicroPython form.
        """
        program = self.program
        self.names[program.input] = self.new(program.values[program.input])
        for state in program.states:
            self.names[state.input] = self.new(program.values[state.input])
        last_uses = self._last_uses()
        for index, op in enumerate(program.ops):
            if isinstance(op, Reshape):
                self.names[op.y] = self.names[op.x]
                self.free += [self.names[name] for name in last_uses.get(index, ())]
                continue
            emitter = EMITTERS.get(type(op))
            if emitter is None:
                raise UnsupportedError(
                    f"the op {type(op).__name__} has no MicroPython form",
                    where=op.layer or op.outputs[0], hint="export it with --target cortex-m")
            self._place(op, index)
            known = len(self.calls)
            self.calls.append(emitter(op, self))
            for call in self.calls[known:]:
                self.layers.setdefault(call.partition("(")[0], op.layer or op.outputs[0])
            self.free += self.borrowed
            self.borrowed.clear()
            self.free += [self.names[name] for name in last_uses.get(index, ())]
        self._carry()

    def ref(self, name: str) -> str:
        """The array of a value in policy.py."""
        return self.names[name]

    def value(self, name: str) -> Value:
        """A value of the Program."""
        return self.program.values[name]

    def typecode(self, name: str) -> str:
        """Type of the elements of a value."""
        return TYPECODES[self.value(name).dtype]

    def constant(self, name: str) -> Array:
        """A constant of the Program."""
        return self.program.constants[name]

    def indices(self, numbers: Array) -> str:
        """Adds a table of numbers that tell places; the expression that reads it."""
        typecode = "h" if np.abs(numbers).max(initial=0) < 2**15 else "i"
        self.blob.add(typecode, numbers)
        return f'blob.read("{typecode}", {numbers.size})'

    def new(self, value: Value) -> str:
        """A new array for a value."""
        return self._array(TYPECODES[value.dtype], value.size)

    def borrow(self, typecode: str, size: int) -> str:
        """An array that one op needs beside its inputs and outputs."""
        self.borrowed.append(self._array(typecode, size))
        return self.borrowed[-1]

    @property
    def array_bytes(self) -> int:
        """Bytes of all arrays."""
        return sum(size * np.dtype(typecode).itemsize for typecode, size in self.arrays)

    def _array(self, typecode: str, size: int) -> str:
        for name in self.free:
            if self.arrays[int(name[1:])] == (typecode, size):
                self.free.remove(name)
                return name
        self.arrays.append((typecode, size))
        return f"v{len(self.arrays) - 1}"

    def _place(self, op: Op, index: int) -> None:
        """Arrays of an op's outputs; a state that is updated where it lies keeps its own."""
        carried = {(state.input, state.output) for state in self.program.states}
        for old, new in op.IN_PLACE:
            pair = getattr(op, old), getattr(op, new)
            later = [other for other in self.program.ops[index + 1:] if pair[0] in other.operands]
            if pair in carried and not later and pair[0] not in self.program.results:
                self.names[pair[1]] = self.names[pair[0]]
        for name in op.outputs:
            if name not in self.names:
                self.names[name] = self.new(self.value(name))

    def _last_uses(self) -> dict[int, list[str]]:
        """Values whose array is free after an op, by the op's index; reshapes are followed."""
        program, roots, last = self.program, dict[str, str](), dict[str, int]()
        for index, op in enumerate(program.ops):
            if isinstance(op, Reshape):
                roots[op.y] = roots.get(op.x, op.x)
            for name in (*op.operands, *op.outputs):
                last[roots.get(name, name)] = index
        kept = {program.input, *program.constants, *(state.input for state in program.states),
                *(roots.get(name, name) for name in program.results)}
        free: dict[int, list[str]] = {}
        for name, index in last.items():
            if name not in kept:
                free.setdefault(index, []).append(name)
        return free

    def _carry(self) -> None:
        """Copies new state, by way of a spare array where states take each other's value."""
        program = self.program
        homes = {self.names[state.input] for state in program.states}
        pairs = [(self.names[state.output], self.names[state.input], state.output)
                 for state in program.states]
        last: list[str] = []
        self.free.clear()
        for name in program.outputs:  # an old state that is also an output must outlive the copies
            old = name in {state.input for state in program.states}
            if old or (self.names[name] in homes and name not in {p[2] for p in pairs}):
                spare = self.new(self.value(name))
                self.calls.append(f"copy({self.names[name]}, {spare})")
                self.names[name] = spare
        for source, home, name in pairs:
            if source in homes and source != home:
                spare = self.new(self.value(name))
                self.calls.append(f"copy({source}, {spare})")
                last.append(f"copy({spare}, {home})")
            elif source != home:
                last.append(f"copy({source}, {home})")
        self.calls += last

