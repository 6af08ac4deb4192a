# SPDX-License-Identifier: MIT
"""What the trainer's environment did around the policy, as a part of the Program.

Frame stacking (VecFrameStack of Stable-Baselines3, FrameStackObservation of gymnasium): the policy
remembers the earlier frames itself. Action masks (MaskablePPO): the choices that may be taken are a
part of the observation.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from puffer_edge.errors import UsageError
from puffer_edge.frontends.options import LoadOptions, spelled
from puffer_edge.ir import ActionMask, Continuous, Discrete, Field, Op, Program, Value
from puffer_edge.ir.ops import Binary, Concat, Reshape, Slice
from puffer_edge.ir.program import State, empty_state
from puffer_edge.passes.constants import unused
from puffer_edge.passes.drop_softmax import drop_softmax
from puffer_edge.passes.recognize_masks import masked, recognize_masks


def wrapped(program: Program, options: LoadOptions) -> Program:
    """The Program with what the options ask for around it.

    Raises:
        UsageError: the policy's observation is no stack of frames, or its action is continuous.
    """
    program = drop_softmax(recognize_masks(_choices_by_mask(program)))
    if options.frame_stack is not None and options.frame_stack > 1:
        program = stack_frames(program, options.frame_stack,
                               repeat=options.frame_stack_reset == "repeat")
    elif options.frame_stack_reset is not None:
        raise UsageError(f"{spelled('frame_stack_reset')} is of no use without stacked frames",
                         hint="give --frame-stack, too")
    return mask_actions(program) if options.action_mask else program


def _choices_by_mask(program: Program) -> Program:
    """With choices in place of numbers that are only assumed to be numbers, where they are masked.

    A part of the observation that forbids an output marks it as the logit of a choice.
    """
    action = program.contract.action
    assumed = {note.code for note in program.notes if note.kind == "assumed"}
    if not isinstance(action, Continuous) or "action-kind" not in assumed:
        return program
    choosing = replace(
        program, contract=replace(program.contract, action=Discrete((action.size,))),
        output_names=tuple("logits" if name == "mean" else name for name in program.output_names),
        notes=tuple(note for note in program.notes
                    if note.code not in ("action-kind", "action-bounds")))
    if recognize_masks(choosing).contract.mask is None:
        return program
    return choosing.noting("stated", "the action is discrete: a part of the observation masks it")


def stack_frames(program: Program, count: int, *, repeat: bool = False) -> Program:
    """The same policy for single frames: it remembers those before.

    The oldest frame comes first. Right for flat observations, and for images whose planes come
    first, where a frame's planes lie side by side.

    Args:
        program: takes stacked frames.
        count: of the frames.
        repeat: those before the first are the first one, as gymnasium's FrameStackObservation has
            them by default; else zeros, as VecFrameStack of Stable-Baselines3 has them.

    Raises:
        UsageError: the observation cannot be divided into so many frames.
    """
    fields = program.contract.observation
    size = program.contract.observation_size
    if program.contract.mask is not None:
        raise UsageError("the observation holds an action mask, which is not stacked",
                         hint="leave out --frame-stack, and let the caller stack the frames")
    if len(fields) != 1 or fields[0].shape[0] % count:
        raise UsageError(
            f"an observation of the shape {[field.shape for field in fields]} is no stack of "
            f"{count} frames", hint="give the number of frames that the trainer stacked")
    frame = Field(fields[0].name, (fields[0].shape[0] // count, *fields[0].shape[1:]),
                  fields[0].unit)
    if fields[0].low:
        frame = frame.bounded(fields[0].low[-frame.size:], fields[0].high[-frame.size:])
    taken = set(program.values)
    new, old, after, whole = (unused(name, taken) for name in (
        "frame", "earlier_frames", "later_frames", "frames"))
    shape, rest = program.values[program.input].shape, size - frame.size
    states, begun, earlier = [State(old, after, empty_state((1, rest)))], list[Op](), old
    if repeat:
        first, later, copies, kept, earlier = (unused(name, taken) for name in (
            "first_step", "no_first_step", "copies", "copies_or_zeros", "earlier_or_copies"))
        states.append(State(first, later, np.ones((1, rest), np.float32)))
        # 1 at the first step, when the earlier frames are zeros, and 0 after it.
        begun = [Concat(xs=(new,) * (count - 1), y=copies, axis=1, layer="frame_stack"),
                 Binary(a=copies, b=first, y=kept, function="mul", layer="frame_stack"),
                 Binary(a=old, b=kept, y=earlier, function="add", layer="frame_stack"),
                 Binary(a=first, b=first, y=later, function="sub", layer="frame_stack")]
    ops: list[Op] = [
        *begun, Concat(xs=(earlier, new), y=whole, axis=1, layer="frame_stack"),
        Slice(x=whole, y=after, starts=(0, frame.size), counts=(1, rest), steps=(1, 1),
              layer="frame_stack"),
        Reshape(x=whole, y=program.input, shape=shape)]
    values = {**program.values, new: Value(new, (1, frame.size)), old: Value(old, (1, rest)),
              **{state.input: Value(state.input, (1, rest)) for state in states}}
    stacked = program.with_ops(
        [*ops, *program.ops], values=values, input=new,
        states=(*program.states, *states),
        contract=replace(program.contract, observation=(frame,)))
    return stacked.noting("stated", f"the policy stacks {count} frames itself, the oldest first; "
                                    "those before the first are "
                                    + ("the first itself" if repeat else "zeros"))


def mask_actions(program: Program) -> Program:
    """The same policy with a mask as the last part of its observation: 1 for what may be taken.

    Raises:
        UsageError: the action is continuous, or has a mask already.
    """
    contract, width = program.contract, sum(program.contract.sizes)
    if not width:
        raise UsageError("a continuous action has no mask", hint="leave out --action-mask")
    if contract.mask is not None:
        raise UsageError("the policy takes a mask already", hint="leave out --action-mask")
    fields, size = contract.observation, contract.observation_size
    name = "action_mask"
    while name in {field.name for field in fields}:
        name += "_"
    taken = set(program.values)
    both, flat = unused("observation_and_mask", taken), unused("unmasked", taken)
    shape = program.values[program.input].shape
    before: list[Op] = [
        Slice(x=both, y=flat, starts=(0, 0), counts=(1, size), steps=(1, 1)),
        Reshape(x=flat, y=program.input, shape=shape)]
    values = {**program.values, both: Value(both, (1, size + width))}
    wider = program.with_ops(
        [*before, *program.ops], values=values, input=both,
        contract=replace(contract, observation=(*fields, Field(name, (width,)))))
    return masked(wider, program.outputs[contract.choosing or 0],
                  ActionMask(size, contract.sizes))
