# SPDX-License-Identifier: MIT
"""SharedBuffer: observations from the process that reads sensors to the one that infers, no copy.

Three slots of one array each: the newest, the one that the reader holds, the one that is being
written. Nobody waits: the writer takes a slot that is neither the newest nor held, the reader holds
the newest. Both announce the slot before they look at what the other has announced, with a memory
barrier between (Dekker 1965), so that never both have the same. A half-written slot of a writer
that died was never published, so nobody reads it.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from contextlib import suppress
from math import prod
from threading import Lock
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, StaleError, UsageError
from puffer_edge.runtimes import shared_segment
from puffer_edge.runtimes.shared_segment import Segment

SLOTS = 3
NOBODY = -1
LAST = (1 << 63) - 1
TRIES = 10_000
"""Rounds of announcing a slot and looking at the other side's announcement. Each further round
needs a further exchange of the other side in between, so that a sound one never needs many."""
HASH = re.compile("[0-9a-f]{64}")
ALIGNMENT = 64
"""Bytes: a cache line, and what vector loads like."""

# Words of 32 bits, which even processors of 32 bits write in one piece.
LATEST, HELD, CLAIMED, OWNER, WRITER, READER = range(6)
_CONTROL = np.dtype({"names": ["magic", "layout", "contract", "words", "sequence", "time"],
                     "formats": ["S8", "S16", (np.uint8, 32), (np.int32, 6), (np.int64, SLOTS),
                                 (np.int64, SLOTS)],
                     "offsets": [0, 8, 24, 64, 128, 192], "itemsize": 256})
_MAGIC = b"PESHARE2"


class SharedBuffer:
    """One array per exchange, from one writing to one reading process; the newest wins.

    Make it with :meth:`create` in one process and :meth:`attach` in the other; either may write. A
    context manager that closes it. Use one thread per side.

    Attributes:
        name: by which the other process finds it.
        shape: of the array; for many environments [lanes, n].
        dtype: of the array, structured ones included (``SpaceTree.dtype``).
        sequence: number of the exchange that was read last, from 1; 0 before the first. Numbers
            that are missing were overwritten unread.
    """

    def __init__(self, segment: Segment, name: str, shape: tuple[int, ...], dtype: Any) -> None:
        """Use :meth:`create` or :meth:`attach`."""
        self.name, self.shape, self.dtype = name, shape, np.dtype(dtype)
        self.sequence = 0
        self._segment: Segment | None = segment
        self._fence = Lock()
        self._process = os.getpid()
        self._writing = NOBODY
        self._roles: set[int] = set()
        control = _control(segment)
        # Element by element, views of memory are several times faster than arrays.
        self._words, self._sequences, self._times = (
            control[part].data for part in ("words", "sequence", "time"))
        step = _step(shape, self.dtype)
        self._slots: list[Array] = [
            _bytes(segment)[first : first + step][:_size(shape, self.dtype)]
            .view(self.dtype).reshape(shape)
            for first in range(_CONTROL.itemsize, _CONTROL.itemsize + SLOTS * step, step)]
        self._views = [slot.view() for slot in self._slots]
        for view in self._views:
            view.flags.writeable = False

    @classmethod
    def create(cls, name: str | None, shape: tuple[int, ...],
               dtype: npt.DTypeLike = np.float32, contract: str = "") -> SharedBuffer:
        """A new buffer; one of that name whose maker has died is replaced.

        Args:
            name: fixed, so that both sides know it; None for a random one, which nobody can
                take first: tell the other process what :attr:`name` is.
            shape: of the array.
            dtype: of the array.
            contract: hash of the robot's contract that the numbers are of, as
                ``Policy.robot`` has it; empty where there is none. Who attaches says the same.

        Raises:
            UsageError: the name, the array or the hash is impossible, or the name is taken.
            OutputError: there is not enough memory.
        """
        kind, said = _kind(shape, dtype), _contract(contract)
        size = _length(shape, kind)
        if name is None:
            name = f"pe_{secrets.token_hex(8)}"
        _bury(name)
        segment = shared_segment.create(name, size)
        control = _control(segment)
        control["words"] = NOBODY
        control["words"][OWNER] = os.getpid()
        control["layout"] = _layout(shape, kind)
        control["contract"] = said
        control["magic"] = _MAGIC  # last: nobody attaches to what is not whole
        return cls(segment, name, shape, kind)

    @classmethod
    def attach(cls, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike = np.float32,
               contract: str = "") -> SharedBuffer:
        """The buffer of that name; all must be as it was created.

        Raises:
            UsageError: there is none, or its arrays are others, or another contract's.
        """
        kind, said = _kind(shape, dtype), _contract(contract)
        segment = shared_segment.attach(name)
        if (not _ours(segment) or _control(segment)["layout"] != _layout(shape, kind)
                or segment.size < _length(shape, kind)):
            shared_segment.close(segment)
            raise UsageError(f"the shared buffer {name!r} holds no arrays {list(shape)} of {kind}",
                             hint="create and attach with the same shape and dtype")
        if (theirs := bytes(_control(segment)["contract"])) != said.tobytes():
            shared_segment.close(segment)
            raise UsageError(f"the shared buffer {name!r} is for {_called(theirs)}, and this is "
                             f"{_called(said.tobytes())}", hint="export the policy for the "
                             "contract by which the other process packs, or start that one anew")
        return cls(segment, name, shape, kind)

    def slot(self) -> Array:
        """The array to write into, all of it: it holds anything, and goes out with :meth:`publish`.

        Raises:
            UsageError: another living process writes, or the buffer is closed.
            StaleError: the reader's announcements never end; see :data:`TRIES`.
        """
        self._take(WRITER, "writes")
        if self._writing == NOBODY:
            words = self._words
            for _ in range(TRIES):
                taken = words[LATEST], words[HELD]  # looked at once: the reader moves meanwhile
                free = next(index for index in range(SLOTS) if index not in taken)
                words[CLAIMED] = free
                self._barrier()
                if words[HELD] != free:
                    break
            else:
                raise self._endless()
            self._sequences[free] = 0  # should we die, nobody takes it for whole
            self._barrier()
            self._writing = free
        return self._slots[self._writing]

    def publish(self) -> int:
        """Makes what was written the newest; returns its number.

        Raises:
            UsageError: nothing was written.
        """
        if self._writing == NOBODY:
            raise UsageError("nothing was written", hint="write into slot() first")
        number = max(self._sequences) + 1
        if not 0 < number < LAST:
            raise self._damaged(f"the number {number - 1} of an exchange")
        self._times[self._writing] = time.monotonic_ns()
        self._sequences[self._writing] = number
        self._barrier()
        self._words[CLAIMED] = NOBODY
        self._words[LATEST] = self._writing
        self._writing = NOBODY
        return number

    def write(self, values: npt.ArrayLike) -> int:
        """Copies values into a slot and publishes it; returns its number.

        Raises:
            UsageError: the values do not fit; nothing is published then.
        """
        slot = self.slot()
        try:
            slot[...] = values
        except (TypeError, ValueError) as error:
            raise UsageError(f"the values do not fit: {error}", where=self.name,
                             hint=f"give {list(self.shape)} of {self.dtype}") from error
        return self.publish()

    def read(self, max_age: float | None = None) -> Array | None:
        """The newest array, read-only; the writer leaves it alone until the next :meth:`read`.

        Args:
            max_age: seconds since it was published, beyond which it is stale.

        Returns:
            A view, the same as before where nothing new was published; None before the first.

        Raises:
            StaleError: it is too old, or there is none, or the writer's announcements never end
                (see :data:`TRIES`); what was read before stays valid.
            UsageError: another living process reads, or the buffer is closed.
            FileFormatError: the memory holds what no writer writes.
        """
        self._take(READER, "reads")
        words = self._words
        for _ in range(TRIES):
            latest = words[LATEST]
            if latest == NOBODY:
                break
            if not 0 <= latest < SLOTS:
                raise self._damaged(f"the slot {latest}")
            words[HELD] = latest
            self._barrier()
            if words[CLAIMED] != latest and self._sequences[latest]:
                self._barrier()
                self.sequence = self._sequences[latest]
                break
        else:
            raise self._endless()
        if max_age is not None and self.age > max_age:
            raise StaleError("nothing was published yet" if latest == NOBODY else
                             f"the newest observation is {self.age:.3g} s old", where=self.name,
                             hint="" if self.writer_alive else
                             "the process that writes has ended; start it again")
        return None if latest == NOBODY else self._views[latest]

    @property
    def age(self) -> float:
        """Seconds since what was read was published; infinite before the first."""
        self._open()
        held = self._words[HELD]
        return (np.inf if not 0 <= held < SLOTS or not self.sequence
                else (time.monotonic_ns() - self._times[held]) / 1e9)

    @property
    def writer_alive(self) -> bool:
        """Whether the process that wrote last still runs (on Windows: whether there was one)."""
        self._open()
        return shared_segment.alive(self._words[WRITER])

    def close(self) -> None:
        """Gives the memory back; the name goes, too, if this process or a dead one has made it.

        Arrays that callers still have stay readable.
        """
        segment, self._segment = self._segment, None
        if segment is None:
            return
        words, inherited = self._words, self._process != os.getpid()  # a fork removes nothing
        for role in () if inherited else self._roles:
            words[role] = NOBODY
        owner = words[OWNER]
        gone = not inherited and (owner == os.getpid() or not shared_segment.alive(owner))
        del words, self._words, self._sequences, self._times, self._slots, self._views
        if gone:
            shared_segment.remove(self.name)
        shared_segment.close(segment)

    def __enter__(self) -> SharedBuffer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        with suppress(Exception):  # the interpreter may be going
            self.close()

    def _open(self) -> None:
        if self._segment is None:
            raise UsageError("the shared buffer is closed")

    def _take(self, role: int, does: str) -> None:
        self._open()
        if role in self._roles:
            return
        other = self._words[role]
        if other != os.getpid() and shared_segment.alive(other):
            raise UsageError(f"process {other} {does} already", where=self.name,
                             hint="one process writes and one reads")
        if role == READER:
            self._words[HELD] = NOBODY
        self._words[role] = os.getpid()
        self._roles.add(role)

    def _endless(self) -> StaleError:
        return StaleError(f"the other process gave no whole array in {TRIES:,} tries",
                          where=self.name, hint="end both processes and start them again")

    def _damaged(self, what: str) -> FileFormatError:
        return FileFormatError(f"the shared memory is damaged: it holds {what}", where=self.name,
                               hint="end both processes and start them again")

    def _barrier(self) -> None:
        """A full memory barrier: a release followed by an acquisition lets nothing pass."""
        with self._fence:
            pass
        with self._fence:
            pass


def _kind(shape: tuple[int, ...], dtype: npt.DTypeLike) -> np.dtype[Any]:
    kind = np.dtype(dtype)
    if kind.hasobject or kind.subdtype is not None or not kind.itemsize:
        raise UsageError(f"arrays of {kind} cannot be shared", hint="use numbers")
    if min(shape, default=1) < 1:
        raise UsageError(f"the shape {list(shape)} has no elements")
    return kind


def _contract(given: str) -> Array:
    """[32] bytes of a hash, zeros where there is none."""
    if given and not HASH.fullmatch(given):
        raise UsageError(f"{given[:80]!a} is no contract's hash: it has 64 digits, as policy.json "
                         "and `puffer-edge contract` have them")
    return np.frombuffer(bytes.fromhex(given or "00" * 32), np.uint8)


def _called(digest: bytes) -> str:
    return f"the contract {digest.hex()[:16]}" if any(digest) else "no contract"


def _size(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return prod(shape) * dtype.itemsize


def _length(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Bytes of the whole segment."""
    return _CONTROL.itemsize + SLOTS * _step(shape, dtype)


def _step(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return -(-_size(shape, dtype) // ALIGNMENT) * ALIGNMENT


def _layout(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bytes:
    """16 bytes that tell arrays apart."""
    return hashlib.sha256(repr((shape, dtype, dtype.itemsize)).encode()).hexdigest()[:16].encode()


def _ours(segment: Segment) -> bool:
    return segment.size >= _CONTROL.itemsize and bool(_control(segment)["magic"] == _MAGIC)


def _bytes(segment: Segment) -> Array:
    # Not np.ndarray(buffer=...), which lets the memory be unmapped under it.
    assert segment.buf is not None
    return np.frombuffer(segment.buf, np.uint8)


def _control(segment: Segment) -> Array:
    found: Array = _bytes(segment)[: _CONTROL.itemsize].view(_CONTROL).reshape(())
    return found


def _bury(name: str) -> None:
    """Removes what a process that has died left under a name."""
    try:
        segment = shared_segment.attach(name)
    except UsageError:
        return
    owner = int(_control(segment)["words"][OWNER]) if _ours(segment) else 0
    shared_segment.close(segment)
    if owner > 0 and not shared_segment.alive(owner):
        shared_segment.remove(name)
