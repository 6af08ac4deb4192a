"""Compilers: each turns C into objects and images for any target that it knows."""

from puffer_edge.toolchains.base import Toolchain, find_toolchain
from puffer_edge.toolchains.gcc import Clang, Gcc
from puffer_edge.toolchains.zig import Zig

__all__ = ["Clang", "Gcc", "Toolchain", "Zig", "find_toolchain"]
