# SPDX-License-Identifier: MIT
"""Requests in the schemes that we compute ourselves: float32, float16, and integers."""

from __future__ import annotations

from dataclasses import replace

from puffer_edge.exporters.request import ExportRequest, Progress
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.quantization.float16 import to_float16
from puffer_edge.quantization.own.judged import brought, own_scheme
from puffer_edge.quantization.pipeline import Wish, to_integers
from puffer_edge.quantization.schemes import FLOATING, SCHEMES

AUTOMATIC = "auto"
OURS = (*FLOATING, *SCHEMES, AUTOMATIC)
"""Every scheme; those of integers need a recording."""
INTEGERS = frozenset(("calibrate", "steps", "observe", "layers", "observer", "counts"))


def prepare(request: ExportRequest, progress: Progress) -> ExportRequest:
    """See :meth:`Exporter.prepare`."""
    program = request.program
    if request.scheme == "float32":
        return replace(request, program=optimize(program), original=program)
    if request.scheme == "float16":
        return replace(request, program=to_float16(optimize(program)), original=program)
    quantised = None
    if not request.calibrate and not request.layers:
        quantised = brought(program, request.scheme, progress)
    quantised = quantised or to_integers(program, Wish(
        request.scheme, request.calibrate, request.layers, request.observer,
        request.min_agreement, request.seed, request.steps, request.observe, request.nearest),
        progress)
    return replace(request, program=quantised.program, original=program, quantised=quantised)


def default_scheme(program: Program) -> str:
    """The integers that a quantised file brings, else float32."""
    return own_scheme(program) or "float32"


def options(scheme: str) -> frozenset[str]:
    """See :meth:`Exporter.options`."""
    if scheme in FLOATING:
        return frozenset()
    return INTEGERS | ({"min_agreement"} if scheme == AUTOMATIC else frozenset())
