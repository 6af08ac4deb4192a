# SPDX-License-Identifier: MIT
"""What lies in every artefact beside its code: the Program, vectors, what judges, the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from puffer_edge.artefact import manifest, program_file
from puffer_edge.artefact.directory import MANIFEST, as_json
from puffer_edge.artefact.tools import made_with
from puffer_edge.artefact.vectors import Vectors, judged_by
from puffer_edge.exporters.request import ExportRequest
from puffer_edge.ir import Note
from puffer_edge.passes import optimize
from puffer_edge.planning import Plan
from puffer_edge.quantization.integer_input import IntegerInput
from puffer_edge.robot.identity import identity

ORIGINAL = "original.npz"
"""The float Program, where the artefact's is another."""


def assemble(request: ExportRequest, code: Mapping[str, bytes], *, plan: Plan, tests: Vectors,
             constant_bytes: int, ram: int, integers: IntegerInput | None = None,
             integer_tests: Vectors | None = None, notes: Sequence[Note] = (),
             about: Mapping[str, Any] | None = None, robot_bytes: int = 0) -> dict[str, bytes]:
    """All files of an artefact by name; equal inputs give equal bytes.

    Args:
        request: as it was prepared.
        code: the exporter's own files.
        plan: where the Program's values live.
        tests: vectors of the Program.
        constant_bytes: read-only data on the device.
        ram: bytes of the policy's state there.
        integers: what a step from integers takes, if there is one.
        integer_tests: its vectors.
        notes: of the artefact, beside those of the Program.
        about: the exporter's own entries of the manifest.
        robot_bytes: of memory that a robot's contract takes beside.
    """
    program, quantised = request.program, request.quantised
    files = {**code, "vectors.npz": tests.to_bytes(), "program.npz": program_file.to_bytes(program)}
    if integer_tests is not None:
        files["vectors_q.npz"] = integer_tests.to_bytes()
    if quantised is not None:
        files["judge.npz"] = judged_by(
            quantised.held_back.observations, quantised.held_back.reset, quantised.reference,
            quantised.measure)
    elif request.judge:
        files["judge.npz"] = request.judge
    if request.clean:
        files["shield.npz"] = request.clean
    description = manifest.build(
        program, plan, name=request.name, target=request.target, scheme=request.scheme,
        constant_bytes=constant_bytes, ram=ram, source=request.source, files=files,
        seed=request.seed, counts=request.counts, integers=integers,
        quantization=quantised.description if quantised else None)
    if request.contract is not None:
        description["contract"] = identity(request.contract)
        description["memory"]["robot_bytes"] = robot_bytes
    if tools := made_with(code):
        description["tools"] = tools
    description["notes"] += [note.to_json() for note in notes]
    return {**files, MANIFEST: as_json({**description, **(about or {})})}


def remembered(request: ExportRequest) -> dict[str, bytes]:
    """The float Program beside integers: ``verify`` compares over many steps, the page plays it."""
    if request.quantised is None or request.original is None:
        return {}
    return {ORIGINAL: program_file.to_bytes(optimize(request.original))}
