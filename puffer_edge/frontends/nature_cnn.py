# SPDX-License-Identifier: MIT
"""The convolutional network of Mnih et al., 2015, as CleanRL and PufferLib write it.

``network`` is a Sequential of convolutions with a ReLU after each, then linear layers with a ReLU
after each; the observation is an image, planes first, 0 to 255, divided by 255.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import numpy as np

from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.frontends.actor import HINT
from puffer_edge.frontends.layers import (
    activate,
    convolution,
    flatten,
    linear,
    numbered,
    scaled,
    sequence,
)
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Activation, Builder
from puffer_edge.ir.ops import Reshape

KERNELS = (8, 4, 3)
RELU = Activation("relu")
STRIDES: dict[tuple[int, ...], tuple[int, ...]] = {
    KERNELS: (4, 2, 1), (5, 3): (3, 1), (3, 3): (1, 1)}
"""Strides by the sizes of the kernels, of this network and of PufferLib's smaller ones."""


def kernels(tensors: Tensors, stem: str) -> tuple[int, ...]:
    """Sizes of the kernels of the convolutions in a Sequential."""
    return tuple(tensors.shape(f"{name}.weight", 4)[-1] for name in numbered(tensors, stem, 4))


def image(builder: Builder, tensors: Tensors, options: LoadOptions, where: str) -> str:
    """The observation as [1, planes, height, width], scaled.

    Raises:
        FileFormatError: tensors do not fit each other.
        UsageError: the image's shape cannot be told, or is not the policy's.
    """
    planes = tensors.shape("network.0.weight", 4)[1]
    shape = options.observation[0].shape if len(options.observation) == 1 else ()
    if len(shape) != 3:
        shape = (planes, *_square(tensors, where))
        builder.assume("image-size", f"the image has {shape[1]} by {shape[2]} pixels, the smallest "
                       "square that gives the linear layer's inputs; give --observation, as in "
                       f"image:{planes}x84x84, if it has others", "--observation")
    elif shape[0] != planes:
        raise UsageError(f"the image has {shape[0]} planes, the policy takes {planes}",
                         hint="give the planes first, as in image:4x84x84")
    builder.note("stated", "the observation is an image, planes first, 0 to 255, which the "
                           "policy divides by 255")
    x = scaled(builder, builder.input("observation", (1, int(np.prod(shape)))), 1 / 255, "image")
    return builder.add(Reshape, x=x, shape=(1, *shape))


def network(builder: Builder, x: str, tensors: Tensors, *, last: Sequence[str] = ()) -> str:
    """All layers of ``network`` but ``last``, a ReLU after each.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: the convolutions are not those of a known network.
    """
    strides = STRIDES.get(kernels(tensors, "network."))
    if strides is None:
        raise UnsupportedError("the strides of the convolutions are not known",
                               where=tensors.place("network"), hint=HINT)
    for name, stride in zip(numbered(tensors, "network.", 4), strides, strict=True):
        x = activate(builder, convolution(builder, x, tensors, name, stride), RELU, name)
    x = flatten(builder, x)
    for name in numbered(tensors, "network."):
        if name not in last:
            x = activate(builder, linear(builder, x, tensors, name), RELU, name)
    return x


def _square(tensors: Tensors, where: str) -> tuple[int, int]:
    """The smallest square image that gives as many features as the linear layer takes."""
    hidden, last = sequence(tensors, "network.")
    inputs = tensors.shape(f"{[*hidden, last][0]}.weight", 2)[1]
    filters = tensors.shape("network.4.weight", 4)[0]
    side = isqrt(inputs // filters)
    if side < 1 or side * side * filters != inputs:
        raise UsageError("the image is no square", where=where,
                         hint="give its shape with --observation, as in image:4x84x64")
    for kernel, stride in ((3, 1), (4, 2), (8, 4)):
        side = (side - 1) * stride + kernel
    return side, side
