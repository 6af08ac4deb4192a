# SPDX-License-Identifier: MIT
"""What is not shown to stay in range is refused; what is accepted has no undefined behaviour."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from puffer_edge.artefact import program_file
from puffer_edge.errors import FileFormatError, ProgramError, PufferEdgeError, StepError
from puffer_edge.exporters.c import header_of
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Field, Program
from puffer_edge.ir.ops import Concat, Gemm, GemmInteger, Quantize, Table
from puffer_edge.ir.value import Quantization
from puffer_edge.proofs import prove
from puffer_edge.quantization.integer_input import integer_input
from tests import zoo
from tests.tools import need

FEW = [case for case in zoo.QUANTIZED if case.endswith("_int8") and case != "conv_groups_int8"]


def both(case: str) -> None:
    """The Program, and that which takes integers."""
    program = zoo.program(case)
    prove(program)
    if (given := integer_input(program)) is not None:
        prove(given.program)


@pytest.mark.parametrize("case", FEW)
def test_what_export_makes_is_proved(case: str) -> None:
    both(case)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", [case for case in zoo.QUANTIZED if case not in FEW])
def test_what_export_makes_is_proved_in_all_schemes(case: str) -> None:
    both(case)


def with_constant(program: Program, name: str, index: Any, number: int) -> Program:
    array = program.constants[name].copy()
    array[index] = number
    return program.with_ops(program.ops, {**program.constants, name: array})


def first(program: Program, kind: type[Any]) -> Any:
    return next(op for op in program.ops if isinstance(op, kind))


@pytest.mark.parametrize(("column", "number"), [
    (1, 255), (1, 31), (1, -1), (2, 255), (2, 31), (2, -1), (0, 1 << 20), (0, -40_000)])
def test_a_triple_out_of_range_is_refused(column: int, number: int) -> None:
    program = zoo.program("mlp_int16")
    gemm = first(program, GemmInteger)
    with pytest.raises(ProgramError, match="GemmInteger is not in range"):
        prove(with_constant(program, gemm.requantization, (0, column), number))


def test_a_sum_out_of_range_is_refused() -> None:
    program = zoo.program("mlp_int16")
    gemm = first(program, GemmInteger)
    with pytest.raises(ProgramError, match="a sum leaves 31 bits"):
        prove(with_constant(program, gemm.bias, 0, 2**30))
    last = [op for op in program.ops if isinstance(op, GemmInteger)][-1]
    with pytest.raises(ProgramError, match="wider than its dtype"):
        prove(changed(program, last, quantization=replace(last.quantization, high=40_000)))


def changed(program: Program, op: Any, **fields: Any) -> Program:
    return program.with_ops(tuple(replace(op, **fields) if each is op else each
                                  for each in program.ops))


def short_table() -> Program:
    """A table of one entry for integers up to 20, as no front end or reader makes it."""
    bench = zoo.Bench((1, 8))
    constants: dict[str, Any] = {
        "factor": np.full(8, 1e-30, np.float32), "offset": np.zeros(8, np.float32),
        "entries": np.zeros(256, np.int16)}
    program = bench.program(bench.op(Gemm, x=bench.x, weight=bench.weight(8, 8),
                                     bias=bench.weight(8)))
    ops = (Quantize(x=program.input, factor="factor", offset="offset", y="a", dtype="int16", low=0,
                    high=20),  # beside the table, where the address sanitizer looks
           Table(x="a", table="entries", y="b", low=0, bits=0, dtype="int16",
                 quantization=Quantization(1.0, 0, 0, 0)))
    program = program.with_ops(ops, constants, outputs=("b",))
    prove(program)
    return replace(program, constants={**constants, "entries": np.zeros(1, np.int16)})


def test_a_table_reaches_every_input() -> None:
    with pytest.raises(ProgramError, match="table does not reach"):
        prove(short_table())


def test_parts_of_different_ranges_are_not_one_range() -> None:
    program = zoo.program("joined_int8")
    concat = first(program, Concat)
    value = program.values[concat.y]
    narrow = replace(value, quantization=Quantization(1.0, 0, -1, 1))
    with pytest.raises(ProgramError, match="an element leaves what is declared"):
        prove(replace(program, values={**program.values, concat.y: narrow}))


def test_states_and_tables_are_looked_at() -> None:
    program = zoo.program("lstm_int8")
    op = next(op for op in program.ops if type(op).__name__ == "LSTMCellInteger")
    with pytest.raises(ProgramError, match="a table is not the one"):
        prove(with_constant(program, op.table, 3, 32767))  # type: ignore[attr-defined]
    with pytest.raises(ProgramError, match="the cell has no such bits"):
        prove(changed(program, op, cell_bits=29))
    state = next(state for state in program.states
                 if program.values[state.input].dtype != "float32")
    values = {**program.values, state.input: replace(
        program.values[state.input], quantization=Quantization(1.0, 0, -3, 3))}
    with pytest.raises(ProgramError, match="a state leaves"):
        prove(replace(program, values=values))


def mutated(content: bytes, random: np.random.Generator) -> bytes:
    """One to three numbers of the text or of the constants become others."""
    with np.load(io.BytesIO(content)) as data:
        arrays = {name: data[name].copy() for name in data.files}
    text = json.loads(arrays["program"].tobytes())
    for _ in range(random.integers(1, 4)):
        name = str(random.choice(sorted(arrays)))
        if name != "program" and arrays[name].size and arrays[name].dtype != np.float32:
            array = arrays[name].reshape(-1)
            limits = np.iinfo(array.dtype)
            array[random.integers(array.size)] = random.choice(
                [0, -1, 1, 30, 31, int(limits.max), int(limits.min),
                 int(random.integers(limits.min, limits.max))])
            continue
        places = [place for place in numbers(text["ops"])]
        container, key = places[random.integers(len(places))]
        container[key] = int(random.choice([
            container[key] + 1, container[key] - 1, -container[key], 0, 31, 255, -128, 32767,
            -32768, 1 << 30, int(container[key]) * 2]))
    arrays["program"] = np.frombuffer(json.dumps(text).encode(), np.uint8)
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def numbers(plain: Any) -> list[tuple[Any, Any]]:
    keys = list(plain) if isinstance(plain, dict) else range(
        len(plain)) if isinstance(plain, list) else ()
    return [place for key in keys for place in (
        [(plain, key)] if type(plain[key]) is int else numbers(plain[key]))]


OBSERVED = [0.0, 1.0, -1.0, 0.37, -2.5, 1e4, -1e4, 3e38, -3e38, 1e-40, 127.5, -32768.0]


def accepted(count: int, tries: int, random: np.random.Generator,
             cases: Sequence[str] = FEW) -> list[Program]:
    """Mutated Programs that were read, and that numpy runs without leaving a range."""
    contents = [program_file.to_bytes(zoo.program(case)) for case in cases]
    found: list[Program] = []
    for turn in range(tries):
        try:
            program = program_file.from_bytes(mutated(contents[turn % len(contents)], random))
        except FileFormatError:
            continue
        steps = Interpreter(program)
        for _ in range(8):
            try:
                steps.step(random.choice(OBSERVED, program.contract.observation_size).astype(
                    np.float32))
            except StepError:
                continue  # a mask that forbids all
        found.append(program)
        if len(found) == count:
            break
    assert len(found) == count
    return found


def sanitized(programs: list[Program], folder: Path) -> str:
    """What gcc's sanitizers say of many steps of all Programs in one translation unit."""
    need("gcc")
    calls, includes = [], []
    for index, program in enumerate(programs):
        name = f"p{index}"
        contract = replace(program.contract, observation=(
            Field("obs", (program.contract.observation_size,)),))
        try:
            text = header_of(replace(program, contract=contract), name)
        except PufferEdgeError:
            continue  # nothing is compiled
        (folder / f"{name}.h").write_text(text)
        includes.append(f'#define P{index}_IMPLEMENTATION\n#include "{name}.h"')
        calls.append(f"""    {{ static {name}_t p; {name}_obs_t x; {name}_action_t a;
      {name}_reset(&p);
      for (int step = 0; step < 200; ++step) {{
        for (size_t i = 0; i < sizeof x / 4; ++i) x.obs[i] = next();
        (void){name}_step(&p, &x, &a); }} }}""")
    assert len(calls) > len(programs) / 2
    values = ", ".join(f"{value!r}f" for value in OBSERVED)
    (folder / "main.c").write_text("\n".join(includes) + f"""
static unsigned state = 1;
static float next(void) {{
    static const float values[] = {{{values}}};
    state = state * 1664525u + 1013904223u;
    return values[(state >> 16) % {len(OBSERVED)}];
}}
int main(void) {{
{chr(10).join(calls)}
    return 0;
}}
""")
    subprocess.run(["gcc", "-std=gnu99", "-O1", "-w", "-fsanitize=address,undefined",
                    "-fno-sanitize-recover=all", str(folder / "main.c"), "-o",
                    str(folder / "main")], check=True)
    done = subprocess.run([str(folder / "main")], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def test_what_is_accepted_runs_under_the_sanitizers(tmp_path: Path) -> None:
    quick = [case for case in FEW if "conv" not in case]
    assert sanitized(accepted(8, 400, np.random.default_rng(0), quick), tmp_path) == ""


def test_the_sanitizers_would_tell(tmp_path: Path) -> None:
    """The Program that is refused above reads outside of its table."""
    assert "p0.h" in sanitized([short_table()], tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(1, 51))
def test_a_thousand_accepted_programs_under_the_sanitizers(seed: int, tmp_path: Path) -> None:
    assert sanitized(accepted(20, 4000, np.random.default_rng(seed)), tmp_path) == ""
