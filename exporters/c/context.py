# SPDX-License-Identifier: MIT
"""What an op's emitter works with: references to values, constants, kernels, and a place to write.

An emitter is a function ``(op, context) -> None`` registered for its op with :func:`emits`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.exporters.c import text
from puffer_edge.exporters.c.channels import channels_last
from puffer_edge.exporters.c.widening import copied
from puffer_edge.ir import Op, Program, Value
from puffer_edge.ir.observed import parts_of_observation
from puffer_edge.ir.ops import Reshape
from puffer_edge.ir.value import ITEM_SIZE, Quantization
from puffer_edge.planning import Plan

Emitter = Callable[[Any, "Context"], None]

C_TYPES = {"float32": "float", "int8": "int8_t", "int16": "int16_t", "int32": "int32_t",
           "uint16": "uint16_t"}
"""C type of each dtype that reaches a device."""

DTYPES = {ctype: np.dtype(dtype) for dtype, ctype in C_TYPES.items()}

REQUANTIZE = np.dtype([("pre_shift", "u1"), ("shift", "u1"), ("multiplier", "i2")])
"""``puffer_edge_requantize_t`` of runtimes/c/requantize.h."""

MEMORY = {"float32": "m", "int8": "m8", "int16": "m16", "int32": "m32"}
"""The arena as an array of each dtype."""

LANES = 16
"""Rows that a kernel for computers takes at once: PUFFER_EDGE_LANES of runtimes/c/block_f32.h."""

EMITTERS: dict[type[Op], Emitter] = {}


def emits(kind: type[Op]) -> Callable[[Emitter], Emitter]:
    """Decorator that registers the emitter of an op."""

    def add(emitter: Emitter) -> Emitter:
        EMITTERS[kind] = emitter
        return emitter

    return add


class Together(str):
    """A statement that serves all lanes of a batch at once."""


class Context:
    """Collects the C text of one policy.

    Args:
        program: what is exported.
        plan: where its values live.
        name: validated stem of all identifiers.
        wide: kernels for computers with wide vectors, whose weights lie in another order.
        dsp: those for a Cortex-M with two products per instruction, of which that is true, too.

    Attributes:
        constant_bytes: what weights and tables take.
        data: name and data of each, those first that an AVR has in RAM.
        in_ram: how many those are.
        place: what is being emitted, for the comments of the constants that it needs.
        lanes: how many observations a statement serves, in C; 1 but for a batch.
    """

    def __init__(self, program: Program, plan: Plan, name: str, wide: bool = False,
                 dsp: bool = False, blob: bool = False) -> None:
        self.blob = blob
        self.numbers: list[int] = []
        self.reals: list[float] = []
        self.ctypes: dict[str, str] = {}
        self.program = program
        self.plan = plan
        self.name = name
        self.wide = wide
        self.dsp = dsp
        self.lanes = "1"
        self.kernels: set[str] = {"base"}
        self.constant_bytes = 0
        self.place = ""
        self.data: list[tuple[str, Array]] = []
        self.in_ram = 0
        self.lines: list[str] = []
        self.index = -1
        self.memories: set[str] = set()
        self._named: dict[tuple[bytes, str, str], str] = {}
        self._definitions: dict[str, str] = {}
        self._roles: dict[str, list[str]] = {}
        self._producers = program.producers()
        self.observed = parts_of_observation(program)
        self._last = channels_last(program) if wide else frozenset[str]()
        self._states = {state.input: i for i, state in enumerate(program.states)}

    def emit(self, ops: range | None = None) -> list[str]:
        """Statements of the step, or of a part of it, in the plan's order."""
        self.lines = []
        for index in range(len(self.plan.ops)) if ops is None else ops:
            self.index, op = index, self.plan.ops[index]
            emitter = EMITTERS.get(type(op))
            if emitter is None:
                raise UnsupportedError(f"the op {type(op).__name__} cannot be exported to C",
                                       where=op.layer)
            before = len(self.lines)
            self.place = f"{self.index}: {self._describe(op)}"
            emitter(op, self)
            if len(self.lines) > before:
                kind = type(self.lines[before])
                self.lines.insert(before, kind(f"/* {self.place} */"))
        return self.lines

    def line(self, statement: str, together: bool = False) -> None:
        """Adds statements, one or several lines, which may serve all lanes together."""
        lines = statement.splitlines()
        self.lines.extend(map(Together, lines) if together else lines)

    def step(self, ref: str) -> str:
        """How far that address is from the one of the next lane, in elements of four bytes."""
        pointer = ref.split(" ")[0]
        if pointer == "x":
            return str(self.program.contract.observation_size)
        if pointer in MEMORY.values() or pointer.startswith("policy->"):
            return "(int32_t)(sizeof *policy / sizeof(float))"
        return "0"

    def use(self, kernel: str) -> None:
        """Says that a kernel file is needed."""
        self.kernels.add(kernel)

    def value(self, name: str) -> Value:
        """Shape and dtype of a value."""
        return self.program.values[name]

    def ref(self, name: str) -> str:
        """C expression for the address of a value's first element."""
        if name in self.observed:
            return f"x + {self.observed[name]}" if self.observed[name] else "x"
        while isinstance(op := self._producers.get(name), Reshape):
            name = op.x
        if name in self.program.constants:
            return self.constant(self.program.constants[name], role=self._role(name),
                                 flash=False)
        if name in self.plan.stored:
            return f"policy->state_{self._states[self.plan.stored[name]]}"
        return self._arena(self.plan.offsets[name], self.value(name).dtype)

    def channels_last(self, name: str) -> tuple[int, ...]:
        """Shape of the convolution's output that a value is, if its channels lie last; else ()."""
        while isinstance(op := self._producers.get(name), Reshape):
            name = op.x
        return self.value(name).shape if name in self._last else ()

    def out(self, name: str) -> str:
        """The same for a value that is written."""
        return self.ref(name)

    def scratch(self, dtype: str = "float32") -> str:
        """Address of the present op's working memory, as an array of that dtype."""
        return self._arena(self.plan.scratch[self.index], dtype)

    def copies(self, op: Op) -> bool:
        """Whether the present op has working memory for its activations in 16 bits."""
        return self.index in self.plan.scratch and copied(op, self.program) > 0

    def widened(self, op: Op, x: str) -> str:
        """Address of a copy in 16 bits of the activations at x."""
        self.use("copy_s8")
        self.line(f"(void)puffer_edge_copy_s8({self.scratch('int16')}, {x}, "
                  f"{copied(op, self.program)});")
        return self.scratch("int16")

    @property
    def constants(self) -> list[str]:
        """C text of the weights and tables, each with what it is for."""
        return [f"/* {'; '.join(dict.fromkeys(self._roles[name]))} */\n{definition}"
                for name, definition in self._definitions.items()]

    def constant(self, array: Array, ctype: str = "", role: str = "",
                 flash: bool = True) -> str:
        """Name of a constant array; equal arrays are stored once.

        Args:
            array: its data.
            ctype: element type in C; that of the array's dtype by default.
            role: what it is to the present op, for its comment.
            flash: it is read by the names for that, and not as any operand.
        """
        ctype = ctype or C_TYPES.get(str(array.dtype), "float")
        data = np.ascontiguousarray(array, DTYPES[ctype])
        key = (data.tobytes(), ctype if flash else f"{ctype} in RAM", self._alone(role))
        if key not in self._named:
            name = self._named[key] = f"{self.name}_w{len(self._named)}"
            self.ctypes[name] = ctype
            self._define(name, data, text.array(ctype, name, data, flash), flash)
        return self._noted(self._named[key], role)

    def element(self, array: Array, index: str, role: str, ctype: str = "") -> str:
        """Expression for an element of a constant array; see :meth:`constant`."""
        ctype = ctype or C_TYPES.get(str(array.dtype), "float")
        return text.read(ctype, f"{self.constant(array, ctype, role)} + {index}")

    def floats(self, weight: Array) -> str:
        """Suffix of the kernel for a weight in float32 or in halves; a computer expands those."""
        return "f16" if weight.dtype == np.float16 and not self.wide else "f32"

    def matrix(self, packed: Array, role: str = "weight") -> str:
        """Name of a weight for that kernel; halves are stored as their bits."""
        halves = self.floats(packed) == "f16"
        return self.constant(packed.view(np.uint16) if halves else packed, role=role)

    def optional(self, name: str) -> str:
        """A constant operand that may be absent: its address, or NULL."""
        return self.constant(self.weight(name), role=self._role(name)) if name else "NULL"

    def weight(self, name: str) -> Array:
        """Data of a constant operand.

        Raises:
            UnsupportedError: it is computed, not constant.
        """
        if name not in self.program.constants:
            raise UnsupportedError("a weight is computed at run time", where=name,
                                   hint="export the policy with its weights as constants")
        return self.program.constants[name]

    def learned(self, *numbers: int) -> str:
        """Integers that training decides, with commas: literals, or what the weights hold."""
        if not self.blob:
            return ", ".join(map(str, numbers))
        self.numbers += numbers
        first = len(self.numbers) - len(numbers)
        return ", ".join(f"{self.name.upper()}_LEARNED({first + i})" for i in range(len(numbers)))

    def real(self, value: Any) -> str:
        """The same of a float."""
        literal = text.number(value)
        if not self.blob:
            return literal
        self.reals.append(float(np.float32(value)))
        return f"{self.name.upper()}_REAL({len(self.reals) - 1})"

    def _alone(self, role: str) -> str:
        """Whose an array is, in a blob: equal arrays of today may differ tomorrow."""
        return f"{self.place}: {role}" if self.blob else ""

    def span(self, qparams: Quantization) -> str:
        """Zero point and smallest and largest integer of a result."""
        return self.learned(qparams.zero_point, qparams.low, qparams.high)

    def single(self, name: str) -> str:
        """A requantisation that all elements share, and half of what its first shift drops."""
        multiplier, first, second = map(int, self.weight(name))
        return f"{{{self.learned(first, second, multiplier)}}}, {self.learned(1 << first >> 1)}"

    def requantization(self, array: Array, role: str = "requantisation") -> str:
        """Name of a table of multipliers, pre-shifts and shifts, [..., 3]."""
        rows = [(first, second, m) for m, first, second in array.reshape(-1, 3)]
        return self.table("puffer_edge_requantize_t", np.array(rows, REQUANTIZE), role)

    def table(self, ctype: str, records: Array, role: str) -> str:
        """Name of a constant array of structs, whose fields have the order of the records'."""
        items = text.wrapped(f"{{{', '.join(map(str, row))}}}" for row in records.tolist())
        key = (items.encode(), ctype, self._alone(role))
        if key not in self._named:
            name = self._named[key] = f"{self.name}_w{len(self._named)}"
            self.ctypes[name] = ctype
            self._define(name, records,
                         f"static const PUFFER_EDGE_ALIGNED {ctype} {name}[{len(records)}] "
                         f"PUFFER_EDGE_FLASH = {{\n{items}\n}};")
        return self._noted(self._named[key], role)

    def _define(self, name: str, data: Array, definition: str, flash: bool = True) -> None:
        self._definitions[name] = definition
        self.data.insert(len(self.data) if flash else self.in_ram, (name, data))
        self.in_ram += not flash
        self.constant_bytes += data.nbytes

    def _noted(self, name: str, role: str) -> str:
        """The same name, and what it is for remembered for its comment."""
        self._roles.setdefault(name, []).append(f"{self.place}: {role}" if role else self.place)
        return name

    def _role(self, name: str) -> str:
        """What a constant operand is to the present op, in words of the IR."""
        op = self.plan.ops[self.index]
        shape = "x".join(map(str, self.value(name).shape)) or "1"
        return next((f"{field.name} {shape}" for field in fields(op)
                     if getattr(op, field.name) == name), shape)

    def _arena(self, offset: int, dtype: str) -> str:
        pointer, size = MEMORY[dtype], ITEM_SIZE[dtype]
        self.memories.add(dtype)
        return f"{pointer} + {offset // size}" if offset else pointer

    def _describe(self, op: Op) -> str:
        shapes = [self.value(op.operands[0]).shape, self.value(op.outputs[0]).shape]
        before, after = ("x".join(map(str, shape)) or "1" for shape in shapes)
        return f"{type(op).__name__} {before} -> {after}"
