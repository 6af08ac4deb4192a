# SPDX-License-Identifier: MIT-0
from .choice_left import choice_left
from .policy import Policy


class MaskedPolicy(Policy):
    """A policy with a mask: some of the observation says which choices may be taken."""

    # puffer-edge: no-alloc
    def step(self):
        """One step; None, and nothing has changed, where a head's mask forbids everything."""
        if not choice_left(self._observation, self._mask):
            return None
        for op in self._ops:
            op()  # noqa: PE420 one of the functions step() below, each of them checked
        return self.action[0] if self._alone else self.action

    def step_float(self, observation):
        """One step from a sequence of floats, as step(). Allocates where floats are boxed.

        Raises:
            ValueError: a number is NaN or infinite, or a head's mask forbids everything; nothing
                has changed then.
        """
        self._quantize(observation)
        self._take_mask(observation)
        for op in self._after:
            op()
        return self.action[0] if self._alone else self.action
