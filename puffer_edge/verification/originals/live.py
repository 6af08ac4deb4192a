# SPDX-License-Identifier: MIT
"""A module that the user handed over, which lives in this very process: run in a fork of it.

It cannot be sent elsewhere without pickling it. Where there is no safe fork (Windows, macOS), it is
run here: it is the user's own object, which torch.export has run here already.
"""

from __future__ import annotations

import copy
import inspect
import os
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.verification.originals import child
from puffer_edge.verification.originals.job import FOUND, Job, Trajectory
from puffer_edge.verification.originals.modules import Argument, ModuleOriginal
from puffer_edge.verification.originals.original import Unjudged


def run(module: Any, example: Any, job: Job, observations: Array, reset: Array, *,
        seconds: float) -> Trajectory:
    """The trajectory of a module.

    Args:
        module: on any device, in any mode; it is left as it was.
        example: forward's arguments; None where it takes one tensor of the job's shape.
        job: as for a file.
        observations: [T, n] float32.
        reset: [T] bool.
        seconds: that it may take.

    Raises:
        Unjudged: it crashed, took too long, or could not be run.
    """
    def work() -> Trajectory:
        own = copy.deepcopy(module).cpu().eval()
        arguments, call = _arguments(own, example, job)
        return child.record(ModuleOriginal(own, arguments, job, call), job, observations, reset)

    if not sys.platform.startswith("linux"):
        try:
            return work()
        except Exception as error:  # of the user's module: a result
            raise Unjudged(f"{type(error).__name__}: {str(error)[:300]}") from error
    with tempfile.TemporaryDirectory(prefix="puffer-edge-") as name:
        folder = Path(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of forking beside threads; the fork has its own one
            number = os.fork()
        if number == 0:
            try:
                child.limit(0, int(seconds) + 1)
                work().save(folder / FOUND)
            except BaseException as error:
                (folder / "failure.txt").write_text(f"{type(error).__name__}: {str(error)[:300]}")
            finally:
                os._exit(0)  # nothing of the parent's is flushed or closed twice
        return _result(number, folder, seconds)


def _result(number: int, folder: Path, seconds: float) -> Trajectory:
    ends = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(number, os.WNOHANG)
        if done:
            break
        if time.monotonic() > ends:
            os.kill(number, signal.SIGKILL)
            os.waitpid(number, 0)
            raise Unjudged(f"the module took more than {seconds:g} seconds")
        time.sleep(0.005)
    if os.WIFSIGNALED(status):
        raise Unjudged(f"the module crashed (signal {os.WTERMSIG(status)})")
    failure = folder / "failure.txt"
    if failure.is_file():
        raise Unjudged(failure.read_text(errors="replace"))
    try:
        return Trajectory.load(folder / FOUND)
    except (FileFormatError, ValueError, KeyError) as error:
        raise Unjudged("the module left no result") from error


def _arguments(module: Any, example: Any, job: Job) -> tuple[list[Argument], Any]:
    """The tensors that forward takes, and how to call it with them."""
    import torch

    if example is None:
        return [Argument("observation", job.shape)], None
    given = example if isinstance(example, tuple) else (example,)
    names = list(inspect.signature(module.forward).parameters)
    leaves, spec = torch.utils._pytree.tree_flatten_with_path(given)
    arguments, places = [], []
    for index, (path, leaf) in enumerate(leaves):
        if isinstance(leaf, torch.Tensor):
            keys = [str(getattr(part, "idx", getattr(part, "key", ""))) for part in path]
            first = names[int(keys[0])] if int(keys[0]) < len(names) else keys[0]
            arguments.append(Argument("_".join([first, *keys[1:]]), tuple(leaf.shape), leaf.dtype))
            places.append(index)
    constants = [leaf for _, leaf in leaves]

    def call(tensors: list[Any]) -> Any:
        whole = list(constants)
        for place, tensor in zip(places, tensors, strict=True):
            whole[place] = tensor
        return module(*torch.utils._pytree.tree_unflatten(whole, spec))
    return arguments, call
