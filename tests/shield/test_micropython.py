# SPDX-License-Identifier: MIT
"""``policy_shield.py`` has the bits of the oracle, under CPython and MicroPython."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.artefact.program_file import from_bytes
from puffer_edge.errors import UsageError
from puffer_edge.shield import Wish
from puffer_edge.shield.describing import read_described
from puffer_edge.shield.shield import FAULTS
from puffer_edge.verification.micropython.interpreters import run_cpython, run_webassembly
from puffer_edge.verification.shielded import oracle
from tests.shield.cases import policy, steps, wishes
from tests.tools import need_micropython

STEPS = 120
SCRIPT = """
from array import array
from binascii import hexlify, unhexlify
from struct import unpack_from
from policy import Policy
from policy_shield import CHOICES, Shield

def fallback(seen, numbers, choices):
    for i in range(len(numbers)):
        numbers[i] = seen[i % len(seen)]
    for i in range(len(choices)):
        choices[i] = (unpack_from("<I", seen, 0)[0] & 7) - 1

shield = Shield(Policy(), fallback, bits=32)
for line in open("steps.txt"):
    reset, seen, now, age, token = line.split()
    if reset == "1":
        shield.reset()
    found = shield.step(array("f", unhexlify(seen)), int(now), int(age))
    print(hexlify(bytes(shield.numbers)).decode(), *shield.choices, found,
          int(shield.token(int(token))), *shield.counts)
"""


def written(step: bytes, choices: tuple[int, ...]) -> str:
    """A ``shielded_action_t`` as the script prints it."""
    moving = sum(size == 0 for size in choices)
    given = np.frombuffer(step, "<i4")
    return " ".join([step[:4 * moving].hex(), *map(str, given[moving:len(choices)]),
                     *map(str, given[-2 - len(FAULTS):])]).strip()


@pytest.mark.parametrize("name", ["all", "falls back", "chooses", "forgets nothing"])
def test_the_bits_of_the_oracle(name: str, tmp_path: Path) -> None:
    need_micropython()
    kind, wish = wishes()[name]
    recording = np.random.default_rng(0).normal(0, 1, (400, 5)).astype(np.float32)
    directory = puffer_edge.export(
        policy(kind), tmp_path / "a", target="micropython", scheme="int8", calibrate=recording,
        shield=replace(wish, range="none", directions=5 if name == "all" else 0, reach=1.0,
                       allowance=1.0))
    program = from_bytes((directory / "program.npz").read_bytes(), "")
    shield = read_described(json.loads((directory / "policy.json").read_text()), program)
    assert shield is not None
    fed = steps(STEPS)
    fed.observations[np.isnan(fed.observations)] = np.nan  # of one sign
    fed.observations[60:90, 3] += np.float32(30)  # for so long that it is unlikely
    (directory / "steps.txt").write_text("".join(
        f"{int(reset)} {seen.astype('<f4').tobytes().hex()} {now} {age} {token}\n"
        for reset, seen, now, age, token in zip(
            fed.reset, fed.observations, fed.now_us, fed.seen_us, fed.token_us, strict=True)))
    choices = {"continuous": (0, 0, 0), "choices": (4, 3), "hybrid": (0, 0, 0, 4, 3)}[kind]
    wanted = [written(step, choices) for step in oracle(program, shield, fed)]
    if name == "all":
        assert any(int(line.split()[1]) & 128 for line in wanted)
    (directory / "script.py").write_text(SCRIPT)
    for run in (run_cpython, run_webassembly):
        found = [line.strip() for line in run(directory, "script.py").strip().split("\n")]
        assert [i for i in range(STEPS) if found[i] != wanted[i]] == []


def test_the_smallest_form_has_no_floats(tmp_path: Path) -> None:
    recording = np.random.default_rng(0).normal(0, 1, (200, 5)).astype(np.float32)
    with pytest.raises(UsageError, match="smallest form"):
        puffer_edge.export(policy(), tmp_path / "a", target="micropython", board="microbit",
                           shield=Wish(), scheme="int8", calibrate=recording)
