# SPDX-License-Identifier: MIT
"""Program -> shared libraries for Raspberry Pi OS and other Linux, with a loader in Python.

The C artefact compiled by ``zig cc`` for every processor; nothing needs a compiler on the board.
The libraries depend on none, as the memcpy and memset that they call are in every process already.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from importlib.resources import files as resources
from pathlib import Path

from puffer_edge.errors import MissingDependencyError
from puffer_edge.exporters.assembling import remembered
from puffer_edge.exporters.c import CExporter, assembled, header_of, made_of
from puffer_edge.exporters.c.shim import shim
from puffer_edge.exporters.request import ExportRequest, Progress
from puffer_edge.exporters.rpi.companions import companions
from puffer_edge.exporters.rpi.processors import LEVEL, processors_of
from puffer_edge.ir import Program
from puffer_edge.targets import RPI
from puffer_edge.toolchains.base import INCLUDE
from puffer_edge.toolchains.zig import Zig

NAME = "policy"
LOADER = "policy.py"
FLAGS = ("-std=gnu99", "-O3", "-ffp-contract=off", "-fPIC", "-shared", "-fvisibility=hidden",
         "-nostdlib", "-s", "-w", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables")


def libraries(program: Program) -> dict[str, bytes]:
    """The libraries by file name; the same bytes for the same Program.

    Args:
        program: what was exported.

    Raises:
        MissingDependencyError: zig is not installed.
        VerificationError: it refuses.
    """
    compiler = Zig()
    found = {}
    with tempfile.TemporaryDirectory(prefix="puffer-edge-") as work:
        sources = {wide: Path(work) / f"policy{wide:d}.c" for wide in (False, True)}
        for wide, source in sources.items():
            header = header_of(program, NAME, wide=wide)
            source.write_text(shim(program, header, NAME) + LEVEL, "ascii")
        for name, processor in processors_of(program).items():
            library, source = Path(work) / library_of(name), sources[processor.wide]
            compiler.run([*compiler.driver(), "-target", processor.triple,
                          f"-mcpu={processor.cpu}", *FLAGS, "-I", str(INCLUDE),
                          f"-Wl,-soname,{library.name}", str(source), "-o", str(library)], library,
                         f"zig does not compile the policy for {name}")
            found[library.name] = library.read_bytes()
    return found


def loader() -> bytes:
    """The module that loads a library, the same for every policy."""
    return (resources("puffer_edge.runtimes") / "rpi" / LOADER).read_bytes()


def library_of(name: str) -> str:
    """File name of a processor's library."""
    return f"libpolicy-{name}.so"


class RpiExporter(CExporter):
    """The header, its libraries and their loader, and the files of other runtimes: an Exporter."""

    targets = (RPI.name,)
    main_file = LOADER

    def code(self, request: ExportRequest, *, compiled: bool = True) -> dict[str, bytes]:
        """The header, the loader, and the libraries if zig is there to make them."""
        made = {**super().code(request), LOADER: loader()}
        if compiled:
            with suppress(MissingDependencyError):
                made |= libraries(request.program)
        return made

    def files(self, request: ExportRequest, progress: Progress) -> dict[str, bytes]:
        """The header, the libraries and their loader, models, and what all have."""
        progress("compiling the libraries and writing the files of other runtimes")
        others, notes = companions(request)
        more = remembered(request) | {LOADER: loader()} | libraries(request.program) | others
        return assembled(request, made_of(request), more, notes)
