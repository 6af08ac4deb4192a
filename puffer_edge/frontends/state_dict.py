# SPDX-License-Identifier: MIT
"""Checkpoints of torch.save: finds the family whose keys these are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.frontends import (
    beside,
    cleanrl,
    d3rlpy,
    flax,
    mlp,
    nesting,
    observation_statistics,
    pufferlib,
    pufferlib4,
    pufferlib_unread,
    pufferlib_vision,
    rl_games,
    rllib,
    rsl_rl,
    sample_factory,
    script_policy,
    skrl,
    stated_sizes,
    tianshou,
    whole_module,
)
from puffer_edge.frontends.options import LoadOptions, spelled
from puffer_edge.ir import Program
from puffer_edge.readers.parameters import Parameters
from puffer_edge.readers.text import printable

StateDict = dict[str, npt.NDArray[Any]]


class Family(Protocol):
    """A module that knows the state_dicts of one trainer."""

    NAME: str

    def matches(self, weights: StateDict) -> bool:
        """Whether the keys are this family's."""

    def load_state_dict(self, weights: StateDict, options: LoadOptions, *, where: str) -> Program:
        """The Program of such a state_dict."""


FAMILIES: tuple[Family, ...] = (
    pufferlib4, rsl_rl, rl_games, rllib, sample_factory, pufferlib_vision, pufferlib_unread,
    pufferlib, cleanrl, tianshou, skrl, d3rlpy)
"""Asked in this order, the ones with the most special keys first."""
_UNNAMED: tuple[Family, ...] = (mlp, script_policy)
"""Asked when none of those has the names; of a module's class these would tell nothing."""
_WITHOUT_NORMALISER = (cleanrl, tianshou, mlp, script_policy)
"""Those whose trainer has none of its own: statistics are what a script added."""
_OF_ANY_FUNCTION = (rsl_rl, rl_games, cleanrl, tianshou, skrl, mlp, script_policy)
"""Those that take the activation that the run's config beside the weights names."""

_KEYS: dict[str, tuple[str, ...]] = {
    "PufferLib": ("encoder", "decoder", "value", "value_fn", "lstm", "cell", "policy", "actor"),
    "rsl_rl": ("actor_state_dict", "model_state_dict", "mlp", "rnn", "std"),
    "rl_games": ("a2c_network", "running_mean_std", "actor_mlp", "mu", "sigma"),
    "Sample Factory": ("action_parameterization", "core", "obs_normalizer", "critic_linear"),
    "CleanRL": ("actor_mean", "actor_logstd", "critic", "fc1", "fc_mu", "network"),
    "Tianshou": ("preprocess", "last", "mu", "sigma_param"),
    "skrl": ("net_container", "log_std_parameter", "state_preprocessor", "policy"),
    "Stable-Baselines3 (the policy.pth of its zip: give the zip)": (
        "mlp_extractor", "action_net", "value_net", "features_extractor", "q_net"),
}
"""Parts of names that are typical of a family, to tell the nearest one."""


def load_checkpoint_file(path: Path, options: LoadOptions) -> Program:
    """The Program of a file of torch.save: a state_dict, dictionaries of them, a whole module.

    Raises:
        FileFormatError: the file is damaged or holds something else.
        UnsupportedError: the keys are those of no known family.
        UsageError: the options do not fit the policy.
    """
    from puffer_edge.readers.parameters import parameters
    from puffer_edge.readers.torch_checkpoint import load_checkpoint

    where = str(path)
    return load_parameters(parameters(load_checkpoint(path, where=where), where), options, where)


def load_safetensors_file(path: Path, options: LoadOptions) -> Program:
    """The Program of a safetensors file; errors as of :func:`load_checkpoint_file`."""
    from puffer_edge.readers.parameters import parameters
    from puffer_edge.readers.safetensors import load_safetensors

    where = str(path)
    found = parameters(load_safetensors(path), where)
    if options.key_map is None and flax.matches(found.weights):
        return flax.load_flax(found.weights, options, where)
    return load_parameters(found, options, where)


def load_parameters(found: Parameters, options: LoadOptions, where: str) -> Program:
    """The Program of parameters that were read."""
    view, known = _family(found)
    if known is None or known in _UNNAMED:  # a module in a dictionary tells more than its tensors
        found = next((each for each in nesting.views(found) if whole_module.matches(each)), found)
        view, known = _family(found)
    if options.config is not None and (options.key_map or known is not sample_factory):
        raise UsageError(f"{spelled('config')} is of no use for this file", where=where,
                         hint="leave the option out; of checkpoints, Sample Factory's take it")
    if options.key_map is not None:
        from puffer_edge.frontends.key_map import load_with_map

        program = load_with_map(found.weights, options, where=where)
        return _normalised(program, found, options, where)
    whole = whole_module.matches(found)
    if known is not None:
        settings = beside.settings(view.attributes)
        if settings.activation and not options.activation and known in _OF_ANY_FUNCTION:
            options = replace(options, activation=settings.activation)
        else:
            settings = replace(settings, activation="")
        load = partial(known.load_state_dict, view.weights, where=where)
        program = (_of_modules(view, where, known, load, options) if view.classes
                   else load(options))
        program = stated_sizes.compared(program, view.attributes)
        return _normalised(beside.noted(program, settings), view, options, where)
    if whole:
        return _normalised(whole_module.load_whole_module(found, options, where=where), found,
                           options, where)
    raise UnsupportedError(
        f"the state_dict is of no known family{_nearest(found.weights)}; its keys are "
        f"{_shown(found.weights)}", where=where,
        hint="build the policy's torch module, load the state_dict into it and give the module "
             "to puffer_edge.load(path, module=...), export the policy to ONNX or with "
             "torch.export, or say what the tensors are for with --map keys.toml, which begins "
             f"like this and is to be corrected by forward:\n{_map(found)}")


def _of_modules(view: Parameters, where: str, known: Family, load: Callable[[LoadOptions], Program],
                options: LoadOptions) -> Program:
    """A family's policy that was pickled whole; where the family has not its layers, by its tree.

    Raises:
        UnsupportedError: neither reads it.
    """
    try:
        return whole_module.of_family(view, where, known.NAME, load, options)
    except UnsupportedError as refused:
        if not whole_module.matches(view):
            raise
        try:
            return whole_module.load_whole_module(view, options, where=where)
        except UnsupportedError:
            raise refused from None


def _normalised(program: Program, found: Parameters, options: LoadOptions, where: str) -> Program:
    """With the statistics given, or those beside the weights, before the policy.

    What else is in the file is named: arrays, objects.
    """
    given, near = options.normaliser, None
    if given is None:
        near = observation_statistics.statistics(found.arrays, found.attributes, where, beside=True)
    taken = near.taken if near else frozenset[str]()
    program = beside.naming(program, found.left_out, {
        name: array for name, array in found.arrays.items() if name not in taken})
    if given is not None:
        return observation_statistics.normalised_by(program, given)
    if near is None:
        return program
    if program.contract.normaliser is not None or near.mean.size not in (
            1, program.contract.observation_size):
        return program.noting("warning", f"{near.name} holds {near.mean.size} means and deviations "
                              "that the policy has no place for; they were left out")
    return observation_statistics.normalised(program, near)


def _family(found: Parameters) -> tuple[Parameters, Family | None]:
    """The family, and the part of the file that is its state_dict: without what is around it."""
    whole = whole_module.matches(found)
    torchs_own = found.classes.get("", "").startswith("torch.nn.")
    views = list(nesting.views(found))
    for families in ((() if torchs_own else FAMILIES), (() if whole else _UNNAMED)):
        for view in views:
            # What a class does with its statistics whose forward is not in the file is not known.
            bare = view if whole else observation_statistics.parted(view)
            for family in families:
                seen = bare if family in _WITHOUT_NORMALISER else view
                if family.matches(seen.weights) and not (
                        family is rsl_rl and rsl_rl.is_other(seen.weights, seen.attributes)):
                    return seen, family
    return found, None


def _map(found: Parameters) -> str:
    from puffer_edge.frontends.key_map import example

    lines = example(observation_statistics.parted(found).weights).split("\n")
    return "\n".join(printable(line, 4000) for line in lines)


def _nearest(weights: Mapping[str, Any]) -> str:
    """The family that shares most parts of names; empty where none shares two."""
    parts = {part for key in weights for part in key.split(".")}
    shared = {name: len(parts & set(words)) for name, words in _KEYS.items()}
    best = max(shared, key=lambda name: shared[name])
    return f" (the nearest is {best})" if shared[best] > 1 else ""


def _shown(weights: Mapping[str, Any]) -> str:
    keys = [f"{printable(key)} {list(array.shape)}" for key, array in weights.items()]
    return ", ".join(keys[:24]) + (f" and {len(keys) - 24} more" if len(keys) > 24 else "")
