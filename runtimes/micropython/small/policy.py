# SPDX-License-Identifier: MIT-0
# The runtime of puffer-edge in its smallest form, for MicroPython 1.9 and 16 KB of RAM.
class Policy:
    def step(self):
        for op in self._ops:
            op()
        return self.action[0] if self._alone else self.action

    def reset(self):
        for state in self._states:
            for i in range(len(state)):
                state[i] = 0
