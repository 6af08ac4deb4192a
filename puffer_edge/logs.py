# SPDX-License-Identifier: MIT
"""What a board's black box has kept, computed again: ``replay``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from puffer_edge.errors import UsageError
from puffer_edge.signatures import public

if TYPE_CHECKING:
    from puffer_edge.blackbox.reading import Log
    from puffer_edge.blackbox.replaying import Difference, Moment

TESTED = 64
"""Steps of a unit test."""


@dataclass(frozen=True)
class Replay:
    """What came of a log.

    Attributes:
        steps: sound records.
        first, last: their sequence numbers; 0 of an empty log.
        equal: steps that are the oracle's in every bit.
        untaken: steps that a shield did not let the policy take.
        skipped: steps before the first state or reset, of which nothing can be said.
        damages: records that are damaged or missing, each by its name.
        difference: the first number that differs, if there is one.
    """

    steps: int
    first: int
    last: int
    equal: int
    untaken: int
    skipped: int
    damages: tuple[str, ...]
    difference: Difference | None


@public()
def replay(log: str | PathLike[str], directory: str | PathLike[str], *,
           npz: str | PathLike[str] | None = None, unit_test: str | PathLike[str] | None = None,
           mcap: str | PathLike[str] | None = None, steps: int = TESTED, trust: bool = False,
           ) -> Replay:
    """Computes the log of a black box again, and compares every bit.

    Args:
        log: what ``policy_blackbox.h`` wrote: text of a serial port, or bytes.
        directory: what export wrote, with a black box.
        npz: file of observations to write, for ``calibrate=``.
        unit_test: C file to write: the last steps, up to the first that differs.
        mcap: file to write of all steps.
        steps: that the test holds at most.
        trust: take an artefact whose code is not what this version makes of it.

    Raises:
        FileFormatError: the file is no log, or one of another policy.
        UsageError: the artefact has no black box; there is nothing to write.
        MissingDependencyError: mcap is not installed.
    """
    from puffer_edge.artefact.directory import read_manifest
    from puffer_edge.blackbox import Size, layout_of, writing
    from puffer_edge.blackbox.reading import read_log
    from puffer_edge.blackbox.replaying import Replay as Computed
    from puffer_edge.quantization.integer_input import integer_input
    from puffer_edge.runtimes.loading import read_program

    program = read_program(Path(directory), trust=trust)
    manifest = read_manifest(Path(directory))
    if "black_box" not in manifest:
        raise UsageError(f"{directory} was exported without a black box",
                         hint="export it with --black-box 256")
    if steps < 1:
        raise UsageError("a test holds at least one step")
    given = None
    if "integers" in manifest["observation"]:
        given = integer_input(program, manifest["request"]["counts"])
    taken = None if given is None else given.program
    asked = manifest["black_box"]
    found = read_log(Path(log), layout_of(program, Size(asked["steps"], asked["every"]), taken,
                                          manifest.get("contract", "")))
    computed, name = Computed(program, taken, found), str(manifest["name"])
    window = _window(computed.moments(), steps, kept=unit_test is not None)
    if unit_test is not None:
        assert window is not None
        writing.put(writing.unit_test(window, program, name).encode("ascii"), Path(unit_test))
    if npz is not None:
        writing.put(writing.archive(writing.recording(found, given)), Path(npz))
    if mcap is not None:
        writing.put(writing.to_mcap(found, program, name), Path(mcap))
    return _outcome(found, computed)


def _window(moments: Iterator[Moment], steps: int, *, kept: bool) -> Any:
    from puffer_edge.blackbox.writing import Window

    if kept:
        return Window.of(moments, steps)
    for _ in moments:
        pass
    return None


def _outcome(log: Log, computed: Any) -> Replay:
    numbers = log.sequences or (0,)
    return Replay(len(log.sequences), numbers[0], numbers[-1], computed.equal, computed.untaken,
                  computed.skipped,
                  log.damages, computed.difference)
