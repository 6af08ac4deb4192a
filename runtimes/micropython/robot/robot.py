# SPDX-License-Identifier: MIT-0


class Robot:
    """A policy and what lies between it and a robot.

        robot = Robot(Policy())
        robot.sensors["gyro"][0] = ...      # SI units, the robot's own order of joints
        targets = robot.step()              # targets["position"][joint]

    Every operation is rounded to float32, as in numpy and C. A step allocates: floats are boxed.

    Args:
        policy: of the module policy; ValueError where that is of another contract.
    """

    def __init__(self, policy):
        refuse_another()
        self.policy = policy
        self.sensors = {name: floats(size) for name, size in SENSORS}
        self.targets = {kind: floats(JOINTS) for kind in KINDS}
        self.observation = floats(SIZE)
        self._now = floats(sum(term[2] for term in TERMS))
        self._last, self._action = floats(len(ACTION_JOINTS)), floats(len(ACTION_JOINTS))
        self._cell = floats(1)
        self._past = {term[0]: floats(term[2] * term[7]) for term in TERMS if term[7] > 1}
        self._newest = {name: 0 for name in self._past}
        self._clocks = {term[0]: floats(1) for term in TERMS if term[1] == "phase"}
        self.reset()

    def reset(self):
        """Forgets what the policy remembers, histories, the last action and clocks."""
        self.policy.reset()
        self._started = False
        for memory in (self._past, self._clocks, {"": self._last}):
            for numbers in memory.values():
                for i in range(len(numbers)):
                    numbers[i] = 0
        for name in self._newest:
            self._newest[name] = 0

    def step(self):
        """One step from sensors to targets, which it gives.

        Raises:
            ValueError: a number is NaN or infinite, or so large that its term is; nothing is
                remembered then.
        """
        self.pack()
        self.policy.step_float(self.observation)
        self.policy.action_float(self._action)
        self.unpack(self._action)
        return self.targets

    def pack(self):
        """Sensors to the observation, which it gives; raises as step()."""
        for name in self.sensors:
            check(self.sensors[name], name)
        now, at = self._now, 0
        for term in TERMS:
            self._raw(term, at)
            scale(term, now, at)
            at += term[2]
        check(now, "a term")
        at = 0
        for term in TERMS:
            self._remember(term, at)
            at += term[2]
        self._started = True
        return self.observation

    def unpack(self, action):
        """The policy's action to targets, which it gives."""
        cell = self._cell
        for i, joint in enumerate(ACTION_JOINTS):
            cell[0] = action[i]
            bound(cell, RAW_LOW, RAW_HIGH, i)
            if REMEMBERED == "raw":
                self._last[i] = cell[0]
            if ACTION_SCALE:
                cell[0] = cell[0] * ACTION_SCALE[i]
            if ACTION_OFFSET:
                cell[0] = cell[0] + ACTION_OFFSET[i]
            bound(cell, ACTION_LOW, ACTION_HIGH, i)
            if REMEMBERED == "target":
                self._last[i] = cell[0]
            self.targets[KINDS[ACTION_KINDS[i]]][joint] = cell[0]
        return self.targets

    def _raw(self, term, at):
        name, kind, size, joints, now = term[0], term[1], term[2], term[8], self._now
        if kind == "projected_gravity":
            gravity(self.sensors["orientation"], now, at)
        elif kind == "phase":
            turn(self._clocks[name][0], now, at)
        else:
            source = self._last if kind == "last_action" else self.sensors[
                name if kind == "sensor" else kind]
            for i in range(size):
                now[at + i] = source[joints[i] if joints else i]

    def _remember(self, term, at):
        name, size, steps, start, stride = term[0], term[2], term[7], term[9], term[10]
        now, seen = self._now, self.observation
        if name in self._clocks:
            advance(self._clocks[name], term[11][0])
        if steps == 1:
            for i in range(size):
                seen[start + i] = now[at + i]
            return
        past = self._past[name]
        newest = self._newest[name] = (self._newest[name] + 1) % steps
        for k in range(steps):
            if k == newest or (FIRST and not self._started):
                for i in range(size):
                    past[k * size + i] = now[at + i]
        for j in range(steps):
            k = (newest + steps - j if NEWEST_FIRST else newest + 1 + j) % steps
            for i in range(size):
                seen[start + j * stride + i] = past[k * size + i]
