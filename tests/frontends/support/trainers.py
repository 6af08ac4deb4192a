# SPDX-License-Identifier: MIT
"""Checkpoints of trainers that are no dependency of ours, with the names that they save.

The names and formulas are those of the releases named in the rows; ``real.py`` makes the same files
with the trainers themselves, where they install.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.frontends.support.networks import Memory, linear, mlp, named, normaliser, optimizer, rows
from tests.frontends.support.row import Made, Row
from tests.frontends.support.sample_factory import sample_factory, sample_factory_image

N, A = 6, 3
Make = Callable[[Path], Made]


def _rllib(*, continuous: bool, free: bool = False) -> Make:
    """With what RLlib 2.60 writes beside the layers; ``free``: a hidden layer and a log_std."""
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(8)
        body, critic = (mlp(torch, [N, 12, 10], torch.nn.Tanh, last=True) for _ in range(2))
        width = 2 * A if continuous and not free else A
        head, value = (mlp(torch, [10, *([8] if free else []), size], torch.nn.ReLU)
                       for size in (width, 1))
        path = directory / "policy.pt"
        state = named(torch, {
            "encoder.actor_encoder.net.mlp": body, "encoder.critic_encoder.net.mlp": critic,
            "pi.net.mlp": head, "vf.net.mlp": value}).state_dict()
        state |= {f"{part}.log_std_clip_param_const": torch.tensor([20.0]) for part in ("pi", "vf")}
        torch.save(state | ({"pi.log_std": torch.zeros(A)} if free else {}), path)
        output = "mean" if continuous else "logits"
        return Made(path, lambda x: {output: head(body(rows(torch, x)))[:, :A].detach().numpy()}, N,
                    {"action": "continuous"} if continuous and not free else {})
    return make


def _cleanrl_ppo(*, continuous: bool) -> Make:
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(1)
        actor, critic = (mlp(torch, [N, 12, 10, size], torch.nn.Tanh) for size in (A, 1))
        name = "actor_mean" if continuous else "actor"
        parts: dict[str, Any] = {"critic": critic, name: actor}
        if continuous:
            parts["actor_logstd"] = torch.nn.Parameter(torch.zeros(1, A))
        path = directory / "ppo.cleanrl_model"
        torch.save(named(torch, parts).state_dict(), path)
        output = "mean" if continuous else "logits"
        return Made(path, lambda x: {output: actor(rows(torch, x)).detach().numpy()}, N,
                    {"action_low": -2, "action_high": 2} if continuous else {})
    return make


def _cleanrl_dqn(directory: Path) -> Made:
    import torch
    torch.manual_seed(2)
    net = mlp(torch, [N, 14, 12, A], torch.nn.ReLU)
    path = directory / "dqn.cleanrl_model"
    torch.save(named(torch, {"network": net}).state_dict(), path)
    return Made(path, lambda x: {"logits": net(rows(torch, x)).detach().numpy()}, N)


def _cleanrl_squashed(*, sac: bool) -> Make:
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(3)
        first, second, mean = (linear(torch, *sizes) for sizes in ((N, 12), (12, 12), (12, A)))
        parts = {"action_scale": torch.full((1, A), 2.0), "action_bias": torch.full((1, A), 0.5),
                 "fc1": first, "fc2": second, "fc_mean" if sac else "fc_mu": mean}
        if sac:
            parts["fc_logstd"] = linear(torch, 12, A)
        critic = named(torch, {"fc1": linear(torch, N + A, 12), "fc3": linear(torch, 12, 1)})
        path = directory / "actor.cleanrl_model"
        torch.save((named(torch, parts).state_dict(), critic.state_dict()), path)

        def step(x: Any) -> dict[str, Any]:
            h = torch.relu(second(torch.relu(first(rows(torch, x)))))
            return {"mean": mean(h).detach().numpy()}
        return Made(path, step, N)
    return make


def _rsl_rl(*, new: bool, cell: str = "", normalised: bool = True) -> Make:
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(4)
        body = mlp(torch, [8 if cell else N, 12, 10, A], torch.nn.ELU)
        critic = mlp(torch, [N, 12, 1], torch.nn.ELU)
        memory = Memory(getattr(torch.nn, cell)(N, 8)) if cell else None
        mean, variance = normaliser(torch)
        statistics = {"_mean": mean.float()[None], "_var": variance.float()[None],
                      "_std": variance.float().sqrt()[None], "count": torch.tensor(900)}
        start = "obs_normalizer." if new else "actor_obs_normalizer."
        parts: dict[str, Any] = {f"{start}{name}": value for name, value in statistics.items()
                                 } if normalised else {}
        spread = torch.nn.Parameter(torch.ones(A))
        if new:
            parts |= {"distribution.std_param": spread, "mlp": body}
            parts |= {"rnn.rnn": memory.module} if memory else {}
            checkpoint = {"actor_state_dict": named(torch, parts).state_dict(),
                          "critic_state_dict": named(torch, {"mlp": critic}).state_dict()}
        else:
            parts |= {"std": spread, "actor": body, "critic": critic}
            if memory:
                parts |= {"memory_a.rnn": memory.module, "memory_c.rnn": torch.nn.LSTM(N, 8)}
            checkpoint = {"model_state_dict": named(torch, parts).state_dict()}
        path = directory / "model_1500.pt"
        torch.save({**checkpoint, "optimizer_state_dict": optimizer(torch), "iter": 1500,
                    "infos": None}, path)

        def step(x: Any) -> dict[str, Any]:
            with torch.no_grad():
                h = rows(torch, x)
                if normalised:
                    h = (h - statistics["_mean"]) / (statistics["_std"] + 1e-2)
                return {"mean": body(memory(h) if memory else h).numpy()}
        return Made(path, step, N)
    return make


def _rl_games(*, continuous: bool, cell: str = "", before: bool = False, norm: bool = False,
              joined: bool = False, separate: bool = False) -> Make:
    """``joined``: concat_input where the cell is behind the MLP, and concat_output."""
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(5)
        into, out = (10 + N * joined if not before else N), 8 + N * joined
        body = mlp(torch, [out if before else N, 12, 10], torch.nn.ELU, last=True)
        memory = Memory(getattr(torch.nn, cell)(into, 8)) if cell else None
        scale = torch.nn.LayerNorm(8)
        torch.nn.init.uniform_(scale.weight, 0.5, 2)
        torch.nn.init.normal_(scale.bias)
        width = out if memory and not before else 10
        head, value = linear(torch, width, A), linear(torch, width, 1)
        mean, variance = normaliser(torch)
        net = "a2c_network."
        parts: dict[str, Any] = {
            "value_mean_std.running_mean": torch.zeros(1, dtype=torch.float64),
            "value_mean_std.running_var": torch.ones(1, dtype=torch.float64),
            "value_mean_std.count": torch.tensor(5.0, dtype=torch.float64),
            "running_mean_std.running_mean": mean, "running_mean_std.running_var": variance,
            "running_mean_std.count": torch.tensor(9.0, dtype=torch.float64),
            f"{net}actor_mlp": body, f"{net}value": value,
            f"{net}{'mu' if continuous else 'logits'}": head}
        if continuous:
            parts[f"{net}sigma"] = torch.nn.Parameter(torch.zeros(A))
        for start in (("a_", "c_") if separate else ("",)):
            if memory:
                parts[f"{net}{start}rnn.rnn"] = memory.module
            if norm:
                parts[f"{net}{start}layer_norm"] = scale
        path = directory / "last_run_ep_100.pth"
        torch.save({"model": named(torch, parts).state_dict(), "epoch": 100, "frame": 10,
                    "optimizer": optimizer(torch), "last_mean_rewards": 1.0, "env_state": None},
                   path)

        def step(x: Any) -> dict[str, Any]:
            with torch.no_grad():
                h = (rows(torch, x) - mean.float()) / torch.sqrt(variance.float() + 1e-5)
                h = seen = h.clamp(-5, 5)
                if not before:
                    h = body(h)
                    if joined:
                        h = torch.cat([h, seen], 1)
                if memory:
                    h = memory(h)
                    if norm:
                        h = scale(h)
                    if joined:
                        h = torch.cat([h, seen], 1)
                if before:
                    h = body(h)
                return {"mean" if continuous else "logits": head(h).numpy()}
        return Made(path, step, N)
    return make


def _skrl(directory: Path) -> Made:
    import torch
    torch.manual_seed(6)
    body = mlp(torch, [N, 12, 10, A], torch.nn.ELU)
    mean, variance = normaliser(torch)
    policy = named(torch, {"log_std_parameter": torch.nn.Parameter(torch.zeros(A)),
                           "net_container": body})
    path = directory / "best_agent.pt"
    value = named(torch, {"net_container": mlp(torch, [N, 12, 1], torch.nn.ELU)})
    torch.save({"policy": policy.state_dict(), "value": value.state_dict(),
                "optimizer": optimizer(torch),
                "observation_preprocessor": {"running_mean": mean, "running_variance": variance,
                                             "current_count": torch.tensor(7.0).double()}}, path)

    def step(x: Any) -> dict[str, Any]:
        h = (rows(torch, x) - mean.float()) / (torch.sqrt(variance.float()) + 1e-8)
        return {"mean": body(h.clamp(-5, 5)).detach().numpy()}
    return Made(path, step, N)


def _tianshou(kind: str) -> Make:
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(8)
        body = mlp(torch, [N, 12, 10], torch.nn.ReLU, last=True)
        head = linear(torch, 10, A)
        options: dict[str, Any] = {}
        if kind == "values":
            whole = torch.nn.Sequential(*body, head)
            parts = {"model.model.model": whole, "model_old.model.model": whole}
        else:
            last = "mu" if kind == "mean" else "last"
            parts = {"actor.preprocess.model.model": body,
                     f"actor.{last}.model": torch.nn.Sequential(head),
                     "critic.preprocess.model.model": mlp(torch, [N, 5], torch.nn.ReLU)}
            if kind == "mean":
                parts["actor.sigma_param"] = torch.nn.Parameter(torch.zeros(A, 1))
                options = {"action_low": -2, "action_high": 2}
        path = directory / "policy.pth"
        torch.save(named(torch, parts).state_dict(), path)
        output = "mean" if kind == "mean" else "logits"
        return Made(path, lambda x: {output: head(body(rows(torch, x))).detach().numpy()}, N,
                    options)
    return make


def _torchrl(directory: Path) -> Made:
    import torch
    torch.manual_seed(9)
    body = mlp(torch, [N, 12, 10, A], torch.nn.Tanh)
    path = directory / "actor.pt"
    torch.save(named(torch, {"module.0.module.0": body}).state_dict(), path)
    return Made(path, lambda x: {"logits": body(rows(torch, x)).detach().numpy()}, N,
                {"activation": "tanh"})


ROWS: tuple[Row, ...] = (
    Row("RLlib, new stack", "PPO, discrete", "`module.state_dict()`", _rllib(continuous=False),
        "RLlib state_dict", "`--activation`, `--action`"),
    Row("RLlib, new stack", "PPO, continuous", "`module.state_dict()`", _rllib(continuous=True),
        "RLlib state_dict", "`--activation`, `--action`"),
    Row("RLlib, new stack", "PPO, free log_std", "`module.state_dict()`",
        _rllib(continuous=True, free=True), "RLlib state_dict", "`--activation`"),
    Row("CleanRL", "PPO, discrete", "`.cleanrl_model`", _cleanrl_ppo(continuous=False),
        "CleanRL, PPO with discrete actions", "`--activation`"),
    Row("CleanRL", "PPO, continuous", "`.cleanrl_model`", _cleanrl_ppo(continuous=True),
        "CleanRL, PPO with continuous actions", "`--action-low/-high`"),
    Row("CleanRL", "DQN", "`.cleanrl_model`", _cleanrl_dqn, "CleanRL, DQN"),
    Row("CleanRL", "SAC", "`.cleanrl_model`", _cleanrl_squashed(sac=True), "CleanRL, SAC"),
    Row("CleanRL", "TD3, DDPG", "`.cleanrl_model`", _cleanrl_squashed(sac=False),
        "CleanRL, TD3 or DDPG"),
    Row("rsl_rl 5", "MLP", "`model_*.pt`", _rsl_rl(new=True),
        "rsl_rl checkpoint, version 5", "`--activation`"),
    Row("rsl_rl 5", "LSTM", "`model_*.pt`", _rsl_rl(new=True, cell="LSTM"),
        "rsl_rl checkpoint, version 5", "`--activation`"),
    Row("rsl_rl 5", "GRU", "`model_*.pt`", _rsl_rl(new=True, cell="GRU", normalised=False),
        "rsl_rl checkpoint, version 5", "`--activation`"),
    Row("rsl_rl 1 to 4", "MLP", "`model_*.pt`", _rsl_rl(new=False),
        "rsl_rl checkpoint, before version 5", "`--activation`"),
    Row("rsl_rl 1 to 4", "LSTM", "`model_*.pt`", _rsl_rl(new=False, cell="LSTM"),
        "rsl_rl checkpoint, before version 5", "`--activation`"),
    Row("rl_games", "continuous", "`.pth`", _rl_games(continuous=True),
        "rl_games checkpoint, continuous actions", "`--action-low/-high`, `--activation`"),
    Row("rl_games", "discrete, LSTM", "`.pth`", _rl_games(continuous=False, cell="LSTM"),
        "rl_games checkpoint, discrete actions", "`--activation`"),
    Row("rl_games", "GRU before the MLP", "`.pth`",
        _rl_games(continuous=True, cell="GRU", before=True),
        "rl_games checkpoint, continuous actions", "`--activation`"),
    Row("rl_games", "LSTM with layer norm, separate critic", "`.pth`",
        _rl_games(continuous=True, cell="LSTM", norm=True, separate=True),
        "rl_games checkpoint, continuous actions", "`--activation`"),
    Row("rl_games", "LSTM with `concat_input`, `concat_output`", "`.pth`",
        _rl_games(continuous=True, cell="LSTM", norm=True, joined=True),
        "rl_games checkpoint, continuous actions", "`--activation`"),
    Row("rl_games", "GRU before the MLP with `concat_output`", "`.pth`",
        _rl_games(continuous=False, cell="GRU", before=True, joined=True),
        "rl_games checkpoint, discrete actions", "`--activation`"),
    Row("skrl", "Gaussian", "`agent_*.pt`", _skrl, "skrl agent, continuous actions",
        "`--activation`"),
    Row("Sample Factory", "discrete", "`checkpoint_*.pth`", sample_factory(),
        "Sample Factory checkpoint, discrete actions", "`--activation`"),
    Row("Sample Factory", "observation key `measurements`", "`checkpoint_*.pth`",
        sample_factory(key="measurements"), "Sample Factory checkpoint, discrete actions",
        "`--activation`"),
    Row("Sample Factory", "GRU", "`checkpoint_*.pth`", sample_factory(cell="GRU"),
        "Sample Factory checkpoint, discrete actions", "`--activation`"),
    Row("Sample Factory", "LSTM, continuous", "`checkpoint_*.pth`",
        sample_factory(cell="LSTM", continuous=True),
        "Sample Factory checkpoint, continuous actions", "`--action continuous`"),
    Row("Sample Factory", "convnet_atari", "`checkpoint_*.pth`",
        sample_factory_image("convnet_atari", 36, normalised=True),
        "Sample Factory checkpoint, discrete actions", "`--config config.json`"),
    Row("Sample Factory", "convnet_simple, separate critic", "`checkpoint_*.pth`",
        sample_factory_image("convnet_simple", 36, normalised=False, separate=True),
        "Sample Factory checkpoint, discrete actions", "`--observation image:3x72x128`"),
    Row("Sample Factory", "convnet_impala", "`checkpoint_*.pth`",
        sample_factory_image("convnet_impala", 24, normalised=True),
        "Sample Factory checkpoint, discrete actions"),
    Row("Sample Factory", "resnet_impala", "`checkpoint_*.pth`",
        sample_factory_image("resnet_impala", 8, normalised=True),
        "Sample Factory checkpoint, discrete actions"),
    Row("Tianshou", "discrete actor", "`policy.pth`", _tianshou("logits"),
        "Tianshou, discrete actor", "`--activation`"),
    Row("Tianshou", "Gaussian actor", "`policy.pth`", _tianshou("mean"),
        "Tianshou, continuous actor", "`--action-low/-high`"),
    Row("Tianshou", "DQN", "`policy.pth`", _tianshou("values"), "Tianshou, action values"),
    Row("TorchRL", "MLP", "state_dict", _torchrl, "state_dict of linear layers", "`--activation`"),
)
