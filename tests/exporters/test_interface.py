# SPDX-License-Identifier: MIT
"""The header as a firmware has it: an interface for many files, one implementation, own names."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from puffer_edge.errors import UsageError
from puffer_edge.exporters import c
from puffer_edge.naming import stem
from tests import zoo
from tests.support.exporting import export_as_it_is
from tests.tools import need

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"]
POLICIES = {"walker": "lstm", "lander": "masked_int8", "reacher": "continuous_int16"}
"""In float and with state; integers with a mask and choices that are drawn; a continuous action."""

# What Arduino.h, CMSIS-NN's and CMSIS-DSP's support functions and unistd.h take for themselves.
FOREIGN = """
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define abs(x) ((x) > 0 ? (x) : -(x))
#define round(x) ((x) >= 0 ? (long)((x) + 0.5) : (long)((x) - 0.5))
#define constrain(x, low, high) ((x) < (low) ? (low) : ((x) > (high) ? (high) : (x)))
#define sq(x) ((x) * (x))
#define bit(b) (1UL << (b))
#define bitRead(value, bit) (((value) >> (bit)) & 0x01)
#define lowByte(w) ((uint8_t)((w) & 0xff))
#define F(text) (text)
#define PI 3.1415926535897932384626433832795
#define EULER 2.718281828459045235360287471352
#define HIGH 0x1
#define LOW 0x0
#define INPUT 0x0
#define OUTPUT 0x1
#define DEFAULT 1
#define B0 0
#define B1 1
#define B01 1
#define B11 3
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define CLAMP(x, h, l) MAX(MIN((x), (h)), (l))
#define ACCUM_BITS 32
#define F_OK 0
#define R_OK 4
#define W_OK 2
#define X_OK 1
#define EOF (-1)
typedef uint8_t byte;
typedef unsigned int word;
"""
FUNCTIONS = """
#ifdef __cplusplus
extern "C" {
#endif
int read(int file, void *data, unsigned size);
int write(int file, const void *data, unsigned size);
int step(void);
int reset(void);
int check(int value);
int sample(void);
int requantize(int value);
int clamp_s32(int value);
int random_bits(void);
int tanh_f32(int value);
int gemm_s8(void);
int table_lookup(void);
int crc32(int value);
#ifdef __cplusplus
}
#endif
"""

USE = """
static {n}_t {n};
static {n}_obs_t {n}_seen;
static {n}_action_t {n}_done;
int run_{n}(void);
int run_{n}(void)
{{
    {n}_reset(&{n});
    return {n}_selftest() + ({n}_step(&{n}, &{n}_seen, &{n}_done) == {N}_BAD_OBSERVATION);
}}
"""


def policy(name: str, directory: Path, case: str = "") -> Path:
    """The C files of a policy."""
    case = case or POLICIES[name]
    return export_as_it_is(case, directory / name, name=name)


def compiled(source: Path, *flags: str, compiler: str = "gcc") -> Path:
    need(compiler)
    out = source.with_suffix(".o")
    language = ["-std=c99"] if compiler == "gcc" else ["-x", "c++", "-std=gnu++17"]
    subprocess.run([compiler, *language, *WARNINGS, "-O1", "-ffunction-sections",
                    "-fdata-sections", *flags, "-c", str(source), "-o", str(out)], check=True)
    return out


def linked(*objects: Path, compiler: str = "gcc") -> subprocess.CompletedProcess[str]:
    return subprocess.run([compiler, "-Wl,--gc-sections", *map(str, objects), "-o",
                           str(objects[0].with_suffix(".elf"))], capture_output=True, text=True)


def names(file: Path) -> list[tuple[str, str]]:
    """Kind and name of each symbol."""
    said = subprocess.run(["nm", str(file)], capture_output=True, text=True, check=True).stdout
    lines = [line.split()[-2:] for line in said.splitlines()]
    return [(kind, name) for kind, name in lines if not name.startswith(".")]


def test_a_sketch_in_two_files_and_a_policy_in_c(tmp_path: Path) -> None:
    """An Arduino build: .ino and .cpp are C++, policy.c is C; the weights are there once."""
    folder = policy("lander", tmp_path)
    head = f'{FOREIGN}#include <stdint.h>\n#include "policy.h"\n'.replace(
        "typedef", "#include <stdint.h>\ntypedef", 1)
    (folder / "sketch.ino").write_text(head + USE.format(n="lander", N="LANDER") + (
        "int more();\nint main() { return run_lander() + more(); }\n"))
    (folder / "more.cpp").write_text(head + (
        "int more();\nint more() { lander_t p; lander_reset(&p);\n"
        "lander_obs_q_t obs = {}; lander_action_t a;\n"
        "return lander_step_q(&p, &obs, &a) != LANDER_NO_CHOICE; }\n"))
    objects = [compiled(folder / file, "-DLANDER_SELFTEST", compiler=compiler) for file, compiler in
               (("sketch.ino", "g++"), ("more.cpp", "g++"), ("policy.c", "gcc"))]
    done = linked(*objects, compiler="g++")
    assert done.returncode == 0, done.stderr
    program = objects[0].with_suffix(".elf")
    assert subprocess.run([str(program)]).returncode == 0
    found = names(program)
    assert [name for _, name in found if name.endswith("_w0")] == ["lander_w0"]
    assert not [name for _, name in found if name in ("lander_sample", "lander_seed")]  # unused


def test_two_policies_stand_apart_or_share(tmp_path: Path) -> None:
    """Each policy.c has its own kernels; one file with both has them once. make builds either."""
    need("make", "gcc")
    for name in ("walker", "lander"):
        policy(name, tmp_path)
    includes = '#include "walker/policy.h"\n#include "lander/policy.h"\n'
    (tmp_path / "main.c").write_text(
        includes + USE.format(n="walker", N="WALKER") + USE.format(n="lander", N="LANDER")
        + "int main(void) { return run_walker() + run_lander(); }\n")
    (tmp_path / "both.c").write_text(
        f"#define WALKER_IMPLEMENTATION\n#define LANDER_IMPLEMENTATION\n{includes}")
    (tmp_path / "Makefile").write_text(
        f"CFLAGS = -std=c99 {' '.join(WARNINGS)} -DWALKER_SELFTEST -DLANDER_SELFTEST\n"
        "apart: main.o walker/policy.o lander/policy.o\n\t$(CC) $^ -o $@\n"
        "shared: main.o both.o\n\t$(CC) $^ -o $@\n")
    subprocess.run(["make", "-s", "-C", str(tmp_path), "apart", "shared"], check=True)
    for name, count in (("apart", 2), ("shared", 1)):
        assert subprocess.run([str(tmp_path / name)]).returncode == 0
        found = [each for each in names(tmp_path / name) if "all_finite" in each[1]]
        assert found == [("t", "puffer_edge_all_finite_f32")] * count


@pytest.mark.parametrize(("user", "own", "said"), [
    ([], None, "lander_reset_of_LANDER_IMPLEMENTATION_without"),
    (["SELFTEST"], [], "without_LANDER_INTEGER_ONLY_with_LANDER_SELFTEST"),
    ([], ["SELFTEST"], "without_LANDER_INTEGER_ONLY_without_LANDER_SELFTEST"),
    (["INTEGER_ONLY"], [], "with_LANDER_INTEGER_ONLY_without_LANDER_SELFTEST"),
    ([], ["INTEGER_ONLY"], "without_LANDER_INTEGER_ONLY_without_LANDER_SELFTEST"),
    (["INTEGER_ONLY"], ["INTEGER_ONLY"], ""), (["SELFTEST"], ["SELFTEST"], "")])
def test_files_of_different_minds_do_not_link(user: list[str], own: list[str] | None, said: str,
                                              tmp_path: Path) -> None:
    folder = policy("lander", tmp_path)
    (folder / "main.c").write_text(
        '#include "policy.h"\nint main(void) { static lander_t p; lander_reset(&p); return 0; }\n')
    objects = [compiled(folder / "main.c", *(f"-DLANDER_{macro}" for macro in user))]
    if own is not None:
        objects.append(compiled(folder / "policy.c", *(f"-DLANDER_{macro}" for macro in own)))
    done = linked(*objects)
    assert (done.returncode == 0) == (not said) and said in done.stderr


def test_a_self_test_that_is_not_there_says_so(tmp_path: Path) -> None:
    folder = policy("walker", tmp_path)
    (folder / "main.c").write_text(
        '#include "policy.h"\nint main(void) { return walker_selftest(); }\n')
    done = linked(compiled(folder / "main.c", "-DWALKER_SELFTEST"), compiled(folder / "policy.c"))
    assert done.returncode and "WALKER_IMPLEMENTATION_with_WALKER_SELFTEST" in done.stderr


@pytest.mark.parametrize("compiler", ["gcc", "g++"])
def test_names_of_others_are_in_nobodys_way(compiler: str, tmp_path: Path) -> None:
    """Three policies, interface and implementation, among macros and functions of plain names."""
    for name in POLICIES:
        policy(name, tmp_path)
    code = "".join(f"#define {name.upper()}_IMPLEMENTATION\n#define {name.upper()}_SELFTEST\n"
                   f'#include "{name}/policy.h"\n{USE.format(n=name, N=name.upper())}'
                   for name in POLICIES)
    calls = " + ".join(f"run_{name}()" for name in POLICIES)
    source = tmp_path / "main.c"
    source.write_text(f"#include <stdint.h>\n{FOREIGN}{FUNCTIONS}{code}"
                      f"int main(void) {{ return {calls}; }}\n")
    done = linked(compiled(source, compiler=compiler), compiler=compiler)
    assert done.returncode == 0, done.stderr
    assert subprocess.run([str(source.with_suffix(".elf"))]).returncode == 0


def test_every_name_has_a_prefix(tmp_path: Path) -> None:
    """Symbols and macros: the policy's, or puffer_edge."""
    for name in POLICIES:
        folder = policy(name, tmp_path)
        prefixes = f"{name}_", "puffer_edge_"
        found = [(kind, each.split(".")[0]) for kind, each in names(
            compiled(folder / "policy.c", f"-D{name.upper()}_SELFTEST")) if kind != "U"]
        assert {each for _, each in found if not each.startswith(prefixes)} <= {
            "policy", "obs", "action", "table"}, found  # static ones inside a function
        assert all(each.startswith(f"{name}_") for kind, each in found if kind.isupper())

        def macros(text: str) -> set[str]:
            said = subprocess.run(["gcc", "-std=c99", "-dM", "-E", "-x", "c", "-"], input=text,
                                  capture_output=True, text=True, check=True).stdout
            return set(re.findall(r"#define (\w+)", said))

        text = (folder / "policy.h").read_text()
        system = "#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n"
        ours = macros(f"#define {name.upper()}_IMPLEMENTATION\n{text}") - macros(system)
        assert all(macro.startswith((f"{name.upper()}_", "PUFFER_EDGE_")) for macro in ours)


@pytest.mark.parametrize("name", [
    "f", "r", "w", "x", "err", "lander_obs", "lander_obs_q", "lander_action", "lander_action_q",
    "lander_check", "lander_logits", "lander_output_1"])
def test_names_that_break_a_firmware_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a policy"):
        stem(name)


@pytest.mark.parametrize("name", ["lander_q", "lander_step", "lander_2", "lander_t", "lander_w"])
def test_a_policy_whose_name_begins_with_anothers(name: str, tmp_path: Path) -> None:
    policy("lander", tmp_path)
    policy(name, tmp_path, "masked_int8")
    source = tmp_path / "main.c"
    source.write_text("".join(
        f"#define {each.upper()}_IMPLEMENTATION\n#define {each.upper()}_SELFTEST\n"
        f'#include "{each}/policy.h"\n' for each in ("lander", name))
        + f"int main(void) {{ return lander_selftest() + {stem(name)}_selftest(); }}\n")
    done = linked(compiled(source))
    assert done.returncode == 0, done.stderr
    assert subprocess.run([str(source.with_suffix(".elf"))]).returncode == 0


def test_the_interface_tells_what_it_takes(tmp_path: Path) -> None:
    """Numbers of the header against those of the program."""
    program = zoo.program("continuous_int16")
    (folder,) = (policy(name, tmp_path) for name in ("reacher",))
    text = (folder / "policy.h").read_text()
    head = text[:text.index("/* the interface */")]
    assert text.index("reacher_step(") < len(head) and head.count("\n") < 230
    meaning = program.values[program.outputs[0]].quantization
    assert meaning is not None
    (folder / "main.c").write_text(
        '#include "policy.h"\n#include <stdio.h>\nint main(void) { printf("%d %d %d %.9g %d",\n'
        "REACHER_OBS_SIZE, REACHER_ACTION_SIZE, REACHER_LOGITS_SIZE,\n"
        "(double)REACHER_LOGITS_SCALE, REACHER_LOGITS_ZERO_POINT); return 0; }\n")
    assert linked(compiled(folder / "main.c")).returncode == 0
    said = subprocess.run([str(folder / "main.elf")], capture_output=True, text=True).stdout.split()
    size = program.contract.heads["action"].width
    assert [int(said[i]) for i in (0, 1, 2, 4)] == [
        program.contract.observation_size, size, size, meaning.zero_point]
    assert float(said[3]) == pytest.approx(meaning.scale, rel=1e-7)


SKETCHED = """
#ifndef ARDUINO_H
#define ARDUINO_H
#include <stdint.h>
#define LED_BUILTIN 13
static unsigned long now;
static int written;
static unsigned long micros() { return now += 10000; }
static int analogRead(int pin) { return 100 * pin; }
static void pinMode(int, int) {}
static void digitalWrite(int, int) { ++written; }
static struct { void begin(long) {} void println(const char *) { now = 1; } } Serial;
#endif
"""


def test_the_sketch_of_the_examples(tmp_path: Path) -> None:
    need("g++")
    folder = policy("lander", tmp_path, "mlp")
    sketch = Path(__file__).parents[2] / "examples" / "lander" / "lander.ino"
    (folder / "Arduino.h").write_text("#include <stdint.h>\n" + FOREIGN + SKETCHED)
    (folder / "main.cpp").write_text(sketch.read_text() + (
        "int main() { setup(); for (int i = 0; i < 20; ++i) loop();\n"
        "return !(good && missed == 0 && written == 20 && longest == 10000); }\n"))
    done = linked(compiled(folder / "main.cpp", f"-I{folder}", compiler="g++"), compiler="g++")
    assert done.returncode == 0, done.stderr
    assert subprocess.run([str(folder / "main.elf")]).returncode == 0


def test_kernels_of_other_processors_are_left_out() -> None:
    for case in ("lstm", "mlp"):
        small, full = (c.make(zoo.program(case), name="zoo", seed=0, scheme="float32", counts=None,
                              simd=simd).header.text for simd in (False, True))
        assert "__SSE2__" in full and "mac32" in full
        assert not re.search("SSE2|aarch64|mac32|MAC32|mac_rest", small)


SHORT = ["hybrid_int8", "continuous_int16", "masked_int16", "lstm"]


@pytest.mark.parametrize("case", [*SHORT, *(
    pytest.param(case, marks=pytest.mark.exhaustive) for case in (*zoo.CASES, *zoo.QUANTIZED)
    if case not in SHORT)])
def test_the_interface_is_short(case: str, tmp_path: Path) -> None:
    """150 lines; 110 but for the rows that tell of single elements, outputs and heads."""
    lines = (export_as_it_is(case, tmp_path / "a") / "policy.h").read_text().split("\n")
    end = next(index for index, line in enumerate(lines) if "/* the interface */" in line) + 1
    row = re.compile(r" \*     |    [-+0-9.]|#define ZOO_\w+ ")
    rows = [line for line in lines[:end] if row.match(line)]
    assert end - len(rows) <= 110 and end <= 150
