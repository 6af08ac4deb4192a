# SPDX-License-Identifier: MIT
"""What the page of a report shows beside the checks: plain data for report.json."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from puffer_edge.artefact.directory import MANIFEST
from puffer_edge.artefact.opening import Subject, acting, head_of
from puffer_edge.artefact.program_file import from_bytes
from puffer_edge.boards import Board, boards
from puffer_edge.exporters.c import layout_of
from puffer_edge.exporters.regenerating import PROGRAM
from puffer_edge.ir import Discrete, Program
from puffer_edge.ir.ops import ConvInteger, GemmInteger
from puffer_edge.planning import Plan
from puffer_edge.proofs.facts import Facts
from puffer_edge.readers.regular_file import read_file
from puffer_edge.verification.checks.agreement import real
from puffer_edge.verification.estimating import Estimate
from puffer_edge.verification.recorded import Recorded
from puffer_edge.verification.symbols import Sizes

PARTS = 10
"""Of the recording, along which agreement is told."""


def about(subject: Subject) -> dict[str, Any]:
    """What the artefact is, layer by layer; its arena, where its code is C.

    Raises:
        FileFormatError: its Program is damaged.
    """
    manifest = subject.manifest
    content = read_file(subject.directory / MANIFEST)
    found: dict[str, Any] = {
        "about": {
            **{key: manifest[key] for key in ("target", "scheme", "tool", "macs", "parameters",
                                              "action")},
            **manifest["source"], "board": manifest.get("board", ""),
            "observation": manifest["observation"]["fields"], "states": manifest["states"],
            "manifest": hashlib.sha256(content).hexdigest()},
        **({"shield": {"words": manifest["shield"]["words"]}} if "shield" in manifest else {}),
        "layers": manifest["layers"],
        "quantization": manifest.get("quantization", {"layers": [], "ranges": []})}
    path = subject.directory / PROGRAM
    if not path.is_file():
        return found
    program = from_bytes(read_file(path), str(path))
    bounds = _bounds(program)
    found["quantization"] = {**found["quantization"], "ranges": [
        {**row, "bound": bounds.get(row["value"])} for row in found["quantization"]["ranges"]]}
    if "policy.h" in manifest["files"]:
        found["memory_map"] = memory_map(program, layout_of(
            program, manifest["scheme"], manifest.get("request", {}).get("counts"),
            manifest["target"]))
    return found


def memory_map(program: Program, plan: Plan) -> dict[str, Any]:
    """Which value lies where in the arena, and from which operation of a step to which.

    Values that share their bytes by construction (a reshape, an op in place) are all told.
    """
    last = {name: index for index, op in enumerate(plan.ops) for name in op.operands}
    last |= dict.fromkeys(program.results, len(plan.ops) - 1)  # read after the step
    values = []
    for index, op in enumerate(plan.ops):
        values += [_life(name, "value", plan.offsets[name], program.values[name].nbytes, index,
                         max(last.get(name, index), index))
                   for name in op.outputs if name in plan.offsets]
        if index in plan.scratch:
            end = min([offset for offset in (*plan.offsets.values(), plan.arena)
                       if offset > plan.scratch[index]], default=plan.arena)
            needed = op.scratch(program.operands(op)) * 4
            values.append(_life(f"working memory of {op.layer or type(op).__name__}", "scratch",
                                plan.scratch[index], needed or end - plan.scratch[index], index,
                                index))
    return {"bytes": plan.arena, "operations": [type(op).__name__ for op in plan.ops],
            "values": values}


def _life(name: str, kind: str, offset: int, size: int, first: int, last: int) -> dict[str, Any]:
    return {"name": name, "kind": kind, "offset": offset, "bytes": size, "first": first,
            "last": last}


def _bounds(program: Program) -> dict[str, list[float]]:
    """What the sums of linear layers and convolutions could be at most, before they are cut off.

    From the declared range of the input and the weights: no observation goes beyond.
    """
    found = {}
    for op in program.ops:
        if isinstance(op, GemmInteger | ConvInteger):
            facts = Facts(program, op)
            reach = facts.sums(facts.of(op.x), op.weight, op.bias, op.requantization)
            scale, zero = op.quantization.scale, op.quantization.zero_point
            found[op.y] = [scale * (min(row.low for row in reach) - zero),
                           scale * (max(row.high for row in reach) - zero)]
    return found


def along(subject: Subject, recorded: Recorded, raw: Any) -> list[dict[str, float]]:
    """Agreement in parts of the recording, with the float policy's margin; choices alone.

    Args:
        subject: the artefact.
        recorded: with the float policy's outputs, [T, width].
        raw: the artefact's, [T, width].
    """
    head = head_of(subject.manifest)
    if not isinstance(head, Discrete):
        return []
    ours, theirs = real(acting(subject.manifest), raw), recorded.reference
    cuts = np.cumsum(head.sizes)[:-1]
    pairs = list(zip(np.split(ours, cuts, 1), np.split(theirs, cuts, 1), strict=True))
    equal = np.all([one.argmax(1) == two.argmax(1) for one, two in pairs], axis=0)
    margin = np.min([_margin(two) for _, two in pairs], axis=0)
    edges = np.linspace(0, len(equal), min(PARTS, len(equal)) + 1).astype(int)
    return [{"start": int(start), "agreement": float(equal[start:end].mean()),
             "margin": float(margin[start:end].mean())}
            for start, end in pairwise(edges)]


def _margin(logits: Any) -> Any:
    """Of the best choice over the second best, [T]; 0 where there is no other."""
    if logits.shape[1] < 2:
        return np.zeros(len(logits))
    best = np.sort(logits, 1)
    return best[:, -1] - best[:, -2]


def on_boards(core: str, sizes: Sizes, stack: int, told: dict[str, Estimate]
              ) -> list[dict[str, Any]]:
    """A row for each board of a core: what the policy takes of what is left there."""
    rows = []
    for board in with_core(core):
        ram = sizes.ram + stack + (sizes.constants if board.constants_in_ram else 0)
        fits = (not board.flash.size or sizes.flash <= board.flash.left) and ram <= board.ram.left
        row: dict[str, Any] = {
            "board": board.name, "title": board.title, "verdict": "fits" if fits else
            "does not fit", "flash": sizes.flash, "flash_left": board.flash.left, "ram": ram,
            "ram_left": board.ram.left}
        if found := told.get(board.name):
            row |= {f"microseconds{end}": found.microseconds(cycles) for end, cycles in (
                ("", found.likely), ("_least", found.least), ("_most", found.most))}
        rows.append(row)
    return rows


def with_core(core: str) -> Sequence[Board]:
    """The boards whose core is exported for by that target."""
    return [board for board in boards().values() if board.core.target == core]
