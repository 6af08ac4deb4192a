# SPDX-License-Identifier: MIT
"""Recordings that somebody sends: sound .npz and .npy around arrays that are changed."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from puffer_edge import api
from puffer_edge.artefact.directory import read_manifest
from puffer_edge.artefact.opening import read_subject
from puffer_edge.ir import Program
from puffer_edge.quantization.recording import record
from puffer_edge.readers.npz import read_npz
from puffer_edge.verification.recorded import read_recorded
from puffer_edge.verification.reference import load_for
from tests import zoo
from tests.fuzz import mutations as change

Arrays = dict[str, Any]
KINDS = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "?", ">f4", "U3", "c8")
ODD = (float("nan"), float("inf"), -float("inf"), 1e308, -1.0, 0.0, 1e-320, 2.0**62)


def numbers(random: Random, arrays: Arrays) -> Arrays:
    """Arrays of other types, shapes, orders and numbers; missing, exchanged and more."""
    made = dict(arrays)
    for _ in range(random.randint(1, 3)):
        if not made:
            break
        name = random.choice(sorted(made))
        array = np.atleast_1d(made[name])
        match random.randrange(7):
            case 0:  # text that is no number stays what it is
                with np.errstate(all="ignore"), suppress(ValueError, OverflowError):
                    made[name] = array.astype(random.choice(KINDS))
            case 1:
                made[name] = random.choice((array.T, array[:1], array[:0], array[..., None],
                                            array.reshape(-1), array[:-1], np.float32(3)))
            case 2 if array.size and array.dtype.kind in "fiub":
                array = array.copy()
                with np.errstate(all="ignore"):
                    array.reshape(-1)[random.randrange(array.size)] = np.array(
                        random.choice(ODD)).astype(array.dtype)
                made[name] = array
            case 3:
                del made[name]
            case 4:
                other = random.choice(sorted(made))
                made[name], made[other] = made[other], made[name]
            case 5:
                made[random.choice(("x", "reset", "actions", "logits", "measure", "a/../b",
                                    "\x1b[31m", ""))] = array
            case 6:
                made[name] = np.asfortranarray(array)
    return made


def npz(random: Random, arrays: Arrays) -> bytes:
    """The arrays, changed; in one of five the bytes of a member, in one of twenty the zip's."""
    file = io.BytesIO()
    with np.errstate(all="ignore"):
        np.savez(file, **(numbers(random, arrays) if random.random() < 0.8 else arrays))
    content = file.getvalue()
    return change.member(random, content, ".npy", change.raw) if (
        random.random() < 0.2 and change.members(content)) else content


@cache
def _program() -> Program:
    return zoo.program("mlp")


@cache
def _exported() -> dict[str, bytes]:
    """An artefact of integers with everything that judges it."""
    policy = _program()
    rows = np.random.default_rng(0).normal(size=(200, policy.contract.observation_size))
    with TemporaryDirectory() as folder:
        np.savez(Path(folder) / "seen.npz", observations=rows.astype(np.float32))
        api.export(policy, Path(folder) / "a", target="host", name="zoo", scheme="int8",
                   calibrate=str(Path(folder) / "seen.npz"))
        return {path.name: path.read_bytes() for path in (Path(folder) / "a").iterdir()}


def artefact(folder: Path) -> Path:
    """A folder of its own with that artefact."""
    directory = folder / "artefact"
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir()
    for name, content in _exported().items():
        (directory / name).write_bytes(content)
    return directory


@cache
def _arrays(name: str) -> Arrays:
    with TemporaryDirectory() as folder:
        return read_npz(artefact(Path(folder)) / name, "it", "")


def calibration(random: Random, folder: Path) -> None:
    """``--calibrate FILE``."""
    rows = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    if random.random() < 0.3:
        path = folder / "seen.npy"
        file = io.BytesIO()
        np.save(file, numbers(random, {"a": rows}).get("a", rows))
        path.write_bytes(change.raw(random, file.getvalue()))
    else:
        path = folder / "seen.npz"
        path.write_bytes(npz(random, {"observations": rows, "reset": np.arange(20) % 7 == 0}))
    record(str(path), _program()).halves()


def vectors(random: Random, folder: Path) -> None:
    """An artefact's test vectors, of floats or of integers."""
    directory = artefact(folder)
    name = random.choice(("vectors.npz", "vectors_q.npz"))
    (directory / name).write_bytes(npz(random, _arrays(name)))
    read_subject(directory)


def judge(random: Random, folder: Path) -> None:
    """An artefact's held-back steps."""
    directory = artefact(folder)
    (directory / "judge.npz").write_bytes(npz(random, _arrays("judge.npz")))
    read_recorded(read_subject(directory))


def reference(random: Random, folder: Path) -> None:
    """``--reference FILE``."""
    path = folder / "reference.npz"
    found = _arrays("judge.npz")
    outputs = np.asarray(found["reference"], np.float32)
    path.write_bytes(npz(random, {
        "observations": found["observations"], "reset": found["reset"], "logits": outputs,
        "actions": outputs.argmax(1)}))
    load_for(read_manifest(artefact(folder)), path)


RECORDINGS: tuple[Callable[[Random, Path], None], ...] = (calibration, vectors, judge, reference)
