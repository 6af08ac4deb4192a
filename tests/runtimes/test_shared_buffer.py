# SPDX-License-Identifier: MIT
"""Observations between processes: never torn, whoever dies, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from puffer_edge import runtimes
from puffer_edge.errors import StaleError, UsageError
from puffer_edge.runtimes.shared_buffer import CLAIMED, HELD, SLOTS, WRITER, SharedBuffer
from puffer_edge.spaces import SpaceTree
from tests import zoo
from tests.runtimes.shared_writer import SIZE, checked, whole

SEGMENTS = Path("/dev/shm")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def name() -> Iterator[str]:
    found = f"pe_{uuid.uuid4().hex[:20]}"
    yield found
    if SEGMENTS.is_dir():
        assert not (SEGMENTS / found).exists(), "a segment has leaked"


def start(role: str, name: str) -> Any:
    return subprocess.Popen([sys.executable, "-m", "tests.runtimes.shared_writer", role, name],
                            cwd=ROOT, stderr=subprocess.PIPE)


def end(process: Any) -> bytes:
    """Kills a process; what it had to say before."""
    process.kill()
    errors: bytes = process.communicate()[1]
    return errors


def exchange(name: str, exchanges: int, lives: int) -> int:
    """Reads while writers are killed at random moments; the number of different observations."""
    random = np.random.default_rng(int(time.time_ns()) % 2**32)
    read, last = 0, 0
    with SharedBuffer.create(name, (SIZE,), np.int64) as buffer:
        for life in range(lives):
            writer = start("write", name)
            until = exchanges * (life + 1) // lives + int(random.integers(50))
            deadline = time.monotonic() + 300
            while read < until:
                values = buffer.read()
                if values is None or buffer.sequence == last:
                    assert writer.poll() is None and time.monotonic() < deadline
                    continue
                assert buffer.sequence > last, "an older observation came after a newer one"
                last = buffer.sequence
                assert whole(values) and values[0] == values[SIZE // 2 - 1] == ~values[SIZE // 2]
                read += 1
            writer.kill()  # while we still read
            for _ in range(20):
                values = buffer.read()
                assert values is not None and whole(values)
            last = buffer.sequence
            assert end(writer) == b""
            assert not buffer.writer_alive
    return read


def test_no_read_is_torn_whenever_the_writer_dies(name: str) -> None:
    assert exchange(name, 20_000, 8) >= 20_000


@pytest.mark.exhaustive
def test_no_read_is_torn_in_a_million_exchanges(name: str) -> None:
    assert exchange(name, 1_000_000, 40) >= 1_000_000


def test_no_read_is_torn_whenever_the_reader_dies(name: str) -> None:
    random = np.random.default_rng()
    number = 0
    with SharedBuffer.create(name, (SIZE,), np.int64) as buffer:
        for _ in range(4):
            reader, stop = start("read", name), time.monotonic() + 0.3 + random.random() / 10
            while time.monotonic() < stop:
                number += 1
                checked(number, buffer.slot())
                assert buffer.publish() == number
            assert reader.poll() is None
            assert end(reader) == b""
    assert number > 1000


def test_a_torn_observation_would_be_seen() -> None:
    values = np.empty(SIZE, np.int64)
    checked(5, values)
    assert whole(values)
    values[3] = 6
    assert not whole(values)


def test_the_maker_dies_and_nothing_is_left(name: str) -> None:
    script = ("import sys, time; from puffer_edge.runtimes.shared_buffer import SharedBuffer; "
              f"b = SharedBuffer.create({name!r}, (3,)); b.write([1, 2, 3]); "
              "print('made', flush=True); time.sleep(60)")
    maker = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    assert maker.stdout is not None and maker.stdout.readline() == b"made\n"
    with SharedBuffer.attach(name, (3,)) as buffer:
        values = buffer.read()
        maker.kill()
        maker.wait()
        assert values is not None and values.tolist() == [1, 2, 3]
        again = buffer.read()
        assert again is not None and again.tolist() == [1, 2, 3]
        with pytest.raises(StaleError, match="start it again"):
            buffer.read(max_age=0)
    deadline = time.monotonic() + 300
    while SEGMENTS.is_dir() and (SEGMENTS / name).exists():  # their tracker may be at it, too
        assert time.monotonic() < deadline
        time.sleep(0.01)
    maker.communicate()


def test_a_name_whose_maker_has_died_is_free(name: str) -> None:
    # os._exit and a tracker that is killed with it: nobody has cleaned up.
    script = ("import os, signal; from multiprocessing import resource_tracker as t; "
              "from puffer_edge.runtimes.shared_buffer import SharedBuffer; "
              f"b = SharedBuffer.create({name!r}, (3,)); "
              "os.kill(t._resource_tracker._pid, signal.SIGKILL); os._exit(0)")
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True)
    assert not SEGMENTS.is_dir() or (SEGMENTS / name).exists()
    with SharedBuffer.create(name, (4,)) as buffer:
        assert buffer.read() is None
        with pytest.raises(UsageError, match="already"):
            SharedBuffer.create(name, (4,))


def test_the_newest_wins_and_what_is_held_stays(name: str) -> None:
    with SharedBuffer.create(name, (2,)) as writer, SharedBuffer.attach(name, (2,)) as reader:
        assert reader.read() is None and reader.age == np.inf
        writer.write([1, 1])
        first = reader.read()
        assert first is not None and reader.sequence == 1
        for value in range(2, 50):
            writer.write([value, value])
            writer.slot()[:] = -1  # half-written
            assert first.tolist() == [1, 1]
            writer.publish() if value == 49 else None
        newest = reader.read()
        assert newest is not None and newest.tolist() == [-1, -1]
        with pytest.raises(ValueError, match="read-only"):
            newest[0] = 5
        assert reader.sequence == 50


def test_every_interleaving_is_safe(name: str) -> None:
    """Walks all orders in which two sides can act, up to six actions of each."""
    for order in range(2**10):
        with SharedBuffer.create(name, (1,), np.int64) as writer, \
                SharedBuffer.attach(name, (1,), np.int64) as reader:
            held, published, number = None, 0, 0
            for turn in range(10):
                if order >> turn & 1:
                    held = reader.read()
                    expected = published
                    assert (held is None) == (published == 0)
                else:
                    slot = writer.slot()
                    number += 1
                    slot[0] = number
                    assert held is None or held[0] == expected
                    if turn % 3:
                        writer.publish()
                        published = number
                assert held is None or held[0] == expected


class Meddling:
    """The control words, with the other side acting right after one of them is first set."""

    def __init__(self, words: Any, word: int, act: Any) -> None:
        self.words, self.word, self.act = words, word, act

    def __getitem__(self, word: int) -> int:
        return int(self.words[word])

    def __setitem__(self, word: int, value: int) -> None:
        self.words[word] = value
        if word == self.word:
            self.word = -1
            self.act(value)


def test_both_want_one_slot_at_once(name: str) -> None:
    with SharedBuffer.create(name, (1,)) as writer, SharedBuffer.attach(name, (1,)) as reader:
        for value in range(4):
            writer.write([value])
            reader.read()
        words = writer._words
        writer._words = Meddling(words, CLAIMED, lambda slot: words.__setitem__(HELD, slot))
        writer.slot()[:] = 9  # the reader holds what we claimed: another slot
        assert words[CLAIMED] != words[HELD]
        writer._words = words
        writer.publish()
        assert reader.read() is not None

        def overtake(slot: int) -> None:
            """Publishes two others and begins to write where the reader is about to read."""
            words[HELD] = (slot + 1) % SLOTS
            writer.write([5])
            words[HELD] = (slot + 1) % SLOTS
            assert np.shares_memory(writer.slot(), writer._slots[slot])
            writer.slot()[:] = -1
            words[HELD] = slot

        reader._words = Meddling(words, HELD, overtake)
        values = reader.read()
        assert values is not None and values[0] == 5


def test_stale_observations_are_refused(name: str) -> None:
    with SharedBuffer.create(name, (2,)) as buffer:
        with pytest.raises(StaleError, match="nothing was published"):
            buffer.read(max_age=1)
        buffer.write([1, 2])
        assert buffer.read(max_age=10) is not None and 0 <= buffer.age < 10
        time.sleep(0.02)
        with pytest.raises(StaleError, match="old"):
            buffer.read(max_age=0.01)
        buffer.write([3, 4])
        values = buffer.read(max_age=10)
        assert values is not None and values.tolist() == [3, 4]


def test_a_batch_goes_to_the_policy_without_a_copy(name: str) -> None:
    space = spaces.Dict({"gyro": spaces.Box(-1, 1, (4,)), "speed": spaces.Box(-1, 1, (2,))})
    space.seed(0)
    tree, lanes = SpaceTree(space), 5
    found = zoo.program("lstm")
    with SharedBuffer.create(name, (lanes, tree.size)) as buffer, \
            runtimes.load(found, "native") as policy, runtimes.load(found, "numpy") as oracle:
        for _ in range(3):
            batch = {key: np.stack([space.sample()[key] for _ in range(lanes)]) for key in space}
            slot = buffer.slot()
            assert tree.flatten_batch(batch, slot) is slot
            buffer.publish()
            values = buffer.read()
            assert values is not None and np.shares_memory(values, slot)
            assert np.array_equal(policy.step_batch(values),
                                  oracle.step_batch(tree.flatten_batch(batch)))


def test_structured_observations_are_shared(name: str) -> None:
    space = spaces.Dict({"flag": spaces.Discrete(3), "range": spaces.Box(-1, 1, (2, 2))})
    space.seed(1)
    tree, sample = SpaceTree(space), space.sample()
    with SharedBuffer.create(name, (tree.nbytes,), np.uint8) as buffer:
        tree.pack(sample, buffer.slot())
        buffer.publish()
        values = buffer.read()
        assert values is not None
        assert np.array_equal(tree.unpack(values)["range"], sample["range"])
        assert tree.unpack(values)["flag"] == sample["flag"]


def test_what_does_not_fit_is_one_error(name: str) -> None:
    with pytest.raises(UsageError, match="no shared buffer"):
        SharedBuffer.attach(name, (3,))
    for wrong in ("", "a/b", "x" * 31):
        with pytest.raises(UsageError, match="no name"):
            SharedBuffer.create(wrong, (3,))
    with pytest.raises(UsageError, match="no elements"):
        SharedBuffer.create(name, (3, 0))
    with pytest.raises(UsageError, match="cannot be shared"):
        SharedBuffer.create(name, (3,), object)
    with SharedBuffer.create(name, (3,)) as buffer:
        for shape, dtype in (((4,), np.float32), ((3,), np.float64), ((3, 1), np.float32)):
            with pytest.raises(UsageError, match="the same shape"):
                SharedBuffer.attach(name, shape, dtype)
        with pytest.raises(UsageError, match="nothing was written"):
            buffer.publish()
        buffer._words[WRITER] = os.getppid()
        with pytest.raises(UsageError, match="writes already"):
            buffer.slot()
    for act in (buffer.slot, buffer.read, lambda: buffer.age):
        with pytest.raises(UsageError, match="closed"):
            act()
    buffer.close()


def test_a_process_with_another_contract_is_refused(name: str) -> None:
    one, other = "ab" * 32, "cd" * 32
    with SharedBuffer.create(name, (4,), contract=one):
        for wrong, said in ((other, "the contract " + "cd" * 8), ("", "no contract")):
            with pytest.raises(UsageError) as caught:
                SharedBuffer.attach(name, (4,), contract=wrong)
            assert "ab" * 8 in caught.value.what and said in caught.value.what
        SharedBuffer.attach(name, (4,), contract=one).close()
    with SharedBuffer.create(name, (4,)):
        with pytest.raises(UsageError, match="for no contract"):
            SharedBuffer.attach(name, (4,), contract=one)
        SharedBuffer.attach(name, (4,)).close()
    for wrong in ("ab", "AB" * 32, "ab" * 33):
        with pytest.raises(UsageError, match="no contract's hash"):
            SharedBuffer.create(name, (4,), contract=wrong)


def test_arrays_outlive_the_buffer(name: str) -> None:
    with SharedBuffer.create(name, (1000,)) as buffer:
        buffer.write(np.arange(1000))
        kept = buffer.read()
    assert kept is not None and kept[-1] == 999
    assert SLOTS == 3
    del kept
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    for _ in range(5):
        with SharedBuffer.create(name, (1000,)) as buffer:
            buffer.write([0] * 1000)
            kept = buffer.read()
        assert kept is not None
    if before:
        assert len(os.listdir("/proc/self/fd")) <= before + 3
