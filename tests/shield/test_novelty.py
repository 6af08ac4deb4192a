# SPDX-License-Identifier: MIT
"""How unlikely observations are: the output, its line, and the bits of both in C."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.artefact.program_file import from_bytes
from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Builder, Contract, Discrete, Field, Program
from puffer_edge.ir.op import Activation
from puffer_edge.ir.ops import Gemm
from puffer_edge.passes import optimize
from puffer_edge.quantization.recording import Recording
from puffer_edge.shield import Wish
from puffer_edge.shield.describing import read_described
from puffer_edge.shield.novelty import add_novelty, first_layer, step_scores, sums, values_of
from puffer_edge.shield.shield import UNLIKELY
from puffer_edge.targets import TARGETS
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.shielded import Steps, interface, oracle, write_header
from tests import zoo
from tests.shield.cases import policy
from tests.shield.test_c import run


def mlp(units: int = 16) -> Program:
    """Three elements, a hidden layer, two choices."""
    random = np.random.default_rng(0)
    builder = Builder("a policy")
    x = builder.input("observation", (1, 3))
    for name, shape, activation in (("a", (units, 3), Activation("tanh")), ("b", (2, units), None)):
        weight = random.normal(0, 0.7, shape).astype(np.float32)
        x = builder.add(Gemm, x=x, weight=builder.constant(weight, f"w_{name}"),
                        bias=builder.constant(np.zeros(shape[0], np.float32), f"b_{name}"),
                        activation=activation)
    return builder.build({"logits": x}, Contract((Field("obs", (3,)),), Discrete((2,))))


def swinging(steps: int, seed: int = 0) -> Recording:
    """Three elements that belong together; the last two look alike when they are exchanged."""
    random = np.random.default_rng(seed)
    angle = 0.3 * np.arange(steps) + random.uniform(0, 6)
    sine, cosine = np.sin(angle), np.cos(angle)
    seen = np.stack([3 * sine, sine + cosine, sine - cosine], 1)
    seen += random.normal(0, 0.05, seen.shape)
    return Recording(seen.astype(np.float32), np.arange(steps) % 100 == 0)


def swapped(recording: Recording, i: int, j: int) -> Recording:
    other = recording.observations.copy()
    other[:, [i, j]] = other[:, [j, i]]
    return Recording(other, recording.reset)


@pytest.mark.parametrize("scheme", ["float32", "int8", "int16"])
def test_swapped_elements_are_unlikely_and_others_are_not(scheme: str, tmp_path: Path) -> None:
    recording = swinging(1200)
    directory = puffer_edge.export(mlp(), tmp_path / "a", name="lander", scheme=scheme,
                                   calibrate=recording, shield=Wish(directions=4, range="none"))
    plain = puffer_edge.export(mlp(), tmp_path / "b", name="lander", scheme=scheme,
                               **({} if scheme == "float32" else {"calibrate": recording}))
    program, bare = (from_bytes((each / "program.npz").read_bytes(), "")
                     for each in (directory, plain))
    line = read_described(json.loads((directory / "policy.json").read_text()), program)
    assert line is not None and line.likelihood is not None
    allowance, threshold = line.likelihood.allowance, line.likelihood.threshold
    fresh = swinging(1200, seed=1)
    for pair in ((), (0, 1), (0, 2)):  # (1, 2) look alike
        fed = swapped(fresh, *pair) if pair else fresh
        found = values_of(program, program.outputs[-1], fed)
        total = sums(step_scores(found), fed.reset, allowance, threshold)
        assert (total > threshold).any() == bool(pair)
        if pair:
            assert (total[:100] > threshold).argmax() < 30
    here, there = Interpreter(program), Interpreter(bare)
    for row in fresh.observations[:50]:
        one, other = here.step(row), there.step(row)
        assert one["logits"].tobytes() == other["logits"].tobytes()


@pytest.mark.parametrize("scheme", ["float32", "int8"])
def test_the_bits_of_the_oracle(scheme: str, tmp_path: Path) -> None:
    recording = swinging(600)
    directory = puffer_edge.export(mlp(), tmp_path / "a", name="lander", scheme=scheme,
                                   calibrate=recording, shield=Wish(directions=3, safe=1.0))
    program = from_bytes((directory / "program.npz").read_bytes(), "")
    shield = read_described(json.loads((directory / "policy.json").read_text()), program)
    assert shield is not None
    header = write_header(tmp_path, {file.name: file.read_bytes() for file in
                                     directory.glob("*.h")}, program, shield, "lander")
    (tmp_path / "build").mkdir()
    count, plain = 160, swinging(160, seed=1).observations
    fed = swapped(swinging(count, seed=1), 0, 1).observations
    fed[:20], fed[51:] = plain[:20], plain[51:]
    fed[50] *= np.float32(1e6)  # the sum ends an eighth above the threshold, and comes back
    now = np.arange(count)
    steps = Steps(fed, now, now, now, now == 0)
    found = run(ImageBuilder(header, interface(program), TARGETS["host"], find_toolchain("zig"),
                             tmp_path / "build"), steps)
    assert found == oracle(program, shield, steps)
    bits = [int(np.frombuffer(step, "<u4")[2]) for step in found]
    assert not any(bits[:20]) and bits[45] & bits[51] & UNLIKELY and not bits[-1] & UNLIKELY


def test_what_has_no_line_is_one_error() -> None:
    with pytest.raises(UsageError, match="at least 400"):
        add_novelty(optimize(mlp()), swinging(399), 4, 8.0, 4.0)
    with pytest.raises(UnsupportedError, match="no linear layer"):
        first_layer(without_layers())
    made, _, _ = add_novelty(optimize(mlp()), swinging(400), 4, 8.0, 4.0)
    with pytest.raises(UsageError, match="has an output novelty"):
        add_novelty(made, swinging(400), 4, 8.0, 4.0)


def without_layers() -> Program:
    builder = Builder("no layer")
    x = builder.input("observation", (1, 3))
    return builder.build({"logits": x}, Contract((Field("obs", (3,)),), Discrete((3,))))


def test_recurrent_policies_and_those_of_one_layer_have_a_line_too() -> None:
    for program in (zoo.program("gru"), policy()):
        size = program.contract.observation_size
        seen = np.random.default_rng(0).normal(0, 1, (400, size)).astype(np.float32)
        made, line, _ = add_novelty(program, Recording(seen, np.arange(400) % 50 == 0), 4, 8.0, 4.0)
        assert made.output_names[-1] == "novelty" and line.threshold > line.allowance > 0
