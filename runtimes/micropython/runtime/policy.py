# SPDX-License-Identifier: MIT-0
from .crc32 import crc32


class Policy:
    """A policy with all its memory; policy.py has the subclass that fills it.

    Attributes:
        action: what step() gives, too: one choice per head, or the raw mean in integers.
        outputs: raw outputs by name, arrays of integers.
    """

    @property
    def observation(self):
        """The integers that step() takes: an array of the policy's own.

        An element that is written here wraps where it does not fit; see set(). A sequence that is
        assigned is copied, element by element, by set().
        """
        return self._observation

    @observation.setter
    def observation(self, values):
        if len(values) != len(self._observation):
            raise ValueError("the observation has %d numbers, not %d"
                             % (len(self._observation), len(values)))
        for i in range(len(values)):
            self.set(i, values[i])

    # puffer-edge: no-alloc
    def set(self, i, value):
        """Writes an integer of the observation: the nearest that fits. Allocates nothing."""
        low, high = self._limits
        self._observation[i] = low if value < low else high if value > high else value

    # puffer-edge: no-alloc
    def step(self):
        """One step from self.observation; gives the action. Allocates nothing.

        Returns:
            The choice, where there is one head; else self.action, which the next step overwrites.
        """
        for op in self._ops:
            op()  # noqa: PE420 one of the functions step() below, each of them checked
        return self.action[0] if self._alone else self.action

    def step_float(self, observation):
        """One step from a sequence of floats, as step(). Allocates where floats are boxed.

        Raises:
            ValueError: a number is NaN or infinite; nothing has changed then.
        """
        self._quantize(observation)
        for op in self._after:
            op()
        return self.action[0] if self._alone else self.action

    def keep(self, constants):
        """Remembers the constants for check(); None where that was not asked for."""
        self._kept = constants
        self._crc = None if constants is None else self._sum()

    def check(self):
        """Whether the constants are those that were loaded, by their CRC-32. Allocates.

        Not among them are literals of unrolled layers, and biases that a native kernel has copied.

        Raises:
            ValueError: the policy was not made with checked=True.
        """
        if self._kept is None:
            raise ValueError("Policy(checked=True) keeps what check() looks at")
        return self._sum() == self._crc

    def _sum(self):
        crc = 0
        for constant in self._kept:
            if len(constant):
                crc = crc32(constant, crc)
        return crc

    # puffer-edge: no-alloc
    def reset(self):
        """Forgets everything. Allocates nothing."""
        for k in range(len(self._states)):
            state, initial = self._states[k], self._initial[k]
            for i in range(len(state)):
                state[i] = initial[i] if initial else 0
