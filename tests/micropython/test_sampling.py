# SPDX-License-Identifier: MIT
"""Sampled actions: one sequence in numpy, C and MicroPython, with the right probabilities."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puffer_edge.artefact.vectors import run
from puffer_edge.errors import UsageError
from puffer_edge.exporters.c import header_of
from puffer_edge.quantization.integer_input import integer_input
from puffer_edge.sampling import FACTORS, REACH, TABLE, Sampler, distance_factor
from puffer_edge.verification.micropython.interpreters import run_cpython, run_webassembly
from tests.micropython.artefacts import export, program, session
from tests.support.exporting import write_artefact
from tests.tools import need, need_micropython

STEPS, SEED = 400, 123_456_789
CASES = ["mlp_int8", "lstm_int16", "multi_discrete_int8"]
SCRIPT = f"""
from array import array
from policy import Policy
policy = Policy()
policy.seed({SEED})
size = len(policy.observation)
with open("observations.bin", "rb") as file, open("actions.bin", "wb") as sink:
    for step in range({STEPS}):
        row = array("h", file.read(2 * size))
        for i in range(size):
            policy.observation[i] = row[i]
        policy.step()
        policy.sample()
        sink.write(bytes(policy.action))
"""
C = """
#define POLICY_IMPLEMENTATION
#include "policy.h"
#include <stdio.h>
int main(void)
{
    static policy_t policy;
    static policy_obs_q_t obs;
    policy_action_t action;
    puffer_edge_random_t random;
    int16_t row[sizeof obs / sizeof(%s)];
    policy_reset(&policy);
    policy_seed(&random, %d);
    while (fread(row, sizeof row, 1, stdin) == 1) {
        for (size_t i = 0; i < sizeof row / sizeof *row; ++i) {
            ((%s *)&obs)[i] = (%s)row[i];
        }
        policy_step_q(&policy, &obs, &action);
        policy_sample(&policy, &random, &action);
        for (size_t i = 0; i < sizeof action / sizeof *action.action; ++i) {
            printf("%%d ", (int)action.action[i]);
        }
    }
    return 0;
}
"""


@pytest.mark.parametrize("case", CASES)
def test_one_sequence_everywhere(case: str, tmp_path: Path) -> None:
    need_micropython()
    need("gcc")
    made = export(case, tmp_path / "a")
    entry = integer_input(made)
    assert entry is not None
    value = entry.program.values[entry.program.input]
    limits = np.iinfo(value.dtype)
    observations = np.random.default_rng(1).integers(
        limits.min // 4, limits.max // 4, (STEPS, made.contract.observation_size), np.int16)
    found = run(entry.program, observations.astype(value.dtype), np.arange(STEPS) == 0)
    logits = found.outputs[entry.program.output_names[0]]
    qparams = made.values[made.outputs[0]].quantization
    assert qparams is not None
    sampler = Sampler(made.contract.action.sizes, qparams.scale, SEED)  # type: ignore[union-attr]
    wanted = np.stack([sampler.act(row) for row in logits])
    assert not np.array_equal(wanted, found.actions)  # it is not the greedy one

    work = session(tmp_path / "a", tmp_path / "run")
    (work.folder / "sample.py").write_text(SCRIPT)
    (work.folder / "observations.bin").write_bytes(observations.astype("<i2").tobytes())
    for runner in (run_cpython, run_webassembly):
        runner(work.folder, "sample.py")
        actions = np.frombuffer((work.folder / "actions.bin").read_bytes(), "<i2")
        assert np.array_equal(actions.reshape(wanted.shape), wanted)
        (work.folder / "actions.bin").unlink()

    write_artefact(made, tmp_path / "c", target="host", name="policy",
                   scheme=case.rpartition("_")[2])
    ctype = {"int8": "int8_t", "int16": "int16_t"}[value.dtype]
    (tmp_path / "main.c").write_text(C % (ctype, SEED, ctype, ctype))
    subprocess.run(["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined",
                    "-fno-sanitize-recover", "-I", str(tmp_path / "c"), str(tmp_path / "main.c"),
                    "-o", str(tmp_path / "main")], check=True)
    said = subprocess.run([str(tmp_path / "main")], input=observations.tobytes(),
                          capture_output=True, check=True).stdout
    assert np.array_equal(np.array(said.split(), int).reshape(wanted.shape), wanted)


def test_a_sample_allocates_nothing(tmp_path: Path) -> None:
    need_micropython()
    export("multi_discrete_int16", tmp_path / "a")
    work = session(tmp_path / "a", tmp_path / "run")
    proof = (work.folder / "heap_proof.py").read_text()
    changed = proof.replace("        step()\n", "        step()\n        sample()\n").replace(
        "step, reset = policy.step, policy.reset",
        "step, reset, sample = policy.step, policy.reset, policy.sample")
    assert changed.count("sample") == 3
    (work.folder / "heap_proof.py").write_text(changed)
    assert work.heap_proof(run_webassembly) == (0, "0")


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=20),
       st.floats(1e-6, 1.0))
def test_weights_are_those_of_softmax(logits: list[int], scale: float) -> None:
    """Three roundings: m to 2^-14 of itself at distances up to 12, x and the weight to a unit;
    straight lines between sixteenths are off by (1/16)^2 / 8 of exp; what lies beyond 12 is 0."""
    sampler = Sampler((len(logits),), scale)
    raw = np.array(logits, np.int64)
    found = sampler.weights(raw) / 32767
    wanted = np.exp(-scale * (raw.max() - raw))
    relative = REACH * 2.0**-13 + 1 / 1024 + 1 / 2048
    assert (np.abs(found - wanted) <= relative * wanted + 1.5 / 32767 + np.exp(-REACH)).all()


def test_choices_come_as_often_as_they_should() -> None:
    """Chi-square over 40,000 draws; a fixed seed, so that it does not fail by chance."""
    logits, scale = np.array([0, 100, 250, -300]), 0.005
    sampler = Sampler((4,), scale, seed=3)
    counts = np.bincount([int(sampler.act(logits)[0]) for _ in range(40_000)], minlength=4)
    probabilities = np.exp(scale * logits) / np.exp(scale * logits).sum()
    wanted = 40_000 * probabilities
    assert ((counts - wanted) ** 2 / wanted).sum() < 16.3  # 0.1 % of chi-square, 3 degrees


def test_the_generators_have_long_periods() -> None:
    """Multiply with carry: a * 2^15 - 1 and half of one less are prime (Fermat, twelve bases)."""
    for factor in FACTORS:
        for number in (factor * 2**15 - 1, factor * 2**14 - 1):
            assert all(pow(base, number - 1, number) == 1
                       for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37))
        assert factor * 32767 + factor < 1 << 30


def test_the_table_in_c_is_ours() -> None:
    text = header_of(program("mlp_int8"), "policy")
    body = text[text.index("table[194]"):]
    numbers = body[body.index("{") + 1 : body.index("}")]
    assert np.array_equal(np.array(numbers.split(","), int), TABLE)


def test_bad_seeds_are_refused() -> None:
    for seed in (-1, 1 << 30):
        with pytest.raises(UsageError, match="seed"):
            Sampler((2,), 0.1, seed)
    with pytest.raises(UsageError, match="choices"):
        Sampler((1 << 16,), 0.1)


@given(st.floats(1e-9, 1e6))
def test_distances_stay_in_30_bits(scale: float) -> None:
    multiplier, shift = distance_factor(scale)
    assert 1 <= multiplier < 1 << 14 and 0 <= shift <= 30
