# SPDX-License-Identifier: MIT-0
from .tanh import tanh


def sigmoid(table, x):
    """Looks up 2^15 times the sigmoid of x / 2^11, at most 2^15 - 1."""
    y = 16384 + tanh(table, x)
    return 32767 if y > 32767 else y
