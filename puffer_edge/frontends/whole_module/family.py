"""A whole module whose parameters have the names of a trainer's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.whole_module.layers import FUNCTIONS
from puffer_edge.frontends.whole_module.load import PASTE
from puffer_edge.ir import Program
from puffer_edge.readers.parameters import Parameters
from puffer_edge.readers.text import printable

TRAINERS = ("pufferlib.", "rl_games.", "rsl_rl.", "sample_factory.", "skrl.", "tianshou.")
"""Packages whose classes are known, by their names alone."""

_NO_ACTION = ("critic", "value")
_ACTIVATIONS = "torch.nn.modules.activation."


def of_family(found: Parameters, where: str, family: str, load: Callable[[LoadOptions], Program],
              options: LoadOptions) -> Program:
    """The Program as the family reads it, with what the tree of classes tells beside.

    Args:
        found: the module.
        where: the file, for messages.
        family: its name.
        load: reads the weights, with options.
        options: of the user.

    Raises:
        UnsupportedError: the tree has activations that the family would not see, or a hook.
    """
    if found.hooked:
        raise UnsupportedError("it has a hook or a forward of its own",
                               where=f"{where}, {printable(min(found.hooked))}", hint=PASTE)
    if options.activation is None and (function := _activation(found, where)):
        options = replace(options, activation=function)
    program = load(options)
    program = replace(program, source=f"{program.source}, pickled whole")
    root = found.classes[""]
    if root.startswith(TRAINERS):
        return program
    kind = printable(root.rpartition(".")[2])
    return program.assuming("forward-unseen", f"the forward of {kind}, whose code is not in the "
                                              f"file, is that of {family}, which its names are")


def _activation(found: Parameters, where: str) -> str:
    """The one function of all activation layers; empty where there are none.

    Raises:
        UnsupportedError: there are several, or one with parameters of its own.
    """
    kinds = set()
    for path, full in found.classes.items():
        name = full.removeprefix(_ACTIVATIONS)
        if name == full or any(word in path for word in _NO_ACTION):
            continue
        function, expected = FUNCTIONS.get(name, ("", {}))
        start = f"{path}." if path else ""
        same = all(found.attributes.get(start + key, value) == value
                   for key, value in expected.items())
        kinds.add(function if same else "")
        if not kinds - {""} or len(kinds) > 1:
            raise UnsupportedError(
                f"its activations differ, or have parameters of their own, as {printable(name)}",
                where=f"{where}, {printable(path)}", hint=PASTE)
    return kinds.pop() if kinds else ""
