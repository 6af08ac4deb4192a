# SPDX-License-Identifier: MIT
"""Steps the policy at 50 Hz on a cart, and prints each second how it goes."""

import time

from cart import Cart
from policy import Policy

PERIOD = 20000
"""Microseconds; as in the training environment."""


def ticks():
    """Microseconds, modulo something; CPython has no ticks_us."""
    return time.ticks_us() if hasattr(time, "ticks_us") else time.perf_counter_ns() // 1000


def passed(start, end):
    """Microseconds between two of them."""
    return time.ticks_diff(end, start) if hasattr(time, "ticks_diff") else end - start


def run(steps=0, cart=None, wait=True):
    """Balances for so many steps, or for ever; gives how often the pole fell."""
    cart = cart or Cart()
    policy = Policy()
    policy.reset()
    upright = done = longest = 0
    due = ticks()
    while not steps or done < steps:
        falls = cart.falls
        state = cart.read()
        start = ticks()
        action = policy.step_float(state)
        longest = max(longest, passed(start, ticks()))
        if action is None:  # the observation was no number: let go
            continue
        cart.push(action)
        done += 1
        upright = 0 if cart.falls > falls else upright + 1
        if done % 50 == 0:
            print("upright", upright, "step us", passed(start, ticks()), "longest", longest)
        while wait and passed(due, ticks()) < PERIOD:
            pass
        due += PERIOD if wait else 0
    return cart.falls
