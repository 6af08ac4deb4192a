"""What a policy file does not hold and the user can add."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from puffer_edge.ir import Field


@dataclass(frozen=True)
class LoadOptions:
    """Options of :func:`puffer_edge.load`; every one has a default that is reported when used.

    Attributes:
        activation: a key of ``ir.functions.FUNCTIONS`` where the file does not tell it.
        action: kind of the action where the file does not tell it.
        action_sizes: choices per discrete head (gymnasium's ``nvec``).
        action_low, action_high: bounds of a continuous action; one number stands for all elements.
        squash: apply tanh to a continuous action's mean.
        vec_normalize: path of a VecNormalize pickle with the observation's statistics.
        states: pairs (input, output) of an ONNX graph or module that are recurrent state.
        keep_value: keep the value head as a second output.
        observation: names and shapes of the observation's parts, in order.
    """

    activation: str | None = None
    action: Literal["discrete", "continuous"] | None = None
    action_sizes: tuple[int, ...] = ()
    action_low: tuple[float, ...] = ()
    action_high: tuple[float, ...] = ()
    squash: bool | None = None
    vec_normalize: Path | None = None
    states: tuple[tuple[str, str], ...] = ()
    keep_value: bool = False
    observation: tuple[Field, ...] = ()
