# SPDX-License-Identifier: MIT
"""What a policy file does not hold and the user can add."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from puffer_edge.errors import UsageError
from puffer_edge.frontends.assumptions import check_codes
from puffer_edge.ir import Field


@dataclass(frozen=True)
class LoadOptions:
    """Options of :func:`puffer_edge.load`; every one has a default that is reported when used.

    Numbers may come as gymnasium has them, ``env.action_space.nvec`` or ``.low``: any array or
    sequence, or one number, becomes a tuple.

    Attributes:
        activation: a key of ``ir.functions.FUNCTIONS`` where the file does not tell it.
        action: kind of the action where the file does not tell it.
        action_sizes: choices per discrete head (gymnasium's ``nvec``).
        action_low, action_high: bounds of a continuous action; one number stands for all elements.
        squash: apply tanh to a continuous action's mean.
        vec_normalize: path of a VecNormalize pickle with the observation's statistics; ``none``
            says that observations were not normalised.
        normaliser: path of statistics of the observation (.npz, pickle, torch.save) for checkpoints
            whose trainer normalised outside of the policy; ``none`` says that it did not.
        states: pairs (input, output) of an ONNX graph or module that are recurrent state.
        keep_value: keep the value head as a second output.
        observation: names and shapes of the observation's parts, in order; ``{name: size}`` will
            do.
        config: path of the run's settings, for files of bare weights (.ini or .json) and for
            Sample Factory's checkpoints (config.json).
        hidden_size: width of the network, for files of bare weights.
        num_layers: recurrent layers, for files of bare weights.
        frame_stack: frames that the trainer's environment stacked; the policy remembers them.
        frame_stack_reset: what the frames before the first are: ``zeros``, or ``repeat`` for the
            first one, as gymnasium's FrameStackObservation has them by default.
        action_mask: take a mask of the choices that may be taken, as the observation's last part.
        key_map: path of a TOML file that says what the tensors of an unknown state_dict are for.
        accept: codes of assumptions that are right; see ``frontends.assumptions``.

    Raises:
        UsageError: a value is of the wrong type, or a code is unknown.
    """

    activation: str | None = None
    action: Literal["discrete", "continuous"] | None = None
    action_sizes: tuple[int, ...] = ()
    action_low: tuple[float, ...] = ()
    action_high: tuple[float, ...] = ()
    squash: bool | None = None
    vec_normalize: Path | None = None
    normaliser: Path | None = None
    states: tuple[tuple[str, str], ...] = ()
    keep_value: bool = False
    observation: tuple[Field, ...] = ()
    config: Path | None = None
    hidden_size: int | None = None
    num_layers: int | None = None
    key_map: Path | None = None
    frame_stack: int | None = None
    frame_stack_reset: Literal["zeros", "repeat"] | None = None
    action_mask: bool = False
    accept: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, convert in _CONVERSIONS.items():
            value = getattr(self, name)
            try:
                object.__setattr__(self, name, convert(value))
            except (TypeError, ValueError, OverflowError) as error:
                raise UsageError(f"the option {spelled(name)} cannot be {value!r:.100}"
                                 ) from error
        if self.action not in (None, "discrete", "continuous"):
            raise UsageError(f"the action {self.action!r} is neither discrete nor continuous")
        if self.frame_stack_reset not in (None, "zeros", "repeat"):
            raise UsageError(f"the frames before the first are neither zeros nor repeat: "
                             f"{self.frame_stack_reset!r:.40}")
        check_codes(self.accept)


def spelled(name: str) -> str:
    """An option of :class:`LoadOptions` in the texts of errors."""
    return {"key_map": "--map", "states": "--state"}.get(name, f"--{name.replace('_', '-')}")


def _whole(value: Any) -> tuple[int, ...]:
    numbers = np.atleast_1d(np.asarray(value)).ravel()
    if numbers.size and numbers.dtype.kind not in "iu":
        raise TypeError("no whole numbers")
    return tuple(map(int, numbers))


def _real(value: Any) -> tuple[float, ...]:
    numbers = np.atleast_1d(np.asarray(value)).ravel()
    if numbers.size and numbers.dtype.kind not in "iuf":
        raise TypeError("no numbers")
    return tuple(map(float, numbers))


def _words(value: Any) -> tuple[str, ...]:
    words = (value,) if isinstance(value, str) else tuple(value)
    if not all(isinstance(word, str) for word in words):
        raise TypeError("no words")
    return words


def _path(value: Any) -> Path | None:
    return None if value is None else Path(value)


def _count(least: int) -> Callable[[Any], int | None]:
    def convert(value: Any) -> int | None:
        if value is None:
            return None
        (number,) = _whole(value)
        if not least <= number <= 1 << 20:
            raise ValueError(number)
        return number
    return convert


def fields_of(text: str) -> tuple[Field, ...]:
    """The parts of ``gyro:3,speed:1,image:1x16x16``, each of NAME:SIZE or NAME:SIZE:UNIT.

    Raises:
        ValueError: it is of another form.
    """
    return tuple(Field(field, tuple(map(int, size.split("x"))), ":".join(unit))
                 for field, size, *unit in (part.split(":") for part in text.split(",") if part))


def _fields(value: Any) -> tuple[Field, ...]:
    if isinstance(value, str):
        return fields_of(value)
    if type(value).__module__.startswith("gymnasium."):
        from puffer_edge.spaces import SpaceTree

        return SpaceTree(value).fields
    if isinstance(value, Mapping):
        return tuple(Field(name, _whole(shape)) for name, shape in value.items())
    fields = tuple(value)
    if not all(isinstance(field, Field) for field in fields):
        raise TypeError("no fields")
    return fields


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "action_sizes": _whole, "action_low": _real, "action_high": _real, "vec_normalize": _path,
    "normaliser": _path,
    "observation": _fields, "config": _path, "key_map": _path, "hidden_size": _count(1),
    "num_layers": _count(0), "frame_stack": _count(1), "accept": _words}
