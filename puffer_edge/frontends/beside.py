"""What a checkpoint says beside its weights: settings of the run, and what is of no use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from puffer_edge.ir import Program
from puffer_edge.ir.functions import FUNCTIONS
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


def noted(program: Program, said: Settings, left_out: Sequence[str]) -> Program:
    """The Program with notes of what was used, and of what was left out."""
    if said.activation:
        program = program.noting("stated", f"the activation is {said.activation}, as "
                                           f"{printable(said.source)} in the file says")
    if said.environment:
        program = program.noting("stated", f"it was trained on {printable(said.environment)}")
    if left_out:
        program = program.noting("dropped", f"{', '.join(left_out)}: beside the policy in the "
                                            "file, and only training needs it")
    return program


def _function(text: str) -> str:
    word = text.lower().rpartition(".")[2].strip("()<>' ")
    word = _OTHERS.get(word, word)
    return word if word in FUNCTIONS or word == "none" else ""
