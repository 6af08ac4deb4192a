"""What several commands take, and how the words of the command line become values."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, Any

import typer

from puffer_edge.errors import UsageError

_LOAD: dict[str, tuple[Any, Any]] = {
    "activation": (Annotated[str | None, typer.Option(
        help="Activation, where the file does not tell it: relu, tanh, gelu, elu...")], None),
    "action": (Annotated[str | None, typer.Option(
        help="Kind of the action, where the file does not tell it: discrete or continuous.")],
        None),
    "action_sizes": (Annotated[str, typer.Option(
        help="Choices per discrete head (the environment's nvec), as in 3,3,2.")], ""),
    "action_low": (Annotated[str, typer.Option(
        help="Lower bounds of a continuous action, one or one per element, as in -1 or -1,-2.")],
        ""),
    "action_high": (Annotated[str, typer.Option(
        help="Upper bounds of a continuous action.")], ""),
    "squash": (Annotated[bool | None, typer.Option(
        help="Apply tanh to a continuous action before scaling it.")], None),
    "vec_normalize": (Annotated[Path | None, typer.Option(
        help="VecNormalize pickle with the observation's statistics (read, never executed); "
             "none: there was none.")],
        None),
    "normaliser": (Annotated[Path | None, typer.Option(
        help="Mean and variance of the observation, where a checkpoint's trainer normalised "
             "outside of it: .npz, a pickle (read, never executed), a file of torch.save; none: "
             "it did not.")], None),
    "state": (Annotated[list[str] | None, typer.Option(
        help="Recurrent state of a graph as INPUT:OUTPUT; may be repeated.")], None),
    "keep_value": (Annotated[bool, typer.Option(
        "--keep-value", help="Keep the value head as a second output.")], False),
    "observation": (Annotated[str, typer.Option(
        help="Names and sizes of the observation's parts, as in gyro:3,speed:1 or image:4x84x84.")],
        ""),
    "config": (Annotated[Path | None, typer.Option(
        help="The run's settings, for bare weights (.ini or .json) and for Sample Factory "
             "(config.json).")], None),
    "hidden_size": (Annotated[int | None, typer.Option(
        help="Width of the network, where the file holds bare weights.")], None),
    "num_layers": (Annotated[int | None, typer.Option(
        help="Recurrent layers, where the file holds bare weights.")], None),
    "map": (Annotated[Path | None, typer.Option(
        help="TOML file that says what the tensors of an unknown state_dict are for.")], None),
    "frame_stack": (Annotated[int | None, typer.Option(
        help="Frames that the trainer's environment stacked: the policy remembers them itself.")],
        None),
    "frame_stack_reset": (Annotated[str | None, typer.Option(
        help="The frames before the first: zeros (VecFrameStack), or repeat the first "
             "(gymnasium's FrameStackObservation).")], None),
    "action_mask": (Annotated[bool, typer.Option(
        "--action-mask", help="Take a mask of the choices that may be taken, as an input.")],
        False),
    "accept": (Annotated[list[str] | None, typer.Option(
        help="Code of an assumption that is right, as action-kind; may be repeated.")], None),
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
    from puffer_edge.frontends.options import LoadOptions
    from puffer_edge.ir import Field

    if plain["action"] not in (None, "discrete", "continuous"):
        raise UsageError(f"--action {plain['action']!r} is neither discrete nor continuous")
    pairs = [tuple(pair.split(":")) for pair in state or ()]
    if any(len(pair) != 2 for pair in pairs):
        raise UsageError("--state takes INPUT:OUTPUT", hint="for example --state h_in:h_out")
    fields = [part.split(":") for part in observation.split(",") if part]
    try:
        named = tuple(Field(field, tuple(map(int, size.split("x")))) for field, size in fields)
    except ValueError:
        raise UsageError(f"--observation {observation!r} is not a list of NAME:SIZE",
                         hint="for example --observation gyro:3,speed:1") from None
    return LoadOptions(
        action_sizes=numbers(action_sizes, int), action_low=numbers(action_low, float),
        action_high=numbers(action_high, float), observation=named,
        key_map=plain.pop("map"),
        states=tuple((pair[0], pair[1]) for pair in pairs), accept=tuple(accept or ()), **plain)


def layers(texts: list[str]) -> dict[str, str]:
    """Schemes of single layers, of NAME=SCHEME."""
    found = {}
    for text in texts:
        layer, equals, scheme = text.rpartition("=")
        if not equals:
            raise UsageError(f"--layer {text!r} is not NAME=SCHEME",
                             hint="for example --layer decoder=int16")
        found[layer] = scheme
    return found


def sensor_counts(texts: list[str]) -> dict[str, tuple[float, float]]:
    """What integers count, of SCALE:OFFSET and FIELD=SCALE:OFFSET."""
    counts = {}
    for text in texts:
        field, _, pair = text.rpartition("=")
        try:
            scale, offset = (float(part) for part in pair.split(":"))
        except ValueError:
            raise UsageError(f"--counts {text!r} is not SCALE:OFFSET or FIELD=SCALE:OFFSET",
                             hint="for example --counts 0.0008:-1.65") from None
        counts[field] = (scale, offset)
    return counts


def numbers(text: str, kind: type) -> tuple[Any, ...]:
    """A list of numbers, separated by commas."""
    try:
        return tuple(kind(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise UsageError(f"{text!r} is not a list of numbers",
                         hint="separate them by commas, without spaces") from None
