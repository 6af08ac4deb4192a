# SPDX-License-Identifier: MIT
"""Compilers: each turns C into objects and images for any target that it knows."""

from puffer_edge.errors import UsageError
from puffer_edge.toolchains.base import Toolchain
from puffer_edge.toolchains.gcc import Clang, Gcc
from puffer_edge.toolchains.zig import Zig

__all__ = ["Clang", "Gcc", "Toolchain", "Zig", "find_toolchain"]

TOOLCHAINS: dict[str, type[Toolchain]] = {"zig": Zig, "gcc": Gcc, "clang": Clang}


def find_toolchain(name: str) -> Toolchain:
    """The toolchain of that name.

    Raises:
        UsageError: there is none; the hint lists those that exist.
    """
    try:
        return TOOLCHAINS[name]()
    except KeyError:
        raise UsageError(f"there is no toolchain {name!r}",
                         hint=f"choose one of {', '.join(TOOLCHAINS)}") from None
