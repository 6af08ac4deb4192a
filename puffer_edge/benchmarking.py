# SPDX-License-Identifier: MIT
"""Measures every way of running a policy on this computer: latency, jitter, memory, size.

Each back end lives in a process of its own with one thread, and they take turns, so that a busy
moment of the computer hits all of them.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import PufferEdgeError, UsageError
from puffer_edge.ir import Program
from puffer_edge.runtimes import BACKENDS, load

ROUNDS = 5
MOST = 20_000
"""Steps of a round, at most."""
BASELINE = "onnxruntime"
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}


@dataclass(frozen=True)
class Measurement:
    """What one back end took.

    Attributes:
        backend: its name.
        missing: why it could not run; nothing else is known then.
        steps: how many were timed.
        median, p99: microseconds per step.
        jitter: mean difference between one step and the next, in microseconds (as of RFC 3550).
        memory: resident bytes that loading and stepping have added; None where the system does not
            tell.
        size: bytes of the model: weights, and code where it is compiled.
        ratio: onnxruntime's median over this one's, larger is faster; None without onnxruntime.
    """

    backend: str
    missing: str = ""
    steps: int = 0
    median: float = 0.0
    p99: float = 0.0
    jitter: float = 0.0
    memory: int | None = None
    size: int = 0
    ratio: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"backend": self.backend, "missing": self.missing} if self.missing else asdict(self)


def bench(policy: Program, *, backends: tuple[str, ...] = (), seconds: float = 1.0, seed: int = 0,
          progress: Callable[[str], None] = lambda text: None) -> list[Measurement]:
    """Times single steps of a policy.

    Args:
        policy: what is stepped.
        backends: which; all by default. One that is not installed gets a reason for its figures.
        seconds: of each back end.
        seed: of the observations, which are normal random numbers.
        progress: is told what is being done.

    Raises:
        UsageError: no such back end, or no time.
        PufferEdgeError: a back end's process has died.
    """
    chosen = backends or BACKENDS
    if unknown := [name for name in chosen if name not in BACKENDS]:
        raise UsageError(f"there is no back end {unknown[0]!r}",
                         hint=f"choose from {', '.join(BACKENDS)}")
    if not 0 < seconds < 3600:
        raise UsageError(f"{seconds} seconds are no time to measure in")
    observations = np.random.default_rng(seed).standard_normal(
        (256, policy.contract.observation_size)).astype(np.float32)
    with _workers(policy, chosen, observations) as workers:
        opened: dict[str, Any] = {}
        for name, pipe in workers.items():
            progress(f"loading {name}")
            opened[name] = _answer(name, pipe)
        ready = [name for name in chosen if not isinstance(opened[name], str)]
        times: dict[str, list[Array]] = {name: [] for name in ready}
        for turn in range(ROUNDS):
            progress(f"round {turn + 1} of {ROUNDS}")
            for name in ready:
                workers[name].send(seconds / ROUNDS)
                times[name].append(_answer(name, workers[name]))
        memory = {}
        for name in ready:
            workers[name].send(None)
            memory[name] = _answer(name, workers[name])
    medians = {name: float(np.median(np.concatenate(times[name]))) for name in ready}
    return [_summary(name, times[name], memory[name], opened[name], medians.get(BASELINE))
            if name in ready else Measurement(name, missing=opened[name]) for name in chosen]


def _summary(name: str, rounds: list[Array], memory: int | None, size: int,
             baseline: float | None) -> Measurement:
    found = np.concatenate(rounds)
    median = float(np.median(found))
    return Measurement(
        name, "", len(found), median, float(np.quantile(found, 0.99)),
        float(np.mean(np.concatenate([np.abs(np.diff(part)) for part in rounds]))), memory, size,
        None if baseline is None else baseline / median)


@contextmanager
def _workers(policy: Program, backends: tuple[str, ...], observations: Array,
             ) -> Iterator[dict[str, Connection]]:
    context, kept = get_context("spawn"), {name: os.environ.get(name) for name in ONE_THREAD}
    pipes, processes = {}, []
    try:
        os.environ.update(ONE_THREAD)  # libraries read it once, when they are imported
        for name in backends:
            pipes[name], end = context.Pipe()
            process = context.Process(target=_serve, args=(policy, name, observations, end),
                                      daemon=True)
            process.start()
            end.close()
            processes.append(process)
        yield pipes
    finally:
        for variable, value in kept.items():
            if value is None:
                os.environ.pop(variable, None)
            else:
                os.environ[variable] = value
        for pipe in pipes.values():
            pipe.close()
        for process in processes:
            process.join(5)
            process.kill()


def _answer(name: str, pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except EOFError as error:
        raise PufferEdgeError(f"the process of the back end {name} has died",
                              hint=f"leave it out with --backends {BACKENDS[0]}") from error


def _serve(policy: Program, backend: str, observations: Array, pipe: Connection) -> None:
    """Answers with the model's size, then for each number of seconds with times, then memory."""
    before = _resident()
    try:
        running = load(policy, backend)
        running.step(observations[0])
        out = np.zeros(running.action_shape, running.action_dtype)
    except PufferEdgeError as error:
        pipe.send(str(error))
        return
    pipe.send(running.model_size)
    x = observations[0].copy()
    try:
        while (seconds := pipe.recv()) is not None:
            pipe.send(_time(running.step, observations, x, out, seconds))
        after = _resident()
        pipe.send(None if before is None or after is None else after - before)
    except EOFError:
        pass  # the measuring process has given up
    running.close()


def _time(step: Callable[[Array, Array], Array], observations: Array, x: Array, out: Array,
          seconds: float) -> Array:
    """Microseconds of each step; the caller's buffers are reused, as a control loop does."""
    clock, found = time.perf_counter_ns, []
    for _ in range(16):
        step(x, out)
    end = clock() + int(seconds * 1e9)
    gc.disable()
    try:
        for index in range(MOST):
            x[:] = observations[index % len(observations)]
            start = clock()
            step(x, out)
            stop = clock()
            found.append(stop - start)
            if stop > end and index > 8:
                break
    finally:
        gc.enable()
    return np.array(found) / 1e3


def _resident() -> int | None:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
