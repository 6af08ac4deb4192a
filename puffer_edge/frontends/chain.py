# SPDX-License-Identifier: MIT
"""The only order in which layers fit each other, by the widths of their inputs and outputs.

The layers of a Sequential lie side by side, and what is numbered (``fc1``, ``fc2``) keeps the
order of its numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from puffer_edge.arrays import Array

MAX_LAYERS = 40
_MAX_STEPS = 20_000


@dataclass(frozen=True)
class Layer:
    """A linear or recurrent layer.

    Attributes:
        name: its path.
        inputs, outputs: widths.
        cell: whether it is an ``nn.LSTM`` or ``nn.GRU``.
    """

    name: str
    inputs: int
    outputs: int
    cell: bool = False

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of its name."""
        return tuple(int(digits) for digits in re.findall(r"\d{1,4}", self.name))

    @property
    def stem(self) -> str:
        """Its name without them."""
        return re.sub(r"\d+", "#", self.name)

    @property
    def container(self) -> str:
        """The Sequential that it lies in; empty for none."""
        path, _, last = self.name.rpartition(".")
        return path or "." if last.isdigit() else ""


def layers(weights: Mapping[str, Array]) -> list[Layer] | None:
    """The linear and recurrent layers whose tensors these are; None where there is another."""
    found = []
    for key, array in weights.items():
        name, _, kind = key.rpartition(".")
        if kind == "weight" and array.ndim == 2 and array.size:
            found.append(Layer(name, array.shape[1], array.shape[0]))
        elif kind == "weight_ih_l0" and array.ndim == 2:
            again = weights.get(f"{name}.weight_hh_l0")
            if again is None or again.ndim != 2:
                return None
            last = max(int(part) for part in re.findall(
                rf"(?m)^{re.escape(name)}\.weight_hh_l(\d+)$", "\n".join(weights)))
            found.append(Layer(name, array.shape[1],
                               weights[f"{name}.weight_hh_l{last}"].shape[-1], cell=True))
        elif kind == "bias" and f"{name}.weight" in weights and array.ndim == 1:
            continue
        elif not re.fullmatch(r"(weight|bias)_[ih]h_l\d+", kind):
            return None
    return found if 0 < len(found) <= MAX_LAYERS else None


def orders(found: Sequence[Layer]) -> list[tuple[Layer, ...]]:
    """The orders in which all of them fit; at most two, as one more than one is too many."""
    units = _units(found)
    if units is None:
        return []
    results: list[tuple[Layer, ...]] = []
    steps = 0

    def grow(chain: tuple[Layer, ...], rest: list[tuple[Layer, ...]]) -> None:
        nonlocal steps
        steps += 1
        if not rest and len(results) < 2:
            results.append(chain)
        for unit in rest:
            if len(results) > 1 or steps > _MAX_STEPS:
                return
            others = [other for other in rest if other is not unit]
            if (not chain or chain[-1].outputs == unit[0].inputs) and not any(
                    _before(other, unit) for other in others):
                grow((*chain, *unit), others)

    grow((), units)
    return results if steps <= _MAX_STEPS else []


def _units(found: Sequence[Layer]) -> list[tuple[Layer, ...]] | None:
    """Sequentials, and single layers; None where a Sequential's layers do not fit."""
    units: dict[str, list[Layer]] = {}
    for layer in found:
        units.setdefault(layer.container or f"layer {layer.name}", []).append(layer)
    result = [tuple(sorted(unit, key=lambda layer: layer.numbers)) for unit in units.values()]
    fit = all(a.outputs == b.inputs for unit in result
              for a, b in pairwise(unit))
    return result if fit else None


def _before(other: tuple[Layer, ...], unit: tuple[Layer, ...]) -> bool:
    """Whether the names say that the other comes first."""
    return other[0].stem == unit[0].stem and other[0].numbers < unit[0].numbers
