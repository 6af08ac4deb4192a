# SPDX-License-Identifier: MIT
"""Sample Factory's convolutional encoders (sample_factory.model.encoder).

``convnet_*`` is convolutions without padding, an activation after each; ``resnet_impala`` three
times a convolution, a max pooling of 3 by 3 with stride 2, and two residual blocks of two
convolutions. Linear layers follow, an activation after each. Strides are told by the filters.
"""

from __future__ import annotations

from math import prod

from puffer_edge.errors import FileFormatError, UnsupportedError, UsageError
from puffer_edge.frontends.actor import HINT
from puffer_edge.frontends.layers import (
    activate,
    convolution,
    flatten,
    max_pool,
    numbered,
    stack,
)
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Activation, Builder
from puffer_edge.ir.ops import Binary, Reshape

STRIDES: dict[tuple[tuple[int, int], ...], tuple[str, tuple[int, ...]]] = {
    ((32, 8), (64, 4), (128, 3)): ("convnet_simple", (4, 2, 2)),
    ((32, 8), (64, 4), (64, 3)): ("convnet_atari", (4, 2, 1)),
    ((16, 8), (32, 4)): ("convnet_impala", (4, 2)),
}
"""Name and strides by the filters and the sizes of the kernels."""
POOLED, BLOCKS = (0, 4, 8), (2, 3, 6, 7, 10, 11)
"""Places of resnet_impala's convolutions that are pooled, and of its blocks."""
LARGEST_SIDE = 512


class ImageEncoder:
    """One of them.

    Args:
        tensors: of the checkpoint.
        stem: of the encoder: ``encoder.encoders.obs.``.
        where: the file, for messages.

    Attributes:
        name: as the trainer's settings call it.
        planes: of the image.

    Raises:
        UnsupportedError: the filters are those of no encoder of the trainer's.
    """

    def __init__(self, tensors: Tensors, stem: str, where: str) -> None:
        self._tensors = tensors
        # The trainer compiles the plain ones, one module deeper.
        self._stem = f"{stem}enc." if tensors.names(f"{stem}enc.") else stem
        self._head = f"{self._stem}conv_head."
        convolutions = numbered(tensors, self._head, 4)
        if not convolutions:
            raise UnsupportedError("the encoder has no convolution where the trainer has one",
                                   where=tensors.place(self._head[:-1]), hint=HINT)
        self.planes = tensors.shape(f"{convolutions[0]}.weight", 4)[1]
        if tensors.names(f"{self._head}2.res_block_core."):
            self.name, self._strides = "resnet_impala", (1,) * len(POOLED)
            return
        shapes = [tensors.shape(f"{name}.weight", 4) for name in convolutions]
        filters = tuple((shape[0], shape[-1]) for shape in shapes)
        if filters not in STRIDES:
            raise UnsupportedError(
                f"convolutions of {', '.join(f'{n} filters {k} by {k}' for n, k in filters)} are "
                "those of no encoder of the trainer's, so their strides are not known",
                where=tensors.place(self._head[:-1]), hint=HINT)
        self.name, self._strides = STRIDES[filters]

    def image(self, options: LoadOptions, normalised: tuple[int, ...]) -> tuple[int, int, int]:
        """Planes, height and width.

        Args:
            options: ``observation`` gives them where the file does not.
            normalised: shape of the normaliser's statistics; empty for none.

        Raises:
            UsageError: they are not known, or are not those of the weights.
        """
        given = options.observation[0].shape if len(options.observation) == 1 else ()
        shape = normalised if len(normalised) == 3 else given
        if len(shape) != 3:
            raise UsageError(
                "the file does not tell the shape of the image",
                where=self._tensors.place(self._head[:-1]),
                hint=f"give it, planes first, as in --observation image:{self.planes}x84x84")
        if shape[0] != self.planes or max(shape[1:]) > LARGEST_SIDE:
            raise UsageError(f"an image of the shape {shape} is none for {self.planes} planes",
                             where=self._tensors.place(self._head[:-1]),
                             hint=f"give the planes first, as in image:{self.planes}x84x84")
        return shape[0], shape[1], shape[2]

    def __call__(self, builder: Builder, x: str, shape: tuple[int, int, int],
                 function: Activation | None) -> str:
        """[1, N] features of a flat image."""
        assert builder.shape(x) == (1, prod(shape))
        x = builder.add(Reshape, x=x, shape=(1, *shape))
        tensors = self._tensors
        if self.name == "resnet_impala":
            x = self._residual(builder, x, function)
        else:
            for index, stride in enumerate(self._strides):
                name = f"{self._head}{2 * index}"
                x = activate(builder, convolution(builder, x, tensors, name, stride), function,
                             tensors.layer(name))
        return stack(builder, flatten(builder, x), tensors,
                     numbered(tensors, f"{self._stem}mlp_layers."), function)

    def _residual(self, builder: Builder, x: str, function: Activation | None) -> str:
        tensors = self._tensors
        for place in sorted((*POOLED, *BLOCKS)):
            name = f"{self._head}{place}"
            if place in POOLED:
                x = max_pool(builder, convolution(builder, x, tensors, name, 1, 1), 3, 2, 1)
                continue
            y = x
            for layer in (1, 3):
                y = activate(builder, y, function, name)
                y = convolution(builder, y, tensors, f"{name}.res_block_core.{layer}", 1, 1)
            if builder.shape(y) != builder.shape(x):
                raise FileFormatError("the block does not keep the shape",
                                      where=tensors.place(name))
            x = builder.add(Binary, a=y, b=x, function="add", layer=name)
        return activate(builder, x, function)
