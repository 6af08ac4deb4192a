# SPDX-License-Identifier: MIT
"""Artefacts of Programs as they are, which no front end has read and nothing has quantised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from puffer_edge.artefact.directory import write
from puffer_edge.exporters.finding import EXPORTERS
from puffer_edge.exporters.request import ExportRequest, silent
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.targets import find_exported


def write_artefact(program: Program, directory: Path, *, target: str = "cortex-m",
                   name: str = "zoo", scheme: str = "float32", **given: Any) -> None:
    """Exports a Program that is in the scheme already; ``given`` are fields of the request."""
    request = ExportRequest(optimize(program) if scheme == "float32" else program,
                            find_exported(target).name, name, scheme=scheme, **given)
    write(directory, EXPORTERS[request.target].files(request, silent))
