# SPDX-License-Identifier: MIT
"""Parameters of flax: brax, PureJaxRL, SBX, and scripts made after them; layers by their names.

flax numbers layers in the order in which they are made (the outer one of ``Dense(3)(Dense(8)(x))``
first), and has [inputs, outputs] matrices called kernel. They get torch's names, and where their
shapes chain in exactly one way they are an actor, behind it a critic or a second head of
deviations. What no name tells is assumed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.actor import CRITIC, SPREAD, Actor, Normaliser, build, deviations
from puffer_edge.frontends.assumptions import assumed
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Note, Program
from puffer_edge.readers.msgpack import parse_msgpack
from puffer_edge.readers.parameters import parameters
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.text import printable

HINT = ("export the policy to ONNX, or save it with torch's names and [outputs, inputs] matrices "
        "and say what the tensors are for with --map")
_GATES = {"GRU": (("ir", "iz", "in"), ("hr", "hz", "hn")),
          "LSTM": (("ii", "if", "ig", "io"), ("hi", "hf", "hg", "ho"))}
"""Children of flax's cells in the order of torch's gates."""


@dataclass(frozen=True)
class Split:
    """A way to read a row of layers: those of the actor, and those of its deviation."""

    actor: tuple[str, ...]
    spread: tuple[str, ...] = ()


def matches(weights: Mapping[str, Array]) -> bool:
    """Whether some matrices are called kernel, as no torch layer's are."""
    return any(re.split(r"[.,/]", name)[-1] == "kernel" for name in weights)


def load_flax_file(path: Path, options: LoadOptions) -> Program:
    """The Program of a file of flax.serialization; errors as of :func:`load_flax`."""
    where = str(path)
    return load_flax(parameters(parse_msgpack(read_file(path), where), where).weights, options,
                     where)


def load_flax(weights: Mapping[str, Array], options: LoadOptions, where: str) -> Program:
    """The Program of parameters by dotted names.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: layers are of other kinds, or chain in no way or in several.
        UsageError: the options do not fit the policy.
    """
    named = {re.sub(r"[,/]", ".", name): array for name, array in weights.items()}
    tensors = Tensors(_torch_names(named, where), where)
    known = _brax if any(".hidden_0." in f".{name}" for name in named) else _script
    return build(known(tensors, options, where), tensors, options, where)


def _torch_names(named: Mapping[str, Array], where: str) -> dict[str, Array]:
    """The same numbers with torch's names and layout."""
    found: dict[str, Array] = {}
    cells: dict[str, dict[str, Array]] = {}
    for name, array in named.items():
        path, _, last = name.rpartition(".")
        stem, _, child = path.rpartition(".")
        if re.search(r"(GRU|LSTM)Cell", stem.rpartition(".")[2]) and len(child) == 2:
            cells.setdefault(stem, {})[f"{child}.{last}"] = array
        elif last == "kernel":
            if array.ndim != 2:
                raise UnsupportedError(f"the kernel has {array.ndim} axes: a convolution, whose "
                                       "stride the file does not tell",
                                       where=f"{where}: {printable(name)}", hint=HINT)
            found[f"{path}.weight"] = np.ascontiguousarray(array.T)
        else:
            found[name] = array
    for stem, parts in cells.items():
        found |= _cell(stem, parts, where)
    return found


def _cell(stem: str, parts: dict[str, Array], where: str) -> dict[str, Array]:
    kind = "GRU" if "GRU" in stem.rpartition(".")[2] else "LSTM"
    found = {}
    for side, gates in zip(("ih", "hh"), _GATES[kind], strict=True):
        kernels = [parts.pop(f"{gate}.kernel", None) for gate in gates]
        if any(kernel is None or kernel.ndim != 2 for kernel in kernels):
            raise UnsupportedError("the cell has not the gates of flax's", hint=HINT,
                                   where=f"{where}: {printable(stem)}")
        widths = [kernel.shape[1] for kernel in kernels if kernel is not None]
        biases = [parts.pop(f"{gate}.bias", np.zeros(width, np.float32))
                  for gate, width in zip(gates, widths, strict=True)]
        found[f"{stem}.weight_{side}_l0"] = np.concatenate(
            [kernel.T for kernel in kernels if kernel is not None])
        found[f"{stem}.bias_{side}_l0"] = np.concatenate(biases)
    if parts:
        raise UnsupportedError(f"the cell has parts that flax's has not: "
                               f"{printable(next(iter(parts)))}", hint=HINT,
                               where=f"{where}: {printable(stem)}")
    return found


def _layers(tensors: Tensors, scope: str = "") -> list[str]:
    """Linear layers below a scope, by the number at the end of their names."""
    names = [name.removesuffix(".weight") for name in tensors.names(scope)
             if name.endswith(".weight")]
    return sorted(names, key=lambda name: int(re.findall(r"\d+", name)[-1])
                  if name[-1:].isdigit() else 0)


def _brax(tensors: Tensors, _: LoadOptions, where: str) -> Actor:
    """(normaliser, policy, value): hidden_0 to hidden_N, whose outputs are mean and deviation."""
    scopes = sorted({name.rpartition("hidden_0.")[0] for name in tensors.names()
                     if name.endswith("hidden_0.weight")})
    if not scopes:
        raise UnsupportedError("there is no policy: no layer hidden_0", where=where, hint=HINT)
    layers = _layers(tensors, scopes[0])
    width = tensors.shape(f"{layers[-1]}.weight", 2)[0]
    if width % 2:
        raise UnsupportedError("the policy's outputs are no means and deviations", where=where,
                               hint=HINT)
    first = next((name.removesuffix("summed_variance") for name in tensors.names()
                  if name.endswith("summed_variance")), None)
    normaliser: Normaliser | None = None
    dropped = {scope: CRITIC for scope in scopes[1:]}
    for name in tensors.names(first or "-"):
        if name.rpartition(".")[2] in ("count", "summed_variance", "hi", "lo"):
            tensors.skip(name)
    notes: tuple[Note, ...] = ()
    if first is not None:
        normaliser = deviations(tensors, f"{first}mean", f"{first}std", 0.0)
    else:
        notes = (assumed("normaliser-missing", "no statistics are in the file: the policy was "
                         "trained without normalize_observations"),)
    size = width // 2
    return Actor("brax parameters", layers[-1:], "mean", before=layers[:-1], rows=size,
                 function="silu", normaliser=normaliser, dropped=dropped, squash=True,
                 low=(-1.0,) * size, high=(1.0,) * size, notes=notes)


def _script(tensors: Tensors, options: LoadOptions, where: str) -> Actor:
    """Dense_0, Dense_1...: PureJaxRL's ActorCritic, SBX's actors."""
    cell = next((name.removesuffix(".weight_ih_l0") for name in tensors.names()
                 if name.endswith(".weight_ih_l0")), "")
    scoped = sorted({name.rpartition(".")[0].rpartition(".")[0] for name in tensors.names()
                     if name.endswith(".weight")})
    actors = [scope for scope in scoped if re.search(r"actor|policy|\bpi\b", scope.lower())]
    scope = actors[0] if len(actors) == 1 else scoped[0] if len(scoped) == 1 else None
    if scope is None:
        raise UnsupportedError(f"the layers lie in {len(scoped)} places, none of which is named as "
                               "the actor's", where=where, hint=HINT)
    layers = _layers(tensors, f"{scope}." if scope else "")
    before: list[str] = []
    if cell:
        width = tensors.shape(f"{cell}.weight_ih_l0", 2)[1]
        before, layers = layers[:1], layers[1:]
        if not layers or tensors.shape(f"{before[0]}.weight", 2)[0] != width:
            raise UnsupportedError("the layers around the recurrent one do not fit it",
                                   where=where, hint=HINT)
    split = _only_split(tensors, layers, where)
    spread = [name for name in tensors.names() if re.search(r"log_?std", name.lower())]
    squash = bool(split.spread)
    continuous = squash or bool(spread) or options.action == "continuous"
    notes = () if continuous or options.action or options.action_sizes else (
        assumed("action-kind", "the action is discrete, the largest output's: no deviation, as a "
                "continuous policy has, is beside the layers; give --action continuous if the "
                "outputs are the action", "--action"),)
    dropped = dict.fromkeys([*spread, *(f"{name}." for name in split.spread)], SPREAD)
    dropped |= {f"{name}.": CRITIC for name in layers
                if name not in (*split.actor, *split.spread)}
    dropped |= {f"{other}.": CRITIC for other in scoped if other != scope}
    size = tensors.shape(f"{split.actor[-1]}.weight", 2)[0]
    bounds = ((-1.0,) * size, (1.0,) * size) if squash else ((), ())
    hidden = split.actor[:-1]
    return Actor("flax parameters", split.actor[-1:], "mean" if continuous else "logits",
                 before=before if cell else hidden, cell=cell, after=hidden if cell else (),
                 function="relu" if cell or squash else "tanh", dropped=dropped,
                 squash=squash, low=bounds[0], high=bounds[1], notes=notes)


def _only_split(tensors: Tensors, layers: list[str], where: str) -> Split:
    """The one way in which the shapes chain.

    Raises:
        UnsupportedError: there is none, or there are several.
    """
    shapes = [tensors.shape(f"{name}.weight", 2) for name in layers]  # [outputs, inputs]

    def chains(start: int, stop: int) -> bool:
        return start < stop and all(shapes[index][1] == shapes[index - 1][0]
                                    for index in range(start + 1, stop))

    count, found = len(layers), []
    if chains(0, count):
        found.append(Split(tuple(layers)))
    if count > 1 and all(shapes[index][1] == shapes[index + 1][0] for index in range(count - 1)):
        found.append(Split(tuple(reversed(layers))))
    for at in range(1, count):
        if shapes[at][1] == shapes[0][1] and shapes[-1][0] == 1 and chains(0, at) and (
                chains(at, count)):
            found.append(Split(tuple(layers[:at])))
    if count > 1 and chains(0, count - 1) and shapes[-1] == shapes[-2]:
        found.append(Split(tuple(layers[:-1]), tuple(layers[-1:])))
    if len(found) != 1:
        raise UnsupportedError(
            f"the {count} linear layers chain in {len(found)} ways: "
            + ", ".join(f"{printable(name, 30)} {shape[1]} to {shape[0]}"
                        for name, shape in list(zip(layers, shapes, strict=True))[:12]),
            where=where, hint=HINT)
    return found[0]
