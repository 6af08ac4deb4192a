# SPDX-License-Identifier: MIT
"""How many bits weights and activations have, and where they are stored."""

from __future__ import annotations

from dataclasses import dataclass

from puffer_edge.errors import UsageError


@dataclass(frozen=True)
class Scheme:
    """One integer scheme.

    Attributes:
        name: what the user types.
        weight_dtype, activation_dtype: storage; activations of 8 bits have a zero point.
        weight_bits, activation_bits: upper limits, the latter for activations that are stored in
            16 bits; the range proof may lower activations, and where ``balanced`` also weights.
        balanced: weights and activations give up bits together.
    """

    name: str
    weight_dtype: str
    activation_dtype: str
    weight_bits: int
    activation_bits: int
    balanced: bool = False


SCHEMES = {
    "int8": Scheme("int8", "int8", "int8", 8, 16),
    "int8x16": Scheme("int8x16", "int8", "int16", 8, 16),
    "int16": Scheme("int16", "int16", "int16", 15, 15, balanced=True),
}


OBSERVATION = "observation"
"""In place of a layer's name: the observation, in 16 bits or, by int8, in 8; see ``Ranges``."""

FLOATING = ("float32", "float16")
"""Schemes that compute in float32 and need no calibration; float16 stores matrices so."""


def find_scheme(name: str) -> Scheme:
    """The scheme of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in SCHEMES:
        raise UsageError(f"there is no scheme {name!r}",
                         hint=f"choose one of {', '.join([*FLOATING, *SCHEMES, 'auto'])}")
    return SCHEMES[name]
