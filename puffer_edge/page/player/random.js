// SPDX-License-Identifier: MIT
// numpy.random.default_rng(seed): its SeedSequence and PCG64, so that an episode starts where that
// of gymnasium with the same seed does.
"use strict";

class Random {
  constructor(seed) {
    const words = [];
    for (let rest = BigInt(seed); rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn));
    const state = seeded(words.length ? words : [0]);
    const wide = (i) => BigInt(state[2 * i]) | BigInt(state[2 * i + 1]) << 32n;
    this.increment = clipped((wide(2) << 64n | wide(3)) << 1n | 1n);
    this.state = this.increment;  // a step from zero
    this.state = clipped(this.state + (wide(0) << 64n | wide(1)));
    this.advance();
  }

  advance() {
    this.state = clipped(this.state * 0x2360ed051fc65da44385df649fccf645n + this.increment);
  }

  // XSL-RR: the halves of the state, and as many bits to the right as its first six say.
  next() {
    this.advance();
    const word = BigInt.asUintN(64, this.state >> 64n ^ this.state), turn = this.state >> 122n;
    return BigInt.asUintN(64, word >> turn | word << (64n - turn));
  }

  uniform(low, high) {
    return low + (high - low) * (Number(this.next() >> 11n) * 2 ** -53);
  }
}

const clipped = (number) => BigInt.asUintN(128, number);

// Eight words of 32 bits from the seed's words.
function seeded(entropy) {
  let constant = 0x43b0d7e5;
  const scramble = (value) => {
    value = (value ^ constant) >>> 0;
    constant = Math.imul(constant, 0x931e8875) >>> 0;
    value = Math.imul(value, constant) >>> 0;
    return (value ^ value >>> 16) >>> 0;
  };
  const mixed = (x, y) => {
    const value = (Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y)) >>> 0;
    return (value ^ value >>> 16) >>> 0;
  };
  const pool = [0, 1, 2, 3].map((i) => scramble(i < entropy.length ? entropy[i] : 0));
  for (let from = 0; from < 4; from++)
    for (let to = 0; to < 4; to++)
      if (from !== to) pool[to] = mixed(pool[to], scramble(pool[from]));
  for (let from = 4; from < entropy.length; from++)
    for (let to = 0; to < 4; to++) pool[to] = mixed(pool[to], scramble(entropy[from]));
  let second = 0x8b51f9dd;
  return [...Array(8).keys()].map((i) => {
    let value = (pool[i % 4] ^ second) >>> 0;
    second = Math.imul(second, 0x58f38ded) >>> 0;
    value = Math.imul(value, second) >>> 0;
    return (value ^ value >>> 16) >>> 0;
  });
}
