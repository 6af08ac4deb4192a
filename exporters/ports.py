# SPDX-License-Identifier: MIT
"""What a model file calls its inputs and outputs, and what it says of them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from puffer_edge.artefact.manifest import action, described
from puffer_edge.ir import Program
from puffer_edge.version import VERSION

METADATA = "puffer_edge.contract"
"""Key of the contract among a model's metadata."""


@dataclass(frozen=True)
class Port:
    """An input or output: the name outside and the Program's value."""

    name: str
    value: str


@dataclass(frozen=True)
class Ports:
    """Inputs are the observation and the states, outputs the raw outputs and the new states."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def ports(program: Program) -> Ports:
    """``observation`` and ``state_0``...; the outputs' own names and ``state_0_next``...."""
    states = [(f"state_{i}", state) for i, state in enumerate(program.states)]
    return Ports(
        (Port("observation", program.input),
         *(Port(name, state.input) for name, state in states)),
        (*(Port(name, value) for name, value
           in zip(program.output_names, program.outputs, strict=True)),
         *(Port(f"{name}_next", state.output) for name, state in states)))


def contract(program: Program) -> str:
    """The contract as JSON, for the metadata of a file: the same text for the same policy."""
    given = ports(program)
    states = len(program.states)
    outputs = len(program.outputs)
    return json.dumps({
        "tool": f"puffer-edge {VERSION}",
        "source": program.source,
        "observation": {
            "input": given.inputs[0].name, "size": program.contract.observation_size,
            "fields": [described(field) for field in program.contract.observation]},
        "action": {"output": given.outputs[0].name, **action(program)},
        "states": [{"input": given.inputs[1 + i].name, "output": given.outputs[outputs + i].name,
                    "initial": program.states[i].initial.reshape(-1).tolist()}
                   for i in range(states)],
    }, ensure_ascii=True)
