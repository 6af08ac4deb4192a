# SPDX-License-Identifier: MIT
"""What a checkpoint says beside its weights: settings of the run, and what is of no use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.ir import Program
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.readers.left_out import only_trains
from puffer_edge.readers.text import printable

_ACTIVATION = ("act", "act_fn", "activation", "activation_fn", "activation_function",
               "actor_activation", "hidden_activation", "nonlinearity")
_ENVIRONMENT = ("env", "env_id", "env_name", "environment", "gym_id", "task")
_OTHERS = {"hardswish": "hard_swish", "leakyrelu": "leaky_relu", "swish": "silu",
           "hardsigmoid": "hard_sigmoid", "linear": "none", "identity": "none"}


@dataclass(frozen=True)
class Settings:
    """What the run's config says; empty where it says nothing.

    Attributes:
        activation: a key of ``ir.functions.FUNCTIONS``.
        source: name of the setting that says so.
        environment: its name.
    """

    activation: str = ""
    source: str = ""
    environment: str = ""


def settings(attributes: Mapping[str, Any]) -> Settings:
    """The settings among plain values by dotted name; contradicting ones say nothing."""
    functions, environments = {}, {}
    for name, value in attributes.items():
        last = name.rpartition(".")[2].lower()
        if not isinstance(value, str):
            continue
        if last in _ACTIVATION and (function := _function(value)):
            functions[name] = function
        elif last in _ENVIRONMENT:
            environments[name] = value
    agreed = len(set(functions.values())) == 1
    return Settings(next(iter(functions.values())) if agreed else "",
                    next(iter(functions)) if agreed else "",
                    next(iter(environments.values()), ""))


def noted(program: Program, said: Settings) -> Program:
    """The Program with notes of the settings that were used."""
    if said.activation:
        program = program.noting("stated", f"the activation is {said.activation}, as "
                                           f"{printable(said.source)} in the file says")
    if said.environment:
        program = program.noting("stated", f"it was trained on {printable(said.environment)}")
    return program


def naming(program: Program, left_out: Mapping[str, str], arrays: Mapping[str, Array]) -> Program:
    """The Program with notes of what in the file was left out.

    Args:
        program: of the file.
        left_out: as of :class:`readers.parameters.Parameters`.
        arrays: numbers beside the weights that are no statistics; one per action or per element
            of the observation may be a scale, so leaving them out is an assumption.
    """
    sizes = program.contract.observation_size, program.values[program.outputs[0]].size
    scales = [name for name, array in arrays.items() if array.size in sizes and array.size > 1]
    plain = [name for name, kind in {**left_out, **dict.fromkeys(arrays, "")}.items()
             if name not in scales and only_trains(kind)]
    objects = [f"{printable(name)} ({printable(kind)})" for name, kind in left_out.items()
               if name not in plain]
    objects += [f"{printable(name)} {list(arrays[name].shape)}" for name in scales]
    if plain:
        program = program.noting("dropped", f"{_listed(_grouped(plain))}: beside the policy in the "
                                            "file, and only training needs it")
    if objects:
        program = program.assuming(
            "objects-left-out", f"the action does not need {_listed(objects)}, which the file has "
            "beside the weights and whose use it does not tell", "--normaliser")
    return program


def _grouped(names: Sequence[str]) -> list[str]:
    """The same, with the part of the file in place of several of its parts."""
    parts = [name.rpartition(".")[0] for name in names]
    return list(dict.fromkeys(printable(part if part and parts.count(part) > 1 else name)
                              for name, part in zip(names, parts, strict=True)))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _function(text: str) -> str:
    word = text.lower().rpartition(".")[2].strip("()<>' ")
    word = _OTHERS.get(word, word)
    return word if word in FUNCTIONS or word == "none" else ""
