# SPDX-License-Identifier: MIT
"""What is trained is what is exported: the network's numbers against the exported Program's.

The other side is the exporter's own way (`to_integers`) and the interpreter, one step at a time.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from puffer_edge.fitting.candidate import Candidate
from puffer_edge.fitting.fake_quantization import FakeQuantization
from puffer_edge.fitting.network import Network
from puffer_edge.fitting.students import untrained
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Builder, Contract, Discrete, Field, Program
from puffer_edge.ir.ops import Gemm
from puffer_edge.quantization.pipeline import Wish, to_integers
from puffer_edge.quantization.recording import Recording
from puffer_edge.quantization.schemes import SCHEMES

torch = pytest.importorskip("torch")

CASES = [Candidate(scheme, widths, activation, cell)
         for scheme in SCHEMES
         for widths, activation, cell in (
             ((8,), "relu", ""), ((8, 6), "tanh", ""), ((5,), "hard_tanh", ""), ((), "relu", ""),
             ((6,), "relu", "gru"), ((8, 6), "tanh", "lstm"), ((6,), "relu", "min_gru"))]


def teacher(inputs: int = 4, outputs: int = 3) -> Program:
    builder = Builder("a teacher")
    x = builder.input("observation", (1, inputs))
    weight = builder.constant(np.ones((outputs, inputs), np.float32), "w")
    bias = builder.constant(np.zeros(outputs, np.float32), "b")
    y = builder.add(Gemm, x=x, weight=weight, bias=bias, layer="output")
    return builder.build({"logits": y}, Contract((Field("observation", (inputs,)),),
                                                 Discrete((outputs,))))


def recorded(steps: int = 64) -> Recording:
    random = np.random.default_rng(1)
    seen = random.normal([0.0, 2.0, -1.0, 0.1], [1.0, 0.3, 3.0, 0.01], (steps, 4))
    return Recording(seen.astype(np.float32), np.arange(steps) % 16 == 0)


@pytest.mark.parametrize("candidate", CASES[:7], ids=lambda each: each.name.replace(" ", "-"))
def test_training_computes_the_exported_integers(candidate: Candidate, steps: int = 16) -> None:
    recording = recorded()
    network = Network(untrained(teacher(), candidate, 3), recording.observations)
    fake = FakeQuantization(candidate, recording)
    fake.calibrate(network.program())
    fake.requantize(network.program())
    exported = to_integers(network.program(), Wish(candidate.scheme, recording, nearest=True)
                           ).program
    random = np.random.default_rng(2)
    lanes = 25
    inputs = random.normal([0.0, 2.0, -1.0, 0.1], [3.0, 1.0, 9.0, 0.03],
                           (steps // (1 if candidate.cell else 8), lanes, 4)).astype(np.float32)
    interpreters = [Interpreter(exported) for _ in range(lanes)]
    state, integers = network.fresh(lanes), fake.initial(lanes)
    qparams = exported.values[exported.outputs[0]].quantization
    assert qparams is not None
    for batch in inputs:
        found, state, integers = network.step(batch, state, fake, integers)
        ours = np.floor(found.detach().numpy().astype(np.float64) / qparams.scale + 0.5)
        theirs = np.stack([each.step(row)["logits"] for each, row in zip(
            interpreters, batch, strict=True)]).astype(np.int64)
        assert np.array_equal(ours + qparams.zero_point, theirs)


@pytest.mark.exhaustive
@pytest.mark.parametrize("candidate", CASES, ids=lambda each: each.name.replace(" ", "-"))
def test_a_thousand_inputs(candidate: Candidate) -> None:
    test_training_computes_the_exported_integers(candidate, 320 if not candidate.cell else 40)


def test_gradients_pass_but_where_a_number_is_cut_off() -> None:
    candidate = Candidate("int8", (8,), "relu")
    recording = recorded()
    network = Network(untrained(teacher(), candidate, 3), recording.observations)
    fake = FakeQuantization(candidate, recording)
    fake.calibrate(network.program())
    fake.requantize(network.program())
    assert fake.integers is not None
    name = fake.integers.outputs[0]
    qparams = fake.integers.values[name].quantization
    assert qparams is not None
    high = (qparams.high - qparams.zero_point) * qparams.scale
    real = torch.tensor([[0.0, high / 2, high * 3]], requires_grad=True)
    known = {name: np.array([[qparams.zero_point, qparams.high // 2, qparams.high]], np.int16)}
    fake.through(name, real, known).sum().backward()
    assert real.grad.tolist() == [[1.0, 1.0, 0.0]]


def test_updates_in_integers_make_the_exported_policy_better() -> None:
    """A coarse scheme loses what a student learnt in floats; learning in it wins that back."""
    from puffer_edge.fitting.batches import Batches
    from puffer_edge.fitting.losses import Distance
    from puffer_edge.fitting.torch_trainer import TorchTrainer

    candidate = Candidate("int8", (6,), "relu")
    recording = recorded(256)
    labels = np.tanh(recording.observations @ np.array(
        [[1, -1, 0], [0, 2, -1], [1, 0, 1], [9, -9, 3]], np.float64)) * 3
    network = Network(untrained(teacher(), candidate, 3), recording.observations)
    distance = Distance(replace(network.base.contract), labels)
    batches = Batches([recording], [labels], False, 0)
    trainer = TorchTrainer()
    trainer._update(network, batches, distance, 60, 1e-2, None)

    def lost() -> float:
        fake = FakeQuantization(candidate, recording)
        fake.calibrate(network.program())
        fake.requantize(network.program())
        found, *_ = network.step(recording.observations, {}, fake, {})
        return float(distance(found, torch.from_numpy(labels.astype(np.float32))).detach())

    before = lost()
    trainer._update(network, batches, distance, 40, 3e-3, FakeQuantization(candidate, recording))
    assert lost() < before
