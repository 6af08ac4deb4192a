# SPDX-License-Identifier: MIT
"""Bits, storage, scale and zero point of every value: what its range and its readers ask for.

All of this follows from the float Program, its calibration and the schemes, before anything is
rewritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Op, Program, Quantization, State
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.flatness import useful_range
from puffer_edge.quantization.linear import rows_of
from puffer_edge.quantization.memories import memories
from puffer_edge.quantization.rule import Movement, reads_by_columns, rule_of
from puffer_edge.quantization.schemes import OBSERVATION, Scheme

_UNLIMITED = (-np.inf, np.inf)


@dataclass(frozen=True)
class Ranges:
    """The quantisation parameters (qparams) of a Program's values.

    Attributes:
        program: in float, optimised, with ReLU fused and nothing else.
        calibration: ranges of its values.
        scheme: of every layer that ``layers`` does not name.
        layers: schemes of single layers.
    """

    program: Program
    calibration: Calibration
    scheme: Scheme
    layers: Mapping[str, Scheme] = field(default_factory=dict)

    def scheme_of(self, op: Op | None) -> Scheme:
        """The scheme of an op's layer."""
        return self.scheme if op is None else self.layers.get(op.layer, self.scheme)

    def dtype(self, name: str) -> str:
        """Storage of a value: 8 bits if it is multiplied, and only by layers of 8 bits.

        What is looked up in a table, added, or given out costs nothing more in 16 bits; and the
        error of a state stays for many steps.
        """
        readers = self._readers(name)
        narrow = readers and name not in self._remembered and name not in self.memories and all(
            self.scheme_of(op).activation_dtype == "int8" for op, *_ in readers)
        return "int8" if narrow else "int16"

    @cached_property
    def observed(self) -> str:
        """Storage of what is quantised as it comes in: 16 bits where nobody asked for 8.

        Features must have room for what no recording holds, which costs 8 bits much of their
        resolution: the observation is a few numbers, and the first layer's kernel is no slower.
        """
        scheme = self.layers.get(OBSERVATION)
        named = any(op.layer == OBSERVATION for op in self.program.ops)
        return "int16" if scheme is None or named else scheme.activation_dtype

    def qparams(self, name: str, maker: Op | None, limits: tuple[float, float] = _UNLIMITED,
                dtype: str = "") -> Quantization:
        """Scale and zero point of a value from its calibrated range and its readers.

        Args:
            name: the value.
            maker: the op that makes it; None for a state.
            limits: numbers that it cannot leave, whatever the range with its headroom says.
            dtype: its storage, where that is not what :meth:`dtype` says.

        Returns:
            Affine in 8 bits, symmetric in 16.
        """
        if name in self.memories:
            return self.memories[name]
        low, high = np.clip(np.clip(self.calibration.bounds(name), *limits), *self.useful(name))
        for state in self.states_of.get(name, ()):  # no step makes what a state holds at first
            low = min(low, float(state.initial.min()))
            high = max(high, float(state.initial.max()))
        dtype = dtype or self.dtype(name)
        bottom, top = self.limits(name, maker, dtype)
        if dtype == "int8":  # every one of 256 numbers counts
            scale = max(high - low, 1e-6) / (top - bottom)
            return Quantization(scale, int(np.floor(bottom - low / scale + 0.5)), bottom, top)
        # A state that hardly moved says little about its range.
        scale = max(high, -low, 2.0**-6 if name in self._remembered else 1e-6) / top
        return Quantization(scale, 0, 0 if low == 0 else bottom, top)

    def useful(self, name: str) -> tuple[float, float]:
        """Numbers of a value beyond which what reads it is flat; infinite where something is not.

        A state's first number is the state's, and a cell's memory the cell's.
        """
        if name in self._remembered or name in self.memories:
            return _UNLIMITED
        return useful_range(self.program, name, self.consumers)

    def limits(self, name: str, maker: Op | None, dtype: str) -> tuple[int, int]:
        """Smallest and largest integer of a value, so that all its readers can be proved.

        The schemes are those of the layers that multiply it; where none does, of its maker.
        """
        readers = self._readers(name)
        schemes = [self.scheme_of(op) for op, *_ in readers] or [self.scheme_of(maker)]
        bits = 8 if dtype == "int8" else min(scheme.activation_bits for scheme in schemes)
        for op, weight, read in readers:
            scheme = self.scheme_of(op)
            matrix = rows_of(self.program.constants[weight])
            matrix = matrix * self.columns.get(read, 1.0)
            relative = (np.abs(matrix) / np.maximum(np.abs(matrix).max(1), 1e-30)[:, None]).sum(1)
            room = 29.5 - float(np.log2(max(relative.max(), 1.0)))
            if scheme.balanced:  # weights and activations share the room
                bits = min(bits, int(room / 2) + 1)
            else:
                bits = min(bits, int(room - scheme.weight_bits + 1) + 1)
        return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    @cached_property
    def consumers(self) -> dict[str, list[Op]]:
        """The ops that read each value."""
        return self.program.consumers()

    @cached_property
    def memories(self) -> dict[str, Quantization]:
        """Qparams that cells prescribe for what they remember, by value."""
        return memories(self.program, self.calibration)

    @cached_property
    def states_of(self) -> dict[str, list[State]]:
        """States by the value that is carried on to them, before and after it is reshaped."""
        producers = self.program.producers()
        found: dict[str, list[State]] = {}
        for state in self.program.states:
            name = state.output
            found.setdefault(name, []).append(state)
            while (name in producers
                   and rule_of(op := producers[name]).movement is Movement.RESHAPE):
                name = op.inputs[0]
                found.setdefault(name, []).append(state)
        return found

    @cached_property
    def _remembered(self) -> set[str]:
        return {state.input for state in self.program.states} | set(self.states_of)

    @cached_property
    def columns(self) -> dict[str, Array]:
        """Joined values whose parts keep their scales, per channel, with each column's size.

        Only matrices read them, and only layers and functions of layers are joined.
        """
        makers, program = self.program.producers(), self.program

        def of_a_layer(name: str, reader: Op) -> bool:
            if name in program.results or self.consumers[name] != [reader] or name not in makers:
                return False
            maker = makers[name]
            known = rule_of(maker)
            return bool(known.rows) or (
                known.function(maker) is not None and of_a_layer(maker.inputs[0], maker))

        found = {}
        for op in program.ops:
            (name, *_), readers = op.outputs, self.consumers.get(op.outputs[0], [])
            if (rule_of(op).joins and name not in program.results and readers
                    and getattr(op, "axis", 0) == len(program.values[name].shape) - 1
                    and all(reads_by_columns(reader, name, program) for reader in readers)
                    and all(of_a_layer(part, op) for part in op.inputs)):
                found[name] = np.concatenate([
                    np.full(program.values[part].shape[-1],
                            max(*map(abs, self.calibration.bounds(part)), 1e-30))
                    for part in op.inputs])
        return found

    def _readers(self, name: str) -> list[tuple[Op, str, str]]:
        """Linear ops that read a value, their weights, and under which name they read it.

        States, what only moves elements and what joins parts for matrices are followed.
        """
        successor = {state.output: state.input for state in self.program.states}
        names, seen = [name], {name}
        found: list[tuple[Op, str, str]] = []
        while names:
            value = names.pop()
            ahead = [successor[value]] if value in successor else []
            for op in self.consumers.get(value, []):
                known = rule_of(op)
                found += [(op, weight, value) for weight in known.matrices(op, value)]
                if known.movement or (known.joins and op.outputs[0] in self.columns):
                    ahead += op.outputs
            names += [other for other in ahead if other not in seen]
            seen.update(ahead)
        return found
