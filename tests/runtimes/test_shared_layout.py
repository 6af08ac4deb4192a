# SPDX-License-Identifier: MIT
"""What lies where in shared memory, by struct; when something is old; who is alive."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from multiprocessing import shared_memory
from pathlib import Path
from struct import unpack_from
from types import SimpleNamespace

import numpy as np
import pytest

from puffer_edge.errors import FileFormatError, StaleError, UsageError
from puffer_edge.runtimes import shared_segment
from puffer_edge.runtimes.shared_buffer import LATEST, SharedBuffer

SEGMENTS = Path("/dev/shm")
linux = pytest.mark.skipif(not SEGMENTS.is_dir(), reason="segments are no files there")


@linux
def test_the_layout_is_the_one_of_every_version(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes of two installations meet here; a slot begins at each 64 bytes from 256 on."""
    contract = bytes(range(32))
    with SharedBuffer.create(name, (5, 4), np.int16, contract.hex()) as buffer:
        content = (SEGMENTS / name).read_bytes()
        assert content[:8] == b"PESHARE2" and content[24:56] == contract
        assert content[8:24].isalnum()
        # newest, held, claimed; maker, writer, reader
        assert unpack_from("<6i", content, 64) == (-1, -1, -1, os.getpid(), -1, -1)
        for number in range(1, 4):
            monkeypatch.setattr("time.monotonic_ns", lambda number=number: 1000 + number)
            buffer.write(np.full((5, 4), number))
            assert buffer.read() is not None
        content = (SEGMENTS / name).read_bytes()
        latest, held, claimed, *who = unpack_from("<6i", content, 64)
        assert latest == held and claimed == -1 and who == [os.getpid()] * 3
        sequences, times = unpack_from("<3q", content, 128), unpack_from("<3q", content, 192)
        assert max(sequences) == sequences[latest] == 3
        assert all(at == 1000 + number for at, number in zip(times, sequences, strict=True)
                   if number)
        for slot, number in enumerate(sequences):
            assert unpack_from("<20h", content, 256 + 64 * slot) == (number,) * 20
        assert len(content) == 256 + 3 * 64
        assert all(slot.ctypes.data % 64 == 0 for slot in buffer._slots)


def test_ages_are_seconds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with SharedBuffer.create(name, (2,)) as buffer:
        assert buffer.sequence == 0 and buffer.age == np.inf
        for number in range(1, 8):  # through every slot
            monkeypatch.setattr("time.monotonic_ns", lambda: 5_000_000_000)
            buffer.write([1, 2])
            monkeypatch.setattr("time.monotonic_ns", lambda: 7_500_000_000)
            assert buffer.read(max_age=2.5) is not None
            assert buffer.sequence == number and buffer.age == 2.5
            with pytest.raises(StaleError, match=r"2\.5 s old"):
                buffer.read(max_age=2.49)
        buffer._words[1] = 0  # what a reader before held is not what this one has read
        other = SharedBuffer.attach(name, (2,))
        assert other.age == np.inf
        other.close()


def test_numbers_end_where_64_bits_do(name: str) -> None:
    with SharedBuffer.create(name, (2,)) as buffer:
        buffer.write([1, 2])
        buffer._sequences[buffer._words[LATEST]] = 2**63 - 3
        assert buffer.write([1, 2]) == 2**63 - 2
        with pytest.raises(FileFormatError, match="9223372036854775806"):
            buffer.write([1, 2])
        for slot in range(3):  # of what was written, and was not published
            buffer._sequences[slot] = -1
        with pytest.raises(FileFormatError, match="the number -1"):
            buffer.publish()


def test_a_new_writer_leaves_what_is_held(name: str) -> None:
    with SharedBuffer.create(name, (2,)) as reader:
        writers = [SharedBuffer.attach(name, (2,)) for _ in range(8)]
        for value, (one, other) in enumerate(zip(writers[::2], writers[1::2], strict=True)):
            one.write([value, value])
            one.slot()[:] = 9  # which never goes out
            kept = reader.read()
            other.write([7, 7])
            other.slot()[:] = 8
            assert kept is not None and kept.tolist() == [value, value]
        for writer in writers:
            writer.close()


@pytest.mark.parametrize("kind", [np.dtype((np.float32, (3,))), np.dtype("V0"), np.dtype("S0"),
                                  np.dtype([("a", object)])])
def test_kinds_without_numbers_are_refused(name: str, kind: np.dtype) -> None:
    with pytest.raises(UsageError, match="cannot be shared"):
        SharedBuffer.create(name, (2,), kind)


def test_a_single_number_is_shared(name: str) -> None:
    with SharedBuffer.create(name, ()) as buffer:
        buffer.write(3.5)
        assert buffer.read() == 3.5


@linux
def test_a_strangers_segment_is_left_alone(name: str) -> None:
    stranger = shared_memory.SharedMemory(name, create=True, size=448)
    try:
        (SEGMENTS / name).chmod(0o600)
        with pytest.raises(UsageError, match="already"):
            SharedBuffer.create(name, (16,))
        assert (SEGMENTS / name).exists()
    finally:
        stranger.close()
        stranger.unlink()


@linux
@pytest.mark.parametrize("mode", [0o601, 0o610, 0o700])
def test_only_its_owner_may_do_anything(name: str, mode: int) -> None:
    with SharedBuffer.create(name, (2,)):
        (SEGMENTS / name).chmod(mode)
        if mode == 0o700:
            SharedBuffer.attach(name, (2,)).close()
        else:
            with pytest.raises(UsageError, match="others may open"):
                SharedBuffer.attach(name, (2,))


@linux
def test_descriptors_are_asked_from_0_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_segment, "os", SimpleNamespace(
        name="posix", geteuid=lambda: 7,
        fstat=lambda descriptor: SimpleNamespace(st_uid=8, st_mode=0o600)))
    assert not shared_segment._own(SimpleNamespace(_fd=0))  # type: ignore[arg-type]
    assert shared_segment._own(SimpleNamespace(_fd=-1))  # type: ignore[arg-type]


@linux
def test_who_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shared_segment.alive(os.getpid()) and shared_segment.alive(1)
    assert not shared_segment.alive(0) and not shared_segment.alive(-1)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    os.kill(ended.pid, 0)  # its number is still there
    assert not shared_segment.alive(ended.pid)
    ended.wait()
    assert not shared_segment.alive(ended.pid)

    def foreign(process: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", foreign)
    assert shared_segment.alive(ended.pid)


@linux
def test_a_fork_removes_nothing(name: str) -> None:
    with SharedBuffer.create(name, (2,)) as buffer:
        buffer.write([1, 2])
        assert buffer.read() is not None
        before = list(buffer._words)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of threads, which a child does not have
            child = os.fork()
        if child == 0:
            buffer.close()
            os._exit(0)
        os.waitpid(child, 0)
        assert (SEGMENTS / name).exists() and list(buffer._words) == before
    assert not (SEGMENTS / name).exists()
