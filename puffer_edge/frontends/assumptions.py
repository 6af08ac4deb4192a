# SPDX-License-Identifier: MIT
"""Every decision that a front end may take for a file: its code, and how the user decides instead.

``--accept CODE`` confirms one, ``--strict`` refuses what is not confirmed. What is certain, as a
bound that the file prints, is no assumption but a note of the kind ``stated``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from puffer_edge.errors import ProgramError, UnconfirmedError, UsageError
from puffer_edge.ir import Note, Program

ASSUMPTIONS: dict[str, str] = {
    "action-bounds": "The bounds of a continuous action; --action-low and --action-high.",
    "action-heads": "Which logits belong to one choice; --action-sizes.",
    "action-kind": "Whether the outputs are a continuous action or choices; --action.",
    "action-squash": "Whether tanh bounds a continuous action; --squash or --no-squash.",
    "activation": "The function between the layers; --activation.",
    "composed-order": "Where what the later of two policies sees comes from; --compose.",
    "encoder": "What the encoder computes, told from its keys and shapes; give a graph instead.",
    "evaluation-mode": "That a script saved in training mode drops nothing; give a graph instead.",
    "fixed-batch": "That a fixed number of rows is a batch, and no observation; --observation.",
    "forward-unseen": "What a class computes whose code is not in the file; give a graph instead.",
    "image-size": "Height and width of an image; --observation.",
    "normaliser-form": "What statistics do not say: their epsilon and clip; --normaliser.",
    "normaliser-missing": "That observations are not normalised; --vec-normalize, --normaliser.",
    "normaliser-other": "That statistics are the policy's which seem another's; --vec-normalize.",
    "objects-left-out": "That objects of unknown classes beside the weights are of no use; "
                        "save what the policy needs of them as tensors, or --normaliser.",
    "observation-encoding": "That numbers of the observation are categories; --observation.",
    "observation-scale": "What is subtracted from the observation and divides it; --config.",
    "observation-size": "Elements of an observation of which only slices are read; --observation.",
    "other-outputs": "What outputs are for that are neither action nor value; --state.",
    "random-greedy": "That the likeliest choice stands for a draw; give a graph of logits instead.",
    "random-mean": "That the mean stands for random numbers; give a graph without them instead.",
    "recurrent-state": "Which inputs and outputs are recurrent state; --state.",
    "weights-layout": "How bare numbers are weights; --hidden-size, --num-layers, --config.",
}
"""Code -> what is decided, and the option that says otherwise."""


def assumed(code: str, text: str, option: str = "") -> Note:
    """A decision as a note; arguments as of ``ir.Builder.assume``."""
    return Note("assumed", text, code, option)


def check_codes(codes: Sequence[str]) -> None:
    """Raises UsageError for a code that no front end has."""
    if unknown := [code for code in codes if code not in ASSUMPTIONS]:
        raise UsageError(f"there is no assumption {unknown[0]!a:.60}",
                         hint=f"the codes are {', '.join(ASSUMPTIONS)}")


def accepting(program: Program, codes: Sequence[str]) -> Program:
    """A copy in which the assumptions of these codes are confirmed.

    Raises:
        UsageError: a code is unknown. One that this policy does not need is good.
    """
    check_codes(codes)
    for note in program.notes:
        if note.kind == "assumed" and note.code not in ASSUMPTIONS:
            raise ProgramError(f"an assumption has the unknown code {note.code!r}")
    return replace(program, notes=tuple(
        replace(note, accepted=True) if note.kind == "assumed" and note.code in codes else note
        for note in program.notes))


def open_assumptions(program: Program) -> list[Note]:
    """What was assumed and is not confirmed."""
    return [note for note in program.notes if note.kind == "assumed" and not note.accepted]


def refuse_assumptions(program: Program) -> None:
    """Raises UnconfirmedError where something is assumed and not confirmed."""
    if found := open_assumptions(program):
        codes = tuple(dict.fromkeys(note.code for note in found))
        raise UnconfirmedError(
            "the file does not say everything, and what is assumed is not confirmed:"
            + "".join(f"\n  {note.code}: {note.text}" for note in found), codes=codes)
