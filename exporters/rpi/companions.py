# SPDX-License-Identifier: MIT
"""The files of other runtimes that go beside the libraries."""

from __future__ import annotations

import warnings

from puffer_edge.artefact import program_file
from puffer_edge.errors import MissingDependencyError, PolicyWarning, UnsupportedError
from puffer_edge.exporters.assembling import ORIGINAL
from puffer_edge.exporters.formats import FORMATS, as_stored, halved
from puffer_edge.exporters.request import ExportRequest
from puffer_edge.ir import Note
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate


def companions(request: ExportRequest) -> tuple[dict[str, bytes], list[Note]]:
    """ONNX and TFLite by file name, and notes of those whose package is missing.

    A format is left out that has not the scheme, or no form for an op.

    Args:
        request: as it was prepared.
    """
    found: dict[str, bytes] = {}
    notes: list[Note] = []
    scheme = request.scheme
    original = optimize(request.original or request.program)
    if scheme == "float16":
        original = halved(original)
    seen = request.quantised.seen if request.quantised else None
    for format in FORMATS.values():
        if scheme not in format.schemes:
            continue
        try:
            prepared = format.prepare(as_stored(original))
            ranges = (None if seen is None or scheme not in format.calibrated else
                      calibrate(prepared, seen.observations, seen.reset, request.observer))
            found[format.file] = format.write(prepared, scheme, ranges)
        except UnsupportedError:
            continue
        except MissingDependencyError as error:
            text = f"{format.file} is left out: {error.what}; {error.hint}"
            warnings.warn(text, PolicyWarning, stacklevel=2)
            notes.append(Note("warning", text))
    if found and scheme != "float32":
        found[ORIGINAL] = program_file.to_bytes(original)
    return found, notes
