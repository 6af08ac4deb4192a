# SPDX-License-Identifier: MIT
"""What every op is: a frozen dataclass of value names and attributes, with three verbs.

A subclass lives in its own file under ``ir/ops/`` and says

* ``INPUTS`` and ``OUTPUTS``: which of its fields are value names (a field may be a tuple of names
  for a variadic op; an empty name is an absent optional input);
* ``infer``: the shapes and dtypes of its outputs, from those of its inputs;
* ``evaluate``: its numpy reference, in the exact order of operations that the C kernels use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.value import Quantization, Value

OpType = TypeVar("OpType", bound="type[Op]")
OpSelf = TypeVar("OpSelf", bound="Op")

OPS: dict[str, type[Op]] = {}
"""Every op by its class name; filled by :func:`register`."""


def register(cls: OpType) -> OpType:
    """Class decorator that puts an op into :data:`OPS`."""
    OPS[cls.__name__] = cls
    return cls


@dataclass(frozen=True)
class Activation:
    """An elementwise function fused into the op before it.

    Attributes:
        function: a key of ``ir.functions.FUNCTIONS``.
        parameters: its parameters in the registry's order (``alpha`` of ELU, bounds of clip...);
            those that are not given get the registry's defaults.

    Raises:
        ProgramError: there is no such function, or it has fewer parameters.
    """

    function: str
    parameters: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        from puffer_edge.ir.functions import FUNCTIONS

        known = FUNCTIONS.get(self.function)
        if known is None or len(self.parameters) > len(known.parameters):
            raise ProgramError(f"there is no function {self.function!a} of "
                               f"{len(self.parameters)} parameters")
        more = tuple(default for _, default in known.parameters[len(self.parameters):])
        object.__setattr__(self, "parameters", (*self.parameters, *more))

    def __call__(self, x: Array) -> Array:
        """Applies the function to a float32 array of any shape."""
        from puffer_edge.ir.functions import FUNCTIONS

        return FUNCTIONS[self.function].numpy(x, *(np.float32(p) for p in self.parameters))


@dataclass(frozen=True, kw_only=True)
class Op:
    """Base of all ops.

    Attributes:
        layer: the source's name of the layer (``policy.encoder.0``), for messages and manifests.
    """

    layer: str = ""

    INPUTS: ClassVar[tuple[str, ...]] = ()
    OUTPUTS: ClassVar[tuple[str, ...]] = ("y",)
    SHARES: ClassVar[bool] = False
    """The results are shares: what lies far below the largest of the first input counts nothing."""
    IN_PLACE: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Pairs (input field, output field) that may share memory when the input is not read again."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs in order; an absent optional input is an empty name."""
        return _flatten(getattr(self, field) for field in self.INPUTS)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs in order."""
        return _flatten(getattr(self, field) for field in self.OUTPUTS)

    @property
    def operands(self) -> tuple[str, ...]:
        """Names of the inputs that are present."""
        return tuple(name for name in self.inputs if name)

    def renamed(self: OpSelf, names: Mapping[str, str]) -> OpSelf:
        """The same op with its value names replaced as ``names`` says."""

        def rename(field: str) -> Any:
            value = getattr(self, field)
            if isinstance(value, tuple):
                return tuple(names.get(name, name) for name in value)
            return names.get(value, value)

        changes: dict[str, Any] = {f: rename(f) for f in (*self.INPUTS, *self.OUTPUTS)}
        return replace(self, **changes)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """Shapes of the outputs.

        Args:
            inputs: the values of :attr:`inputs`, None for an absent one.

        Raises:
            ProgramError: the inputs do not fit each other.
        """
        raise NotImplementedError

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """Dtypes of the outputs; those of the first input unless an op says otherwise."""
        first = next(value for value in inputs if value is not None)
        return (first.dtype,) * len(self.outputs)

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """What the outputs' integers stand for; as the first input's unless an op says else."""
        first = next(value for value in inputs if value is not None)
        return (first.quantization,) * len(self.outputs)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """Outputs for given inputs: the numpy reference, bit-exact with the C kernels."""
        raise NotImplementedError

    def scratch(self, inputs: Sequence[Value | None]) -> int:
        """Elements of working memory that a kernel needs beside inputs and outputs."""
        return 0

    def macs(self, inputs: Sequence[Value | None]) -> int:
        """Multiply-accumulates of one execution."""
        return 0


def _flatten(fields: Any) -> tuple[str, ...]:
    names: list[str] = []
    for field in fields:
        names.extend(field if isinstance(field, tuple) else (field,))
    return tuple(names)
