# SPDX-License-Identifier: MIT
"""Lanes, states that do not begin at zero, outputs and artefacts of every back end."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import puffer_edge
from puffer_edge import runtimes
from puffer_edge.errors import FileFormatError, StepError, UsageError
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Gemm, MinGRUCell
from puffer_edge.runtimes import native_build
from tests import zoo

FLOATS = [name for name in runtimes.BACKENDS if name != "micropython"]
SIZE = 6


def begun(seed: int = 0) -> Program:
    """A cell whose state begins with other numbers than zero; logits are the state."""
    random = np.random.default_rng(seed)
    bench = zoo.Bench((1, SIZE))
    h = bench.builder.state("h", (1, SIZE))
    y, after = bench.builder.add_many(MinGRUCell, ("", ""), x=bench.x, h=h,
                                      weight=bench.weight(3 * SIZE, SIZE))
    bench.builder.carry(h, after, random.uniform(0.2, 1, (1, SIZE)).astype(np.float32))
    return bench.program(bench.op(Gemm, x=y, weight=bench.weight(4, SIZE), bias=bench.weight(4)))


def numbers(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((*shape, SIZE)).astype(np.float32)


@pytest.mark.parametrize("backend", FLOATS)
@pytest.mark.parametrize("made", [zoo.multi_discrete, lambda: zoo.continuous(
    squash=True, low=(-2.0,) * 5, high=(1.0,) * 5, rescale=True)])
def test_lanes_of_several_numbers(backend: str, made: Callable[[], Program]) -> None:
    """Each row of actions is what a policy of its own gives, in memory of the caller's, too."""
    found = made()
    xs = np.random.default_rng(2).standard_normal((3, found.contract.observation_size))
    with runtimes.load(found, backend) as batch, runtimes.load(found, backend) as alone:
        wanted = np.array([alone.step(x) for x in xs])
        room = np.empty((3, *found.action_shape), found.action_dtype)
        assert batch.step_batch(xs, room) is room
        assert len(found.action_shape) == 1 and found.action_shape[0] > 1
        for rows in (room, batch.step_batch(xs[:1])):
            assert np.allclose(rows, wanted[: len(rows)], atol=1e-6)


@pytest.mark.parametrize("backend", FLOATS)
def test_each_lane_is_forgotten_alone_and_all_together(backend: str) -> None:
    """Each lane's actions by a policy of its own, which is stepped with the lane's numbers."""
    found, lanes, xs = begun(), 3, numbers(9, 3)
    with runtimes.load(found, backend) as batch:
        assert batch.outputs == {}
        alone = [runtimes.load(found, "numpy") for _ in range(lanes)]
        for turn, x in enumerate(xs):
            if 2 <= turn < 5:
                batch.reset(turn - 2)
                alone[turn - 2].reset()
            elif turn == 7:
                batch.reset()
                for each in alone:
                    each.reset()
            if turn == 6:  # refused, whatever the number of lanes; nobody has advanced
                for rows in (2, 3, 4):
                    wrong = np.full((rows, SIZE), np.nan, np.float32)
                    with pytest.raises(StepError):
                        batch.step_batch(wrong)
            out = np.full(lanes, 77, batch.action_dtype)
            assert batch.step_batch(x, out) is out
            assert out.tolist() == [int(each.step(row)) for each, row in zip(alone, x, strict=True)]
        for lane in (-1, lanes):
            with pytest.raises(UsageError, match="no lane"):
                batch.reset(lane)


@pytest.mark.parametrize("backend", FLOATS)
def test_outputs_are_those_of_the_last_step(backend: str) -> None:
    """Also of one that wrote its action into the caller's array."""
    found, x = begun(), numbers()
    with runtimes.load(found, backend) as running, runtimes.load(found, "numpy") as other:
        assert running.outputs == {}
        running.step(x, np.zeros((), running.action_dtype))
        other.step(x)
        np.testing.assert_allclose(running.outputs["logits"], other.outputs["logits"], atol=1e-5)
        running.outputs["logits"][:] = 9  # a copy
        np.testing.assert_allclose(running.outputs["logits"], other.outputs["logits"], atol=1e-5)
        assert running.model_size > found.constants[found.ops[0].weight].nbytes


@pytest.mark.parametrize("target", ["onnx", "tflite"])
def test_an_artefact_of_one_file_runs_by_its_own_runtime(target: str, tmp_path: Path) -> None:
    found, xs = begun(), numbers(5)
    directory = puffer_edge.export(found, tmp_path / "a", target=target)
    (file,) = (path for path in directory.iterdir() if path.suffix == f".{target}")
    runtime = {"onnx": "onnxruntime", "tflite": "tflite"}[target]
    pytest.importorskip({"onnx": "onnxruntime", "tflite": "ai_edge_litert"}[target])
    with runtimes.load(directory) as running, runtimes.load(directory, "numpy") as other:
        assert (running.backend, other.backend) == (runtime, "numpy")
        assert running.model_size == file.stat().st_size and running.robot == ""
        for x in xs:
            assert running.step(x) == other.step(x)
    with pytest.raises(UsageError, match="only a policy file takes options"):
        runtimes.load(directory, activation="tanh")
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(FileFormatError, match="not the one"):
        runtimes.load(directory)
    file.write_bytes(content)
    runtimes.load(directory).close()


def test_line_ends_of_git_are_named(tmp_path: Path) -> None:
    directory = puffer_edge.export(begun(), tmp_path / "a")
    header = directory / "policy.h"
    text = header.read_bytes()
    header.write_bytes(text.replace(b"\n", b"\r\n"))
    with pytest.raises(FileFormatError, match="CRLF"):
        runtimes.load(directory)
    header.write_bytes(text + b"\n")
    with pytest.raises(FileFormatError) as caught:
        runtimes.load(directory)
    assert "CRLF" not in str(caught.value)


def test_the_compiler_says_what_it_is() -> None:
    compiler = native_build._compiler()
    if compiler.name not in ("gcc", "clang"):
        pytest.skip("another compiler is first")
    said = subprocess.run([compiler.name, "--version"], capture_output=True, text=True, check=True)
    assert native_build.compiler_version() == said.stdout.split("\n")[0]


@pytest.mark.parametrize(("machine", "compiler", "asked", "flag"), [
    ("x86_64", "gcc", "", "-march=native"), ("AMD64", "clang", "skylake", "-march=skylake"),
    ("aarch64", "gcc", "", "-mcpu=native"), ("x86_64", "zig", "x86-64-v3", "-mcpu=x86_64_v3"),
    ("arm64", "zig", "", "-mcpu=native")])
def test_flags_for_the_processor(monkeypatch: pytest.MonkeyPatch, machine: str, compiler: str,
                                 asked: str, flag: str) -> None:
    """As the manuals of gcc and zig have them."""
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setenv("PUFFER_EDGE_MARCH", asked)
    assert native_build._machine(SimpleNamespace(name=compiler)) == (flag,)  # type: ignore[arg-type]
