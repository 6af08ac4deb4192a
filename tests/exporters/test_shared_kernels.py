# SPDX-License-Identifier: MIT
"""Policies whose kernels one file has for all of them, by choice."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from puffer_edge.exporters.c import header
from tests.exporters.test_interface import USE, WARNINGS, names, policy
from tests.tools import need

CASES = {"walker": "lstm_int8", "runner": "lstm_int8"}
"""Alike, so that there is something to share."""
SHARED = "-DPUFFER_EDGE_SHARED_KERNELS"
STRICT = [*WARNINGS, "-Wmissing-prototypes", "-ffunction-sections", "-fdata-sections"]
CORTEX = ["-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]


def files(folder: Path) -> None:
    """The policies, a main file that runs their self-tests, and one that holds their kernels."""
    for name, case in CASES.items():
        policy(name, folder, case)
    includes = "".join(f'#include "{name}/policy.h"\n' for name in CASES)
    calls = " + ".join(f"run_{name}()" for name in CASES)
    (folder / "main.c").write_text(
        includes + "".join(USE.format(n=name, N=name.upper()) for name in CASES)
        + f"int main(void) {{ return {calls}; }}\n")
    (folder / "kernels.c").write_text(f"#define PUFFER_EDGE_KERNELS_IMPLEMENTATION\n{includes}")


def built(folder: Path, compiler: list[str], *flags: str, kernels: bool = True) -> list[Path]:
    """Object files; the driver takes sources as C or as C++ by its name."""
    need(compiler[0])
    sources = [folder / "main.c", *(folder / name / "policy.c" for name in CASES),
               *([folder / "kernels.c"] if kernels else [])]
    tests = [f"-D{name.upper()}_SELFTEST" for name in CASES]
    for source in sources:
        subprocess.run([*compiler, *tests, *flags, "-c", str(source), "-o",
                        str(source.with_suffix(".o"))], check=True)
    return [source.with_suffix(".o") for source in sources]


def linked(program: Path, objects: list[Path], compiler: list[str]
           ) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*compiler, "-Wl,--gc-sections", *map(str, objects), "-o", str(program)],
                          capture_output=True, text=True)


def code(program: Path, size: str = "size") -> int:
    """Bytes of code and constants."""
    said = subprocess.run([size, str(program)], capture_output=True, text=True, check=True).stdout
    return int(said.split("\n")[1].split()[0])


def kernels_of(program: Path) -> list[tuple[str, str]]:
    """Kind and name, which C++ adds to where it is static."""
    return [each for each in names(program) if re.search("puffer_edge_(gemm|mac)", each[1])]


@pytest.mark.parametrize("compiler", [
    ["gcc", "-std=c99", *STRICT], ["clang", "-std=c99", *STRICT],
    pytest.param(["g++", "-std=c++17", "-x", "c++", *WARNINGS, "-ffunction-sections",
                  "-fdata-sections"], marks=pytest.mark.exhaustive)],
    ids=["gcc", "clang", "g++"])
def test_one_file_has_the_kernels_of_all(compiler: list[str], tmp_path: Path) -> None:
    files(tmp_path)
    link = compiler[:1]
    apart, shared = tmp_path / "apart", tmp_path / "shared"
    done = linked(apart, built(tmp_path, compiler, "-O1", kernels=False), link)
    assert done.returncode == 0, done.stderr
    done = linked(shared, built(tmp_path, compiler, "-O1", SHARED), link)
    assert done.returncode == 0, done.stderr
    for program in (apart, shared):
        assert subprocess.run([str(program)]).returncode == 0
    found, static = kernels_of(shared), kernels_of(apart)
    assert found and all(kind == "T" for kind, _ in found) and len(set(found)) == len(found)
    assert static and all(kind == "t" for kind, _ in static) and len(static) > len(found)
    assert code(shared) < code(apart) - 1000


def test_a_holder_in_c_serves_files_in_c_plus_plus(tmp_path: Path) -> None:
    files(tmp_path)
    objects = built(tmp_path, ["g++", "-x", "c++", *WARNINGS], SHARED)
    subprocess.run(["gcc", "-std=c99", *STRICT, "-c", str(tmp_path / "kernels.c"), "-o",
                    str(objects[-1])], check=True)
    done = linked(tmp_path / "program", objects, ["g++"])
    assert done.returncode == 0, done.stderr
    assert subprocess.run([str(tmp_path / "program")]).returncode == 0


@pytest.mark.parametrize("level", ["-O2", pytest.param("-O0", marks=pytest.mark.exhaustive)])
def test_kernels_in_assembler_are_shared_as_well(level: str, tmp_path: Path) -> None:
    files(tmp_path)
    compiler = ["arm-none-eabi-gcc", *CORTEX, "-std=c99", *STRICT, level]
    link = [*compiler[:5], "-nostartfiles", "-Wl,-emain", "--specs=nosys.specs"]
    sizes = []
    for kernels, flags in ((False, []), (True, [SHARED])):
        program = tmp_path / "program"
        done = linked(program, built(tmp_path, compiler, *flags, kernels=kernels), link)
        assert done.returncode == 0, done.stderr
        assert sum("mac4" in name for _, name in kernels_of(program)) == (1 if kernels else 2)
        sizes.append(code(program, "arm-none-eabi-size"))
    assert sizes[1] < sizes[0] - 500


def test_kernels_of_another_version_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                                ) -> None:
    """By the linker where other files have them, by the preprocessor in one file."""
    need("gcc")
    policy("walker", tmp_path, "lstm")
    monkeypatch.setattr(header, "VERSION", "9.8.7")
    policy("runner", tmp_path, "gru")
    objects = []
    for file, text in {
            "kernels.c": '#define PUFFER_EDGE_KERNELS_IMPLEMENTATION\n#include "walker/policy.h"\n',
            "runner.c": '#define RUNNER_IMPLEMENTATION\n#include "runner/policy.h"\n'
                        "int main(void) { static runner_t p; runner_reset(&p); return 0; }\n"
            }.items():
        (tmp_path / file).write_text(text)
        objects.append((tmp_path / file).with_suffix(".o"))
        subprocess.run(["gcc", "-std=c99", *STRICT, SHARED, "-c", str(tmp_path / file), "-o",
                        str(objects[-1])], check=True)
    done = linked(tmp_path / "program", objects, ["gcc"])
    assert done.returncode
    assert "puffer_edge_kernels_of_PUFFER_EDGE_KERNELS_IMPLEMENTATION_9_8_7" in done.stderr
    both = '#include "walker/policy.h"\n#include "runner/policy.h"\n'
    for macro in ("#define PUFFER_EDGE_KERNELS_IMPLEMENTATION\n",
                  "#define WALKER_IMPLEMENTATION\n#define RUNNER_IMPLEMENTATION\n"):
        said = subprocess.run(["gcc", "-std=c99", f"-I{tmp_path}", "-x", "c", "-c", "-", "-o",
                               str(tmp_path / "both.o")], input=macro + both, text=True,
                              capture_output=True)
        assert said.returncode and "different puffer-edge versions" in said.stderr


def test_who_holds_no_kernels_is_told(tmp_path: Path) -> None:
    files(tmp_path)
    done = linked(tmp_path / "program", built(
        tmp_path, ["gcc", "-std=c99", *STRICT], SHARED, kernels=False), ["gcc"])
    assert done.returncode and "PUFFER_EDGE_KERNELS_IMPLEMENTATION" in done.stderr


def test_a_policys_own_file_can_hold_them(tmp_path: Path) -> None:
    """In integers only, whose float kernels are then nowhere."""
    need("gcc")
    for name, case in (("lander", "masked_int8"), ("diver", "mlp_int8")):
        policy(name, tmp_path, case)
    only = ["-DLANDER_INTEGER_ONLY", "-DDIVER_INTEGER_ONLY", "-DLANDER_SELFTEST",
            "-DDIVER_SELFTEST"]
    (tmp_path / "lander.c").write_text(
        "#define PUFFER_EDGE_KERNELS_IMPLEMENTATION\n#define LANDER_IMPLEMENTATION\n"
        '#include "lander/policy.h"\n#include "diver/policy.h"\n'
        "int main(void) { return lander_selftest() + diver_selftest(); }\n")
    objects = []
    for source in (tmp_path / "lander.c", tmp_path / "diver" / "policy.c"):
        objects.append(source.with_suffix(".o"))
        subprocess.run(["gcc", "-std=c99", *STRICT, SHARED, *only, "-c", str(source), "-o",
                        str(objects[-1])], check=True)
    done = linked(tmp_path / "program", objects, ["gcc"])
    assert done.returncode == 0, done.stderr
    assert subprocess.run([str(tmp_path / "program")]).returncode == 0
    assert not [name for _, name in names(tmp_path / "program") if name.endswith("_f32")]
