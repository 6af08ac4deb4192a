# SPDX-License-Identifier: MIT
"""Runs a module in torch and its Program here, and holds the difference against the bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.torch_export import load_module
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from puffer_edge.ir.ops import BatchNormalization, LSTMCell
from tests.error_bound import ErrorBound, gamma

torch.set_num_threads(1)

KEEP = LoadOptions(keep_value=True)


class Net(nn.Module):
    """A function of the observation and the parts: ``Net(lambda net, x: net.a(x), a=...)``."""

    def __init__(self, function: Callable[..., Any], **parts: Any) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            if isinstance(part, torch.Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(name, part)
            else:
                setattr(self, name, part)

    def forward(self, *inputs: Any) -> Any:
        return self.function(self, *inputs)


def constant_differences(program: Program, module: nn.Module) -> dict[str, np.ndarray]:
    """What torch's own arithmetic on constants can differ from what the front end computed.

    An LSTM's two biases are added one after the other there; a batch norm's scale and shift are
    computed in float32 there, in float64 here.
    """
    weights = {name: tensor.detach().double().numpy()
               for name, tensor in module.state_dict().items()}
    found = {}
    for op in program.ops:
        if isinstance(op, LSTMCell) and op.bias:
            parts = [weights[op.weight.replace("weight_ih", name)]
                     for name in ("bias_ih", "bias_hh")]
            rows, columns = program.constants[op.weight].shape
            roundings = 2 * gamma(columns + rows // 4 + 4)
            found[op.bias] = roundings * sum(np.abs(part) for part in parts)
        if isinstance(op, BatchNormalization):
            part = module.get_submodule(op.layer)
            if not isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
                continue
            scale = np.abs(program.constants[op.scale]).astype(np.float64)
            mean, bias = (np.abs(weights.get(f"{op.layer}.{n}", np.zeros_like(scale)))
                          for n in ("running_mean", "bias"))
            found[op.scale] = gamma(6) * scale
            found[op.shift] = gamma(8) * (scale * mean + bias)
    return found


def tensors(output: Any, names: Any) -> list[np.ndarray]:
    """What forward returns, flat, in the order of the Program's outputs."""
    if isinstance(output, dict):
        output = [output[name] for name in names]
    leaves = torch.utils._pytree.tree_leaves(output)
    return [leaf.numpy().reshape(-1) for leaf in leaves if leaf is not None]


def agree(module: nn.Module, *example: Any, steps: int = 5, options: LoadOptions = KEEP,
          spread: float = 1.0, whole: bool = False, seed: int = 0) -> Program:
    """Asserts ``|ours - torch| <= bound`` for every output of one-input, stateless modules.

    Args:
        module: put into evaluation mode.
        example: arguments of forward; new observations of the same shapes are drawn per step.
        steps: number of observations.
        options: of the loading.
        spread: standard deviation of the observations.
        whole: round them to whole numbers, whose sums are exact in any order.
        seed: of the observations.

    Returns:
        The Program.
    """
    module.eval()
    program = load_module(module, options, example=example)
    runner, bound = Interpreter(program), ErrorBound(program, constant_differences(program, module))
    random = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        inputs = [spread * torch.randn(x.shape, generator=random) for x in example]
        inputs = [x.round() for x in inputs] if whole else inputs
        flat = np.concatenate([x.numpy().reshape(-1) for x in inputs])
        limits, ours = bound.step(runner.values(flat)), runner.step(flat)
        with torch.no_grad():
            theirs = tensors(module(*inputs), ours)
        assert len(theirs) == len(ours)
        for (name, mine), other in zip(ours.items(), theirs, strict=True):
            assert mine.shape == other.shape
            assert np.all(np.abs(mine.astype(np.float64) - other) <= limits[name]), name
            # A bound that allows anything would prove nothing.
            assert limits[name].max() <= 1e-2 * np.abs(other).max()
    return program
