# SPDX-License-Identifier: MIT
"""The interpreter, CPython and MicroPython give the same bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from puffer_edge.artefact.vectors import run
from puffer_edge.quantization.integer_input import integer_input
from puffer_edge.verification.micropython.interpreters import run_cpython, run_webassembly
from tests import zoo
from tests.micropython.artefacts import HEADS, equal, export, session
from tests.support.exporting import write_artefact
from tests.tools import need_micropython

CASES = [*zoo.QUANTIZED, *(f"{head}_{scheme}" for head in HEADS for scheme in ("int8", "int16"))]
LOOPS = [(case, "bytecode") for case in CASES if case.startswith("mlp")]
"""Whose layers are tiny, all of them."""


BOTH = [*((case, "") for case in CASES), *LOOPS]
# Of four schemes two, of each case others, and so of the three heads.
SHORT = [pytest.param(*pair, marks=() if (index // 4 + index) % 2 == 0 else pytest.mark.exhaustive)
         for index, pair in enumerate(BOTH)]


@pytest.mark.parametrize(("case", "kernels"), SHORT)
def test_the_same_bits_as_the_oracle(case: str, kernels: str, tmp_path: Path) -> None:
    """240 random observations in sequences of 100 steps as integers, 60 as floats."""
    compare(case, kernels, 240, 100, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("case", "kernels"), BOTH)
def test_the_same_bits_for_long(case: str, kernels: str, tmp_path: Path) -> None:
    """1,000 in sequences of 300 steps, and 250."""
    compare(case, kernels, 1000, 300, tmp_path)


def compare(case: str, kernels: str, steps: int, episode: int, tmp_path: Path) -> None:
    need_micropython()
    program = export(case, tmp_path / "a", kernels)
    given = integer_input(program)
    assert given is not None
    work = session(tmp_path / "a", tmp_path / "run")
    random = np.random.default_rng(7)
    n = program.contract.observation_size
    reset = np.arange(steps) % episode == 0
    limits = np.iinfo(given.program.values[given.program.input].dtype)
    whole = random.integers(limits.min, limits.max + 1, (steps, n)) >> random.integers(
        0, limits.bits, (steps, 1))
    count = steps // 4
    floats = (random.standard_normal((count, n))
              * 10 ** random.uniform(-2, 2, (count, 1))).astype(np.float32)
    for expected in (run(given.program, whole.astype(limits.dtype), reset),
                     run(program, floats, reset[:count])):
        for runner in (run_cpython, run_webassembly):
            found = work.run(runner, expected.observations, expected.reset)
            assert equal(found, expected)
            if case.startswith("squashed") and expected.actions.dtype == np.float32:
                # Our tanh is within 2e-7 and the port's rounded once; then half the range of 1.75.
                np.testing.assert_allclose(found.actions, expected.actions, rtol=0, atol=1e-6)
            else:
                assert np.array_equal(found.actions, expected.actions)


@pytest.mark.parametrize("board", ["pico2", "esp32"])
@pytest.mark.parametrize(
    "case", ["mlp_mixed", "lstm_int8x16", "gru_2_layers_int8", "continuous_int16",
             "conv_groups_int8", "conv_strides_mixed"])
def test_policies_for_boards(case: str, board: str, tmp_path: Path) -> None:
    """What calls native kernels gives the same bits, here with these in bytecode."""
    program = zoo.program(case)
    write_artefact(program, tmp_path / "a", target="micropython", name="zoo", scheme="int8",
                   board=board)
    assert "kernels.mac_" in (tmp_path / "a" / "policy.py").read_text()
    work = session(tmp_path / "a", tmp_path / "run")
    floats = np.random.default_rng(7).standard_normal(
        (60, program.contract.observation_size)).astype(np.float32)
    expected = run(program, floats, np.arange(60) % 30 == 0)
    assert equal(work.run(run_cpython, floats, expected.reset), expected)


def test_one_wrong_bit_is_found(tmp_path: Path) -> None:
    program = export("mlp_int16", tmp_path / "a", "bytecode")
    work = session(tmp_path / "a", tmp_path / "run")
    text = (work.folder / "policy_runtime.py").read_text()
    changed = text.replace("a = bias[r]\n", "a = bias[r] ^ 4096\n", 1)
    assert changed != text
    (work.folder / "policy_runtime.py").write_text(changed)
    observations = np.random.default_rng(0).standard_normal(
        (20, program.contract.observation_size)).astype(np.float32)
    expected = run(program, observations, np.arange(20) == 0)
    assert not equal(work.run(run_cpython, observations, expected.reset), expected)


@pytest.mark.parametrize("runner", [run_cpython, run_webassembly])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_bad_observation_changes_nothing(runner, bad: float, tmp_path: Path) -> None:
    if runner is run_webassembly:
        need_micropython()
    export("lstm_int16", tmp_path / "a")
    work = session(tmp_path / "a", tmp_path / "run")
    (work.folder / "try.py").write_text(f"""
from array import array
from policy import Policy
policy = Policy()
policy.step_float([0.5] * 6)
state = [bytes(state) for state in policy._states], bytes(policy.outputs["logits"])
try:
    policy.step_float([0.5] * 5 + [float("{bad}")])
    print("taken")
except ValueError as error:
    print("refused" if "NaN or infinite" in str(error) else error)
print(state == ([bytes(state) for state in policy._states], bytes(policy.outputs["logits"])))
""")
    assert runner(work.folder, "try.py").split() == ["refused", "True"]
