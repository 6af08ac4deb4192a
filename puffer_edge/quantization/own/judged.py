"""A file's own integers, judged beside the float reading of the same file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.ir import Program
from puffer_edge.quantization.agreement import Limits, agreement_of, measure_of, outputs, scales
from puffer_edge.quantization.describing import Description
from puffer_edge.quantization.integer_input import integer_input
from puffer_edge.quantization.own import own_integers, rounds, scheme_of
from puffer_edge.quantization.pipeline import Quantized
from puffer_edge.quantization.recording import IMAGINED, Recording


def as_the_file_says(program: Program, scheme: str,
                     progress: Callable[[str], None] = lambda text: None
                     ) -> tuple[str, Quantized | None]:
    """The scheme, and the Program in the file's own integers where that is what the user wants.

    Args:
        program: as a front end made it.
        scheme: as the user said it; empty for the file's own, or float32.
        progress: is told what is being done.

    Raises:
        UnsupportedError: its integers are asked for, and have no form here.
        UsageError: its integers are others than those that are asked for.
    """
    if not rounds(program) or scheme not in ("", "int8", "int8x16"):
        return scheme or "float32", None
    try:
        made = own_integers(program)
    except UnsupportedError as error:
        if not scheme:
            return "float32", None
        raise UnsupportedError(f"the file's own integers cannot be taken: {error.what}",
                               hint="give --calibrate, to quantise what it computes") from error
    own = scheme_of(made)
    if scheme not in ("", own):
        raise UsageError(f"the file's own integers are {own}, not {scheme}",
                         hint=f"leave --scheme out, or give --calibrate to have {scheme}")
    progress("judging the file's own integers")
    return own, _judged(program, made, own)


def told(program: Program) -> Program:
    """The Program with a note that says what becomes of the integers in its file."""
    if not any(note.kind == "quantised" for note in program.notes) or not rounds(program):
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
    seen, held_back = _imagined(program, made).halves()
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


def _imagined(program: Program, made: Program) -> Recording:
    random, size = np.random.default_rng(0), program.contract.observation_size
    given = integer_input(made)
    if given is None:  # something is computed in float before anything is rounded
        drawn = random.standard_normal((2 * IMAGINED, size))
    else:
        integers = random.uniform(given.rescale.low, given.rescale.high, (2 * IMAGINED, size))
        drawn = integers * given.scale + given.offset
    observations = drawn.astype(np.float32)
    if program.contract.mask is not None:
        observations = program.contract.mask.at_random(observations, random)
    return Recording(observations, np.arange(len(observations)) == 0)
