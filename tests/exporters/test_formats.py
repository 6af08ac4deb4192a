# SPDX-License-Identifier: MIT
"""ONNX and TFLite files: every op of the zoo against the interpreter, the state carried."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge import runtimes
from puffer_edge.errors import MissingDependencyError, UnsupportedError, UsageError
from puffer_edge.exporters.decompose import decompose
from puffer_edge.exporters.formats import FORMATS, halved
from puffer_edge.exporters.ports import METADATA, contract
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation
from puffer_edge.ir.ops import Conv, Gemm, LSTMCell, Reshape, Unary
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.pipeline import Wish, to_integers
from tests import zoo
from tests.error_bound import ErrorBound

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
BUNDLED = ["cartpole_puffer_lstm.pt", "cartpole_sb3.zip", "pendulum_sb3.zip"]
BACKENDS = [chosen.backend for chosen in FORMATS.values()]


@pytest.mark.parametrize("case", zoo.CASES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_op_lies_within_the_bound(case: str, backend: str) -> None:
    program = zoo.program(case)
    oracle, bound = Interpreter(program), ErrorBound(program)
    size = program.contract.observation_size
    with runtimes.load(program, backend) as policy:
        for x in 2 * np.random.default_rng(3).standard_normal((20, size)).astype(np.float32):
            x = zoo.permitted(program, x)
            limits, expected = bound.step(oracle.values(x)), oracle.step(x)
            policy.step(x)
            for name, array in policy.outputs.items():
                assert np.all(np.abs(array.astype(np.float64) - expected[name]) <= limits[name])


@pytest.mark.parametrize("case", zoo.CASES)
def test_decomposition_computes_the_same(case: str) -> None:
    program = zoo.program(case)
    parts = decompose(program, (), ("relu", "tanh", "sigmoid", "exp", "log", "neg", "abs", "sqrt"))
    oracle, ours, bound = Interpreter(program), Interpreter(parts), ErrorBound(program)
    size = program.contract.observation_size
    for x in np.random.default_rng(4).standard_normal((8, size)).astype(np.float32):
        x = zoo.permitted(program, x)
        limits, expected, found = bound.step(oracle.values(x)), oracle.step(x), ours.step(x)
        for name, array in found.items():
            # Ours twice: the bound takes the other side's functions to be as good as torch's.
            assert np.all(np.abs(array.astype(np.float64) - expected[name])
                          <= 4 * limits[name] + 2e-6)


@pytest.mark.parametrize(("case", "opset", "ir"), [("mlp", 13, 7), ("lstm", 13, 7),
                                                   ("activations", 20, 9)])
def test_the_opset_is_the_lowest_that_the_ops_need(case: str, opset: int, ir: int) -> None:
    import onnx as library

    from puffer_edge.exporters import onnx

    proto = library.load_from_string(onnx.model(zoo.program(case)))
    assert (proto.opset_import[0].version, proto.ir_version) == (opset, ir)
    newest = max(library.defs.get_schema(node.op_type, opset).since_version
                 for node in proto.graph.node)
    assert newest <= opset


@pytest.mark.parametrize("policy", BUNDLED)
@pytest.mark.parametrize("scheme", ["float32", "float16"])
@pytest.mark.parametrize("target", FORMATS)
def test_bundled_policies_verify(policy: str, scheme: str, target: str, tmp_path: Path) -> None:
    given = {"vec_normalize": POLICIES / "pendulum_vecnormalize.pkl"} if (
        policy.startswith("pendulum")) else {}
    artefact = puffer_edge.export(POLICIES / policy, tmp_path / "artefact", target=target,
                                  scheme=scheme, **given)
    name = policy.rpartition(".")[0]
    reference = POLICIES / f"{name.removesuffix('_vecnormalize')}_reference.npz"
    options = {} if name.startswith("pendulum") else {"reference": reference}
    report = puffer_edge.verify(artefact, **options)
    assert report.passed, report.to_markdown()
    # The reference is compared number by number in float32, by greedy actions in both, and by the
    # actions that it holds.
    assert len(report.checks) == 3 + len(options) * (3 if scheme == "float32" else 2)


@pytest.mark.parametrize("policy", ["cartpole_puffer_lstm.pt", "cartpole_sb3.zip"])
@pytest.mark.parametrize(("target", "scheme", "ours"), [
    ("onnx", "int8", "int8"), ("tflite", "int8", "int8"),
    ("tflite", "int8x16", "int8x16")])
def test_integers_act_like_our_own(policy: str, target: str, scheme: str, ours: str,
                                   tmp_path: Path) -> None:
    """Over the held-back half of a recording.

    One percentage point is one step and a half of the recurrent policy's 150; a share of n steps
    has a standard error of sqrt(p (1 - p) / n), so that twice that is granted beside the point.
    """
    recording = POLICIES / f"{policy.rpartition('.')[0]}_reference.npz"
    program = puffer_edge.load(POLICIES / policy)
    judged = to_integers(program, Wish(ours, str(recording))).agreements["held back"]
    artefact = puffer_edge.export(POLICIES / policy, tmp_path / "a", target=target, scheme=scheme,
                                  calibrate=str(recording))
    report = puffer_edge.verify(artefact, min_agreement=0.9)
    assert report.passed, report.to_markdown()
    agreement, share = report.measurements["agreement"], judged.share
    assert agreement is not None and share is not None
    spread = 2 * np.sqrt(max(share * (1 - share), 0.01) / judged.steps)
    assert agreement >= share - 0.01 - spread


@pytest.mark.parametrize("policy", ["cartpole_puffer_lstm.pt", "cartpole_sb3.zip"])
def test_dynamic_needs_no_calibration_and_agrees(policy: str, tmp_path: Path) -> None:
    recording = POLICIES / f"{policy.rpartition('.')[0]}_reference.npz"
    artefact = puffer_edge.export(POLICIES / policy, tmp_path / "a", target="tflite",
                                  scheme="dynamic")
    assert puffer_edge.verify(artefact, reference=recording).passed


@pytest.mark.parametrize("kind", ["lstm", "conv"])
@pytest.mark.parametrize(("target", "scheme"), [
    ("onnx", "int8"), ("tflite", "int8"), ("tflite", "int8x16"), ("tflite", "dynamic")])
def test_integers_are_integers(target: str, scheme: str, kind: str) -> None:
    """Every matrix has 8 bits: the file is below half of that in float32."""
    chosen, program = FORMATS[target], lstm_policy() if kind == "lstm" else conv_policy()
    prepared = chosen.prepare(program)
    x = np.random.default_rng(0).standard_normal(
        (32, program.contract.observation_size)).astype(np.float32)
    whole = chosen.write(prepared, "float32", None)
    small = chosen.write(prepared, scheme, calibrate(prepared, x, np.arange(32) == 0))
    assert len(small) < 0.5 * len(whole)


@pytest.mark.parametrize("target", FORMATS)
def test_layers_that_share_a_matrix_round_it_each_for_itself(target: str, tmp_path: Path) -> None:
    """What makes up for one layer's rounding would be wrong for another's."""
    bench = zoo.Bench((1, 8))
    weight = bench.weight(8, 8)
    middle = bench.op(Unary, x=bench.op(Gemm, x=bench.x, weight=weight),
                      function=Activation("tanh"))
    program = bench.program(bench.op(Gemm, x=middle, weight=weight))
    x = np.random.default_rng(5).standard_normal((200, 8)).astype(np.float32)
    np.savez(tmp_path / "x.npz", observations=x)
    artefact = puffer_edge.export(program, tmp_path / "a", target=target, scheme="int8",
                                  calibrate=str(tmp_path / "x.npz"))
    oracle = Interpreter(program)
    with runtimes.load(artefact) as policy:
        for row in x:
            policy.step(row)
            # 8 sums of products, each factor off by half a step of 1/127 of the largest.
            assert np.allclose(policy.outputs["logits"], oracle.step(row)["logits"],
                               rtol=0, atol=8 * 2 * 0.5 / 127)


def conv_policy():
    bench = zoo.Bench((1, 8 * 8 * 8))
    image = bench.op(Reshape, x=bench.x, shape=(1, 8, 8, 8))
    y = bench.op(Conv, x=image, weight=bench.weight(32, 8, 3, 3), strides=(1, 1),
                 pads=(0, 0, 0, 0), dilations=(1, 1))
    flat = bench.op(Reshape, x=y, shape=(1, 32 * 36))
    return bench.program(bench.op(Gemm, x=flat, weight=bench.weight(4, 32 * 36)))


def lstm_policy():
    bench = zoo.Bench((1, 64))
    h, c = bench.builder.state("h", (1, 64)), bench.builder.state("c", (1, 64))
    y_h, y_c = bench.builder.add_many(
        LSTMCell, ("", ""), x=bench.x, h=h, c=c, weight=bench.weight(256, 64),
        recurrent=bench.weight(256, 64), bias=bench.weight(256))
    bench.builder.carry(h, y_h)
    bench.builder.carry(c, y_c)
    return bench.program(bench.op(Gemm, x=y_h, weight=bench.weight(4, 64)))


@pytest.mark.parametrize("target", FORMATS)
def test_equal_policies_give_equal_bytes(target: str) -> None:
    chosen, program = FORMATS[target], zoo.program("lstm_2_layers")
    first, second = (chosen.write(chosen.prepare(program), "float32", None) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("target", FORMATS)
def test_float16_halves_the_weights(target: str) -> None:
    chosen, program = FORMATS[target], linear()
    whole = chosen.write(chosen.prepare(program), "float32", None)
    half = chosen.write(chosen.prepare(halved(program)), "float16", None)
    assert len(half) < 0.6 * len(whole)


def linear():
    bench = zoo.Bench((1, 64))
    return bench.program(bench.op(Gemm, x=bench.x, weight=bench.weight(64, 64),
                                  bias=bench.weight(64)))


@pytest.mark.parametrize("target", FORMATS)
def test_a_broken_file_is_caught(target: str, tmp_path: Path) -> None:
    artefact = puffer_edge.export(zoo.program("mlp"), tmp_path / "a", target=target)
    file = artefact / FORMATS[target].file
    other = zoo.program("mlp")
    constants = {name: 2 * array if array.ndim == 2 else array
                 for name, array in other.constants.items()}
    chosen = FORMATS[target]
    file.write_bytes(chosen.write(chosen.prepare(
        other.with_ops(other.ops, constants)), "float32", None))
    manifest = json.loads((artefact / "policy.json").read_text())
    import hashlib

    manifest["files"][file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    (artefact / "policy.json").write_text(json.dumps(manifest))
    report = puffer_edge.verify(artefact)
    assert [check.verdict for check in report.checks] == ["passed", "failed", "failed"]


def test_onnx_holds_the_contract() -> None:
    import onnx

    program = zoo.program("lstm")
    content = FORMATS["onnx"].write(FORMATS["onnx"].prepare(program), "float32", None)
    model = onnx.load_from_string(content)
    (entry,) = [prop for prop in model.metadata_props if prop.key == METADATA]
    assert entry.value == contract(program)
    assert json.loads(entry.value)["states"][0]["input"] == "state_0"
    assert [port.name for port in model.graph.input] == ["observation", "state_0", "state_1"]
    assert [port.name for port in model.graph.output] == ["logits", "state_0_next",
                                                          "state_1_next"]


@pytest.mark.parametrize("target", FORMATS)
def test_what_cannot_be_is_said(target: str, tmp_path: Path,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    program = zoo.program("mlp")
    with pytest.raises(UsageError, match="no scheme 'int16'"):
        puffer_edge.export(program, tmp_path / "a", target=target, scheme="int16")
    with pytest.raises(UsageError, match=f"{target} takes no layers="):
        puffer_edge.export(program, tmp_path / "a", target=target, layers={"a": "int8"})
    with pytest.raises(UnsupportedError, match="float32"):
        runtimes.load(zoo.program("mlp_int8"), FORMATS[target].backend)
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: None)
    with pytest.raises(MissingDependencyError, match=r"needs"):
        runtimes.load(program, FORMATS[target].backend)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("target", FORMATS)
def test_artefacts_run_by_their_own_runtime(target: str, tmp_path: Path) -> None:
    artefact = puffer_edge.export(zoo.program("gru"), tmp_path / "a", target=target)
    with runtimes.load(artefact) as policy:
        assert policy.backend == FORMATS[target].backend
        assert policy.model_size == (artefact / FORMATS[target].file).stat().st_size


@pytest.mark.parametrize("target", FORMATS)
def test_an_op_without_an_emitter_is_named(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import import_module

    registry = import_module(f"puffer_edge.exporters.{target}.registry")
    monkeypatch.delitem(registry.EMITTERS, Gemm)
    chosen = FORMATS[target]
    with pytest.raises(UnsupportedError, match="the op Gemm"):
        chosen.write(chosen.prepare(zoo.program("mlp")), "float32", None)


@pytest.mark.parametrize(("target", "scheme"), [("tflite", "int8"), ("onnx", "float32"),
                                                ("pc", "int8")])
def test_a_recording_that_no_policy_of_that_size_made_is_refused(target: str, scheme: str,
                                                                 tmp_path: Path) -> None:
    """Before its columns are given the names of the observation's elements."""
    program = zoo.program("mlp")
    size, random = program.contract.observation_size, np.random.default_rng(0)
    for steps, columns, said in ((100, size - 1, "does not fit"), (100, size + 1, "does not fit"),
                                 (0, size, "too few"), (1, size, "too few"), (9, size, "too few")):
        noise = random.standard_normal((steps, columns)).astype(np.float32)
        with pytest.raises(UsageError, match=said):
            puffer_edge.export(program, tmp_path / "a", target=target, scheme=scheme,
                               calibrate=noise)
    assert not (tmp_path / "a").exists()
