# SPDX-License-Identifier: MIT
"""Policies with shields around them, and steps with faults of every kind among them."""

from __future__ import annotations

import numpy as np

from puffer_edge.ir import Builder, Continuous, Contract, Discrete, Field, Hybrid, Program
from puffer_edge.ir.ops import Gemm
from puffer_edge.shield import Wish
from puffer_edge.shield.wish import TermWish
from puffer_edge.verification.shielded import Steps

ELEMENTS = 5
CONTINUOUS, CHOICES = Continuous(3), Discrete((4, 3))
HEADS = {"continuous": CONTINUOUS, "choices": CHOICES, "hybrid": Hybrid(CONTINUOUS, CHOICES)}


def policy(kind: str = "continuous", elements: int = ELEMENTS) -> Program:
    """A linear policy with random weights and two fields."""
    random = np.random.default_rng(0)
    builder = Builder("a linear policy")
    x = builder.input("observation", (1, elements))
    contract = Contract((Field("gyro", (3,)), Field("rest", (elements - 3,))), HEADS[kind])
    outputs = {}
    for name, head in contract.heads.items():
        weight = random.normal(0, 1, (head.width, elements)).astype(np.float32)
        bias = random.normal(0, 0.1, head.width).astype(np.float32)
        outputs[f"raw_{name}"] = builder.add(
            Gemm, x=x, weight=builder.constant(weight, f"w_{name}"),
            bias=builder.constant(bias, f"b_{name}"))
    return builder.build(outputs, contract)


TIMED = Wish(
    max_age=0.004, period=0.02, jitter=0.25, deadline=0.005, latch_after=4, release_after=6,
    terms=(TermWish("gyro", low=-3.0, high=3.0, varies_within=3),
           TermWish(elements=(4,), low=0.0, high=(5.0,))))
MOVING = {"low": (-1.0, -0.5, -2.0), "high": (1.0, 0.5, 2.0), "slew": (0.3, 0.2, 0.1),
          "low_pass": 0.7, "safe": (0.1, 0.2, -0.3)}


def wishes() -> dict[str, tuple[str, Wish]]:
    """By name a kind of policy and what is asked for: every branch of what is generated."""
    from dataclasses import replace

    return {
        "all": ("continuous", replace(TIMED, **MOVING, hold_steps=2, then="safe")),
        "falls back": ("hybrid", replace(TIMED, slew=0.25, safe=(0.0, 0.0, 0.0, 1.0, 2.0),
                                         hold_steps=1, then="fallback")),
        "chooses": ("choices", replace(TIMED, first="safe", safe=(3.0, 1.0), latch_after=0)),
        "forgets nothing": ("continuous", replace(TIMED, low=-1.0, high=1.0, release_after=0,
                                                  count_only=("early", "stuck", "range"))),
        "little": ("hybrid", Wish(first="fallback", low_pass=0.5)),
        "nothing": ("choices", Wish()),
    }


def steps(count: int, elements: int = ELEMENTS, seed: int = 0) -> Steps:
    """Random steps, a third of them with something wrong."""
    random = np.random.default_rng(seed)
    seen = random.normal(0, 1, (count, elements)).astype(np.float32)
    seen[:, 4] = np.abs(seen[:, 4])
    periods = np.full(count, 20000)
    ages, tokens = random.integers(0, 4001, count), random.integers(0, 5001, count)
    special = np.array([np.nan, -np.nan, np.inf, -np.inf, 3, -3, np.nextafter(np.float32(3), 9),
                        0.0, -0.0, -1e-45, 1e-45, 3.4028235e38, -3.4028235e38], np.float32)
    for i in range(1, count):
        what = random.integers(0, 24)
        if what == 0:
            seen[i, random.integers(0, elements)] = random.choice(special)
        elif what == 1:
            periods[i] = random.choice([0, 14999, 15000, 25000, 25001, 60000, 2**32 - 1])
        elif what == 2:
            ages[i] = random.choice([4000, 4001, 2**32 - 1, 2**31])
        elif what == 3:
            tokens[i] = random.choice([5000, 5001, 2**32 - 1])
        elif what == 4:
            length = min(int(random.integers(1, 7)), count - i)
            seen[i:i + length, 1] = seen[i - 1, 1]
        elif what == 5:
            seen[i] = seen[i - 1]
        elif what == 6:
            seen[i] *= np.float32(1e30)
    now = (np.cumsum(periods) + 2**32 - 1_000_000) % 2**32  # wraps after 50 steps
    reset = np.zeros(count, bool)
    reset[:: max(count // 4, 1)] = True
    return Steps(seen, now, (now - ages) % 2**32, (now + tokens) % 2**32, reset)
