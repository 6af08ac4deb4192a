# SPDX-License-Identifier: MIT
"""Every hint of the front ends that names an option or a command has a test that follows it."""

from __future__ import annotations

import json
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.cli import main
from puffer_edge.errors import PufferEdgeError
from puffer_edge.ir import Continuous, Program
from tests.frontends.hints import FOLLOWED, hints

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).parents[2]


def test_every_hint_is_followed_to_its_end() -> None:
    files = [path for room in ("frontends", "readers")
             for path in (ROOT / "puffer_edge" / room).rglob("*.py")]
    found = set().union(*(hints(path.read_text()) for path in files))
    assert found == set(FOLLOWED), found ^ set(FOLLOWED)
    for name, test in (identity.split("::") for identity in FOLLOWED.values()):
        assert f"def {test}(" in (ROOT / "tests" / "frontends" / name).read_text(), test


def test_a_new_hint_is_seen() -> None:
    source = ('HINT = "leave it out"\n'
              'def f(x):\n    raise UsageError("no", hint=HINT if x else "give --new " f"{x}")\n'
              '    raise node.refuse("no", "export it")\n')
    assert hints(source) == {"give --new {}"}


def goes(wrong: Callable[[], Any], word: str, right: Callable[[], Any]) -> Any:
    """The error names the way out by ``word``, and the way out is one."""
    with pytest.raises(PufferEdgeError) as caught:
        wrong()
    assert word in caught.value.hint
    return right()


def test_extras_that_hints_install() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"]
    named = {name for hint in FOLLOWED for name in re.findall(r"puffer-edge\[(\w+)\]", hint)}
    assert len(named) == 3 and named <= set(extras)


def layer(outputs: int, inputs: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((outputs, inputs)).astype(np.float32)


def saved(tree: dict[str, Any], path: Path) -> Path:
    torch = pytest.importorskip("torch")

    def tensors(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: tensors(item) for key, item in value.items()}
        return torch.from_numpy(value) if isinstance(value, np.ndarray) else value

    torch.save(tensors(tree), path)
    return path


def module(width: int) -> Any:
    return pytest.importorskip("torch").nn.Linear(4, width)


def load(policy: Any, **options: Any) -> Program:
    return puffer_edge.load(policy, observation_shape=4, **options)


def test_sizes_that_do_not_add_up() -> None:
    policy = module(8)
    program = goes(lambda: load(policy, action_sizes=(3, 3)), "action_sizes=",
                   lambda: load(policy, action_sizes=(3, 3, 2)))
    assert program.contract.sizes == (3, 3, 2)


def test_bounds() -> None:
    policy, good = module(2), {"action": "continuous", "action_low": -1, "action_high": 1}

    def right() -> Program:
        return load(policy, **good)

    goes(lambda: load(policy, action="continuous", action_low=-1), "action_high=", right)
    goes(lambda: load(policy, action="continuous", action_low=1, action_high=-1), "action_low=",
         right)

    def half_open() -> Program:
        return load(policy, action="continuous", action_low=-np.inf, action_high=1, squash=True)

    goes(half_open, "action_low=", lambda: load(policy, **good, squash=True))
    program = goes(half_open, "squash=False", lambda: load(
        policy, action="continuous", action_low=-np.inf, action_high=1, squash=False))
    assert isinstance(program.contract.action, Continuous)


def test_an_example_of_several_rows() -> None:
    torch = pytest.importorskip("torch")
    policy = module(2)

    def of(rows: int, **options: Any) -> Program:
        return puffer_edge.load(policy, example=torch.zeros(rows, 4), action="continuous",
                                **options)

    assert goes(lambda: of(3), "batch of 1", lambda: of(1)).contract.observation_size == 4
    whole = goes(lambda: of(3), "observation=", lambda: of(3, observation={"obs": 12}))
    assert whole.contract.observation_size == 12


def test_a_lonely_state(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from tests.frontends.onnx_models import load as read
    from tests.frontends.onnx_models import model, node

    graph = model([node("Add", "obs memory", "z"), node("Tanh", "z", "actions")],
                  {"obs": [1, 4], "memory": [1, 4]}, {"actions": [1, 4], "z": [1, 4]}, {})
    program = goes(lambda: read(graph, tmp_path, action="continuous"), "states=", lambda: read(
        graph, tmp_path, action="continuous", states=(("memory", "z"),)))
    assert len(program.states) == 1


def test_rows_that_meet(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from tests.frontends.onnx_models import load as read
    from tests.frontends.onnx_models import model, node

    graph = model([node("ReduceMean", "obs", "mean", axes=[0], keepdims=1),
                   node("Sub", "obs mean", "actions")], {"obs": [2, 3]}, {"actions": [2, 3]}, {})
    program = goes(lambda: read(graph, tmp_path, action="continuous"), "observation=",
                   lambda: read(graph, tmp_path, action="continuous", observation={"obs": 6}))
    assert program.contract.observation_size == 6


def test_a_map_in_place_of_a_family(tmp_path: Path) -> None:
    """Statistics of another size; the map reads the policy without them."""
    path = saved({"actor_state_dict": {
        "mlp.0.weight": layer(8, 4), "mlp.0.bias": layer(1, 8)[0],
        "mlp.2.weight": layer(2, 8), "mlp.2.bias": layer(1, 2)[0],
        "distribution.std_param": np.ones(2, np.float32),
        "obs_normalizer._mean": layer(1, 5), "obs_normalizer._var": np.ones((1, 5), np.float32),
        "obs_normalizer._std": np.ones((1, 5), np.float32)}}, tmp_path / "p.pt")
    keys = tmp_path / "keys.toml"
    own = "actor_state_dict."
    keys.write_text(f'action = "continuous"\nactivation = "elu"\nlayers = ["{own}mlp.0"]\n'
                    f'output = "{own}mlp.2"\n'
                    f'ignore = ["{own}obs_normalizer.", "{own}distribution."]\n')
    program = goes(lambda: puffer_edge.load(path), "key_map=",
                   lambda: puffer_edge.load(path, key_map=keys))
    assert program.contract.observation_size == 4


def test_flax_in_torchs_names(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from tests.frontends.test_flax import dense, written

    tree = dense((6, 8), (8, 6), (6, 8), (8, 1))  # one actor, or an actor and a critic
    first, last = (tree[f"Dense_{index}"] for index in (0, 1))
    keys = tmp_path / "keys.toml"
    keys.write_text('action = "discrete"\nactivation = "tanh"\nlayers = ["first"]\n'
                    'output = "last"\n')

    def renamed() -> Program:
        weights = {f"{name}.{kind}": np.ascontiguousarray(array.T)
                   for name, part in (("first", first), ("last", last))
                   for kind, array in (("weight", part["kernel"]), ("bias", part["bias"]))}
        return puffer_edge.load(saved(weights, tmp_path / "p.pt"), key_map=keys)

    program = goes(lambda: puffer_edge.load(written({"params": tree}, tmp_path / "p")), "key_map=",
                   renamed)
    assert program.contract.sizes == (6,)


def test_a_class_that_is_not_there(tmp_path: Path) -> None:
    path = saved({"odd.weight": layer(4, 4), "strange.weight": layer(4, 4)}, tmp_path / "p.pt")
    file = tmp_path / "mine.py"
    file.write_text("import torch\nclass Mine(torch.nn.Module):\n"
                    "    def __init__(self):\n        super().__init__()\n"
                    "        self.odd = torch.nn.Linear(4, 4, bias=False)\n"
                    "        self.strange = torch.nn.Linear(4, 4, bias=False)\n"
                    "    def forward(self, x):\n"
                    "        return self.strange(self.odd(x).sin())\n")

    def of(named: str) -> Program:
        return puffer_edge.load(path, module=named, observation_shape=4, action="continuous")

    program = goes(lambda: of(f"{file}:Nobody"), "FILE.py:Class", lambda: of(f"{file}:Mine"))
    assert program.contract.observation_size == 4


def test_a_class_whose_size_no_layer_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    """``--observation`` of the command line, and both forms that Python takes."""
    path = saved({"net.weight": layer(2, 4).reshape(2, 1, 4), "net.bias": layer(2, 1).reshape(2)},
                 tmp_path / "p.pt")
    file = tmp_path / "mine.py"
    file.write_text("import torch\nclass Mine(torch.nn.Module):\n"
                    "    def __init__(self):\n        super().__init__()\n"
                    "        self.net = torch.nn.Conv1d(1, 2, 4)\n"
                    "    def forward(self, x):\n        return self.net(x.unsqueeze(1)).mean(2)\n")
    named = f"{file}:Mine"

    def of(**given: Any) -> Program:
        return puffer_edge.load(path, module=named, action="continuous", **given)

    for given in ({"observation": "obs:9"}, {"observation": {"obs": 9}}, {"observation_shape": 9}):
        program = goes(of, "observation", lambda given=given: of(**given))
        assert program.contract.observation_size == 9
    for more, code in (([], 2), (["--observation", "obs:9"], 0)):
        monkeypatch.setattr("sys.argv", [
            "puffer-edge", "export", str(path), "--module", named, "--target", "host", "--action",
            "continuous", "--no-original", "-o", str(tmp_path / "out"), *more])
        with pytest.raises(SystemExit) as done:
            main()
        assert (done.value.code or 0) == code
        assert ("--observation obs:8" in " ".join(capsys.readouterr().err.split())) == bool(code)


def test_layers_without_a_function(tmp_path: Path) -> None:
    path = saved({"0.weight": layer(8, 4), "0.bias": layer(1, 8)[0], "2.weight": layer(3, 8),
                  "2.bias": layer(1, 3)[0]}, tmp_path / "p.pt")
    program = goes(lambda: puffer_edge.load(path), "activation=",
                   lambda: puffer_edge.load(path, activation="tanh"))
    assert program.contract.sizes == (3,)


def test_an_image_that_is_no_square(tmp_path: Path) -> None:
    weights = {"network.0.weight": layer(32, 4 * 64).reshape(32, 4, 8, 8),
               "network.2.weight": layer(64, 32 * 16).reshape(64, 32, 4, 4),
               "network.4.weight": layer(64, 64 * 9).reshape(64, 64, 3, 3),
               "network.7.weight": layer(512, 64 * 7 * 4), "actor.weight": layer(5, 512),
               "critic.weight": layer(1, 512)}
    biases = {name.replace("weight", "bias"): np.zeros(len(array), np.float32)
              for name, array in weights.items()}
    path = saved({**weights, **biases}, tmp_path / "p.pt")
    program = goes(lambda: puffer_edge.load(path), "observation=",
                   lambda: puffer_edge.load(path, observation={"image": (4, 84, 64)}))
    assert program.contract.sizes == (5,)


def script(policy: Any, path: Path) -> Path:
    torch = pytest.importorskip("torch")
    torch.jit.script(policy).save(str(path))
    return path


def statistics(seed: int) -> dict[str, np.ndarray]:
    return {"mean": layer(1, 4, seed)[0], "var": np.abs(layer(1, 4, seed)[0]) + 1}


def agent() -> dict[str, np.ndarray]:
    return {"actor.0.weight": layer(8, 4), "actor.0.bias": layer(1, 8)[0],
            "actor.2.weight": layer(2, 8), "actor.2.bias": layer(1, 2)[0],
            "log_std": np.zeros(2, np.float32)}


def test_several_statistics(tmp_path: Path) -> None:
    path = saved({"agent": agent(), "obs_rms": statistics(1), "state_rms": statistics(2)},
                 tmp_path / "p.pt")
    np.savez(tmp_path / "own.npz", **statistics(1))

    def of(**options: Any) -> Program:
        return puffer_edge.load(path, activation="tanh", action="continuous", **options)

    program = goes(of, "normaliser=", lambda: of(normaliser=str(tmp_path / "own.npz")))
    assert program.contract.normaliser is not None


def test_statistics_twice(tmp_path: Path) -> None:
    path = saved({"actor_state_dict": {
        "mlp.0.weight": layer(8, 4), "mlp.0.bias": layer(1, 8)[0],
        "mlp.2.weight": layer(2, 8), "mlp.2.bias": layer(1, 2)[0],
        "distribution.std_param": np.ones(2, np.float32),
        "obs_normalizer._mean": layer(1, 4), "obs_normalizer._var": np.ones((1, 4), np.float32),
        "obs_normalizer._std": np.ones((1, 4), np.float32)}}, tmp_path / "p.pt")
    np.savez(tmp_path / "own.npz", **statistics(1))
    program = goes(lambda: puffer_edge.load(path, normaliser=str(tmp_path / "own.npz")),
                   "normaliser=", lambda: puffer_edge.load(path))
    assert program.contract.normaliser is not None


def test_a_policy_of_relus(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from tests.frontends.support.vision import ROWS

    made = next(row for row in ROWS if row.policy == "go").make(tmp_path)
    goes(lambda: puffer_edge.load(made.path, **made.options, activation="tanh"), "activation=",
         lambda: puffer_edge.load(made.path, **made.options))


def test_an_image_of_sample_factory(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from tests.frontends.test_sample_factory import made

    found = made("convnet_simple, separate critic", tmp_path)
    goes(lambda: puffer_edge.load(found.path), '"image": (2, 84, 84)',
         lambda: puffer_edge.load(found.path, **found.options))


def test_a_size_that_no_layer_tells(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class Mean(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([x.mean(1, keepdim=True), x.sum(1, keepdim=True)], 1)

    path = script(Mean(), tmp_path / "p.pt")
    program = goes(lambda: puffer_edge.load(path, action="continuous"), "observation=",
                   lambda: puffer_edge.load(path, action="continuous", observation={"obs": 7}))
    assert program.contract.observation_size == 7


def test_a_size_that_forward_asks_for(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class Strict(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if x.shape[1] != 5:
                raise ValueError("five elements")
            return 2 * x

    path = script(Strict(), tmp_path / "p.pt")
    program = goes(lambda: puffer_edge.load(path, action="continuous", observation={"obs": 4}),
                   "observation=", lambda: puffer_edge.load(path, action="continuous",
                                                            observation={"obs": 5}))
    assert program.contract.observation_size == 5


def test_options_around_a_policy() -> None:
    masked, continuous = load(module(3), action="discrete", action_mask=True), module(2)
    assert masked.contract.mask is not None
    goes(lambda: load(module(3), action="continuous", frame_stack_reset="repeat"), "frame_stack=",
         lambda: load(continuous, action="continuous", frame_stack=2, frame_stack_reset="repeat"))
    goes(lambda: load(continuous, action="continuous", action_mask=True), "action_mask=",
         lambda: load(continuous, action="continuous"))

    from puffer_edge.frontends.wrappers import mask_actions, stack_frames

    goes(lambda: mask_actions(masked), "action_mask", lambda: masked)
    goes(lambda: stack_frames(masked, 2), "frame_stack", lambda: masked)


def zipped(path: Path, changes: dict[str, Any]) -> Path:
    """A zip of Stable-Baselines3 that says something else."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    members["data"] = json.dumps(json.loads(members["data"]) | changes).encode()
    changed = path.with_name("changed.zip")
    with zipfile.ZipFile(changed, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return changed


def test_an_activation_of_ones_own(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    shutil.copy(ROOT / "examples" / "policies" / "cartpole_sb3.zip", tmp_path / "policy.zip")
    path = zipped(tmp_path / "policy.zip",
                  {"policy_kwargs": {"activation_fn": "<class 'mine.Wave'>"}})
    goes(lambda: puffer_edge.load(path), "activation=",
         lambda: puffer_edge.load(path, activation="tanh"))


def test_images_of_stable_baselines3(tmp_path: Path) -> None:
    pytest.importorskip("stable_baselines3")
    from tests.frontends.support.stable_baselines3 import ROWS

    made = next(row for row in ROWS if row.policy == "PPO, CnnPolicy").make(tmp_path)
    space = {":type:": "<class 'gymnasium.spaces.box.Box'>", "dtype": "uint8"}
    path = zipped(made.path, {"observation_space": space})
    program = goes(lambda: puffer_edge.load(path), "observation=",
                   lambda: puffer_edge.load(path, observation={"image": (2, 36, 36)}))
    assert program.contract.observation_size == 2 * 36 * 36
