# SPDX-License-Identifier: MIT
"""Artefacts: of Programs as they are, which no front end has read, and of calibrated ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import puffer_edge
from puffer_edge.artefact.directory import write
from puffer_edge.exporters.finding import EXPORTERS
from puffer_edge.exporters.request import ExportRequest, silent
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.targets import find_exported
from tests import zoo


def write_artefact(program: Program, directory: Path, *, target: str = "cortex-m",
                   name: str = "zoo", scheme: str = "float32", **given: Any) -> None:
    """Exports a Program that is in the scheme already; ``given`` are fields of the request."""
    request = ExportRequest(optimize(program) if scheme == "float32" else program,
                            find_exported(target).name, name, scheme=scheme, **given)
    write(directory, EXPORTERS[request.target].files(request, silent))


def scheme_of(case: str) -> str:
    """That of a case of the zoo."""
    return case.rpartition("_")[2] if case in zoo.QUANTIZED else "float32"


def export_as_it_is(case: str, directory: Path, *, target: str = "cortex-m", **given: Any) -> Path:
    """Exports a case of the zoo; one in integers without passes, as the pipeline does."""
    write_artefact(zoo.program(case), directory, target=target, scheme=scheme_of(case), **given)
    return directory


def header_as_it_is(case: str, directory: Path, **given: Any) -> str:
    """The text of its ``policy.h``."""
    return (export_as_it_is(case, directory, **given) / "policy.h").read_text()


def export_calibrated(program: Program, directory: Path, *, steps: int = 200, name: str = "zoo",
                      **options: Any) -> Path:
    """Exports in a scheme, by observations that are made up and lie beside the artefact."""
    seen = directory.with_suffix(".npz")
    rows = np.random.default_rng(0).normal(size=(steps, program.contract.observation_size))
    np.savez(seen, observations=rows.astype(np.float32))
    scheme = options.get("scheme", "float32")
    return puffer_edge.export(program, directory, name=name, **options,
                              **({} if scheme.startswith("float") else {"calibrate": str(seen)}))
