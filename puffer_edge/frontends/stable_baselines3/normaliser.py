# SPDX-License-Identifier: MIT
"""VecNormalize before the features, and whether the statistics are the policy's own.

The statistics lie in a file of their own, which is easily forgotten or swapped. A zip ends with the
observations that the library had last (``last_observation``), and what they prove depends on the
algorithm:

- Off-policy algorithms keep both sides of one step: ``normalize(_last_original_obs)`` is
  ``_last_obs``, exactly for the pickle of a final save, and within one update of the running
  statistics for the checkpoint of a callback.
- PPO and A2C keep ``_last_original_obs`` of the first reset, and only under a VecNormalize, be it
  one with ``norm_obs=False``.
- An observation outside of its space's bounds was normalised, whatever did so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from puffer_edge.errors import FileFormatError, UnsupportedError, UsageError
from puffer_edge.frontends.layers import normalized
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.stable_baselines3.features import Observation
from puffer_edge.ir import Activation, Builder, Normaliser
from puffer_edge.ir.ops import Unary
from puffer_edge.readers.last_observation import Parts
from puffer_edge.readers.stable_baselines3_zip import StableBaselines3File
from puffer_edge.readers.text import printable
from puffer_edge.readers.vec_normalize import (
    VecNormalizeStatistics,
    load_vec_normalize,
)

NONE = Path("none")
"""``--vec-normalize none``: the policy's observations were not normalised."""
EQUAL = 1e-6
"""Of two float32 that were computed alike, relative above 1."""
NEAR = 0.3
"""Difference of normalised observations up to which statistics count as the policy's own of another
moment: one update moves them by some 0.01, a foreign file by 0.9 and more."""
OTHER, MISSING = "normaliser-other", "normaliser-missing"
_ON_POLICY = ("PPO or A2C", "RecurrentPPO")
_LARGEST = float(np.finfo(np.float32).max)

Statistics = Mapping[str, VecNormalizeStatistics]


@dataclass(frozen=True)
class Given:
    """What came with ``--vec-normalize``; by key, ``""`` for an observation that has none."""

    statistics: Statistics
    path: Path


def normalize(builder: Builder, observation: Observation, file: StableBaselines3File,
              options: LoadOptions, algorithm: str, where: str) -> bool:
    """Puts VecNormalize before the features, if it was there in training.

    Returns:
        Whether the caller gives what the environment gave, as far as the zip tells; else the
        caller normalises.

    Raises:
        FileFormatError: the statistics are damaged, or do not fit the observation.
        UsageError: the zip shows that statistics are missing, or that they are another policy's.
    """
    judge = _Judge(builder, file, options, algorithm in _ON_POLICY, where)
    path = options.vec_normalize
    if path is None:
        judge.missing()
        return judge.raw()
    if path == NONE:
        if judge.outside():
            builder.note("warning", f"--vec-normalize none, but {judge.outside()}: the caller has "
                                    "to normalise as the trainer did")
        return judge.raw()
    found = load_vec_normalize(path)
    if found is None:
        builder.note("warning", "the VecNormalize given does not normalise observations")
        judge.given(Given({}, path))
        return judge.raw()
    if isinstance(found, dict) != (observation.space.kind == "dict"):
        raise UnsupportedError("the statistics and the policy do not agree whether observations "
                               "are dictionaries", where=str(path))
    given = Given(found if isinstance(found, dict) else {"": found}, path)
    if isinstance(found, dict):
        observation.normalisers = {
            key: partial(_normalized, builder, statistics, f"{path}: {printable(key)}")
            for key, statistics in found.items()}
    else:
        observation.value = _normalized(builder, found, str(path), observation.value)
    proof = judge.given(given)
    builder.normalise(_record(given, observation), proof)
    return True


class _Judge:
    """Compares the statistics, or their absence, with the evidence in the zip."""

    def __init__(self, builder: Builder, file: StableBaselines3File, options: LoadOptions,
                 on_policy: bool, where: str) -> None:
        self._builder, self._file, self._options = builder, file, options
        self._on_policy, self._where = on_policy, where

    def missing(self) -> None:
        """No statistics were given: refused where the zip shows that there were some."""
        last = self._file.last
        if reason := self.outside():
            self._unless_accepted(
                MISSING, f"the policy was trained with normalised observations: {reason}",
                "give the statistics with --vec-normalize FILE, or --vec-normalize none if the "
                "environment's observations leave their space by themselves")
        elif self._on_policy and last.has_original:
            self._unless_accepted(
                MISSING, "the policy was trained with a VecNormalize, whose statistics are not in "
                "the zip",
                "give the pickle that env.save(path) wrote with --vec-normalize FILE, or "
                "--vec-normalize none if it had norm_obs=False")
        elif not ((self._on_policy and last.trained) or _identical(last.seen, last.original)):
            self._builder.assume(
                MISSING, "observations are not normalised: the zip does not tell; give "
                "--vec-normalize if the policy was trained with VecNormalize", "--vec-normalize")

    def raw(self) -> bool:
        """Whether a policy without statistics in it sees what the environment gave."""
        unknown = self._options.vec_normalize is None
        return not self.outside() and not (
            unknown and self._on_policy and self._file.last.has_original)

    def given(self, given: Given) -> str:
        """What the zip says of the statistics that were given; empty if it says nothing."""
        last = self._file.last
        if self._on_policy:
            if last.trained and not last.has_original:
                self._unless_accepted(OTHER, "the policy was trained without a VecNormalize, and "
                                      f"{given.path} holds one", "leave out --vec-normalize")
            elif not given.statistics and (reason := self.outside()):
                self._unless_accepted(OTHER, f"{given.path} has norm_obs=False, and {reason}",
                                      "give the statistics of this very policy")
            elif _clipped(given.statistics, last.original):
                self._builder.note(
                    "warning", f"a raw observation of the zip is so unusual to the statistics of "
                    f"{given.path} that they clip it; are they those of this policy?")
            return ""
        distance = _distance(given.statistics, last.seen, last.original)
        if distance is None:
            return ""
        if distance > NEAR:
            self._unless_accepted(
                OTHER, f"{given.path} is not the VecNormalize of this policy: the last observation "
                f"of the zip, normalised with it, is off by {distance:.3g} deviations",
                "give the pickle that was saved with the zip; leave out --vec-normalize if the "
                "policy was trained without one")
            return f"accepted, though the zip's last observation is off by {distance:.3g}"
        if distance > EQUAL:
            return (f"the zip's last observation is off by {distance:.2g} deviations, as in the "
                    "checkpoint of a callback or at another moment of the run")
        return "the zip's last observation proves that they are its own"

    def outside(self) -> str:
        """Why the last observation must have been normalised; empty if it need not have been."""
        space, seen = self._file.observation, self._file.last.seen.get("")
        if seen is None or not space.low or seen.size % len(space.low):
            return ""
        rows = seen.reshape(-1, len(space.low))
        low, high = np.array(space.low, np.float64), np.array(space.high, np.float64)
        if low.shape != high.shape:
            return ""
        slack = EQUAL * np.maximum(1, np.maximum(np.abs(low), np.abs(high)))
        wrong = ((rows < low - slack) & (low > -_LARGEST)) | (
            (rows > high + slack) & (high < _LARGEST))
        if not wrong.any():
            return ""
        row, index = (int(found[0]) for found in np.nonzero(wrong))
        return (f"the last observation that it saw holds {rows[row, index]:.4g} in element {index},"
                f" where the observation space ends at {space.low[index]:g} and "
                f"{space.high[index]:g}")

    def _unless_accepted(self, code: str, what: str, hint: str) -> None:
        if code not in self._options.accept:
            raise UsageError(what, where=self._where, hint=f"{hint}; --accept {code} goes on "
                             "regardless")
        self._builder.assume(code, what, "--vec-normalize")


def _distance(statistics: Statistics, seen: Parts, original: Parts) -> float | None:
    """Largest difference of normalised observations; None where they cannot be compared."""
    if not seen or seen.keys() != original.keys() or any(
            seen[key].shape != original[key].shape or not seen[key].size for key in seen):
        return None
    worst = 0.0
    for key, raw in original.items():
        ours = raw.reshape(len(raw), -1)
        if found := statistics.get(key):
            if ours.shape[1] != found.mean.size:
                return None
            ours = np.clip((ours - found.mean) / np.sqrt(found.var + found.epsilon),
                           -found.clip, found.clip)
        theirs = seen[key].reshape(ours.shape)
        with np.errstate(all="ignore"):
            difference = np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))
        if not np.isfinite(difference).all():
            return None
        worst = max(worst, float(difference.max()))
    return worst


def _clipped(statistics: Statistics, original: Parts) -> bool:
    return any(bool((np.abs(original[key].reshape(-1, found.mean.size) - found.mean)
                     > found.clip * np.sqrt(found.var + found.epsilon)).any())
               for key, found in statistics.items()
               if key in original and original[key][0].size == found.mean.size)


def _identical(seen: Parts, original: Parts) -> bool:
    """Both sides of a step are the same: something was there that did not normalise."""
    return _distance({}, seen, original) == 0


def _normalized(builder: Builder, statistics: VecNormalizeStatistics, where: str, x: str) -> str:
    if statistics.mean.size != builder.shape(x)[1]:
        raise FileFormatError(
            f"the statistics are those of {statistics.mean.size} features, the policy takes "
            f"{builder.shape(x)[1]}", where=where)
    scale = 1 / np.sqrt(statistics.var + statistics.epsilon)
    shift = -statistics.mean * scale
    if max(scale.max(), np.abs(shift).max()) > _LARGEST:
        raise FileFormatError("the statistics are too small or too large for float32", where=where)
    x = normalized(builder, x, scale, shift, "VecNormalize")
    if statistics.clip > _LARGEST:
        return x
    return builder.add(Unary, x=x, layer="VecNormalize",
                       function=Activation("clip", (-statistics.clip, statistics.clip)))


def _record(given: Given, observation: Observation) -> Normaliser:
    """The statistics of the whole flat observation; what has none keeps its value."""
    mean: list[float] = []
    deviation: list[float] = []
    for key, size in observation.sizes.items():
        found = given.statistics.get(key)
        mean += [0.0] * size if found is None else found.mean.tolist()
        deviation += [1.0] * size if found is None else np.sqrt(
            found.var + found.epsilon).tolist()
    clip = min((found.clip for found in given.statistics.values()), default=np.inf)
    return Normaliser("VecNormalize", tuple(mean), tuple(deviation),
                      clip if np.isfinite(clip) else None,
                      given.path.name, hashlib.sha256(given.path.read_bytes()).hexdigest())
