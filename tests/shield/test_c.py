# SPDX-License-Identifier: MIT
"""``policy_shield.h`` has the bits of the oracle."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.shield import Shield, fit
from puffer_edge.targets import TARGETS
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.emulators.opening import open_machine
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.shielded import Steps, interface, oracle, write_header
from tests.robot.test_c import STRICT
from tests.shield.cases import policy, steps, wishes
from tests.tools import need

STEPS = 400


def built(name: str, folder: Path, target: str, toolchain: str, optimize: str = "-O2",
          ) -> tuple[Program, Shield, ImageBuilder]:
    kind, wish = wishes()[name]
    program = policy(kind)
    directory = puffer_edge.export(program, folder / "a", name="lander", shield=wish)
    code = {file.name: file.read_bytes() for file in directory.glob("*.h")}
    shield, _ = fit(wish, program, None, None)
    header = write_header(folder, code, program, shield, "lander")
    (folder / "build").mkdir()
    return program, shield, ImageBuilder(
        header, interface(program), TARGETS[target], find_toolchain(toolchain), folder / "build",
        optimize=optimize)


def run(builder: ImageBuilder, fed: Steps) -> list[bytes]:
    with open_machine(builder, "unicorn") as machine:
        return [step.action for step in machine.run(
            fed.records(), frozenset(np.flatnonzero(fed.reset)))]


@pytest.mark.parametrize("name", list(wishes()))
def test_the_bits_of_the_oracle_on_a_computer(name: str, tmp_path: Path) -> None:
    program, shield, builder = built(name, tmp_path, "host", "zig")
    fed = steps(STEPS)
    wanted, found = oracle(optimize(program), shield, fed), run(builder, fed)
    assert [i for i in range(STEPS) if found[i] != wanted[i]] == []


@pytest.mark.parametrize("name", ["all", "falls back", "nothing"])
def test_no_compiler_warns(name: str, tmp_path: Path) -> None:
    need("gcc", "clang")
    _, wish = wishes()[name]
    directory = puffer_edge.export(policy(wishes()[name][0]), tmp_path / "a", name="lander",
                                   shield=wish)
    for compiler in (["gcc", "-O2"], ["clang", "-std=c99", "-O1"], ["g++", "-x", "c++", "-O1"]):
        subprocess.run([*compiler, *STRICT, "-c", str(directory / "policy.c"), "-o",
                        str(tmp_path / "a.o")], check=True, timeout=120)


def test_without_a_shield_nothing_changes(tmp_path: Path) -> None:
    plain = puffer_edge.export(policy(), tmp_path / "plain", name="lander")
    behind = puffer_edge.export(policy(), tmp_path / "behind", name="lander",
                                shield=wishes()["all"][1])
    for file in ("policy.h", "program.npz", "vectors.npz"):
        assert (plain / file).read_bytes() == (behind / file).read_bytes()
    assert not (plain / "policy_shield.h").exists()
