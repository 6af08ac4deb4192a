# SPDX-License-Identifier: MIT
"""Cases of convolutions in integers for a header of kernels, by numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from puffer_edge.exporters.c.ops.conv import sizes
from puffer_edge.exporters.c.ops.conv_integer import aligned
from puffer_edge.exporters.c.packing import rounded_bias
from puffer_edge.ir import Value
from puffer_edge.ir.ops import ConvInteger
from tests.exporters.integer_kernel_cases import C_TYPES, SCHEMES, Header, qparams_of

OTHER = {"int8": "int16", "int16": "int8"}


@dataclass(frozen=True)
class Shape:
    """A convolution: [C, H, W] of its input, and of its kernel and filters."""

    image: tuple[int, int, int]
    kernel: tuple[int, int]
    filters: int
    strides: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilations: tuple[int, int] = (1, 1)
    group: int = 1


SHAPES = (
    Shape((1, 11, 12), (8, 8), 16, (2, 3)),  # rows of eight, an odd number of pixels
    Shape((3, 5, 6), (3, 3), 37, pads=(1, 1, 1, 1)),  # 16 filters twice, four, one alone
    Shape((2, 7, 9), (4, 2), 17, (2, 2), (0, 2, 1, 1), (2, 3)),
    Shape((4, 4, 5), (3, 2), 38, group=2),
    Shape((1, 1, 40), (1, 21), 18),
    Shape((5, 1, 1), (1, 1), 16))


def conv(header: Header, scheme: str, shape: Shape, other: bool) -> None:
    """One convolution, over inputs at the extremes.

    Args:
        header: gets the cases.
        scheme: of activations and weights.
        shape: of all of it.
        other: the output has the other one of the two types.
    """
    activation, weight_type = SCHEMES[scheme]
    written = OTHER[activation] if other else activation
    depth = shape.image[0] // shape.group * int(np.prod(shape.kernel))
    weight, bias, bound = header.matrix((activation, weight_type), shape.filters, depth)
    q = header.factors(shape.filters, bound, (-26, -13 if written == "int16" else -20))
    qparams, padding = qparams_of(written), int(header.random.integers(-128, 128))
    op = ConvInteger(x="x", weight="w", bias="b", requantization="q", y="y",
                     strides=shape.strides, pads=shape.pads, dilations=shape.dilations,
                     group=shape.group, padding=padding, dtype=written, quantization=qparams)
    weight = weight.reshape(shape.filters, -1, *shape.kernel)
    groups = weight.reshape(shape.group, shape.filters // shape.group, depth)
    w = header.constant(np.concatenate([aligned(
        each, "s16" if scheme == "s16" else "s8x16") for each in groups]))
    b = header.constant(rounded_bias(bias, q).astype(np.int32))
    rows = header.requantization(q)
    kernel = f"conv_{scheme}{f'_to_s{written[3:]}' if other else ''}"
    header.more.add(kernel)
    for x in header.integers(activation, int(np.prod(shape.image))):
        image = x.reshape(1, *shape.image)
        (y,) = op.evaluate([image, weight, bias, q])
        members = ", ".join(map(str, sizes(
            op, Value("x", image.shape), Value("y", y.shape), weight.shape)))
        header.most = max(header.most, y.size + 2)
        header.tests.append(
            f"{{ static const puffer_edge_conv_t sizes = {{{members}}};\n"
            f"{C_TYPES[written]} *y = out_{written} + 1; int16_t patch[{2 * (depth + 1)}];\n"
            f"y[{y.size}] = 99;\n"
            f"puffer_edge_{kernel}({header.place(x)}, {w}, {b}, {rows}, patch, y, &sizes, "
            f"{padding}, {qparams.zero_point}, {qparams.low}, {qparams.high});\n"
            f"bad += y[{y.size}] != 99 || memcmp(y, {header.place(y)}, {y.nbytes}) != 0; }}")
