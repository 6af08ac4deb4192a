# SPDX-License-Identifier: MIT
"""What the public functions that take a policy file have in common, by name and type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch.nn import Module

    from puffer_edge.ir import Field, Program

Path: TypeAlias = "str | PathLike[str]"
Numbers: TypeAlias = "float | Sequence[float] | npt.NDArray[np.floating[Any]]"
WholeNumbers: TypeAlias = "int | Sequence[int] | npt.NDArray[np.integer[Any]]"
PolicyFile: TypeAlias = "Path | Module"
"""A policy file, or a ``torch.nn.Module``."""
PolicySource: TypeAlias = "PolicyFile | Program"
"""The same, or what ``load`` made of it."""


class LoadArguments(TypedDict, total=False):
    """Options of ``puffer_edge.load`` as keywords; see ``LoadOptions`` for what they mean.

    Three are for torch alone: ``module``, a ``torch.nn.Module`` that takes the weights of a file of
    unknown names, or as text ``package.module:Class`` or ``FILE.py:Class``; for a module
    ``observation_shape``, or an ``example`` of its arguments.
    """

    activation: str | None
    action: Literal["discrete", "continuous"] | None
    action_sizes: WholeNumbers
    action_low: Numbers
    action_high: Numbers
    squash: bool | None
    vec_normalize: Path | None
    normaliser: Path | None
    states: Sequence[tuple[str, str]]
    keep_value: bool
    observation: Sequence[Field] | Mapping[str, int | Sequence[int]] | Any
    config: Path | None
    hidden_size: int | None
    num_layers: int | None
    key_map: Path | None
    frame_stack: int | None
    frame_stack_reset: Literal["zeros", "repeat"] | None
    action_mask: bool
    accept: str | Sequence[str]
    module: Module | str | None
    example: Any
    observation_shape: int | Sequence[int] | None
