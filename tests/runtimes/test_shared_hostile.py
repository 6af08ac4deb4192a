# SPDX-License-Identifier: MIT
"""Shared memory that somebody else made, or changed: one error, no end without one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from puffer_edge.errors import FileFormatError, PufferEdgeError, StaleError, UsageError
from puffer_edge.runtimes.shared_buffer import (
    CLAIMED,
    HELD,
    LAST,
    LATEST,
    OWNER,
    SLOTS,
    SharedBuffer,
)

SEGMENTS = Path("/dev/shm")
linux = pytest.mark.skipif(not SEGMENTS.is_dir(), reason="segments are no files there")


def test_a_random_name_is_another_each_time() -> None:
    with SharedBuffer.create(None, (2,)) as one, SharedBuffer.create(None, (2,)) as two:
        assert one.name != two.name
        with SharedBuffer.attach(one.name, (2,)) as other:
            other.write([1, 2])
            assert (one.read() == [1, 2]).all()


@linux
@pytest.mark.parametrize("length", [0, 1, 255, 256, 300, 447])
def test_a_segment_that_is_too_short_is_refused(name: str, length: int) -> None:
    with SharedBuffer.create(name, (16,)):
        content = (SEGMENTS / name).read_bytes()
    assert len(content) == 448
    (SEGMENTS / name).write_bytes(content[:length])
    (SEGMENTS / name).chmod(0o600)
    with pytest.raises(UsageError):
        SharedBuffer.attach(name, (16,))


@linux
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o666])
def test_a_segment_that_others_may_open_is_refused(name: str, mode: int) -> None:
    with SharedBuffer.create(name, (2,)):
        (SEGMENTS / name).chmod(mode)
        with pytest.raises(UsageError, match="others may open"):
            SharedBuffer.attach(name, (2,))


@linux
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
def test_a_segment_of_another_user_is_refused(name: str) -> None:
    with SharedBuffer.create(name, (2,)):
        os.chown(SEGMENTS / name, 65534, 65534)
        with pytest.raises(UsageError, match="another user"):
            SharedBuffer.attach(name, (2,))


@linux
@pytest.mark.parametrize("kind", ["folder", "pipe", "link"])
def test_what_is_no_segment_is_refused(name: str, kind: str, tmp_path: Path) -> None:
    place = SEGMENTS / name
    if kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place, 0o600)
    else:
        place.symlink_to(tmp_path / "nothing")
    try:
        with pytest.raises(PufferEdgeError):
            SharedBuffer.attach(name, (2,))
        if kind != "pipe":  # Python itself has removed that
            with pytest.raises(PufferEdgeError):
                SharedBuffer.create(name, (2,))
    finally:
        place.rmdir() if kind == "folder" else None


@pytest.mark.parametrize("latest", [SLOTS, 7, -2, -(2**31), 2**31 - 1])
def test_an_index_out_of_range_is_an_error(name: str, latest: int) -> None:
    with SharedBuffer.create(name, (2,)) as buffer:
        buffer.write([1, 2])
        buffer._words[LATEST] = latest
        with pytest.raises(FileFormatError, match=f"the slot {latest}"):
            buffer.read()
        buffer._words[HELD] = latest
        assert buffer.age == np.inf
        buffer.write([3, 4])  # a sound writer mends it
        assert (buffer.read() == [3, 4]).all()


def test_a_sequence_that_never_ends_is_an_error(name: str) -> None:
    with SharedBuffer.create(name, (2,)) as buffer:
        buffer.write([1, 2])
        buffer._words[CLAIMED] = buffer._words[LATEST]  # as if it were being written for ever
        with pytest.raises(StaleError, match="10,000 tries"):
            buffer.read()
        buffer._words[CLAIMED] = -1
        buffer._sequences[buffer._words[LATEST]] = 0  # never whole
        with pytest.raises(StaleError, match="10,000 tries"):
            buffer.read()


class Pursuer:
    """Control words of a reader that holds whatever the writer claims."""

    def __init__(self, words: Any) -> None:
        self.words = words

    def __getitem__(self, word: int) -> int:
        return int(self.words[word])

    def __setitem__(self, word: int, value: int) -> None:
        self.words[word] = value
        if word == CLAIMED:
            self.words[HELD] = value


def test_a_reader_that_takes_every_slot_is_an_error(name: str) -> None:
    with SharedBuffer.create(name, (2,)) as buffer:
        words = buffer._words
        buffer._words = Pursuer(words)
        with pytest.raises(StaleError, match="10,000 tries"):
            buffer.slot()
        buffer._words = words


def test_a_number_that_has_no_successor_is_an_error(name: str) -> None:
    with SharedBuffer.create(name, (2,)) as buffer:
        buffer.write([1, 2])
        buffer._sequences[buffer._words[LATEST]] = LAST
        with pytest.raises(FileFormatError, match="number"):
            buffer.write([3, 4])


def test_any_control_words_give_our_errors_only(name: str) -> None:
    random = np.random.default_rng(0)
    with SharedBuffer.create(name, (2,)) as buffer:
        good = list(buffer._words)
        for _ in range(200):
            for word in range(len(good)):
                if word != OWNER:
                    buffer._words[word] = int(random.choice([-2, -1, 0, 1, 2, 3, 2**31 - 1]))
            for slot in range(SLOTS):
                buffer._sequences[slot] = int(random.choice([-1, 0, 1, LAST]))
            buffer._writing, buffer._roles = -1, set()
            for act in (buffer.read, lambda: buffer.write([1, 2]), lambda: buffer.read(0.0)):
                with suppress(PufferEdgeError):
                    act()
        for word, value in enumerate(good):
            buffer._words[word] = value


def test_values_that_do_not_fit_are_an_error(name: str) -> None:
    with SharedBuffer.create(name, (2,)) as buffer:
        for values in ([1, 2, 3], ["a", "b"], object()):
            with pytest.raises(UsageError, match="do not fit"):
                buffer.write(values)  # type: ignore[arg-type]
        assert buffer.read() is None
