# SPDX-License-Identifier: MIT
"""How a black box lies in memory: for the exporter, which makes C of it, and for who reads a log.

A box is a head of words, then blocks. A block of a policy with memory is its state before the
block's first step and ``every`` records; of one without, it is one record. Everything is in words
of four bytes in the byte order of the device, parts of other types filled with zeros.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.artefact import program_file
from puffer_edge.errors import UsageError
from puffer_edge.ir import Discrete, Program, Value

MAGIC = 0x474C4550
"""PELG, as a little-endian device has it."""
VERSION = 1
HEAD = ("magic", "version", "policy", "policy_rest", "contract", "steps", "every", "states",
        "observation", "outputs", "action", "record", "crc", "next", "fresh")
"""The words before the records: what the policy is, and sizes in words; the CRC-32 of those before
it; the number of the next record, and whether it is the first after a reset, which change."""
FIXED = HEAD.index("crc")
RECORD = 4
"""Words of a record beside its parts: sequence, time, flags, CRC."""
FRESH, INTEGERS = 1 << 8, 1 << 9
"""Flags above the status: the policy was reset before the step; observation and action are those
of the step from integers."""
UNTAKEN, FAILED = 254, 255
"""In place of a status, behind a shield: it did not let the policy take the step; or the policy
took it, and gave a status that is not OK."""
MOST = 1 << 24
"""Steps that a box may hold."""
EVERY = 16
"""Steps from one state to the next by default."""


@dataclass(frozen=True)
class Size:
    """How many steps a box holds at least, and after how many a state is kept."""

    steps: int
    every: int = EVERY

    def __post_init__(self) -> None:
        if not (1 <= self.steps <= MOST and 1 <= self.every <= self.steps):
            raise UsageError(f"a black box of {self.steps} steps with a state every {self.every}",
                             hint=f"1 to {MOST} steps, and a state at least once in them")


def asked_for(steps: int | tuple[int, int]) -> Size | None:
    """The size that a user gave: steps, or steps and after how many a state is kept; 0 for none."""
    if isinstance(steps, int):
        return Size(steps, max(1, min(EVERY, steps))) if steps else None
    if not (isinstance(steps, tuple | list) and len(steps) == 2
            and all(isinstance(number, int) for number in steps)):
        raise UsageError(f"a black box of {steps!r:.60}", hint="give steps, or (steps, every)")
    return Size(*steps)


@dataclass(frozen=True)
class Part:
    """Some numbers of one type, which begin at a word.

    Attributes:
        name: of them.
        dtype: of each.
        size: how many.
        low, high: what occurs among integers; anything where both are 0.
    """

    name: str
    dtype: str
    size: int
    low: int = 0
    high: int = 0

    @property
    def words(self) -> int:
        """What it takes."""
        return -(-self.size * np.dtype(self.dtype).itemsize // 4)

    def holds(self, numbers: Array) -> bool:
        """Whether numbers are finite, and in the range."""
        if np.issubdtype(numbers.dtype, np.floating):
            return bool(np.isfinite(numbers).all())
        return self.low == self.high or bool(
            ((numbers >= self.low) & (numbers <= self.high)).all())


@dataclass(frozen=True)
class Form:
    """What a record holds: of a step from floats, or of one from integers."""

    observation: Part
    action: tuple[Part, ...]


@dataclass(frozen=True)
class Layout:
    """A black box of one policy.

    Attributes:
        identity: SHA-256 of the stored Program.
        contract: first 32 bits of the hash of the robot's contract, or 0.
        size: what was asked for.
        floats: what a step from floats has.
        integers: what a step from integers has, if there is one.
        outputs: raw, alike in both.
        states: what the policy remembers.
    """

    identity: bytes
    contract: int
    size: Size
    floats: Form
    integers: Form | None
    outputs: tuple[Part, ...]
    states: tuple[Part, ...]

    @property
    def every(self) -> int:
        """Records of a block."""
        return self.size.every if self.states else 1

    @property
    def steps(self) -> int:
        """Records of the box: of the oldest block, only those that are left have no state."""
        return -(-(self.size.steps + self.every - 1) // self.every) * self.every

    def forms(self, integers_only: bool) -> tuple[Form, ...]:
        """Those that a build can record."""
        given = (self.integers,) if integers_only else (self.floats, self.integers)
        return tuple(form for form in given if form is not None)

    def observation_words(self, integers_only: bool) -> int:
        """Room for an observation."""
        return max(form.observation.words for form in self.forms(integers_only))

    def action_words(self, integers_only: bool) -> int:
        """Room for an action."""
        return max(words(form.action) for form in self.forms(integers_only))

    def record_words(self, integers_only: bool) -> int:
        """A record."""
        return (RECORD + self.observation_words(integers_only) + words(self.outputs)
                + 2 * self.action_words(integers_only))

    def block_words(self, integers_only: bool) -> int:
        """A block: sequence, state and its CRC come before the records."""
        state = words(self.states) + 2 if self.states else 0
        return state + self.every * self.record_words(integers_only)

    def head(self, integers_only: bool) -> tuple[int, ...]:
        """The words that never change, without their CRC."""
        first, rest = np.frombuffer(self.identity[:8], ">u4").tolist()
        return (MAGIC, VERSION, first, rest, self.contract, self.steps, self.every,
                words(self.states), self.observation_words(integers_only), words(self.outputs),
                self.action_words(integers_only), self.record_words(integers_only))

    def bytes(self, integers_only: bool) -> int:
        """All of it."""
        return 4 * (len(HEAD) + self.steps // self.every * self.block_words(integers_only))


def words(parts: tuple[Part, ...]) -> int:
    """What several parts take."""
    return sum(part.words for part in parts)


def layout_of(program: Program, size: Size, integers: Program | None = None, contract: str = "",
              ) -> Layout:
    """The layout of a policy's black box.

    Args:
        program: the policy.
        size: of the box.
        integers: the same policy with an observation in integers, if it has one.
        contract: hash of the robot's contract, if there is one.
    """
    values = program.values
    return Layout(
        hashlib.sha256(program_file.to_bytes(program)).digest(),
        int(contract[:8], 16) if contract else 0, size, _form(program, False),
        None if integers is None else _form(integers, True),
        tuple(Part(name, values[value].dtype, values[value].size) for name, value
              in zip(program.output_names, program.outputs, strict=True)),
        tuple(_state(f"state_{i}", values[state.input])
              for i, state in enumerate(program.states)))


def _state(name: str, value: Value) -> Part:
    known = value.quantization
    return Part(name, value.dtype, value.size, *((known.low, known.high) if known else ()))


def _form(program: Program, integers: bool) -> Form:
    taken = program.values[program.input]
    action = []
    for index, (name, head) in enumerate(program.contract.heads.items()):
        if isinstance(head, Discrete):
            action.append(Part(name, "int32", len(head.sizes)))
        else:
            dtype = program.values[program.outputs[index]].dtype if integers else "float32"
            action.append(Part(name, dtype, head.size))
    return Form(Part("observation", taken.dtype, taken.size), tuple(action))
