// SPDX-License-Identifier: MIT
// Environments of gymnasium 1.x, by the equations of its classic_control; every step is computed in
// doubles, in gymnasium's order, so that states differ only where sine and cosine do (one in 2^53).
"use strict";

const TAU = 2 * Math.PI;
const between = (low, x, high) => Math.min(Math.max(x, low), high);
const modulo = (x, y) => x - y * Math.floor(x / y);

// Each: observation (numbers), choices or torque, limit (steps), fps, start, step, observe, push.
const ENVIRONMENTS = {
  "CartPole-v1": {
    size: 4, choices: 2, limit: 500, fps: 50, chosen: {2: [0, 2]},
    fields: ["cart position", "cart velocity", "pole angle", "pole velocity"],
    start: (random) => [0, 1, 2, 3].map(() => random.uniform(-0.05, 0.05)),
    step(state, action) {
      const [x, speed, angle, turn] = state;
      const force = action === 1 ? 10 : -10, cos = Math.cos(angle), sin = Math.sin(angle);
      const mass = 0.1 + 1, part = 0.1 * 0.5;
      const temp = (force + part * (turn * turn) * sin) / mass;
      const bend = (9.8 * sin - cos * temp) / (0.5 * (4 / 3 - 0.1 * (cos * cos) / mass));
      const push = temp - part * bend * cos / mass;
      const next = [x + 0.02 * speed, speed + 0.02 * push, angle + 0.02 * turn, turn + 0.02 * bend];
      const most = 12 * 2 * Math.PI / 360;
      return {state: next, reward: 1, ended: Math.abs(next[0]) > 2.4 || Math.abs(next[2]) > most};
    },
    observe: (state) => state,
    push: (state, amount) => [state[0], state[1], state[2], state[3] + 0.6 * amount],
  },
  "Pendulum-v1": {
    size: 3, torque: 2, limit: 200, fps: 20, chosen: {},
    fields: ["cosine", "sine", "velocity"],
    start: (random) => [random.uniform(-Math.PI, Math.PI), random.uniform(-1, 1)],
    step(state, action) {
      const [angle, turn] = state, torque = Math.fround(between(-2, Math.fround(action[0]), 2));
      const normal = modulo(angle + Math.PI, TAU) - Math.PI;
      const cost = normal ** 2 + 0.1 * turn ** 2 + Math.fround(
        Math.fround(0.001) * Math.fround(torque * torque));
      const next = between(-8, turn + (3 * 10 / 2 * Math.sin(angle) + Math.fround(3 * torque)) * 0.05,
                           8);
      return {state: [angle + next * 0.05, next], reward: -cost, ended: false};
    },
    observe: ([angle, turn]) => [Math.cos(angle), Math.sin(angle), turn],
    push: ([angle, turn], amount) => [angle, between(-8, turn + 3 * amount, 8)],
  },
  "MountainCar-v0": {
    size: 2, choices: 3, limit: 200, fps: 30, chosen: {},
    fields: ["position", "velocity"],
    start: (random) => [random.uniform(-0.6, -0.4), 0],
    step(state, action) {
      let [x, speed] = state;
      speed += (action - 1) * 0.001 + Math.cos(3 * x) * -0.0025;
      speed = between(-0.07, speed, 0.07);
      x = between(-1.2, x + speed, 0.6);
      if (x === -1.2 && speed < 0) speed = 0;
      return {state: [x, speed], reward: -1, ended: x >= 0.5 && speed >= 0};
    },
    observe: (state) => state,
    push: ([x, speed], amount) => [x, between(-0.07, speed + 0.02 * amount, 0.07)],
  },
  "Acrobot-v1": {
    size: 6, choices: 3, limit: 500, fps: 15, chosen: {},
    fields: ["cosine 1", "sine 1", "cosine 2", "sine 2", "velocity 1", "velocity 2"],
    start: (random) => [0, 1, 2, 3].map(() => Math.fround(random.uniform(-0.1, 0.1))),
    step(state, action) {
      const next = rungeKutta(state, [-1, 0, 1][action], 0.2);
      next[0] = wrapped(next[0]);
      next[1] = wrapped(next[1]);
      next[2] = between(-4 * Math.PI, next[2], 4 * Math.PI);
      next[3] = between(-9 * Math.PI, next[3], 9 * Math.PI);
      const ended = -Math.cos(next[0]) - Math.cos(next[1] + next[0]) > 1;
      return {state: next, reward: ended ? 0 : -1, ended};
    },
    observe: ([one, two, turn, other]) => [
      Math.cos(one), Math.sin(one), Math.cos(two), Math.sin(two), turn, other],
    push: ([one, two, turn, other], amount) => [
      one, two, between(-4 * Math.PI, turn + 2 * amount, 4 * Math.PI), other],
  },
};

function wrapped(angle) {
  while (angle > Math.PI) angle -= TAU;
  while (angle < -Math.PI) angle += TAU;
  return angle;
}

// The derivative of Acrobot's angles and velocities: Sutton and Barto's book.
function acrobat([one, two, turn, other], torque) {
  const g = 9.8, half = 0.5;
  const d1 = half ** 2 + (1 + half ** 2 + 2 * half * Math.cos(two)) + 1 + 1;
  const d2 = half ** 2 + half * Math.cos(two) + 1;
  const phi2 = half * g * Math.cos(one + two - Math.PI / 2);
  const phi1 = -half * other ** 2 * Math.sin(two) - 2 * half * other * turn * Math.sin(two)
    + (half + 1) * g * Math.cos(one - Math.PI / 2) + phi2;
  const bend2 = (torque + d2 / d1 * phi1 - half * turn ** 2 * Math.sin(two) - phi2)
    / (half ** 2 + 1 - d2 ** 2 / d1);
  return [turn, other, -(d2 * bend2 + phi1) / d1, bend2];
}

function rungeKutta(state, torque, time) {
  const moved = (k, by) => state.map((x, i) => x + by * k[i]);
  const k1 = acrobat(state, torque), k2 = acrobat(moved(k1, time / 2), torque);
  const k3 = acrobat(moved(k2, time / 2), torque), k4 = acrobat(moved(k3, time), torque);
  return state.map((x, i) => x + time / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]));
}
