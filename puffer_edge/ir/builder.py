# SPDX-License-Identifier: MIT
"""Builds a Program op by op; what every front end uses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, ProgramError
from puffer_edge.ir.contract import Contract, Normaliser
from puffer_edge.ir.op import Op
from puffer_edge.ir.program import Kind, Note, Program, State
from puffer_edge.ir.value import Value


class Builder:
    """Collects values, constants, ops and state; :meth:`build` checks and freezes them.

    Args:
        source: where the policy comes from, in words; goes into the manifest.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.values: dict[str, Value] = {}
        self.constants: dict[str, Array] = {}
        self.ops: list[Op] = []
        self.states: list[State] = []
        self.notes: list[Note] = []
        self._input = ""
        self._normaliser: Normaliser | None = None

    def unique(self, stem: str) -> str:
        """``stem``, or ``stem_2``, ``stem_3``... when it is taken."""
        name, count = stem, 1
        while name in self.values:
            count += 1
            name = f"{stem}_{count}"
        return name

    def input(self, name: str, shape: tuple[int, ...]) -> str:
        """Declares the observation, float32."""
        if self._input:
            raise ProgramError("a Program has one observation", where=name)
        self._input = self._declare(Value(self.unique(name), shape))
        return self._input

    def constant(self, array: Array, name: str = "constant") -> str:
        """Adds data that never changes; floating point becomes float32.

        Raises:
            FileFormatError: an element is NaN or infinite.
        """
        if array.dtype.kind == "f":
            array = np.ascontiguousarray(array, np.float32).reshape(array.shape)
            if not np.isfinite(array).all():
                raise FileFormatError(
                    "the tensor holds NaN or infinite values", where=name,
                    hint="the training run has diverged; take an earlier checkpoint")
        name = self._declare(Value(self.unique(name), array.shape, str(array.dtype)))
        self.constants[name] = array
        return name

    def state(self, name: str, shape: tuple[int, ...]) -> str:
        """Declares a value carried from step to step; give its successor with :meth:`carry`."""
        return self._declare(Value(self.unique(name), shape))

    def carry(self, before: str, after: str, initial: Array | None = None) -> None:
        """Says that ``after`` of this step is ``before`` of the next; zeros at reset.

        Raises:
            FileFormatError: an element of ``initial`` is NaN or infinite.
        """
        if initial is None:
            initial = np.zeros(self.values[before].shape, np.float32)
        initial = np.asarray(initial, np.float32)  # as the device has it
        if not np.isfinite(initial).all():
            raise FileFormatError("the initial state holds NaN or infinite values", where=before)
        self.states.append(State(before, after, initial))

    def add(self, kind: type[Op], *, name: str = "", **fields: Any) -> str:
        """Appends an op with one output and returns that output's name."""
        (output,) = self.add_many(kind, (name,), **fields)
        return output

    def add_many(self, kind: type[Op], names: tuple[str, ...], **fields: Any) -> tuple[str, ...]:
        """Appends an op and returns its outputs' names.

        Args:
            kind: the op's class.
            names: a wish per output; an empty one is made from the op's name.
            fields: the op's inputs and attributes.
        """
        outputs: list[str] = []
        for wish in names:
            name = self.unique(wish or kind.__name__.lower())
            while name in outputs:
                name += "_"
            outputs.append(name)
        if len(kind.OUTPUTS) == 1 and kind.OUTPUTS[0].endswith("s"):
            fields[kind.OUTPUTS[0]] = tuple(outputs)  # a variadic output, as of Split
        else:
            fields |= dict(zip(kind.OUTPUTS, outputs, strict=True))
        op = kind(**fields)
        operands = [self.values[name] if name else None for name in op.inputs]
        shapes, dtypes = op.infer(operands), op.dtypes(operands)
        for name, shape, dtype in zip(outputs, shapes, dtypes, strict=True):
            self._declare(Value(name, tuple(int(n) for n in shape), dtype))
        self.ops.append(op)
        return tuple(outputs)

    def note(self, kind: Kind, text: str) -> None:
        """Adds a fact for the user; a decision goes through :meth:`assume`."""
        self.notes.append(Note(kind, text))

    def assume(self, code: str, text: str, option: str = "") -> None:
        """Adds a decision that the file does not hold.

        Args:
            code: short and stable, as ``action-kind``; ``--accept`` confirms by it.
            text: what was assumed, and why.
            option: what says otherwise, as the command line spells it.
        """
        self.notes.append(Note("assumed", text, code, option))

    def normalise(self, normaliser: Normaliser, proof: str = "") -> None:
        """Says that ops that were added are the observation's normaliser.

        Args:
            normaliser: goes into the contract.
            proof: why it is taken for the policy's own; a part of the note.
        """
        self._normaliser = normaliser
        self.note("folded", f"the normaliser into the policy, which takes raw observations: "
                            f"{normaliser}{proof and '; ' + proof}")

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a value."""
        return self.values[name].shape

    def build(self, outputs: dict[str, str], contract: Contract) -> Program:
        """The checked Program.

        Args:
            outputs: outside name -> value, the one that feeds the action first.
            contract: observation and action.
        """
        if self._normaliser is not None:
            contract = replace(contract, normaliser=self._normaliser)
        program = Program(
            source=self.source, values=dict(self.values), constants=dict(self.constants),
            ops=tuple(self.ops), input=self._input, outputs=tuple(outputs.values()),
            output_names=tuple(outputs), contract=contract, states=tuple(self.states),
            notes=tuple(self.notes))
        return program.with_ops(program.ops)

    def _declare(self, value: Value) -> str:
        self.values[value.name] = value
        return value.name
