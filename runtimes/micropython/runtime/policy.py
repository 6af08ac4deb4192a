class Policy:
    """A policy with all its memory; policy.py has the subclass that fills it.

    Attributes:
        observation: array to write integers into before step().
        action: array to read after step(): one choice per head, or the raw mean in integers.
        outputs: raw outputs by name, arrays of integers.
    """

    # puffer-edge: no-alloc
    def step(self):
        """One step from self.observation to self.action. Allocates nothing."""
        for op in self._ops:
            op()  # noqa: PE420 one of the functions step() below, each of them checked

    def step_float(self, observation):
        """One step from a sequence of floats. Allocates where floats are boxed.

        Raises:
            ValueError: a number is NaN or infinite; nothing has changed then.
        """
        self._quantize(observation)
        for op in self._after:
            op()

    # puffer-edge: no-alloc
    def reset(self):
        """Forgets everything. Allocates nothing."""
        for k in range(len(self._states)):
            state, initial = self._states[k], self._initial[k]
            for i in range(len(state)):
                state[i] = initial[i] if initial else 0
