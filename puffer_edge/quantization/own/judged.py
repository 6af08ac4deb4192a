# SPDX-License-Identifier: MIT
"""A file's own integers, judged beside the float reading of the same file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.ir import Program
from puffer_edge.quantization.agreement import Limits, agreement_of, measure_of, outputs, scales
from puffer_edge.quantization.describing import Description
from puffer_edge.quantization.own import own_integers, rounds, scheme_of
from puffer_edge.quantization.own.fitting import imagined
from puffer_edge.quantization.pipeline import Quantized
from puffer_edge.quantization.recording import IMAGINED, Recording


def own_scheme(program: Program) -> str:
    """What the file's own integers are called; empty where it has none, or none that fit."""
    if not rounds(program):
        return ""
    try:
        return scheme_of(own_integers(program))
    except UnsupportedError:
        return ""


def brought(program: Program, scheme: str,
            progress: Callable[[str], None] = lambda text: None) -> Quantized | None:
    """The Program in the integers that its file brings; None where it brings none.

    Args:
        program: as a front end made it.
        scheme: what is asked for.
        progress: is told what is being done.

    Raises:
        UnsupportedError: its integers have no form here.
        UsageError: they are others than those that are asked for.
    """
    if not rounds(program) or scheme not in ("int8", "int8x16"):
        return None
    try:
        made = own_integers(program)
    except UnsupportedError as error:
        raise UnsupportedError(f"the file's own integers cannot be taken: {error.what}",
                               hint="give --calibrate to quantise what it computes") from error
    own = scheme_of(made)
    if scheme != own:
        raise UsageError(f"the file's own integers are {own}, not {scheme}",
                         hint=f"give no --scheme for them, or --calibrate for {scheme}")
    progress("judging the file's own integers")
    return _judged(program, made, own)


def told(program: Program) -> Program:
    """The Program with a note that says what becomes of the integers in its file."""
    if not rounds(program):
        return program
    try:
        scheme = scheme_of(own_integers(program))
    except UnsupportedError as error:
        return program.noting("quantised", "its integers have no form here, so it is computed in "
                                           f"float: {error.what}")
    return program.noting("quantised", f"export computes it in the file's own integers ({scheme}) "
                                       "if no scheme is given")


def _judged(program: Program, made: Program, scheme: str) -> Quantized:
    """Both over observations that are made up within the range of the first rounding."""
    observations = imagined(program, made, 2 * IMAGINED)
    seen, held_back = Recording(observations, np.arange(len(observations)) == 0).halves()
    references = [outputs(program, part) for part in (seen, held_back)]
    measure = measure_of(program.contract.action, *references)
    agreements = {
        name: agreement_of(reference, outputs(made, part), program.contract.action,
                           Limits.of([scheme]), scales(made), measure)
        for name, part, reference in zip(("made up", "held back"), (seen, held_back), references,
                                         strict=True)}
    found = agreements["held back"]
    share = "" if found.share is None else f"{found.share:.2%} of the greedy actions agree, "
    made = made.noting("quantised", f"in the file's own integers ({scheme}); beside their float "
                       f"reading, over {found.steps} made-up steps: {share}largest error "
                       f"{found.largest_error:.3g}, mean {found.mean_error:.3g}")
    return Quantized(made, seen, held_back, references[1], measure, agreements,
                     Description([], []))
