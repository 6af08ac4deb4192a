# SPDX-License-Identifier: MIT
"""What the owners' controllers compute, written from theirs, in float64 and without our contract.

unitree_rl_lab: deploy/include/isaaclab/manager/{manager_term_cfg,action_manager}.h and
envs/mdp/observations.h; rl_sar: library/core/rl_sdk/rl_sdk.cpp and observation_buffer.cpp.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import yaml


class Tags(yaml.SafeLoader):
    """Takes the tag of a slice."""


Tags.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: None)


def rotate_inverse(q: Any, v: Any) -> Any:
    """Of a quaternion w, x, y, z: q^-1 v q, by the product of quaternions."""
    def product(a: Any, b: Any) -> Any:
        return np.array([a[0] * b[0] - a[1:] @ b[1:],
                         *(a[0] * b[1:] + b[0] * a[1:] + np.cross(a[1:], b[1:]))])

    q = np.asarray(q, float)
    return product(product(q * [1, -1, -1, -1], np.array([0, *v])), q)[1:]


class Unitree:
    """The controller of a deploy.yaml."""

    def __init__(self, text: str) -> None:
        self.file = yaml.load(text, Tags)
        self.map = self.file["joint_ids_map"]
        self.buffers: dict[str, deque[Any]] = {}
        self.action = np.zeros(len(self.map))
        self.phase = 0.0

    def observe(self, robot: dict[str, Any]) -> Any:
        """All terms, each with its history, the oldest first."""
        parts = []
        for name, term in self.file["observations"].items():
            value = np.asarray(self._term(name, term, robot), float)
            length = term["history_length"]
            buffer = self.buffers.setdefault(name, deque([value] * length, length))
            buffer.append(value)
            for each in buffer:
                if term["clip"] is not None:
                    each = np.clip(each, *term["clip"])
                parts.append(each * term["scale"])
        return np.concatenate(parts)

    def _term(self, name: str, term: dict[str, Any], robot: dict[str, Any]) -> Any:
        if name == "projected_gravity":
            return rotate_inverse(robot["orientation"], [0, 0, -1])
        if name == "velocity_commands":
            ranges = self.file["commands"]["base_velocity"]["ranges"]
            low, high = np.transpose([ranges[k] for k in ("lin_vel_x", "lin_vel_y", "ang_vel_z")])
            return np.clip(robot[name], low, high)
        if name == "joint_pos_rel":
            return robot["joint_position"][self.map] - np.array(self.file["default_joint_pos"])
        if name == "joint_vel_rel":
            return robot["joint_velocity"][self.map]
        if name == "last_action":
            return self.action
        if name == "gait_phase":  # of training: the time of the episode by the period
            now = self.phase
            self.phase += self.file["step_dt"] / term["params"]["period"]
            return np.sin(2 * np.pi * now), np.cos(2 * np.pi * now)
        return robot[name]

    def act(self, action: Any) -> dict[int, float]:
        """Position by the robot's joint."""
        term = self.file["actions"]["JointPositionAction"]
        self.action = np.asarray(action, float)
        target = self.action * term["scale"] + term["offset"]
        if term["clip"] is not None:
            low, high = np.transpose(term["clip"])
            target = np.clip(target, low, high)
        return dict(zip(self.map, target, strict=True))


class RlSar:
    """The controller of a config.yaml."""

    def __init__(self, path: Path) -> None:
        base = next(iter(yaml.safe_load((path.parent.parent / "base.yaml").read_text()).values()))
        self.file = base | next(iter(yaml.safe_load(path.read_text()).values()))
        self.file["dof_vel_scale"] = float(self.file["dof_vel_scale"])
        self.action = np.zeros(self.file["num_of_dofs"])
        self.history: list[list[Any]] = []

    def observe(self, robot: dict[str, Any]) -> Any:
        """The frames that observations_history asks for, in its order."""
        file, order = self.file, self.file["joint_mapping"]
        position = robot["joint_position"][order] - np.array(file["default_dof_pos"])
        position[file["wheel_indices"]] = 0
        values = {
            "ang_vel": robot["ang_vel"] * file["ang_vel_scale"],
            "gravity_vec": rotate_inverse(robot["orientation"], [0, 0, -1]),
            "commands": robot["commands"] * np.array(file["commands_scale"]),
            "dof_pos": position * file["dof_pos_scale"],
            "dof_vel": robot["joint_velocity"][order] * file["dof_vel_scale"],
            "actions": self.action}
        frame = [np.clip(values[name], -file["clip_obs"], file["clip_obs"])
                 for name in file["observations"]]
        ages = file["observations_history"]
        if not ages:
            return np.concatenate(frame)
        self.history = self.history or [[0 * each for each in frame]] * (max(ages) + 1)
        self.history = [frame, *self.history[:-1]]
        if file["observations_history_priority"] == "time":
            return np.concatenate([part for age in ages for part in self.history[age]])
        return np.concatenate([self.history[age][i] for i in range(len(frame)) for age in ages])

    def act(self, action: Any) -> tuple[dict[int, float], dict[int, float]]:
        """Positions and velocities by the robot's joint."""
        file = self.file
        self.action = np.clip(action, file["clip_actions_lower"], file["clip_actions_upper"])
        scaled = self.action * file["action_scale"]
        target, wheels = scaled + file["default_dof_pos"], file["wheel_indices"]
        order = file["joint_mapping"]
        return ({order[i]: target[i] for i in range(len(order)) if i not in wheels},
                {order[i]: scaled[i] for i in wheels})
