# SPDX-License-Identifier: MIT
"""A log of a black box, which a stranger may have sent: sound records, and every damage by name."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.blackbox.image import LARGEST, Image, image_of, words_of
from puffer_edge.blackbox.layout import (
    FAILED,
    FIXED,
    FRESH,
    HEAD,
    INTEGERS,
    UNTAKEN,
    VERSION,
    Form,
    Layout,
    Part,
    words,
)
from puffer_edge.errors import FileFormatError
from puffer_edge.ir import Status
from puffer_edge.readers.regular_file import read_file

STATUSES = {**{int(status): status.name for status in Status},
            UNTAKEN: "not taken, by its shield", FAILED: "not OK, told by its shield"}
"""What a record may say of its step."""
ANOTHER = "give the directory that the firmware was built from; `puffer-edge export` writes it"


@dataclass(frozen=True)
class Record:
    """One step, as the device took it.

    Attributes:
        sequence: its number, from 1.
        time: microseconds by the device's clock, which wraps at 2^32.
        fresh: the policy was reset before it.
        integers: it is a step from integers.
        status: what it returned, a number of ``STATUSES``.
        faults: that a shield found, as bits.
        observation: as it came in.
        outputs: raw, by name; zeros where the status is not OK.
        action: by part, as the policy gave it.
        applied: by part, as the plant got it.
    """

    sequence: int
    time: int
    fresh: bool
    integers: bool
    status: int
    faults: int
    observation: Array
    outputs: dict[str, Array]
    action: dict[str, Array]
    applied: dict[str, Array]


@dataclass(frozen=True)
class Log:
    """What a file holds; iterating gives its sound records, by their sequence.

    Attributes:
        sequences: of the records.
        states: of the policy before the step of that sequence, by sequence.
        damages: what is damaged or missing, each with its place.
        integers_only: the firmware was built so.
        record: gives the record of a sequence.
    """

    sequences: tuple[int, ...]
    states: dict[int, tuple[Array, ...]]
    damages: tuple[str, ...]
    integers_only: bool
    record: Callable[[int], Record]

    def __iter__(self) -> Iterator[Record]:
        return map(self.record, self.sequences)


def read_log(path: Path, layout: Layout) -> Log:
    """The log in a file.

    Raises:
        FileFormatError: the file holds no log, or one of another policy, contract or size.
    """
    return log_of(read_file(path, LARGEST), layout, str(path))


def log_of(content: bytes, layout: Layout, where: str = "") -> Log:
    """The log in some bytes; see :func:`read_log`."""
    image = image_of(content, where)
    return _Reader(image, layout, _build(image, layout, where)).read()


def _build(image: Image, layout: Layout, where: str) -> bool:
    """Whether the firmware was built for integers only, once all of the head is that of the policy.

    Raises:
        FileFormatError: it is not.
    """
    found = image.head
    kinds = [dict(zip(HEAD, layout.head(only), strict=False))
             for only in ((False, True) if layout.integers else (False,))]
    if found["version"] != VERSION:
        raise FileFormatError(f"the log has the format {found['version']}, known is {VERSION}",
                              where=where, hint="take the puffer-edge that the firmware is of")
    if any(found[word] != kinds[0][word] for word in ("policy", "policy_rest")):
        raise FileFormatError(
            f"the log is of another policy: {found['policy']:08x}{found['policy_rest']:08x}, the "
            f"directory holds {layout.identity.hex()[:16]}", where=where, hint=ANOTHER)
    if found["contract"] != kinds[0]["contract"]:
        raise FileFormatError("the log is of a build with another robot's contract", where=where,
                              hint=ANOTHER)
    for only, kind in enumerate(kinds):
        if list(kind.values()) == [found[word] for word in HEAD[:FIXED]]:
            return bool(only)
    wrong = next(word for word in HEAD[:FIXED] if found[word] != kinds[0][word])
    raise FileFormatError(
        f"the log's head says {found[wrong]} for {wrong!r}, the directory's box has "
        f"{kinds[0][wrong]}", where=where, hint=ANOTHER)


class _Reader:
    """Reads the blocks of one image."""

    def __init__(self, image: Image, layout: Layout, only: bool) -> None:
        self.image, self.layout, self.only = image, layout, only
        self.places: dict[int, int] = {}
        self.states: dict[int, tuple[Array, ...]] = {}
        self.damages = list(image.damages)
        self.block = 4 * layout.block_words(only)
        self.record = 4 * layout.record_words(only)
        self.start = 4 * len(HEAD)
        self.next = image.head["next"]

    def read(self) -> Log:
        layout = self.layout
        slots = layout.steps
        written = (self.next - 1 if 0 < self.next <= slots else slots)
        for slot in range(slots):
            block, row = divmod(slot, layout.every)
            place = self.start + block * self.block
            first = place + self.block - layout.every * self.record
            if (first if row else place) + row * self.record >= len(self.image.memory):
                if slot < written:
                    self.damages.append(f"{self._named(slot)} and the {written - slot - 1} behind "
                                        "it did not come: the log is cut")
                break
            if layout.states and row == 0:
                self._state(slot, place, written)
            self._record(slot, first + row * self.record, written)
        self._order()
        return Log(tuple(sorted(self.places)), self.states, tuple(self.damages), self.only,
                   self._taken)

    def _part(self, place: int, size: int, slot: int, written: int, what: str) -> bytes:
        """The bytes of a record or state; none where it was never written, or is damaged."""
        if self.image.lacks(place, size):
            if slot < written:
                self.damages.append(f"{what} did not come: the log is cut")
            return b""
        found = self.image.memory[place:place + size]
        if not any(found):
            if slot < written:
                self.damages.append(f"{what} is empty")
            return b""
        if zlib.crc32(found[:-4]) != int.from_bytes(found[-4:], self._order_name):  # type: ignore[arg-type]
            self.damages.append(f"{what} is damaged: its checksum is another" + (
                "; the box was writing it when it ended"
                if slot == (self.next - 1) % self.layout.steps else ""))
            return b""
        return found

    @property
    def _order_name(self) -> str:
        return "little" if self.image.order == "<" else "big"

    def _named(self, slot: int) -> str:
        """A record by the step that should lie there."""
        steps = self.layout.steps
        if self.next < 1:
            return f"the record in slot {slot}"
        last = self.next - 1
        sequence = last - (last - 1 - slot) % steps
        return f"the record of step {sequence} (slot {slot})" if sequence > 0 else (
            f"the record in slot {slot}")

    def _record(self, slot: int, place: int, written: int) -> None:
        what = self._named(slot)
        found = self._part(place, self.record, slot, written, what)
        if not found:
            return
        sequence, _, flags = self._words(found[:12])
        known = flags & 0xFFFF & ~(FRESH | INTEGERS)
        if sequence == 0 or (sequence - 1) % self.layout.steps != slot:
            self.damages.append(f"{what} says that it is of step {sequence}, which lies elsewhere")
        elif known not in STATUSES or self._form(flags) is None:
            self.damages.append(f"{what} has flags that no policy of this kind writes: {flags:#x}")
        else:
            self.places[sequence] = place

    def _taken(self, sequence: int) -> Record:
        place = self.places[sequence]
        found = self.image.memory[place:place + self.record]
        _, time, flags = self._words(found[:12])
        form = self._form(flags)
        assert form is not None  # see _record
        layout, only = self.layout, self.only
        observation = 12
        outputs = observation + 4 * layout.observation_words(only)
        action = outputs + 4 * words(layout.outputs)
        applied = action + 4 * layout.action_words(only)
        return Record(
            sequence, time, bool(flags & FRESH), bool(flags & INTEGERS), flags & 0xFF, flags >> 16,
            self._numbers(found, observation, (form.observation,))[form.observation.name],
            self._numbers(found, outputs, layout.outputs),
            self._numbers(found, action, form.action), self._numbers(found, applied, form.action))

    def _form(self, flags: int) -> Form | None:
        if flags & INTEGERS:
            return self.layout.integers
        return None if self.only else self.layout.floats

    def _state(self, slot: int, place: int, written: int) -> None:
        size = 4 * (words(self.layout.states) + 2)
        what = self._named(slot).replace("the record of", "the state before")
        found = self._part(place, size, slot, written, what)
        if not found:
            return
        sequence = self._words(found[:4])[0]
        if sequence == 0 or (sequence - 1) % self.layout.steps != slot:
            self.damages.append(f"{what} says that it is of step {sequence}, which lies elsewhere")
            return
        numbers = tuple(self._numbers(found, 4, self.layout.states).values())
        if not all(part.holds(array)
                   for part, array in zip(self.layout.states, numbers, strict=True)):
            self.damages.append(f"{what} holds numbers that the policy never remembers")
            return
        self.states[sequence] = numbers

    def _numbers(self, found: bytes, at: int, parts: tuple[Part, ...]) -> dict[str, Array]:
        numbers: dict[str, Array] = {}
        for part in parts:
            dtype = np.dtype(part.dtype).newbyteorder(self.image.order)  # type: ignore[arg-type]
            array: Any = np.frombuffer(found, dtype, part.size, at)
            numbers[part.name] = array.astype(part.dtype)
            at += 4 * part.words
        return numbers

    def _words(self, found: bytes) -> list[int]:
        return words_of(found, self.image.order)

    def _order(self) -> None:
        """Old records that lie where newer ones should be are no part of the log."""
        if not self.places:
            return
        last = max(self.places)
        for sequence in sorted(self.places):
            if sequence <= last - self.layout.steps:
                self.damages.append(f"the record of step {sequence} lies where a newer one should "
                                    f"be: the last is {last}")
                del self.places[sequence]
        self.states = {sequence: state for sequence, state in self.states.items()
                       if last - self.layout.steps < sequence <= last + 1}
