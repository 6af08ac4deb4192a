# SPDX-License-Identifier: MIT
"""The one change that makes a policy fit where it nearly does: a scheme, a layer, or the width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from puffer_edge.sizing.fitting import Row

BYTES = {"float32": 4, "float16": 2, "int16": 2, "int8x16": 1, "int8": 1}
"""Of a weight of a matrix."""
FINEST = tuple(BYTES)
"""Schemes, the one with the finest arithmetic first."""


def with_changes(rows: Sequence[Row], manifests: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """The rows, with a change for those that nearly fit.

    Args:
        rows: of all boards and schemes.
        manifests: of the artefact in each scheme.
    """
    fitting = {(row.board, row.scheme) for row in rows if row.verdict == "fits"}
    return [replace(row, change=_change(row, fitting, manifests[row.scheme]))
            if row.verdict == "nearly" else row for row in rows]


def _change(row: Row, fitting: set[tuple[str, str]], manifest: Mapping[str, Any]) -> str:
    if layer := _layer(row, manifest):  # the smallest change of what was asked for
        return f"--layer {layer}=int8"
    for scheme in FINEST:
        if (row.board, scheme) in fitting:
            return f"--scheme {scheme}"
    return _width(row, manifest)


def _layer(row: Row, manifest: Mapping[str, Any]) -> str:
    """The smallest layer that in int8 saves what flash lacks; "" where none does."""
    lacking = row.flash - row.flash_left
    if row.scheme != "int16" or not row.flash_left or lacking <= 0 or row.ram > row.ram_left:
        return ""
    saved = {each["layer"]: (BYTES["int16"] - BYTES["int8"]) * each["macs"]
             for each in manifest["layers"] if each["layer"] and _is_matrix(each)}
    enough = {name: size for name, size in saved.items() if size >= lacking}
    return min(enough, key=lambda name: enough[name]) if enough else ""


def _width(row: Row, manifest: Mapping[str, Any]) -> str:
    """Hidden layers so narrow that the matrices fit beside what does not depend on them."""
    matrices = [each for each in manifest["layers"] if _is_matrix(each)]
    hidden = [_size(each["output_shapes"][0]) for each in matrices[:-1]]
    if not hidden or any(each["op"] not in ("Gemm", "GemmInteger") for each in matrices):
        return ""  # widths of cells and images are not one number
    fixed: int = row.flash - BYTES[row.scheme] * sum(each["macs"] for each in matrices)

    def takes(width: int) -> int:
        inputs = [_size(matrices[0]["input_shapes"][0])] + [min(width, size) for size in hidden]
        outputs = [*inputs[1:], _size(matrices[-1]["output_shapes"][0])]
        weights = sum(a * b for a, b in zip(inputs, outputs, strict=True))
        return fixed + BYTES[row.scheme] * weights

    if row.ram > row.ram_left or not row.flash_left:
        return ""
    widths = [width for width in range(4, max(hidden), 4) if takes(width) <= row.flash_left]
    return f"hidden layers of at most {max(widths):,} instead of {max(hidden):,}" if widths else ""


def _is_matrix(layer: Mapping[str, Any]) -> bool:
    """Whether it has a weight per multiply-accumulate, as linear layers have."""
    return bool(layer["macs"]) and layer["op"] in ("Gemm", "GemmInteger", "LSTMCell", "GRUCell",
                                                   "LSTMCellInteger", "GRUCellInteger",
                                                   "MinGRUCell", "MinGRUCellInteger")


def _size(shape: Sequence[int]) -> int:
    size = 1
    for extent in shape:
        size *= int(extent)
    return size
