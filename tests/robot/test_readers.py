# SPDX-License-Identifier: MIT
"""Files of robots give what their owners' controllers compute; anything else is one error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from puffer_edge.errors import FileFormatError, PufferEdgeError, UsageError
from puffer_edge.robot import RobotContract
from puffer_edge.robot.readers.own import read_toml
from puffer_edge.robot.reading import read_contract
from puffer_edge.robot.reference import Packer
from puffer_edge.robot.writing import to_toml
from tests.robot.contracts import deploy_yaml, rl_sar
from tests.robot.controllers import RlSar, Unitree
from tests.robot.network_files import mjlab

TOLERANCE = 1e-5
"""Some float32 operations on numbers of at most 100, three of them at most in a row."""


def sensors(contract: RobotContract, random: np.random.Generator) -> dict[str, Any]:
    """What a robot might measure."""
    found = {name: random.normal(0, 1, size).astype(np.float32)
             for name, size in contract.sensors.items()}
    if "orientation" in found:
        found["orientation"] /= np.linalg.norm(found["orientation"])
    return found


@pytest.mark.parametrize("seed", range(3))
def test_unitree(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "deploy.yaml"
    path.write_text(deploy_yaml(seed, history=seed + 1))
    contract, theirs = read_contract(path), Unitree(path.read_text())
    packer, random = Packer(contract), np.random.default_rng(seed)
    for _ in range(100):
        robot = sensors(contract, random)
        np.testing.assert_allclose(packer.pack(robot), theirs.observe(robot), atol=TOLERANCE)
        action = random.normal(0, 2, contract.action.size).astype(np.float32)
        targets, wanted = packer.unpack(action)["position"], theirs.act(action)
        np.testing.assert_allclose([targets[joint] for joint in wanted], list(wanted.values()),
                                   atol=TOLERANCE)
        assert np.isnan(targets[[j for j in range(contract.joints) if j not in wanted]]).all()


@pytest.mark.parametrize("ages", ["[]", "[0, 1, 2]", "[2, 1, 0]"])
@pytest.mark.parametrize("priority", ["time", "term"])
def test_rl_sar(ages: str, priority: str, tmp_path: Path) -> None:
    path = rl_sar(tmp_path, ages=ages, priority=priority)
    contract, theirs = read_contract(path), RlSar(path)
    packer, random = Packer(contract), np.random.default_rng(1)
    for _ in range(50):
        robot = sensors(contract, random)
        np.testing.assert_allclose(packer.pack(robot), theirs.observe(robot), atol=TOLERANCE)
        action = random.normal(0, 2, contract.action.size).astype(np.float32)
        targets, (positions, velocities) = packer.unpack(action), theirs.act(action)
        for joint, value in positions.items():
            assert abs(targets["position"][joint] - value) < TOLERANCE
        for joint, value in velocities.items():
            assert abs(targets["velocity"][joint] - value) < TOLERANCE


def test_metadata_of_an_onnx_file(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    joints, size = 5, 25
    path = mjlab(tmp_path / "policy.onnx")
    contract = read_contract(path, rate=50)
    assert contract.observation_size == size and contract.period == 0.02
    assert contract.sensors == {"base_ang_vel": 3, "orientation": 4, "joint_position": 5,
                                "joint_velocity": 5, "heights": 4}
    packer = Packer(contract)
    robot = sensors(contract, np.random.default_rng(0))
    seen = packer.pack(robot)
    np.testing.assert_array_equal(
        seen[6:11], robot["joint_position"] - np.float32([0.1, -0.2, 0.3, 0.0, 0.5]))
    assert packer.unpack([1.0] * joints)["position"][1] == np.float32(0.25) - np.float32(0.2)
    with pytest.raises(UsageError, match="how often"):
        read_contract(path)


def test_what_is_written_is_read_as_the_same(tmp_path: Path) -> None:
    (tmp_path / "deploy.yaml").write_text(deploy_yaml())
    for path in (tmp_path / "deploy.yaml", rl_sar(tmp_path)):
        contract = read_contract(path)
        assert read_toml(to_toml(contract), "") == contract


TOML = """
rate = 50
joints = ["left", "right"]
[[observation]]
name = "gyro"
size = 3
scale = 0.25
[[observation]]
name = "joint_position"
joints = ["right", "left"]
offset = [0.1, -0.1]
history = 2
[action]
scale = 0.5
"""


def test_a_file_of_a_person() -> None:
    contract = read_toml(TOML, "")
    assert contract.observation_size == 7 and contract.observation[1].joint_map == (1, 0)
    packer = Packer(contract)
    robot = {"gyro": [4, 8, 12], "joint_position": [1, 2]}
    np.testing.assert_array_equal(packer.pack(robot), np.float32(
        [1, 2, 3, np.float32(2) - np.float32(0.1), np.float32(1) + np.float32(0.1)] * 1
        + [np.float32(2) - np.float32(0.1), np.float32(1) + np.float32(0.1)]))


@pytest.mark.parametrize(("old", "new", "what"), [
    ("rate = 50", "rate = 0", "0.0 Hz"),
    ("rate = 50", "rate = 50\nperiod = 0.02", "either the rate"),
    ("size = 3", "size = -3", "no whole number"),
    ("size = 3", "sise = 3", "no key 'sise'"),
    ("scale = 0.25", "scale = [1.0, 2.0]", "2 numbers, where there are 3"),
    ("scale = 0.25", "scale = nan", "no finite number"),
    ('["right", "left"]', '["right", "middle"]', "none of the robot's"),
    ('["right", "left"]', "[0, 0]", "two elements have one joint"),
    ('["right", "left"]', "[0, 2]", "joint 2 of a robot with 2 joints"),
    ('name = "gyro"', 'name = "int"', "cannot name a term"),
    ('name = "gyro"', 'name = "joint_position"', "two terms|2 elements|3 elements|joints"),
    ("history = 2", "history = 100000", "200003 numbers"),
    ("[action]", "[action", "not TOML"),
    ("scale = 0.5", "scale = 1" + "0" * 400, "no finite number"),
    ("scale = 0.5", "scale = [[1], [2]]", "a list"),
    ("rate = 50", "rate = 50\nclip = [5, 5]", "bounds 5.0 and 5.0"),
    ("rate = 50", "period = 1e-9", "control period"),
    ("size = 3", 'size = 3\nunit = "\\"\\"\\"; import os"', "no name or unit"),
    ("size = 3", 'size = 3\nunit = "*/ x"', "no name or unit"),
])
def test_a_wrong_file_is_one_error(old: str, new: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "contract.toml"
    assert old in TOML
    path.write_text(TOML.replace(old, new, 1))
    with pytest.raises(FileFormatError, match=what):
        read_contract(path)


@pytest.mark.parametrize(("joint", "what"), [
    ('right\\", print(1), \\"', "no name or unit"), ("", "no names"), ("le-ft", "no names"),
    ("r\u00e9", "no short text"), ("r\\nx", "no short text")])
def test_names_of_joints_are_safe_in_code(joint: str, what: str, tmp_path: Path) -> None:
    """They become strings and macros of what is generated."""
    path = tmp_path / "contract.toml"
    path.write_text(TOML.replace("left", "le_ft").replace("right", joint))
    with pytest.raises(FileFormatError, match=what):
        read_contract(path)


@pytest.mark.parametrize("text", [
    "", "[1, 2]", "a: &x [*x]", "a: " + "[" * 100_000, "a: !!python/object/apply:os.system [ls]",
    "joint_ids_map: !!python/name:os.system\nstep_dt: 1\nobservations: {}\nactions: {}", "\x00",
    "&a [" + "*a," * 200 + "]", "x: 1\nx: {observations: 1, action_scale: 2}",
    "joint_ids_map: [0]\nstep_dt: 0.1\nobservations: {velocity_commands: {scale: [1, 1, 1]}}\n"
    "actions: {JointPositionAction: {clip: [null]}}\ncommands: {base_velocity: {ranges: {}}}",
    "a: &a [1, 1]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\nd: &d [*c, *c, *c, *c]\n"
    "joint_ids_map: *d\nstep_dt: *d\nobservations: *d\nactions: *d",
    "joint_ids_map: [0]\nstep_dt: .inf\nobservations: {a: {scale: [1]}}\n"
    "actions: {JointPositionAction: {scale: [1], offset: [1]}}",
])
def test_hostile_yaml_is_one_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "deploy.yaml"
    path.write_text(text)
    with pytest.raises(PufferEdgeError):
        read_contract(path)
