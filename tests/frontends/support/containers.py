# SPDX-License-Identifier: MIT
"""Policies in other containers: whole modules, TorchScript, safetensors, old formats, key maps."""

from __future__ import annotations

import json
import struct
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.frontends.support.networks import Memory, linear, mlp, named, rows
from tests.frontends.support.row import Made, Row

N, A = 6, 3
Make = Callable[[Path], Made]


def pickled_as(torch: Any, module: Any, path: Path, classes: dict[str, str]) -> None:
    """Saves a module whole; its parts are of classes that are gone when it is read.

    Args:
        torch: the package.
        module: what is saved.
        path: where.
        classes: full class name by the part's name, the root under ``""``.
    """
    made: list[str] = []
    for name, full in classes.items():
        package, _, last = full.rpartition(".")
        for depth in range(package.count(".") + 1):
            stem = ".".join(package.split(".")[: depth + 1])
            if stem not in sys.modules:
                sys.modules[stem] = types.ModuleType(stem)
                made.append(stem)
        kind = type(last, (torch.nn.Module,), {"__module__": package})
        setattr(sys.modules[package], last, kind)
        part = module.get_submodule(name)
        part.__class__ = kind
    try:
        torch.save(module, path)
    finally:
        for stem in made:
            del sys.modules[stem]


def _pufferlib_2(*, recurrent: bool) -> Make:
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(2)
        encoder, decoder, value = (linear(torch, *s) for s in ((N, 16), (16, A), (16, 1)))
        memory = Memory(torch.nn.LSTM(16, 16)) if recurrent else None
        inner = "policy.policy." if recurrent else "policy."
        parts = {f"{inner}encoder": encoder, f"{inner}decoder": decoder,
                 f"{inner}value_head": value}
        classes = {"": "pufferlib.cleanrl.Policy", "policy": "pufferlib.models.Default"}
        if memory:
            parts["policy.recurrent"] = memory.module
            classes = {"": "pufferlib.cleanrl.RecurrentPolicy",
                       "policy": "pufferlib.models.LSTMWrapper",
                       "policy.policy": "pufferlib.models.Default"}
        path = directory / "model_000200.pt"
        pickled_as(torch, named(torch, parts), path, classes)

        def step(x: Any) -> dict[str, Any]:
            with torch.no_grad():
                h = torch.relu(encoder(rows(torch, x)))
                h = memory(h) if memory else h
                return {"logits": decoder(h).numpy(), "value": value(h).numpy()}
        return Made(path, step, N)
    return make


def _sequential(kind: str) -> Make:
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(3)
        nn = torch.nn
        net = nn.Sequential(linear(torch, N, 12), nn.ELU(0.7), linear(torch, 12, 10),
                            nn.LeakyReLU(0.2), nn.LayerNorm(10), linear(torch, 10, A), nn.Tanh())
        path = directory / "policy.pt"
        if kind in ("pickled", "old"):
            torch.save(net, path, _use_new_zipfile_serialization=kind == "pickled")
        elif kind == "scripted":
            torch.jit.script(net).save(str(path))
        return Made(path, lambda x: {"mean": net(rows(torch, x)).detach().numpy()}, N,
                    {"action": "continuous"})
    return make


def _convolutional(*, script: bool) -> Make:
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(4)
        nn = torch.nn
        net = nn.Sequential(nn.Conv2d(2, 5, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(5, 4, 3),
                            nn.ReLU(), nn.MaxPool2d(2, 1, 1), nn.Flatten(),
                            linear(torch, 4 * 4 * 3, A))
        path = directory / "policy.pt"
        if script:
            torch.jit.script(net).save(str(path))
        else:
            torch.save(net, path)

        def step(x: Any) -> dict[str, Any]:
            return {"logits": net(rows(torch, x).reshape(1, 2, 9, 7)).detach().numpy()}
        return Made(path, step, 126, {"action": "discrete", "observation": {"image": (2, 9, 7)}})
    return make


def _exported_script(cell: str, *, new: bool = True) -> Make:
    """The form of rsl_rl's exporter, and of those of Isaac Lab and legged_gym before it."""
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(5)
        source = _EXPORTED_NEW if new else _EXPORTED_OLD
        body = mlp(torch, [8 if cell else N, 12, 10, A], torch.nn.ELU)
        layer = getattr(torch.nn, cell)(N, 8) if cell else None
        memory = Memory(layer) if cell else None
        norm = _EXPORTED["Normalization"](N)
        exported = source[cell](norm, layer, body)
        path = directory / "policy.pt"
        torch.jit.script(exported).save(str(path))

        def step(x: Any) -> dict[str, Any]:
            with torch.no_grad():
                h = (rows(torch, x) - norm._mean) / (norm._std + norm.eps)
                return {"mean": body(memory(h) if memory else h).numpy()}
        return Made(path, step, N)
    return make


def _normalization() -> dict[str, Any]:
    import torch
    from torch import nn

    class Normalization(nn.Module):
        def __init__(self, size: int) -> None:
            super().__init__()
            self.eps = 0.02
            self.register_buffer("_mean", torch.randn(1, size))
            self.register_buffer("_std", torch.rand(1, size) + 0.5)
            self.register_buffer("count", torch.tensor(5))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x - self._mean) / (self._std + self.eps)

    return {"Normalization": Normalization}


def _exporters() -> dict[str, Any]:
    """What rsl_rl exports, by the memory."""
    import torch
    from torch import nn

    class Plain(nn.Module):
        def __init__(self, norm: nn.Module, layer: nn.Module, body: nn.Module) -> None:
            super().__init__()
            self.obs_normalizer, self.mlp = norm, body
            self.deterministic_output = nn.Identity()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.deterministic_output(self.mlp(self.obs_normalizer(x)))

    class Gru(nn.Module):
        def __init__(self, norm: nn.Module, layer: nn.Module, body: nn.Module) -> None:
            super().__init__()
            self.obs_normalizer, self.rnn, self.mlp = norm, layer, body
            self.register_buffer("hidden_state", torch.zeros(1, 1, 8))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.obs_normalizer(x)
            x, h = self.rnn(x.unsqueeze(0), self.hidden_state)
            self.hidden_state[:] = h
            return self.mlp(x.squeeze(0))

    class Lstm(nn.Module):
        def __init__(self, norm: nn.Module, layer: nn.Module, body: nn.Module) -> None:
            super().__init__()
            self.obs_normalizer, self.rnn, self.mlp = norm, layer, body
            self.register_buffer("hidden_state", torch.zeros(1, 1, 8))
            self.register_buffer("cell_state", torch.zeros(1, 1, 8))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.obs_normalizer(x)
            x, (h, c) = self.rnn(x.unsqueeze(0), (self.hidden_state, self.cell_state))
            self.hidden_state[:] = h
            self.cell_state[:] = c
            return self.mlp(x.squeeze(0))

    return {"": Plain, "GRU": Gru, "LSTM": Lstm}


def _old_exporter() -> dict[str, Any]:
    """legged_gym's, from which rsl_rl's came."""
    import torch
    from torch import nn

    class Old(nn.Module):
        def __init__(self, norm: nn.Module, layer: nn.Module, body: nn.Module) -> None:
            super().__init__()
            self.normalizer, self.memory, self.actor = norm, layer, body
            self.register_buffer("hidden_state", torch.zeros(1, 1, 8))
            self.register_buffer("cell_state", torch.zeros(1, 1, 8))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.normalizer(x)
            out, (h, c) = self.memory(x.unsqueeze(0), (self.hidden_state, self.cell_state))
            self.hidden_state[:] = h
            self.cell_state[:] = c
            return self.actor(out.squeeze(0))

    return {"LSTM": Old}


def _estimator(kind: str) -> Make:
    """An actor beside an estimator, as HIMLoco's, with a history that forward keeps itself."""
    def make(directory: Path) -> Made:
        import torch
        from torch import nn
        torch.manual_seed(9)

        class Estimator(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.actor = mlp(torch, [N + 7, 12, A], nn.ELU)
                self.encoder = mlp(torch, [3 * N, 16, 7], nn.ELU)
                self.register_buffer("history", torch.zeros(1, 3, N))
                self.register_buffer("scale", torch.rand(N) + 0.5)

            def forward(self, obs: torch.Tensor) -> torch.Tensor:
                x = (obs.detach() * self.scale).clamp(-18.0, 18.0)
                self.history[:] = torch.cat([self.history[:, 1:], x.unsqueeze(1)], 1)
                found = self.encoder(self.history.reshape(1, 18))
                latent = nn.functional.normalize(found[..., 3:], p=2.0, dim=-1)
                return self.actor(torch.cat((x[:, :6], found[:, :3], latent), dim=1))

        net, path = Estimator().eval(), directory / "policy.pt"
        if kind == "traced":
            script = torch.jit.trace(net, torch.zeros(1, N), check_trace=False)
        else:
            script = torch.jit.script(net)
        if kind == "frozen":
            script = torch.jit.freeze(script)
        script.save(str(path))
        net.history.zero_()

        def step(x: Any) -> dict[str, Any]:
            with torch.no_grad():
                return {"mean": net(rows(torch, x)).numpy()}
        return Made(path, step, N)
    return make


def write_safetensors(path: Path, arrays: dict[str, Any]) -> None:
    """The format as its authors describe it."""
    header, blocks, end = {}, [], 0
    for name, array in arrays.items():
        content = array.tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape),
                        "data_offsets": [end, end + len(content)]}
        blocks.append(content)
        end += len(content)
    text = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blocks))


def _ppo(file: str) -> Make:
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(6)
        actor, critic = (mlp(torch, [N, 12, 10, size], torch.nn.Tanh) for size in (A, 1))
        state = named(torch, {"critic": critic, "actor": actor}).state_dict()
        path = directory / f"agent.{file}"
        if file == "safetensors":
            write_safetensors(path, {name: tensor.numpy() for name, tensor in state.items()})
        else:
            torch.save(state, path, _use_new_zipfile_serialization=False)
        return Made(path, lambda x: {"logits": actor(rows(torch, x)).detach().numpy()}, N)
    return make


def _mapped(directory: Path) -> Made:
    import torch
    torch.manual_seed(7)
    first, memory = linear(torch, N, 12), Memory(torch.nn.GRU(12, 8))
    second, last = linear(torch, 8, 10), linear(torch, 10, A)
    mean, variance = torch.randn(N), torch.rand(N) + 0.5
    parts = {"torso.proj": first, "core": memory.module, "torso.mix": second, "pi": last,
             "baseline": linear(torch, 10, 1), "stats.mu": mean, "stats.sq": variance}
    path = directory / "weights.pt"
    torch.save(named(torch, parts).state_dict(), path)
    (directory / "keys.toml").write_text(
        'action = "continuous"\nactivation = "silu"\nlayers = ["torso.proj"]\n'
        'recurrent = "core"\nafter = ["torso.mix"]\noutput = "pi"\nignore = ["baseline."]\n'
        '[normaliser]\nmean = "stats.mu"\nvariance = "stats.sq"\nepsilon = 0.001\nclip = 4\n')

    def step(x: Any) -> dict[str, Any]:
        silu = torch.nn.functional.silu
        with torch.no_grad():
            h = ((rows(torch, x) - mean) / torch.sqrt(variance + 0.001)).clamp(-4, 4)
            return {"mean": last(silu(second(memory(silu(first(h)))))).numpy()}
    return Made(path, step, N, {"key_map": directory / "keys.toml"})


class _Lazy(dict[str, Any]):
    """The modules above, which need torch, made when they are asked for."""

    def __init__(self, modules: Callable[[], dict[str, Any]]) -> None:
        super().__init__()
        self.modules = modules

    def __missing__(self, key: str) -> Any:
        self.update(self.modules())
        return self[key]


_EXPORTED, _EXPORTED_NEW, _EXPORTED_OLD = map(_Lazy, (_normalization, _exporters, _old_exporter))

ROWS: tuple[Row, ...] = (
    Row("PufferLib 1, 2", "Default", "whole module `.pt`", _pufferlib_2(recurrent=False),
        "PufferLib 1 or 2 state_dict, Default policy, pickled whole", "`--action-sizes`"),
    Row("PufferLib 1, 2", "Default with LSTM", "whole module `.pt`", _pufferlib_2(recurrent=True),
        "PufferLib 1 or 2 state_dict, Default policy with LSTM, pickled whole",
        "`--action-sizes`"),
    Row("torch", "nn.Sequential", "whole module `.pt`", _sequential("pickled"),
        "whole module of torch.save, Sequential", "`--action`"),
    Row("torch", "nn.Sequential of torch before 1.6", "whole module `.pt`", _sequential("old"),
        "whole module of torch.save, Sequential", "`--action`"),
    Row("torch", "nn.Sequential with convolutions", "whole module `.pt`",
        _convolutional(script=False), "whole module of torch.save, Sequential",
        "`--observation image:4x84x84`, `--action`"),
    Row("torch", "nn.Sequential", "TorchScript `.pt`", _sequential("scripted"),
        "TorchScript, Sequential", "`--action`"),
    Row("torch", "nn.Sequential with convolutions", "TorchScript `.pt`",
        _convolutional(script=True), "TorchScript, Sequential",
        "`--observation image:4x84x84`, `--action`"),
    *(Row("torch", f"{kind}: estimator, history, slices, normalize", "TorchScript `.pt`",
          _estimator(kind), "TorchScript, Estimator", "`--observation`")
      for kind in ("scripted", "traced", "frozen")),
    Row("rsl_rl, Isaac Lab", "MLP", "TorchScript `policy.pt`", _exported_script(""),
        "TorchScript, Plain"),
    Row("rsl_rl, Isaac Lab", "GRU", "TorchScript `policy.pt`", _exported_script("GRU"),
        "TorchScript, Gru"),
    Row("rsl_rl, Isaac Lab", "LSTM", "TorchScript `policy.pt`", _exported_script("LSTM"),
        "TorchScript, Lstm"),
    Row("legged_gym", "LSTM", "TorchScript `policy_lstm_1.pt`",
        _exported_script("LSTM", new=False), "TorchScript, Old"),
    Row("any of these", "PPO of CleanRL", "`.safetensors`", _ppo("safetensors"),
        "CleanRL, PPO with discrete actions"),
    Row("any of these", "PPO of CleanRL", "`.pt` of torch before 1.6", _ppo("pt"),
        "CleanRL, PPO with discrete actions"),
    Row("any other", "linear layers, LSTM or GRU", "state_dict, `.safetensors`", _mapped,
        "state_dict with a key map", "`--map keys.toml`"),
)
