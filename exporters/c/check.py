# SPDX-License-Identifier: MIT
"""The checksum of the weights: ``<name>_check`` of the header."""

from __future__ import annotations

import zlib
from typing import Literal

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.exporters.c.context import Context
from puffer_edge.exporters.c.kernels import source
from puffer_edge.templates import template


def render(context: Context, payload: bytes = b"") -> str:
    """C that checks all constants of a policy, or of a blob what is built in; empty without any."""
    data = context.data
    if payload:
        data = [(f"{context.name}_built_in", np.frombuffer(payload, "<u4"))]
    if not data:
        return ""
    arrays = [array for _, array in data]
    return template("puffer_edge.exporters.c", "check.h.j2").render(
        name=context.name, NAME=context.name.upper(), crc=source("crc32").strip(),
        bytes=len(payload) or context.constant_bytes, constants=[name for name, _ in data],
        in_ram=0 if payload else context.in_ram,
        little=f"0x{_crc(arrays, '<'):08x}u", big=f"0x{_crc(arrays, '>'):08x}u").rstrip()


def _crc(arrays: list[Array], order: Literal["<", ">"]) -> int:
    """CRC-32 of the bytes that a processor of that byte order has in its flash."""
    crc = 0
    for array in arrays:
        crc = zlib.crc32(array.astype(array.dtype.newbyteorder(order)).tobytes(), crc)
    return crc
