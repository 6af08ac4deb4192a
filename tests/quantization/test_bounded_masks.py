# SPDX-License-Identifier: MIT
"""Masks before a softmax in integers, judged by torch's floats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import puffer_edge
from puffer_edge.passes import optimize
from puffer_edge.quantization.bounded_masks import bounded_masks
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.pipeline import Wish, to_integers
from puffer_edge.quantization.recording import Recording
from tests.quantization.test_outliers import played

STEPS, WIDTH = 4, 3
LIMITS = {"int8": 0.06, "int8x16": 0.015, "int16": 0.012}
"""Mean error by the deviation of the results; scores and masks share the bits of one scale."""


class Attention(torch.nn.Module):
    """Steps that attend to those before them, or to those whose first element is large."""

    def __init__(self, computed: bool) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.first, self.last = torch.nn.Linear(WIDTH, 8), torch.nn.Linear(8 * STEPS, 2)
        self.computed = computed

    def forward(self, x: Any) -> Any:
        x = x.reshape(1, STEPS, WIDTH)
        y = self.first(x)
        gone = torch.ones(STEPS, STEPS).triu(1) == 1
        if self.computed:
            gone = ((x[..., 0] < 0) & (torch.arange(STEPS) > 0)).unsqueeze(1)
        scores = (y @ y.transpose(1, 2)).masked_fill(gone, float("-inf"))
        return self.last((torch.softmax(scores, -1) @ y).reshape(1, -1))


@pytest.mark.parametrize("computed", [False, True])
@pytest.mark.parametrize("scheme", LIMITS)
def test_a_mask_leaves_integers_for_the_scores(scheme: str, computed: bool) -> None:
    module = Attention(computed).eval()
    program = puffer_edge.load(module, observation_shape=STEPS * WIDTH, action="continuous")
    rows = np.random.default_rng(1).standard_normal((300, STEPS * WIDTH)).astype(np.float32)
    made = to_integers(program, Wish(scheme, Recording(rows[:240], np.arange(240) == 0)))
    with torch.no_grad():
        wanted = np.concatenate([module(torch.from_numpy(row[None])).numpy() for row in rows[240:]])
    error = np.abs(played(made.program, rows[240:]) - wanted).mean() / wanted.std()
    assert error < LIMITS[scheme]


def test_what_is_no_mask_of_a_softmax_stays() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Softmax(-1))
    program = optimize(puffer_edge.load(module, observation_shape=4, action="continuous"))
    rows = np.random.default_rng(1).standard_normal((64, 4)).astype(np.float32)
    calibration = calibrate(program, rows, np.arange(64) == 0)
    assert bounded_masks(program, calibration) is program
