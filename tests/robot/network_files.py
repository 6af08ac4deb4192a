# SPDX-License-Identifier: MIT
"""Contracts that lie in or beside a network: LEAPP's YAML, and the metadata of ONNX files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.robot.contracts import floats

JOINTS = ("FL", "FR", "RL", "RR")


def onnx_file(path: Path, inputs: Mapping[str, int], outputs: Mapping[str, int],
              texts: Mapping[str, str], seed: int = 0) -> Path:
    """A linear network of the inputs one after another, with metadata."""
    import onnx

    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    random = np.random.default_rng(seed)
    size, wide = sum(inputs.values()), sum(outputs.values())
    weight = random.normal(0, 0.1, (size, wide)).astype(np.float32)
    split = np.array(list(outputs.values()), np.int64)
    graph = helper.make_graph(
        [helper.make_node("Concat", list(inputs), ["x"], axis=1),
         helper.make_node("MatMul", ["x", "weight"], ["y"]),
         helper.make_node("Split", ["y", "split"], list(outputs), axis=1)], "g",
        [helper.make_tensor_value_info(name, number, [1, n]) for name, n in inputs.items()],
        [helper.make_tensor_value_info(name, number, [1, n]) for name, n in outputs.items()],
        [onnx.numpy_helper.from_array(weight, "weight"),
         onnx.numpy_helper.from_array(split, "split")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    for key, value in texts.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.save(model, path)
    return path


def exploy(path: Path, joints: Sequence[str] = JOINTS, targets: Sequence[str] = JOINTS[::-1],
           swapped: bool = False) -> Path:
    """As exploy's exporter names and describes them; ``targets`` in an order of their own."""
    n = len(joints)
    inputs = {"obj.dog.joints.pos": n, "obj.dog.joints.vel": n, "obj.dog.base.w_Q_b": 4,
              "obj.dog.base.ang_vel_b_rt_w_in_b": 3, "cmd.se2_velocity.twist": 3,
              "memory.actions.in": n}
    if swapped:
        inputs = {name: inputs[name] for name in
                  ("obj.dog.joints.vel", "obj.dog.joints.pos", *list(inputs)[2:])}
    outputs = {"actions": n, "output.joint_targets.legs.pos": n,
               "output.joint_targets.legs.vel": n, "memory.actions.out": n}
    said: dict[str, Any] = {
        "exploy_version": "0.1.0", "update_rate": 200.0, "base_names": {"dog": "base"},
        "obj.dog.joints": {"joint_names": list(joints)},
        "cmd.se2_velocity.twist": {"ranges": {
            "lin_vel_x": [-1.5, 1.0], "lin_vel_y": [-0.5, 0.5], "ang_vel_z": [-2, 2]}},
        "output.joint_targets.legs": {"type": "joint_targets", "names": list(targets),
                                      "stiffness": [20.0] * n, "damping": [0.5] * n}}
    return onnx_file(path, inputs, outputs, {key: json.dumps(each) for key, each in said.items()})


def holosoma(path: Path, seed: int = 0, history: int = 3, joints: Sequence[str] = JOINTS,
             scale: float = 0.25, names: Sequence[str] = ("base_ang_vel", "command_lin_vel")
             ) -> Path:
    """As holosoma attaches them; ``names`` of two terms, whose order is that of the alphabet."""
    random, n = np.random.default_rng(seed), len(joints)

    def term(function: str, scale: Any = 1.0, clip: Any = None) -> dict[str, Any]:
        return {"func": f"holosoma.managers.observation.terms.locomotion:{function}", "params": {},
                "scale": scale, "noise": 0.1, "clip": clip}

    config = {
        "robot": {"dof_effort_limit_list": floats(random, n, 20, 90),
                  "init_state": {"default_joint_angles": dict(zip(
                      joints, floats(random, n), strict=True)) | {"other": 1.0}},
                  "control": {"control_type": "P", "action_scale": scale,
                              "action_clip_value": 1.5, "clip_actions": True,
                              "action_scales_by_effort_limit_over_p_gain": seed % 2 == 1}},
        "simulator": {"config": {"sim": {"fps": 200, "control_decimation": 4}}},
        "observation": {"clip_observations": 2.5, "groups": {"actor_obs": {
            "concatenate": True, "enable_noise": True, "history_length": history, "terms": {
                names[0]: term("base_ang_vel", 0.25, clip=[-0.4, 0.3]),
                "projected_gravity": term("projected_gravity"),
                names[1]: term("command_lin_vel", [2.0, 0.5]),
                "command_ang_vel": term("command_ang_vel"),
                "dof_pos": term("dof_pos"), "dof_vel": term("dof_vel", 0.05),
                "actions": term("actions"), "sin_phase": term("sin_phase")}}}}}
    said = {"dof_names": list(joints), "kp": floats(random, n, 20, 90), "kd": [2.0] * n,
            "command_ranges": None, "robot_urdf": "<robot/>" * 5000, "experiment_config": config}
    size = (3 + 3 + 2 + 1 + 3 * n + 2) * history
    return onnx_file(path, {"actor_obs": size}, {"action": n},
                     {key: json.dumps(each) for key, each in said.items()})


MJLAB = {
    "joint_names": "j0,j1,j2,j3,j4", "default_joint_pos": "0.100,-0.200,0.300,0.000,0.500",
    "observation_names": "base_ang_vel,projected_gravity,joint_pos,joint_vel,actions,heights",
    "action_scale": "0.250", "joint_stiffness": "1.0,2.0,3.0,4.0,5.0", "command_names": "twist"}


def mjlab(path: Path, **changes: str) -> Path:
    """As mjlab attaches them; five joints, four heights."""
    return onnx_file(path, {"obs": 3 + 3 + 3 * 5 + 4}, {"actions": 5}, MJLAB | changes)


def leapp_yaml(joints: Sequence[str] = JOINTS, moving: Sequence[str] = JOINTS[::-1],
               inputs: Sequence[str] = ("joint_pos", "joint_vel", "ang_vel", "root_quat", "cmd"),
               quaternion: str = "wxyz") -> str:
    """As LEAPP 0.7 writes it of a network with a state, beside what it says of the machine."""
    n = len(joints)
    known = {
        "joint_pos": (n, "state/joint/position", joints),
        "joint_vel": (n, "state/joint/velocity", moving),
        "ang_vel": (3, "state/body/angular_velocity", "xyz"),
        "root_quat": (4, "state/body/rotation", quaternion), "cmd": (3, "", ())}

    def port(name: str, size: int, kind: str = "", names: Sequence[str] = ()) -> str:
        text = f"    - name: {name}\n      dtype: float32\n      shape: [1, {size}]\n"
        text += "      type: tensor\n" + (f"      kind: {kind}\n" if kind else "")
        return text + (f"      element_names: [[{', '.join(names)}]]\n" if names else "")

    return (
        "models:\n  policy:\n    inputs:\n"
        + "".join(port(name, *known[name]) for name in inputs) + port("h_in", 2)
        + "    outputs:\n" + port("targets", n, "target/joint/position", moving)
        + port("h_out", 2)
        + "    parameters:\n      model_path: policy.onnx\n      backend: onnx\n\n"
        "pipeline:\n  configs:\n    frequency: 50.0\n  data_flow: {}\n  feedback_flow:\n"
        "    policy/h_out: [policy/h_in]\n  initial_values: walk_initial_values.safetensors\n"
        f"  inputs:\n    policy: [{', '.join(inputs)}]\n  outputs:\n    policy: [targets]\n\n"
        "system information:\n  leapp config version: '1.3'\n  leapp version: 0.7.2\n")
