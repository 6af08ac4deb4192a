"""Rewrites a float Program in integers.

Values are visited in order. A value is *integer* once an op with a rule that starts integers made
it; what comes before (a normaliser with its clip) stays float and is quantised where that op reads
it. ``rules/`` says, op by op, what it becomes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Op, Program, Quantization, State, Value
from puffer_edge.ir.ops import (
    BatchNormalization,
    Concat,
    Gemm,
    GRUCell,
    LSTMCell,
    Quantize,
    Reshape,
    Table,
    Transpose,
    Unary,
)
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.flatness import useful_range
from puffer_edge.quantization.linear import Linear, grid, prove
from puffer_edge.quantization.memories import memories
from puffer_edge.quantization.outliers import reads_as_matrix
from puffer_edge.quantization.parts import Leaf, Parts, find_parts, read_by_one_layer
from puffer_edge.quantization.rules import RULES, rows_of
from puffer_edge.quantization.schemes import Scheme

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Integer:
    """A value in integers.

    Attributes:
        name: of the value that holds them.
        meaning: scale, zero point and range of the integers.
        size, zero: real value of 1 and of the zero point, one number or one per feature; they
            differ from ``meaning`` where features have scales of their own.
    """

    name: str
    meaning: Quantization
    size: Array
    zero: Array


@dataclass
class Quantizer:
    """Collects the integer Program; what a rule works with.

    Args:
        program: optimised, only ReLU fused.
        calibration: ranges of its values.
        scheme: of every layer that ``layers`` does not name.
        layers: schemes of single layers.
        parts: how the observation is taken apart in integers; in float by default.
    """

    program: Program
    calibration: Calibration
    scheme: Scheme
    layers: Mapping[str, Scheme] = field(default_factory=dict)
    parts: Parts | None = None
    ops: list[Op] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    integers: dict[str, Integer] = field(default_factory=dict)
    states: dict[str, Value] = field(default_factory=dict)
    twins: list[State] = field(default_factory=list)
    finer: dict[str, str] = field(default_factory=dict)
    columns: dict[str, Array] = field(default_factory=dict)

    def run(self) -> Program:
        """The integer Program."""
        self._consumers = self.program.consumers()
        self._states_of = self._made_states()
        self._remembered = {state.input for state in self.program.states} | set(self._states_of)
        self._memories = memories(self.program, self)
        self.columns = self._joins()
        for state in self.program.states:  # a hidden state is quantised as what it becomes
            name = state.input if state.input in self._memories else state.output
            meaning = self.meaning(name, None)
            self.states[state.input] = Value(
                state.input, state.initial.shape, self.dtype(name, None), meaning)
            self.made(state.input, meaning)
        taken = self._take_parts(self.parts) if self.parts else ()
        for op in self.program.ops:
            if op in taken:
                continue
            rule = RULES.get(type(op))
            reads = any(name in self.integers for name in op.operands)
            if rule is not None and (rule.starts or reads):
                rule.rewrite(op, self)
            elif not reads:
                self.ops.append(op)  # before integers begin
            else:
                raise UnsupportedError(
                    f"the op {type(op).__name__} cannot be computed in integers",
                    where=op.layer or op.outputs[0], hint="export it with --scheme float32")
        return self._finish()

    # What rules use.

    def add(self, op: Op) -> None:
        """Appends an op."""
        self.ops.append(op)

    def made(self, name: str, meaning: Quantization, under: str = "") -> None:
        """Declares an integer value with one scale, made under its own name or another."""
        self.integers[name] = Integer(
            under or name, meaning, np.array([meaning.scale]), np.zeros(1))

    def joined(self, op: Concat) -> None:
        """Declares a value of parts that keep their scales, as features do."""
        parts = [self.integers[name] for name in op.xs]
        widths = [self.program.values[name].shape[-1] for name in op.xs]
        meanings = [part.meaning for part in parts]
        self.integers[op.y] = Integer(
            op.y, Quantization(1.0, 0, min(m.low for m in meanings), max(m.high for m in meanings)),
            np.repeat([m.scale for m in meanings], widths),
            np.repeat([-m.scale * m.zero_point for m in meanings], widths))

    def remember(self, state: State, name: str, output: str, dtype: str,
                 meaning: Quantization) -> None:
        """Adds a state beside one of the float Program, with the same initial value."""
        self.states[name] = Value(name, state.initial.shape, dtype, meaning)
        self.twins.append(State(name, output, state.initial))

    def remember_by(self, name: str, finer: str) -> None:
        """Of a value, the one with more bits that is carried to states of its scale."""
        self.finer[name] = finer

    def constant(self, array: Array, name: str) -> str:
        """Adds a constant, int64 as int32, and gives its name: another where that is taken."""
        while name in self.program.values or (
                name in self.constants and not np.array_equal(self.constants[name], array)):
            name += "_"
        self.constants[name] = array.astype(np.int32) if array.dtype == np.int64 else array
        return name

    def floats(self, name: str) -> Array | None:
        """A constant of the float Program, float64; None for an absent one.

        Raises:
            UnsupportedError: it is computed, not constant.
        """
        if not name:
            return None
        if name not in self.program.constants:
            raise UnsupportedError("a weight is computed at run time", where=name,
                                   hint="export it with --scheme float32")
        return self.program.constants[name].astype(np.float64)

    def linear(self, x: str, weight: Array | None, bias: Array | None, op: Op) -> Linear:
        """A matrix [N, K] in integers, for an integer value x of K elements."""
        assert weight is not None
        source = self.integers[x]
        # A feature's own scale goes into its column, its own zero into the bias.
        bias = np.zeros(len(weight)) if bias is None else bias
        bias = bias + weight @ np.broadcast_to(source.zero, weight.shape[1:])
        seen = self.calibration.samples.get(x)
        if seen is not None and seen.shape[1] == weight.shape[1]:
            seen = (seen - source.zero) / source.size
        else:  # several rows at once
            seen = None
        return prove(weight * source.size, bias, source.meaning.largest, source.meaning.zero_point,
                     self.scheme_of(op), op.layer, seen)

    def weights(self, linear: Linear, op: Op, name: str) -> str:
        """Adds a matrix's weights in the dtype of the op's scheme."""
        return self.constant(linear.weight.astype(self.scheme_of(op).weight_dtype), name)

    def scheme_of(self, op: Op | None) -> Scheme:
        """The scheme of an op's layer."""
        return self.scheme if op is None else self.layers.get(op.layer, self.scheme)

    def dtype(self, name: str, maker: Op | None) -> str:
        """Storage of a value: 8 bits if it is multiplied, and only by layers of 8 bits.

        What is looked up in a table, added, or given out costs nothing more in 16 bits; and the
        error of a state stays for many steps.
        """
        if name in self._memories:
            return "int16"
        if isinstance(maker, GRUCell | LSTMCell):  # h and its successor are alike
            return self.dtype_of(self.integers[maker.h].name)
        readers = self._readers(name)
        narrow = readers and name not in self._remembered and all(
            self.scheme_of(op).activation_dtype == "int8" for op, *_ in readers)
        return "int8" if narrow else "int16"

    def meaning(self, name: str, maker: Op | None,
                limits: tuple[float, float] = (-np.inf, np.inf)) -> Quantization:
        """Scale and zero point of a value from its calibrated range and its readers.

        Args:
            name: the value.
            maker: the op that makes it; None for a state.
            limits: numbers that it cannot leave, whatever the range with its headroom says.
        """
        if name in self._memories:
            return self._memories[name]
        low, high = np.clip(np.clip(self.calibration.bounds(name), *limits), *self.useful(name))
        for state in self._states_of.get(name, ()):  # no step makes what a state holds at first
            low = min(low, float(state.initial.min()))
            high = max(high, float(state.initial.max()))
        dtype = self.dtype(name, maker)
        bottom, top = self._integers_of(name, maker, dtype)
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
        if name in self._remembered or name in self._memories:
            return -np.inf, np.inf
        return useful_range(self.program, name, self._consumers)

    def requantization(self, linear: Linear, y: str, meaning: Quantization
                       ) -> tuple[Array, Quantization]:
        """Of a layer's sums to an output of that meaning, [N, 3], and the meaning that y gets.

        Outputs that were never anything but 0 say nothing of their range; the sums do, so the
        scale grows until the largest of them comes to 2^28. Where all that reads them is flat,
        only what such a row adds to a step is cut off.
        """
        largest = linear.bound * linear.scales
        if np.isfinite(self.useful(y)).all():
            return linear.requantization(np.maximum(meaning.scale, largest / 2**28)), meaning
        meaning = replace(meaning, scale=max(meaning.scale, float(largest.max()) / 2**28))
        return linear.requantization(meaning.scale), meaning

    def integer(self, name: str, reader: Op) -> str:
        """Integer name of a value; a float one is quantised feature by feature, in 16 bits.

        Features must have room for what no recording holds, which 8 bits do not have: the
        observation is a few numbers, and the first layer's kernel is no slower.
        """
        value = self.program.values[name]
        if name not in self.integers and value.size != value.shape[-1]:
            self.read_uniformly(name, reader)  # all rows meet the same weights
        if name not in self.integers:
            bottom, top = self._integers_of(name, reader, "int16")
            low, high = self.calibration.features(name)
            factor = ((top - bottom) / (high - low)).astype(np.float32).astype(np.float64)
            offset = (bottom - low * factor).astype(np.float32).astype(np.float64)
            integer = f"{name}.integer"
            self.add(Quantize(
                x=name, factor=self.constant(factor.astype(np.float32), f"{name}.factor"),
                offset=self.constant(offset.astype(np.float32), f"{name}.offset"), y=integer,
                dtype="int16", low=bottom, high=top))
            self.integers[name] = Integer(
                integer, Quantization(1.0, 0, bottom, top), 1 / factor, -offset / factor)
        return self.integers[name].name

    def limits(self, name: str, maker: Op, dtype: str) -> tuple[int, int]:
        """Smallest and largest integer of a value, so that all its readers can be proved."""
        return self._integers_of(name, maker, dtype)

    def read_uniformly(self, name: str, reader: Op) -> None:
        """Quantises a float value with one scale, for a layer that does not only multiply it."""
        made, meaning = self.uniform(name, f"{name}.integer", reader)
        self.made(name, meaning, made)

    def uniform(self, name: str, made: str, reader: Op | None = None) -> tuple[str, Quantization]:
        """A float value quantised with one scale, for what adds it to others.

        In 16 bits, or what the matrices of the reader leave.
        """
        low, high = self.calibration.features(name)
        top = 32767 if reader is None else self._integers_of(name, reader, "int16")[1]
        scale = float(max(-low.min(), high.max(), 1e-6)) / top
        meaning = Quantization(scale, 0, -top, top)
        self._quantized(name, made, meaning, "int16")
        return made, meaning

    def whole(self, name: str, reader: Op) -> str:
        """Integer name of a value; a float one is quantised with one scale and an exact zero.

        An image has 8 bits where its readers have: it is large, and its pixels have few values.
        """
        if name not in self.integers:
            dtype = self.dtype(name, reader)
            bottom, top = self._integers_of(name, reader, dtype)
            lows, highs = self.calibration.features(name)
            low, high = min(float(lows.min()), 0.0), max(float(highs.max()), 0.0)
            if dtype == "int8":
                scale = (high - low) / (top - bottom)
                zero_point = int(np.floor(bottom - low / scale + 0.5))
            else:
                scale, zero_point = max(high, -low) / top, 0
            factor = float(np.float32(1 / scale))
            meaning = Quantization(1 / factor, zero_point, bottom, top)
            moves = self._take_moves(name)
            first = self._moved(moves[0]) if moves else name
            made = self._quantized(first, f"{name}.integer", meaning, dtype)
            for op in moves:
                if isinstance(op, Concat):
                    parts = (self._quantized(part, f"{op.y}.{i}", meaning, dtype).name
                             if part in self.program.constants else made.name
                             for i, part in enumerate(op.xs))
                    self.add(replace(op, xs=tuple(parts)))
                else:
                    self.add(replace(op, x=made.name))
                made = replace(made, name=op.y)
            self.integers[name] = made
        return self.integers[name].name

    def converted(self, name: str, meaning: Quantization, dtype: str, made: str,
                  layer: str) -> str:
        """Name of a value with another quantisation; itself where it has that one."""
        if name not in self.integers:
            return self._quantized(name, made, meaning, dtype).name
        source = self.integers[name]
        if source.size.size != 1:
            raise UnsupportedError(
                "the observation has one scale per feature where another layer reads it",
                where=layer, hint="export it with --scheme float32")
        if source.meaning == meaning and self.dtype_of(source.name) == dtype:
            return source.name
        return self.tabled(source, lambda real: real, meaning, dtype, made, layer)

    def tabled(self, source: Integer, function: Callable[[Array], Array], meaning: Quantization,
               dtype: str, made: str, layer: str) -> str:
        """Adds the table of a function: 256 entries, or up to 257 with straight lines between."""
        real, bits = grid(source.meaning)
        table = np.floor(function(real) / meaning.scale + 0.5) + meaning.zero_point
        table = np.clip(table, meaning.low, meaning.high).astype(np.int16)
        self.add(Table(x=source.name, table=self.constant(table, f"{made}.table"), y=made,
                       low=source.meaning.low, bits=bits, dtype=dtype, quantization=meaning,
                       layer=layer))
        return made

    def dtype_of(self, name: str) -> str:
        """How an integer value that has been made is stored."""
        for op in reversed(self.ops):
            if name in op.outputs:
                dtype = getattr(op, "dtype", None)
                return str(dtype) if dtype else self.dtype_of(op.operands[0])
        return self.states[name].dtype

    def _quantized(self, name: str, made: str, meaning: Quantization, dtype: str) -> Integer:
        width = self.program.values[name].shape[-1]
        if name in self.program.constants:  # what the device would compute, once and for all
            integers = np.floor(self.program.constants[name].astype(np.float64) / meaning.scale
                                + 0.5) + meaning.zero_point
            made = self.constant(np.clip(integers, meaning.low, meaning.high).astype(dtype), made)
            return Integer(made, meaning, np.array([meaning.scale]), np.zeros(1))
        self.add(Quantize(
            x=name, factor=self.constant(np.full(width, 1 / meaning.scale, np.float32),
                                         f"{made}.factor"),
            offset=self.constant(np.full(width, meaning.zero_point, np.float32), f"{made}.offset"),
            y=made, dtype=dtype, low=meaning.low, high=meaning.high))
        return Integer(made, meaning, np.array([meaning.scale]), np.zeros(1))

    def _take_parts(self, parts: Parts) -> tuple[Op, ...]:
        """Quantises the observation as a whole, each element as its part wants it."""
        size = self.program.contract.observation_size
        # Of its readers, a value's bits do not depend on the one that is named.
        some = self.program.ops[0]
        tops = [self._integers_of(name, some, "int16") for name in parts.leaves]
        bottom, top = max(low for low, _ in tops), min(high for _, high in tops)
        factor, offset = np.zeros(size), np.zeros(size)
        for kind, names in parts.groups:
            for name in names:
                leaf = parts.leaves[name]
                if kind == "features":
                    low, high = self.calibration.features(name)
                    ratio = (top - bottom) / (high - low)
                    start = bottom - low * ratio
                else:
                    ratio = np.ones(1) if kind == "exact" else self._ratio(names, parts, top)
                    start = np.zeros(1)
                factor[leaf.elements] = ratio * leaf.scale
                offset[leaf.elements] = ratio * leaf.shift + start
        made = f"{self.program.input}.integer"
        rounded = factor.astype(np.float32), offset.astype(np.float32)
        self.add(Quantize(
            x=self.program.input, factor=self.constant(rounded[0], f"{made}.factor"),
            offset=self.constant(rounded[1], f"{made}.offset"), y=made, dtype="int16",
            low=bottom, high=top))
        factor, offset = (part.astype(np.float64) for part in rounded)
        integers = {self.program.input: made}
        for op in parts.ops:
            (source,) = (name for name in op.operands if name in integers)
            if isinstance(op, BatchNormalization):
                integers[op.y] = integers[source]
                continue
            self.add(replace(op, x=integers[source]))  # type: ignore[call-arg]
            integers |= {name: name for name in op.outputs}
        for kind, names in parts.groups:
            for name in names:
                self.integers[name] = self._leaf(
                    integers[name], parts.leaves[name], factor, offset,
                    Quantization(1.0, 0, bottom, top), kind)
        return parts.ops

    def _leaf(self, name: str, leaf: Leaf, factor: Array, offset: Array, meaning: Quantization,
              kind: str) -> Integer:
        """A leaf as the integer of its elements; factor and offset are those of the observation."""
        known = leaf.scale != 0  # a normaliser may have dropped a feature
        ratio = np.divide(factor[leaf.elements], leaf.scale, out=np.ones(len(known)), where=known)
        if kind == "features":
            zero = leaf.shift - offset[leaf.elements] / ratio
            return Integer(name, meaning, 1 / ratio, zero)
        largest = 1 / float(ratio[known].min()) if known.any() else 1.0
        return Integer(name, replace(meaning, scale=largest), np.array([largest]), np.zeros(1))

    def _ratio(self, names: Sequence[str], parts: Parts, top: int) -> Array:
        """Integers per unit of leaves that have one scale; of whole numbers, a power of two.

        Then what a camera or a game counts comes in exactly.
        """
        reach = 1e-6
        for name in names:
            low, high = self.calibration.features(name)
            reach = max(reach, -float(low.min()), float(high.max()))
        ratio = top / reach
        seen = self.calibration.samples.get(self.program.input)
        scales = np.concatenate([parts.leaves[name].scale for name in names])
        elements = np.concatenate([parts.leaves[name].elements for name in names])
        shifted = any(parts.leaves[name].shift.any() for name in names)
        first = float(scales[0])
        if (seen is not None and not shifted and first > 0 and (scales == first).all()
                and (seen[:, elements] == np.floor(seen[:, elements])).all()
                and ratio * first >= 1):
            ratio = 2.0 ** np.floor(np.log2(ratio * first)) / first
        return np.array([ratio])

    def _take_moves(self, name: str) -> list[Reshape | Transpose | Concat]:
        """Removes what only reorders a float value, to be done in integers instead.

        Then the observation itself is quantised, which is also what takes integers. Constants that
        are joined to it, such as the coordinates of its pixels, become integers, too.
        """
        moves: list[Reshape | Transpose | Concat] = []
        makers = {made: op for op in self.ops for made in op.outputs}
        while isinstance(maker := makers.get(name), Reshape | Transpose | Concat):
            readers = self._consumers[name] if moves else [
                op for op in self.ops if name in op.operands]
            if readers != moves[:1] or name in self.program.results or not self._moved(maker):
                break
            moves.insert(0, maker)
            name = self._moved(maker)
        if all(isinstance(op, Reshape) for op in moves):  # a reshape costs nothing
            return []
        self.ops = [op for op in self.ops if op not in moves]
        return moves

    def _moved(self, op: Reshape | Transpose | Concat) -> str:
        """The one input that is not constant; empty where there are several."""
        if not isinstance(op, Concat):
            return op.x
        computed = [name for name in op.xs if name not in self.program.constants]
        return computed[0] if len(computed) == 1 else ""

    # How many bits.

    def _integers_of(self, name: str, maker: Op | None, dtype: str) -> tuple[int, int]:
        """Smallest and largest integer of a value, so that all its readers can be proved."""
        bits = 8 if dtype == "int8" else min(
            scheme.activation_bits for scheme in self._schemes(name, maker))
        for op, weight, read in self._readers(name):
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

    def _schemes(self, name: str, maker: Op | None) -> list[Scheme]:
        """Of the layers that multiply a value; where there is none, of the one that makes it."""
        return ([self.scheme_of(op) for op, *_ in self._readers(name)]
                or [self.scheme_of(maker)])

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
            for op in self._consumers.get(value, []):
                rule = RULES.get(type(op))
                if isinstance(op, Concat) and op.y in self.columns:
                    ahead.append(op.y)
                elif rule is not None:
                    found += [(op, weight, value) for weight in rule.matrices(op, value)]
                    ahead += op.outputs if rule.moves else ()
            names += [other for other in ahead if other not in seen]
            seen.update(ahead)
        return found

    def _joins(self) -> dict[str, Array]:
        """What joins parts that only matrices read, by name, with the size of each column."""
        makers = self.program.producers()

        def of_a_layer(name: str, reader: Op) -> bool:
            if name in self.program.results or self._consumers[name] != [reader]:
                return False
            maker = makers.get(name)
            return isinstance(maker, Gemm) or (
                isinstance(maker, Unary) and of_a_layer(maker.x, maker))

        return {
            op.y: np.concatenate([
                np.full(self.program.values[name].shape[-1],
                        max(*map(abs, self.calibration.bounds(name)), 1e-30)) for name in op.xs])
            for op in self.program.ops
            if isinstance(op, Concat) and op.axis == len(self.program.values[op.y].shape) - 1
            and op.y not in self.program.results and op.y in self._consumers
            and all(reads_as_matrix(reader, op.y, self.program)
                    for reader in self._consumers[op.y])
            and all(of_a_layer(name, op) for name in op.xs)}

    def _made_states(self) -> dict[str, list[State]]:
        """States by the value that is carried on to them, before and after it is reshaped."""
        maker = {name: op for op in self.program.ops for name in op.outputs}
        found: dict[str, list[State]] = {}
        for state in self.program.states:
            name = state.output
            found.setdefault(name, []).append(state)
            while isinstance(op := maker.get(name), Reshape):
                name = op.x
                found.setdefault(name, []).append(state)
        return found

    def _finish(self) -> Program:
        program = self.program
        states = tuple(replace(state, initial=self._initial(state))
                       for state in (*map(self._carried, program.states), *self.twins))
        return program.with_ops(
            self.ops, {**program.constants, **self.constants}, states=states,
            values={**program.values, **self.states})

    def _carried(self, state: State) -> State:
        """With a successor that is quantised and stored as the state is."""
        stored = self.states[state.input]
        assert stored.quantization is not None
        finer = next((self.finer[name] for name, states in self._states_of.items()
                      if state in states and name in self.finer), "")
        if finer and self.integers[finer].meaning == stored.quantization:
            made = f"{finer}.carried"
            self.add(Reshape(x=finer, y=made, shape=stored.shape))
            return replace(state, output=made)
        return replace(state, output=self.converted(
            state.output, stored.quantization, stored.dtype, f"{state.output}.carried", ""))

    def _initial(self, state: State) -> Array:
        stored = self.states[state.input]
        meaning = stored.quantization
        assert meaning is not None
        integers = np.floor(state.initial / meaning.scale + 0.5) + meaning.zero_point
        return np.asarray(np.clip(integers, meaning.low, meaning.high), stored.dtype)


def quantize(program: Program, calibration: Calibration, scheme: Scheme,
             layers: Mapping[str, Scheme] | None = None) -> Program:
    """The integer Program of an optimised float one (see ``passes.optimize``).

    Where an observation of several parts can be taken apart in integers, it is.

    Args:
        program: with ReLU fused and nothing else.
        calibration: see :func:`calibration.calibrate`.
        scheme: of all layers but
        layers: those named here.

    Raises:
        UnsupportedError: an op has no integer form, or a layer's sums cannot be proved.
    """
    parts = None if read_by_one_layer(program) else find_parts(program)
    if parts is not None:
        try:
            return Quantizer(program, calibration, scheme, layers or {}, parts).run()
        except UnsupportedError:  # in float, then; what is wrong otherwise is told there
            pass
    return Quantizer(program, calibration, scheme, layers or {}).run()
