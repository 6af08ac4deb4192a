# SPDX-License-Identifier: MIT
"""Every compiler, emulator and core computes the bits that numpy computes."""

import shutil
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from puffer_edge.errors import UsageError, VerificationError
from puffer_edge.targets import find_target
from puffer_edge.toolchains import Zig
from puffer_edge.verification.emulators.host_machine import HostMachine
from puffer_edge.verification.emulators.instructions import count_instructions
from puffer_edge.verification.emulators.qemu_machine import QemuMachine
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine
from puffer_edge.verification.harness import ImageBuilder
from tests.support.cores import AVR, BOTH, EMULATED, ON_QEMU

from .conftest import FOLDER, LANDER, PROBE, Build, Lander, Run

RESETS = {0, 5}


def need(*programs: str) -> list[pytest.MarkDecorator]:
    missing = [program for program in programs if shutil.which(program) is None]
    return [pytest.mark.gcc, pytest.mark.skipif(bool(missing), reason=f"needs {missing}")]


GCC = need("arm-none-eabi-gcc")
QEMU = need("qemu-system-arm")
MACHINES = [
    *(pytest.param(core, "zig", "unicorn", id=f"{core}-zig-unicorn") for core in EMULATED),
    *(pytest.param(core, "gcc", "unicorn", marks=GCC, id=f"{core}-gcc-unicorn") for core in BOTH),
    *(pytest.param(core, "zig", "qemu", marks=QEMU, id=f"{core}-zig-qemu") for core in ON_QEMU),
    *(
        pytest.param(core, "gcc", "qemu", marks=[*GCC, *QEMU[1:]], id=f"{core}-gcc-qemu")
        for core in ON_QEMU
    ),
    *(
        pytest.param(core, "gcc", "simavr", marks=need("avr-gcc", "simavr")[1:], id=core)
        for core in AVR
    ),
    pytest.param("host", "zig", "unicorn", id="host-zig"),
    pytest.param("host", "gcc", "unicorn", marks=need("gcc"), id="host-gcc"),
    pytest.param("host", "clang", "unicorn", marks=need("clang"), id="host-clang"),
]


def observations(count: int = 12) -> np.ndarray:
    """Observations of every magnitude whose sums stay finite (the largest weight is 1.8)."""
    rng = np.random.default_rng(7)
    scales = 10.0 ** rng.uniform(-44, 30, (count, 8))
    mixed = np.where(rng.random((count, 8)) < 0.5, rng.normal(size=(count, 8)), scales)
    return mixed.astype(np.float32)


@pytest.mark.parametrize(("target", "toolchain", "emulator"), MACHINES)
def test_bits_equal_numpy(
    build: Build, lander: Lander, target: str, toolchain: str, emulator: str, run_on: Run
) -> None:
    machine = run_on(build(target, toolchain), emulator)
    inputs = observations()
    results = machine.run([x.tobytes() for x in inputs], RESETS)
    for index, (observation, result) in enumerate(zip(inputs, results, strict=True)):
        if index in RESETS:
            lander.reset()
        logits = lander.step(observation)
        assert result.status == 0
        assert result.outputs.tobytes() == logits.tobytes()
        assert np.frombuffer(result.action, "<i4") == [np.argmax(logits)]
        assert (result.instructions is None) == (target in ("host", *AVR))
        assert (result.cycles is None) == (target not in AVR)
    assert machine.selftest() == 0


@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m4"])
def test_cpp_gives_the_same_bits(build: Build, target: str, run_on: Run) -> None:
    inputs = [x.tobytes() for x in observations()]
    results = {
        language: run_on(build(target, language=language)).run(inputs) for language in ("c", "c++")
    }
    for c, cpp in zip(results["c"], results["c++"], strict=True):
        assert (c.status, c.action, c.outputs.tobytes()) == (
            cpp.status,
            cpp.action,
            cpp.outputs.tobytes(),
        )


FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True, allow_subnormal=True)


@pytest.mark.parametrize("target", [*EMULATED, "host"])
def test_float_operations_equal_numpy_everywhere(build: Build, target: str, run_on: Run) -> None:
    """The whole of binary32, subnormal numbers included; only the payload of a NaN is free."""
    machine = run_on(build(target, spec=PROBE))
    assert isinstance(machine, UnicornMachine | HostMachine)

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(FLOATS, FLOATS)
    def check(first: float, second: float) -> None:
        a, b = np.float32(first), np.float32(second)
        with np.errstate(all="ignore"):
            arithmetic = np.array([a + b, a - b, a * b, a / b], np.float32)
        compared = np.array([a < b, a <= b, a > b, a >= b, a == b, a != b], np.float32)
        outputs = machine.step(np.array([a, b]).tobytes()).outputs
        number = ~np.isnan(arithmetic)
        assert np.array_equal(np.isnan(outputs[:4]), ~number)
        assert outputs[:4][number].tobytes() == arithmetic[number].tobytes()
        assert outputs[4:].tobytes() == compared.tobytes()

    check()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m4", "host"])
def test_status_is_passed_on_and_state_kept(
    build: Build, lander: Lander, target: str, bad: float, run_on: Run
) -> None:
    good = observations(2)
    refused = good[0].copy()
    refused[3] = bad
    machine = run_on(build(target))
    results = machine.run([x.tobytes() for x in (good[0], refused, good[1])])
    assert [result.status for result in results] == [0, 1, 0]
    lander.step(good[0])
    assert results[2].outputs.tobytes() == lander.step(good[1]).tobytes()


@pytest.mark.parametrize(
    ("target", "toolchain"),
    [*((core, "zig") for core in EMULATED), *(pytest.param(c, "gcc", marks=GCC) for c in BOTH)],
)
def test_block_count_equals_instruction_count(build: Build, target: str, toolchain: str) -> None:
    """Unicorn's own hook per instruction, with its own sizes, sees what the block lengths say.

    That hook is silent about an instruction that its IT block skips, which a core does fetch and
    spend a cycle on: those, and only those, may have been seen less often than counted.
    """
    import unicorn

    machine = UnicornMachine(build(target, toolchain).image)
    core = machine._core
    blocks: Counter[tuple[int, int]] = Counter()
    seen: Counter[int] = Counter()
    sizes: dict[int, int] = {}

    def on_block(_: object, address: int, size: int, __: object) -> None:
        blocks[address, size] += 1

    def on_instruction(_: object, address: int, size: int, __: object) -> None:
        seen[address] += 1
        sizes[address] = size

    core.hook_add(unicorn.UC_HOOK_BLOCK, on_block)
    core.hook_add(unicorn.UC_HOOK_CODE, on_instruction)
    core.mem_write(machine._elf.symbols["edge_obs"], observations(1).tobytes())
    machine._call("edge_step")

    passed: Counter[int] = Counter()
    predicated = set()
    for (start, size), times in blocks.items():
        address, skippable = start, 0
        while address < start + size:
            passed[address] += times
            if skippable:
                predicated.add(address)
                skippable -= 1
            low, high = core.mem_read(address, 2)
            if target != "riscv32" and high == 0xBF and low & 15:  # IT: its mask ends in a 1
                skippable = 4 - ((low & 15) & -(low & 15)).bit_length() + 1
            # An instruction that every pass has skipped has no size from the hook.
            encoded = 4 // count_instructions(bytes(core.mem_read(address, 4)), thumb=True)
            address += sizes.get(address, encoded)
    assert sum(passed.values()) == machine._counter.executed > 100
    assert all(seen[address] == passed[address] for address in passed if address not in predicated)
    assert all(seen[address] <= passed[address] for address in predicated)


@pytest.mark.parametrize("core", BOTH)
@pytest.mark.parametrize(
    "toolchain", [pytest.param("zig", marks=QEMU), pytest.param("gcc", marks=[*GCC, *QEMU[1:]])]
)
def test_qemu_counts_the_instructions_and_stack_of_unicorn(
    build: Build, toolchain: str, core: str
) -> None:
    """Block lengths on one emulator, a timer on the other: not one instruction apart."""
    builder = build(core, toolchain)
    inputs = [x.tobytes() for x in observations()]
    unicorn, qemu = UnicornMachine(builder.image), QemuMachine(builder)
    counts = [[step.instructions for step in machine.run(inputs)] for machine in (unicorn, qemu)]
    assert counts[0] == counts[1]
    assert unicorn.stack_used() == qemu.stack_used() > 32  # next[8] lies on the stack


@QEMU[1]
def test_a_board_that_unicorn_lacks_counts_the_same(tmp_path: Path) -> None:
    """Code of the Cortex-M33 on both boards: on one of them a tick is 31.25 instructions."""
    m33, m55 = find_target("cortex-m33"), find_target("cortex-m55")
    older = replace(m55, zig_cpu=m33.zig_cpu)
    inputs = [x.tobytes() for x in observations()]
    counts = []
    for target in (m33, older):
        folder = tmp_path / target.name
        folder.mkdir()
        builder = ImageBuilder(FOLDER / "lander.h", LANDER, target, Zig(), folder)
        counts.append([step.instructions for step in QemuMachine(builder).run(inputs)])
    assert counts[0] == counts[1]


@pytest.mark.parametrize("target", ["cortex-m4", "host", pytest.param("cortex-m3", marks=QEMU)])
def test_an_observation_of_the_wrong_size_is_refused(
    build: Build, target: str, run_on: Run
) -> None:
    machine = run_on(build(target), "qemu" if target == "cortex-m3" else "unicorn")
    with pytest.raises(UsageError, match="has 32 bytes, not 31"):
        machine.run([b"x" * 31])


def test_unknown_emulator(build: Build, run_on: Run) -> None:
    with pytest.raises(UsageError, match="no emulator 'bochs'"):
        run_on(build("cortex-m4"), "bochs")


def test_code_of_a_larger_core_faults_on_a_smaller(build: Build) -> None:
    """The emulated core is the one that was asked for: an M0 has no FPU and no Thumb-2."""
    from puffer_edge.targets import CORTEX_M0

    image = replace(build("cortex-m4").image, target=CORTEX_M0)
    with pytest.raises(VerificationError, match="faults"):
        UnicornMachine(image).step(observations(1)[0].tobytes())


def test_host_process_is_ended(build: Build) -> None:
    machine = HostMachine(build("host").image)
    with closing(machine):
        assert machine._process.poll() is None
    assert machine._process.poll() is not None


@pytest.mark.parametrize("optimize", ["-O0", "-Os", "-O3"])
@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m4"])
def test_optimisation_changes_no_bit(
    tmp_path: Path, run_on: Run, lander: Lander, target: str, optimize: str
) -> None:
    folder = tmp_path / "a folder, with a comma"
    folder.mkdir()
    builder = ImageBuilder(
        FOLDER / "lander.h", LANDER, find_target(target), Zig(), folder, optimize=optimize
    )
    inputs = observations(4)
    results = run_on(builder).run([x.tobytes() for x in inputs])
    for observation, result in zip(inputs, results, strict=True):
        assert result.outputs.tobytes() == lander.step(observation).tobytes()
