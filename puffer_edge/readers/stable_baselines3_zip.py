# SPDX-License-Identifier: MIT
"""A Stable-Baselines3 zip: its weights, and what its JSON says in plain words.

The JSON also holds base64 pickles (``:serialized:``). Beside each one the library writes the
object's attributes in readable form, and those are enough; only the last observations, which are
arrays, are read from theirs, by our own reader (``last_observation``).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from math import isfinite, prod
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.readers.budget import is_shape
from puffer_edge.readers.last_observation import LastObservation, last_observation
from puffer_edge.readers.torch_checkpoint import flat_state_dict, load_checkpoint
from puffer_edge.readers.zip_archive import ZipArchive

MAX_JSON = 8 << 20
MAX_NUMBERS = 1 << 12
_LARGEST = float(np.finfo(np.float32).max)
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*(?:[eE][-+]?[0-9]+)?|inf)")


@dataclass(frozen=True)
class Space:
    """A gymnasium space as the JSON describes it.

    Attributes:
        kind: lower-case class name: box, discrete, multidiscrete, multibinary, dict...; empty if
            the file does not say.
        shape: of a Box; empty if the file does not say.
        sizes: choices of a Discrete or MultiDiscrete; empty where the file does not tell them all.
        start: first value of a Discrete, or of each part of a MultiDiscrete.
        low, high: bounds of a Box per element, finite: a side without one has float32's largest.
            Empty where the file does not tell them all.
        dtype: of a Box, as numpy calls it.
        parts: of a Dict, by key in its order; empty where the file does not tell them all.
    """

    kind: str = ""
    shape: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()
    start: tuple[int, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    dtype: str = ""
    parts: dict[str, Space] = field(default_factory=dict)


@dataclass(frozen=True)
class StableBaselines3File:
    """What a zip holds.

    Attributes:
        version: of the library that wrote it; empty if unknown.
        weights: the policy's state_dict.
        policy_class: module of the policy's class.
        class_name: its name; empty if the file does not say.
        activation: ``policy_kwargs["activation_fn"]`` as Python prints it, empty for the default.
        extractor: ``policy_kwargs["features_extractor_class"]``, the same.
        squash_output: ``policy_kwargs["squash_output"]``, None for the default.
        normalize_images: ``policy_kwargs["normalize_images"]``, which is on unless it says False.
        clip_mean: ``policy_kwargs["clip_mean"]``, None for the default.
        observation, action: the spaces.
        last: the observations that the file ends with.
    """

    version: str
    weights: dict[str, Array]
    policy_class: str
    class_name: str
    activation: str
    extractor: str
    squash_output: bool | None
    normalize_images: bool
    clip_mean: float | None
    observation: Space
    action: Space
    last: LastObservation


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
    policy_class = _dictionary(data.get("policy_class"))
    # The class is a pickle; the library prints its methods beside it, by their full names.
    method = re.match(r"<function (\w+)\.__init__ at", _text(policy_class.get("__init__")))
    version = ""
    if "_stable_baselines3_version" in archive.names:
        text = archive.read("_stable_baselines3_version").decode("ascii", "replace").strip()
        version = text if re.fullmatch(r"[\w.+-]{1,20}", text) else ""
    return StableBaselines3File(
        version=version, weights=weights,
        policy_class=_text(policy_class.get("__module__")),
        class_name=method.group(1) if method else "",
        activation=_text(keywords.get("activation_fn")),
        extractor=_text(keywords.get("features_extractor_class")),
        squash_output={"True": True, "False": False}.get(_text(keywords.get("squash_output"))),
        normalize_images=_text(keywords.get("normalize_images")) != "False",
        clip_mean=next(iter(_numbers(keywords.get("clip_mean"))), None),
        observation=_space(data.get("observation_space"), where),
        action=_space(data.get("action_space"), where),
        last=last_observation(data, where))


def _json(archive: ZipArchive) -> dict[str, Any]:
    content = archive.read("data")
    if len(content) > MAX_JSON:
        raise archive.error("the member 'data' is larger than that of any policy")
    try:
        return _dictionary(json.loads(content))
    except (ValueError, RecursionError) as error:
        raise archive.error("the member 'data' is no JSON") from error


def _dictionary(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """A value that the library writes as text, a number or a flag; empty for anything else."""
    return str(value) if isinstance(value, str | bool | float) or type(value) is int else ""


def _space(value: Any, where: str) -> Space:
    plain = _dictionary(value)
    found = re.fullmatch(r"<class '(?:\w+\.)*(\w+)'>", _text(plain.get(":type:")))
    kind = found.group(1).lower() if found else ""
    shape = plain.get("_shape", plain.get("shape"))  # the latter in old gym
    shape = tuple(shape) if isinstance(shape, list) else ()
    if not is_shape(shape):
        raise FileFormatError("a space's shape is malformed", where=where)
    if kind == "box":
        low, high = (_bounds(plain, side, prod(shape)) for side in ("low", "high"))
        return Space(kind, shape, low=low, high=high, dtype=_text(plain.get("dtype")))
    if kind in ("discrete", "multidiscrete"):
        sizes = _integers(plain.get("n" if kind == "discrete" else "nvec"))
        if sizes and min(sizes) < 1:
            raise FileFormatError("a space has no choices", where=where)
        return Space(kind, shape, sizes=sizes, start=_integers(plain.get("start")))
    if kind == "dict":
        return Space(kind, parts=_parts(_text(plain.get("spaces"))))
    return Space(kind, shape)


_PART = re.compile(
    r"'([A-Za-z_]\w{0,60})': (?:Box\(([^,()]+), ([^,()]+), \(([\d, ]{0,100})\), (\w+)\)"
    r"|Discrete\((\d{1,6})(?:, start=-?\d+)?\)|MultiBinary\((\d{1,6})\)"
    r"|MultiDiscrete\(\[([\d ]{1,200})\](?:, start=[^()]*)?\))(?:, |$)")


_PAIR = re.compile(r"\(('[A-Za-z_]\w{0,60}'), ([A-Z]\w{2,20}\([^()]*(?:\([^()]*\)[^()]*)?\))\), ")


def _parts(text: str) -> dict[str, Space]:
    """Spaces of a Dict as Python prints them; nothing unless all of it is understood."""
    body = text.strip().removeprefix("OrderedDict(").removesuffix(")").strip()
    if body.startswith("[") and body.endswith("]"):  # before Python 3.12: pairs
        body = _PAIR.sub(r"\1: \2, ", body[1:-1] + ", ").removesuffix(", ")
    body = body.removeprefix("{").removesuffix("}")
    parts: dict[str, Space] = {}
    position = 0
    while position < len(body):
        found = _PART.match(body, position)
        if found is None or len(parts) >= 64:
            return {}
        name, low, high, shape, dtype, choices, bits, sizes = found.groups()
        if shape is not None:
            axes = tuple(int(n) for n in shape.replace(" ", "").split(",") if n)
            bounds = [_bounds({"low": side}, "low", prod(axes)) for side in (low, high)]
            parts[name] = Space("box", axes or (1,), low=bounds[0], high=bounds[1], dtype=dtype)
        elif choices is not None:
            parts[name] = Space("discrete", sizes=(int(choices),))
        elif bits is not None:
            parts[name] = Space("multibinary", (int(bits),))
        else:
            parts[name] = Space("multidiscrete", sizes=tuple(map(int, sizes.split())))
        position = found.end()
    if not all(is_shape(space.shape) for space in parts.values()):
        return {}
    return parts


def _bounds(plain: dict[str, Any], side: str, size: int) -> tuple[float, ...]:
    """Bounds as printed by numpy, if all are there; long arrays print with ``...``."""
    values = _numbers(plain.get(side)) or _numbers(plain.get(f"{side}_repr"))
    if len(values) == 1 and size <= MAX_NUMBERS:
        values = values * size
    if len(values) != size:
        return ()
    return tuple(float(np.float32(max(-_LARGEST, min(_LARGEST, value)))) for value in values)


def _integers(value: Any) -> tuple[int, ...]:
    numbers = _numbers(value)
    return tuple(int(n) for n in numbers) if all(map(isfinite, numbers)) else ()


def _numbers(value: Any) -> list[float]:
    text = _text(value)
    numbers = [] if "..." in text or len(text) > 20_000 else _NUMBER.findall(text)
    return [float(number) for number in numbers[:MAX_NUMBERS]]
