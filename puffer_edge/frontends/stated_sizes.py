# SPDX-License-Identifier: MIT
"""Sizes that a run's config states beside the weights, compared with those of the layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from puffer_edge.ir import Program
from puffer_edge.ir.ops import Gemm, GRUCell, LSTMCell, MinGRUCell
from puffer_edge.readers.text import printable

_CONFIGS = frozenset(("agent_cfg", "args", "cfg", "config", "hparams", "hyper_parameters",
                      "hyperparameters", "params", "policy_cfg", "policy_kwargs", "settings"))
_HIDDEN = frozenset(("actor_hidden_dims", "actor_hidden_sizes", "hidden", "hidden_dim",
                     "hidden_dims", "hidden_size", "hidden_sizes", "hidden_units", "layer_sizes",
                     "mlp_units", "net_arch", "policy_hidden_size", "units"))
_OBSERVED = frozenset(("input_dim", "num_obs", "num_observations", "obs_dim", "obs_size",
                       "observation_dim", "observation_size", "state_dim", "state_size"))
_ACTED = frozenset(("act_dim", "action_dim", "action_size", "n_actions", "num_acts",
                    "num_actions"))


def compared(program: Program, attributes: Mapping[str, Any]) -> Program:
    """The Program, with a warning for each setting that is not what the weights are.

    Args:
        program: of the weights.
        attributes: plain values beside them by dotted name; those of a list are numbered.
    """
    contract, widths = program.contract, _widths(program)
    fields = {field.size for field in contract.observation}
    shapes = {size for field in contract.observation for size in field.shape}
    heads = contract.heads.values()
    known = {
        "layers": (_HIDDEN, widths),
        "observation": (_OBSERVED, fields | shapes | {contract.observation_size}),
        "action": (_ACTED, {head.width for head in heads} | {sum(h.width for h in heads)}
                   | set(contract.sizes) | {len(contract.sizes)})}
    for what, (words, sizes) in known.items():
        for name, stated in _stated(attributes, words).items():
            if sizes and not set(stated) <= sizes:
                program = program.noting("warning", (
                    f"{printable(name)} in the file says {', '.join(map(str, stated))}, the "
                    f"{what} of the weights: {', '.join(map(str, sorted(sizes)))}; are the weights "
                    "those of that run?"))
    return program


def _stated(attributes: Mapping[str, Any], words: frozenset[str]) -> dict[str, list[int]]:
    """Whole numbers by the name of their setting."""
    found: dict[str, list[int]] = {}
    for name, value in attributes.items():
        parts = name.split(".")
        while len(parts) > 1 and parts[-1].isdecimal():
            parts.pop()
        numbers = list(value) if isinstance(value, tuple) else [value]
        *places, last = (part.lower() for part in parts)
        if last in words and (not places or not _CONFIGS.isdisjoint(places)) and all(
                type(n) is int and n > 0 for n in numbers):
            found.setdefault(".".join(parts), []).extend(numbers)
    return found


def _widths(program: Program) -> set[int]:
    """Sizes that the layers have inside, which the action's own is not."""
    found = set()
    for op in program.ops:
        if isinstance(op, Gemm) and op.y not in program.results:
            found.add(program.values[op.y].shape[-1])
        elif isinstance(op, GRUCell | LSTMCell | MinGRUCell):
            found.add(program.values[op.h].shape[-1])
    return found
