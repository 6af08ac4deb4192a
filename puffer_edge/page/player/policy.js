// SPDX-License-Identifier: MIT
// A policy: the artefact's own C, compiled to WebAssembly.
"use strict";

class Policy {
  // described: title, wasm (base64), outputs ({name, size, scale, zero_point}), action.
  static async open(described) {
    const bytes = Uint8Array.from(atob(described.wasm), (letter) => letter.charCodeAt(0));
    const {instance} = await WebAssembly.instantiate(bytes, {});
    return new Policy(described, instance.exports);
  }

  constructor(described, code) {
    this.title = described.title;
    this.described = described;
    this.code = code;
    this.reset();
  }

  reset() {
    this.code.reset();
  }

  // How many steps of the built-in test vectors give other bits; 0 is good.
  selftest() {
    const wrong = this.code.selftest();
    this.reset();
    return wrong;
  }

  // Takes an observation, gives {status, action, outputs}; action is a number of each head, or the
  // continuous numbers.
  step(observation) {
    const memory = this.code.memory.buffer, size = observation.length;
    new Float32Array(memory, this.code.observation(), size).set(observation);
    const status = this.code.step();
    const {outputs, action} = this.described, place = this.code.outputs();
    let start = 0;
    const real = outputs.map((output) => {
      const raw = [...new Float32Array(memory, place + 4 * start, output.size)];
      start += output.size;
      return output.scale ? raw.map((x) => (x - (output.zero_point || 0)) * output.scale) : raw;
    });
    return {status, outputs: real, action: taken(memory, this.code.action(), action)};
  }
}

// The action's struct: continuous numbers first, then choices.
function taken(memory, place, action) {
  const moving = action.kind === "continuous" ? action.size
    : action.kind === "hybrid" ? action.continuous.size : 0;
  const sizes = action.kind === "discrete" ? action.sizes
    : action.kind === "hybrid" ? action.discrete.sizes : [];
  return [...new Float32Array(memory, place, moving),
          ...new Int32Array(memory, place + 4 * moving, sizes.length)];
}
