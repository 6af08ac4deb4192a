# SPDX-License-Identifier: MIT
"""Every op and whole policies, as C: compiled, run, and compared bit for bit with the oracle."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from puffer_edge import api
from puffer_edge.errors import OutputError, UnsupportedError, UsageError
from puffer_edge.exporters.c.context import EMITTERS
from puffer_edge.ir import Activation, Field
from puffer_edge.ir.op import OPS
from puffer_edge.ir.ops import Binary, Concat, Gemm, LSTMCell, Reduce, Reshape, Transpose, Unary
from puffer_edge.quantization.integer_input import integer_input
from tests import zoo
from tests.support.exporting import export_as_it_is, write_artefact
from tests.tools import need

FLAGS = ["-Wall", "-Wextra", "-Wconversion", "-Wdouble-promotion", "-Werror"]
COMPILERS = {
    "gcc": ["gcc", "-std=c99"],
    "g++": ["g++", "-x", "c++", "-std=c++17"],
    "clang": ["clang", "-std=c99"],
    "clang++": ["clang++", "-x", "c++", "-std=c++17"],
}


def run_selftest(directory: Path, name: str, compiler: str = "gcc",
                 extra: tuple[str, ...] = ("-O2",), flags: list[str] | None = None) -> int:
    command = flags if flags is not None else [*COMPILERS[compiler], *FLAGS]
    need(command[0])
    main = directory / "main.c"
    main.write_text(f"#define {name.upper()}_SELFTEST\n#define {name.upper()}_IMPLEMENTATION\n"
                    "#include \"policy.h\"\n"
                    f"int main(void) {{ return {name}_selftest(); }}\n")
    binary = directory / "main"
    subprocess.run([*command, *extra, str(main), "-o", str(binary)], check=True)
    return subprocess.run([str(binary)], check=False).returncode


def test_every_op_is_in_the_zoo_and_has_an_emitter() -> None:
    missing = set(OPS)
    for name in sorted([*zoo.CASES, *zoo.QUANTIZED], key=lambda name: not name.endswith("mixed")):
        program = zoo.program(name)
        missing -= {type(op).__name__ for op in program.ops}
        if name in zoo.QUANTIZED and (found := integer_input(program)) is not None:
            missing.discard(type(found.program.ops[0]).__name__)
        if not missing:
            break
    assert missing == set()
    assert {kind.__name__ for kind in EMITTERS} == set(OPS)


@pytest.mark.parametrize("case", [*zoo.CASES, *zoo.QUANTIZED])
def test_c_gives_the_oracles_bits(case: str, tmp_path: Path) -> None:
    assert run_selftest(export_as_it_is(case, tmp_path / "a"), "zoo") == 0


@pytest.mark.parametrize("scheme", ["int8", "int16"])
def test_recurrent_biases_that_are_alike_are_stored_once(scheme: str, tmp_path: Path) -> None:
    """Rows of one magnitude share a pre-shift, so that only one rounding is left to add."""
    program = zoo.program("lstm")
    (name,) = (op.recurrent for op in program.ops if isinstance(op, LSTMCell))
    even = np.where(program.constants[name] < 0, np.float32(-0.3), np.float32(0.3))
    integers = zoo.in_integers(
        replace(program, constants={**program.constants, name: even}), scheme)
    write_artefact(integers, tmp_path / "a", target="cortex-m", name="zoo", scheme=scheme)
    cell = re.search(r"puffer_edge_lstm_t cell = \{[^{]*\{[^}]*\}, \d+,\s+(\d+), 6, 7,",
                     (tmp_path / "a" / "policy.h").read_text())
    assert cell is not None and cell[1] == "0"
    assert run_selftest(tmp_path / "a", "zoo") == 0


@pytest.mark.parametrize("head", [
    {"squash": True, "rescale": True, "low": (-2.0, 0.0, -1.0, -5.0, 0.5),
     "high": (2.0, 1.0, 1.0, 5.0, 0.75)},
    {"low": (-0.1,) * 5, "high": (0.1,) * 5},
    {},
])
def test_continuous_actions(head: dict[str, object], tmp_path: Path) -> None:
    check_actions(zoo.continuous(**head), tmp_path)


def test_multi_discrete_actions(tmp_path: Path) -> None:
    check_actions(zoo.multi_discrete(), tmp_path)


def check_actions(program, directory: Path) -> None:
    """Prints the C code's actions over all vectors and compares their bits."""
    need("gcc")
    api.export(program, directory / "a", name="head")
    with np.load(directory / "a" / "vectors.npz") as data:
        observations, reset, actions = data["observations"], data["reset"], data["actions"]
    main = directory / "a" / "main.c"
    main.write_text(
        '#include <stdio.h>\n#define HEAD_IMPLEMENTATION\n#include "policy.h"\n'
        "int main(void) { static head_t p; head_obs_t o; head_action_t a; unsigned char r;\n"
        "while (fread(&r, 1, 1, stdin) == 1 && fread(&o, sizeof o, 1, stdin) == 1) {\n"
        "if (r) head_reset(&p);\nif (head_step(&p, &o, &a)) return 1;\n"
        "fwrite(&a, sizeof a, 1, stdout); } return 0; }\n")
    subprocess.run(["gcc", "-std=c99", "-O2", *FLAGS, str(main), "-o", str(directory / "main")],
                   check=True)
    stdin = b"".join(bytes([int(fresh)]) + obs.tobytes()
                     for fresh, obs in zip(reset, observations, strict=True))
    out = subprocess.run([str(directory / "main")], input=stdin, capture_output=True, check=True)
    assert out.stdout == actions.tobytes()


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("optimize", ["-O0", "-O3"])
def test_clean_under_every_compiler(compiler: str, optimize: str, tmp_path: Path) -> None:
    api.export(zoo.program("lstm"), tmp_path / "a", name="zoo")
    assert run_selftest(tmp_path / "a", "zoo", compiler, (optimize,)) == 0


@pytest.mark.parametrize("command", [
    ["gcc", "-O3", "-march=native"], ["clang", "-O3", "-march=native"],
    ["g++", "-x", "c++", "-O3", "-march=native"],
])
def test_bits_do_not_depend_on_contraction_flags(command: list[str], tmp_path: Path) -> None:
    """GNU dialects with FMA contract by default, as Arduino and Zephyr builds do."""
    api.export(zoo.program("lstm"), tmp_path / "a", name="zoo")
    assert run_selftest(tmp_path / "a", "zoo", extra=(), flags=command) == 0


def test_fast_math_is_refused(tmp_path: Path) -> None:
    api.export(zoo.program("mlp"), tmp_path / "a", name="zoo")
    with pytest.raises(subprocess.CalledProcessError):
        run_selftest(tmp_path / "a", "zoo", flags=["gcc", "-ffast-math"])


def test_a_wrong_weight_fails_the_selftest(tmp_path: Path) -> None:
    api.export(zoo.program("mlp"), tmp_path / "a", name="zoo")
    header = tmp_path / "a" / "policy.h"
    text = header.read_text()
    start = text.index("zoo_w0[")
    changed = text[:start] + text[start:].replace("0.", "0.0", 1)
    assert changed != text
    header.write_text(changed)
    assert run_selftest(tmp_path / "a", "zoo") > 0


def test_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        api.export(zoo.program("lstm"), tmp_path / name, name="zoo")
    for file in ("policy.h", "policy.json", "vectors.npz"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_two_policies_in_one_program(tmp_path: Path) -> None:
    for name, case in (("walker", "lstm"), ("lander", "mlp")):
        api.export(zoo.program(case), tmp_path / name, name=name)
    main = tmp_path / "main.c"
    main.write_text('#define WALKER_SELFTEST\n#define LANDER_SELFTEST\n'
                    '#define WALKER_IMPLEMENTATION\n#define LANDER_IMPLEMENTATION\n'
                    '#include "walker/policy.h"\n#include "lander/policy.h"\n'
                    "int main(void) { return walker_selftest() + lander_selftest(); }\n")
    for compiler in COMPILERS["gcc"], COMPILERS["g++"]:
        need(compiler[0])
        subprocess.run([*compiler, *FLAGS, "-O2", str(main), "-o", str(tmp_path / "main")],
                       check=True)
        assert subprocess.run([str(tmp_path / "main")], check=False).returncode == 0


def test_policies_of_two_versions_are_refused_in_one_file(tmp_path: Path) -> None:
    need("gcc")
    for name in ("walker", "lander"):
        api.export(zoo.program("mlp"), tmp_path / name, name=name)
    header = tmp_path / "walker" / "policy.h"
    header.write_text(re.sub(r"(PUFFER_EDGE_KERNELS) \d+", r"\1 99", header.read_text()))
    main = tmp_path / "main.c"
    main.write_text('#define WALKER_IMPLEMENTATION\n#define LANDER_IMPLEMENTATION\n'
                    '#include "walker/policy.h"\n#include "lander/policy.h"\n'
                    "int main(void) { return 0; }\n")
    done = subprocess.run(["gcc", "-std=c99", "-c", str(main), "-o", str(tmp_path / "main")],
                          check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "different puffer-edge versions" in done.stderr


@pytest.mark.parametrize("name", [
    '"; system("', "../../x", "for", "double", "class", "a__b", "_x", "9lives", "ünder", "x" * 42,
    "main", "memcpy", "int16", "size", "uint8", "time", "Lander", "a b", "a\nb", "*/", "template"])
def test_hostile_names_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name"):
        api.export(zoo.program("mlp"), tmp_path / "a", name=name)
    assert list(tmp_path.iterdir()) == []


def test_names_of_the_file_never_reach_the_source(tmp_path: Path) -> None:
    bench = zoo.Bench((1, 3))
    evil = '*/ int pwned(void){return 1;} /* "; system("x'
    y = bench.builder.add(zoo.Gemm, name=evil, x=bench.x, weight=bench.weight(2, 3), layer=evil)
    api.export(bench.program(y), tmp_path / "a", name="zoo")
    assert "pwned" not in (tmp_path / "a" / "policy.h").read_text()
    assert "pwned" in (tmp_path / "a" / "policy.json").read_text()
    assert run_selftest(tmp_path / "a", "zoo") == 0


def test_an_artefact_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    api.export(zoo.program("mlp"), tmp_path / "a", name="first")
    api.export(zoo.program("mlp"), tmp_path / "a", name="second")
    assert "second_step" in (tmp_path / "a" / "policy.h").read_text()
    other = tmp_path / "photos"
    other.mkdir()
    (other / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(OutputError, match="no artefact"):
        api.export(zoo.program("mlp"), other, name="zoo")
    assert [file.name for file in other.iterdir()] == ["cat.jpg"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a", "photos"]


def test_an_unwritable_output_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for output in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError):
            api.export(zoo.program("mlp"), output, name="zoo")
    assert (tmp_path / "file").read_text() == "x"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_tensor_of_many_axes(tmp_path: Path) -> None:
    """Six axes that cannot be merged: no loop variable may hide the arena or the observation."""
    bench = zoo.Bench((1, 144))
    y = bench.op(Reshape, x=bench.x, shape=(2, 2, 2, 3, 2, 3))
    y = bench.op(Transpose, x=y, permutation=(5, 4, 3, 2, 1, 0))
    api.export(bench.program(bench.op(Reshape, x=y, shape=(1, 144))), tmp_path / "a", name="zoo")
    assert run_selftest(tmp_path / "a", "zoo") == 0


def test_the_sign_of_a_zero_survives_reductions(tmp_path: Path) -> None:
    """relu gives +0, its negation -0: which of them is the largest is a matter of order."""
    bench = zoo.Bench((1, 2, 4))
    zeros = bench.op(Unary, x=bench.x, function=Activation("relu"))
    both = bench.op(Concat, xs=(zeros, bench.op(Unary, x=zeros, function=Activation("neg"))),
                    axis=2)
    parts = tuple(bench.op(Reduce, x=both, function=function, axes=(2,), keep=False)
                  for function in ("max", "min"))
    api.export(bench.program(bench.op(Concat, xs=parts, axis=1)), tmp_path / "a", name="zoo")
    assert run_selftest(tmp_path / "a", "zoo") == 0


def test_a_computed_bias(tmp_path: Path) -> None:
    bench = zoo.Bench((1, 4))
    bias = bench.op(Reshape, x=bench.op(Gemm, x=bench.x, weight=bench.weight(3, 4)), shape=(3,))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(3, 4), bias=bias)
    api.export(bench.program(y), tmp_path / "a", name="zoo")
    assert run_selftest(tmp_path / "a", "zoo") == 0


def test_an_infinite_constant_is_refused(tmp_path: Path) -> None:
    bench = zoo.Bench((1, 4))
    one, zero = (bench.builder.constant(np.full((1, 4), v, np.float32)) for v in (1, 0))
    infinite = bench.op(Binary, a=one, b=zero, function="div")
    program = bench.program(bench.op(Binary, a=bench.x, b=infinite, function="min"))
    with pytest.raises(UnsupportedError, match="infinite"):
        api.export(program, tmp_path / "a", name="zoo")
    bench = zoo.Bench((1, 4))
    y = bench.op(Unary, x=bench.x, function=Activation("clip", (0.0, float("inf"))))
    with pytest.raises(UnsupportedError, match="inf"):
        api.export(bench.program(y), tmp_path / "b", name="zoo")
    assert not list(tmp_path.iterdir())


def test_vectors_leave_out_what_overflows(tmp_path: Path) -> None:
    """1e12 to the fourth is infinite, and infinity minus itself NaN, of either sign."""
    bench = zoo.Bench((1, 4))
    y = bench.x
    for _ in range(2):
        y = bench.op(Binary, a=y, b=y, function="mul")
    y = bench.op(Binary, a=y, b=bench.op(Transpose, x=y, permutation=(0, 1)), function="sub")
    api.export(bench.program(y), tmp_path / "a", name="zoo")
    with np.load(tmp_path / "a" / "vectors.npz") as data:
        assert np.isfinite(data["output_logits"]).all()
        assert len(data["reset"]) == len(data["actions"]) > 32
        assert data["reset"].sum() == 4
    assert run_selftest(tmp_path / "a", "zoo") == 0


@pytest.mark.parametrize("flag", ["-ffinite-math-only", "-Ofast"])
def test_flags_that_fast_math_is_made_of_are_refused(flag: str, tmp_path: Path) -> None:
    """Without infinities the check of the observation would be optimised away."""
    api.export(zoo.program("mlp"), tmp_path / "a", name="zoo")
    with pytest.raises(subprocess.CalledProcessError):
        run_selftest(tmp_path / "a", "zoo", extra=("-O2", flag), flags=["gcc"])


@pytest.mark.parametrize("name", ["esp", "hal", "puffer_edge", "puffer_edge_conv"])
def test_names_whose_constants_or_types_are_taken_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="taken"):
        api.export(zoo.program("mlp"), tmp_path / "a", name=name)


def test_a_field_may_have_the_name_of_a_type(tmp_path: Path) -> None:
    bench = zoo.Bench((1, 4))
    program = bench.program(bench.op(Gemm, x=bench.x, weight=bench.weight(3, 4)))
    fields = Field("time", (1,)), Field("size", (3,))
    program = replace(program, contract=replace(program.contract, observation=fields))
    api.export(program, tmp_path / "a", name="zoo")
    assert run_selftest(tmp_path / "a", "zoo") == 0


def test_an_include_guard_of_the_users_own_header_hides_nothing(tmp_path: Path) -> None:
    api.export(zoo.program("mlp"), tmp_path / "a", name="lander")
    header = tmp_path / "a" / "policy.h"
    header.write_text("#define LANDER_H\n" + header.read_text())
    assert run_selftest(tmp_path / "a", "lander") == 0


def test_a_users_file_in_an_artefact_is_never_deleted(tmp_path: Path) -> None:
    api.export(zoo.program("mlp"), tmp_path / "a", name="zoo")
    for report in ("report.json", "report.md"):
        (tmp_path / "a" / report).write_text("x")
    api.export(zoo.program("mlp"), tmp_path / "a", name="zoo")
    (tmp_path / "a" / "main.c").write_text("my work")
    with pytest.raises(OutputError, match=r"main\.c"):
        api.export(zoo.program("mlp"), tmp_path / "a", name="zoo")
    assert (tmp_path / "a" / "main.c").read_text() == "my work"


@pytest.mark.parametrize("case", zoo.CASES)
def test_no_sanitizer_complains(case: str, tmp_path: Path) -> None:
    api.export(zoo.program(case), tmp_path / "a", name="zoo")
    extra = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    assert run_selftest(tmp_path / "a", "zoo", extra=extra) == 0
