# SPDX-License-Identifier: MIT
"""A control loop at 50 Hz: one process senses, this one steps the policy and acts.

python loop.py ARTEFACT [--steps N] [--period SECONDS]
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import time
from multiprocessing.connection import Connection

import numpy as np

from puffer_edge import StaleError, runtimes
from puffer_edge.runtimes.shared_buffer import SharedBuffer

SHAPE = (4,)
OLDEST = 0.1
"""Seconds; an observation that is older means that the sensors are dead."""


class Cart:
    """CartPole-v1, computed: position in m, its speed, angle of the pole in rad, its speed."""

    def __init__(self) -> None:
        self.state = np.array([0.02, 0.0, -0.03, 0.01])
        self.falls = 0

    def push(self, right: bool, period: float = 0.02) -> None:
        """One period with 10 N to the right, or to the left."""
        _, speed, angle, rate = self.state
        rest = ((10.0 if right else -10.0) + 0.05 * rate * rate * math.sin(angle)) / 1.1
        bend = (9.8 * math.sin(angle) - math.cos(angle) * rest) / (
            0.5 * (4 / 3 - 0.1 * math.cos(angle) ** 2 / 1.1))
        self.state = self.state + period * np.array(
            [speed, rest - 0.05 * bend * math.cos(angle) / 1.1, rate, bend])
        if abs(self.state[0]) > 2.4 or abs(self.state[2]) > 0.2095:
            self.falls += 1
            self.state = np.array([0.02, 0.0, -0.03, 0.01])


def sense(name: str, pushes: Connection) -> None:
    """The other process: reads the sensors, here a computed cart that is told of each push."""
    cart = Cart()
    with SharedBuffer.attach(name, SHAPE, np.float32) as buffer:
        while True:
            buffer.slot()[:] = cart.state
            buffer.publish()
            try:
                push = pushes.recv()
            except EOFError:
                return
            if push is None:
                pushes.send(cart.falls)
                return
            cart.push(push)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("artefact")
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--period", type=float, default=0.02)
    given = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    with (runtimes.load(given.artefact) as policy,
          SharedBuffer.create(None, SHAPE, np.float32) as buffer):
        sensors = multiprocessing.get_context("spawn").Process(
            target=sense, args=(buffer.name, theirs), daemon=True)
        sensors.start()
        theirs.close()
        while buffer.read() is None:  # until the other process has started
            time.sleep(0.01)
        policy.reset()
        due, done, longest = time.monotonic(), 0, 0.0
        while not given.steps or done < given.steps:
            due += given.period
            try:
                observation = buffer.read(max_age=OLDEST)
            except StaleError:
                print("the sensors are dead: letting go")
                return 1
            start = time.perf_counter()
            action = policy.step(observation)
            longest = max(longest, time.perf_counter() - start)
            ours.send(bool(action))
            done += 1
            if done % 50 == 0:
                print(f"{done} steps, longest {1e6 * longest:.0f} us", flush=True)
            time.sleep(max(0.0, due - time.monotonic()))
        ours.send(None)
        print(f"falls {ours.recv()}")
        sensors.join()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
