# SPDX-License-Identifier: MIT
"""A TorchScript archive, with branches, a loop and state, for the fuzzer to change."""

from __future__ import annotations

import io

import torch
from torch import Tensor, nn


class Policy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
        self.head = nn.Linear(4, 2)
        self.scale = 0.5

    def forward(self, observation: Tensor) -> Tensor:
        x = observation.clamp(-5.0, 5.0)
        for _ in range(2):
            x = x * self.scale
        x = torch.cat([self.net(x), self.net(x)], dim=-1)
        first, second = x.chunk(2, dim=-1)
        if first.shape[0] > 1:
            first = first[:1]
        return self.head(first + second)


def scripted() -> bytes:
    torch.manual_seed(0)
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(Policy()), file)
    return file.getvalue()
