# SPDX-License-Identifier: MIT
"""PufferLib's files, written as its trainers write them: the package itself needs a compiler.

The modules have the structure and the names of ``pufferlib.models``; nothing else of them gets
into a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.frontends.support.networks import linear, named, rows
from tests.frontends.support.row import Made, Row

INPUTS, HIDDEN, ACTIONS = 6, 16, 4


def min_gru(torch: Any, x: Any, layers: list[Any], state: list[Any]) -> Any:
    """MinGRU.forward_eval of version 4 for one agent."""
    for i, layer in enumerate(layers):
        hidden, gate, proj = layer(x).chunk(3, dim=-1)
        candidate = torch.where(hidden >= 0, hidden + 0.5, hidden.sigmoid())
        state[i] = torch.lerp(state[i], candidate, gate.sigmoid())
        keep = proj.sigmoid()
        x = keep * state[i] + (1 - keep) * x
    return x


def _cells(torch: Any, network: str, layers: int, parts: dict[str, Any]) -> list[Any]:
    """The layers of the network, which are put into ``parts`` under their names."""
    cells: list[Any] = []
    if network == "MinGRU":
        cells = [linear(torch, HIDDEN, 3 * HIDDEN, bias=False) for _ in range(layers)]
        parts.update({f"network.layers.{i}": cell for i, cell in enumerate(cells)})
    elif network == "MLP":
        cells = [linear(torch, HIDDEN, HIDDEN) for _ in range(layers)]
        parts.update({f"network.net.{2 * i}": cell for i, cell in enumerate(cells)})
    else:
        kind = network.lower()
        whole = getattr(torch.nn, network)(HIDDEN, HIDDEN, layers)
        parts[f"network.{kind}"] = whole
        for i in range(layers):
            cell = getattr(torch.nn, f"{network}Cell")(HIDDEN, HIDDEN)
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                setattr(cell, name, getattr(whole, f"{name}_l{i}"))
            cells.append(cell)
            parts[f"network.cell.{i}"] = cell
    return cells


def _version_4(network: str, layers: int, *, continuous: bool = False
               ) -> Callable[[Path], Made]:
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(4)
        nn = torch.nn
        encoder, value = linear(torch, INPUTS, HIDDEN), linear(torch, HIDDEN, 1)
        head = linear(torch, HIDDEN, ACTIONS)
        parts = {"encoder.encoder": encoder, "decoder.value_function": value}
        if continuous:
            parts |= {"decoder.decoder_mean": head,
                      "decoder.decoder_logstd": nn.Parameter(torch.zeros(1, ACTIONS))}
        else:
            parts["decoder.decoder"] = head
        cells = _cells(torch, network, layers, parts)
        norm = nn.RMSNorm(HIDDEN)
        if network == "GRU":
            parts["network.norm"] = norm
            with torch.no_grad():
                norm.weight += 0.3 * torch.randn(HIDDEN)
        module = named(torch, parts)
        path = directory / "0000000000100000.bin"
        torch.save(module.state_dict(), path)
        state = [torch.zeros(1, HIDDEN) for _ in cells]
        memory = [torch.zeros(1, HIDDEN) for _ in cells]

        def step(x: Any) -> dict[str, Any]:
            with torch.no_grad():
                h = encoder(rows(torch, x))
                if network == "MinGRU":
                    h = min_gru(torch, h, cells, state)
                for i, cell in enumerate(cells):
                    if network == "LSTM":
                        state[i], memory[i] = cell(h, (state[i], memory[i]))
                        h = state[i]
                    elif network == "GRU":
                        state[i] = cell(h, state[i])
                        h = norm(state[i] + h)
                    elif network == "MLP":
                        h = nn.functional.gelu(cell(h))
                return {"mean" if continuous else "logits": head(h).numpy(),
                        "value": value(h).numpy()}

        options = {"action_low": -1, "action_high": 1} if continuous else {}
        # Dividing by the norm knows magnitudes only: the bound doubles with every step.
        return Made(path, step, INPUTS, options, steps=5 if network == "GRU" else 30)
    return make


def _native(hidden: int, layers: int, sizes: tuple[int, ...], *, config: str = ""
            ) -> Callable[[Path], Made]:
    def make(directory: Path) -> Made:
        import torch
        continuous = sum(sizes) == len(sizes)
        random = np.random.default_rng(4)
        shapes = [(hidden, INPUTS), (sum(sizes) + 1, hidden),
                  *([(1, len(sizes))] if continuous else []), *[(3 * hidden, hidden)] * layers]
        arrays = [(random.standard_normal(s) / np.sqrt(s[-1])).astype("<f4") for s in shapes]
        blocks = [np.pad(a.ravel(), (0, -a.size % 8)) for a in arrays]
        path = directory / "0000000000200000.bin"
        path.write_bytes(np.concatenate(blocks).tobytes())
        encoder, fused, *rest = (torch.from_numpy(a) for a in arrays)
        times = torch.nn.functional.linear
        cells = [lambda x, w=w: times(x, w) for w in rest[continuous:]]
        state = [torch.zeros(1, hidden) for _ in cells]

        def step(x: Any) -> dict[str, Any]:
            h = min_gru(torch, times(rows(torch, x), encoder), cells, state)
            out = times(h, fused).numpy()
            return {"mean" if continuous else "logits": out[:, :-1], "value": out[:, -1:]}

        options: dict[str, Any] = {"observation": {"obs": INPUTS}, "action_sizes": sizes}
        if config:
            options["config"] = directory / f"run.{config}"
            options["config"].write_text(
                f"[policy]\nhidden_size = {hidden}\nnum_layers = {layers}.8\n[train]\nseed = 3\n"
                if config == "ini" else
                f'{{"policy": {{"hidden_size": {hidden}, "num_layers": {layers}}}, "lr": 0.1}}')
        else:
            options |= {"hidden_size": hidden, "num_layers": layers}
        return Made(path, step, INPUTS, options)
    return make


def _version_3(*, lstm: bool, continuous: bool = False, flat: bool = False
               ) -> Callable[[Path], Made]:
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(3)
        nn = torch.nn
        hidden = HIDDEN
        encoder, head, value = (linear(torch, *sizes) for sizes in (
            (INPUTS, hidden), (hidden, ACTIONS), (hidden, 1)))
        start = "policy." if lstm else ""
        parts: dict[str, Any] = {}
        if continuous:
            parts[f"{start}decoder_logstd"] = nn.Parameter(torch.zeros(1, ACTIONS))
        parts |= {f"{start}encoder.0": encoder,
                  f"{start}{'decoder_mean' if continuous else 'decoder'}": head,
                  f"{start}value": value}
        cell = nn.LSTMCell(hidden, hidden)
        if lstm:
            whole = nn.LSTM(hidden, hidden)
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                setattr(cell, name, getattr(whole, f"{name}_l0"))
            parts |= {"lstm": whole, "cell": cell}
        module = named(torch, parts)
        path = directory / ("policy.bin" if flat else "model_000100.pt")
        if flat:
            floats = [p.detach().numpy().astype("<f4").ravel() for p in module.parameters()]
            path.write_bytes(np.concatenate(floats).tobytes())
        else:
            torch.save(module.state_dict(), path)
        state = [torch.zeros(1, hidden), torch.zeros(1, hidden)]

        def step(x: Any) -> dict[str, Any]:
            with torch.no_grad():
                h = nn.functional.gelu(encoder(rows(torch, x)))
                if lstm:
                    state[:] = cell(h, state)
                    h = state[0]
                return {"mean" if continuous else "logits": head(h).numpy(),
                        "value": value(h).numpy()}

        options: dict[str, Any] = {"action_low": -1, "action_high": 1} if continuous else {}
        if flat:
            sizes = (1,) * ACTIONS if continuous else (ACTIONS,)
            options |= {"observation": {"obs": INPUTS}, "action_sizes": sizes,
                        "hidden_size": hidden}
        return Made(path, step, INPUTS, options)
    return make


_BIN = "`.bin` of `--slowly`"
_RAW = "native `.bin`"
_SIZES = "`--observation`, `--action-sizes`, `--config` or `--hidden-size` and `--num-layers`"

ROWS: tuple[Row, ...] = (
    Row("PufferLib 3", "Default", "`model_*.pt`", _version_3(lstm=False),
        "PufferLib 3.0 state_dict, Default policy", "`--action-sizes`, `--activation`"),
    Row("PufferLib 3", "Default with LSTM", "`model_*.pt`", _version_3(lstm=True),
        "PufferLib 3.0 state_dict, Default policy with LSTM", "`--action-sizes`, `--activation`"),
    Row("PufferLib 3", "Default with LSTM, continuous", "`model_*.pt`",
        _version_3(lstm=True, continuous=True),
        "PufferLib 3.0 state_dict, Default policy with LSTM", "`--action-low/-high`"),
    Row("PufferLib 3", "Default with LSTM", "flat `.bin`", _version_3(lstm=True, flat=True),
        "PufferLib 3.0 flat weights, Default policy with LSTM",
        "`--observation`, `--action-sizes`"),
    Row("PufferLib 3", "Default, continuous", "flat `.bin`",
        _version_3(lstm=False, flat=True, continuous=True),
        "PufferLib 3.0 flat weights, Default policy", "`--observation`, `--action-sizes 1,1,...`"),
    *(Row("PufferLib 4", f"{network}, {layers} layer{'s' * (layers != 1)}", _BIN,
          _version_4(network, layers), f"PufferLib 4 state_dict, {network}")
      for network, layers in (("MinGRU", 1), ("MinGRU", 4), ("LSTM", 2), ("GRU", 2), ("MLP", 2))),
    Row("PufferLib 4", "0 layers", _BIN, _version_4("MinGRU", 0),
        "PufferLib 4 state_dict, without a recurrent layer"),
    Row("PufferLib 4", "continuous actions", _BIN, _version_4("MinGRU", 2, continuous=True),
        "PufferLib 4 state_dict, MinGRU", "`--action-low/-high`"),
    Row("PufferLib 4", "MinGRU", _RAW, _native(32, 3, (3,)),
        "PufferLib 4 native weights, MinGRU", _SIZES),
    Row("PufferLib 4", "MinGRU, sizes that are aligned, `--config` .ini", _RAW,
        _native(13, 2, (3, 2), config="ini"), "PufferLib 4 native weights, MinGRU", _SIZES),
    Row("PufferLib 4", "continuous actions, `--config` .json", _RAW,
        _native(13, 2, (1, 1, 1), config="json"), "PufferLib 4 native weights, MinGRU", _SIZES),
)
