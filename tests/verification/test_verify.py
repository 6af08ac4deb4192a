# SPDX-License-Identifier: MIT
"""verify passes for what is right and fails for what is wrong; nothing here needs more than pip."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.artefact.vectors import Vectors, run
from puffer_edge.errors import FileFormatError, UsageError, VerificationError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir.ops import Gemm
from puffer_edge.passes import optimize
from puffer_edge.verification.checks.stack import NAME as STACK
from puffer_edge.verification.report import Report
from puffer_edge.verification.verifiers.c import slow_build
from tests import zoo


@pytest.fixture
def lstm(tmp_path: Path) -> Path:
    return puffer_edge.export(zoo.program("lstm"), tmp_path / "lstm", name="zoo")


def verdicts(report: Report) -> dict[str, str]:
    return {check.name: check.verdict for check in report.checks}


def failures(report: Report) -> set[str]:
    return {check.name for check in report.checks if check.verdict == "failed"}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m33", "host"])
def test_a_good_artefact_passes(lstm: Path, target: str) -> None:
    report = puffer_edge.verify(lstm, target=target)
    assert report.passed, report.to_markdown()
    found = verdicts(report)
    found.pop(STACK, None)  # wants binutils
    assert set(found.values()) == {"passed"}
    assert json.loads((lstm / "report.json").read_text())["passed"] is True
    assert "passed" in (lstm / "report.md").read_text()
    if target != "host":
        found = report.measurements
        assert found["instructions_min"] == found["instructions_max"]
        assert found["ram_bytes"] == found["struct_bytes"]
        # The self-test's arrays are not part of the measured image; the weights are, but for
        # short arrays that a compiler turns into literals of the code.
        weights = json.loads((lstm / "policy.json").read_text())["memory"]["weights_bytes"]
        assert 0.9 * weights <= found["flash_data_bytes"] < weights + 1024


def test_an_observation_larger_than_the_stack(tmp_path: Path) -> None:
    bench = zoo.Bench((1, 20_000))
    logits = bench.op(Gemm, x=bench.x, weight=bench.weight(2, 20_000), bias=bench.weight(2))
    report = puffer_edge.verify(puffer_edge.export(bench.program(logits), tmp_path / "image"))
    assert report.passed, report.to_markdown()
    stack = report.measurements["stack_bytes"]
    assert stack is not None and stack < 1024


@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m3", "riscv32"])
def test_soft_float_cores_give_the_same_bits_and_say_that_time_varies(
        lstm: Path, target: str) -> None:
    report = puffer_edge.verify(lstm, target=target)
    assert report.passed, report.to_markdown()
    assert verdicts(report)["instructions per step do not depend on the data"] == "not checked"


def test_a_changed_weight_fails_everywhere(lstm: Path) -> None:
    header = lstm / "policy.h"
    start = header.read_text().index("zoo_w0[")
    text = header.read_text()
    header.write_text(text[:start] + text[start:].replace("0.", "0.0", 1))
    failed = failures(puffer_edge.verify(lstm, trust=True))
    assert "files are those that export wrote" in failed
    assert {name.split(" on ")[0] for name in failed} >= {"self-test", "outputs and actions"}


def test_a_policy_that_swallows_nan_fails(lstm: Path) -> None:
    edit(lstm / "policy.h", "if (!puffer_edge_all_finite_f32(x, 6)) {",
         "if (x[0] == 1.5f && x[0] != x[0]) {")
    failed = failures(puffer_edge.verify(lstm, target="host", trust=True))
    assert "bad observations on this computer change nothing" in failed


def test_a_policy_that_forgets_its_state_on_a_bad_observation_fails(lstm: Path) -> None:
    edit(lstm / "policy.h", "        return ZOO_BAD_OBSERVATION;",
         "        zoo_reset(policy);\n        return ZOO_BAD_OBSERVATION;")
    failed = failures(puffer_edge.verify(lstm, target="host", trust=True))
    assert failed == {"files are those that export wrote",
                      "bad observations on this computer change nothing"}


@pytest.mark.parametrize(("case", "status", "line"), [
    ("min_gru", "BAD_STATE", "        zoo_reset(policy);\n"),  # forgets
    ("min_gru", "BAD_STATE", "        policy->state_0[3] = 1e9f;\n"),
    ("residual", "BAD_OUTPUT", "        action->action[0] = 2 - action->action[0];\n")])
def test_a_policy_that_is_changed_by_an_overflow_fails(case: str, status: str, line: str,
                                                       tmp_path: Path) -> None:
    puffer_edge.export(zoo.program(case), tmp_path / "image", name="zoo")
    edit(tmp_path / "image" / "policy.h", f"        return ZOO_{status};",
         f"{line}        return ZOO_{status};")
    failed = failures(puffer_edge.verify(tmp_path / "image", target="host", trust=True))
    assert "extreme observations on this computer leave it finite" in failed


def test_a_state_that_is_not_looked_at_fails(tmp_path: Path) -> None:
    puffer_edge.export(zoo.program("min_gru"), tmp_path / "image", name="zoo")
    header = tmp_path / "image" / "policy.h"
    text = header.read_text()
    at = text.index("return ZOO_BAD_STATE")
    start = text.rindex("if (!puffer_edge_all_finite", 0, at)
    header.write_text(text[:start] + "if (x[0] != x[0]) {" + text[text.index("\n", start):])
    failed = failures(puffer_edge.verify(tmp_path / "image", target="host", trust=True))
    assert "extreme observations on this computer leave it finite" in failed


def test_time_that_depends_on_the_data_fails(lstm: Path) -> None:
    edit(lstm / "policy.h", "    /* action */",
         "    for (volatile int i = 0; i < 500 && x[0] > 0.0f; ++i) {\n    }\n    /* action */")
    failed = failures(puffer_edge.verify(lstm, trust=True))
    assert "instructions per step do not depend on the data" in failed


def test_a_policy_that_allocates_fails(lstm: Path) -> None:
    edit(lstm / "policy.h", "    /* action */",
         "    extern void *malloc(size_t);\n    if (x[0] > 1e30f) {\n"
         "        *(volatile float *)malloc(4) = 0.0f;\n    }\n    /* action */")
    with pytest.raises(VerificationError, match=r"malloc|link"):
        puffer_edge.verify(lstm, trust=True)


def test_a_policy_that_needs_double_precision_fails(lstm: Path) -> None:
    edit(lstm / "policy.h", "    /* action */",
         "    m[0] = (float)((double)m[0] * (double)x[0] / 3.0 * 0.0 + (double)m[0]);\n"
         "    /* action */")
    assert "no heap, no double precision, no libm" in failures(puffer_edge.verify(lstm, trust=True))


def test_code_that_does_not_compile_is_one_error(lstm: Path) -> None:
    edit(lstm / "policy.h", "    /* action */", "    not C\n    /* action */")
    with pytest.raises(VerificationError, match="does not compile"):
        puffer_edge.verify(lstm, trust=True)


def test_a_reference_is_compared(lstm: Path, tmp_path: Path) -> None:
    vectors = Vectors.load(lstm / "vectors.npz")
    path = tmp_path / "reference.npz"
    logits = vectors.outputs["logits"]
    np.savez(path, observations=vectors.observations, logits=logits, reset=vectors.reset)
    report = puffer_edge.verify(lstm, target="host", reference=path)
    assert report.passed
    assert report.measurements["reference_error"] == 0
    off = logits + 2e-4 * np.abs(logits).max()
    np.savez(path, observations=vectors.observations, logits=off, reset=vectors.reset)
    report = puffer_edge.verify(lstm, target="host", reference=path)
    assert "logits agree with the reference" in failures(report)
    np.savez(path, observations=vectors.observations, logits=-logits, reset=vectors.reset)
    report = puffer_edge.verify(lstm, target="host", reference=path)
    assert "greedy actions agree with the reference" in failures(report)


@pytest.mark.parametrize(("target", "scheme"), [
    ("host", "int8"), ("host", "float16"), ("micropython", "int8"), ("onnx", "int8")])
def test_a_reference_judges_how_rounded_weights_act(
        target: str, scheme: str, tmp_path: Path) -> None:
    """In the units of the float policy, by the share of equal greedy actions."""
    if target == "onnx":
        pytest.importorskip("onnxruntime")
    program = zoo.program("lstm")
    random = np.random.default_rng(0)
    observations = random.standard_normal((64, program.contract.observation_size)).astype("f4")
    np.savez(tmp_path / "seen.npz", observations=observations)
    out = puffer_edge.export(program, tmp_path / "a", target=target, scheme=scheme,
                             calibrate="" if scheme == "float16" else str(tmp_path / "seen.npz"))
    interpreter = Interpreter(program)
    logits = np.stack([interpreter.step(x)["logits"].reshape(-1) for x in observations])
    path = tmp_path / "reference.npz"
    np.savez(path, observations=observations, logits=logits)
    report = puffer_edge.verify(out, reference=path, min_agreement=0.9)
    assert report.passed, report.to_markdown()
    assert 0 < report.measurements["reference_error"] < 0.1
    within = {"reference_out_of_range": 0} if scheme == "int8" and target != "onnx" else {}
    assert within.items() <= report.measurements.items()
    np.savez(path, observations=observations, logits=-logits)
    report = puffer_edge.verify(out, reference=path, min_agreement=0.9)
    assert failures(report) == {"greedy actions agree with the reference"}


def test_an_agreement_is_a_share(lstm: Path) -> None:
    with pytest.raises(UsageError, match="no share"):
        puffer_edge.verify(lstm, target="host", min_agreement=95)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not an npz"])
def test_a_bad_reference_is_one_error(lstm: Path, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "reference.npz"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="reference"):
        puffer_edge.verify(lstm, target="host", reference=path)


def test_what_is_no_artefact_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no artefact"):
        puffer_edge.verify(tmp_path)
    (tmp_path / "policy.json").write_text("{")
    with pytest.raises(FileFormatError, match="damaged"):
        puffer_edge.verify(tmp_path)


@pytest.mark.parametrize("options", [{"target": "z80"}, {"toolchain": "tcc"},
                                     {"emulator": "dream"}, {"optimize": "O2"},
                                     {"optimize": "-o/tmp/x"}])
def test_unknown_names_are_usage_errors(lstm: Path, options: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        puffer_edge.verify(lstm, **options)


@pytest.mark.gcc
@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m4", "cortex-m7", "cortex-m33"])
def test_gcc_and_qemu_agree(lstm: Path, target: str) -> None:
    report = puffer_edge.verify(lstm, target=target, toolchain="gcc", emulator="qemu")
    assert report.passed, report.to_markdown()


def test_vectors_are_what_the_interpreter_says() -> None:
    program = optimize(zoo.program("gru"))
    random = np.random.default_rng(0)
    observations = random.standard_normal((6, 5)).astype(np.float32)
    reset = np.array([1, 0, 0, 1, 0, 0], bool)
    made = run(program, observations, reset)
    again = run(program, observations[3:], reset[3:])
    assert np.array_equal(made.outputs["logits"][3:], again.outputs["logits"])


@pytest.mark.parametrize(("place", "value"), [
    (("name",), "size"), (("name",), '"; system("'), (("action",), None), (("action", "kind"), "x"),
    (("outputs", 0, "name"), "a/*"), (("outputs",), []), (("observation", "size"), 2),
    (("memory",), {}), (("macs",), "many"), (("files",), 3), (("notes",), [{"kind": "x"}]),
    (("target",), 1)])
def test_a_damaged_manifest_is_one_error(lstm: Path, place: tuple[str | int, ...],
                                         value: object) -> None:
    path = lstm / "policy.json"
    manifest = json.loads(path.read_text())
    part = manifest
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    path.write_text(json.dumps(manifest))
    with pytest.raises(FileFormatError, match="damaged"):
        puffer_edge.verify(lstm, target="host")


def test_a_manifest_without_bottom_is_one_error(lstm: Path) -> None:
    (lstm / "policy.json").write_text("[" * 100_000)
    with pytest.raises(FileFormatError, match="damaged"):
        puffer_edge.verify(lstm, target="host")


@pytest.mark.parametrize("changes", [
    {"logits": np.full((3, 5), "x")}, {"observations": np.full((3, 6), np.nan)},
    {"reset": np.ones(2, bool)}, {"logits": np.full((3, 5), 1j)}])
def test_a_reference_of_no_numbers_is_one_error(lstm: Path, tmp_path: Path,
                                                changes: dict[str, np.ndarray]) -> None:
    arrays = {"observations": np.ones((3, 6)), "logits": np.ones((3, 5)), **changes}
    np.savez(tmp_path / "reference.npz", **arrays)
    with pytest.raises(FileFormatError, match="reference"):
        puffer_edge.verify(lstm, target="host", reference=tmp_path / "reference.npz")


def test_integers_without_optimisation_are_called_slow() -> None:
    for scheme, flag, told in (("int8", "-O0", True), ("int8", "-O2", False),
                               ("float32", "-O0", False)):
        notes = slow_build({"scheme": scheme}, flag)
        assert told == any("three times" in note["text"] for note in notes)
