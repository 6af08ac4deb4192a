# SPDX-License-Identifier: MIT
"""A cart with a pole, computed: gymnasium's CartPole-v1. Replace it by one that reads sensors."""

from math import cos, sin


class Cart:
    """Position in m, its speed, angle of the pole in rad, its speed."""

    def __init__(self):
        self.state = [0.02, 0.0, -0.03, 0.01]
        self.falls = 0

    def read(self):
        """What the sensors see; a pole that has fallen is put up again."""
        state = self.state
        if abs(state[0]) > 2.4 or abs(state[2]) > 0.2095:
            self.falls += 1
            state[0], state[1], state[2], state[3] = 0.02, 0.0, -0.03, 0.01
        return state

    def push(self, right):
        """20 ms with 10 N to the right, or to the left."""
        state = self.state
        sine, cosine = sin(state[2]), cos(state[2])
        rest = ((10.0 if right else -10.0) + 0.05 * state[3] * state[3] * sine) / 1.1
        bend = (9.8 * sine - cosine * rest) / (0.5 * (4 / 3 - 0.1 * cosine * cosine / 1.1))
        speed = rest - 0.05 * bend * cosine / 1.1
        state[0] += 0.02 * state[1]
        state[1] += 0.02 * speed
        state[2] += 0.02 * state[3]
        state[3] += 0.02 * bend
