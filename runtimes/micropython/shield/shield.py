# SPDX-License-Identifier: MIT-0


class Shield(Counting):
    """A policy, and what an observation, an action and the time of a step may be.

        shield = Shield(Policy())
        shield.step(observation, now_us, seen_us)   # when it begins, when that was measured
        apply(shield.numbers, shield.choices)       # always good
        if shield.token(time.ticks_us()):
            watchdog.feed()

    Args:
        policy: of the module policy.
        fallback: called with the observation, numbers and choices, where the shield asks for it; it
            changes the latter two.
        bits: of the clock; time.ticks_us() has 30 on all boards.

    Attributes:
        numbers, choices: the last action, continuous and discrete.
        faults, last_faults: bits of this step, and of the last one with any.
        counts: steps with each fault, by its bit.
    """

    def __init__(self, policy, fallback=None, bits=30):
        self.policy, self.fallback = policy, fallback
        self._observing = Observing()
        self._seen, self._cell = floats(SIZE), floats(1)
        self.numbers, self._numbers = floats(len(SAFE)), floats(len(SAFE))
        self.choices, self._choices = [0] * len(CHOICES), [0] * len(CHOICES)
        Counting.__init__(self, bits)
        self.reset()

    def reset(self):
        """As before the first step, the policy too."""
        self.policy.reset()
        self._observing.reset()
        self._safe(self.numbers, self.choices)
        self.begin()
        self.novelty = self._reacted = 0
        self._passed = False

    def step(self, observation, now_us, seen_us):
        """One step; gives the bits of what it reacted to, 0 for nothing."""
        seen = self._seen
        for i in range(SIZE):
            seen[i] = observation[i]
        faults = self._observing.faults(seen) | self._time(now_us, seen_us)
        numbers, choices = self._numbers, self._choices
        if not faults & REFUSED:
            faults |= self._ask(seen, numbers, choices)
        acting = self._latch(self._count(faults))
        if acting:
            self._reacted = min(self._reacted + 1, 65535)
            spent = HOLD_STEPS and self._reacted > HOLD_STEPS
            numbers, choices = floats(self.numbers), list(self.choices)
            self._instead(THEN if spent else FIRST, seen, numbers, choices)
        else:
            self._reacted = 0
        limited = floats(numbers)
        limit(limited, self.numbers, self._cell, not acting)
        for i, choice in enumerate(choices):
            self.choices[i] = choice
        self._passed = not acting
        return acting

    def token(self, now_us):
        """Whether the watchdog may be fed: once after a step in which all passed, in time."""
        given = self._passed and (
            not DEADLINE_US or (now_us - self._now) & self._wrap <= DEADLINE_US)
        self._passed = False
        return given

    def _ask(self, seen, numbers, choices):
        """The policy's action; gives what is wrong with the step."""
        policy = self.policy
        try:
            policy.step_float(seen)
        except ValueError:  # a mask that forbids everything
            return POLICY
        if numbers:
            policy.action_float(numbers)
        if choices:
            given = policy.action["discrete"] if numbers else policy.action
            for i in range(len(choices)):
                choices[i] = given[i]
        if not DIRECTIONS:
            return 0
        total = self.novelty
        for z in policy.outputs["novelty"]:
            total += z * z // ONE
        self.novelty = min(max(total - ALLOWANCE, 0), THRESHOLD + (THRESHOLD >> 3))
        return UNLIKELY if self.novelty > THRESHOLD else 0

    def _instead(self, how, seen, numbers, choices):
        if how == "safe":
            self._safe(numbers, choices)
        elif how == "fallback" and self.fallback:
            self.fallback(seen, numbers, choices)
            for i in range(len(numbers)):
                if numbers[i] - numbers[i] != 0:
                    numbers[i] = self.numbers[i]
            for i in range(len(choices)):
                if not 0 <= choices[i] < CHOICES[i]:
                    choices[i] = self.choices[i]

    def _safe(self, numbers, choices):
        for i in range(len(numbers)):
            numbers[i] = SAFE[i]
        for i in range(len(choices)):
            choices[i] = SAFE_CHOICES[i]
