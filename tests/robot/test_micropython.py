# SPDX-License-Identifier: MIT
"""``policy_robot.py`` has the bits of the oracle, under CPython and MicroPython."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.errors import UsageError
from puffer_edge.exporters.micropython.robot import arrays_bytes
from puffer_edge.robot import RobotContract
from puffer_edge.robot.identity import identity
from puffer_edge.robot.reading import read_contract
from puffer_edge.robot.reference import Packer
from puffer_edge.verification.micropython.interpreters import run_cpython, run_webassembly
from tests.robot.contracts import policy, rl_sar
from tests.robot.test_c import contract_of
from tests.tools import need_micropython

STEPS = 100
SCRIPT = f"""
from array import array
import hashlib
from policy import Policy
from policy_robot import KINDS, SENSORS, Robot, floats
robot = Robot(Policy())
seed, digest = 1, hashlib.sha256()
def fill(numbers):
    global seed
    cell = array("f", [0])
    for i in range(len(numbers)):
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        cell[0] = (seed >> 16) / 16384 - 2  # exact
        numbers[i] = cell[0]
action = floats(len(robot._action))
for step in range({STEPS}):
    if step == {STEPS // 2}:
        robot.reset()
    for name, _ in SENSORS:
        fill(robot.sensors[name])
    digest.update(bytes(robot.pack()))
    fill(action)
    robot.unpack(action)
    for kind in KINDS:
        digest.update(bytes(robot.targets[kind]))
from binascii import hexlify
print(hexlify(digest.digest()).decode())
first = SENSORS[0][0]
robot.sensors[first][0] = float("nan")
try:
    robot.step()
except ValueError as error:
    print(error)
robot.sensors[first][0] = 0
print(robot.step() is robot.targets)
def kept(value):
    if isinstance(value, dict):
        return sum(kept(each) for each in value.values())
    return 4 * len(value) if isinstance(value, array) else 0
print(kept(robot.__dict__) - kept(robot._cell) - kept(robot._clocks))
"""


def digest(contract: RobotContract) -> str:
    """What the script prints, by the oracle."""
    seed, found = 1, hashlib.sha256()

    def numbers(size: int) -> np.ndarray:
        nonlocal seed
        values = []
        for _ in range(size):
            seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
            values.append((seed >> 16) / 16384 - 2)
        return np.array(values, np.float32)

    packer = Packer(contract)
    kept = {kind: np.zeros(contract.joints, np.float32)
            for kind in dict.fromkeys(contract.action.kind)}
    for step in range(STEPS):
        if step == STEPS // 2:
            packer.reset()
        found.update(packer.pack({name: numbers(size)
                                  for name, size in contract.sensors.items()}).tobytes())
        for kind, targets in packer.unpack(numbers(contract.action.size)).items():
            kept[kind] = np.where(np.isnan(targets), kept[kind], targets)
        for targets in kept.values():
            found.update(targets.tobytes())
    return found.hexdigest()


@pytest.mark.parametrize(("kind", "steps"), [("unitree", 3), ("newest", 3), ("oldest", 1),
                                             ("oldest", 2)])
def test_the_bits_of_the_oracle(kind: str, steps: int, tmp_path: Path) -> None:
    """Of histories of so many steps; of one, nothing is kept."""
    need_micropython()
    contract = (contract_of(kind, tmp_path) if steps == 3 else
                read_contract(rl_sar(tmp_path, ages=str(list(range(steps))))))
    size = contract.observation_size
    recording = np.random.default_rng(0).normal(0, 1, (200, size)).astype(np.float32)
    directory = puffer_edge.export(policy(contract), tmp_path / "a", target="micropython",
                                   name="lander", contract=contract, scheme="int8",
                                   calibrate=recording)
    first = next(iter(contract.sensors))
    # What is told of the memory is what its arrays take.
    wanted = [digest(contract), f"{first} is NaN or infinite", "True",
              str(arrays_bytes(contract))]
    (directory / "script.py").write_text(SCRIPT)
    for run in (run_cpython, run_webassembly)[: steps - 1 or 1]:
        assert run(directory, "script.py").split("\n")[:4] == wanted


def test_a_policy_of_another_contract_is_refused_on_the_device(tmp_path: Path) -> None:
    contract = contract_of("unitree", tmp_path)
    recording = np.random.default_rng(0).normal(0, 1, (200, 96)).astype(np.float32)
    directory = puffer_edge.export(policy(contract), tmp_path / "a", target="micropython",
                                   contract=contract, scheme="int8", calibrate=recording)
    (directory / "script.py").write_text(
        "from policy import Policy\nfrom policy_robot import Robot\ntry:\n    Robot(Policy())\n"
        "    print('good')\nexcept ValueError as error:\n    print(error)\n")
    ours = identity(contract)
    assert run_cpython(directory, "script.py").strip() == "good"
    text = (directory / "policy.py").read_text()
    assert f'ROBOT = "{ours}"' in text
    for other, said in ((f'ROBOT = "{"ab" * 32}"', "ab" * 8), ("", "none")):
        (directory / "policy.py").write_text(text.replace(f'ROBOT = "{ours}"', other))
        assert run_cpython(directory, "script.py").strip() == (
            f"policy is of the contract {said}, policy_robot of {ours[:16]}")


def test_the_smallest_form_has_no_floats(tmp_path: Path) -> None:
    contract = replace(contract_of("unitree", tmp_path), name="")
    recording = np.random.default_rng(0).normal(0, 1, (200, 96)).astype(np.float32)
    with pytest.raises(UsageError, match="smallest form"):
        puffer_edge.export(policy(contract), tmp_path / "a", target="micropython",
                           board="microbit", contract=contract, scheme="int8",
                           calibrate=recording)
