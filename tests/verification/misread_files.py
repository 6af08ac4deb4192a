# SPDX-License-Identifier: MIT
"""Small policies of every format, each with what a reader may get wrong.

A normaliser with a variance near its epsilon, a clip, slopes that are not the default, a square
layer, an LSTM, two heads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.frontends.onnx_models import model, node, normal

N, H, HEADS = 6, 8, (2, 3)
MEAN = np.float32([3, 0, -100, 0.5, 0, 1])
VARIANCE = np.float64([4, 1, 25, 1e-5, 3e-6, 0.25])
EPSILON = 1e-8
DEVIATION = np.sqrt(VARIANCE + EPSILON).astype(np.float32)


def onnx(folder: Path) -> tuple[Path, dict[str, Any]]:
    rng = np.random.default_rng(1)
    weights: dict[str, Any] = {
        "mean": MEAN, "deviation": DEVIATION, "low": np.float32(-5), "high": np.float32(5),
        "w1": normal(rng, H, N), "b1": normal(rng, H), "w2": normal(rng, H, H),
        "b2": normal(rng, H), "w": normal(rng, 4 * H, H)[None], "r": normal(rng, 4 * H, H)[None],
        "b": 0.3 * rng.normal(size=(1, 8 * H)).astype(np.float32), "first": np.array([0]),
        "head": normal(rng, sum(HEADS), H), "bias": normal(rng, sum(HEADS))}
    nodes = [node("Sub", "obs mean", "centred"), node("Div", "centred deviation", "scaled"),
             node("Clip", "scaled low high", "z"), node("Gemm", "z w1 b1", "l1", transB=1),
             node("LeakyRelu", "l1", "a1", alpha=0.2), node("Gemm", "a1 w2 b2", "l2", transB=1),
             node("Gelu", "l2", "a2", approximate="tanh"), node("Unsqueeze", "a2 first", "x"),
             node("LSTM", "x w r b - h_in c_in", "y h_out c_out", hidden_size=H),
             node("Squeeze", "h_out first", "top"),
             node("Gemm", "top head bias", "logits", transB=1)]
    state: Any = [1, 1, H]
    proto = model(nodes, {"obs": [1, N], "h_in": state, "c_in": state},
                  {"logits": [1, sum(HEADS)], "h_out": state, "c_out": state}, weights, opset=20)
    path = folder / "policy.onnx"
    path.write_bytes(proto.SerializeToString())
    return path, {"action_sizes": HEADS}


def tflite(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Numbers of operators and fields are those of the schema."""
    from tests.frontends.support.tflite import FULLY_CONNECTED, Model

    rng, made = np.random.default_rng(2), Model()
    x = start = made.tensor((1, N))
    for code, array in ((41, MEAN), (42, DEVIATION), (57, np.full(N, 5.0)), (55, np.full(N, -5.0))):
        x = made.add(code, [x, made.constant(array.reshape(1, N))], (1, N))
    for index, (rows, columns) in enumerate(((H, N), (H, H), (sum(HEADS), H))):
        layer = [made.constant(normal(rng, rows, columns)), made.constant(normal(rng, rows))]
        x = made.add(FULLY_CONNECTED, [x, *layer], (1, rows), 8, _0=0)
        if index == 0:
            x = made.add(98, [x], (1, rows), 75, _0=0.2)
        if index == 1:
            x = made.add(28, [x], (1, rows))
    path = folder / "policy.tflite"
    made.write(path, [start], [x])
    return path, {"action_sizes": HEADS}


def _network(torch: Any, *, script: bool) -> Any:
    nn = torch.nn

    class Normaliser(nn.Module):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.eps = EPSILON
            self.register_buffer("_mean", torch.from_numpy(MEAN)[None])
            self.register_buffer("_std", torch.from_numpy(DEVIATION)[None])

        def forward(self, x):  # type: ignore[no-untyped-def]
            return (x - self._mean) / (self._std + self.eps)

    class Scripted(nn.Module):  # type: ignore[misc, unused-ignore]
        """As rsl_rl exports its policies: the state lies in buffers."""

        def __init__(self) -> None:
            super().__init__()
            self.normalizer, self.rnn = Normaliser(), nn.LSTM(N, H)
            self.actor = nn.Sequential(nn.Linear(H, H), nn.LeakyReLU(0.2), nn.Linear(H, H),
                                       nn.Tanh(), nn.Linear(H, sum(HEADS)))
            self.register_buffer("hidden_state", torch.zeros(1, 1, H))
            self.register_buffer("cell_state", torch.zeros(1, 1, H))

        def forward(self, x):  # type: ignore[no-untyped-def]
            x = self.normalizer(x)
            x, (h, c) = self.rnn(x.unsqueeze(0), (self.hidden_state, self.cell_state))
            self.hidden_state[:] = h
            self.cell_state[:] = c
            return self.actor(x.squeeze(0))

    class Exported(nn.Module):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.normalizer, self.cell = Normaliser(), nn.LSTMCell(H, H)
            self.first, self.second = nn.Linear(N, H), nn.Linear(H, H)
            self.heads = nn.ModuleList([nn.Linear(H, n) for n in HEADS])

        def forward(self, x, h, c):  # type: ignore[no-untyped-def]
            z = torch.clamp(self.normalizer(x), -5, 5)
            z = nn.functional.leaky_relu(self.first(z), 0.2)
            z = nn.functional.gelu(self.second(z), approximate="tanh")
            h, c = self.cell(z, (h, c))
            return torch.cat([head(h) for head in self.heads], 1), h, c

    torch.manual_seed(4)
    net = Scripted() if script else Exported()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(2)
    return net.eval()


def torch_script(folder: Path) -> tuple[Path, dict[str, Any]]:
    import torch

    path = folder / "policy.pt"
    torch.jit.script(_network(torch, script=True)).save(path)
    return path, {"action_sizes": HEADS}


def pt2(folder: Path) -> tuple[Path, dict[str, Any]]:
    import torch

    path = folder / "policy.pt2"
    state = torch.zeros(1, H)
    torch.export.save(torch.export.export(
        _network(torch, script=False), (torch.zeros(1, N), state, state.clone())), path)
    return path, {"action_sizes": HEADS}


def _zip(folder: Path, kind: str, action: Any, **arguments: Any) -> tuple[Path, dict[str, Any]]:
    """A zip and the statistics of its VecNormalize."""
    import gymnasium
    import sb3_contrib
    import stable_baselines3
    import torch
    from gymnasium.spaces import Box
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

    class Env(gymnasium.Env):  # type: ignore[misc, type-arg, unused-ignore]
        observation_space, action_space = Box(-1e4, 1e4, (N,)), action

        def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
            return self.observation_space.sample(), {}

        def step(self, action: Any) -> Any:
            return self.observation_space.sample(), 0.0, False, False, {}

    library = stable_baselines3 if hasattr(stable_baselines3, kind) else sb3_contrib
    env = VecNormalize(DummyVecEnv([Env]), clip_obs=5.0, epsilon=EPSILON)
    env.obs_rms.mean, env.obs_rms.var = MEAN.astype(np.float64), VARIANCE
    on_policy = {"n_steps": 8, "batch_size": 8} if kind != "SAC" else {"buffer_size": 10}
    net = getattr(library, kind)(
        "MlpLstmPolicy" if kind == "RecurrentPPO" else "MlpPolicy", env, device="cpu", seed=1,
        **on_policy, **arguments)
    random = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in net.policy.parameters():
            scale = parameter.shape[-1] ** -0.5 if parameter.ndim == 2 else 0.3
            parameter.copy_(scale * torch.randn(parameter.shape, generator=random))
    path, statistics = folder / f"{kind}.zip", folder / f"{kind}.pkl"
    net.save(path)
    env.save(statistics)
    return path, {"vec_normalize": statistics}


def ppo(folder: Path) -> tuple[Path, dict[str, Any]]:
    import torch
    from gymnasium.spaces import MultiDiscrete

    return _zip(folder, "PPO", MultiDiscrete(HEADS), policy_kwargs={
        "net_arch": [H, H], "activation_fn": torch.nn.GELU})


def recurrent_ppo(folder: Path) -> tuple[Path, dict[str, Any]]:
    from gymnasium.spaces import MultiDiscrete

    return _zip(folder, "RecurrentPPO", MultiDiscrete(HEADS), policy_kwargs={
        "net_arch": [H, H], "lstm_hidden_size": H})


def sac(folder: Path) -> tuple[Path, dict[str, Any]]:
    from gymnasium.spaces import Box

    return _zip(folder, "SAC", Box(np.float32([-2, 0]), np.float32([1, 3])),
                policy_kwargs={"net_arch": [H, H]})


FILES = {"ONNX": (onnx,), "TFLite": (tflite,), ".pt2": (pt2,), "TorchScript": (torch_script,),
         "Stable-Baselines3": (ppo, recurrent_ppo, sac)}
"""Who makes files of each format."""
