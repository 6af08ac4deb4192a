# SPDX-License-Identifier: MIT
"""policy.json: what an artefact is, in words and numbers; the names of the file live only here."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from puffer_edge.artefact.directory import FORMAT
from puffer_edge.ir import Discrete, Field, Head, Op, Program, Value
from puffer_edge.ir.ops.mask import lowest
from puffer_edge.planning import Plan
from puffer_edge.quantization.describing import Description
from puffer_edge.quantization.integer_input import Counts, IntegerInput
from puffer_edge.version import VERSION

SCHEMA = 1
"""Version of the manifest's layout."""


def build(program: Program, plan: Plan, *, name: str, target: str, scheme: str,
          constant_bytes: int, ram: int, source: Path | None,
          files: dict[str, bytes], seed: int, counts: Counts | None = None,
          integers: IntegerInput | None = None,
          quantization: Description | None = None) -> dict[str, Any]:
    """The manifest of an artefact.

    Args:
        program: what was exported.
        plan: where its values live.
        name: the policy's name in C.
        target: what it was exported for.
        scheme: of the Program.
        constant_bytes: read-only data on the device.
        ram: bytes of the policy's struct.
        source: the policy file, whose hash is recorded.
        files: the artefact's other files, whose hashes are recorded.
        seed: of the test vectors, which are part of the code.
        counts: what integer observations count; so that the code can be made again.
        integers: what ``<name>_step_q`` takes, if there is one.
        quantization: layers and ranges of an integer Program.
    """
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "tool": f"puffer-edge {VERSION}",
        "name": name,
        "target": target,
        "scheme": scheme,
        "request": {"seed": seed, "counts": None if counts is None else {
            field: [float(scale), float(offset)] for field, (scale, offset) in counts.items()}},
        "source": {
            "kind": program.source,
            "sha256": _sha256(source.read_bytes()) if source else None,
        },
        "observation": {
            "size": program.contract.observation_size,
            "dtype": "float32",
            "fields": [described(field) for field in program.contract.observation],
            **({} if integers is None else {"integers": _integers(integers)}),
            **normaliser(program),
        },
        "action": action(program),
        "outputs": [
            {"name": outside, "size": program.values[value].size,
             "dtype": program.values[value].dtype, **_meaning(program.values[value]),
             **({"forbidden": int(lowest(program.values[value].dtype)[0])}
                if program.contract.mask is not None
                and value == program.outputs[program.contract.choosing or 0]
                and program.values[value].dtype != "float32" else {})}
            for outside, value in zip(program.output_names, program.outputs, strict=True)],
        "states": [{"name": state.input, "shape": list(state.initial.shape),
                    "dtype": program.values[state.input].dtype,
                    **_range(program.values[state.input])} for state in program.states],
        "layers": [layer(program, op) for op in plan.ops],
        **({} if quantization is None else {"quantization": quantization.to_json()}),
        "macs": program.macs,
        "parameters": program.parameters,
        "memory": {
            "weights_bytes": constant_bytes,
            "struct_bytes": ram,
            "arena_bytes": plan.arena,
            "arena_lower_bound_bytes": plan.lower_bound,
            "arena_without_sharing_bytes": plan.unshared,
        },
        "notes": [note.to_json() for note in program.notes],
        "files": {file: _sha256(content) for file, content in sorted(files.items())},
    }


def normaliser(program: Program) -> dict[str, Any]:
    """What is done to raw observations inside of the policy, if that is known."""
    found = program.contract.normaliser
    return {} if found is None else {"normaliser": asdict(found)}


def described(field: Field) -> dict[str, Any]:
    """A part of the observation, with its bounds where they are known."""
    bounds = {"low": list(field.low), "high": list(field.high)} if field.low else {}
    return {"name": field.name, "shape": list(field.shape), "unit": field.unit, **bounds}


def action(program: Program) -> dict[str, Any]:
    """The contract's action as plain data."""
    plain: dict[str, Any] = {"sampled_by_trainer": program.contract.sampled}
    if program.contract.mask is not None:
        mask = program.contract.mask
        plain["mask"] = {"start": mask.start, "ones": "forbidden" if mask.forbids else "allowed"}
    heads = {name: _head(head) for name, head in program.contract.heads.items()}
    return {**heads["action"], **plain} if len(heads) == 1 else {
        "kind": "hybrid", **heads, **plain}


def _head(head: Head) -> dict[str, Any]:
    if isinstance(head, Discrete):
        return {"kind": "discrete", "sizes": list(head.sizes), "dtype": "int32"}
    return {"kind": "continuous", "size": head.size, "dtype": "float32", "squash": head.squash,
            "rescale": head.rescale, "low": list(head.low), "high": list(head.high)}


def layer(program: Program, op: Op) -> dict[str, Any]:
    """One op as plain data."""
    return {
        "op": type(op).__name__,
        "layer": op.layer,
        "input_shapes": [list(program.values[name].shape) for name in op.operands
                         if name not in program.constants],
        "output_shapes": [list(program.values[name].shape) for name in op.outputs],
        "activation": getattr(getattr(op, "activation", None), "function", None),
        "parameters": sum(int(program.constants[name].size) for name in set(op.operands)
                          if name in program.constants),
        "macs": op.macs(program.operands(op)),
    }


def _meaning(value: Value) -> dict[str, Any]:
    """How an integer output stands for a real number."""
    qparams = value.quantization
    return {} if qparams is None else {"scale": qparams.scale, "zero_point": qparams.zero_point}


def _integers(given: IntegerInput) -> dict[str, Any]:
    """What an observation in integers stands for: real = integer * scale + offset."""
    return {"dtype": given.program.values[given.program.input].dtype,
            "scale": given.scale.tolist(), "offset": given.offset.tolist()}


def _range(value: Value) -> dict[str, int]:
    """Which integers occur in a state."""
    qparams = value.quantization
    return {} if qparams is None else {"low": qparams.low, "high": qparams.high}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
