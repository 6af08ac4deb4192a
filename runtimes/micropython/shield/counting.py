# SPDX-License-Identifier: MIT-0
class Counting:
    """Times between steps, faults by kind, and whether they latch."""

    def __init__(self, bits):
        self._wrap = (1 << bits) - 1
        self.counts = [0] * len(FAULTS)

    def begin(self):
        """As before the first step."""
        for i in range(len(self.counts)):
            self.counts[i] = 0
        self.steps = self.faults = self.last_faults = self._now = self._bad = self._good = 0
        self.latched = False

    def _time(self, now_us, seen_us):
        faults = 0
        interval = (now_us - self._now) & self._wrap
        if self.steps:
            if LATE_US and interval > LATE_US:
                faults |= LATE
            if interval < EARLY_US:
                faults |= EARLY
        self._now = now_us
        if MAX_AGE_US and (now_us - seen_us) & self._wrap > MAX_AGE_US:
            faults |= OLD
        return faults

    def _count(self, faults):
        self.steps += 1
        self.faults = faults
        if faults:
            self.last_faults = faults
            for i in range(len(self.counts)):
                self.counts[i] = min(self.counts[i] + (faults >> i & 1), 65535)
        return faults & ~COUNTED

    def _latch(self, acting):
        if acting:
            self._bad, self._good = min(self._bad + 1, 65535), 0
        else:
            self._good = min(self._good + 1, 65535)
            if RELEASE_AFTER and self._good >= RELEASE_AFTER:
                self._bad, self.latched = 0, False
        if LATCH_AFTER and self._bad >= LATCH_AFTER:
            self.latched = True
        return acting | LATCHED if self.latched else acting
