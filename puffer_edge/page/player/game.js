// SPDX-License-Identifier: MIT
// A policy in an environment: an episode, step by step or at once.
"use strict";

class Game {
  constructor(policy, name, chosen, seed) {
    this.policy = policy;
    this.world = ENVIRONMENTS[name];
    this.chosen = chosen;
    this.begin(seed);
  }

  begin(seed) {
    this.policy.reset();
    this.state = this.world.start(new Random(seed));
    this.steps = this.total = 0;
    this.ended = false;
    this.last = null;
  }

  observation() {
    const all = this.world.observe(this.state);
    return this.chosen.length ? this.chosen.map((index) => all[index]) : all;
  }

  step() {
    if (this.ended) return;
    this.last = this.policy.step(this.observation());
    const action = this.world.choices ? this.last.action[0] : this.last.action;
    const {state, reward, ended} = this.world.step(this.state, action);
    this.state = state;
    this.total += reward;
    this.steps += 1;
    this.ended = ended || this.steps >= this.world.limit;
  }

  push(amount) {
    this.state = this.world.push(this.state, amount);
  }

  play() {
    while (!this.ended) this.step();
    return {steps: this.steps, total: this.total};
  }
}

// Which elements of an environment's observation a policy sees: those that are named, else all.
function chosenFor(name, size, named) {
  const world = ENVIRONMENTS[name];
  if (named.length === size && named.every((i) => i < world.size)) return named;
  return size === world.size ? [] : world.chosen[size] || null;
}

// Environments whose observation and action are of the policy's form.
function fitting(size, action, named) {
  return Object.keys(ENVIRONMENTS).filter((name) => {
    const world = ENVIRONMENTS[name];
    const acts = action.kind === "discrete"
      ? action.sizes.length === 1 && action.sizes[0] === world.choices
      : action.kind === "continuous" && world.torque && action.size === 1;
    return acts && chosenFor(name, size, named) !== null;
  });
}
