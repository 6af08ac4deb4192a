# SPDX-License-Identifier: MIT
"""A policy file run by the library that owns its format, in a child process, beside the Program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import puffer_edge
from puffer_edge.artefact.opening import read_subject
from puffer_edge.errors import UsageError, VerificationError
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.verification.originals import SecondReading, mode_of, read_again, running
from puffer_edge.verification.originals.asking import Given, ask, unasked
from puffer_edge.verification.originals.job import Job
from puffer_edge.verification.originals.original import Unjudged
from puffer_edge.verification.originals.owners import owner_of
from puffer_edge.verification.recorded import read_recorded
from tests.frontends.onnx_models import model, node, normal

N, H, A = 5, 8, 3


def recurrent(path: Path) -> Path:
    """obs, h, c -> actions, h, c; a normaliser with a spread near nothing."""
    rng = np.random.default_rng(3)
    weights: dict[str, Any] = {
        "mean": np.float32([500, 0, -3, 1, 0]), "std": np.float32([0.5, 1, 2, 1e-3, 1]),
        "w": normal(rng, 4 * H, N)[None], "r": normal(rng, 4 * H, H)[None],
        "b": 0.3 * rng.normal(size=(1, 8 * H)).astype(np.float32),
        "head": normal(rng, A, H), "bias": normal(rng, A), "first": np.array([0])}
    proto = model(
        [node("Sub", "obs mean", "centred"), node("Div", "centred std", "z"),
         node("Unsqueeze", "z first", "x"),
         node("LSTM", "x w r b - h_in c_in", "y h_out c_out", hidden_size=H),
         node("Squeeze", "h_out first", "top"),
         node("Gemm", "top head bias", "actions", transB=1)],
        {"obs": [1, N], "h_in": [1, 1, H], "c_in": [1, 1, H]},
        {"actions": [1, A], "h_out": [1, 1, H], "c_out": [1, 1, H]}, weights)
    path.write_bytes(proto.SerializeToString())
    return path


def test_export_asks_the_original_and_its_bytes_do_not_depend_on_it(tmp_path: Path) -> None:
    path, said = recurrent(tmp_path / "policy.onnx"), []
    asked = puffer_edge.export(path, tmp_path / "a", name="p", original="auto",
                               second_reader=said.append)
    alone = puffer_edge.export(path, tmp_path / "b", name="p", original="never")
    (reading,) = said
    assert reading.verdict == "agrees" and reading.judge.startswith("onnxruntime ")
    assert "81 steps" in reading.text
    assert {f.name: f.read_bytes() for f in asked.iterdir()} == {
        f.name: f.read_bytes() for f in alone.iterdir()}


def test_a_misreading_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                     capsys: pytest.CaptureFixture[str]) -> None:
    """The whole way: our reader takes the gates in their order in the file; exit code 6."""
    from puffer_edge.cli import main
    from puffer_edge.frontends.onnx import recurrent as lowering

    path, right = recurrent(tmp_path / "policy.onnx"), lowering._gates
    monkeypatch.setattr(lowering, "_gates", lambda graph, n, w, order, hidden: right(
        graph, n, w, sorted(order), hidden))
    monkeypatch.setenv("PUFFER_EDGE_ORIGINAL", "auto")
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["puffer-edge", "export", str(path), "-o", str(out)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 6 == VerificationError.exit_code and not out.exists()
    said = " ".join(capsys.readouterr().err.split())
    assert "the original disagrees, run by onnxruntime" in said
    assert "of actions is" in said and "ours is off by" in said


@pytest.mark.parametrize(("code", "reason"), [
    ("import os; os.kill(os.getpid(), 11)", "crashed .SIGSEGV"), ("import time; time.sleep(60)",
                                                                  "more than 1 seconds"),
    ("x = bytearray(1 << 40)", "too much memory"), ("raise SystemExit(3)", "exit code 3"),
    ("raise OSError('gone')", "OSError: gone")])
def test_a_crash_is_a_result(code: str, reason: str, tmp_path: Path,
                             monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        pytest.skip("no signals, and no limit of memory")
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, types\nowner = types.ModuleType('owner')\n"
        f"def open_original(job):\n    {code}\n"
        "owner.open_original = open_original\n"
        "sys.modules['puffer_edge.verification.originals.owner'] = owner\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(Unjudged, match=reason):
        running.run(Job("owner", "x"), np.zeros((2, N), np.float32), np.ones(2, bool),
                    seconds=1 if "sleep" in code else 30)


def test_what_is_drawn_at_random_is_not_judged(tmp_path: Path) -> None:
    """... but what is not is, beside it."""
    weights = {"w": np.eye(3, N, dtype=np.float32)}
    nodes = [node("Gemm", "obs w", "logits", transB=1),
             node("Multinomial", "logits", "drawn", sample_size=1, dtype=6)]
    for outputs, verdict in (({"drawn": [1, 1]}, "not judged"), ({"logits": [1, 3]}, "agrees")):
        proto = model(nodes, {"obs": [1, N]}, {**outputs, "drawn": [1, 1]}, weights,
                      dtypes={"drawn": 6})
        path = tmp_path / "policy.onnx"
        path.write_bytes(proto.SerializeToString())
        program = puffer_edge.load(path, action="discrete")
        reading = read_again(path, program, LoadOptions())
        assert reading.verdict == verdict, reading
        assert ("at random what it gives as drawn" in reading.text) == (verdict == "not judged")


def test_the_original_judges_an_artefact_once_more(tmp_path: Path) -> None:
    """In float32 by the artefact's own Program; in integers by what it does, too."""
    path = recurrent(tmp_path / "policy.onnx")
    rng = np.random.default_rng(1)
    spread = np.array([0.5, 1, 2, 1e-3, 1])
    x = np.array([500, 0, -3, 1, 0]) + spread * rng.standard_normal((600, N))
    np.savez(tmp_path / "seen.npz", observations=x.astype(np.float32))
    program = puffer_edge.load(path)
    for scheme, calibrate in (("float32", ""), ("int16", str(tmp_path / "seen.npz"))):
        out = puffer_edge.export(path, tmp_path / scheme, scheme=scheme, calibrate=calibrate)
        subject = read_subject(out)
        answer = ask(subject, Given(path, program, LoadOptions()), lambda text: None)
        (check,) = answer.checks
        assert check.verdict == "passed" and "onnxruntime" in check.detail, check
        assert (answer.reference is None) == (scheme == "float32")
        if answer.reference is not None:
            data = read_recorded(subject)
            assert answer.reference.expected is not None
            np.testing.assert_array_equal(answer.reference.observations, data.observations)
            np.testing.assert_allclose(answer.reference.expected, data.reference, atol=1e-3)
    assert unasked(subject.manifest) == (
        "read by puffer-edge alone; --original FILE or --reference decides")
    path.write_bytes(path.read_bytes() + b"\x1a\x00")
    with pytest.raises(UsageError, match="sha256"):
        puffer_edge.verify(out, original=path)


def test_what_can_run_code_is_asked_for(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "policy.pt"
    torch.jit.trace(torch.nn.Sequential(torch.nn.Linear(4, 2)), torch.zeros(1, 4)).save(path)
    reading = read_again(path, puffer_edge.load(path), LoadOptions())
    assert str(reading) == ("read by puffer-edge alone: TorchScript in torch could run code that "
                            "is in the file; --run-original or verify --reference decides")
    assert owner_of("pt2", "").runs_code


def test_a_module_that_was_handed_over(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Softplus(2.0), torch.nn.Linear(8, 2))
    said: list[SecondReading] = []
    puffer_edge.export(net, tmp_path / "out", observation_shape=4, original="auto",
                       second_reader=said.append)
    assert said[0].verdict == "agrees" and said[0].judge.startswith("torch ")
    program = puffer_edge.load(net, observation_shape=4)
    with torch.no_grad():
        net[0].weight[0, 0] += 1e-4
    assert read_again(net, program, LoadOptions()).verdict == "disagrees"


def test_a_class_of_the_users(tmp_path: Path) -> None:
    """It judges what a front end reads, and reads what none knows."""
    torch = pytest.importorskip("torch")
    code = tmp_path / "my_policy.py"
    code.write_text("""
import torch
class Agent(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(),
                                         torch.nn.Linear(6, 3))
        self.critic = torch.nn.Sequential(torch.nn.Linear(4, 1))
    def forward(self, x):
        return self.actor(x)
class Odd(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = torch.nn.Linear(4, 3)
    def forward(self, x):
        return self.mix(x) * 2
class Wrong(Agent):
    def forward(self, x):
        return self.actor[2](torch.relu(self.actor[0](x)))
""")
    from puffer_edge.frontends.into_module import named_module

    torch.manual_seed(1)
    known, odd = tmp_path / "agent.pt", tmp_path / "odd.pt"
    torch.save(named_module(f"{code}:Agent").state_dict(), known)
    torch.save(named_module(f"{code}:Odd").state_dict(), odd)
    said: list[SecondReading] = []

    def export(path: Path, name: str, **options: Any) -> None:
        puffer_edge.export(path, tmp_path / "out", module=f"{code}:{name}", original="auto",
                           second_reader=said.append, **options)
    export(known, "Agent")
    export(odd, "Odd", observation={"x": 4})
    assert [reading.verdict for reading in said] == ["agrees", "agrees"], said
    with pytest.raises(VerificationError, match="run by torch"):
        export(known, "Wrong")
    with pytest.raises(UsageError, match="cannot be imported"):
        export(odd, "Nothing", observation={"x": 4})


def test_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mode_of("") == "never"  # the suite's
    assert mode_of("run") == "run"
    monkeypatch.delenv("PUFFER_EDGE_ORIGINAL")
    assert mode_of("") == "auto"
    with pytest.raises(UsageError):
        mode_of("always")
