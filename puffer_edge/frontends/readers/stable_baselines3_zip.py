"""A Stable-Baselines3 zip: its weights, and what its JSON says in plain words.

The JSON also holds base64 pickles (``:serialized:``); they are never decoded. Beside each one the
library writes the object's attributes in readable form, and those are enough.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.readers.torch_checkpoint import flat_state_dict, load_checkpoint
from puffer_edge.frontends.readers.zip_archive import ZipArchive

Array = npt.NDArray[Any]

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|inf)")


@dataclass(frozen=True)
class Space:
    """A gymnasium space as the JSON describes it.

    Attributes:
        kind: lower-case class name: box, discrete, multidiscrete, multibinary, dict...; empty if
            the file does not say.
        shape: of a Box.
        sizes: choices of a Discrete or MultiDiscrete.
        start: first value of a Discrete.
        low, high: bounds of a Box per element; empty where the file does not tell them all.
    """

    kind: str = ""
    shape: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()
    start: int = 0
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True)
class StableBaselines3File:
    """What a zip holds.

    Attributes:
        version: of the library that wrote it; empty if unknown.
        weights: the policy's state_dict.
        policy_class: module of the policy's class.
        activation: class name of ``policy_kwargs["activation_fn"]``, empty for the default.
        use_sde: gSDE exploration was used.
        squash_output: ``policy_kwargs["squash_output"]``.
        observation, action: the spaces.
    """

    version: str
    weights: dict[str, Array]
    policy_class: str
    activation: str
    use_sde: bool
    squash_output: bool
    observation: Space
    action: Space


def load_stable_baselines3(path: Path) -> StableBaselines3File:
    """Reads a zip of any algorithm.

    Raises:
        FileFormatError: the file is damaged or hostile.
    """
    where = str(path)
    archive = ZipArchive(path, where=where, stored_only=False)
    inner = f"{where}: policy.pth"
    weights = flat_state_dict(load_checkpoint(archive.read("policy.pth"), where=inner), inner)
    data = _json(archive) if "data" in archive.names else {}
    keywords = _dictionary(data.get("policy_kwargs"))
    activation = str(keywords.get("activation_fn", ""))
    version = ""
    if "_stable_baselines3_version" in archive.names:
        text = archive.read("_stable_baselines3_version").decode("ascii", "replace").strip()
        version = text if re.fullmatch(r"[\w.+-]{1,20}", text) else ""
    return StableBaselines3File(
        version=version, weights=weights,
        policy_class=str(_dictionary(data.get("policy_class")).get("__module__", "")),
        activation=_class_name(activation), use_sde=data.get("use_sde") is True,
        squash_output=str(keywords.get("squash_output", "False")) == "True",
        observation=_space(data.get("observation_space"), where),
        action=_space(data.get("action_space"), where))


def _json(archive: ZipArchive) -> dict[str, Any]:
    try:
        return _dictionary(json.loads(archive.read("data")))
    except (ValueError, RecursionError) as error:
        raise archive.error("the member 'data' is no JSON") from error


def _dictionary(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _class_name(text: str) -> str:
    """``ReLU`` of ``<class 'torch.nn.modules.activation.ReLU'>``."""
    found = re.fullmatch(r"<class '(?:[\w]+\.)*(\w+)'>", text)
    return found.group(1) if found else ""


def _space(value: Any, where: str) -> Space:
    plain = _dictionary(value)
    kind = _class_name(str(plain.get(":type:", ""))).lower()
    shape = plain.get("_shape")
    shape = shape if isinstance(shape, list) else []
    if not all(type(n) is int and 0 < n < 1 << 24 for n in shape):
        raise FileFormatError("a space's shape is malformed", where=where)
    sizes: tuple[int, ...] = ()
    if kind in ("discrete", "multidiscrete"):
        sizes = tuple(int(n) for n in _numbers(plain.get("n" if kind == "discrete" else "nvec")))
    low = high = ()
    if kind == "box":
        low, high = (_bounds(plain, side, prod(shape)) for side in ("low", "high"))
    start = _numbers(plain.get("start"))
    return Space(kind, tuple(shape), sizes, int(start[0]) if start else 0, low, high)


def _bounds(plain: dict[str, Any], side: str, size: int) -> tuple[float, ...]:
    """Bounds as printed by numpy, if all are there and finite; long arrays print with ``...``."""
    values = _numbers(plain.get(side)) or _numbers(plain.get(f"{side}_repr"))
    if len(values) == 1:
        values = values * size
    if len(values) != size or not np.isfinite(values).all():
        return ()
    return tuple(float(np.float32(value)) for value in values)


def _numbers(value: Any) -> list[float]:
    text = str(value) if value is not None else ""
    if "..." in text or len(text) > 10_000:
        return []
    return [float(number) for number in _NUMBER.findall(text)]
