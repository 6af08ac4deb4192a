# SPDX-License-Identifier: MIT
"""The same integer Program with an observation in integers: what a sensor counts goes in.

An integer Program takes float observations and quantises them first. Here that step is replaced by
one in integers, so that nothing of the Program touches a floating-point number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.ir import ActionMask, Contract, Op, Program, Value
from puffer_edge.ir.observed import parts_of_observation
from puffer_edge.ir.ops import Flags, Rescale
from puffer_edge.ir.requantization import LIMIT
from puffer_edge.quantization.quantize import rule_of
from puffer_edge.quantization.rule import Movement
from puffer_edge.readers.text import printable

Counts = Mapping[str, tuple[float, float]]
"""Scale and offset of the integers of each field of the observation: real = integer * scale +
offset. The empty name stands for all fields that are not named."""


@dataclass(frozen=True)
class IntegerInput:
    """An integer Program that takes integers.

    Attributes:
        program: the Program; its first ops are those in ``taken``.
        scale, offset: [n] float64: observation = integer * scale + offset.
        replaced: the ops of the Program with a float observation that have no place here.
        slices: what comes in their place: these, where parts of the observation are read,
        rescale: what takes the integers in, and
        flags: what takes a mask in, where there is one.
    """

    program: Program
    scale: Array
    offset: Array
    replaced: tuple[Op, ...]
    slices: tuple[Op, ...]
    rescale: Rescale
    flags: Flags | None = None

    @property
    def taken(self) -> tuple[Op, ...]:
        """All that comes in place of the ops that are replaced, in order."""
        return (*self.slices, self.rescale, *([self.flags] if self.flags else []))


def integer_input(program: Program, counts: Counts | None = None) -> IntegerInput | None:
    """The Program with an observation in integers.

    Args:
        program: in integers, with a float observation.
        counts: what the integers count, int16; by default they are those of the first layer.

    Returns:
        None where anything but scaling and clipping is done to the observation in float.

    Raises:
        UsageError: the counts name a field that is not there, leave one out, or have no good scale.
        UnsupportedError: there are counts, but no Program that could take them.
    """
    factors = _factors(program.contract, counts) if counts else None
    chain = _chain(program)
    if isinstance(chain, str):
        if factors is not None:
            raise float_prelude(program, "export it without --counts")
        return None
    y = chain[-1].outputs[0]
    into = program.values[y]
    assert into.quantization is not None
    scale, offset, rows = _rows(program, chain, factors)
    path = _mask_path(program)
    mask = _counted(program.contract.mask, scale, offset, _part(program, chain))
    slices = [op for op in (*chain, *path) if rule_of(op).movement is Movement.SELECT]

    def source(ops: Sequence[Op]) -> str:
        return next((op.outputs[0] for op in ops if op in slices), program.input)

    name = f"{y}.factors"
    rescale = Rescale(x=source(chain), factors=name, y=y, dtype=into.dtype,
                      low=into.quantization.low, high=into.quantization.high,
                      layer=chain[-1].layer)
    flags = None
    if path:
        assert mask is not None
        flags = Flags(x=source(path), y=path[-1].outputs[0], limits=mask.limits,
                      layer=path[-1].layer)
    ops = [op for op in program.ops if op not in chain and op not in path]
    # Without slices the observation has the shape that the first layer wants.
    shape = program.values[program.input].shape if slices else into.shape
    dtype = "int16" if factors else into.dtype
    made = program.with_ops(
        [*slices, rescale, *([flags] if flags else []), *ops],
        {**program.constants, name: rows.astype(np.int32)},
        contract=replace(program.contract, mask=mask),
        values={**program.values, program.input: Value(program.input, shape, dtype)})
    return IntegerInput(made, scale, offset, (*chain, *path), tuple(slices), rescale, flags)


def _rows(program: Program, chain: tuple[Op, ...], factors: tuple[Array, Array] | None
          ) -> tuple[Array, Array, Array]:
    """Scale and offset of the integers that come in, [n], and how they are rescaled, [K, 5].

    Without factors they are those of the first layer, and are only clamped.
    """
    ratio, start, low, high = _affine(program, chain)
    part, size = _part(program, chain), program.contract.observation_size
    if factors is None:
        known = ratio != 0  # a normaliser may have dropped a feature
        scale, offset = np.ones(size), np.zeros(size)
        scale[part] = np.divide(1, ratio, out=np.zeros_like(ratio), where=known)
        offset[part] = -start * scale[part]
        rows = np.stack([np.ones_like(low), 0 * low, 0 * low, low, high], 1)
    else:
        scale, offset = factors
        rows = np.array([
            [*_multiplier(float(r), float(b), (bottom + top) / 2), bottom, top]
            for r, b, bottom, top
            in zip(ratio * scale[part], ratio * offset[part] + start, low, high, strict=True)],
            np.int64)
    return scale, offset, rows[:1] if (rows == rows[0]).all() else rows


def _counted(mask: ActionMask | None, scale: Array, offset: Array, part: slice
             ) -> ActionMask | None:
    """A mask with its limits in integers; as it is where only the mask is read."""
    if mask is None:
        return None
    for i in range(mask.part.start, mask.part.stop):
        if scale[i] == 0 or not part.start <= i < part.stop:
            scale[i], offset[i] = 1, 0
    return replace(mask, limits=_limits(scale[mask.part], offset[mask.part]))


def _mask_path(program: Program) -> tuple[Op, ...]:
    """From the observation to the flags of its mask; nothing where they are made otherwise."""
    producers = program.producers()
    for op in program.ops:
        path: list[Op] = [op]
        if rule_of(op).flags:
            while (before := producers.get(path[0].operands[0])) and _picks(before):
                path.insert(0, before)
            if path[0].operands[0] == program.input:
                return tuple(path)
    return ()


def _picks(op: Op) -> bool:
    return rule_of(op).movement in (Movement.RESHAPE, Movement.SELECT)


def _part(program: Program, chain: Sequence[Op]) -> slice:
    """The elements of the observation that the first layer reads."""
    places = np.arange(program.contract.observation_size).reshape(
        program.values[program.input].shape)
    for op in chain:
        if _picks(op):
            (places,) = op.evaluate([places])
    return slice(int(places.min()), int(places.max()) + 1)


def _limits(scale: Array, offset: Array) -> tuple[float, ...]:
    """Integers of an observation from which on an element of the mask counts as 1."""
    if (scale <= 0).any():
        raise UnsupportedError("a mask is counted with a negative scale",
                               hint="give its field --counts FIELD=1:0")
    return tuple(float(limit) for limit in np.ceil((0.5 - offset) / scale))


def float_prelude(program: Program, otherwise: str) -> UnsupportedError:
    """The error for a Program that :func:`integer_input` gives nothing for.

    Args:
        program: in integers, with a float observation.
        otherwise: what the user may do with the policy as it is.
    """
    what = _chain(program)
    assert isinstance(what, str)
    return UnsupportedError(
        "this policy computes with the observation in float before its first layer in integers: "
        f"{what}",
        hint="let the caller compute that and give the policy what comes out of it (a module that "
             f"begins there, exported by itself), or {otherwise}")


def out_of_range(program: Program, observations: Array) -> npt.NDArray[np.bool_] | None:
    """Steps of which a feature is clamped when it is quantised, or clipped before; [T].

    Args:
        program: in integers, with a float observation.
        observations: [T, n].

    Returns:
        None where something else than scaling and clipping comes before.
    """
    chain = _chain(program)
    if isinstance(chain, str):
        return None
    ratio, start, low, high = _affine(program, chain)
    integers = observations[:, _part(program, chain)].astype(np.float64) * ratio + start
    return np.asarray(((integers < low - 0.5) | (integers > high + 0.5)).any(1))


def _chain(program: Program) -> tuple[Op, ...] | str:
    """What is done to the observation until it is quantised, one op after another.

    Where anything else is done to it, in words.
    """
    path, observed = _mask_path(program), parts_of_observation(program)
    readers = {name: [op for op in ops if op not in path]
               for name, ops in program.consumers().items()}
    value, chain = program.input, list[Op]()
    while value not in program.results and len(readers.get(value, [])) == 1:
        (op,) = readers[value]
        chain.append(op)
        if program.values[op.outputs[0]].quantization is not None:
            return tuple(chain)
        known = rule_of(op)
        function = known.function(op)
        clips = function is not None and function.function == "clip"
        if not (clips or known.affine(op, program) is not None
                or known.movement is Movement.RESHAPE or op.outputs[0] in observed):
            return _described(op)
        value = op.outputs[0]
    if value in program.results or value not in readers:
        return f"{printable(value)} is given out or remembered as it is"
    return ("it is read in several places, " + ", ".join(
        _described(op) for op in readers[value][:4]))


def _described(op: Op) -> str:
    """An op by its layer, if it has a name, and by what it makes."""
    function = rule_of(op).function(op)
    kind = type(op).__name__ if function is None else function.function
    layer = f" of the layer {printable(op.layer)}" if op.layer else ""
    return f"{kind}{layer} makes the tensor {printable(op.outputs[0])}"


def _affine(program: Program, chain: tuple[Op, ...]) -> tuple[Array, Array, Array, Array]:
    """Integers per unit, the integer of 0, and limits, of what the first layer reads."""
    part = _part(program, chain)
    size = part.stop - part.start
    ratio, start = np.ones(size), np.zeros(size)
    low, high = np.full(size, -np.inf), np.full(size, np.inf)
    for op in chain:
        if (function := rule_of(op).function(op)) is not None:
            bottom, top = function.parameters
            low, high = (np.clip(side, bottom, top) for side in (low, high))
        elif (affine := rule_of(op).affine(op, program)) is not None:
            shape = program.values[op.inputs[0]].shape
            scale, shift = (np.broadcast_to(side, shape).reshape(-1) for side in affine)
            ratio, start = ratio * scale, start * scale + shift
            ends = [np.where(scale == 0, shift, end * np.where(scale == 0, 1, scale) + shift)
                    for end in (low, high)]
            low, high = np.minimum(*ends), np.maximum(*ends)
    last = program.values[chain[-1].outputs[0]].quantization
    assert last is not None
    low, high = (np.clip(np.floor(side + 0.5), last.low, last.high).astype(np.int64)
                 for side in (low, high))
    return ratio, start, low, high


def _multiplier(ratio: float, start: float, middle: float) -> tuple[int, int, int]:
    """Multiplier, bias and shift for ``integer = count * ratio + start``, rounded half up.

    The largest shift for which every int16 stays in 31 bits, so the ratio is kept to 2^-13 or
    better. What rounding does to it is made up for at the integer ``middle``, so that large counts
    that hardly change lose nothing.

    Raises:
        UsageError: there is none: one count is worth more than all integers of the layer.
    """
    count = float(np.clip((middle - start) / ratio, -(2**15), 2**15 - 1)) if ratio else 0.0
    for shift in range(29, -1, -1):
        multiplier = np.floor(ratio * 2.0**shift + 0.5)
        lost = (ratio * 2.0**shift - multiplier) * count
        bias = np.floor(start * 2.0**shift + lost + 0.5) + (1 << shift >> 1)
        if 2.0**15 * abs(multiplier) + abs(bias) <= LIMIT:
            return int(multiplier), int(bias), shift
    raise UsageError(
        "one count is worth more than the policy has ever seen",
        hint="check the scale and the offset: observation = count * scale + offset")


def _factors(contract: Contract, counts: Counts) -> tuple[Array, Array]:
    """Scale and offset of every feature."""
    known = {field.name for field in contract.observation}
    if unknown := set(counts) - known - {""}:
        raise UsageError(f"the observation has no field {sorted(unknown)[0]!r}",
                         hint=f"its fields are {', '.join(sorted(known))}")
    pairs = []
    for field in contract.observation:
        pair = counts.get(field.name, counts.get(""))
        if pair is None:
            raise UsageError(f"the field {field.name!r} has no count",
                             hint=f"give --counts {field.name}=SCALE:OFFSET, too")
        if not np.isfinite(pair).all() or pair[0] == 0:
            raise UsageError(f"counts of {field.name!r} cannot have the scale {pair[0]:g} and the "
                             f"offset {pair[1]:g}", hint="both finite, and the scale not 0")
        pairs += [pair] * field.size
    scale, offset = np.array(pairs, np.float64).T
    return scale, offset

