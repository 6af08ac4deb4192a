from .choice_left import choice_left
from .policy import Policy

NO_CHOICE = 4
"""What step() gives where a head's mask forbids everything."""


class MaskedPolicy(Policy):
    """A policy with a mask: some of the observation says which choices may be taken."""

    # puffer-edge: no-alloc
    def step(self):
        """One step: 0, or NO_CHOICE and no step where a head's mask forbids everything."""
        if not choice_left(self.observation, self._mask):
            return NO_CHOICE
        for op in self._ops:
            op()  # noqa: PE420 one of the functions step() below, each of them checked
        return 0

    def step_float(self, observation):
        """One step from a sequence of floats. Allocates where floats are boxed.

        Raises:
            ValueError: a number is NaN or infinite, or a head's mask forbids everything; nothing
                has changed then.
        """
        self._quantize(observation)
        self._take_mask(observation)
        for op in self._after:
            op()
