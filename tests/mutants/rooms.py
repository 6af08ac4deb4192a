# SPDX-License-Identifier: MIT
"""Rooms of the tree, and the tests that are to find a fault in each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Room:
    """Sources by patterns from the top of the tree, and what tests them."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self, root: Path) -> list[str]:
        """Its sources, sorted."""
        return sorted({path.relative_to(root).as_posix() for pattern in self.sources
                       for path in root.glob(pattern) if path.name != "__init__.py"})


ROOMS = {
    "quantization": Room(("puffer_edge/quantization/**/*.py",), ("tests/quantization",)),
    "exporters": Room(("exporters/c/**/*.py", "exporters/*.py"),
                      ("tests/exporters", "tests/kernels", "tests/artefact")),
    "kernels": Room(("runtimes/c/*.h",), ("tests/exporters/test_integer_kernels.py",
                                          "tests/functions", "tests/exporters", "tests/kernels")),
    "verification": Room(("puffer_edge/verification/**/*.py",),
                         ("tests/verification", "tests/emulation")),
    "passes": Room(("puffer_edge/passes/*.py",), ("tests/passes", "tests/masks")),
    "readers": Room(("puffer_edge/readers/*.py",), ("tests/readers", "tests/frontends")),
    "runtimes": Room(("runtimes/*.py", "runtimes/micropython/**/*.py"),
                     ("tests/runtimes", "tests/micropython", "tests/rpi")),
}
