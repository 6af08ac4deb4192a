# SPDX-License-Identifier: MIT
"""policy.py and what lies beside it, as text."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.artefact import manifest
from puffer_edge.artefact.vectors import Vectors
from puffer_edge.boards import Grade
from puffer_edge.errors import UnsupportedError
from puffer_edge.exporters.micropython import blob, ops, small
from puffer_edge.exporters.micropython.boards import Profile
from puffer_edge.exporters.micropython.context import TYPECODES, Context
from puffer_edge.exporters.micropython.kernels import Kernels, portable
from puffer_edge.exporters.micropython.runtime import joined
from puffer_edge.ir import Continuous, Discrete, Program
from puffer_edge.ir.observed import parts_of_observation
from puffer_edge.ir.ops import BatchNormalization, GemmInteger, Quantize, Unary
from puffer_edge.naming import identifier
from puffer_edge.quantization.integer_input import IntegerInput
from puffer_edge.robot import RobotContract
from puffer_edge.sampling import LARGEST, TABLE, distance_factor, never
from puffer_edge.templates import template
from puffer_edge.version import VERSION

assert ops  # imported for its registrations

RUNTIME = "policy_runtime.py"
PACKAGE = "puffer_edge.exporters.micropython"

SELFTEST_ELEMENTS = {False: 4096, True: 32}
"""Observation elements that selftest.py holds at most, by whether the runtime is the smallest."""


@dataclass(frozen=True)
class Source:
    """The generated files.

    Attributes:
        policy: policy.py.
        weights: weights.bin.
        ram: bytes of all arrays, the constants among them, which are read from a file.
    placed: bytes of these that stay where they lie in a ROMFS.
        kernels: policy_kernels.py; empty where it is not needed.
    portable: policy_portable.py, the same in bytecode for computers; empty where it is not needed.
        runtime: modules of the runtime by name, as far as the policy needs it.
    """

    policy: str
    weights: bytes
    ram: int
    placed: int
    kernels: str
    portable: str
    runtime: dict[str, str]


def render(program: Program, given: IntegerInput, name: str, board: Profile,
           grade: Grade) -> Source:
    """policy.py, its kernels and weights.bin.

    Args:
        program: in integers, with a float observation.
        given: the same with an observation in integers.
        name: of the policy, already validated.
        board: that it is for.
        grade: of the kernels.

    Raises:
        UnsupportedError: an op has no MicroPython form, or none in the smallest runtime.
    """
    context = Context(given.program, Kernels(board, grade))
    context.emit()
    index = program.contract.choosing
    if index is not None:
        output = context.ref(given.program.outputs[index])
        context.calls.append(f"argmax({output}, {program.contract.sizes}, {_choices(program)})")
    functions = tuple(sorted({call.partition("(")[0] for call in context.calls}
                             - context.functions.keys()))
    if board.small:
        _check_small(context, functions)
    quantize = "" if board.small else _quantize(program, given, context)
    action_float = "" if board.small else _action_float(program, context)
    initials = [_initial(state.initial, context) for state in program.states]
    sampler = "" if board.small else _sampler(given.program, context)
    outputs = [(identifier(outside, "an output"), context.ref(value)) for outside, value
               in zip(program.output_names, given.program.outputs, strict=True)]
    arrays = [(typecode, size, size * np.dtype(typecode).itemsize)
              for typecode, size in context.arrays]
    limits = np.iinfo(given.program.values[given.program.input].dtype)
    parts: dict[str, Any] = {
        "arrays": arrays, "observation": context.ref(given.program.input), "outputs": outputs,
        "action": _action(program, given, context, board.small),
        "states": [context.ref(state.input) for state in program.states],
        "initials": initials, "sampler": sampler, "calls": context.calls,
        "functions": context.functions, **_mask(given, context),
        "quantize": quantize, "action_float": action_float,
        "limits": (int(limits.min), int(limits.max)), "alone": len(program.contract.sizes) == 1
        and len(program.contract.heads) == 1}
    contract = _contract(given.program, parts)
    title = f"{program.macs:,} multiply-accumulates per step"
    form = "policy_small.py.j2" if board.small else "policy.py.j2"
    text = template(PACKAGE, form).render(
        kernels=bool(context.kernels.used), name=name, version=VERSION, contract=contract,
        title=f"{title}.", summary=f"{len(given.program.ops)} ops, {title}.",
        gives=_gives(program), **parts)
    native = context.kernels.module() if context.kernels.used else ""
    return Source(text, context.blob.to_bytes(contract),
                  context.array_bytes + len(context.blob.body), context.blob.placeable, native,
                  portable(native) if native and not board.small else "",
                  small.modules(functions) if board.small else {RUNTIME: joined(_called(text))})


def _called(policy: str) -> set[str]:
    """Names of the runtime that policy.py has."""
    return set(re.findall(r"\bruntime\.(\w+)", policy))


def _gives(program: Program) -> str:
    """What a step gives, in a few words."""
    heads = program.contract.heads
    if len(heads) > 1:
        return "both parts by name"
    if program.contract.sizes:
        return "the choice" if len(program.contract.sizes) == 1 else "an array of choices"
    return "an array of integers, see action_float()"


def _mask(given: IntegerInput, context: Context) -> dict[str, Any]:
    """What the runtime must know of the mask, and how many calls take the observation in."""
    mask, flags = given.program.contract.mask, given.flags
    if mask is None:
        return {"taken": len(given.taken), "mask": "", "flags": ""}
    limits = bytes(int(limit) for limit in mask.limits) if all(
        0 <= limit < 256 for limit in mask.limits) else tuple(int(n) for n in mask.limits)
    return {"taken": len(given.taken), "flags": "None" if flags is None else context.ref(flags.y),
            "mask": repr((mask.start, mask.sizes, mask.forbids, limits))}


def _check_small(context: Context, functions: tuple[str, ...]) -> None:
    program = context.program
    unknown = [name for name in functions if name not in small.FUNCTIONS]
    several = [op for op in program.ops if isinstance(op, GemmInteger)
               and program.values[op.x].size != program.constants[op.weight].shape[1]]
    if program.contract.mask is not None:
        raise UnsupportedError("an action mask is not in the smallest runtime",
                               hint="take another board")
    if any(state.initial.any() for state in program.states):
        raise UnsupportedError("a state that does not start with zeros is not in the smallest "
                               "runtime", hint="take another board")
    if unknown or several:
        what = unknown[0] if unknown else "a linear layer of several rows"
        where = context.layers.get(what, "") if unknown else several[0].layer or several[0].y
        raise UnsupportedError(f"{what} is not in the smallest runtime", where=where,
                               hint="take another board, or linear layers only")


def selftest(given: IntegerInput, name: str, vectors: Vectors, board: Profile) -> str:
    """selftest.py, over the first episode of vectors in integers."""
    size = given.program.contract.observation_size
    steps = vectors.first_episode(SELFTEST_ELEMENTS[board.small] // size)
    program = given.program
    names = program.output_names[: len(program.contract.heads)]
    expected = [vectors.outputs[outside][:steps] for outside in names]
    parts = []
    for index, (part, head) in enumerate(program.contract.heads.items()):
        actions = vectors.actions[part] if vectors.actions.dtype.names else vectors.actions
        rows, alone = actions[:steps], len(names) == 1
        if isinstance(head, Continuous):
            if board.small:
                continue
            qparams = program.values[program.outputs[index]].quantization
            assert qparams is not None  # in real numbers, after squash and bounds
            raw = (expected[index].astype(np.float32) * np.float32(qparams.scale)
                   + np.float32(-qparams.scale * qparams.zero_point))
            rows = np.stack([head.act(row) for row in raw])
        kind = "h" if isinstance(head, Discrete) else "f"
        parts.append({"constant": "ACTIONS" if alone else part.upper(), "size": rows.shape[1],
                      "array": "policy.action" if alone else f'policy.action["{part}"]',
                      "type": kind, "expected": _bytes(rows.astype("<i2" if kind == "h"
                                                                   else "<f4"))})
    text: str = template(PACKAGE, "selftest.py.j2").render(
        name=name, steps=steps, size=size, small=board.small,
        observation_type=TYPECODES[str(vectors.observations.dtype)],
        observations=_bytes(vectors.observations[:steps]), parts=parts,
        outputs=[{"name": outside, "width": rows.shape[1], "type": TYPECODES[str(rows.dtype)],
                  "expected": _bytes(rows), "suffix": f"_{index}" if index else ""}
                 for index, (outside, rows) in enumerate(zip(names, expected, strict=True))])
    return text


def _sampler(program: Program, context: Context) -> str:
    """The call that makes what draws actions; empty where there are no choices."""
    sizes, index = program.contract.sizes, program.contract.choosing
    qparams = None if index is None else program.values[program.outputs[index]].quantization
    if index is None or qparams is None or max(sizes) > LARGEST:
        return ""
    context.blob.add("h", TABLE)
    multiplier, shift = distance_factor(qparams.scale)
    return (f"sampler(blob, {context.ref(program.outputs[index])}, {sizes}, {_choices(program)}, "
            f"{multiplier}, {shift}, {never(program)})")


def _initial(values: npt.NDArray[Any], context: Context) -> str:
    """The call that reads what a state holds after a reset; None for zeros."""
    if not values.any():
        return "None"
    typecode = TYPECODES[str(values.dtype)]
    context.blob.add(typecode, values)
    return f'blob.read("{typecode}", {values.size})'


def example(program: Program, name: str, small: bool, contract: RobotContract | None = None
            ) -> str:
    """main.py."""
    if contract is not None:
        about: str = template(PACKAGE, "robot_main.py.j2").render(
            name=name, version=VERSION, sensors=contract.sensors, joints=contract.joints,
            period=round(contract.period * 1e6), kinds=list(dict.fromkeys(contract.action.kind)))
        return about
    fields, start = [], 0
    for field in program.contract.observation:
        size = int(np.prod(field.shape))
        fields.append({"name": identifier(field.name, "a field of the observation"),
                       "start": start, "end": start + size - 1})
        start += size
    alone = len(program.contract.heads) == 1
    shown = 'action["continuous"]' if not alone else "action"
    text: str = template(PACKAGE, "main.py.j2").render(
        name=name, version=VERSION, fields=fields, size=start, small=small,
        shown=shown if alone and len(program.contract.sizes) == 1 else f"list({shown})")
    return text


def _quantize(program: Program, given: IntegerInput, context: Context) -> str:
    """The call that makes the way in for floats."""
    stages = []
    for op in given.replaced:
        if isinstance(op, BatchNormalization):
            shape = program.values[op.x].shape
            along = [-1 if axis == 1 else 1 for axis in range(len(shape))]
            for factor in (op.scale, op.shift):
                context.blob.add("f", np.broadcast_to(
                    program.constants[factor].reshape(along), shape))
            stages.append(True)
        elif isinstance(op, Unary):
            for bound in op.function.parameters:
                context.blob.add("f", np.array(bound))
            stages.append(False)
        elif isinstance(op, Quantize):
            for factor in (op.factor, op.offset):
                context.blob.add("f", np.broadcast_to(
                    program.constants[factor], program.values[op.x].shape))
            stages.append(True)
    (last,) = (op for op in given.replaced if isinstance(op, Quantize))
    first, size = parts_of_observation(given.program)[given.rescale.x], (
        program.contract.observation_size)
    part = f", {first}, {size}" if given.flags else ""
    return (f"quantize(blob, {context.ref(given.rescale.y)}, {tuple(stages)}, "
            f"{last.low}, {last.high}{part})")


def _action_float(program: Program, context: Context) -> str:
    """The call that makes the way out to floats; empty for choices."""
    heads, qparams = program.contract.heads, program.values[program.outputs[0]].quantization
    name, head = next(iter(heads.items()))  # a continuous one comes first
    if isinstance(head, Discrete):
        return ""
    if qparams is None:
        raise UnsupportedError("the action is not computed in integers",
                               hint="export it with --target cortex-m")
    context.blob.add("f", np.array([qparams.scale, -qparams.scale * qparams.zero_point]))
    if head.rescale:
        context.blob.add("f", head.scale)
        context.blob.add("f", head.offset)
    if head.low:
        context.blob.add("f", np.array(head.low))
        context.blob.add("f", np.array(head.high))
    action = "self.action" if len(heads) == 1 else f'self.action["{name}"]'
    return (f"action_float(blob, {action}, {head.squash}, {head.rescale}, {bool(head.low)})")


def _choices(program: Program) -> str:
    """The array that choices are written to."""
    return "self.action" if len(program.contract.heads) == 1 else 'self.action["discrete"]'


def _action(program: Program, given: IntegerInput, context: Context, small: bool) -> str:
    """The array that the action is read from, or both of a hybrid one by name."""
    def choices(count: int) -> str:
        return (f'array("h", bytes({2 * count}))' if small else f'runtime.zeros("h", {count})')

    arrays = {
        name: choices(len(head.sizes)) if isinstance(head, Discrete) else
        context.ref(given.program.outputs[index])
        for index, (name, head) in enumerate(program.contract.heads.items())}
    if len(arrays) == 1:
        return arrays["action"]
    return "{" + ", ".join(f'"{name}": {array}' for name, array in arrays.items()) + "}"


def _contract(program: Program, parts: dict[str, Any]) -> bytes:
    """16 bytes that tell a policy.py from another one."""
    described = {
        "blob": blob.VERSION, "action": manifest.action(program), "parts": parts,
        "observation": [[field.name, list(field.shape)] for field in program.contract.observation]}
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).digest()[:16]


def _bytes(values: npt.NDArray[Any]) -> list[str]:
    """Little-endian bytes as literals, a line each."""
    content = values.astype(values.dtype.newbyteorder("<")).tobytes()
    return [repr(content[i : i + 24]) for i in range(0, len(content), 24)]
