# SPDX-License-Identifier: MIT
"""The same files, made by the trainers themselves; they are the extra ``trainers``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.frontends.support import d3rlpy
from tests.frontends.support.networks import mlp, rows
from tests.frontends.support.row import Made, Row

N, A = 6, 3
Make = Callable[[Path], Made]


def _rsl_rl_model(cell: str) -> Any:
    import torch
    from rsl_rl.models import MLPModel, RNNModel
    from tensordict import TensorDict

    torch.manual_seed(1)
    observation = TensorDict({"policy": torch.zeros(1, N)}, batch_size=[1])
    arguments: dict[str, Any] = {
        "hidden_dims": [12, 10], "activation": "elu", "obs_normalization": True,
        "distribution_cfg": {"class_name": "GaussianDistribution", "init_std": 1.0}}
    groups = {"actor": ["policy"]}
    if cell:
        model = RNNModel(observation, groups, "actor", A, rnn_type=cell, rnn_hidden_dim=8,
                         **arguments)
    else:
        model = MLPModel(observation, groups, "actor", A, **arguments)
    with torch.no_grad():
        model.obs_normalizer._mean.normal_()
        model.obs_normalizer._std.uniform_(0.5, 2)
    return model.eval()


def _rsl_rl(directory: Path, *, cell: str = "", script: bool = False) -> Made:
    import torch
    from tensordict import TensorDict

    model = _rsl_rl_model(cell)
    path = directory / ("policy.pt" if script else "model_10.pt")
    if script:
        torch.jit.script(model.as_jit()).save(str(path))
    else:
        torch.save({"actor_state_dict": model.state_dict(), "critic_state_dict": {},
                    "optimizer_state_dict": {}, "iter": 10, "infos": None}, path)

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            observation = TensorDict({"policy": rows(torch, x)}, batch_size=[1])
            return {"mean": model(observation).numpy()}
    return Made(path, step, N)


def _skrl(directory: Path) -> Made:
    import gymnasium
    import torch
    from skrl.resources.preprocessors.torch import RunningStandardScaler
    from skrl.utils.model_instantiators.torch import gaussian_model

    torch.manual_seed(2)
    box, action = gymnasium.spaces.Box(-1, 1, (N,)), gymnasium.spaces.Box(-1, 1, (A,))
    layers = [{"name": "net", "input": "OBSERVATIONS", "layers": [12, 10], "activations": "elu"}]
    model = gaussian_model(observation_space=box, state_space=None, action_space=action,
                           device="cpu", network=layers, output="ACTIONS", clip_actions=False)
    model.act({"observations": torch.zeros(1, N)}, role="policy")  # makes the lazy layers
    scaler = RunningStandardScaler(size=box, device="cpu")
    scaler(torch.randn(50, N) * 2 + 1, train=True)
    path = directory / "agent_100.pt"
    torch.save({"policy": model.state_dict(), "value": model.state_dict(),
                "observation_preprocessor": scaler.state_dict()}, path)

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            _, outputs = model.act({"observations": scaler(rows(torch, x))}, role="policy")
            return {"mean": outputs["mean_actions"].numpy()}
    return Made(path, step, N)


def _rl_games(directory: Path) -> Made:
    import torch
    from rl_games.algos_torch import models, network_builder

    torch.manual_seed(3)
    builder = network_builder.A2CBuilder()
    builder.load({
        "name": "actor_critic", "separate": False, "space": {"continuous": {
            "mu_activation": "None", "sigma_activation": "None", "mu_init": {"name": "default"},
            "sigma_init": {"name": "const_initializer", "val": 0}, "fixed_sigma": True}},
        "mlp": {"units": [12, 10], "activation": "elu", "initializer": {"name": "default"}}})
    model = models.ModelA2CContinuousLogStd(builder).build({
        "actions_num": A, "input_shape": (N,), "num_seqs": 1, "value_size": 1,
        "normalize_value": True, "normalize_input": True}).eval()
    model.running_mean_std.running_mean.normal_()
    model.running_mean_std.running_var.uniform_(0.5, 2)
    path = directory / "run.pth"
    torch.save({"model": model.state_dict(), "epoch": 1, "optimizer": {}}, path)

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            found = model({"is_train": False, "prev_actions": None, "obs": rows(torch, x),
                           "rnn_states": None})
            return {"mean": found["mus"].numpy()}
    return Made(path, step, N)


def _safetensors(directory: Path) -> Made:
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(4)
    actor = mlp(torch, [N, 12, A], torch.nn.Tanh)
    path = directory / "actor.safetensors"
    save_file({**{f"actor.{key}": value for key, value in actor.state_dict().items()},
               "critic.0.weight": torch.ones(1, N), "critic.0.bias": torch.ones(1)}, path)
    return Made(path, lambda x: {"logits": np.asarray(actor(rows(torch, x)).detach())}, N)


ROWS: tuple[Row, ...] = (
    Row("rsl_rl 5", "MLP", "model_*.pt", _rsl_rl, "rsl_rl checkpoint, version 5",
        package="rsl_rl"),
    Row("rsl_rl 5", "LSTM", "model_*.pt", partial(_rsl_rl, cell="lstm"),
        "rsl_rl checkpoint, version 5", package="rsl_rl"),
    Row("rsl_rl 5", "MLP", "policy.pt", partial(_rsl_rl, script=True), "TorchScript",
        package="rsl_rl"),
    Row("rsl_rl 5", "LSTM", "policy.pt", partial(_rsl_rl, cell="lstm", script=True),
        "TorchScript", package="rsl_rl"),
    Row("rsl_rl 5", "GRU", "policy.pt", partial(_rsl_rl, cell="gru", script=True),
        "TorchScript", package="rsl_rl"),
    Row("skrl 2", "Gaussian", "agent_*.pt", _skrl, "skrl agent", package="skrl"),
    Row("rl_games", "continuous", ".pth", _rl_games, "rl_games checkpoint", package="rl_games"),
    Row("safetensors", "PPO of CleanRL", ".safetensors", _safetensors, "CleanRL, PPO",
        package="safetensors"),
    *d3rlpy.REAL,
)
