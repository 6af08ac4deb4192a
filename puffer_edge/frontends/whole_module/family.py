# SPDX-License-Identifier: MIT
"""A whole module whose parameters have the names of a trainer's own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.whole_module.between import HINT, between, function_of, obeyed
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.readers.parameters import Parameters
from puffer_edge.readers.text import printable

TRAINERS = ("pufferlib.", "ray.rllib.", "rl_games.", "rsl_rl.", "sample_factory.", "skrl.",
            "tianshou.")
"""Packages whose classes are known, by their names alone."""

_NO_ACTION = re.compile(r"critic|value|(^|\.)vf(\.|$)")


def of_family(found: Parameters, where: str, family: str, load: Callable[[LoadOptions], Program],
              options: LoadOptions) -> Program:
    """The Program as the family reads it, with what the tree of classes tells beside.

    Args:
        found: the module, or the modules.
        where: the file, for messages.
        family: its name.
        load: reads the weights, with options.
        options: of the user, whose activation counts for all layers.

    Raises:
        UnsupportedError: the tree has activations that the family would not see, or a hook.
    """
    if found.hooked:
        raise UnsupportedError("it has a hook or a forward of its own",
                               where=f"{where}, {printable(min(found.hooked))}", hint=HINT)
    program = load(options) if options.activation else _as_told(found, where, load, options)
    program = replace(program, source=f"{program.source}, pickled whole")
    roots = [full for path, full in found.classes.items()
             if not any(path != other and path.startswith(f"{other}." if other else "")
                        for other in found.classes)]
    if all(root.startswith(TRAINERS) for root in roots):
        return program
    kinds = ", ".join(printable(root.rpartition(".")[2]) for root in dict.fromkeys(roots))
    return program.assuming("forward-unseen", f"the forward of {kinds}, whose code is not in the "
                                              f"file, is that of {family}, which its names are")


def _as_told(found: Parameters, where: str, load: Callable[[LoadOptions], Program],
             options: LoadOptions) -> Program:
    """The family's Program with the functions that the tree has.

    Raises:
        UnsupportedError: what one belongs to is not known.
    """
    told = between(found, where, _NO_ACTION)
    outside = {path: function_of(found, path) for path in told.elsewhere}
    for path, function in outside.items():
        if function is None or len(set(outside.values())) > 1 or function != _default(function):
            raise _refused(found, path, where)
    kinds = [*filter(None, outside.values()), *(each for all_ in told.after.values()
                                                for each in all_)]
    if kinds:
        options = replace(options, activation=kinds[0].function)
    program, done = obeyed(load(options), found, told, where)
    if all(kind == _default(kinds[0]) for kind in kinds):
        return program
    for path, functions in told.after.items():
        if functions and path not in done:
            raise _refused(found, path, where)
    names = ", ".join(dict.fromkeys(kind.function for kind in kinds))
    return program.noting("stated", f"each layer's activation is the file's: {names}")


def _default(function: Activation) -> Activation:
    return Activation(function.function, FUNCTIONS[function.function].defaults)


def _refused(found: Parameters, path: str, where: str) -> UnsupportedError:
    return UnsupportedError(
        "its activations differ, or have parameters of their own, and which layer has this one "
        f"is not known: {printable(found.classes[path].rpartition('.')[2])}",
        where=f"{where}, {printable(path)}", hint=HINT)
