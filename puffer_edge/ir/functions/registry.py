# SPDX-License-Identifier: MIT
"""What is known about each elementwise function: its numpy twin, the truth, and how far apart."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from puffer_edge.arrays import Array32, Array64

Scalar = float | np.float32
Twin = TypeVar("Twin", bound=Callable[..., Array32])


@dataclass(frozen=True)
class Function:
    """One elementwise float32 function.

    With the default parameters, for every float32 x that is not NaN and whose exact result a
    float32 can hold: ``|numpy(x) - exact(x)| <= abs_error + rel_error * |exact(x)|``.

    Attributes:
        name: key in :data:`FUNCTIONS`; the C kernel is ``runtimes/c/<name>_f32.h``.
        numpy: ``(x, *parameters)``, float32 arrays of any shape; bit for bit what the C kernel
            computes (except the payload of a NaN).
        parameters: names and defaults, in the order of the arguments after x.
        exact: the true function of float64 arrays, the same arguments.
        abs_error: see above.
        rel_error: see above.
        lipschitz: ``|f(a) - f(b)| <= lipschitz * |a - b|`` of the exact function with the default
            parameters; None where there is no such bound.
        monotone: it never falls, or never rises.
        c: the true function of a double x in C, with the default parameters.
        torch: what torch calls it, below ``torch``; its parameters come in the same order. Empty
            where torch has none.
        torch_class: the class in ``torch.nn.modules.activation`` that applies it by default.
        onnx: ONNX's op; empty where it is made of others.
        onnx_attributes: attributes of that op, in the order of the parameters.
        keras: what Keras calls it.
    """

    name: str
    numpy: Callable[..., Array32]
    parameters: tuple[tuple[str, float], ...]
    exact: Callable[..., Array64]
    abs_error: float
    rel_error: float
    lipschitz: float | None
    monotone: bool = False
    c: str = ""
    torch: str = ""
    torch_class: str = ""
    onnx: str = ""
    onnx_attributes: tuple[str, ...] = ()
    keras: str = ""

    @property
    def defaults(self) -> tuple[float, ...]:
        """Of the parameters."""
        return tuple(default for _, default in self.parameters)


TINY = 2.0**-150
"""Half of the smallest float: the absolute error of one rounding among the denormals."""

FUNCTIONS: dict[str, Function] = {}
"""Every function by its name; filled by :func:`register`."""


def register(
    exact: Callable[..., Array64],
    *,
    abs_error: float = 0.0,
    rel_error: float = 0.0,
    lipschitz: float | None,
    **known: Any,
) -> Callable[[Twin], Twin]:
    """Decorator that puts ``<name>_f32`` into :data:`FUNCTIONS`; defaults are the parameters'.

    ``known`` are further attributes of :class:`Function`.
    """

    def add(twin: Twin) -> Twin:
        name = twin.__name__.removesuffix("_f32")
        _, *rest = inspect.signature(twin).parameters.values()
        parameters = tuple((p.name, float(p.default)) for p in rest)
        FUNCTIONS[name] = Function(
            name, twin, parameters, exact, abs_error, rel_error, lipschitz, **known)
        return twin

    return add


def f32(literal: str) -> np.float32:
    """A float32 constant from the hex literal that the C kernel has."""
    return np.float32(float.fromhex(literal))
