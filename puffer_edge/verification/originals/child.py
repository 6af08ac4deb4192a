# SPDX-License-Identifier: MIT
"""The process that runs an original: ``python -m puffer_edge.verification.originals.child FOLDER``.

It has limits of its own, as it runs what a stranger's file asks a large library to do.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import PufferEdgeError
from puffer_edge.readers.npz import read_npz
from puffer_edge.verification.originals.job import FAILURE, FOUND, GIVEN, JOB, Job, Trajectory
from puffer_edge.verification.originals.original import Original, Unjudged


def limit(megabytes: int, seconds: int) -> None:
    """Bounds memory and processor time, where the system can; the parent bounds the time anyway.

    Args:
        megabytes: of private memory; 0 for no bound, as in a fork, which has its parent's already.
        seconds: of the processor.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    wanted = {"RLIMIT_CPU": seconds, "RLIMIT_CORE": 0}
    if megabytes:
        wanted |= {"RLIMIT_DATA": megabytes << 20, "RLIMIT_AS": 8 * megabytes << 20}
    for name, most in wanted.items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (most, hard))
        except (OSError, ValueError):  # macOS knows some of them by name only
            continue


class Frames:
    """What the environment did: observations are stacked, the oldest first, and normalised.

    The formula is that of gymnasium's NormalizeObservation and of VecNormalize, in float64.
    """

    def __init__(self, original: Original, job: Job) -> None:
        self.original, self.count, self.masked = original, job.frame_stack, job.masked
        self.repeat, self.job = job.frame_repeat, job
        self.earlier: Array | None = None

    def meant(self, x: Array) -> Array:
        """The observation as it is taken."""
        kept = x[: len(x) - self.masked]
        if self.job.mean:  # the original never sees it as it is
            return x
        whole = self.original.meant(np.tile(kept, self.count))
        return np.concatenate([whole[len(whole) - len(kept):], x[len(kept):]])

    def reset(self) -> None:
        """Frames before the first are zeros, or the first itself."""
        self.earlier = None
        self.original.reset()

    def step(self, x: Array) -> dict[str, Array]:
        """One step of the original."""
        kept = x[: len(x) - self.masked]
        whole = np.concatenate([self._earlier(kept), kept])
        self.earlier = whole[len(kept):]
        return self.original.step(self._normalised(whole))

    def state(self, x: Array) -> dict[str, Array]:
        """What is remembered, earlier frames included."""
        found = dict(self.original.state())
        if self.count > 1:
            size = (self.count - 1) * (len(x) - self.masked)
            found["earlier_frames"] = np.zeros(size, np.float32) if (
                self.earlier is None) else self.earlier
            if self.repeat:
                found["first_step"] = np.full(size, self.earlier is None, np.float32)
        return found

    def _normalised(self, x: Array) -> Array:
        if not self.job.mean:
            return x
        x = (x.astype(np.float64) - self.job.mean) / self.job.deviation
        limit = self.job.clip or np.inf
        return np.clip(x, -limit, limit).astype(np.float32)

    def _earlier(self, kept: Array) -> Array:
        if self.earlier is not None:
            return self.earlier
        return np.tile(kept, self.count - 1) * np.float32(self.repeat)


def run(job: Job, observations: Array, reset: Array) -> Trajectory:
    """The trajectory of the original over the observations.

    Raises:
        Unjudged: it cannot be run.
    """
    owner: Any = import_module(f"puffer_edge.verification.originals.{job.owner}")
    return record(owner.open_original(job), job, observations, reset)


def record(original: Original, job: Job, observations: Array, reset: Array) -> Trajectory:
    """As :func:`run`, of an open original; it runs twice, to tell what it draws at random."""
    first, again = (_once(original, job, observations, reset) for _ in range(2))
    drawn = tuple(name for name, array in first.outputs.items()
                  if not _equal(array, again.outputs.get(name)))
    return replace(first, random=drawn, outputs={
        name: array for name, array in first.outputs.items() if name not in drawn})


def _equal(a: Array, b: Array | None) -> bool:
    return b is not None and a.tobytes() == b.tobytes()


def _once(original: Original, job: Job, observations: Array, reset: Array) -> Trajectory:
    runner = Frames(original, job)
    seen, outputs, before, after, actions = [], [], [], [], []
    for x, fresh in zip(observations, reset, strict=True):
        if fresh:
            runner.reset()
        x = np.asarray(runner.meant(np.asarray(x, np.float32)), np.float32)
        seen.append(x)
        before.append(_flat(runner.state(x)))
        outputs.append(_flat(runner.step(x)))
        after.append(_flat(runner.state(x)))
        actions.append(original.action)

    def stacked(rows: list[dict[str, Array]]) -> dict[str, Array]:
        return {name: np.stack([row[name] for row in rows]) for name in rows[-1]
                if all(name in row and row[name].shape == rows[-1][name].shape for row in rows)}
    states = stacked(before)
    return Trajectory(original.judge, np.stack(seen), np.asarray(reset, bool), stacked(outputs),
                      states, {name: array for name, array in stacked(after).items()
                               if name in states},
                      None if actions[0] is None else np.stack(
                          [np.asarray(action).reshape(-1) for action in actions]),
                      original.scales)


def _flat(parts: dict[str, Array]) -> dict[str, Array]:
    return {name: np.array(part).reshape(-1) for name, part in parts.items()}


def main(folder: Path) -> int:
    """Runs the job of a folder; what goes wrong becomes its file of failure."""
    limit(int(sys.argv[2]), int(sys.argv[3]))
    try:
        job = Job.from_json((folder / JOB).read_text(encoding="utf-8"))
        given = read_npz(folder / GIVEN, "the observations", "try again")
        run(job, given["observations"], given["reset"]).save(folder / FOUND)
    except MemoryError:
        reason = "it takes too much memory"
    except (Unjudged, PufferEdgeError) as error:
        reason = str(error)
    except ImportError as error:
        reason = f"{error.name or error} is not installed"
    except Exception as error:  # of any library, about any file: all are results
        reason = f"{type(error).__name__}: {str(error)[:300]}"
    else:
        return 0
    (folder / FAILURE).write_text(reason, encoding="utf-8", errors="backslashreplace")
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
