# SPDX-License-Identifier: MIT
"""What a convolution's filters are multiplied with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from puffer_edge.arrays import Array


def patches(x: Array, kernel: Sequence[int], strides: Sequence[int], pads: Sequence[int],
            dilations: Sequence[int], padding: float) -> Array:
    """What each output pixel of a convolution sees: [N, H', W', C, taps] of x [N, C, H, W]."""
    rank = len(kernel)
    width = [(0, 0), (0, 0), *((pads[a], pads[a + rank]) for a in range(rank))]
    padded = np.pad(x, width, constant_values=padding)
    spread = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    axes = tuple(range(2, 2 + rank))
    windows = np.lib.stride_tricks.sliding_window_view(padded, spread, axis=axes)
    every = (slice(None), slice(None), *(slice(None, None, stride) for stride in strides),
             *(slice(None, None, dilation) for dilation in dilations))
    seen = np.moveaxis(windows[every], 1, 1 + rank)
    return np.asarray(seen).reshape(*seen.shape[: 2 + rank], -1)
