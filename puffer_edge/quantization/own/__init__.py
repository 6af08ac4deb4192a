# SPDX-License-Identifier: MIT
"""The integers that a quantised file brings: its own scales and weights, without calibration.

Front ends read a quantised graph as float: ``clip(round(x / scale) + zero)`` for what it
quantises, and weights that are what its integers stand for. Here that reading becomes integer ops.
"""

from __future__ import annotations

import numpy as np

from puffer_edge.errors import PufferEdgeError, UnsupportedError
from puffer_edge.ir import Program
from puffer_edge.ir.ops import ConvInteger, GemmInteger, Unary
from puffer_edge.passes import fold_constants, remove_dead_code, remove_identities, separate_results
from puffer_edge.quantization.own.fitting import fits
from puffer_edge.quantization.own.follow import Follower


def rounds(program: Program) -> bool:
    """Whether a Program rounds what it computes, as the quantised file does that it is of."""
    return any(note.kind == "quantised" for note in program.notes) and any(
        isinstance(op, Unary) and op.function.function == "round" for op in program.ops)


def own_integers(program: Program) -> Program:
    """The integer Program of a float one that rounds as its file does.

    Args:
        program: as a front end made it.

    Raises:
        UnsupportedError: it does not round at all, or something in it has no form in integers; the
            text says what.
    """
    if not rounds(program):
        raise UnsupportedError("it holds no integers of its own")
    if program.states:
        raise UnsupportedError("it has a state")
    try:
        with np.errstate(all="ignore"):
            return _made(remove_identities(fold_constants(remove_dead_code(program))))
    except UnsupportedError:
        raise
    except PufferEdgeError as error:
        raise UnsupportedError(error.what) from error
    except (ArithmeticError, ValueError) as error:  # of scales that no policy has
        raise UnsupportedError("its scales are out of reach") from error


def _made(plain: Program) -> Program:
    made = remove_dead_code(remove_identities(Follower(plain).run()))
    if not any(isinstance(op, GemmInteger | ConvInteger) for op in made.ops):
        raise UnsupportedError("no layer of it is quantised")
    made = separate_results(made)
    if not fits(plain, made):
        raise UnsupportedError("integers here would differ from it by more than a step")
    return made


def scheme_of(made: Program) -> str:
    """What the integers of such a Program are called: int8, or int8x16 with activations of 16 bits.

    The first layer's input does not tell, nor does what an output is given out in.
    """
    wide = any(made.values[op.x].dtype == "int16" for op in made.ops
               if isinstance(op, GemmInteger | ConvInteger))
    return "int8x16" if wide else "int8"
