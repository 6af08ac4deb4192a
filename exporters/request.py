# SPDX-License-Identifier: MIT
"""What an exporter is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from puffer_edge.blackbox import Size
from puffer_edge.ir import Program
from puffer_edge.quantization.agreement import AGREEMENT
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.integer_input import Counts
from puffer_edge.quantization.pipeline import Quantized
from puffer_edge.quantization.recording import STEPS, Recording
from puffer_edge.robot import RobotContract
from puffer_edge.shield import Shield, Wish

Progress = Callable[[str], None]
"""Is told what is being done."""


def silent(text: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class ExportRequest:
    """One policy for one target.

    An exporter's ``prepare`` makes of a request with a float Program one with the Program that the
    artefact computes; ``files`` takes the latter.

    Attributes:
        program: what is to be exported.
        target: one of the exporter's.
        name: stem of the C identifiers.
        seed: of the test vectors, at least 0, and of the environment that calibrates.
        scheme: one of the exporter's.
        source: the policy file, for its hash.
        calibrate: observations; see :func:`quantization.recording.record`.
        steps: to play in an environment.
        observe: elements of its observation that the policy sees; all by default.
        layers: schemes of single layers by name.
        observer: a key of ``OBSERVERS``.
        min_agreement: what the scheme auto must reach.
        counts: what the integers of an observation count; see ``integer_input``.
        nearest: weights of 8 bits are rounded each for itself, as training has done.
        board: of ``puffer_edge.boards``.
        kernels: the grade of MicroPython's kernels.
        url: where the files of a MicroPython package will lie.
        helium_float: layers sum in Helium's floats, in which subnormal numbers are zeros.
        contract: of the robot that the policy is for.
        shield: what is asked of a shield around the policy.
        black_box: how many steps the generated black box holds, if there is one.
        weights: sequence number of the blob that holds them, or 0 where they are part of the code.
        original: the float Program, where ``program`` is another.
        quantised: how an integer Program was made, and what it is judged by.
        calibration: the ranges of a format's own integers.
        judge: content of ``judge.npz``.
        shielded: the shield for ``program``.
        clean: content of ``shield.npz``, observations that the shield has to leave alone.
    """

    program: Program
    target: str
    name: str
    seed: int = 0
    scheme: str = "float32"
    source: Path | None = None
    calibrate: str | Recording = ""
    steps: int = STEPS
    observe: tuple[int, ...] = ()
    layers: Mapping[str, str] = field(default_factory=dict)
    observer: str = "minmax"
    min_agreement: float = AGREEMENT
    counts: Counts | None = None
    nearest: bool = False
    board: str = ""
    kernels: str = ""
    url: str = ""
    helium_float: bool = False
    contract: RobotContract | None = None
    shield: Wish | None = None
    black_box: Size | None = None
    weights: int = 0
    original: Program | None = None
    quantised: Quantized | None = None
    calibration: Calibration | None = None
    judge: bytes = b""
    shielded: Shield | None = None
    clean: bytes = b""
