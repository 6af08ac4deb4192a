# SPDX-License-Identifier: MIT
"""Rooms of the tree, and the tests that are to find a fault in each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Room:
    """Sources by patterns from the top of the tree, and what tests them: folders or files."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self, root: Path) -> list[str]:
        """Its sources, sorted."""
        return sorted({path.relative_to(root).as_posix() for pattern in self.sources
                       for path in root.glob(pattern) if path.name != "__init__.py"})


ROOMS = {
    "quantization": Room(("puffer_edge/quantization/**/*.py",),
                         ("tests/quantization", "tests/verification/test_agreement.py")),
    "exporters": Room(("exporters/**/*.py",),
                      ("tests/exporters", "tests/micropython", "tests/rpi", "tests/functions",
                       "tests/kernels", "tests/runtimes", "tests/robot", "tests/shield",
                       "tests/blackbox", "tests/weights")),
    "kernels": Room(("runtimes/c/**/*.h", "runtimes/c/**/*.inc"),
                    ("tests/exporters", "tests/functions", "tests/kernels", "tests/runtimes",
                     "tests/rpi", "tests/micropython/test_sampling.py")),
    "verification": Room(("puffer_edge/verification/**/*.py",),
                         ("tests/verification", "tests/emulation", "tests/micropython",
                          "tests/frontends/test_support.py")),
    "passes": Room(("puffer_edge/passes/*.py",), ("tests/passes", "tests/masks")),
    "readers": Room(("puffer_edge/readers/*.py", "puffer_edge/frontends/**/*.py",
                     "puffer_edge/artefact/*.py"),
                    ("tests/readers", "tests/frontends", "tests/artefact")),
    "runtimes": Room(("runtimes/*.py", "runtimes/micropython/**/*.py", "runtimes/rpi/*.py"),
                     ("tests/runtimes", "tests/micropython", "tests/rpi", "tests/robot",
                      "tests/shield")),
}
"""The tests of ``runtimes`` stand for what a computer runs, those of ``exporters`` for boards,
those of ``robot``, ``shield``, ``blackbox`` and ``weights`` for their parts of rooms.
``verification/micropython`` runs in ``tests/micropython``, and its second readers run the rows of
trainers' files (``test_support``)."""
