# SPDX-License-Identifier: MIT
"""The layout of policy.json, for :func:`puffer_edge.artefact.schema.check`.

Names of files and modules go into paths and Makefiles, names of fields and outputs into C: each has
a pattern that leaves nothing to escape.
"""

from __future__ import annotations

import re
from typing import Any, get_args

from puffer_edge.ir.program import Kind
from puffer_edge.ir.value import ITEM_SIZE

FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,60}(\.[a-z0-9_]{1,8}){1,2}")
"""Of a file that export writes: no folder, no space, nothing that a shell or make would expand."""
MODULE = re.compile(r"[a-z][a-z0-9_]{0,60}\.m?py")
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,40}")
WORD = re.compile(r"[a-z][a-z0-9_+-]{0,40}")
BOARD = re.compile(r"[a-z0-9][a-z0-9.:+-]{0,60}")
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+!_-]{0,60}")
"""Of a tool, as pip writes it."""
HEAP = {"kept": int, "needed": int}
"""Bytes of a board's heap."""
SHA256 = re.compile(r"[0-9a-f]{64}")
HASH = re.compile(r"[0-9a-f]{16}")
DTYPE = frozenset(ITEM_SIZE)

_DISCRETE: dict[str, Any] = {
    "kind": frozenset({"discrete"}), "sizes": [int], "dtype": frozenset({"int32"})}
_CONTINUOUS: dict[str, Any] = {
    "kind": frozenset({"continuous"}), "size": int, "dtype": frozenset({"float32"}),
    "squash": bool, "rescale": bool, "low": [float], "high": [float]}
_ACTION: dict[str, Any] = {
    "sampled_by_trainer": bool,
    "mask?": {"start": int, "ones": frozenset({"forbidden", "allowed"})}}

MANIFEST: dict[str, Any] = {
    "format": str, "schema": int, "tool": str, "name": IDENTIFIER, "target": WORD, "board?": BOARD,
    "scheme": WORD,
    "request?": {"seed": int, "counts": (None, {re.compile(r"|[a-z][a-z0-9_]{0,40}"): [float]})},
    "source": {"kind": str, "sha256": (None, SHA256)},
    "observation": {
        "size": int, "dtype": frozenset({"float32"}),
        "fields": [{"name": IDENTIFIER, "shape": [int], "unit": str,
                    "low?": [float], "high?": [float]}],
        "integers?": {"dtype": DTYPE, "scale": [float], "offset": [float]},
        "normaliser?": {"kind": str, "mean": [float], "deviation": [float],
                        "clip": (None, float), "file": str, "sha256": str}},
    "action": (_DISCRETE | _ACTION, _CONTINUOUS | _ACTION,
               {"kind": frozenset({"hybrid"}), "continuous": _CONTINUOUS, "discrete": _DISCRETE,
                **_ACTION}),
    "outputs": [{"name": IDENTIFIER, "size": int, "dtype": DTYPE, "scale?": float,
                 "zero_point?": int, "forbidden?": int}],
    "states": [{"name": str, "shape": [int], "dtype": DTYPE, "low?": int, "high?": int}],
    "layers": [{"op": re.compile(r"[A-Za-z0-9]{1,60}"), "layer": str, "input_shapes": [[int]],
                "output_shapes": [[int]], "activation": (None, WORD), "parameters": int,
                "macs": int}],
    "quantization?": {
        "layers": [{"layer": str, "scheme": WORD, "error": float}],
        "ranges": [{"value": str, "layer": str, "low": float, "high": float, "smallest": float,
                    "largest": float, "scale": (None, float), "zero_point": int, "bits": int,
                    "clipped": float, "steps": float, "histogram?": [int]}]},
    "macs": int, "parameters": int,
    "memory": {"weights_bytes": int, "struct_bytes": int, "arena_bytes": int,
               "arena_lower_bound_bytes": int, "arena_without_sharing_bytes": int,
               "robot_bytes?": int},
    "notes": [{"kind": frozenset(get_args(Kind)), "text": str, "code?": str, "option?": str,
               "accepted?": bool}],
    "files": {FILE: SHA256},
    "tools?": {WORD: VERSION},
    "helium_float?": bool,
    "contract?": SHA256,
    "shield?": {"hash": SHA256, "faults": [WORD], "words": [str], "numbers": {
        "guard": {"low": [float], "high": [float], "varies": [int], "max_age_us": int},
        "timing": {"early_us": int, "late_us": int, "deadline_us": int},
        "limits": {"low": [float], "high": [float], "slew": [float], "low_pass": [float],
                   "safe": [float]},
        "reacting": {"first": WORD, "hold_steps": int, "then": WORD, "latch_after": int,
                     "release_after": int, "counted": int},
        "likelihood": (None, {"directions": int, "allowance": int, "threshold": int})}},
    "weights?": {"sequence": int, "bytes": int, "contract": HASH, "layout": HASH, "scheme": HASH,
                 "code": HASH},
    "black_box?": {"steps": int, "every": int, "bytes": int},
    "micropython?": {"board": WORD, "kernels": WORD, "modules": [MODULE], "kernel_bytes": int,
                     "romfs_bytes?": int,
                     "heap?": {"source?": HEAP, "mpy?": HEAP}},
}
