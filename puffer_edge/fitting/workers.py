# SPDX-License-Identifier: MIT
"""Who judges candidates: this process, several, or those of a dask cluster.

A worker that dies takes nothing with it but its task.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from typing import Any, Protocol

from puffer_edge.errors import MissingDependencyError, UsageError
from puffer_edge.fitting.candidate import Candidate
from puffer_edge.fitting.judging import judge
from puffer_edge.fitting.outcome import Outcome
from puffer_edge.fitting.question import Question

CONNECTING = 20
"""Seconds to wait for a scheduler."""


class Workers(Protocol):
    """They judge."""

    count: int

    def submit(self, candidate: Candidate, question: Question) -> None:
        """Begins with a candidate."""

    def finished(self) -> list[tuple[Candidate, Outcome | None]]:
        """Waits for some; None for one whose worker has died."""


class Here:
    """This process."""

    count = 1

    def __init__(self) -> None:
        self._found: list[tuple[Candidate, Outcome | None]] = []

    def submit(self, candidate: Candidate, question: Question) -> None:
        """Judges it at once."""
        self._found.append((candidate, judge(question, candidate)))

    def finished(self) -> list[tuple[Candidate, Outcome | None]]:
        """What was submitted."""
        found, self._found = self._found, []
        return found


class Processes:
    """Processes of this computer; a pool that broke is made anew."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool: ProcessPoolExecutor | None = None
        self._tasks: dict[Any, Candidate] = {}

    def submit(self, candidate: Candidate, question: Question) -> None:
        """Gives it to a process."""
        try:
            self._begin(candidate, question)
        except BrokenProcessPool:  # it broke while nobody waited for it
            self._pool = None
            self._begin(candidate, question)

    def finished(self) -> list[tuple[Candidate, Outcome | None]]:
        """Those that are done; where a process died, those that the pool has lost, too."""
        done, _ = wait(self._tasks, return_when=FIRST_COMPLETED)
        found: list[tuple[Candidate, Outcome | None]] = []
        for task in done:
            candidate = self._tasks.pop(task)
            try:
                found.append((candidate, task.result()))
            except BrokenProcessPool:
                self._pool = None
                found.append((candidate, None))
        return found

    def close(self) -> None:
        """Ends the processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _begin(self, candidate: Candidate, question: Question) -> None:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.count, mp_context=get_context("spawn"))
        self._tasks[self._pool.submit(judge, question, candidate)] = candidate


class Dask:
    """The workers of a dask cluster, by the address of its scheduler."""

    def __init__(self, address: str) -> None:
        try:
            from dask.distributed import Client
        except ImportError as error:
            raise MissingDependencyError("dask.distributed is not installed",
                                         hint="pip install 'puffer-edge[dask]'") from error
        try:
            self._client: Any = Client(address, timeout=CONNECTING)
        except (OSError, ValueError) as error:
            raise UsageError(f"there is no dask scheduler at {address}",
                             hint="start one with dask scheduler, and workers with dask worker"
                             ) from error
        self._tasks: dict[Any, Candidate] = {}
        # Otherwise the scheduler gives a dead worker's task to the others, one after another, and
        # what kills workers kills them all.
        self._before = self._client.run_on_scheduler(_allow_failures, 0)

    @property
    def count(self) -> int:
        """Threads of the workers that are there now; one task waits for the first."""
        return max(1, sum(map(int, self._client.nthreads().values())))

    def submit(self, candidate: Candidate, question: Question) -> None:
        """Gives it to the scheduler, which does not try it again by itself."""
        task = self._client.submit(judge, question, candidate, pure=False, retries=0)
        self._tasks[task] = candidate

    def finished(self) -> list[tuple[Candidate, Outcome | None]]:
        """Those that are done; a task whose worker died is lost."""
        from dask.distributed import KilledWorker
        from dask.distributed import wait as wait_for

        done, _ = wait_for([*self._tasks], return_when="FIRST_COMPLETED")
        found: list[tuple[Candidate, Outcome | None]] = []
        for task in done:
            candidate = self._tasks.pop(task)
            if task.status == "finished":
                found.append((candidate, task.result()))
            elif task.status in ("lost", "cancelled") or isinstance(
                    task.exception(), KilledWorker):
                found.append((candidate, None))
            else:
                raise task.exception()
        return found

    def close(self) -> None:
        """Leaves the cluster, which goes on."""
        with suppress(OSError):
            self._client.run_on_scheduler(_allow_failures, self._before)
        self._client.close()


def _allow_failures(count: int, dask_scheduler: Any = None) -> int:
    """How often a task's worker may die, set on the scheduler; gives what it was."""
    before = int(dask_scheduler.allowed_failures)
    dask_scheduler.allowed_failures = count
    return before


@contextmanager
def workers(wanted: str) -> Iterator[Workers]:
    """Workers as the user says: a number of processes, or the address of a dask scheduler.

    Raises:
        UsageError: it is neither, or nobody is there.
        MissingDependencyError: dask.distributed is not installed.
    """
    if wanted in ("", "1"):
        yield Here()
        return
    if wanted.isdecimal() and 1 < int(wanted) <= 1024:
        chosen: Any = Processes(int(wanted))
    elif "://" in wanted:
        chosen = Dask(wanted)
    else:
        raise UsageError(f"{wanted!a:.60} are no workers",
                         hint="give a number of processes, or tcp://HOST:PORT of a dask scheduler")
    try:
        yield chosen
    finally:
        chosen.close()
