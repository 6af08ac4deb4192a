# SPDX-License-Identifier: MIT
"""`doctor`: its bytes are those of `verify`, its verdicts and changes hold."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.boards import boards
from puffer_edge.cli import main
from puffer_edge.errors import MissingDependencyError, UsageError
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import Gemm, Unary
from puffer_edge.sizing.changes import with_changes
from puffer_edge.sizing.fitting import Row, judge
from puffer_edge.sizing.measuring import Cost
from tests import zoo
from tests.tools import need

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
BUNDLED = ["cartpole_sb3.zip", "cartpole_puffer_lstm.pt", "pendulum_sb3.zip"]
WITHIN = 0.05
F411 = boards()["nucleo-f411re"]


def mlp(*sizes: int) -> Program:
    """Linear layers of random weights, tanh between them."""
    bench = zoo.Bench((1, sizes[0]))
    x = bench.x
    for before, after in pairwise(sizes):
        if x != bench.x:
            x = bench.op(Unary, x=x, function=Activation("tanh"))
        x = bench.op(Gemm, x=x, weight=bench.weight(after, before), bias=bench.weight(after))
    return bench.program(x)


def export(program: Program, folder: Path, target: str, scheme: str) -> Path:
    """The artefact; its ranges are others than doctor's."""
    size = program.contract.observation_size
    seen = np.random.default_rng(1).uniform(-0.4, 0.4, (200, size)).astype(np.float32)
    return puffer_edge.export(program, folder, target=target, scheme=scheme,
                              calibrate=None if scheme.startswith("float") else seen)


def assert_as_verify(program: Program, board: str, target: str, scheme: str, folder: Path) -> None:
    """What doctor says of a board is what verify says of its core, within 5 %."""
    (row,) = puffer_edge.doctor(program, boards=board, schemes=scheme)
    where = export(program, folder, target, scheme)
    found = puffer_edge.verify(where, native=False).measurements
    flash = found["flash_code_bytes"] + found["flash_data_bytes"]
    assert abs(row.flash - flash) <= WITHIN * flash, (row, found)
    ram = found["ram_bytes"] + max(found["stack_bytes"], found.get("stack_bound_bytes", 0))
    assert abs(row.ram - ram) <= WITHIN * ram, (row, found)


def test_its_bytes_are_those_of_verify(tmp_path: Path) -> None:
    program = puffer_edge.load(POLICIES / "cartpole_sb3.zip")
    assert_as_verify(program, "pico", "cortex-m0", "int8", tmp_path / "a")


@pytest.mark.exhaustive
@pytest.mark.parametrize("scheme", ["float32", "float16", "int8", "int8x16", "int16"])
@pytest.mark.parametrize(("board", "target"), [("pico", "cortex-m0"), ("giga", "cortex-m7"),
                                               ("esp32-c3", "riscv32"),
                                               ("arduino-mega", "atmega2560")])
@pytest.mark.parametrize("policy", BUNDLED)
def test_its_bytes_of_bundled_policies(policy: str, board: str, target: str, scheme: str,
                                       tmp_path: Path) -> None:
    if board == "arduino-mega":
        need("avr-gcc", "simavr")
    program = puffer_edge.load(POLICIES / policy, vec_normalize=(
        POLICIES / "pendulum_vecnormalize.pkl" if policy.startswith("pendulum") else None))
    assert_as_verify(program, board, target, scheme, tmp_path / "a")


@pytest.mark.exhaustive
def test_its_bytes_of_two_million_parameters(tmp_path: Path) -> None:
    program = mlp(64, 1376, 1376, 8)
    assert 1.9e6 < program.parameters < 2.1e6
    for scheme in ("float32", "int8"):
        assert_as_verify(program, "nano-rp2040", "cortex-m0", scheme, tmp_path / scheme)
        # Where nothing would hold it, it is not built.
        (row,) = puffer_edge.doctor(program, boards="nucleo-f411re", schemes=scheme)
        where = export(program, tmp_path / f"b_{scheme}", "cortex-m4", scheme)
        found = puffer_edge.verify(where, native=False).measurements
        flash = found["flash_code_bytes"] + found["flash_data_bytes"]
        assert row.verdict == "does not fit" and abs(row.flash - flash) <= WITHIN * flash
        assert abs(row.ram - found["ram_bytes"]) <= WITHIN * found["ram_bytes"]


@pytest.mark.exhaustive
def test_an_avr_has_cycles() -> None:
    """Those that simavr counts, by the clock of the board."""
    need("avr-gcc", "simavr")
    (row,) = puffer_edge.doctor(POLICIES / "cartpole_sb3.zip", boards="mega", schemes="int8",
                                rate=100.0)
    assert row.microseconds is not None and 1000 < row.microseconds[0] <= row.microseconds[1]
    assert row.share == row.microseconds[1] / 10_000 and row.built


def test_verdicts() -> None:
    left = F411.flash.left
    for flash, verdict in ((left, "fits"), (left + 1, "nearly"), (2 * left, "nearly"),
                           (2 * left + 1, "does not fit")):
        assert judge(F411, "int8", Cost(flash, 0, 10, 10), True).verdict == verdict
    ram = F411.ram.left
    assert judge(F411, "int8", Cost(1, 0, ram - 10, 10), True).verdict == "fits"
    row = judge(F411, "int8", Cost(1, 0, ram, 10), True)
    assert row.verdict == "nearly" and row.why.startswith("RAM: 100 %")
    assert judge(F411, "int8", Cost(1, 0, 1), False, unknown="why").why == "why"
    late = judge(F411, "int8", Cost(1, 0, 1, 1), True, (10.0, 1500.0), 1000.0)
    assert late.share == 1.5 and late.verdict == "nearly" and late.why.startswith("time")
    teensy = boards()["teensy-4.1"]  # which copies constants into RAM
    assert judge(teensy, "int8", Cost(600 << 10, 590 << 10, 10, 10), True).verdict == "nearly"


def layer(name: str, outputs: int, inputs: int) -> dict[str, object]:
    return {"op": "GemmInteger", "layer": name, "macs": outputs * inputs,
            "input_shapes": [[1, inputs]], "output_shapes": [[1, outputs]]}


def test_the_one_change() -> None:
    manifests = {"int16": {"layers": [layer("a", 100, 10), layer("b", 1000, 100)]}}
    good = judge(F411, "int8", Cost(1000, 0, 10, 10), True)
    near = replace(judge(F411, "int16", Cost(F411.flash.left + 500, 0, 10, 10), True))
    assert near.verdict == "nearly"

    def changed(row: Row, *more: Row) -> str:
        (found,) = (each.change for each in with_changes([row, *more], manifests)
                    if each.scheme == "int16")
        return found

    assert changed(near, good) == "--layer a=int8"  # the smallest that is enough
    assert changed(replace(near, flash=F411.flash.left + 50_000), good) == "--layer b=int8"
    assert changed(replace(near, flash=F411.flash.left + 200_000), good) == "--scheme int8"
    assert changed(replace(near, ram=F411.ram.left + 1), good) == "--scheme int8"
    assert changed(replace(near, ram=F411.ram.left + 1)) == ""
    assert with_changes([good], manifests) == [good]


@pytest.mark.exhaustive
def test_the_width_that_it_names_fits_and_little_more_does_not() -> None:
    def doctor(width: int) -> Row:
        (row,) = puffer_edge.doctor(mlp(64, width, width, 8), boards="nucleo-f411re",
                                    schemes="int8")
        return row

    row = doctor(800)
    assert row.verdict == "nearly" and row.change.startswith("hidden layers of at most")
    width = int(row.change.split()[5].replace(",", ""))
    assert doctor(width).verdict == "fits" and doctor(width + 24).verdict == "nearly"


@pytest.mark.exhaustive
def test_the_layer_that_it_names_makes_it_fit(tmp_path: Path) -> None:
    """Followed: exported so for the board, which refuses what it cannot hold, and verified."""
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Linear(64, 480), torch.nn.Tanh(),
                              torch.nn.Linear(480, 480), torch.nn.Tanh(), torch.nn.Linear(480, 8))
    torch.onnx.export(net, torch.zeros(1, 64), tmp_path / "net.onnx", dynamo=False)
    program = puffer_edge.load(tmp_path / "net.onnx")
    (row,) = puffer_edge.doctor(program, boards=F411.name, schemes="int16")
    assert row.verdict == "nearly" and row.flash > F411.flash.left
    name, scheme = row.change.removeprefix("--layer ").split("=")
    seen = np.random.default_rng(1).standard_normal((200, 64)).astype(np.float32)
    where = puffer_edge.export(program, tmp_path / "a", scheme="int16", layers={name: scheme},
                               calibrate=seen, board=F411.name)
    found = puffer_edge.verify(where, native=False, board=F411.name).measurements
    assert found["flash_code_bytes"] + found["flash_data_bytes"] <= F411.flash.left


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", str(POLICIES / "cartpole_sb3.zip"), *words])
    return int(ended.value.code or 0)


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--boards", "raspberry-pi-4,esp32", "--schemes", "float32")
    assert run(*words, "--json") == 0
    computer, xtensa = json.loads(capsys.readouterr().out)
    assert computer["verdict"] == "fits" and xtensa["verdict"] == "not known"
    assert run(*words, "--rate", "1kHz") == 0
    assert "xtensa-lx6" in capsys.readouterr().out
    for wrong, says in ((["--rate", "fast"], "no rate"), (["--schemes", "int4"], "no scheme"),
                        (["--boards", "picoo"], "did you mean pico")):
        assert run(*wrong) == 2 and says in capsys.readouterr().err


def test_what_is_missing_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "unicorn", None)
    with pytest.raises(MissingDependencyError, match="unicorn"):
        puffer_edge.doctor(mlp(4, 2), boards="pico", schemes="float32")
    with pytest.raises(UsageError, match="options of load"):
        puffer_edge.doctor(mlp(4, 2), frame_stack=2)


def test_masked_policies_have_observations_made_up() -> None:
    (row,) = puffer_edge.doctor(zoo.program("masked"), boards="raspberry-pi-4", schemes="int8")
    assert row.verdict == "fits" and np.isfinite(row.flash)
