# SPDX-License-Identifier: MIT
"""Texts beside the policy, which robots need: written by onnx and torch, shown by inspect."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

import puffer_edge

TEXTS = {"joint_names": "left_hip,right_hip", "joint_stiffness": "40.0,\u00b540.0",
         "action_scale": "0.25", "odd\x1b[2J": "[bold]x\x1b[31m"}


def script(path: Path) -> Path:
    net = torch.jit.script(torch.nn.Sequential(torch.nn.Linear(4, 2)))
    torch.jit.save(net, str(path), _extra_files={"metadata.json": json.dumps(TEXTS)})
    return path


def graph(path: Path) -> Path:
    onnx = pytest.importorskip("onnx")
    weight = onnx.numpy_helper.from_array(torch.ones(4, 2).numpy(), "w")
    ports = [onnx.helper.make_tensor_value_info(name, 1, shape)
             for name, shape in (("obs", (1, 4)), ("actions", (1, 2)))]
    model = onnx.helper.make_model(onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["obs", "w"], ["actions"])], "g", ports[:1], ports[1:],
        [weight]), opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    onnx.helper.set_model_props(model, TEXTS)
    onnx.save(model, str(path))
    return path


def test_of_onnx(tmp_path: Path) -> None:
    path = graph(tmp_path / "policy.onnx")
    assert puffer_edge.inspect(path).metadata == TEXTS


def test_of_torchscript(tmp_path: Path) -> None:
    found = puffer_edge.inspect(script(tmp_path / "policy.pt")).metadata
    assert json.loads(found["metadata.json"]) == TEXTS


def test_the_command_shows_it(tmp_path: Path) -> None:
    """As printable ASCII; in full with --json."""
    path = graph(tmp_path / "policy.onnx")
    command = [sys.executable, "-c", "from puffer_edge.cli import main; main()", "inspect",
               str(path)]
    shown = subprocess.run(command, capture_output=True, check=True)
    assert b"left_hip,right_hip" in shown.stdout
    assert b"\x1b[2J" not in shown.stdout
    plain = subprocess.run([*command, "--json"], capture_output=True, check=True)
    assert json.loads(plain.stdout)["metadata"] == TEXTS
