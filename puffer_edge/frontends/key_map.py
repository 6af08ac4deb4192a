# SPDX-License-Identifier: MIT
"""A state_dict of unknown names, with a TOML file that says what its tensors are for.

action = "continuous"                   # or "discrete"
activation = "elu"                      # after every layer but the output
layers = ["net.0", "net.2"]             # linear layers before the recurrent one, in order
recurrent = "memory.rnn"                # an nn.LSTM or nn.GRU, where there is one
after = ["head.0"]                      # linear layers after it
output = "head.2"                       # the last linear layer, or a list with one per head
ignore = ["critic.", "log_std"]         # what the deterministic action does not need

[normaliser]                            # clip((x - mean) / sqrt(variance + epsilon))
mean = "norm.mean"
variance = "norm.var"
epsilon = 1e-5
clip = 5.0
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.errors import UsageError
from puffer_edge.frontends.actor import Actor, build, statistics
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Program
from puffer_edge.readers.regular_file import read_file

MAX_BYTES = 1 << 20
_TYPES: dict[str, tuple[type, ...]] = {
    "action": (str,), "activation": (str,), "layers": (list,), "recurrent": (str,),
    "after": (list,), "output": (str, list), "ignore": (list,), "normaliser": (dict,)}
_STATISTICS: dict[str, tuple[type, ...]] = {
    "mean": (str,), "variance": (str,), "epsilon": (int, float), "clip": (int, float)}
_HINT = "see puffer_edge/frontends/key_map.py or the README for what it may say"


def load_with_map(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """The Program that the map describes.

    Raises:
        FileFormatError: the map cannot be read, or a tensor is missing or does not fit.
        UnsupportedError: tensors are left that the map does not mention.
        UsageError: the map says what it cannot, or too little.
    """
    assert options.key_map is not None
    path = options.key_map
    settings = _checked(_toml(path), _TYPES, str(path))
    for needed in ("output", "action"):
        if needed not in settings:
            raise UsageError(f"{needed} is missing", where=str(path), hint=_HINT)
    kind = options.action or settings["action"]
    if kind not in ("discrete", "continuous"):
        raise UsageError(f"the action {kind!r} is neither discrete nor continuous",
                         where=str(path))
    output = settings["output"]
    outputs = [output] if isinstance(output, str) else output
    layers, after = (settings.get(key, []) for key in ("layers", "after"))
    if (layers or after) and not (options.activation or "activation" in settings):
        raise UsageError("activation is missing", where=str(path), hint=_HINT)
    tensors = Tensors(weights, where)
    _there(tensors, [*layers, *after, *outputs], str(path))
    actor = Actor(
        "state_dict with a key map", outputs, "mean" if kind == "continuous" else "logits",
        before=layers, cell=settings.get("recurrent", ""), after=after,
        function=settings.get("activation", "none"), assumed=False,
        normaliser=_normaliser(tensors, settings, path),
        dropped=dict.fromkeys(settings.get("ignore", []), "the map says that it is of no use"))
    if actor.cell and not tensors.has(f"{actor.cell}.weight_ih_l0"):
        raise UsageError(f"there is no {actor.cell}.weight_ih_l0 in {where}", where=str(path))
    return build(actor, tensors, options, where)


def example(weights: Mapping[str, Array]) -> str:
    """A map made of the tensors' own names, in the file's order, for the user to correct."""
    from puffer_edge.frontends.script_policy import unneeded

    ignore = unneeded(weights)
    rest = [key for key in weights if not key.startswith(tuple(ignore))]
    layers = [key.removesuffix(".weight") for key in rest
              if key.endswith(".weight") and weights[key].ndim == 2]
    cell = next((key.removesuffix(".weight_ih_l0") for key in rest
                 if key.endswith(".weight_ih_l0")), "")
    at = len(layers) - 1
    if cell:
        first = rest.index(f"{cell}.weight_ih_l0")
        at = sum(rest.index(f"{name}.weight") < first for name in layers[:-1])
    lines: list[tuple[str, Any]] = [
        ("action", "discrete"), ("activation", "relu"), ("layers", layers[:at]),
        ("recurrent", cell), ("after", layers[at:-1]), ("output", "".join(layers[-1:])),
        ("ignore", ignore)]
    return "\n".join(f"{name} = {json.dumps(value)}" for name, value in lines if value)


def _toml(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(read_file(path, MAX_BYTES).decode())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the map is no TOML: {error}", where=str(path), hint=_HINT) from error


def _checked(settings: Mapping[str, Any], types: Mapping[str, tuple[type, ...]], where: str
             ) -> dict[str, Any]:
    for key, value in settings.items():
        if key not in types:
            raise UsageError(f"{key!r} says nothing; known are {', '.join(types)}", where=where)
        names = isinstance(value, list) and not all(isinstance(part, str) for part in value)
        if not isinstance(value, types[key]) or isinstance(value, bool) or names or value == []:
            raise UsageError(f"{key} cannot be {value!r:.60}", where=where, hint=_HINT)
    return dict(settings)


def _normaliser(tensors: Tensors, settings: Mapping[str, Any], path: Path) -> Any:
    if "normaliser" not in settings:
        return None
    found = _checked(settings["normaliser"], _STATISTICS, f"{path}: normaliser")
    for needed in ("mean", "variance"):
        if needed not in found:
            raise UsageError(f"{needed} is missing", where=f"{path}: normaliser", hint=_HINT)
    clip = float(found.get("clip", "inf"))
    if not clip > 0:
        raise UsageError("the clip is not above 0", where=f"{path}: normaliser")
    return statistics(tensors, found["mean"], found["variance"],
                      float(found.get("epsilon", 0.0)), clip=clip)


def _there(tensors: Tensors, names: list[str], where: str) -> None:
    for name in names:
        if not tensors.has(f"{name}.weight"):
            raise UsageError(f"the state_dict has no {name}.weight", where=where,
                             hint=f"it has {', '.join(tensors.names()[:8])}")
