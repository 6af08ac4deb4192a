# SPDX-License-Identifier: MIT
"""The Program: ops in execution order, constants, explicit state, and the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.contract import Contract, Discrete, Head, Hybrid
from puffer_edge.ir.op import Op
from puffer_edge.ir.value import Value

Kind = Literal["assumed", "stated", "dropped", "folded", "quantised", "warning"]
"""Of a note: an assumption is a decision that the file does not hold; stated is what the file, the
user or the trainer's fixed code says."""


@dataclass(frozen=True)
class State:
    """What a policy remembers from one step to the next.

    Attributes:
        input, output: names of the values before and after the step; same shape.
        initial: the value after ``reset()``.
    """

    input: str
    output: str
    initial: Array


@dataclass(frozen=True)
class Note:
    """Something the user should know: what was assumed, dropped, folded, or is doubtful.

    Attributes:
        kind: an assumption is a decision that the file does not hold; the other kinds are facts.
        text: what, and why.
        code: of an assumption, short and stable, as ``action-kind``; what ``--accept`` confirms.
        option: of an assumption, the option that says otherwise, as ``--action``.
        accepted: of an assumption, whether the user confirmed it.
    """

    kind: Kind
    text: str
    code: str = ""
    option: str = ""
    accepted: bool = False

    def to_json(self) -> dict[str, Any]:
        """The same as plain data; of an assumption also its code, option and confirmation."""
        plain = {"kind": self.kind, "text": self.text}
        if self.kind != "assumed":
            return plain
        return {**plain, "code": self.code, "option": self.option, "accepted": self.accepted}


@dataclass(frozen=True, repr=False)
class Program:
    """A static, typed, batch-1 graph.

    Attributes:
        source: where it came from, in words ("PufferLib 3.0 state_dict").
        values: every tensor by name, constants and state included.
        constants: data of the values that never change.
        ops: in execution order.
        input: name of the flat-able observation.
        outputs: names of the raw outputs; the first feeds the action of the contract.
        output_names: what the outputs are called outside: logits, mean, value, output_0...
        states: recurrent state.
        contract: observation and action.
        notes: what the user should know.
    """

    source: str
    values: Mapping[str, Value]
    constants: Mapping[str, Array]
    ops: tuple[Op, ...]
    input: str
    outputs: tuple[str, ...]
    output_names: tuple[str, ...]
    contract: Contract
    states: tuple[State, ...] = ()
    notes: tuple[Note, ...] = field(default=())

    def __repr__(self) -> str:
        """In one line; the fields would be pages."""
        action = self.contract.action
        sizes = "hybrid" if isinstance(action, Hybrid) else (
            f"discrete {list(action.sizes)}" if isinstance(action, Discrete)
            else f"continuous [{action.size}]")
        fields = ", ".join(f"{field.name} {list(field.shape)}" for field in
                           self.contract.observation)
        return (f"<Program of {self.source}: observation {fields}; action {sizes}; "
                f"{len(self.ops)} ops, {self.parameters:,} parameters"
                f"{f', {len(self.states)} states' if self.states else ''}>")

    def with_ops(self, ops: Iterable[Op], constants: Mapping[str, Array] | None = None,
                 **changes: Any) -> Program:
        """A checked copy with other ops; values are inferred again and unused ones dropped.

        Args:
            ops: in execution order.
            constants: the new constants; the present ones by default.
            changes: other fields of the Program to replace.
        """
        draft = replace(self, ops=tuple(ops), constants=constants or self.constants, **changes)
        return replace(draft, **_infer(draft)).checked()

    def noting(self, kind: Kind, text: str, code: str = "", option: str = "") -> Program:
        """A copy with one more note; a note that is already there is not repeated."""
        note = Note(kind, text, code, option)
        return self if note in self.notes else replace(self, notes=(*self.notes, note))

    def assuming(self, code: str, text: str, option: str = "") -> Program:
        """A copy with one more decision that the file does not hold; see ``Builder.assume``."""
        return self.noting("assumed", text, code, option)

    def operands(self, op: Op) -> list[Value | None]:
        """The values of an op's inputs; None for an absent one."""
        return [self.values[name] if name else None for name in op.inputs]

    def producers(self) -> dict[str, Op]:
        """The op that makes each value."""
        return {name: op for op in self.ops for name in op.outputs}

    def consumers(self) -> dict[str, list[Op]]:
        """The ops that read each value; values read outside are not listed here."""
        readers: dict[str, list[Op]] = {}
        for op in self.ops:
            for name in dict.fromkeys(op.operands):
                readers.setdefault(name, []).append(op)
        return readers

    def act(self, found: Mapping[str, Array] | Array) -> Array:
        """The action of raw outputs: int32 per head, or float32 per element.

        A continuous action of a Program that takes integers is the raw output itself, in integers.
        A hybrid action is one record of :attr:`action_dtype`, as a struct in C has it.

        Args:
            found: at least the outputs that the action is made of, by their outside names; or the
                one that it is made of.
        """
        if not isinstance(found, Mapping):
            found = {self.output_names[0]: found}
        parts = {name: self._acted(index, head, found[self.output_names[index]])
                 for index, (name, head) in enumerate(self.contract.heads.items())}
        if len(parts) == 1:
            return parts["action"]
        action = np.zeros((), self.action_dtype)
        for name, part in parts.items():
            action[name] = part
        return action

    def _acted(self, index: int, head: Head, raw: Array) -> Array:
        qparams = self.values[self.outputs[index]].quantization
        if isinstance(head, Discrete) or qparams is None:
            return head.act(raw)
        if self.values[self.input].dtype != "float32":
            return raw.reshape(-1)
        return head.act(raw.astype(np.float32) * np.float32(qparams.scale)
                        + np.float32(-qparams.scale * qparams.zero_point))

    @property
    def action_dtype(self) -> np.dtype[Any]:
        """Of an action's elements; of a hybrid one, the fields continuous and discrete."""
        integers = self.values[self.input].dtype != "float32"
        dtypes = {name: np.dtype(np.int32) if isinstance(head, Discrete) else
                  self.values[self.outputs[index]].numpy_dtype if integers else
                  np.dtype(np.float32)
                  for index, (name, head) in enumerate(self.contract.heads.items())}
        if len(dtypes) == 1:
            return dtypes["action"]
        sizes = {name: len(head.sizes) if isinstance(head, Discrete) else head.size
                 for name, head in self.contract.heads.items()}
        return np.dtype([(name, dtype, (sizes[name],)) for name, dtype in dtypes.items()],
                        align=True)

    @property
    def action_shape(self) -> tuple[int, ...]:
        """[heads] or [size]; none of a hybrid action, which is one record."""
        action = self.contract.action
        if isinstance(action, Hybrid):
            return ()
        return (len(action.sizes) if isinstance(action, Discrete) else action.size,)

    @property
    def results(self) -> frozenset[str]:
        """Values that are read outside the graph: outputs and new state."""
        return frozenset(self.outputs) | {state.output for state in self.states}

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one step."""
        return sum(op.macs(self.operands(op)) for op in self.ops)

    @property
    def parameters(self) -> int:
        """Number of constant elements."""
        return sum(int(array.size) for array in self.constants.values())

    def checked(self) -> Program:
        """This Program, once it is shown to be well formed.

        Raises:
            ProgramError: a value is read before it is made, made twice, or has a wrong shape.
        """
        known = {self.input, *self.constants, *(state.input for state in self.states)}
        for op in self.ops:
            for name in op.operands:
                if name not in known:
                    raise ProgramError(f"value {name!r} is read before it is made", where=op.layer)
            for name in op.outputs:
                if name in known:
                    raise ProgramError(f"value {name!r} is made twice", where=op.layer)
                known.add(name)
        for name in self.results:
            if name not in known:
                raise ProgramError(f"result {name!r} is never made")
        for state in self.states:
            before, after = self.values[state.input], self.values[state.output]
            if before.shape != after.shape or before.shape != state.initial.shape:
                raise ProgramError(
                    f"state changes its shape from {before.shape} to {after.shape}",
                    where=state.input)
        if self.values[self.input].size != self.contract.observation_size:
            raise ProgramError("the contract's observation does not fill the input",
                               where=self.input)
        mask, sizes = self.contract.mask, self.contract.sizes
        if mask is not None and (not sizes or mask.sizes != sizes or (
                not 0 <= mask.start <= self.contract.observation_size - sum(sizes))):
            raise ProgramError("the contract's mask does not fit its action and observation")
        heads = self.contract.heads.values()
        if len(self.outputs) < len(heads) or any(
                self.values[name].size != head.width
                for name, head in zip(self.outputs, heads, strict=False)):
            raise ProgramError("the contract's action does not read its outputs whole",
                               where=self.outputs[0])
        return self


def _infer(program: Program) -> dict[str, Any]:
    """Values and constants that the ops of a draft need, shapes inferred."""
    kept = {program.input, *(state.input for state in program.states)}
    values = {name: program.values[name] for name in kept}
    used = {name for op in program.ops for name in op.operands} | program.results
    constants = {name: array for name, array in program.constants.items() if name in used}
    values |= {name: Value(name, array.shape, str(array.dtype))
               for name, array in constants.items()}
    for op in program.ops:
        operands = [values.get(name) if name else None for name in op.inputs]
        for name, operand in zip(op.inputs, operands, strict=True):
            if name and operand is None:
                raise ProgramError(f"value {name!r} is read before it is made", where=op.layer)
        shapes, dtypes = op.infer(operands), op.dtypes(operands)
        found = op.quantizations(operands)
        for name, shape, dtype, qparams in zip(op.outputs, shapes, dtypes, found, strict=True):
            values[name] = Value(name, tuple(int(n) for n in shape), dtype, qparams)
    return {"values": values, "constants": constants}


def empty_state(shape: tuple[int, ...]) -> Array:
    """The usual initial state: zeros, float32."""
    return np.zeros(shape, np.float32)
