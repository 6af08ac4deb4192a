# SPDX-License-Identifier: MIT
"""The features extractors of Stable-Baselines3: flattening, NatureCNN, and one part per key.

Formulas: stable_baselines3.common.torch_layers and preprocessing. Images of bytes are divided by
255; a Dict space's parts are extracted in the space's order and joined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.graph.names import is_identifier
from puffer_edge.frontends.layers import activate, convolution, flatten, linear, scaled
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.stable_baselines3.algorithms import HINT
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Activation, Builder, Field
from puffer_edge.ir.ops import Concat, Reshape, Slice
from puffer_edge.readers.stable_baselines3_zip import Space, StableBaselines3File
from puffer_edge.readers.text import printable

_RELU = Activation("relu")
STRIDES = (4, 2, 1)


class Observation:
    """The observation as the features extractors see it.

    Args:
        builder: takes it.
        file: with its space.
        options: ``observation`` gives an image's shape where the file does not.
        size: inputs of the first linear layer; of no use where there is an extractor.
        where: the file, for messages.

    Raises:
        FileFormatError: the space and the weights do not fit.
        UnsupportedError: the space is of a kind that is not supported.
    """

    def __init__(self, builder: Builder, file: StableBaselines3File, options: LoadOptions,
                 size: int, where: str) -> None:
        self.builder, self.where = builder, where
        self.space = file.observation
        self.scale_images = file.normalize_images
        self.normalisers: dict[str, Callable[[str], str]] = {}
        self._made: dict[str, str] = {}
        self.fields: tuple[Field, ...] = ()
        if self.space.kind == "dict":
            self._parts = dict(self.space.parts)
            if not self._parts:
                raise UnsupportedError("the file does not tell the parts of the observation",
                                       where=where, hint=HINT)
            self.size = sum(_size(part, where) for part in self._parts.values())
            self.fields = tuple(
                _bounded(Field(name if is_identifier(name) else f"obs_{index}", _shape(part)),
                         part)
                for index, (name, part) in enumerate(self._parts.items()))
        else:
            self._parts = {}
            if not self.space.shape and len(options.observation) == 1:
                self.space = replace(self.space, shape=options.observation[0].shape)
            self.size = _size(self.space, where) if self.space.shape or self.space.sizes else size
        self.value = builder.input("observation", (1, self.size))

    def named(self, fields: tuple[Field, ...], raw: bool) -> tuple[Field, ...]:
        """The fields with the bounds of the space, if the caller gives what it is about."""
        if not raw:
            return tuple(replace(field, low=(), high=()) for field in fields)
        return fields if self._parts else tuple(_bounded(field, self.space) for field in fields)

    @property
    def sizes(self) -> dict[str, int]:
        """Elements per key, in the flat observation's order; of one without keys, ``""``."""
        return {name: _size(part, self.where) for name, part in self._parts.items()} or {
            "": self.size}

    def features(self, tensors: Tensors, prefixes: tuple[str, ...]) -> str:
        """[1, N]: what the extractor of these names gives; the first that is there counts."""
        prefix = next((p for p in prefixes if tensors.names(p)), prefixes[-1])
        shared = prefixes[-1]
        if prefix != shared and tensors.equal(prefix, shared):
            prefix = shared  # one extractor, saved under several names
        if prefix not in self._made:
            self._made[prefix] = self._extracted(tensors, prefix)
        return self._made[prefix]

    def _extracted(self, tensors: Tensors, prefix: str) -> str:
        if not self._parts:
            return self._part(self.value, self.space, tensors, prefix)
        start, parts = 0, []
        for name, space in self._parts.items():
            size = _size(space, self.where)
            x = self.builder.add(Slice, x=self.value, starts=(0, start), counts=(1, size),
                                 steps=(1, 1))
            if name in self.normalisers:
                if space.dtype == "uint8" and len(space.shape) == 3:
                    raise UnsupportedError(f"the image {printable(name)} is normalised by "
                                           "VecNormalize", where=self.where, hint=HINT)
                x = self.normalisers[name](x)
            parts.append(self._part(x, space, tensors, f"{prefix}extractors.{name}."))
            start += size
        return self.builder.add(Concat, xs=tuple(parts), axis=1) if len(parts) > 1 else parts[0]

    def _part(self, x: str, space: Space, tensors: Tensors, prefix: str) -> str:
        image = space.dtype == "uint8" and len(space.shape) == 3
        if image and self.scale_images:
            x = scaled(self.builder, x, 1 / 255, "image")
        if not tensors.has(f"{prefix}cnn.0.weight"):
            return x
        if len(space.shape) != 3:
            raise UnsupportedError(
                "the file does not tell the shape of the image", where=tensors.place(prefix),
                hint="give it with --observation, as in image:4x84x84")
        x = self.builder.add(Reshape, x=x, shape=(1, *space.shape))
        for index, stride in enumerate(STRIDES):
            name = f"{prefix}cnn.{2 * index}"
            x = activate(self.builder, convolution(self.builder, x, tensors, name, stride), _RELU,
                         tensors.layer(name))
        return activate(self.builder, linear(self.builder, flatten(self.builder, x), tensors,
                                             f"{prefix}linear.0"), _RELU, f"{prefix}linear.0")


def _shape(space: Space) -> tuple[int, ...]:
    return (sum(space.sizes),) if space.sizes else space.shape


def _bounded(field: Field, space: Space) -> Field:
    """With the space's bounds; those of an image of floats may be VecNormalize's own."""
    if space.kind == "box":
        if len(space.shape) == 3 and space.dtype != "uint8":
            return field
        return field.bounded(space.low, space.high) if space.low and space.high else field
    return field.bounded(0, 1) if space.kind else field


def _size(space: Space, where: str) -> int:
    """Elements after the library's one-hot encoding."""
    shape = _shape(space)
    if not shape or space.kind not in ("box", "discrete", "multidiscrete", "multibinary", ""):
        raise UnsupportedError(f"observation spaces of the kind {printable(space.kind)} are not "
                               "supported yet", where=where, hint=HINT)
    if prod(shape) < 1:
        raise FileFormatError("an observation space is empty", where=where)
    return prod(shape)
