# SPDX-License-Identifier: MIT
"""Contracts that lie in or beside a network give what their owners' runtimes feed it."""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from puffer_edge.errors import PufferEdgeError
from puffer_edge.robot.identity import identity
from puffer_edge.robot.readers.own import read_toml
from puffer_edge.robot.reading import read_contract
from puffer_edge.robot.reference import Packer
from puffer_edge.robot.showing import differences
from puffer_edge.robot.writing import to_toml
from tests.robot.contracts import deploy_yaml, rl_sar
from tests.robot.controllers import rotate_inverse
from tests.robot.network_files import JOINTS, MJLAB, exploy, holosoma, leapp_yaml, mjlab
from tests.robot.test_readers import TOLERANCE, sensors


class Holosoma:
    """Its ObservationManager and JointPositionActionTerm, in float64, from the file's settings."""

    def __init__(self, path: Path) -> None:
        import onnx

        said = {each.key: json.loads(each.value) for each in onnx.load(path).metadata_props}
        self.names, self.kp, config = said["dof_names"], said["kp"], said["experiment_config"]
        self.robot, self.group = config["robot"], config["observation"]["groups"]["actor_obs"]
        self.bound = config["observation"]["clip_observations"]
        angles = self.robot["init_state"]["default_joint_angles"]
        self.pose = np.array([angles[name] for name in self.names])
        self.action = np.zeros(len(self.names))
        self.buffers = {name: deque(maxlen=self.group["history_length"])
                        for name in self.group["terms"]}

    def observe(self, robot: dict[str, Any]) -> Any:
        parts = {}
        for name, term in self.group["terms"].items():
            value = np.asarray(self._raw(name, term, robot), float) * term["scale"]
            if term["clip"] is not None:
                value = np.clip(value, *term["clip"])
            buffer = self.buffers[name]
            buffer.append(value)
            missing = self.group["history_length"] - len(buffer)
            parts[name] = np.concatenate([np.zeros_like(value)] * missing + list(buffer))
        whole = np.concatenate([parts[name] for name in sorted(parts)])
        return np.clip(whole, -self.bound, self.bound)

    def _raw(self, name: str, term: dict[str, Any], robot: dict[str, Any]) -> Any:
        what = term["func"].split(":")[1]
        return {"projected_gravity": lambda: rotate_inverse(robot["orientation"], [0, 0, -1]),
                "dof_pos": lambda: robot["joint_position"] - self.pose,
                "dof_vel": lambda: robot["joint_velocity"],
                "actions": lambda: self.action}.get(what, lambda: robot[name])()

    def act(self, action: Any) -> Any:
        control = self.robot["control"]
        self.action = np.clip(action, -control["action_clip_value"], control["action_clip_value"])
        scale = control["action_scale"]
        if control["action_scales_by_effort_limit_over_p_gain"]:
            scale = scale * np.array(self.robot["dof_effort_limit_list"]) / self.kp
        return self.action * scale + self.pose


@pytest.mark.parametrize("seed", range(2))
def test_holosoma(seed: int, tmp_path: Path) -> None:
    path = holosoma(tmp_path / "policy.onnx", seed)
    contract, theirs = read_contract(path), Holosoma(path)
    assert contract.period == 0.02 and contract.joint_names == JOINTS
    packer, random = Packer(contract), np.random.default_rng(seed)
    for _ in range(50):
        robot = sensors(contract, random)
        np.testing.assert_allclose(packer.pack(robot), theirs.observe(robot), atol=TOLERANCE)
        action = random.normal(0, 2, len(JOINTS)).astype(np.float32)
        np.testing.assert_allclose(packer.unpack(action)["position"], theirs.act(action),
                                   atol=TOLERANCE)


def test_leapp(tmp_path: Path) -> None:
    """Each input gets what its element names ask of the robot; what is fed back is no sensor."""
    path = tmp_path / "walk.yaml"
    path.write_text(leapp_yaml(quaternion="xyzw"))
    contract, model = read_contract(path), yaml.safe_load(path.read_text())["models"]["policy"]
    assert contract.quaternion == "xyzw" and contract.period == 0.02
    assert contract.sensors == {"joint_position": 4, "joint_velocity": 4, "ang_vel": 3,
                                "root_quat": 4, "cmd": 3}
    robot = sensors(contract, np.random.default_rng(0))
    by_joint = {kind: dict(zip(contract.joint_names, robot[kind], strict=True))
                for kind in ("joint_position", "joint_velocity")}
    wanted: list[float] = []
    for port in model["inputs"][:-1]:
        kind = port.get("kind", "").replace("state/joint/", "joint_")
        wanted += ([by_joint[kind][name] for name in port["element_names"][0]]
                   if kind in by_joint else list(robot[port["name"]]))
    packer = Packer(contract)
    np.testing.assert_array_equal(packer.pack(robot), np.float32(wanted))
    targets = packer.unpack([1, 2, 3, 4])["position"]
    assert dict(zip(model["outputs"][0]["element_names"][0], [1, 2, 3, 4], strict=True)) == dict(
        zip(contract.joint_names, targets, strict=True))


def test_exploy(tmp_path: Path) -> None:
    contract = read_contract(exploy(tmp_path / "policy.onnx"))
    assert contract.period == 1 / 200 and contract.joint_names == JOINTS
    assert contract.sensors == {
        "joint_position": 4, "joint_velocity": 4, "obj_dog_base_w_q_b": 4,
        "obj_dog_base_ang_vel_b_rt_w_in_b": 3, "cmd_se2_velocity_twist": 3}
    robot = {name: np.zeros(size, np.float32) for name, size in contract.sensors.items()}
    robot["joint_velocity"][:] = 1, 2, 3, 4
    robot["cmd_se2_velocity_twist"][:] = -2, 0.25, 3
    packer = Packer(contract)
    np.testing.assert_array_equal(packer.pack(robot), np.float32(
        [0] * 4 + [1, 2, 3, 4] + [0] * 7 + [-1.5, 0.25, 2]))
    np.testing.assert_array_equal(packer.unpack([1, 2, 3, 4])["position"],
                                  np.float32([4, 3, 2, 1]))  # the targets' own order
    assert contract.action.stiffness == (20.0,) * 4
    assert read_contract(tmp_path / "policy.onnx", rate=50).period == 0.02


def swapped_lines(text: str, first: str, second: str) -> str:
    """The headings of two tables that are alike otherwise."""
    return text.replace(first, "@").replace(second, first).replace("@", second)


MISTAKES: dict[str, tuple[Any, Any, str]] = {
    "leapp terms": (leapp_yaml(), leapp_yaml(
        inputs=("joint_vel", "joint_pos", "ang_vel", "root_quat", "cmd")), "order of terms"),
    "leapp joints": (leapp_yaml(), leapp_yaml(moving=JOINTS), "joint_map[0]"),
    "leapp robot": (leapp_yaml(), leapp_yaml(joints=JOINTS[::-1], moving=JOINTS), "joint_names"),
    "leapp quaternion": (leapp_yaml(), leapp_yaml(quaternion="xyzw"), "elements[0] w and x"),
    "exploy terms": ({}, {"swapped": True}, "order of terms"),
    "exploy joints": ({}, {"targets": JOINTS}, "joint_map[0]"),
    "holosoma terms": ({}, {"names": ("command_ang_vel_b", "command_lin_vel")},
                       "only in the first"),
    "holosoma scale": ({}, {"scale": 0.5}, "action: scale[0] 0.25 and 0.5"),
    "holosoma joints": ({}, {"joints": JOINTS[::-1]}, "joint_names"),
    "mjlab terms": ({}, {"observation_names": MJLAB["observation_names"].replace(
        "joint_pos,joint_vel", "joint_vel,joint_pos")}, "order of terms"),
    "mjlab scale": ({}, {"action_scale": "0.5"}, "action: scale[0] 0.25 and 0.5"),
    "mjlab joints": ({}, {"joint_names": "j1,j0,j2,j3,j4"}, "joint_names"),
    "unitree terms": (deploy_yaml(), swapped_lines(deploy_yaml(), "  base_ang_vel:",
                                                   "  projected_gravity:"), "order of terms"),
    "unitree scale": (deploy_yaml(), deploy_yaml().replace("0.05", "0.5"), "scale[0] 0.05 and 0.5"),
    "unitree joints": (deploy_yaml(), re.sub(r"(joint_ids_map: .)(\d+), (\d+)", r"\1\3, \2",
                                             deploy_yaml()), "joint_map[0]"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_and_has_another_hash(mistake: str, tmp_path: Path) -> None:
    one, other, said = MISTAKES[mistake]
    found = []
    for i, each in enumerate((one, other)):
        path = tmp_path / f"{i}.{'yaml' if isinstance(each, str) else 'onnx'}"
        if isinstance(each, str):
            path.write_text(each)
        else:
            {"exploy": exploy, "holosoma": holosoma, "mjlab": mjlab}[mistake.split()[0]](
                path, **each)
        found.append(read_contract(path, rate=50))
    assert identity(found[0]) != identity(found[1])
    assert said in "\n".join(differences(*found))


def test_rl_sars_mistakes_are_told(tmp_path: Path) -> None:
    path = rl_sar(tmp_path)
    text, contract = path.read_text(), read_contract(path)
    for old, new, said in (('"commands", "ang_vel"', '"ang_vel", "commands"', "order of terms"),
                           ("ang_vel_scale: 0.25", "ang_vel_scale: 0.5", "scale[0] 0.25 and 0.5"),
                           ("joint_mapping: [", "joint_mapping: [5, 4, 3, 2, 1, 0] #",
                            "joint_map")):
        assert old in text
        path.write_text(text.replace(old, new))
        other = read_contract(path)
        assert identity(other) != identity(contract)
        assert said in "\n".join(differences(contract, other))


def test_what_is_written_is_read_as_the_same(tmp_path: Path) -> None:
    walk = tmp_path / "walk.yaml"
    walk.write_text(leapp_yaml())
    for path in (walk, exploy(tmp_path / "a.onnx"), holosoma(tmp_path / "b.onnx")):
        contract = read_contract(path)
        assert read_toml(to_toml(contract), "") == replace(contract, name="")


@pytest.mark.parametrize(("old", "new"), [
    ("shape: [1, 4]", "shape: [1, 5]"), ("shape: [1, 3]", "shape: 3"),
    ("shape: [1, 4]", "shape: []"),
    ("[[FL, FR, RL, RR]]", "[[FL, FR, RL, FL]]"), ("[[FL, FR, RL, RR]]", "[[1, 2, 3, 4]]"),
    ("frequency: 50.0", "frequency: -1"), ("frequency: 50.0", "other: 1"),
    ("policy: [joint_pos,", "policy: [other,"), ("    policy: [targets]", "    policy: []"),
    ("target/joint/position", "target/body/position"),
    ("  inputs:\n    policy", "  inputs:\n    x"),
    ("element_names: [[x, y, z]]", "element_names: [['*/', y, z]]"),
    ("name: cmd", "name: 'a b'"), ("name: cmd", "name: ang_vel"), ("pipeline:", "pipeline: 3\nx:"),
])
def test_a_wrong_leapp_file_is_one_error(old: str, new: str, tmp_path: Path) -> None:
    text = leapp_yaml()
    assert old in text
    (tmp_path / "walk.yaml").write_text(text.replace(old, new))
    with pytest.raises(PufferEdgeError):
        read_contract(tmp_path / "walk.yaml")
    with pytest.raises(PufferEdgeError):
        read_contract(tmp_path / "walk.yaml", rate=float("nan"))


@pytest.mark.parametrize(("key", "text"), [
    ("obj.dog.joints", "[1]"), ("obj.dog.joints", '{"joint_names": ["a"]}'), ("update_rate", "0"),
    ("obj.dog.joints", "{"), ("cmd.se2_velocity.twist", '{"ranges": {}}'), ("update_rate", "1e999"),
    ("output.joint_targets.legs", '{"names": ["FL", "FR", "RL", 1]}'),
    ("output.joint_targets.legs", "[" * 100_000)])
def test_wrong_metadata_are_one_error(key: str, text: str, tmp_path: Path) -> None:
    import onnx

    path = exploy(tmp_path / "policy.onnx")
    model = onnx.load(path)
    next(entry for entry in model.metadata_props if entry.key == key).value = text
    onnx.save(model, path)
    with pytest.raises(PufferEdgeError):
        read_contract(path)
