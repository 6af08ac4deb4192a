# SPDX-License-Identifier: MIT
"""Formats that are not read: each is named, and the commands in the hint are commands."""

from __future__ import annotations

import io
import json
import pickle
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.detect import detect
from puffer_edge.interpreter import Interpreter


def directory(*names: str) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        for name in names:
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(b"\x80\x04N.")
        return path
    return make


def file(content: bytes) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        (path / "policy").write_bytes(content)
        return path / "policy"
    return make


def stable_baselines_2(path: Path) -> Path:
    """Members and names as its save_to_zip writes them; [in, out] matrices."""
    random = np.random.default_rng(1)
    arrays = {"model/pi_fc0/w:0": (4, 8), "model/pi_fc0/b:0": (8,), "model/pi/w:0": (8, 2),
              "model/pi/b:0": (2,), "model/vf/w:0": (8, 1), "model/vf/b:0": (1,)}
    content = io.BytesIO()
    np.savez(content, **{name: random.standard_normal(shape).astype(np.float32)
                         for name, shape in arrays.items()})
    with zipfile.ZipFile(path / "policy.zip", "w") as archive:
        archive.writestr("data", json.dumps({"gamma": 0.99}))
        archive.writestr("parameters", content.getvalue())
        archive.writestr("parameter_list", json.dumps(list(arrays)))
    return path / "policy.zip"


def sbx(path: Path) -> Path:
    """Members as SBX 0.26 writes them: the policy is in data, pickled; torch has none."""
    with zipfile.ZipFile(path / "policy.zip", "w") as archive:
        for name in ("data", "pytorch_variables.pth", "_stable_baselines3_version",
                     "system_info.txt"):
            archive.writestr(name, b"{}")
    return path / "policy.zip"


def module(name: str) -> bytes:
    """A pickle that names a class which is not here."""
    return pickle.dumps({"params": 1}, 4)[:-1] + b"0c" + name.encode() + b"\nThing\n."


SAVED_MODEL = b"\x08\x01\x12\x9f\x04\x0a\x15\x12\x05serve*\x042.152"
CASES: dict[str, tuple[str, Callable[[Path], Path], str]] = {
    "stable-baselines 2, zip": ("Stable-Baselines 2", stable_baselines_2, "torch.save"),
    "stable-baselines 2, pickle": (
        "Stable-Baselines 2", file(module("stable_baselines.common.policies")), "PPO2.load"),
    "SBX": ("SBX", sbx, "actor_state"),
    "RLlib, algorithm": ("RLlib", directory(
        "rllib_checkpoint.json", "algorithm_state.pkl",
        "policies/default_policy/policy_state.pkl"), "export_model"),
    "RLlib, policy": ("RLlib", directory("policy_state.pkl"), "export_model"),
    "RLlib, policy_state.pkl": (
        "RLlib", file(module("ray.rllib.policy.policy")), "export_model"),
    "RLlib, new algorithm": ("RLlib's new stack", directory(
        "class_and_ctor_args.pkl", "metadata.json", "learner_group/learner/state.pkl"),
        "module_state"),
    "RLlib, new module": ("RLlib's new stack", directory(
        "class_and_ctor_args.pkl", "module_state.pkl"), "module_state"),
    "SavedModel": ("SavedModel", directory("saved_model.pb", "variables/variables.index"),
                   "from_saved_model"),
    "saved_model.pb": ("SavedModel", file(SAVED_MODEL + bytes(600)), "from_saved_model"),
    "variables.index": ("checkpoint of TensorFlow", file(
        bytes(80) + bytes.fromhex("57fb808b247547db")), "load_checkpoint"),
    "orbax": ("orbax", directory("_CHECKPOINT_METADATA", "_METADATA", "manifest.ocdbt"),
              "PyTreeCheckpointer"),
    "orbax, old": ("orbax", directory("manifest.ocdbt"), "PyTreeCheckpointer"),
    "brax": ("brax", file(module("brax.training.acme.running_statistics")), "load_params"),
    "pickle": ("bare pickle", file(pickle.dumps({"w": 1})), "torch.save"),
}


@pytest.mark.parametrize(("name", "make", "word"), CASES.values(), ids=list(CASES))
def test_a_format_that_is_not_read_is_named(name: str, make: Callable[[Path], Path], word: str,
                                            tmp_path: Path) -> None:
    path = make(tmp_path)
    with pytest.raises(UnsupportedError, match=name) as caught:
        puffer_edge.load(path)
    install, convert = commands(caught.value)
    assert install[:2] == ["pip", "install"]
    assert convert[:2] == ["python", "-c"] and word in convert[2] and str(path) in convert[2]
    compile(convert[2], "hint", "exec")  # it is Python


def commands(error: UnsupportedError) -> list[list[str]]:
    """The indented lines of a hint as a shell would take them apart."""
    return [shlex.split(line, comments=True) for line in error.hint.splitlines()
            if line.startswith("  ")]


def test_what_is_none_of_them(tmp_path: Path) -> None:
    """A directory of something else, and ONNX files, which begin like a SavedModel."""
    onnx = pytest.importorskip("onnx")
    directory("policy.onnx")(tmp_path)
    with pytest.raises(puffer_edge.errors.FileFormatError, match="this is a directory"):
        detect(tmp_path)
    model = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], []), ir_version=1,
                                   producer_name="pytorch")
    (tmp_path / "model").write_bytes(model.SerializeToString())
    assert detect(tmp_path / "model") == "onnx"


def test_a_name_is_not_put_into_a_command_that_it_could_change(tmp_path: Path) -> None:
    path = tmp_path / "x'); print('y"
    path.write_bytes(pickle.dumps(1))
    with pytest.raises(UnsupportedError) as caught:
        detect(path)
    assert "open('FILE'" in caught.value.hint and "print(" not in caught.value.hint


def test_the_commands_for_stable_baselines_2_lead_to_the_policy(tmp_path: Path) -> None:
    """The second one is run; --map with the layers of the hint gives numpy's numbers."""
    pytest.importorskip("torch")
    path = stable_baselines_2(tmp_path)
    with pytest.raises(UnsupportedError) as caught:
        detect(path)
    _, convert = commands(caught.value)
    subprocess.run([sys.executable, *convert[1:]], cwd=tmp_path, check=True, timeout=60)
    assert re.search(r'layers = \["model.pi_fc0"', caught.value.hint)
    (tmp_path / "keys.toml").write_text(
        'action = "discrete"\nactivation = "tanh"\nlayers = ["model.pi_fc0"]\n'
        'output = "model.pi"\nignore = ["model.vf"]\n')
    program = puffer_edge.load(tmp_path / "policy.pt", key_map=tmp_path / "keys.toml")
    with zipfile.ZipFile(path) as archive:
        arrays = np.load(io.BytesIO(archive.read("parameters")))
    x = np.float32([0.5, -1, 2, 0.25])
    h = np.tanh(x @ arrays["model/pi_fc0/w:0"] + arrays["model/pi_fc0/b:0"])
    expected = h @ arrays["model/pi/w:0"] + arrays["model/pi/b:0"]
    np.testing.assert_allclose(Interpreter(program).step(x)["logits"].reshape(-1), expected,
                               rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("inside", [
    "module_state.pkl", "", "learner_group/learner/rl_module/default_policy"])
def test_the_commands_for_rllibs_modules_lead_to_the_policy(
        inside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dictionary of numpy arrays, pickled; the file, its directory, or the algorithm's is given.

    The names are those that ray 2.60 gives the default PPO module.
    """
    pytest.importorskip("torch")
    random = np.random.default_rng(3)
    encoders = {f"encoder.{kind}_encoder.net.mlp.{place}": (8, width) for kind in (
        "actor", "critic") for place, width in ((0, 4), (2, 8))}
    shapes = {**encoders, "pi.net.mlp.0": (2, 8), "vf.net.mlp.0": (1, 8)}
    state = {f"{name}.{kind}": random.standard_normal(shape[: 2 if kind == "weight" else 1])
             .astype(np.float32) for name, shape in shapes.items() for kind in ("weight", "bias")}
    place = tmp_path / "saved" / (inside if "/" in inside else "")
    place.mkdir(parents=True)
    for name in ("class_and_ctor_args.pkl", "metadata.json"):
        (place / name).write_bytes(b"\x80\x04N.")
        (tmp_path / "saved" / name).write_bytes(b"\x80\x04N.")
    (place / "module_state.pkl").write_bytes(pickle.dumps(state))
    given = tmp_path / "saved" / (inside if inside.endswith(".pkl") else "")
    with pytest.raises(UnsupportedError) as caught:
        detect(given)
    _, convert = commands(caught.value)
    monkeypatch.chdir(tmp_path)
    exec(convert[2])
    program = puffer_edge.load(tmp_path / "policy.pt", activation="tanh", action="discrete")
    x = np.float32([0.5, -1, 2, 0.25])
    h = x
    for layer in ("0", "2"):
        name = f"encoder.actor_encoder.net.mlp.{layer}"
        h = np.tanh(state[f"{name}.weight"] @ h + state[f"{name}.bias"])
    expected = state["pi.net.mlp.0.weight"] @ h + state["pi.net.mlp.0.bias"]
    np.testing.assert_allclose(Interpreter(program).step(x)["logits"].reshape(-1), expected,
                               rtol=1e-4, atol=1e-5)
