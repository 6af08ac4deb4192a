# SPDX-License-Identifier: MIT
"""Random shields of every form in one program in C, around a policy that gives what it sees."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from puffer_edge.exporters.c.shield import shield_header
from puffer_edge.ir import Continuous, Contract, Discrete, Field, Hybrid
from puffer_edge.shield.checking import check, choices_of
from puffer_edge.shield.reference import Shielded
from puffer_edge.shield.shield import (
    EARLY,
    OLD,
    RANGE,
    STUCK,
    Guard,
    Likelihood,
    Limits,
    Reacting,
    Reaction,
    Shield,
    Timing,
)
from puffer_edge.verification.shielded import Steps
from tests.robot.test_c import STRICT
from tests.shield.cases import steps
from tests.tools import need

SHIELDS, STEPS = 24, 90
MOST = float(np.finfo(np.float32).max)
HEAD = """
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#define PUFFER_EDGE_OWN static
static uint32_t bits_of(const float *x)
{
    uint32_t bits;
    memcpy(&bits, x, sizeof bits);
    return bits;
}
static void tell(const void *of, size_t bytes)
{
    size_t i;
    uint32_t word;
    for (i = 0u; i < bytes; i += 4u) {
        memcpy(&word, (const unsigned char *)of + i, 4u);
        printf(" %x", (unsigned)word);
    }
}
typedef struct { uint32_t now, seen, token, reset; } when_t;
"""
POLICY = """
#include <stdint.h>
typedef struct {{ float x[{size}]; }} {n}_obs_t;
typedef struct {{ {members} }} {n}_action_t;
typedef struct {{ {novelty_type} novelty[{directions}]; }} {n}_t;
typedef enum {{ {N}_OK, {N}_BAD_OBSERVATION }} {n}_status;
{n}_status {n}_step({n}_t *policy, const {n}_obs_t *obs, {n}_action_t *action);
void {n}_fallback(const {n}_obs_t *obs, {n}_action_t *action);
static inline const {novelty_type} *{n}_novelty(const {n}_t *policy) {{ return policy->novelty; }}
"""
PROBE = """
#define {N}_IMPLEMENTATION
#include "{n}/policy_shield.h"
{n}_status {n}_step({n}_t *policy, const {n}_obs_t *obs, {n}_action_t *action)
{{
    const float *x = obs->x;
    uint32_t i;
    if (x[1] > 2.0f) {{
        return {N}_BAD_OBSERVATION;
    }}
    {wanted}
    for (i = 0u; i < {directions}u; i++) {{
        float z = x[i] * {unit};
        z = z < -30000.0f ? -30000.0f : z > 30000.0f ? 30000.0f : z;
        policy->novelty[i] = ({novelty_type})z;
    }}
    return {N}_OK;
}}
void {n}_fallback(const {n}_obs_t *obs, {n}_action_t *action)
{{
    const float *x = obs->x;
    (void)x;
    {instead}
}}
static void run_{n}(void)
{{
    static {n}_t policy;
    static {n}_shield_t shield;
    static {n}_action_t action;
    {n}_obs_t obs;
    when_t when;
    uint32_t step, found[10];
    for (step = 0u; step < {steps}u; step++) {{
        if (fread(&obs, sizeof obs, 1u, stdin) + fread(&when, sizeof when, 1u, stdin) != 2u) {{
            return;
        }}
        if (when.reset != 0u) {{
            {n}_shield_reset(&shield);
        }}
        memset(found, 0, sizeof found);
        found[0] = {n}_shield_step(&policy, &shield, &obs, when.now, when.seen, &action);
        found[1] = (uint32_t){n}_shield_token(&shield, when.token);
        found[2] = shield.faults;
        found[3] = shield.last_faults;
        found[4] = shield.last_fault_step;
        found[5] = shield.shortest_us;
        found[6] = shield.longest_us;
        {told}
        tell(&action, sizeof action);
        tell(&shield.given, sizeof shield.given);
        tell(found, sizeof found);
        for (found[0] = 0u; found[0] < {N}_FAULTS; found[0]++) {{
            printf(" %x", (unsigned)shield.counts[found[0]]);
        }}
    }}
    printf("\\n");
}}
"""


def alike(random: np.random.Generator, size: int, low: float, high: float) -> tuple[float, ...]:
    """None, the same for all, or each another."""
    form = int(random.integers(3))
    values = random.uniform(low, high, size).astype(np.float32)
    same = form == 1 and size > 0
    return () if form == 0 else (float(values[0]),) * size if same else tuple(values.tolist())


def ranges(random: np.random.Generator, size: int) -> Any:
    """Bounds at both sides of 0 or at one, alike or not; 3 is what the steps hold."""
    form = int(random.integers(8))
    low, high = [-3.0] * size, [3.0] * size
    if form == 0:
        low, high = [-MOST] * size, [MOST] * size
    elif form == 1:
        high = [2.5] * size  # alike, and not the same at both sides
    elif form == 2:
        low[0], high[-1] = -2.5, 2.0
    elif form == 3:
        low[4] = 0.5  # beside 0
    elif form == 4:
        low[4], high[0] = 0.0, 0.0
    elif form == 5:
        low[0] = -2.5
    elif form == 6:
        low[4], low[0], high[1] = 0.5, 0.0, 0.0
    return tuple(low), tuple(high)


def shield_of(seed: int) -> tuple[Shield, Any]:
    random = np.random.default_rng(seed)
    size = int(random.integers(5, 7))
    moving = Continuous(int(random.integers(1, 4)))
    choosing = Discrete(tuple(random.integers(2, 5, int(random.integers(1, 3))).tolist()))
    head: Any = (moving, choosing, Hybrid(moving, choosing))[seed % 3]
    directions, whole = int(random.integers(1, 4)), bool(random.integers(2))
    program: Any = SimpleNamespace(
        contract=Contract((Field("x", (size,)),), head), output_names=["novelty"], outputs=["n"],
        values={"n": SimpleNamespace(dtype="int16" if whole else "float32", size=directions)})
    choices = choices_of(program)
    floats = sum(count == 0 for count in choices)
    low = alike(random, floats, -1.5, -0.5)
    high = alike(random, floats, 0.5, 1.5) if low else ()
    if low and not high:
        high = (1.0,) * floats
    safe = tuple(float(random.integers(count)) if count else float(random.integers(-3, 4)) / 4
                 for count in choices)
    within = random.integers(0, 4, size)  # some of them
    row = (np.arange(size) >= random.integers(size)) * 3  # those from one on
    some = np.isin(np.arange(size), (0, 2, 3)) * 2  # that do not lie together
    alone = np.arange(size) == 2
    varies: Any = ((), within, row, some, 2 * alone, np.full(size, 2))[int(random.integers(6))]
    kinds: list[Reaction] = ["hold", "safe", "fallback"]
    first, then = (kinds[i] for i in random.integers(0, 3, 2))
    counted = int(random.choice([0, RANGE, RANGE | STUCK, OLD | EARLY]))
    reacting = Reacting(first, int(random.integers(0, 3)), then, int(random.integers(0, 4)),
                        int(random.integers(0, 5)), counted)
    line = Likelihood(directions, 40, int(random.choice([77, 300]))) if seed % 4 else None
    return check(Shield(
        Guard(*ranges(random, size), tuple(int(n) for n in varies),
              int(random.choice([0, 4000]))),
        Timing(int(random.choice([0, 15000])), int(random.choice([0, 25000])),
               int(random.choice([0, 5000]))),
        Limits(low, high, alike(random, floats, 0.1, 0.5), alike(random, floats, 0.2, 0.9), safe),
        reacting, line), program, "here"), program


def fed_with(shield: Shield, seed: int) -> Steps:
    """Random steps, with zeros of both signs in the first two elements."""
    found = steps(STEPS, len(shield.guard.low), seed)
    for i in range(2):
        found.observations[3::8, i], found.observations[7::8, i] = 0.0, -0.0
    return found


def of_c(program: Any, choice: str) -> str:
    """Statements that give what is seen, and a choice by its bits."""
    lines = []
    for part, head in program.contract.heads.items():
        counts = head.sizes if isinstance(head, Discrete) else [0] * head.size
        lines += [f"action->{part}[{i}] = " + (
            f"{choice.format(count=count)};" if count else f"x[{i}];")
            for i, count in enumerate(counts)]
    return "\n    ".join(lines)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What the program says of each shield, all of them compiled and run at once."""
    need("gcc")
    folder, main, fed = tmp_path_factory.mktemp("shields"), HEAD, b""
    for seed in range(SHIELDS):
        shield, program = shield_of(seed)
        n, N = f"s{seed}", f"S{seed}"
        directions = program.values["n"].size
        novelty = "int16_t" if program.values["n"].dtype == "int16" else "float"
        members = " ".join(
            f"{'int32_t' if isinstance(head, Discrete) else 'float'} {part}"
            f"[{len(head.sizes) if isinstance(head, Discrete) else head.size}];"
            for part, head in program.contract.heads.items())
        size = len(shield.guard.low)
        (folder / n).mkdir()
        (folder / n / "policy.h").write_text(POLICY.format(
            n=n, N=N, size=size, members=members, novelty_type=novelty, directions=directions))
        (folder / n / "policy_shield.h").write_text(shield_header(shield, program, n, "policy.h"))
        main += PROBE.format(
            n=n, N=N, steps=STEPS, directions=directions, novelty_type=novelty,
            unit="64.0f" if novelty == "int16_t" else "1.0f",
            told="found[7] = shield.novelty;" if shield.likelihood else "",
            wanted=of_c(program, "(int32_t)(bits_of(x) % {count}u)"),
            instead=of_c(program, "(int32_t)(bits_of(x) & 7u) - 1"))
        given = fed_with(shield, seed)
        fed += b"".join(record + np.uint32(reset).tobytes() for record, reset in zip(
            given.records(), given.reset, strict=True))
    main += "int main(void)\n{\n" + "".join(f"    run_s{i}();\n" for i in range(SHIELDS))
    (folder / "main.c").write_text(main + "    return 0;\n}\n")
    subprocess.run(["gcc", "-std=c99", *STRICT, str(folder / "main.c"), "-o",
                    str(folder / "main")], check=True, timeout=120)
    done = subprocess.run([folder / "main"], check=True, capture_output=True, input=fed, timeout=60)
    return [line.split() for line in done.stdout.decode().splitlines()]


def oracle(shield: Shield, program: Any) -> tuple[Shielded, Any]:
    """The same policy behind the shield in numpy, and what holds the bits of the novelty."""
    choices = np.array(choices_of(program))
    places = np.concatenate([np.arange(len(head.sizes) if isinstance(head, Discrete) else head.size)
                             for head in program.contract.heads.values()])
    novelty = program.values["n"]

    def act(seen: Any) -> Any:
        if seen[1] > 2:
            return None
        bits = int(seen.view(np.uint32)[0])
        with np.errstate(over="ignore"):
            z = seen[: novelty.size] * np.float32(64 if novelty.dtype == "int16" else 1)
        return (np.where(choices > 0, bits % np.maximum(choices, 1), seen[places]),
                np.clip(z, -30000, 30000).astype(novelty.dtype))

    def fallback(seen: Any) -> Any:
        return np.where(choices > 0, (int(seen.view(np.uint32)[0]) & 7) - 1.0, seen[places])

    return Shielded(shield, act, choices.tolist(), fallback), choices


@pytest.mark.parametrize("seed", range(SHIELDS))
def test_the_bits_of_the_oracle(seed: int, said: list[list[str]]) -> None:
    shield, program = shield_of(seed)
    shielded, choices = oracle(shield, program)
    given, wanted = fed_with(shield, seed), []
    for i, seen in enumerate(given.observations):
        if given.reset[i]:
            shielded.reset()
        faults = shielded.step(seen, int(given.now_us[i]), int(given.seen_us[i]))
        token = shielded.token(int(given.token_us[i]))
        action = b"".join(np.array(value, "<i4" if count else "<f4").tobytes()
                          for value, count in zip(shielded.action, choices, strict=True))
        wanted += np.frombuffer(action * 2, "<u4").tolist()
        wanted += [faults, int(token), shielded.faults, shielded.last_faults,
                   shielded.last_fault_step, shielded.shortest_us, shielded.longest_us,
                   shielded.novelty if shield.likelihood else 0, 0, 0, *shielded.counts]
    assert [int(word, 16) for word in said[seed]] == wanted


def test_bounds_alike_at_both_sides_need_no_choice() -> None:
    """Which takes the same time on any core: the sign is laid over the bits of the bound."""
    shield, program = next(made for made in map(shield_of, range(SHIELDS))
                           if {*made[0].guard.low} == {-3.0} and {*made[0].guard.high} == {3.0})
    text = shield_header(shield, program, "lander", "policy.h")
    assert f"(0x{np.float32(3).view(np.uint32):08x}u | (bits & 0x80000000u)) - bits" in text
