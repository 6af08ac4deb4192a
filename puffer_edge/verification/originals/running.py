# SPDX-License-Identifier: MIT
"""Starts the child process that runs an original, and takes whatever becomes of it as a result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from puffer_edge import processes
from puffer_edge.errors import FileFormatError
from puffer_edge.readers.text import printable
from puffer_edge.verification.originals.job import FAILURE, FOUND, GIVEN, JOB, Job, Trajectory
from puffer_edge.verification.originals.original import Unjudged

SECONDS = 180
"""A child's time; importing torch takes 2 to 20 of them, a step of a policy a thousandth."""
MEGABYTES = 6144
"""A child's own memory (private pages); torch takes some hundred of them."""


def run(job: Job, observations: npt.NDArray[np.float32], reset: npt.NDArray[np.bool_], *,
        seconds: float = SECONDS, megabytes: int = MEGABYTES) -> Trajectory:
    """The trajectory of an original over observations [T, n], from a process of its own.

    Raises:
        Unjudged: it crashed, took too long or too much memory, or could not be run.
    """
    with tempfile.TemporaryDirectory(prefix="puffer-edge-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / JOB).write_text(job.to_json(), encoding="utf-8")
        np.savez(folder / GIVEN, observations=observations, reset=reset)
        command = [sys.executable, "-m", f"{__package__}.child", name, str(megabytes),
                   str(int(seconds) + 1)]
        with open(folder / "said.txt", "wb") as said:
            child = processes.start(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                    cwd=name, env=_environment(job))
            try:
                code = child.wait(processes.patience(seconds))
            except subprocess.TimeoutExpired:
                raise Unjudged(f"the original took more than {seconds:g} seconds") from None
            finally:
                processes.end(child)
        if code < 0:
            raise Unjudged(f"the original crashed ({_name(-code)})")
        failure = folder / FAILURE
        if failure.is_file():
            with open(failure, encoding="utf-8") as file:
                raise Unjudged(printable(file.read(2000), 400))
        if code:
            raise Unjudged(f"the original crashed (exit code {code})")
        try:
            return Trajectory.load(folder / FOUND)
        except (FileFormatError, ValueError, KeyError, TypeError) as error:
            raise Unjudged("the original left no result") from error


def _environment(job: Job) -> dict[str, str]:
    """The parent's, with this very package, and one thread so that sums keep their order."""
    paths = [str(Path(__file__).parents[3]), *filter(None, sys.path)]
    if job.module:  # the user's packages lie where the user is
        paths.append(os.getcwd())
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {**os.environ, **threads, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
            "CUDA_VISIBLE_DEVICES": ""}


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
