# SPDX-License-Identifier: MIT
"""Statistics of the observation that lie beside a policy's weights, or in a file of their own.

gymnasium's NormalizeObservation and Stable-Baselines3's VecNormalize keep ``mean``, ``var`` and
``count`` as ``obs_rms``; scripts save them as numpy arrays or tensors. Observations become
``clip((x - mean) / sqrt(var + epsilon))``, or are divided by ``std + epsilon``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.frontends.assumptions import assumed
from puffer_edge.ir import Activation, Normaliser, Note, Op, Program, Value
from puffer_edge.ir.ops import BatchNormalization, Unary
from puffer_edge.ir.ops.batch_normalization import LARGEST_SHIFT
from puffer_edge.passes.constants import unused
from puffer_edge.readers.parameters import Parameters
from puffer_edge.readers.text import printable

NONE = Path("none")
"""What the user gives in place of a file where there was no normaliser."""
EPSILON = 1e-8
"""Of gymnasium's NormalizeObservation and of VecNormalize."""
_MEAN = re.compile(r"(?:(.*)[._])?(?:running_|obs_|observation_|state_)?_?mean")
_SPREADS = {"var": True, "variance": True, "std": False}
_COUNTS = ("count", "n", "num_batches_tracked")
_NOT_THE_OBSERVATION = re.compile(r"(?i)(^|[._])(ret|return|returns|reward|rewards|rew|value|adv)")


@dataclass(frozen=True)
class Statistics:
    """``clip((x - mean) / deviation, -clip, clip)``.

    Attributes:
        mean, deviation: float64, one per element.
        clip: bound of the result; infinite for none.
        name: where they were found.
        guessed: what of the form is not in the file, in words; empty for nothing.
        sha256: of the file of their own; empty where there is none.
        taken: names of the arrays that they are.
    """

    mean: npt.NDArray[np.float64]
    deviation: npt.NDArray[np.float64]
    clip: float = float("inf")
    name: str = "normaliser"
    guessed: str = ""
    sha256: str = ""
    taken: frozenset[str] = frozenset()


def statistics(arrays: Mapping[str, Array], numbers: Mapping[str, Any], where: str, *,
               beside: bool = False) -> Statistics | None:
    """The only mean of an observation with its variance or deviation among arrays by name.

    Args:
        arrays: mean and variance, or mean and deviation, with names that differ in that word.
        numbers: ``epsilon`` and ``clip`` beside them, where they are there.
        where: the file, for messages.
        beside: other things are in the file, so only numbers of the same part are theirs.

    Raises:
        FileFormatError: they are not finite, or do not fit each other.
        UsageError: there are several that differ.
    """
    found: dict[str, tuple[Array, Array, bool]] = {}
    for name, mean in arrays.items():
        matched = _MEAN.fullmatch(name.lower())
        if matched is None or _NOT_THE_OBSERVATION.search(name):
            continue
        stem = name[: len(name) - len("mean")]
        for word, squared in _SPREADS.items():
            if (spread := arrays.get(stem + word)) is not None:
                found.setdefault(name, (mean, spread, squared))
    if not found:
        return None
    name, (mean, spread, squared) = next(iter(found.items()))
    if any(not (np.array_equal(mean, other) and np.array_equal(spread, scale))
           for other, scale, _ in found.values()):
        raise UsageError(f"there are several statistics: {', '.join(map(printable, found))}",
                         where=where, hint="give those of the observation with --normaliser FILE")
    mean, spread = (np.asarray(array, np.float64).reshape(-1) for array in (mean, spread))
    part = name.rpartition(".")[0]
    if beside:
        numbers = {key: number for key, number in numbers.items()
                   if part and key.rpartition(".")[0] == part}
    epsilon, clip = (_number(numbers, names) for names in (
        ("epsilon", "eps"), ("clip_obs", "clip_observation", "clip")))
    guessed = " and ".join(text for text, number in (
        (f"adds {EPSILON:g} to the {'variance' if squared else 'deviation'}", epsilon),
        ("does not clip", clip)) if number is None)
    epsilon = EPSILON if epsilon is None else epsilon
    if mean.shape != spread.shape or not mean.size or not (
            np.isfinite(mean).all() and np.isfinite(spread).all() and (spread >= 0).all()):
        raise FileFormatError("the observation's mean and variance do not fit each other, or are "
                              "not finite", where=f"{where}: {printable(name)}")
    deviation = np.sqrt(spread + epsilon) if squared else spread + epsilon
    if not ((deviation > 1e-30).all() and np.isfinite(deviation).all()
            and (clip is None or clip > 0)):
        raise FileFormatError("the observation cannot be divided by its deviation",
                              where=f"{where}: {printable(name)}")
    words = (*_SPREADS, *_COUNTS)
    taken = {each for each in arrays if each in found or (
        each.startswith(part) and re.split("[._]", each.lower())[-1] in words)}
    return Statistics(mean, deviation, float("inf") if clip is None else clip,
                      printable(part or name), guessed, taken=frozenset(taken))


def parted(found: Parameters) -> Parameters:
    """The same with the observation's statistics among the weights as what lies beside them."""
    names = set()
    for name in found.weights:
        if _MEAN.fullmatch(name.lower()) and not _NOT_THE_OBSERVATION.search(name):
            stem = name[: len(name) - len("mean")]
            spreads = {stem + word for word in _SPREADS} & found.weights.keys()
            if any(found.weights[spread].shape == found.weights[name].shape
                   for spread in spreads):
                names |= {name, *spreads, f"{stem}count",
                          *(f"{name.rpartition('.')[0]}.{count}" for count in _COUNTS)}
    moved = {name: found.weights[name] for name in names & found.weights.keys()}
    return replace(found, arrays=found.arrays | moved, weights={
        name: array for name, array in found.weights.items() if name not in moved})


def load_statistics(path: Path) -> Statistics:
    """The statistics of an .npz, of a pickle (read, never run), or of a file of torch.save.

    Raises:
        FileFormatError: the file is damaged, or holds none.
    """
    from puffer_edge.readers.regular_file import read_file

    where, content = str(path), read_file(path)
    if content[:1] == b"\x80":
        from puffer_edge.readers.pickle_statistics import pickled

        arrays, numbers = pickled(content, where)
    else:
        arrays, numbers = _zipped(content, path)
    found = statistics(arrays, numbers, where)
    if found is None:
        raise FileFormatError(
            f"the file holds no mean with a variance: {', '.join(map(printable, arrays))[:300]}",
            where=where, hint="numpy.savez(file, mean=..., var=..., epsilon=1e-8, clip=10.0)")
    return replace(found, name=path.name, sha256=hashlib.sha256(content).hexdigest())


def _zipped(content: bytes, path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    from puffer_edge.readers.zip_archive import ZipArchive

    where = str(path)
    names = ZipArchive(content, where=where, stored_only=False).names
    if any(name.endswith(".npy") for name in names):
        from puffer_edge.readers.npz import read_npz

        arrays = read_npz(path, "the normaliser", "numpy.savez writes it")
        return arrays, {name: array.item() for name, array in arrays.items() if array.size == 1}
    from puffer_edge.readers.parameters import parameters
    from puffer_edge.readers.torch_checkpoint import load_checkpoint

    found = parameters(load_checkpoint(content, where=where), where)
    return found.weights | found.arrays, found.attributes


def normalised_by(program: Program, given: Path | None) -> Program:
    """The same policy for raw observations, by statistics that the user gives.

    Args:
        program: takes normalised observations.
        given: as of :func:`load_statistics`; None and ``none`` change nothing.

    Raises:
        FileFormatError: the file is damaged, or holds none.
        UsageError: they are not those of this policy.
    """
    if given is None or given == NONE:
        return program
    return normalised(program, load_statistics(given))


def normalised(program: Program, found: Statistics) -> Program:
    """The same policy for raw observations: it subtracts the mean and divides by the deviation.

    Raises:
        UsageError: the policy normalises already, or takes another number of elements.
    """
    size = program.contract.observation_size
    if program.contract.normaliser is not None:
        raise UsageError("the policy normalises its observations already",
                         hint="leave out --normaliser")
    if found.mean.size not in (1, size):
        raise UsageError(f"the statistics of {found.name} are those of {found.mean.size} elements, "
                         f"the policy takes {size}", hint="give those of this very policy")
    mean, deviation = (np.broadcast_to(array, (size,)) for array in (found.mean, found.deviation))
    scale, first = 1 / deviation, np.zeros(size, np.float32)
    if np.abs(mean * scale).max() > LARGEST_SHIFT:  # subtracted first: nothing may cancel later
        first = mean.astype(np.float32)
    shift = (first.astype(np.float64) - mean) * scale
    taken, shape = set(program.values), (1, size)
    raw, centred, scaled = (unused(name, taken) for name in ("raw", "centred", "normalised"))
    ops: list[Op] = []
    constants, values = dict(program.constants), dict(program.values)

    def add(x: str, y: str, factor: Array, offset: Array) -> None:
        names = [unused(f"{y}.{part}", taken) for part in ("scale", "shift")]
        for name, array in zip(names, (factor, offset), strict=True):
            constants[name] = array.astype(np.float32)
            values[name] = Value(name, (size,))
        values[y] = Value(y, shape)
        ops.append(BatchNormalization(x=x, y=y, scale=names[0], shift=names[1],
                                      layer="normaliser"))

    values[raw] = Value(raw, shape)
    if first.any():
        add(raw, centred, np.ones(size), -first)
    add(centred if first.any() else raw, scaled, scale, shift)
    last = scaled
    if np.isfinite(found.clip):
        last = unused("clipped", taken)
        values[last] = Value(last, shape)
        ops.append(Unary(x=scaled, y=last, layer="normaliser",
                         function=Activation("clip", (-found.clip, found.clip))))
    from puffer_edge.ir.ops import Reshape

    ops.append(Reshape(x=last, y=program.input, shape=program.values[program.input].shape))
    described = Normaliser(found.name, tuple(mean.tolist()), tuple(deviation.tolist()),
                           found.clip if np.isfinite(found.clip) else None,
                           *((found.name, found.sha256) if found.sha256 else ()))
    notes = tuple(note for note in program.notes if note.code != "normaliser-missing" and (
        "observations are not normalised" not in note.text))
    more = [Note("folded", f"the normaliser into the policy, which takes raw observations: "
                           f"{described}")]
    if found.guessed:
        more.append(assumed("normaliser-form", f"the normaliser of {found.name} {found.guessed}: "
                            "the statistics do not say", "--normaliser"))
    result = program.with_ops(
        [*ops, *program.ops], values=values, constants=constants, input=raw,
        source=f"normaliser, then {program.source}",
        contract=replace(program.contract, normaliser=described))
    return replace(result, notes=(*notes, *more))


def _number(numbers: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    values = {float(value) for name, value in numbers.items()
              if name.lower().rpartition(".")[2] in names
              and isinstance(value, int | float) and not isinstance(value, bool)}
    return values.pop() if len(values) == 1 else None
