# SPDX-License-Identifier: MIT
"""Interpreter == C for integer policies, on every core with every compiler and optimisation.

By default each machine of the matrix runs a policy over a sequence of 1,000 steps, and each policy
runs in some scheme; in all of them with ``-m exhaustive``. The whole product, over 10,000 steps
each, takes most of an hour on two cores, on QEMU (by the time of its parts):

    pytest tests/proof -m exhaustive

PROOF_CORES names those that the whole product is taken of, where not all of them changed:

    PROOF_CORES="riscv32 cortex-m4" pytest tests/proof/test_matrix.py -m exhaustive
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from puffer_edge.artefact.opening import Subject, read_subject
from puffer_edge.errors import PufferEdgeError
from puffer_edge.quantization.schemes import SCHEMES
from puffer_edge.targets import TARGETS
from tests.proof.digests import (
    CASES,
    EPISODE,
    MACHINES,
    Machine,
    comparable,
    expected,
    integer_program,
    noise,
    programs,
)
from tests.support.exporting import write_artefact

PROOF_STEPS = 10 * EPISODE
CORES = os.environ.get("PROOF_CORES", "").split()


def part(case: str, entry: str, directory: Path, core: str = "host") -> Subject:
    """The artefact of a case, seen from one of its ways in; some cores have their own."""
    own = core in TARGETS and (TARGETS[core].helium or TARGETS[core].dsp)
    target = core if own else "host"
    write_artefact(integer_program(case), directory / "a", target=target, name="zoo",
                   scheme=case.rsplit("_", 1)[1])
    subject = read_subject(directory / "a")
    found = subject.integers if entry == "integers" else subject
    assert found is not None
    return found


def check(case: str, entry: str, machine: Machine, steps: int, directory: Path) -> None:
    wanted = expected(case, entry, steps)
    work = directory / "work"
    work.mkdir()
    got = machine.digests(part(case, entry, directory, machine.core), steps, work)
    wrong = np.flatnonzero(got != wanted)
    assert got.shape == wanted.shape and not wrong.size, f"step {wrong[0]} gave other bits"


def spread() -> list[tuple[str, str, Machine]]:
    """Machines and cases in turn, until each machine had a case and each case one way in.

    A libc for each of Zig's other machines is compiled once, which takes a while; one is enough.
    """
    machines = [machine for machine in MACHINES if (machine.core, machine.toolchain)
                not in (("ppc", "zig"), ("aarch64", "zig"), ("aarch64-sdot", "zig"))]
    # Four schemes in turn are a policy: two of them come as integers, and another two of the next.
    entries = [(case, ("integers", "float")[(i + i // 4) % 2]) for i, case in enumerate(CASES)]
    policies: dict[str, list[tuple[str, str]]] = {}
    for case, entry in entries:
        policies.setdefault(case.rpartition("_")[0], []).append((case, entry))
    # Of each policy one scheme, others of others, then of each the next.
    entries = [schemes[(i + turn) % len(schemes)] for turn in range(4)
               for i, schemes in enumerate(policies.values()) if turn < len(schemes)]
    count = max(len(machines), len(entries))
    return [(*entries[i % len(entries)], machines[i % len(machines)]) for i in range(count)]


@functools.cache
def short() -> int:
    """How many make sure that each machine has a case, and each policy a machine."""
    return len({machine for *_, machine in spread()})


@pytest.mark.parametrize(("case", "entry", "machine"), [
    pytest.param(*row, marks=() if index < short() else pytest.mark.exhaustive)
    for index, row in enumerate(spread())], ids=str)
def test_the_same_bits_everywhere(case: str, entry: str, machine: Machine, tmp_path: Path) -> None:
    if not comparable(case, entry, machine):
        entry = "float"
    check(case, entry, replace(machine, emulator="unicorn"), EPISODE, tmp_path)


@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4", "cortex-m33", "riscv32"])
def test_the_other_emulator(core: str, tmp_path: Path) -> None:
    """What the whole product runs on."""
    check("gru_2_layers_int8", "float", Machine(core, "gcc", "-O2", "qemu"), EPISODE, tmp_path)


def test_ten_thousand_steps_on_this_computer(tmp_path: Path) -> None:
    check("lstm_2_layers_int8x16", "integers", Machine("host", "zig", "-O3"), PROOF_STEPS, tmp_path)


def test_every_machine_and_every_case_is_there() -> None:
    """What the default takes part in cannot shrink unnoticed."""
    every = spread()[:short()]
    machines = {(machine.core, machine.toolchain, machine.optimize) for *_, machine in every}
    cores = {"host", "cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33",
             "cortex-m55"}
    assert machines >= set(product(cores, ("gcc", "zig"), ("-O0", "-O2", "-O3")))
    assert machines >= set(product(("riscv32",), ("gcc", "zig"), ("-O0", "-O2", "-O3")))
    assert machines >= set(product(("mips",), ("zig",), ("-O0", "-O2", "-O3")))
    assert machines >= set(product(("ppc",), ("gcc",), ("-O0", "-O2", "-O3")))
    assert {case for case, *_ in spread()} == set(CASES)
    assert {case.rpartition("_")[0] for case, *_ in every} == {
        case.rpartition("_")[0] for case in CASES}
    for scheme in SCHEMES:
        assert {entry for case, entry, _ in every if case.endswith(f"_{scheme}")} == {
            "integers", "float"}


def test_one_wrong_bit_is_found_with_its_step(tmp_path: Path) -> None:
    """Large integers are taken in one too small: bits differ from a step on that holds one."""
    subject = part("mlp_int8", "integers", tmp_path)
    header = subject.directory / "policy.h"
    text = header.read_text()
    changed = text.replace("] = x[i];", "] = (int16_t)(x[i] - (x[i] > 100));")
    assert changed != text
    header.write_text(changed)
    got = Machine("host", "zig", "-O2").digests(subject, EPISODE, tmp_path)
    wanted = expected("mlp_int8", "integers", EPISODE)
    first = int(np.flatnonzero(got != wanted)[0])
    assert first > 0 and (got[first:] != wanted[first:]).all()
    assert (noise(programs("mlp_int8")["integers"], EPISODE)[first] > 100).any()


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", CASES)
def test_the_whole_product(case: str, tmp_path: Path) -> None:
    """One test per case, as 11,000 of them would be listed, and left out, with every other run."""
    wrong, ran, missing = [], 0, set()
    chosen = [machine for machine in MACHINES if machine.core in CORES or not CORES]
    assert {machine.core for machine in chosen} >= set(CORES)
    for machine, entry in product(chosen, ("integers", "float")):
        if not comparable(case, entry, machine):
            continue
        folder = tmp_path / f"{machine} {entry}"
        folder.mkdir()
        try:
            check(case, entry, machine, PROOF_STEPS, folder)
            ran += 1
        except pytest.skip.Exception as skipped:
            missing.add(str(skipped))
        except (AssertionError, PufferEdgeError, subprocess.SubprocessError) as error:
            wrong.append(f"{machine} {entry}: {error}")
        shutil.rmtree(folder)
    assert wrong == []
    if missing:
        pytest.skip(f"{ran} machines agree; {', '.join(sorted(missing))}")
