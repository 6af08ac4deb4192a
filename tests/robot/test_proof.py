# SPDX-License-Identifier: MIT
"""Files of every trainer, 1,000 random steps: a computer, a Cortex-M4, and MicroPython.

The small form of it is in ``test_c.py`` and ``test_micropython.py``.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.firmware.project import project
from puffer_edge.robot import RobotContract
from puffer_edge.robot.reading import read_contract
from puffer_edge.verification.micropython.interpreters import run_cpython, run_webassembly
from tests.robot import test_micropython
from tests.robot.contracts import deploy_yaml, policy, rl_sar
from tests.robot.network_files import exploy, holosoma, leapp_yaml, mjlab
from tests.robot.test_c import BOARD, PROBE, STEPS, digest, on_this_computer
from tests.tools import need, need_micropython

pytestmark = pytest.mark.exhaustive


def unitree(folder: Path) -> Path:
    (folder / "deploy.yaml").write_text(deploy_yaml(seed=5, history=4))
    return folder / "deploy.yaml"


def leapp(folder: Path) -> Path:
    (folder / "walk.yaml").write_text(leapp_yaml())
    return folder / "walk.yaml"


FILES = {"unitree": unitree, "leapp": leapp,
         "rl_sar time": lambda folder: rl_sar(folder, ages="[2, 1, 0]"),
         "rl_sar term": lambda folder: rl_sar(folder, priority="term"),
         "mjlab": lambda folder: mjlab(folder / "policy.onnx"),
         "exploy": lambda folder: exploy(folder / "policy.onnx"),
         "holosoma": lambda folder: holosoma(folder / "policy.onnx", seed=1, history=5)}


@pytest.mark.parametrize("kind", FILES)
def test_the_bits_of_the_oracle_on_a_computer_and_a_board(kind: str, tmp_path: Path) -> None:
    need("make", "gcc", "clang", "arm-none-eabi-gcc", "qemu-system-arm")
    contract = read_contract(FILES[kind](tmp_path), rate=50)
    directory = puffer_edge.export(policy(contract, wide=contract.history_order == "term"),
                                   tmp_path / "a", name="lander", contract=contract)
    wanted = digest(contract)
    for compiler in (["gcc", "-O3", "-march=native"], ["clang", "-O2", "-std=c99"]):
        assert on_this_computer(directory, tmp_path, compiler) == wanted
    project(directory, "stm32f4", tmp_path / "p")
    (tmp_path / "p" / "main.c").write_text(
        f"#define STEPS {STEPS}u\n" + PROBE.read_text() + BOARD)
    done = subprocess.run(["make", "-C", str(tmp_path / "p"), "qemu"], capture_output=True,
                          text=True, timeout=600, check=False)
    assert wanted in done.stdout + done.stderr, done.stdout + done.stderr


@pytest.mark.parametrize("kind", FILES)
def test_the_bits_of_the_oracle_in_micropython(kind: str, tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    need_micropython()
    contract: RobotContract = read_contract(FILES[kind](tmp_path), rate=50)
    recording = np.random.default_rng(0).normal(0, 1, (200, contract.observation_size))
    directory = puffer_edge.export(policy(contract), tmp_path / "a", target="micropython",
                                   name="lander", contract=contract, scheme="int8",
                                   calibrate=recording.astype(np.float32))
    monkeypatch.setattr(test_micropython, "STEPS", STEPS)
    script = test_micropython.SCRIPT.replace("range(100)", f"range({STEPS})").replace(
        "step == 50", f"step == {STEPS // 2}")
    assert f"range({STEPS})" in script and f"step == {STEPS // 2}" in script
    (directory / "script.py").write_text(script)
    for run in (run_cpython, run_webassembly):
        assert run(directory, "script.py").split("\n")[0] == test_micropython.digest(contract)
