# SPDX-License-Identifier: MIT
"""The artefact that is measured, quantised once, and the header of each core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from puffer_edge.artefact.directory import write
from puffer_edge.artefact.opening import Subject, read_subject
from puffer_edge.exporters.finding import EXPORTERS
from puffer_edge.exporters.request import ExportRequest
from puffer_edge.ir import Program
from puffer_edge.quantization.recording import Recording
from puffer_edge.targets import Target

TARGET = "cortex-m4"
"""Of the artefact; the header of another core is made of the same integers."""


def exported(request: ExportRequest, folder: Path
             ) -> tuple[Subject, Callable[[Target], bytes]]:
    """The artefact, quantised once, and the header of a core, whose kernels are its own.

    Args:
        request: for :data:`TARGET`.
        folder: where the artefact goes.
    """
    exporter = EXPORTERS[TARGET]
    prepared = exporter.prepare(request, lambda text: None)
    write(folder / "artefact", exporter.files(prepared, lambda text: None))

    def header_for(core: Target) -> bytes:
        # That of a Cortex-M0 is plain C; what an AVR cannot hold is told by its memory.
        target = core.name if core.zig_target else "cortex-m0"
        return exporter.code(replace(prepared, target=target))["policy.h"]
    return read_subject(folder / "artefact"), header_for


def made_up(program: Program) -> Recording:
    """Observations that the policy takes, within its bounds, of nothing real: [64, n]."""
    contract = program.contract
    random = np.random.default_rng(0)
    made = random.standard_normal((64, contract.observation_size)).astype(np.float32)
    start = 0
    for field in contract.observation:
        part = made[:, start : start + field.size]
        if field.low:
            part[:] = np.clip(part, np.array(field.low, np.float32),
                              np.array(field.high, np.float32))
        start += field.size
    if contract.mask is not None:
        made[:, contract.mask.part] = not contract.mask.forbids  # everything may be chosen
    return Recording(made, np.arange(len(made)) % 32 == 0)
