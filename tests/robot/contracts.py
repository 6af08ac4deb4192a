# SPDX-License-Identifier: MIT
"""Contracts in the forms of those who write them, with random numbers, and policies that fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from puffer_edge.ir import Builder, Continuous, Contract, Field, Program
from puffer_edge.ir.ops import Gemm
from puffer_edge.robot import RobotContract


def floats(random: np.random.Generator, size: int, low: float = -2, high: float = 2) -> list[float]:
    """Numbers as files print them."""
    return [round(float(x), 4) for x in random.uniform(low, high, size)]


def deploy_yaml(seed: int = 0, joints: int = 7, robot: int = 9, history: int = 3) -> str:
    """As unitree_rl_lab writes it, with its tag of a Python object."""
    random = np.random.default_rng(seed)
    order = random.permutation(robot)[:joints].tolist()
    pose = floats(random, joints)

    def term(scale: list[float], clip: str = "null", params: str = "{}") -> str:
        return (f"    params: {params}\n    clip: {clip}\n    scale: {scale}\n"
                f"    history_length: {history}\n")

    return (
        f"joint_ids_map: {order}\nstep_dt: 0.02\nstiffness: {floats(random, robot, 20, 90)}\n"
        f"damping: {floats(random, robot, 1, 4)}\ndefault_joint_pos: {pose}\n"
        "commands:\n  base_velocity:\n    ranges:\n      lin_vel_x: [-0.5, 1.0]\n"
        "      lin_vel_y: [-0.3, 0.3]\n      ang_vel_z: [-0.2, 0.2]\n      heading: null\n"
        "actions:\n  JointPositionAction:\n"
        f"    clip: {[[-1.5, 1.25]] * joints}\n    joint_names: [.*]\n"
        f"    scale: {floats(random, joints, 0.1, 0.5)}\n    offset: {pose}\n"
        "    joint_ids: !!python/object/apply:builtins.slice [null, null, null]\n"
        "observations:\n"
        "  base_ang_vel:\n" + term([0.2] * 3)
        + "  projected_gravity:\n" + term([1.0] * 3)
        + "  velocity_commands:\n" + term([2.0, 2.0, 0.25], params="{command_name: base_velocity}")
        + "  joint_pos_rel:\n" + term([1.0] * joints)
        + "  joint_vel_rel:\n" + term([0.05] * joints, clip="[-100, 100]")
        + "  last_action:\n" + term([1.0] * joints)
        + "  gait_phase:\n" + term([1.0] * 2, params="{period: 0.77}"))


def rl_sar(folder: Path, seed: int = 0, joints: int = 6, ages: str = "[0, 1, 2]",
           priority: str = "time") -> Path:
    """As rl_sar lays it out: the robot's file above that of the policy; wheels at the end."""
    random = np.random.default_rng(seed)
    (folder / "dog" / "walk").mkdir(parents=True, exist_ok=True)
    (folder / "dog" / "base.yaml").write_text(
        f"dog:\n  dt: 0.005\n  decimation: 4\n  num_of_dofs: {joints}\n  wheel_indices: []\n"
        f"  joint_names: {json.dumps([f'joint_{i}' for i in range(joints)])}\n")
    path = folder / "dog" / "walk" / "config.yaml"
    path.write_text(
        f"dog/walk:\n  model_name: \"walk.pt\"\n  num_observations: {9 + 3 * joints}\n"
        "  observations: [\"commands\", \"ang_vel\", \"gravity_vec\", \"dof_pos\", \"dof_vel\", "
        f"\"actions\"]\n  observations_history: {ages}\n"
        f"  observations_history_priority: \"{priority}\"\n  clip_obs: 3.0\n"
        f"  clip_actions_lower: {[-1] * joints}\n  clip_actions_upper: {[1.5] * joints}\n"
        f"  rl_kp: {floats(random, joints, 20, 90)}\n  rl_kd: {floats(random, joints, 1, 4)}\n"
        f"  num_of_dofs: {joints}\n  action_scale: {floats(random, joints, 0.1, 1)}\n"
        f"  wheel_indices: [{joints - 1}]\n  lin_vel_scale: 2.0\n  ang_vel_scale: 0.25\n"
        "  dof_pos_scale: 1.0\n  dof_vel_scale: 5e-2\n  commands_scale: [2.0, 2.0, 0.25]\n"
        f"  default_dof_pos: {floats(random, joints)}\n"
        f"  joint_mapping: {random.permutation(joints).tolist()}\n")
    return path


def policy(contract: RobotContract, seed: int = 0, wide: bool = False) -> Program:
    """A linear policy of the contract's sizes; ``wide``: one field per term."""
    random = np.random.default_rng(seed)
    size, actions = contract.observation_size, contract.action.size
    fields = tuple(Field(term.name, (term.width,)) for term in contract.observation) if wide else (
        Field("obs", (size,)),)
    builder = Builder("a linear policy")
    x = builder.input("observation", (1, size))
    weight = builder.constant(random.normal(0, 0.1, (actions, size)).astype(np.float32), "w")
    bias = builder.constant(random.normal(0, 0.1, actions).astype(np.float32), "b")
    y = builder.add(Gemm, x=x, weight=weight, bias=bias)
    return builder.build({"mean": y}, Contract(fields, Continuous(actions)))
