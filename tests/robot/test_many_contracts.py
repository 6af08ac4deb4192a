# SPDX-License-Identifier: MIT
"""Random contracts of every form in one program in C: sizes, units, gains and bits."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from puffer_edge.exporters.c.robot import robot_header, structs_bytes
from puffer_edge.robot import Action, RobotContract, Term
from puffer_edge.robot.checking import check
from puffer_edge.robot.reference import Packer
from tests.robot.contracts import policy
from tests.robot.test_c import STRICT
from tests.tools import need

CONTRACTS, STEPS = 24, 14
KINDS: Any = ("position", "velocity", "torque")
UNITS = {"position": "rad", "velocity": "rad/s", "torque": "Nm"}  # SI

PROBE = """
static void run_{n}(void)
{{
    static {n}_robot_t robot;
    static {n}_sensors_t sensors;
    static {n}_obs_t obs;
    static {n}_action_t action;
    static {n}_targets_t targets;
    uint32_t step;
    printf("%u %u", (unsigned)(sizeof robot + sizeof sensors + sizeof targets),
           (unsigned){N}_PERIOD_US);
{gains}
    for (step = 0u; step < {steps}u; step++) {{
        if (step == 0u || step == {steps}u / 2u) {{
            {n}_robot_reset(&robot);
        }}
        numbers((float *)&sensors, sizeof sensors);
        if ({n}_pack(&robot, &sensors, &obs) != {N}_OK) {{
            printf(" refused");
        }}
        bits(&obs, sizeof obs);
        numbers(action.action, sizeof action);
        memset(&targets, 0, sizeof targets);
        {n}_unpack(&robot, &action, &targets);
        bits(&targets, sizeof targets);
    }}
    printf("\\n");
}}
"""
HEAD = """
#include <stdint.h>
#include <stdio.h>
#include <string.h>
static uint32_t seed = 1u;
static void numbers(float *to, size_t bytes)
{
    size_t i;
    for (i = 0u; i < bytes / 4u; i++) {
        seed = seed * 1664525u + 1013904223u;
        to[i] = (float)(int32_t)(seed >> 16) / 8192.0f - 4.0f; /* exact */
    }
}
static void bits(const void *of, size_t bytes)
{
    size_t i;
    uint32_t word;
    for (i = 0u; i < bytes; i += 4u) {
        memcpy(&word, (const unsigned char *)of + i, 4u);
        printf(" %08x", (unsigned)word);
    }
}
"""
POLICY = """
#include <stdint.h>
typedef struct {{ {fields} }} {n}_obs_t;
typedef struct {{ float action[{actions}]; }} {n}_action_t;
typedef struct {{ int none; }} {n}_t;
typedef enum {{ {N}_OK, {N}_BAD_OBSERVATION }} {n}_status;
{n}_status {n}_step({n}_t *policy, const {n}_obs_t *obs, {n}_action_t *action);
"""


def numbers(random: np.random.Generator, size: int) -> tuple[float, ...]:
    """None, all 1, all 2, all the same, or each another, among which 1."""
    form = int(random.integers(6))
    each = [1.0, *np.round(random.uniform(-3, 3, size), 2).tolist()][:size]
    return ((), (1.0,) * size, (2.0,) * size, (-0.75,) * size, tuple(each),
            tuple(each[::-1]))[form]


def bounds(random: np.random.Generator, size: int) -> Any:
    """None, the same for all, or each another."""
    low, high = -random.uniform(0, 2, size), random.uniform(0, 2, size)
    form = int(random.integers(3))
    if form < 2:
        low, high = np.full(size, low[0]), np.full(size, high[0])
    return ((), ()) if form == 0 else (tuple(low.tolist()), tuple(high.tolist()))


def term(random: np.random.Generator, name: str, kind: Any, size: int, joints: int, history: int,
         ) -> Term:
    low, high = bounds(random, size)
    straight = tuple(range(size)), tuple(random.permutation(joints)[:size].tolist())
    return Term(
        name, kind, size, "m^2" if kind == "sensor" and size > 1 else "",
        numbers(random, size), low, high, numbers(random, size), history,
        straight[int(random.integers(2))] if kind.startswith("joint") else (),
        0.0 if kind != "phase" else 0.31)


def contract_of(seed: int) -> RobotContract:
    random = np.random.default_rng(seed)
    joints = int(random.integers(1, 6))
    size = int(random.integers(1, joints + 1))
    by_time = bool(random.integers(2))
    shared = int(random.integers(1, 4))
    kinds: list[Any] = [("gyro", "sensor", 3), ("speed", "sensor", int(random.integers(1, 3))),
                        ("pose", "joint_position", size), ("rates", "joint_velocity", joints),
                        ("gravity", "projected_gravity", 3), ("last", "last_action", size),
                        ("gait", "phase", 2), ("sway", "phase", 2)]
    chosen = [kinds[0], *(kind for kind in kinds[1:] if random.integers(2))]
    terms = tuple(term(random, name, kind, width, joints,
                       shared if by_time else int(random.integers(1, 4)))
                  for name, kind, width in (chosen[i] for i in random.permutation(len(chosen))))
    (raw_low, raw_high), (low, high) = bounds(random, size), bounds(random, size)
    mixed = random.integers(0, 3, size).tolist() if random.integers(2) else [seed % 3] * size
    gains: Any = [tuple(random.uniform(1, 9, size).round(1).tolist()) for _ in range(2)]
    action = Action(
        size, tuple(KINDS[i] for i in mixed), tuple(random.permutation(joints)[:size].tolist()),
        raw_low, raw_high, numbers(random, size), numbers(random, size), low, high,
        "target" if random.integers(2) else "raw", *(gains if seed % 4 else ((), gains[1])))
    whole = (-1.5, 2.25) if random.integers(2) else (0.0, 0.0)
    return check(RobotContract(
        "", 0.0125, terms, action, joints, quaternion="xyzw" if random.integers(2) else "wxyz",
        history_order="time" if by_time else "term", newest_first=bool(random.integers(2)),
        history_start="first" if random.integers(2) else "zeros", low=whole[0], high=whole[1]),
        "here")


@dataclass
class Built:
    """Contracts with fields and headers, and what the program says of each, in words."""

    contracts: list[RobotContract]
    fields: list[dict[str, int]]
    headers: list[str]
    said: list[list[str]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """All are compiled and run at once."""
    need("gcc")
    folder = tmp_path_factory.mktemp("contracts")
    contracts, fields = [contract_of(seed) for seed in range(CONTRACTS)], []
    headers, main = [], HEAD
    for i, contract in enumerate(contracts):
        n, N = f"c{i}", f"C{i}"
        wide = contract.history_order == "term" and i % 3 > 0  # one field, or one of each term
        program = policy(contract, wide=wide)
        fields.append({field.name: field.size for field in program.contract.observation})
        (folder / n).mkdir()
        (folder / n / "policy.h").write_text(POLICY.format(
            n=n, N=N, actions=contract.action.size, fields=" ".join(
                f"float {field}[{size}];" for field, size in fields[-1].items())))
        headers.append(robot_header(contract, program, n))
        (folder / n / "policy_robot.h").write_text(headers[-1])
        gains = [f"{{ const float gains[] = {N}_{name.upper()};\n      "
                 "bits(gains, sizeof gains); }" for name in ("stiffness", "damping")
                 if getattr(contract.action, name)]
        main += f'#define {N}_IMPLEMENTATION\n#include "{n}/policy_robot.h"\n'
        main += f"{N.lower()}_status {n}_step({n}_t *p, const {n}_obs_t *o, {n}_action_t *a)\n"
        main += f"{{ (void)p; (void)o; (void)a; return {N}_OK; }}\n"
        main += PROBE.format(n=n, N=N, steps=STEPS, gains="\n".join(gains))
    main += "int main(void)\n{\n" + "".join(f"    run_c{i}();\n" for i in range(CONTRACTS))
    (folder / "main.c").write_text(main + "    return 0;\n}\n")
    subprocess.run(["gcc", "-std=c99", *STRICT, str(folder / "main.c"), "-o",
                    str(folder / "main")], check=True, timeout=120)
    done = subprocess.run([folder / "main"], check=True, capture_output=True, text=True, timeout=60)
    return Built(contracts, fields, headers, [line.split() for line in done.stdout.splitlines()])


def test_the_structs_are_as_large_as_told(built: Built) -> None:
    for contract, said in zip(built.contracts, built.said, strict=True):
        assert structs_bytes(contract) == int(said[0])
        assert int(said[1]) == 12500  # 80 Hz


def words(array: Any) -> list[str]:
    return [f"{word:08x}" for word in np.asarray(array, np.float32).view(np.uint32).tolist()]


def test_gains_are_those_of_the_joints(built: Built) -> None:
    for contract, said in zip(built.contracts, built.said, strict=True):
        place = 2
        for values in (contract.action.stiffness, contract.action.damping):
            if values:
                by_joint = dict(zip(contract.action.joint_map, values, strict=True))
                wanted = [by_joint.get(joint, 0.0) for joint in range(contract.joints)]
                assert said[place : place + contract.joints] == words(wanted)
                place += contract.joints


def test_every_contract_has_the_bits_of_the_oracle(built: Built) -> None:
    seed = 1

    def given(size: int) -> Any:
        nonlocal seed
        found = np.empty(size, np.float32)
        for i in range(size):
            seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
            found[i] = (seed >> 16) / 8192 - 4
        return found

    for contract, said in zip(built.contracts, built.said, strict=True):
        packer, wanted = Packer(contract), []
        kinds = list(dict.fromkeys(contract.action.kind))
        for step in range(STEPS):
            if step == STEPS // 2:
                packer.reset()
            wanted += words(packer.pack({
                name: given(size) for name, size in contract.sensors.items()}))
            targets = packer.unpack(given(contract.action.size))
            wanted += [word for kind in kinds for word in words(np.nan_to_num(targets[kind]))]
        assert said[-len(wanted):] == wanted, contract


def test_the_header_says_units_and_the_order(built: Built) -> None:
    for contract, text in zip(built.contracts, built.headers, strict=True):
        members = dict(re.findall(r"^    float (\w+)\[\d+\];(?: /\* (.*) \*/)?$", text, re.M))
        for kind in contract.action.kind:
            assert members[kind] == UNITS[kind]
        if "orientation" in contract.sensors:
            assert members["orientation"].startswith(contract.quaternion)
        for name, unit in (("joint_position", "rad"), ("joint_velocity", "rad/s")):
            assert members.get(name, unit) == unit
        for each in contract.observation:
            if each.kind == "sensor":
                assert members[each.name] == each.unit
        (about,) = re.findall(r"The observation, \d+ numbers(.*)\.\n", text)
        if not any(each.history > 1 for each in contract.observation):
            assert about == ""
        else:
            assert ("then the next term" in about) == (contract.history_order == "term")
            assert ("the newest first" in about) == contract.newest_first


def test_a_term_lies_in_the_field_that_it_begins_in(built: Built) -> None:
    """Not behind the end of the one before, which is the same place in memory."""
    for fields, text in zip(built.fields, built.headers, strict=True):
        found = re.findall(r"&obs->(\w+)\[(\d+)\]", text)
        assert found and all(int(at) < fields[field] for field, at in found)
