# SPDX-License-Identifier: MIT
"""An artefact as verify sees it, read from a directory that anybody may have changed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from puffer_edge.artefact.directory import MANIFEST, read_manifest
from puffer_edge.artefact.interface import Interface
from puffer_edge.artefact.vectors import Vectors
from puffer_edge.errors import FileFormatError, ProgramError, UsageError
from puffer_edge.ir import Continuous, Contract, Discrete, Head, Hybrid
from puffer_edge.ir.program import Kind
from puffer_edge.naming import identifier, stem

MEMORY = ("struct_bytes", "arena_bytes", "arena_without_sharing_bytes")
"""Figures of the manifest that the report repeats."""


@dataclass(frozen=True)
class Subject:
    """The parts of an artefact, which fit each other."""

    directory: Path
    manifest: dict[str, Any]
    vectors: Vectors
    spec: Interface
    integers: Subject | None = None
    """The same policy with observations in integers."""


def read_subject(directory: Path) -> Subject:
    """Reads the manifest and the vectors.

    Raises:
        FileFormatError: the directory is no artefact, is damaged, or its files do not fit.
    """
    manifest = read_manifest(directory)
    vectors = Vectors.load(directory / "vectors.npz")
    integers = None
    try:
        spec = _spec(manifest)
        sound = (_fits(vectors, spec, manifest) and _is_complete(manifest)
                 and _means_numbers(manifest)
                 and [head.width for head in heads_of(manifest).values()]
                 == [output["size"] for output in acting(manifest)])
        if "integers" in manifest["observation"]:
            taken = Vectors.load(directory / "vectors_q.npz")
            integers = Subject(directory, manifest, taken, _integer_spec(manifest))
            sound = sound and _fits(taken, integers.spec, manifest)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, UsageError,
            ProgramError):
        sound = False
    if not sound:
        raise FileFormatError("the manifest is damaged, or does not fit the test vectors",
                              where=str(directory / MANIFEST), hint="export the policy again")
    return Subject(directory, manifest, vectors, spec, integers)


def head_of(manifest: dict[str, Any]) -> Head | Hybrid:
    """How raw outputs become actions."""
    action = manifest["action"]
    if action["kind"] != "hybrid":
        return _head(action)
    moving, choosing = _head(action["continuous"]), _head(action["discrete"])
    assert isinstance(moving, Continuous) and isinstance(choosing, Discrete)
    return Hybrid(moving, choosing)


def heads_of(manifest: dict[str, Any]) -> dict[str, Head]:
    """The same by the name of the action's part."""
    return Contract((), head_of(manifest)).heads


def acting(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The outputs that the action is made of."""
    outputs: list[dict[str, Any]] = manifest["outputs"]
    return outputs[: len(heads_of(manifest))]


def _head(action: dict[str, Any]) -> Head:
    if action["kind"] == "discrete":
        return Discrete(tuple(action["sizes"]))
    return Continuous(action["size"], action["squash"], tuple(action["low"]),
                      tuple(action["high"]), action["rescale"])


def _spec(manifest: dict[str, Any]) -> Interface:
    """What the harness is made of; names are checked, as they become C source."""
    return Interface(
        name=stem(manifest["name"]), obs_bytes=4 * int(manifest["observation"]["size"]),
        action_bytes=action_dtype(manifest, integers=False).itemsize,
        outputs=tuple((identifier(output["name"], "an output"), int(output["size"]))
                      for output in manifest["outputs"]),
        states=tuple((int(state.get("low", -(2**31))), int(state.get("high", 2**31 - 1)))
                     for state in manifest["states"]))


def _integer_spec(manifest: dict[str, Any]) -> Interface:
    """The same for the step that takes integers."""
    spec = _spec(manifest)
    size = _INTEGERS[manifest["observation"]["integers"]["dtype"]]
    kind = manifest["action"]["kind"]
    action = action_dtype(manifest, integers=True)
    return replace(spec, obs_bytes=spec.obs_bytes // 4 * size, obs_size=size, integers=True,
                   action_bytes=action.itemsize, action_gap=_gap(action),
                   action_size=4 if kind != "continuous" else
                   _INTEGERS[manifest["outputs"][0]["dtype"]],
                   own_action=kind != "discrete")


def _gap(action: np.dtype[Any]) -> tuple[int, int]:
    """Where an action has unused bytes before its second part, and how many."""
    if action.fields is None:
        return 0, 0
    (first, _), (_, second) = (field[:2] for field in action.fields.values())
    return first.itemsize, int(second) - first.itemsize


def action_dtype(manifest: dict[str, Any], *, integers: bool) -> np.dtype[Any]:
    """Of the action's struct in C; one part of it is an array.

    Args:
        manifest: of the artefact.
        integers: of the step that takes integers, whose continuous part is the raw mean.
    """
    fields = []
    for index, (name, head) in enumerate(heads_of(manifest).items()):
        kind = "int32" if isinstance(head, Discrete) else (
            str(np.dtype(manifest["outputs"][index]["dtype"])) if integers else "float32")
        fields.append((name, kind, (len(head.sizes) if isinstance(head, Discrete)
                                    else int(head.size),)))
    if len(fields) > 1:
        return np.dtype(fields, align=True)
    (_, kind, shape), = fields
    return np.dtype((kind, shape))


_INTEGERS = {"int8": 1, "int16": 2}


def _fits(vectors: Vectors, spec: Interface, manifest: dict[str, Any]) -> bool:
    steps = len(vectors.observations)
    given = manifest["observation"]["integers"]["dtype"] if spec.integers else "float32"
    kind = action_dtype(manifest, integers=spec.integers)
    outputs = {name: array.shape for name, array in vectors.outputs.items()}
    return (steps >= 2 and vectors.reset.shape == (steps,) and vectors.reset.dtype == bool
            and bool(vectors.reset[0]) and not vectors.reset[1]
            and vectors.observations.shape == (steps, manifest["observation"]["size"])
            and vectors.observations[0].nbytes == spec.obs_bytes
            and vectors.actions.shape == (steps, *kind.shape)
            and vectors.actions.dtype == kind.base
            and outputs == {name: (steps, size) for name, size in spec.outputs}
            and vectors.observations.dtype == given
            and all(array.dtype in (np.float32, np.int16, np.int8)
                    for array in vectors.outputs.values()))


def _means_numbers(manifest: dict[str, Any]) -> bool:
    """Whether integers stand for finite numbers, and lie in their types."""
    given = manifest["observation"].get("integers", {"scale": [], "offset": []})
    n = manifest["observation"]["size"] if "dtype" in given else 0
    scales = [output.get("scale", 1.0) for output in manifest["outputs"]]
    real = [*scales, *given["scale"], *given["offset"]]
    whole = [*(output.get("zero_point", 0) for output in manifest["outputs"]),
             *(state.get(end, 0) for state in manifest["states"] for end in ("low", "high"))]
    return (isinstance(manifest["states"], list)
            and all(isinstance(number, float | int) and math.isfinite(number) for number in real)
            and all(scale > 0 for scale in scales)
            and len(given["scale"]) == len(given["offset"]) == n
            and all(isinstance(number, int) and abs(number) <= 2**15 for number in whole))


def _is_complete(manifest: dict[str, Any]) -> bool:
    """Whether what the report repeats is there."""
    figures = [manifest["macs"], *(manifest["memory"][name] for name in MEMORY)]
    elements = [size for state in manifest["states"] for size in state["shape"]]
    words = [manifest["target"], manifest["scheme"], *manifest["files"].values(),
             *(note["text"] for note in manifest["notes"]),
             *(layer["scheme"] for layer in manifest.get("quantization", {}).get("layers", []))]
    kinds = {note["kind"] for note in manifest["notes"]}
    return (all(isinstance(figure, int) for figure in [*figures, *elements])
            and all(element > 0 for element in elements)
            and all(isinstance(word, str) for word in words)
            and kinds <= set(get_args(Kind)))
