// SPDX-License-Identifier: MIT
// The player's part of the page: side by side in an environment, by sliders, or over a recording.
"use strict";

const byId = (id) => document.getElementById(id);

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// A picture, figures, and a bar per raw output, of one policy.
class Side {
  constructor(policy, index) {
    this.policy = policy;
    this.canvas = element("canvas", {width: 300, height: 200});
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `${policy.title}: picture of the environment`);
    this.text = element("p", {className: "figures", id: `figures-${index}`});
    this.bars = policy.described.outputs.map((output) => [...Array(Math.min(output.size, 24)).keys()]
      .map((i) => ({label: `${output.name} ${i}`, bar: element("span", {className: "fill"}),
                    value: element("span", {className: "number"})})));
    const rows = this.bars.flat().map(({label, bar, value}) => element(
      "div", {className: "output"}, element("span", {}, label),
      element("span", {className: "level"}, bar), value));
    this.root = element("figure", {}, element("figcaption", {}, policy.title), this.canvas,
                        this.text, ...rows);
  }

  show(last) {
    this.bars.forEach((bars, output) => {
      const values = last ? last.outputs[output] : [];
      const most = Math.max(...values.map(Math.abs), 1e-9);
      bars.forEach(({bar, value}, i) => {
        const x = values[i] ?? 0, part = Math.abs(x) / most * 50;
        bar.style.width = `${part}%`;
        bar.style.left = `${x < 0 ? 50 - part : 50}%`;
        value.textContent = last ? x.toPrecision(4) : "";
      });
    });
  }
}

function acted(action, last) {
  if (!last) return "";
  if (last.status) return `refused, status ${last.status}`;
  return `action ${last.action.map((x) => Number(x.toPrecision(4))).join(", ")}`;
}

class Controls {
  constructor(data, policies, report) {
    this.data = data;
    this.sides = policies.map((policy, index) => new Side(policy, index));
    byId("sides").replaceChildren(...this.sides.map((side) => side.root));
    const named = report.environment ? report.observe || [] : [];
    this.named = named;
    const names = fitting(data.size, data.action, named);
    const first = names.includes(report.environment) ? report.environment : names[0];
    const select = byId("environment");
    for (const name of names) select.append(element("option", {value: name}, name));
    select.append(element("option", {value: ""}, "sliders"));
    select.value = first || "";
    select.addEventListener("change", () => this.restart());
    byId("seed").addEventListener("change", () => this.restart());
    byId("restart").addEventListener("click", () => this.restart());
    byId("play").addEventListener("click", () => this.run(!this.running));
    byId("once").addEventListener("click", () => this.advance());
    byId("left").addEventListener("click", () => this.push(-1));
    byId("right").addEventListener("click", () => this.push(1));
    for (const side of this.sides) side.canvas.addEventListener("pointerdown", (event) => {
      const box = side.canvas.getBoundingClientRect();
      this.push(event.clientX < box.left + box.width / 2 ? -1 : 1);
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.show());
    this.makeSliders();
    this.restart();
  }

  get name() { return byId("environment").value; }

  restart() {
    this.run(false);
    const seed = Math.max(0, Math.trunc(Number(byId("seed").value)) || 0);
    const name = this.name;
    byId("sliders").hidden = Boolean(name);
    for (const button of ["left", "right"]) byId(button).hidden = !name;
    this.at = 0;
    this.games = name ? this.sides.map((side) => new Game(
      side.policy, name, chosenFor(name, this.data.size, this.named), seed)) : null;
    for (const side of this.sides) {
      side.canvas.hidden = !name;
      side.policy.reset();
    }
    this.show();
    if (!name) this.byHand();
  }

  run(running) {
    this.running = running;
    byId("play").textContent = running ? "Pause" : "Play";
    if (running) this.tick();
  }

  tick() {
    if (!this.running) return;
    this.advance();
    const fps = this.games ? ENVIRONMENTS[this.name].fps : 20;
    if (this.games && this.games.every((game) => game.ended)) this.run(false);
    else setTimeout(() => this.tick(), 1000 / fps);
  }

  advance() {
    if (this.games) {
      for (const game of this.games) game.step();
      this.show();
      return;
    }
    const n = this.data.size, steps = this.recorded.length / n;
    if (!steps) return;
    if (this.data.resets.includes(this.at)) for (const side of this.sides) side.policy.reset();
    this.sliders.forEach((slider, i) => { slider.value = this.recorded[this.at * n + i]; });
    this.give([...this.recorded.subarray(this.at * n, (this.at + 1) * n)], `step ${this.at}`);
    this.at = (this.at + 1) % steps;
  }

  push(amount) {
    if (!this.games) return;
    for (const game of this.games) game.push(amount);
    this.show();
  }

  show() {
    if (!this.games) return;
    this.games.forEach((game, i) => {
      const side = this.sides[i];
      draw(side.canvas, this.name, game.state);
      side.show(game.last);
      side.text.textContent = `step ${game.steps}, return ${Number(game.total.toPrecision(6))}`
        + `${game.ended ? ", ended" : ""}; ${acted(this.data.action, game.last)}`;
    });
  }

  // Observation by sliders: one per element, as far as a page has room for them.
  makeSliders() {
    const bytes = Uint8Array.from(atob(this.data.recorded), (letter) => letter.charCodeAt(0));
    this.recorded = new Float32Array(bytes.buffer);
    const n = this.data.size, labels = this.data.observation.flatMap((field) => {
      const size = field.shape.reduce((a, b) => a * b, 1);
      return size > 64 ? Array(size).fill(field.name) : [...Array(size).keys()].map(
        (i) => (size > 1 ? `${field.name} ${i}` : field.name));
    });
    this.sliders = [];
    const rows = [];
    for (let i = 0; i < Math.min(n, 64); i++) {
      let low = 0, high = 0;
      for (let at = i; at < this.recorded.length; at += n) {
        const x = this.recorded[at];
        if (Math.abs(x) < 1e4) [low, high] = [Math.min(low, x), Math.max(high, x)];
      }
      if (low === high) [low, high] = [-1, 1];
      const slider = element("input", {type: "range", min: low, max: high, value: 0, step: "any"});
      slider.addEventListener("input", () => this.byHand());
      this.sliders.push(slider);
      rows.push(element("label", {className: "slider"}, element("span", {}, labels[i]), slider));
    }
    byId("sliders").replaceChildren(...rows);
  }

  byHand() {
    const n = this.data.size, start = this.at * n;
    const rest = this.recorded.length ? this.recorded.subarray(start, start + n)
      : new Float32Array(n);
    this.give([...rest].map((x, i) => (i < this.sliders.length ? Number(this.sliders[i].value) : x)),
              "by hand");
  }

  give(observation, what) {
    for (const side of this.sides) {
      const last = side.policy.step(observation);
      side.show(last);
      side.text.textContent = `${what}; ${acted(this.data.action, last)}`;
    }
  }
}

async function startPlayer() {
  const said = byId("selftest"), data = JSON.parse(byId("player-data").textContent);
  try {
    const policies = await Promise.all(data.policies.map((each) => Policy.open(each)));
    const wrong = policies.map((policy) => policy.selftest());
    said.textContent = policies.map((policy, i) => (
      `${policy.title}: self-test of the artefact's own C in this page: ${wrong[i]} steps wrong`)
    ).join("; ");
    said.className = wrong.some(Boolean) ? "failed" : "passed";
    byId("controls").hidden = false;
    return {wrong, policies, controls: new Controls(data, policies, data)};
  } catch (error) {
    said.textContent = `This browser does not run the policy: ${error.message}`;
    said.className = "failed";
    return {wrong: [], error};
  }
}

if (typeof document !== "undefined" && byId("player-data")) {
  globalThis.pufferEdge = startPlayer();
}
