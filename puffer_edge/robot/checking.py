# SPDX-License-Identifier: MIT
"""Whether the numbers of a contract fit each other, and a policy."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import fields

from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.ir import Continuous, Program
from puffer_edge.naming import identifier
from puffer_edge.robot.contract import (
    JOINT_POSITION,
    JOINT_VELOCITY,
    ORIENTATION,
    Action,
    RobotContract,
    Term,
)

LARGEST = 4096
"""Of a size, a history or a number of joints."""
LARGEST_OBSERVATION = 1 << 14
TEXT = re.compile(r"[A-Za-z0-9_ .,:/%^()+-]{0,100}")
"""What goes into comments, strings and tables of generated code, where nothing is escaped."""
RESERVED = (ORIENTATION, JOINT_POSITION, JOINT_VELOCITY)


def check(contract: RobotContract, where: str) -> RobotContract:
    """The contract itself, once it is shown to be sound.

    Raises:
        FileFormatError: it is not; it names the term and the key.
    """
    def refuse(what: str) -> None:
        raise FileFormatError(what, where=where)

    if not 1e-6 <= contract.period <= 4000:  # microseconds of 32 bits
        refuse(f"the control period is {contract.period} s")
    for text in (contract.name, *contract.joint_names, *(t.unit for t in contract.observation),
                 *(each for t in contract.observation for each in t.elements)):
        if not TEXT.fullmatch(text):
            refuse(f"{text[:60]!a} is no name or unit: letters, digits and _ . , : / % ^ ( ) + - "
                   "are, at most 100")
    if "" in contract.joint_names or len(
            {macro(name) for name in contract.joint_names}) < len(contract.joint_names):
        refuse("joints have no names, or such that C has one name for two")
    if not 0 <= contract.joints <= LARGEST:
        refuse(f"the robot has {contract.joints} joints")
    if contract.joint_names and len(contract.joint_names) != contract.joints:
        refuse(f"{len(contract.joint_names)} joint names for {contract.joints} joints")
    if not contract.observation:
        refuse("the observation has no terms")
    if contract.observation_size > LARGEST_OBSERVATION:
        refuse(f"the observation has {contract.observation_size} numbers")
    if not contract.sensors:
        refuse("no term is measured")
    names = [term.name for term in contract.observation]
    if double := sorted({name for name in names if names.count(name) > 1}):
        refuse(f"two terms have the name {double[0]!a:.60}")
    for term in contract.observation:
        if wrong := _wrong_in_term(term, contract):
            refuse(f"term {ascii(term.name)[1:-1]:.60}: {wrong}")
    if wrong := _wrong_in_action(contract.action, contract.joints):
        refuse(f"action: {wrong}")
    histories = {term.history for term in contract.observation}
    if contract.history_order == "time" and len(histories) > 1:
        refuse(f"histories of {sorted(histories)} steps cannot be in the order of time")
    if contract.low >= contract.high and (contract.low, contract.high) != (0, 0):
        refuse(f"the observation's bounds are {contract.low} and {contract.high}")
    return contract


def macro(name: str) -> str:
    """A joint's name as a macro has it."""
    return re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def _wrong_in_term(term: Term, contract: RobotContract) -> str:
    try:
        identifier(term.name, "a term")
    except UsageError as error:
        return error.what
    if term.kind == "sensor" and term.name in RESERVED:
        return f"a sensor cannot be called {term.name}, as members for joints are"
    if not 0 < term.size <= LARGEST or not 0 < term.history <= LARGEST:
        return f"{term.size} elements and {term.history} steps"
    if wrong := _wrong_numbers(term, ("offset", "low", "high", "scale"), term.size):
        return wrong
    if len(term.elements) not in (0, term.size):
        return f"{len(term.elements)} names for {term.size} elements"
    joints = term.kind in (JOINT_POSITION, JOINT_VELOCITY)
    if joints and (wrong := _wrong_map(term.joint_map, term.size, contract.joints)):
        return wrong
    if not joints and term.joint_map:
        return f"a term of the kind {term.kind} has no joints"
    sizes = {"projected_gravity": 3, "phase": 2, "last_action": contract.action.size}
    if term.size != sizes.get(term.kind, term.size):
        return f"{term.size} elements, where a {term.kind} has {sizes[term.kind]}"
    if term.kind == "phase" and not (math.isfinite(term.period) and term.period >= contract.period):
        return (f"the period of {term.period} s is shorter than that of a step, "
                f"{contract.period} s")
    return ""


def _wrong_in_action(action: Action, joints: int) -> str:
    if not 0 < action.size <= LARGEST:
        return f"{action.size} elements"
    if len(action.kind) != action.size:
        return f"{len(action.kind)} kinds for {action.size} elements"
    wrong = _wrong_numbers(action, ("raw_low", "raw_high", "scale", "offset", "low", "high",
                                    "stiffness", "damping"), action.size)
    return wrong or _wrong_map(action.joint_map, action.size, joints)


def _wrong_numbers(part: Term | Action, keys: Sequence[str], size: int) -> str:
    for key in keys:
        numbers = getattr(part, key)
        if len(numbers) not in (0, size):
            return f"{len(numbers)} numbers for {key}, where there are {size} elements"
        if not all(math.isfinite(number) and abs(number) < 3e38 for number in numbers):
            return f"{key} holds a number that is not finite in float32"
    for low, high in (("low", "high"), ("raw_low", "raw_high")):
        if low not in {field.name for field in fields(part)}:
            continue
        lows, highs = getattr(part, low), getattr(part, high)
        if len(lows) != len(highs) or any(a > b for a, b in zip(lows, highs, strict=True)):
            return f"{low} and {high} are no bounds"
    return ""


def _wrong_map(joint_map: Sequence[int], size: int, joints: int) -> str:
    if len(joint_map) != size:
        return f"{len(joint_map)} joints for {size} elements"
    if bad := [joint for joint in joint_map if not 0 <= joint < joints]:
        return f"joint {bad[0]} of a robot with {joints} joints"
    if len(set(joint_map)) != size:
        return "two elements have one joint"
    return ""


def check_fit(contract: RobotContract, program: Program, where: str) -> None:
    """Whether a policy takes this observation and gives this action.

    Raises:
        FileFormatError: the contract is not sound.
        UsageError: it does not fit; the message lists the terms with their sizes.
    """
    check(contract, where)
    wanted = program.contract.observation_size
    if contract.observation_size != wanted:
        terms = ", ".join(
            f"{term.name} {term.size}" + (f" x {term.history}" if term.history > 1 else "")
            for term in contract.observation)
        raise UsageError(f"the policy takes {wanted} numbers, and the contract's terms are "
                         f"{contract.observation_size}: {terms}", where=where,
                         hint="compare the terms with the environment's observation; a term that "
                              "the training had may be missing, or its history another")
    head = program.contract.action
    if not isinstance(head, Continuous):
        raise UsageError("the policy's action is no list of continuous numbers, which the "
                         "contract's action is", where=where,
                         hint="export the policy without the contract")
    if head.size != contract.action.size:
        raise UsageError(f"the policy gives {head.size} numbers, and the contract's action has "
                         f"{contract.action.size}", where=where,
                         hint="compare the joints of the action with those of the training")
    _check_fields(contract, program, where)


def _check_fields(contract: RobotContract, program: Program, where: str) -> None:
    """Every term lies in one field; in the order of time all of them do."""
    fields = program.contract.observation
    if contract.history_order == "time" and contract.observation[0].history > 1:
        if len(fields) > 1:
            raise UsageError("a history in the order of time is one field, and the policy has "
                             f"{len(fields)}", where=where,
                             hint=f"give --observation obs:{contract.observation_size}")
        return
    edges, position = {0}, 0
    for term in contract.observation:
        edges.add(position := position + term.width)
    position = 0
    for field in fields:
        if position not in edges:
            raise UsageError(f"the policy's field {field.name} begins inside of a term",
                             where=where,
                             hint=f"give --observation obs:{contract.observation_size}")
        position += field.size
