# SPDX-License-Identifier: MIT
"""A file that LEAPP itself wrote: contract and policy step as LEAPP runs them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.interpreter import Interpreter
from puffer_edge.robot.reading import read_contract
from puffer_edge.robot.reference import Packer
from tests.robot.test_readers import sensors

JOINTS = ["FL", "FR", "RL", "RR"]
POSE = [0.1, -0.2, 0.3, 0.4]


def written(folder: Path) -> Path:
    """A pipeline of one network with scales, a pose and its last action inside."""
    leapp, torch = pytest.importorskip("leapp"), pytest.importorskip("torch")
    from leapp.utils.enums import InputKindEnum, OutputKindEnum
    from leapp.utils.tensor_description import GraphConfigs, TensorSemantics

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(19, 16), torch.nn.ELU(), torch.nn.Linear(16, 4))
    say = leapp.annotate
    leapp.start("walk", save_path=str(folder))
    position, velocity, angular, turned, command = say.input_tensors("policy", [
        TensorSemantics(name="joint_pos", ref=torch.randn(1, 4), element_names=JOINTS,
                        kind=InputKindEnum.JOINT_POSITION),
        TensorSemantics(name="joint_vel", ref=torch.randn(1, 4), element_names=JOINTS[::-1],
                        kind=InputKindEnum.JOINT_VELOCITY),
        TensorSemantics(name="ang_vel", ref=torch.randn(1, 3), element_names=["x", "y", "z"],
                        kind=InputKindEnum.BODY_ANGULAR_VELOCITY),
        TensorSemantics(name="root_quat", ref=torch.randn(1, 4), kind=InputKindEnum.BODY_ROTATION,
                        element_names=["x", "y", "z", "w"]),
        TensorSemantics(name="cmd", ref=torch.randn(1, 4),
                        kind=InputKindEnum.COMMAND_BODY_VELOCITY)])
    last = say.state_tensors("policy", {"previous": torch.zeros(1, 4)})
    x = torch.cat([position - torch.tensor(POSE), velocity * 0.05, angular * 0.25,
                   turned, last], -1)
    action = net(x)
    say.update_state("policy", {"previous": action})
    say.output_tensors("policy", [TensorSemantics(
        name="targets", ref=action * 0.25 + torch.tensor(POSE) + 0.01 * command,
        element_names=JOINTS[::-1], kind=OutputKindEnum.JOINT_POSITION)],
        export_with="onnx-torchscript")
    leapp.stop()
    leapp.compile_graph(visualize=False, validate=False, graph_configs=GraphConfigs(frequency=50.0))
    return folder / "walk" / "walk.yaml"


def test_the_contract_and_the_policy_step_as_leapp_runs_them(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = written(tmp_path)
        import torch
        from leapp import InferenceManager

        theirs = InferenceManager(str(path))
    contract = read_contract(path)
    assert contract.joint_names == tuple(JOINTS) and contract.period == 0.02
    assert contract.quaternion == "xyzw"
    program = puffer_edge.load(path.parent / "policy.onnx",
                               states=[("previous_in", "previous_out")])
    packer, policy, random = Packer(contract), Interpreter(program), np.random.default_rng(0)
    for _ in range(20):
        robot = sensors(contract, random)
        by_input = {"joint_pos": robot["joint_position"],
                    "joint_vel": robot["joint_velocity"][::-1],
                    **{name: robot[name] for name in ("ang_vel", "root_quat", "cmd")}}
        outputs = theirs.run_policy({f"policy/{name}": torch.tensor(value.copy())[None]
                                     for name, value in by_input.items()})
        wanted = next(value for name, value in outputs.items() if name.endswith("targets"))
        action = policy.step(packer.pack(robot))[program.output_names[0]]
        np.testing.assert_allclose(packer.unpack(action)["position"], wanted.numpy()[0, ::-1],
                                   atol=1e-5)
