"""The files of other runtimes that go beside the libraries."""

from __future__ import annotations

from contextlib import suppress

from puffer_edge.artefact import program_file
from puffer_edge.errors import UnsupportedError
from puffer_edge.exporters.formats import FORMATS, halved
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.recording import Recording

ORIGINAL = "original.npz"
"""The float Program that they were made of, where the libraries' is another."""


def companions(program: Program, scheme: str, seen: Recording | None = None,
               observer: str = "minmax") -> dict[str, bytes]:
    """ONNX and TFLite by file name, of the formats that have the scheme and a form for every op.

    Args:
        program: in float32, as a front end made it.
        scheme: that of the libraries.
        seen: what integers are calibrated with.
        observer: see ``OBSERVERS``.
    """
    found = {}
    original = optimize(program)
    if scheme == "float16":
        original = halved(original)
    for format in FORMATS.values():
        if scheme in format.schemes:
            with suppress(UnsupportedError):
                prepared = format.prepare(original)
                ranges = (None if seen is None or scheme not in format.calibrated
                          else calibrate(prepared, seen.observations, seen.reset, observer))
                found[format.file] = format.write(prepared, scheme, ranges)
    if found and scheme != "float32":
        found[ORIGINAL] = program_file.to_bytes(original)
    return found
