# SPDX-License-Identifier: MIT
"""Random policies: our interpreter against onnxruntime, within a bound on both their roundings.

A sum of K products in float32, in whatever order, is off by at most ``(K + 1) u S`` with
``S = |bias| + sum |w| |x|`` and ``u = 2^-24`` (Higham, section 3.1). Errors that come in from the
layer before grow by at most ``sum |w|``; tanh, sigmoid and ReLU never enlarge them. Both sides may
be off, hence the factor 2.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

from puffer_edge.interpreter import Interpreter  # noqa: E402
from tests.frontends.onnx_models import load, model, node, normal  # noqa: E402

U = 2.0**-24
FUNCTION = 8 * U  # both sides' tanh and sigmoid are within a few units in the last place of 1


def session(proto: Any) -> Any:
    return ort.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])


def linear(weight: np.ndarray, bias: np.ndarray, x: np.ndarray, error: np.ndarray | float
           ) -> tuple[np.ndarray, np.ndarray]:
    """A layer in float64 and the bound on its float32 result, given that of its input."""
    w, magnitude = weight.astype(np.float64), np.abs(weight).astype(np.float64)
    error = np.broadcast_to(error, x.shape)
    spread = np.abs(bias) + magnitude @ (np.abs(x) + error)
    return w @ x + bias, magnitude @ error + (weight.shape[1] + 2) * U * spread


@pytest.mark.parametrize("seed", range(5))
def test_mlp(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 40, size=4)
    layers = [(normal(rng, b, a), normal(rng, b)) for a, b in itertools.pairwise(sizes)]
    nodes, weights, name = [], {}, "obs"
    for index, (w, b) in enumerate(layers):
        weights |= {f"w{index}": w, f"b{index}": b}
        nodes.append(node("Gemm", f"{name} w{index} b{index}", f"y{index}", transB=1))
        name = f"y{index}"
        if index < 2:
            nodes.append(node("Tanh", name, f"t{index}"))
            name = f"t{index}"
    proto = model(nodes, {"obs": ["batch", int(sizes[0])]}, {"y2": ["batch", int(sizes[-1])]},
                  weights)
    policy, reference = Interpreter(load(proto, tmp_path)), session(proto)
    for _ in range(10):
        x = rng.normal(size=(1, sizes[0])).astype(np.float32)
        y, error = x[0].astype(np.float64), 0.0
        for index, (w, b) in enumerate(layers):
            y, error = linear(w, b, y, error)
            if index < 2:
                y, error = np.tanh(y), error + FUNCTION
        (ours,) = policy.step(x).values()
        (theirs,) = reference.run(None, {"obs": x})
        assert np.all(np.abs(ours - theirs[0]) <= 2 * error)
        assert np.all(np.abs(ours - y) <= error)


@pytest.mark.parametrize(("rank", "group", "auto_pad"), [
    (1, 1, "NOTSET"), (1, 2, "SAME_UPPER"), (2, 1, "NOTSET"), (2, 1, "SAME_LOWER"),
    (2, 2, "SAME_UPPER"), (2, 4, "VALID")])
def test_convolution(rank: int, group: int, auto_pad: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    w, b = normal(rng, 8, 4 // group, *(3, 2)[:rank]), normal(rng, 8)
    attributes: dict[str, Any] = {"group": group, "strides": (2, 1)[:rank], "auto_pad": auto_pad}
    if auto_pad == "NOTSET":
        attributes |= {"pads": [1, 0, 2, 1][: 2 * rank], "dilations": (1, 2)[:rank]}
    shape = [1, 4, 9, 7][: rank + 2]

    def network(weights: dict[str, Any]) -> Any:
        return model([node("Conv", "obs w b", "y", **attributes), node("Relu", "y", "r"),
                      node("Flatten", "r", "logits")], {"obs": shape}, {"logits": [1, "n"]},
                     weights)

    proto = network({"w": w, "b": b})
    policy, reference = Interpreter(load(proto, tmp_path)), session(proto)
    magnitudes = session(network({"w": np.abs(w), "b": np.abs(b)}))
    for _ in range(5):
        x = rng.normal(size=shape).astype(np.float32)
        (ours,) = policy.step(x).values()
        (theirs,) = reference.run(None, {"obs": x})
        (spread,) = magnitudes.run(None, {"obs": np.abs(x)})
        assert ours.shape == theirs[0].shape
        assert np.all(np.abs(ours - theirs[0]) <= 2 * (w[0].size + 2) * U * spread[0])


def test_layer_normalization(tmp_path: Path) -> None:
    rng, width = np.random.default_rng(3), 24
    scale, bias = rng.normal(size=(2, width)).astype(np.float32)
    proto = model([node("LayerNormalization", "obs scale bias", "actions", epsilon=1e-5)],
                  {"obs": [1, width]}, {"actions": [1, width]}, {"scale": scale, "bias": bias})
    policy, reference = Interpreter(load(proto, tmp_path)), session(proto)
    for offset in (0.0, 3.0):
        x = (rng.normal(size=(1, width)) + offset).astype(np.float32)
        (ours,) = policy.step(x).values()
        (theirs,) = reference.run(None, {"obs": x})
        # The mean is off by (D + 1) u max|x|, and so is every centred element; dividing by the
        # standard deviation passes that on, and the variance adds as much again, relative to y.
        y = np.abs(theirs[0] - bias)
        off = (width + 4) * U * np.abs(x).max() / x.std()
        assert np.all(np.abs(ours - theirs[0]) <= 2 * off * (np.abs(scale) + 2 * y) + 4 * U)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("layout", [0, 1])
def test_recurrent_policy_over_300_steps(kind: str, layout: int, tmp_path: Path) -> None:
    rng, inputs, hidden = np.random.default_rng(11), 6, 16
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    weights = {"w": normal(rng, gates * hidden, inputs)[None],
               "r": normal(rng, gates * hidden, hidden)[None] * np.float32(0.25),
               "b": 0.1 * rng.normal(size=(1, 2 * gates * hidden)).astype(np.float32),
               "head": normal(rng, 3, hidden), "first": np.array([0])}
    states = ["h", "c"] if kind == "LSTM" else ["h"]
    after = " ".join(f"{s}_next" for s in states)
    attributes: dict[str, Any] = {"hidden_size": hidden}
    if kind == "GRU":
        attributes["linear_before_reset"] = 1
    shape: list[int | str] = [1, 1, hidden]
    if layout:
        # onnxruntime has no layout 1: it runs layout 0, which is the same for one step of one.
        attributes["layout"] = 1

    def network(**attributes: Any) -> Any:
        return model(
            [node("Unsqueeze", "obs first", "x"),
             node(kind, f"x w r b - {' '.join(states)}", f"y {after}", **attributes),
             node("Squeeze", f"{states[0]}_next first", "top"),
             node("Gemm", "top head", "logits", transB=1)],
            {"obs": ["batch", inputs], **{s: shape for s in states}},
            {"logits": ["batch", 3], **{f"{s}_next": shape for s in states}}, weights, opset=14)

    policy = Interpreter(load(network(**attributes), tmp_path))
    reference = session(network(**{k: v for k, v in attributes.items() if k != "layout"}))
    # One step: a gate's sum of I + H products and two biases, through functions of slope 1 at
    # most, then the head. What a step hands on shrinks: by the recurrent weights (spectral norm
    # about 1/2) or by a forget gate, which with these weights stays below 0.9; so the errors of all
    # steps add up to at most 1 / (1 - 0.9) = 10 times that of one.
    spread = (np.abs(weights["w"]).sum(-1).max() * 3 + np.abs(weights["r"]).sum(-1).max() + 1)
    step = (inputs + hidden + 4) * U * spread + 4 * FUNCTION
    bound = 2 * 10 * step * np.abs(weights["head"]).sum(-1).max()
    memory = {s: np.zeros((1, 1, hidden), np.float32) for s in states}
    for _ in range(300):
        x = rng.normal(size=(1, inputs)).clip(-3, 3).astype(np.float32)
        (ours,) = policy.step(x).values()
        logits, *new = reference.run(None, {"obs": x, **memory})
        memory = dict(zip(states, new, strict=True))
        assert np.abs(ours - logits[0]).max() <= bound
    policy.reset()
    (forgetful,) = policy.step(x).values()
    assert np.abs(forgetful - ours).max() > 10 * bound, "the state must matter"
