# SPDX-License-Identifier: MIT
"""Board projects and flashing; called as a function, it writes a project around an artefact.

``puffer_edge.firmware(directory, board, output)`` is :func:`puffer_edge.firmware.project.project`.
"""

from __future__ import annotations

import sys
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from puffer_edge.signatures import public

if TYPE_CHECKING:
    from puffer_edge.firmware.renewing import Written


@public()
def firmware(directory: str | PathLike[str], board: str, output: str | PathLike[str], *,
             framework: str = "", trust: bool = False,
             estimate: tuple[float, float] | None = None) -> Written:
    """Writes a project around an artefact, or renews the policy in one that is there.

    Args:
        directory: what export wrote.
        board: a board of ``puffer-edge boards``.
        output: a new or empty directory, or a project.
        framework: bare-metal, micropython, pico-sdk, esp-idf, zephyr, arduino, platformio,
            cmsis-pack or linux; the board's first by default.
        trust: take the code that lies there, also where this version would not write it.
        estimate: microseconds that a step is thought to take, the least and the most, as of
            :func:`puffer_edge.step_time`; the example prints it beside what it measures.

    Raises:
        UsageError: there is no such board or framework, or the policy does not fit.
        FileFormatError: the artefact is damaged.
        OutputError: the directory cannot be written, or holds something else.
    """
    from puffer_edge.firmware.project import project

    return project(Path(directory), board, Path(output), framework=framework, trust=trust,
                   estimate=lambda: estimate)


class _Room(ModuleType):
    """A package that can be called, since ``puffer_edge.firmware`` is a function, too."""

    __call__ = staticmethod(firmware)


sys.modules[__name__].__class__ = _Room
