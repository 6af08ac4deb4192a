# SPDX-License-Identifier: MIT
"""A Program as bytes and back, so that an artefact can be run by every back end.

An ``.npz`` of the constants and one JSON text with everything else. Nothing of it is executed: a
class is named by a key of :data:`CLASSES`, and a Program that was read is checked anew.
"""

from __future__ import annotations

import io
import json
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from puffer_edge.artefact.decoding import decode
from puffer_edge.errors import FileFormatError, ProgramError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir.action_mask import ActionMask
from puffer_edge.ir.contract import Continuous, Contract, Discrete, Field, Hybrid, Normaliser
from puffer_edge.ir.op import OPS, Activation, Op
from puffer_edge.ir.program import Note, Program, State
from puffer_edge.ir.value import Quantization, Value
from puffer_edge.proofs import prove
from puffer_edge.readers.npz import unpack

CLASSES: dict[str, Any] = {kind.__name__: kind for kind in (
    ActionMask, Activation, Continuous, Contract, Discrete, Field, Hybrid, Normaliser, Note,
    Quantization, Value)}
"""What may occur in the text beside the ops."""

KEYS = {"source", "values", "ops", "input", "outputs", "output_names", "contract", "states",
        "constants", "notes"}
"""The parts of the text."""

HINT = "export the policy again"


def to_bytes(program: Program) -> bytes:
    """The Program as an .npz; equal Programs give equal bytes."""
    kept = {program.input, *(state.input for state in program.states)}
    text = json.dumps({
        "source": program.source,
        "values": [_plain(program.values[name]) for name in sorted(kept)],
        "ops": [_plain(op) for op in program.ops],
        "input": program.input,
        "outputs": program.outputs,
        "output_names": program.output_names,
        "contract": _plain(program.contract),
        "states": [[state.input, state.output] for state in program.states],
        "constants": sorted(program.constants),
        "notes": [_plain(note) for note in program.notes],
    })
    arrays: dict[str, Any] = {"program": np.frombuffer(text.encode(), np.uint8)}
    for index, name in enumerate(sorted(program.constants)):
        arrays[f"constant_{index}"] = program.constants[name]
    for index, state in enumerate(program.states):
        arrays[f"state_{index}"] = state.initial
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def from_bytes(content: bytes, where: str = "") -> Program:
    """The Program that :func:`to_bytes` wrote.

    Args:
        content: the .npz.
        where: the file, for the message.

    Raises:
        FileFormatError: it is damaged, was not written by :func:`to_bytes`, or cannot be shown to
            stay in the range of its integers.
    """
    try:
        arrays = unpack(content, where)
        program = _program(json.loads(arrays["program"].tobytes()), arrays)
        prove(program)
        sample = np.zeros(program.contract.observation_size, np.float32)
        if program.contract.mask is not None:
            sample = program.contract.mask.permitting(sample)
        values = Interpreter(program).values(sample)
        for name, array in values.items():
            value = program.values[name]
            if (array.shape, array.dtype) != (value.shape, value.numpy_dtype):
                raise ValueError(f"{name!a} is not of the shape that was inferred")
        program.act({name: values[value] for name, value in zip(
            program.output_names, program.outputs, strict=True)})  # attributes fit their kernels
    except FileFormatError as error:
        raise FileFormatError(f"the stored program is damaged: {error.what}", where=where,
                              hint=HINT) from error
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError,
            EOFError, RecursionError, ArithmeticError, MemoryError, NotImplementedError,
            ProgramError) as error:
        raise FileFormatError(f"the stored program is damaged: {error}", where=where,
                              hint=HINT) from error
    return program


def _program(text: Any, arrays: dict[str, Any]) -> Program:
    if not isinstance(text, dict) or set(text) != KEYS:
        raise ValueError("it has other parts than a Program")
    known = CLASSES | OPS

    def read(key: str, kind: Any) -> Any:
        return decode(text[key], kind, known)

    names = read("constants", tuple[str, ...])
    pairs = read("states", tuple[tuple[str, str], ...])
    expected = {"program", *(f"constant_{i}" for i in range(len(names))),
                *(f"state_{i}" for i in range(len(pairs)))}
    if set(arrays) != expected:
        raise ValueError("it has other arrays than its text says")
    constants = {name: arrays[f"constant_{index}"] for index, name in enumerate(names)}
    values = {value.name: value for value in read("values", tuple[Value, ...])}
    states = tuple(State(before, after, arrays[f"state_{index}"])
                   for index, (before, after) in enumerate(pairs))
    if not all(np.isfinite(state.initial).all() for state in states):
        raise ValueError("a state starts with NaN or infinity")
    draft = Program(
        source=read("source", str), values=values, constants=constants, ops=(),
        input=read("input", str), outputs=read("outputs", tuple[str, ...]),
        output_names=read("output_names", tuple[str, ...]),
        contract=read("contract", Contract), states=states,
        notes=read("notes", tuple[Note, ...]))
    return draft.with_ops(read("ops", tuple[Op, ...]))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {"class": type(value).__name__,
                **{field.name: _plain(getattr(value, field.name)) for field in fields(value)}}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value
