// SPDX-License-Identifier: MIT
// Pictures of the environments' states on a canvas of 300 by 200.
"use strict";

function colours(canvas) {
  const style = getComputedStyle(canvas);
  return {ink: style.color, soft: style.borderTopColor, blue: style.getPropertyValue("--blue"),
          teal: style.getPropertyValue("--teal")};
}

function draw(canvas, name, state) {
  const context = canvas.getContext("2d"), colour = colours(canvas);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.lineCap = "round";
  PICTURES[name](context, state, colour);
}

function line(context, colour, width, ...points) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
}

function dot(context, colour, x, y, radius) {
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

const PICTURES = {
  "CartPole-v1"(context, [x, , angle], {ink, blue, teal}) {
    const at = 150 + x * 55, ground = 160;
    line(context, ink, 1, [10, ground], [290, ground]);
    context.fillStyle = blue;
    context.fillRect(at - 22, ground - 22, 44, 18);
    line(context, teal, 7, [at, ground - 22],
         [at + 100 * Math.sin(angle), ground - 22 - 100 * Math.cos(angle)]);
  },
  "Pendulum-v1"(context, [angle], {ink, blue}) {
    line(context, blue, 9, [150, 100], [150 + 80 * Math.sin(angle), 100 - 80 * Math.cos(angle)]);
    dot(context, ink, 150, 100, 5);
  },
  "MountainCar-v0"(context, [x], {ink, blue, teal}) {
    const across = (p) => 20 + (p + 1.2) * 144, up = (p) => 170 - (Math.sin(3 * p) + 1) * 65;
    const hill = [...Array(61).keys()].map((i) => -1.2 + i * 0.03);
    line(context, ink, 2, ...hill.map((p) => [across(p), up(p)]));
    line(context, teal, 3, [across(0.5), up(0.5)], [across(0.5), up(0.5) - 30]);
    dot(context, blue, across(x), up(x) - 7, 7);
  },
  "Acrobot-v1"(context, [one, two], {ink, blue, teal}) {
    const elbow = [150 + 45 * Math.sin(one), 105 + 45 * Math.cos(one)];
    const hand = [elbow[0] + 45 * Math.sin(one + two), elbow[1] + 45 * Math.cos(one + two)];
    line(context, ink, 1, [30, 60], [270, 60]);
    line(context, blue, 7, [150, 105], elbow);
    line(context, teal, 7, elbow, hand);
    dot(context, ink, 150, 105, 4);
  },
};
