# SPDX-License-Identifier: MIT
"""The options of ``puffer_edge.load`` as options of commands: declared once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, Any

from puffer_edge.cli.completion import activations, codes
from puffer_edge.cli.shared import LACKS, option
from puffer_edge.cli.values import numbers
from puffer_edge.errors import UsageError


def _lacks(*names: str, **more: Any) -> Any:
    return option(*names, panel=LACKS, **more)


_LOAD: dict[str, tuple[Any, Any]] = {
    "activation": (Annotated[str | None, _lacks(
        metavar="NAME", autocompletion=activations,
        help="The function between the layers: relu, tanh, gelu, elu...")], None),
    "action": (Annotated[str | None, _lacks(
        metavar="KIND", help="Kind of the action: discrete or continuous.")], None),
    "action_sizes": (Annotated[str, _lacks(
        metavar="N,N", help="Choices per discrete head (the environment's nvec), as 3,3,2.")], ""),
    "action_low": (Annotated[str, _lacks(
        metavar="X,X", help="Lower bounds of a continuous action, one or one per element.")], ""),
    "action_high": (Annotated[str, _lacks(
        metavar="X,X", help="Upper bounds of a continuous action.")], ""),
    "squash": (Annotated[bool | None, _lacks(
        help="Apply tanh to a continuous action before scaling it.")], None),
    "vec_normalize": (Annotated[Path | None, _lacks(
        metavar="FILE", help="VecNormalize pickle (read, never executed), or none.")], None),
    "normaliser": (Annotated[Path | None, _lacks(
        metavar="FILE", help="Mean and variance of the observation (.npz, pickle, torch.save), or "
                             "none.")], None),
    "state": (Annotated[list[str] | None, _lacks(
        metavar="IN:OUT", help="Recurrent state of a graph, input and output; may be repeated.")],
        None),
    "keep_value": (Annotated[bool, _lacks(
        "--keep-value", help="Keep the value head as a second output.")], False),
    "observation": (Annotated[str, _lacks(
        metavar="PARTS",
        help="Its parts, NAME:SIZE[:UNIT], as gyro:3:rad/s,speed:1 or image:4x84x84.")], ""),
    "config": (Annotated[Path | None, _lacks(
        metavar="FILE", help="The run's settings (.ini, .json), for bare weights and Sample "
                             "Factory.")], None),
    "hidden_size": (Annotated[int | None, _lacks(
        metavar="N", help="Width of the network, for bare weights.")], None),
    "num_layers": (Annotated[int | None, _lacks(
        metavar="N", help="Recurrent layers, for bare weights.")], None),
    "key_map": (Annotated[Path | None, _lacks(
        "--map", "--key-map", metavar="FILE",
        help="TOML file: what the tensors of an unknown state_dict are for.")], None),
    "frame_stack": (Annotated[int | None, _lacks(
        metavar="N", help="Frames that the environment stacked: the policy remembers them.")],
        None),
    "frame_stack_reset": (Annotated[str | None, _lacks(
        metavar="HOW", help="The frames before the first: zeros, or repeat (the first).")], None),
    "action_mask": (Annotated[bool, _lacks(
        "--action-mask", help="Take a mask of the choices that may be taken, as an input.")],
        False),
    "accept": (Annotated[list[str] | None, _lacks(
        metavar="CODE", autocompletion=codes,
        help="An assumption that is right, as action-kind; may be repeated.")], None),
}
"""The options of ``puffer_edge.load`` as typer takes them, and their defaults."""


def takes_load_options(without: Collection[str] = ()
                       ) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorator: the command line of a command gets the options of ``puffer_edge.load``.

    The command takes all of them as one argument, ``options``.

    Args:
        without: options that the command has no place for.
    """
    chosen = {name: option for name, option in _LOAD.items() if name not in without}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(**given: Any) -> None:
            options = load_options(**{name: given.pop(name) for name in chosen})
            command(**given, options=options)

        command.__annotations__.pop("options", None)  # typer evaluates them, and need not know it
        own = inspect.signature(command, eval_str=True)
        kept = [each for name, each in own.parameters.items() if name != "options"]
        more = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default,
                                  annotation=annotation)
                for name, (annotation, default) in chosen.items()]
        run.__signature__ = own.replace(parameters=[*kept, *more])  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in (*kept, *more)}
        return run
    return decorate


def load_options(*, state: list[str] | None = None, observation: str = "",
                 action_sizes: str = "", action_low: str = "", action_high: str = "",
                 accept: list[str] | None = None, **plain: Any) -> Any:
    """The ``LoadOptions`` of a command line.

    Raises:
        UsageError: an option is not of its form.
    """
    from puffer_edge.frontends.options import LoadOptions, fields_of

    if plain["action"] not in (None, "discrete", "continuous"):
        raise UsageError(f"--action {plain['action']!r} is neither discrete nor continuous")
    pairs = [tuple(pair.split(":")) for pair in state or ()]
    if any(len(pair) != 2 for pair in pairs):
        raise UsageError("--state takes INPUT:OUTPUT", hint="for example --state h_in:h_out")
    try:
        named = fields_of(observation)
    except ValueError:
        raise UsageError(f"--observation {observation!r} is not a list of NAME:SIZE or "
                         "NAME:SIZE:UNIT", hint="for example --observation gyro:3,speed:1"
                         ) from None
    return LoadOptions(
        action_sizes=numbers(action_sizes, int), action_low=numbers(action_low, float),
        action_high=numbers(action_high, float), observation=named,
        states=tuple((pair[0], pair[1]) for pair in pairs), accept=tuple(accept or ()), **plain)
