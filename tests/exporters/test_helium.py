# SPDX-License-Identifier: MIT
"""The Cortex-M55: its kernels are in its own headers only; floats are those of all cores."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from puffer_edge.artefact.opening import read_subject
from puffer_edge.exporters.c.kernels import joined
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import Binary, Gemm, Unary
from puffer_edge.targets import find_target
from puffer_edge.toolchains import find_toolchain
from puffer_edge.toolchains.base import INCLUDE
from puffer_edge.verification.emulators.qemu_machine import QemuMachine
from puffer_edge.verification.harness import ImageBuilder
from tests import zoo
from tests.kernels.test_files import KERNELS
from tests.support.exporting import header_as_it_is, write_artefact
from tests.tools import need

HELIUM = sorted((KERNELS / "helium").glob("*.h"))
CORE = ("-mthumb", "-mcpu=cortex-m55", "-mfloat-abi=hard")


def header(directory: Path, target: str, case: str = "mlp_int8") -> str:
    return header_as_it_is(case, directory, target=target)


def test_the_header_for_other_cores_has_no_kernel_of_it(tmp_path: Path) -> None:
    assert "vmladava" in header(tmp_path / "m55", "cortex-m55")
    for target in ("cortex-m4", "cortex-m33", "riscv32", "host"):
        assert "vmladava" not in header(tmp_path / target, target)
        assert "PUFFER_EDGE_MVE" not in (tmp_path / target / "policy.h").read_text()


def test_a_kernel_saves_what_it_uses_and_leaves_the_base_of_data_alone() -> None:
    """What the call standard has a function keep: r4 to r11, and q4 to q7 by their halves."""
    need("arm-none-eabi-gcc")
    text = "".join(f'#include "{path.name}"\n' for path in HELIUM)
    code = subprocess.run(
        ["arm-none-eabi-gcc", *CORE, "-std=c99", "-O2", "-fkeep-static-functions", "-ffixed-r9",
         f"-I{KERNELS / 'helium'}", f"-I{KERNELS}", "-x", "c", "-S", "-o", "-", "-"],
        input=text, capture_output=True, text=True, check=True).stdout
    functions = re.split(r"\.type\s+\w+, %function\n", re.sub(r"@.*", "", code))[1:]
    judged = 0
    for function in functions:
        name, body = function.split(":", 1)
        if not re.search("vmla|vldr[bhw]", body):
            continue
        judged += 1
        used = {f"r{n}" for n in re.findall(r"\br([4-9]|1[01])\b", without_lists(body))}
        vectors = {int(n) for n in re.findall(r"\bq([4-7])\b", body)}
        kept = registers(re.findall(r"push\s+\{([^}]*)\}", re.sub(r"vpush.*", "", body)))
        halves = registers(re.findall(r"vpush(?:\.64)?\s+\{([^}]*)\}", body))
        assert used <= kept and "r9" not in used | kept, name
        assert {f"d{half}" for n in vectors for half in (2 * n, 2 * n + 1)} <= halves, name
        assert sorted(kept - {"lr"}) == sorted(
            registers(re.findall(r"\bpop\s+\{([^}]*)\}", re.sub(r"vpop.*", "", body))) - {"pc"})
        assert halves == registers(re.findall(r"v(?:pop|ldm)[^{]*\{([^}]*)\}", body)), name
    assert judged > 20


def without_lists(body: str) -> str:
    """The code without what is saved and restored."""
    return re.sub(r"(push|pop)\s+\{[^}]*\}", "", body)


def registers(lists: list[str]) -> set[str]:
    """The registers of lists such as "r4-r8, lr"."""
    found = set()
    for item in ", ".join(lists).replace(" ", "").split(","):
        first, _, last = item.partition("-")
        kind = first.rstrip("0123456789")
        found |= {first} if not last else {
            f"{kind}{n}" for n in range(int(first[len(kind):]), int(last[len(kind):]) + 1)}
    return found - {""}


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
def test_each_file_assembles_alone(compiler: str, tmp_path: Path) -> None:
    if compiler == "gcc":
        need("arm-none-eabi-gcc")
    for path in HELIUM:
        kernels = joined([path.stem], with_helium=True)
        (tmp_path / path.name).write_text(
            f"#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n{kernels}\n")
        source = tmp_path / "it.c"
        source.write_text(f'#include "{path.name}"\ntypedef int it;\n')
        find_toolchain(compiler).compile(source, find_target("cortex-m55"), tmp_path / "it.o",
                                         optimize="-O0", include_dirs=[INCLUDE, tmp_path])
        for name in re.findall(r"^#define (\w+)|^PUFFER_EDGE_\w+ \w+ (\w+)\(", path.read_text(),
                               re.MULTILINE):
            assert re.match("puffer_edge_|PUFFER_EDGE_", "".join(name)), (path.name, name)


def subnormal() -> Program:
    """Elementwise arithmetic that compilers make vectors of, and products of a layer."""
    bench = zoo.Bench((1, 32))
    halves = bench.op(Binary, a=bench.x, b=bench.builder.constant(np.full(32, 0.5, np.float32)),
                      function="mul")
    shifted = bench.op(Binary, a=halves, b=bench.x, function="add")
    bent = bench.op(Unary, x=shifted, function=Activation("leaky_relu", (0.01,)))
    weight = bench.builder.constant(np.eye(32, dtype=np.float32) * np.float32(0.25))
    return bench.program(bench.op(Binary, function="add", a=bent, b=bench.op(
        Gemm, x=bent, weight=weight)))


@pytest.mark.parametrize(("compiler", "optimize"), [("gcc", "-O3"), ("zig", "-O2")])
def test_subnormal_numbers_stay(compiler: str, optimize: str, tmp_path: Path) -> None:
    """Helium makes zeros of them, and both compilers would use it, so they are told not to."""
    need("qemu-system-arm")
    if compiler == "gcc":
        need("arm-none-eabi-gcc")
    program = subnormal()
    write_artefact(program, tmp_path / "a", target="cortex-m55")
    subject = read_subject(tmp_path / "a")
    work = tmp_path / "work"
    work.mkdir()
    builder = ImageBuilder(tmp_path / "a" / "policy.h", subject.spec, find_target("cortex-m55"),
                           find_toolchain(compiler), work, optimize=optimize)
    x = np.random.default_rng(0).integers(1, 1 << 21, 32).astype(np.uint32).view(np.float32)
    x[::2] *= -1
    (step,) = QemuMachine(builder).run([x.tobytes()])
    wanted = Interpreter(program).step(x)["logits"]
    assert step.outputs.tobytes() == wanted.tobytes()
    assert (np.abs(wanted) < np.finfo(np.float32).tiny).all() and wanted.all()
