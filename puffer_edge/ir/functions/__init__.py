# SPDX-License-Identifier: MIT
"""The elementwise float32 functions, bit for bit what ``runtimes/c/<name>_f32.h`` computes.

Only + - * / and compares on float32, in the same order as in C, so that results are equal on every
target (no libm, whose results differ from platform to platform). Every module of this folder is
imported, and puts its functions into :data:`FUNCTIONS`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from puffer_edge.ir.functions.registry import FUNCTIONS, Function

__all__ = ["FUNCTIONS", "Function"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
