# SPDX-License-Identifier: MIT
"""simavr's cycles are the data sheet's, stacks are seen, and what goes wrong is one error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from puffer_edge.errors import MissingDependencyError, UsageError, VerificationError
from puffer_edge.targets import ATMEGA2560, CORTEX_M4
from puffer_edge.toolchains import Gcc, Zig
from puffer_edge.verification.emulators import simavr
from puffer_edge.verification.emulators.simavr_machine import SimavrMachine
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.symbols import measure_sizes
from tests.tools import need

from .conftest import LANDER, PROBE, Build, edited_lander

START = "  int32_t best = 0;\n"
TIMES = 200
# Of the instruction set manual (DS40002198), column AVRe for a program counter of 22 bits.
CYCLES = {"nop": 1, "adiw r24, 1": 2, "mul r18, r19": 2, "muls r18, r19": 2, "lpm r18, Z": 3,
          "elpm r18, Z": 3, "lds r18, 0x300": 2, "ld r18, X": 2, "push r18\npop r18": 4,
          "rjmp .+0": 2, "rcall .+0\npop r18\npop r18\npop r18": 10, "brcs .+0": 1,
          "brcc .+0": 2, "cpse r18, r18\nnop": 2, "sts 0x1f00, r18": 2, "in r18, 0x3d": 1}


def edited(folder: Path, code: str) -> ImageBuilder:
    """The sample policy with code at the start of its step."""
    return ImageBuilder(edited_lander(folder, START, START + code), LANDER, ATMEGA2560, Gcc(),
                        folder)


def observed(*first: float) -> list[bytes]:
    rows = np.zeros((len(first), 8), np.float32)
    rows[:, 0] = first
    return [row.tobytes() for row in rows]


def test_cycles_are_those_of_the_data_sheet(tmp_path: Path) -> None:
    """Many of each: what surrounds them differs by less than half a cycle of each."""
    need("avr-gcc", "simavr")
    used = '"r18", "r19", "r24", "r25", "r26", "r27", "r30", "r31", "memory"'
    blocks, calls = "", ""
    for index, text in enumerate(CYCLES):
        lines = "".join(f'"{line}\\n"' for line in (
            "clc", "ldi r27, 2", f".rept {TIMES}", *text.splitlines(), ".endr", "clr r1"))
        blocks += (f"__attribute__((noinline)) static void block_{index}(void) {{\n"
                   f"  __asm__ volatile({lines} ::: {used});\n}}\n")
        calls += f"    case {index}: block_{index}(); break;\n"
    header = edited_lander(tmp_path, START, START + (
        f"  switch ((int)obs->obs[0]) {{\n{calls}  default: break;\n  }}\n"
        "  if (obs->obs[1] == 0.0f) return LANDER_OK;\n"))
    text = header.read_text()
    start = text.rindex("lander_status lander_step(")
    header.write_text(text[:start] + blocks + text[start:])
    builder = ImageBuilder(header, LANDER, ATMEGA2560, Gcc(), tmp_path)
    steps = SimavrMachine(builder).run(observed(*range(len(CYCLES))))
    counts = [step.cycles or 0 for step in steps]
    found = [round((count - counts[0]) / TIMES) + 1 for count in counts]
    assert dict(zip(CYCLES, found, strict=True)) == CYCLES


def test_cycles_of_a_long_step(tmp_path: Path) -> None:
    """Longer than timer 1: 200,000 times around a loop of six cycles, and one of more than both."""
    need("avr-gcc", "simavr")
    code = ("  {\n    uint32_t n = (uint32_t)obs->obs[0];\n"
            '    __asm__ volatile("1:\\n\\tsubi %A0, 1\\n\\tsbci %B0, 0\\n\\tsbci %C0, 0\\n\\t"\n'
            '                     "sbci %D0, 0\\n\\tbrne 1b" : "+d"(n));\n  }\n')
    machine = SimavrMachine(edited(tmp_path, code))
    few, many, endless = (step.cycles for step in machine.run(
        observed(100_000, 300_000, 12_000_000), {0, 1, 2}))
    assert few is not None and many is not None
    assert abs(many - few - 6 * 200_000) < 2000  # the floats of the step differ
    assert endless is None


def test_stack_is_that_of_the_frame(tmp_path: Path) -> None:
    need("avr-gcc", "simavr")

    def used(size: int) -> int:
        folder = tmp_path / str(size)
        folder.mkdir()
        machine = SimavrMachine(edited(folder, (
            f"  volatile uint8_t deep[{size}];\n  for (size_t k = 0; k < {size}; k++)"
            " deep[k] = 1;\n  best = deep[3] - 1;\n")))
        machine.run(observed(0, 1))
        return machine.stack_used()

    assert used(1000) - used(300) == 700


@pytest.mark.parametrize(("code", "message"), [
    ("  volatile uint8_t deep[7600];\n  for (size_t k = 0; k < 7600; k++) deep[k] = 1;\n"
     "  best = deep[3] - 1;\n",
     "stack meets the variables"),
    ("  static volatile uint8_t wide[7900];\n  wide[best] = 1;\n"
     "  best = wide[1];\n", "not within region `data'"),
    ("  for (;;) {}\n", "does not end within"),
    ('  __asm__ volatile("cli\\n\\tsleep");\n', "does not end:"),
])
def test_what_goes_wrong_is_one_error(code: str, message: str, tmp_path: Path) -> None:
    need("avr-gcc", "simavr")
    with pytest.raises(VerificationError, match=message):
        SimavrMachine(edited(tmp_path, code), timeout=0.5).run(observed(0))


def test_many_steps_are_several_boots(build: Build, tmp_path: Path) -> None:
    need("avr-gcc", "simavr")
    builder = build("atmega2560", "gcc")
    rows = np.random.default_rng(3).normal(size=(30, 8)).astype(np.float32)
    inputs = [row.tobytes() for row in rows]
    whole = SimavrMachine(builder)
    results = [step.outputs.tobytes() for step in whole.run(inputs, {0, 17})]
    image = len(simavr.flash_of(builder.firmware.path, ATMEGA2560).image)
    small = replace(ATMEGA2560, flash_bytes=image + ATMEGA2560.ram_bytes + 4 + 7 * 33)
    parts = SimavrMachine(replace(builder, target=small, directory=tmp_path))
    assert [len(part) for part in parts._parts(inputs)] == [7, 7, 7, 7, 2]
    assert [step.outputs.tobytes() for step in parts.run(inputs, {0, 17})] == results


def test_sizes_are_those_of_avr_size(build: Build) -> None:
    import subprocess

    need("avr-gcc", "avr-size")
    builder = build("atmega2560", "gcc")
    sizes = measure_sizes(builder)

    def berkeley(path: Path) -> Mapping[str, int]:
        said = subprocess.run(["avr-size", path], capture_output=True, text=True, check=True).stdout
        names, numbers = (line.split()[:3] for line in said.splitlines()[:2])
        return {name: int(number) for name, number in zip(names, numbers, strict=True)}

    policy, empty = berkeley(builder.policy_only.path), berkeley(builder.empty.path)
    added = {name: policy[name] - empty[name] for name in policy}
    assert sizes.flash == added["text"] + added["data"]
    assert sizes.ram == added["data"] + added["bss"]


def test_what_is_missing_is_named(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = ImageBuilder(Path(__file__).with_name("lander.h"), LANDER, ATMEGA2560, Gcc(),
                           Path())
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingDependencyError, match="simavr is not installed"):
        SimavrMachine(builder)
    with pytest.raises(UsageError, match=r"Cortex-M4.*not run on simavr"):
        SimavrMachine(replace(builder, target=CORTEX_M4, toolchain=Zig()))


@pytest.mark.parametrize("steps", [400, pytest.param(40_000, marks=pytest.mark.exhaustive)])
def test_float_operations_of_avr_libc_round_as_numpy(build: Build, steps: int) -> None:
    """Numbers of every magnitude; free are the payload of a NaN and the last bit of a subnormal
    quotient, which avr-libc 2.0 rounds to the other neighbour now and then."""
    need("avr-gcc", "simavr")
    machine = SimavrMachine(build("atmega2560", "gcc", spec=PROBE))
    bits = np.random.default_rng(steps).integers(0, 1 << 32, (steps, 2), np.uint64)
    near = steps // 4  # exponents that meet
    bits[:near, 1] = bits[:near, 0] ^ (bits[:near, 1] & 0x83FFFFFF)
    pairs = bits.astype(np.uint32).view(np.float32)
    outputs = np.stack([step.outputs for step in machine.run([row.tobytes() for row in pairs])])
    a, b = pairs.T
    with np.errstate(all="ignore"):
        arithmetic = np.stack([a + b, a - b, a * b, a / b], 1)
    compared = np.stack([a < b, a <= b, a > b, a >= b, a == b, a != b], 1).astype(np.float32)
    number = ~np.isnan(arithmetic)
    assert np.array_equal(np.isnan(outputs[:, :4]), ~number)
    distance = np.abs(outputs[:, :4].view(np.int32).astype(np.int64) - arithmetic.view(np.int32))
    allowed = np.zeros_like(distance)
    allowed[:, 3] = np.abs(arithmetic[:, 3]) < np.finfo(np.float32).tiny
    assert (distance <= allowed)[number].all(), pairs[(distance > allowed).any(1)][:5]
    assert np.array_equal(outputs[:, 4:], compared)


@pytest.mark.parametrize("size", [5, 16, 17, 65536, 70000])
def test_intels_hexadecimal_format_is_read_back(size: int) -> None:
    """By the format's own definition: addresses of 16 bits, extended by records of type 4."""
    image, data = bytes(k * 7 % 256 for k in range(size)), b"behind it"
    read, upper, ended = bytearray(), 0, False
    for line in simavr.Flash(image, size + 100).hex(data).split():
        record = bytes.fromhex(line.removeprefix(":"))
        count, address, kind, content = (record[0], int.from_bytes(record[1:3], "big"), record[3],
                                         record[4:-1])
        assert line.startswith(":") and len(content) == count <= 16 and sum(record) % 256 == 0
        assert not ended
        if kind == 4:
            assert address == 0 and count == 2
            upper = int.from_bytes(content, "big") << 16
        elif kind == 1:
            assert address == 0 and count == 0
            ended = True
        else:
            assert kind == 0 and upper + address == len(read)
            read += content
    assert bytes(read) == image + data and ended
