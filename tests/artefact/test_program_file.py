# SPDX-License-Identifier: MIT
"""A Program survives being stored, and what is not a stored Program is one error."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puffer_edge.artefact import program_file
from puffer_edge.errors import FileFormatError
from puffer_edge.interpreter import Interpreter
from tests import zoo

STORED = program_file.to_bytes(zoo.program("lstm_int8"))


@pytest.mark.parametrize("name", [*zoo.CASES, *zoo.QUANTIZED])
def test_a_program_comes_back(name: str) -> None:
    program = zoo.program(name)
    content = program_file.to_bytes(program)
    again = program_file.from_bytes(content)
    assert program_file.to_bytes(again) == content
    assert (again.ops, again.contract, again.notes) == (program.ops, program.contract,
                                                        program.notes)
    assert again.values == {value: program.values[value] for value in again.values}
    one, other = Interpreter(program), Interpreter(again)
    for x in np.random.default_rng(0).standard_normal((5, program.contract.observation_size)):
        x = zoo.permitted(program, x)
        for a, b in zip(one.step(x).values(), other.step(x).values(), strict=True):
            assert a.tobytes() == b.tobytes()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(STORED) - 1), st.integers(0, 255), st.booleans())
def test_damage_is_one_error(at: int, byte: int, cut: bool) -> None:
    damaged = STORED[:at] + (b"" if cut else bytes([byte]) + STORED[at + 1:])
    try:
        program_file.from_bytes(damaged)
    except FileFormatError:
        return
    assert not cut  # a changed byte of padding or of a name harms nothing


@pytest.mark.parametrize("change", [
    lambda text: text["ops"][0].update({"class": "Popen"}),
    lambda text: text["ops"][0].update(x="nowhere"),
    lambda text: text["ops"][0].update(extra=1),
    lambda text: text["ops"][0].update(low="a"),
    lambda text: text.update(outputs=[]),
    lambda text: text.update(input="nowhere"),
    lambda text: text["constants"].append("more"),
    lambda text: text["values"][0].update(shape=[-1]),
    lambda text: text["contract"].update(action=3),
    lambda text: text.pop("contract"),
])
def test_forged_programs_are_one_error(change: object) -> None:
    with np.load(io.BytesIO(STORED)) as data:
        arrays = {name: data[name] for name in data.files}
    text = json.loads(arrays["program"].tobytes())
    change(text)
    arrays["program"] = np.frombuffer(json.dumps(text).encode(), np.uint8)
    forged = io.BytesIO()
    np.savez(forged, **arrays)
    with pytest.raises(FileFormatError, match="damaged"):
        program_file.from_bytes(forged.getvalue(), "program.npz")
