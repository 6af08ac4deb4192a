# SPDX-License-Identifier: MIT
"""Whether a model file is what this version makes of the artefact's Program, byte for byte."""

from __future__ import annotations

from puffer_edge.artefact.opening import Subject
from puffer_edge.artefact.program_file import from_bytes
from puffer_edge.artefact.tools import another_version
from puffer_edge.errors import MissingDependencyError, UnsupportedError
from puffer_edge.exporters.assembling import ORIGINAL
from puffer_edge.exporters.formats import Format
from puffer_edge.readers.regular_file import read_file
from puffer_edge.verification.report import Check, Report
from puffer_edge.version import VERSION

PROGRAM = "program.npz"


def check_model_bytes(subject: Subject, chosen: Format, report: Report) -> None:
    """Writes the file again and compares.

    Other versions of the package that writes the format may order the same model's bytes in another
    way, so those decide nothing. Integers of a recording cannot be made again: it is not there.
    """
    manifest, ours = subject.manifest, f"puffer-edge {VERSION}"
    name = f"{chosen.file} is what is made of the program"
    if manifest["scheme"] in chosen.calibrated:
        report.skip(name, "its integers come of a recording that is not in the artefact")
        return
    # Beside the libraries of a policy in integers lies the float policy that is in the file.
    stored = PROGRAM if ORIGINAL not in manifest["files"] else ORIGINAL
    path = subject.directory / stored
    try:
        program = chosen.prepare(from_bytes(read_file(path), str(path)))
        made = chosen.write(program, manifest["scheme"], None)
    except MissingDependencyError as error:
        report.skip(name, str(error))
        return
    except UnsupportedError as error:
        report.check(name, False, str(error))
        return
    found = read_file(subject.directory / chosen.file)
    other = another_version(manifest, chosen.file) or (
        f"it was written by {manifest['tool']!a}, this is {ours}"
        if manifest["tool"] != ours else "")
    if found != made and other:
        report.checks.append(Check(name, "not judged", f"its bytes are others; {other}"))
    else:
        report.check(name, found == made, f"{len(found):,} bytes" if found == made else
                     f"it holds another model, or {chosen.file} was written by something else")
