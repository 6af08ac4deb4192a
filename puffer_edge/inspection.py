# SPDX-License-Identifier: MIT
"""What a policy is and what export would make of it, before anything is written."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from puffer_edge.artefact import manifest
from puffer_edge.ir import Note, Program
from puffer_edge.passes import optimize
from puffer_edge.planning import Plan, plan

CODE_BYTES = 2048
"""Typical size of the kernels and the step function on a Cortex-M; verify measures the real one."""


@dataclass(frozen=True)
class Layer:
    """One op of the exported Program."""

    op: str
    layer: str
    input_shapes: list[list[int]]
    output_shapes: list[list[int]]
    activation: str | None
    parameters: int
    macs: int


@dataclass(frozen=True)
class Estimate:
    """Flash and RAM of an artefact, bytes."""

    scheme: str
    flash: int
    ram: int


@dataclass(frozen=True)
class Inspection:
    """Everything that ``puffer-edge inspect`` prints.

    Attributes:
        source: what the file is.
        observation: name and shape of each field.
        action: the contract's action as plain data.
        outputs: sizes of the raw outputs by name.
        states: shapes of the recurrent state by name.
        layers: what would be exported, in order.
        parameters, macs: sums over the layers.
        notes: what was assumed, dropped, folded.
        estimates: per scheme.
        metadata: what the exporter wrote into the file beside the policy, texts by name.
    """

    source: str
    observation: dict[str, list[int]]
    action: dict[str, Any]
    outputs: dict[str, int]
    states: dict[str, list[int]]
    layers: list[Layer]
    parameters: int
    macs: int
    notes: list[Note]
    estimates: list[Estimate]
    metadata: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


def examine(program: Program) -> Inspection:
    """Inspects a Program as a front end made it."""
    exported = optimize(program)
    planned = plan(exported)
    return Inspection(
        source=program.source,
        observation={each.name: list(each.shape) for each in program.contract.observation},
        action=manifest.action(exported),
        outputs={name: exported.values[value].size for name, value
                 in zip(exported.output_names, exported.outputs, strict=True)},
        states={state.input: list(state.initial.shape) for state in exported.states},
        layers=[Layer(**manifest.layer(exported, op)) for op in planned.ops],
        parameters=exported.parameters,
        macs=exported.macs,
        notes=list(exported.notes),
        estimates=estimates(exported, planned))


def estimates(program: Program, planned: Plan) -> list[Estimate]:
    """Expected flash and RAM per scheme.

    Matrices take the scheme's width; vectors (biases, scales) stay 32 bits wide, and the integer
    schemes add a multiplier and a shift (4 bytes) per output row. ``int8`` and ``int16`` store
    activations in 8 and 16 bits, ``float16`` computes in float32.
    """
    matrices = [array for array in program.constants.values() if array.ndim >= 2]
    wide = sum(int(array.size) for array in matrices)
    rows = sum(array.shape[0] for array in matrices)
    narrow = program.parameters - wide
    states = sum(int(state.initial.size) for state in program.states)
    elements = planned.arena // 4 + states

    def estimate(scheme: str, weight: int, activation: int, per_row: int) -> Estimate:
        flash = CODE_BYTES + weight * wide + 4 * narrow + per_row * rows
        return Estimate(scheme, flash, activation * elements)

    return [estimate("float32", 4, 4, 0), estimate("float16", 2, 4, 0),
            estimate("int16", 2, 2, 4), estimate("int8x16", 1, 2, 4), estimate("int8", 1, 1, 4)]
