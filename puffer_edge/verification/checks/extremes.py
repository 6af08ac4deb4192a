# SPDX-License-Identifier: MIT
"""Observations at the ends of float32, between ordinary ones: nothing infinite may stay."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import StepError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program, Status
from puffer_edge.verification.emulators.machine import Machine
from puffer_edge.verification.report import Report

MAGNITUDES = 3e38, 1e38, 1e30, 1e20


def observations(size: int, ordinary: Array) -> Array:
    """Every extreme between ordinary steps, which show that the policy carries on, [T, size].

    Args:
        size: of an observation.
        ordinary: [T, size] good ones.
    """
    sign = np.where(np.arange(size) % 2, -1.0, 1.0)
    rows = [ordinary[0]]
    for index, magnitude in enumerate(MAGNITUDES):
        for extreme in (np.ones(size), -np.ones(size), sign):
            rows += [np.asarray(magnitude * extreme), ordinary[(index + 1) % len(ordinary)]]
    return np.stack(rows).astype(np.float32)


def check(program: Program, ordinary: Array, machine: Machine, where: str,
          report: Report) -> None:
    """Whether every step has the oracle's status, action and, where it was taken, outputs.

    Args:
        program: what was exported; it takes float32.
        ordinary: [T, n] observations of which the first is accepted after a reset.
        machine: runs the artefact.
        where: name of the machine, for the report.
        report: gets a check.
    """
    rows = observations(program.contract.observation_size, ordinary)
    steps = machine.run([row.tobytes() for row in rows], frozenset({0}))
    oracle, wrong = Interpreter(program), []
    action, refused = b"", {status: 0 for status in Status if status}
    for index, (row, step) in enumerate(zip(rows, steps, strict=True)):
        outputs = b""
        try:
            values = oracle.step(row)
            expected = Status.OK
            action = program.act(values).tobytes()
            outputs = np.concatenate(list(values.values())).astype(np.float32).tobytes()
        except StepError as error:
            expected = Status(error.status)
            refused[expected] += 1
        same = step.status == expected and step.action == action
        if not same or (expected is Status.OK and step.outputs.tobytes() != outputs):
            wrong.append(index)
    told = ", ".join(f"{count} refused as {status.name}" for status, count in refused.items()
                     if count) or "none refused"
    report.check(f"extreme observations on {where} leave it finite", not wrong,
                 f"up to {MAGNITUDES[0]:.0e}, {told}, then as before" if not wrong else
                 f"{len(wrong)} of {len(rows)} steps are not the oracle's, the first is {wrong[0]}")
