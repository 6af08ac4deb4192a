# SPDX-License-Identifier: MIT
"""``policy_robot.h`` has the bits of the oracle, on a computer and on an emulated Cortex-M4."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.boards import find_board
from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.exporters.fitting import refuse_too_large
from puffer_edge.firmware.project import project
from puffer_edge.robot import RobotContract
from puffer_edge.robot.identity import identity
from puffer_edge.robot.reading import read_contract
from puffer_edge.robot.reference import Packer
from puffer_edge.sizing.measuring import from_manifest
from tests.robot.contracts import deploy_yaml, rl_sar
from tests.robot.contracts import policy as policy_of
from tests.tools import need

PROBE = Path(__file__).parent / "probe.c"
STEPS = 1000
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wsign-conversion",
          "-Wcast-align", "-Wdouble-promotion", "-Werror"]


def contract_of(kind: str, folder: Path) -> RobotContract:
    if kind == "unitree":
        (folder / "deploy.yaml").write_text(deploy_yaml())
        return read_contract(folder / "deploy.yaml")
    if kind == "newest":
        return replace(read_contract(rl_sar(folder, priority="term")), quaternion="xyzw")
    return read_contract(rl_sar(folder, ages="[2, 1, 0]"))


KINDS = ("unitree", "oldest", "newest")


def exported(kind: str, folder: Path, **options: str) -> tuple[RobotContract, Path]:
    contract = contract_of(kind, folder)
    program = policy_of(contract, wide=kind == "unitree")
    return contract, puffer_edge.export(program, folder / "a", name="lander", contract=contract,
                                        **options)


def digest(contract: RobotContract) -> str:
    """What the probe writes, by the oracle: the same random numbers, and FNV-1a of all bits."""
    seed = 1

    def numbers(size: int) -> np.ndarray:
        nonlocal seed
        found = np.empty(size, np.float32)
        for i in range(size):
            seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
            found[i] = np.float32(seed >> 16) * np.float32(0.0001) - np.float32(3)
        return found

    packer, seen = Packer(contract), bytearray()
    kept = {kind: np.zeros(contract.joints, np.float32)
            for kind in dict.fromkeys(contract.action.kind)}
    for step in range(STEPS):
        if step == STEPS // 2:
            packer.reset()
        robot = {name: numbers(size) for name, size in contract.sensors.items()}
        seen += packer.pack(robot).tobytes()
        for kind, targets in packer.unpack(numbers(contract.action.size)).items():
            kept[kind] = np.where(np.isnan(targets), kept[kind], targets)
        for targets in kept.values():
            seen += targets.tobytes()
    value = 2166136261
    for byte in seen:
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return f"{value:08x}"


def on_this_computer(directory: Path, folder: Path, compiler: Sequence[str]) -> str:
    program = folder / "probe"
    subprocess.run([*compiler, *STRICT, f"-DSTEPS={STEPS}u", "-DCOMPUTER", f"-I{directory}",
                    str(PROBE), str(directory / "policy.c"), "-o", str(program)],
                   check=True, timeout=120)
    return subprocess.run([program], check=True, capture_output=True, text=True,
                          timeout=60).stdout.strip()


@pytest.mark.parametrize("kind", KINDS)
def test_the_bits_of_the_oracle_on_a_computer(kind: str, tmp_path: Path) -> None:
    need("gcc", "clang")
    contract, directory = exported(kind, tmp_path)
    wanted = digest(contract)
    # where a processor has it, -march=native would fuse products and sums if anything allowed it
    assert on_this_computer(directory, tmp_path, ["gcc", "-O3", "-march=native"]) == wanted
    assert on_this_computer(directory, tmp_path, ["clang", "-O2", "-std=c99"]) == wanted


def test_the_bits_of_the_oracle_on_a_board(tmp_path: Path) -> None:
    need("make", "arm-none-eabi-gcc", "qemu-system-arm")
    contract, directory = exported("unitree", tmp_path)
    project(directory, "stm32f4", tmp_path / "p")
    (tmp_path / "p" / "main.c").write_text(
        f"#define STEPS {STEPS}u\n" + PROBE.read_text() + BOARD)
    for name in ("policy_robot.h", "policy.c"):
        (tmp_path / "p" / name).write_bytes((directory / name).read_bytes())
    done = subprocess.run(["make", "-C", str(tmp_path / "p"), "qemu"], capture_output=True,
                          text=True, timeout=120, check=False)
    assert digest(contract) in done.stdout + done.stderr, done.stdout + done.stderr


BOARD = """
static void semihost(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}
void say(const char *text) { semihost(4, text); }
int main(void)
{
    (void)probe();
    semihost(0x18, (const void *)0x20026U);
    return 0;
}
"""

WHOLE = """
#include "policy_robot.h"
#include <stdio.h>
#include <math.h>
int main(void)
{
    static lander_t policy;
    static lander_robot_t robot;
    static lander_sensors_t sensors;
    static lander_targets_t targets;
    lander_reset(&policy);
    lander_robot_reset(&robot);
    sensors.orientation[0] = 1.0f;
    if (lander_act(&policy, &robot, &sensors, &targets) != LANDER_OK) return 1;
    printf("%.9g\\n", (double)targets.position[JOINT]);
    sensors.joint_velocity[0] = NAN;
    if (lander_act(&policy, &robot, &sensors, &targets) != LANDER_BAD_OBSERVATION) return 2;
    printf("%.9g\\n", (double)targets.position[JOINT]);
    sensors.joint_velocity[0] = 0.0f;
    if (lander_act(&policy, &robot, &sensors, &targets) != LANDER_OK) return 3;
    printf("%.9g\\n", (double)targets.position[JOINT]);
    return 0;
}
"""


def test_a_step_is_pack_step_unpack_and_a_bad_sensor_changes_nothing(tmp_path: Path) -> None:
    need("gcc")
    contract, directory = exported("unitree", tmp_path)
    joint = contract.action.joint_map[2]
    (tmp_path / "main.c").write_text(WHOLE.replace("JOINT]", f"{joint}]"))
    subprocess.run(["gcc", *STRICT, f"-I{directory}", str(tmp_path / "main.c"),
                    str(directory / "policy.c"), "-o", str(tmp_path / "main")], check=True,
                   timeout=120)
    printed = subprocess.run([tmp_path / "main"], check=True, capture_output=True, text=True,
                             timeout=60).stdout.split()
    robot = {name: np.zeros(size, np.float32) for name, size in contract.sensors.items()}
    robot["orientation"][0] = 1
    packer, wanted = Packer(contract), []
    with puffer_edge.runtimes.load(directory) as runner:
        for _ in range(2):
            wanted.append(packer.unpack(runner.step(packer.pack(robot)))["position"][joint])
    assert [np.float32(each) for each in printed] == [wanted[0], wanted[0], wanted[1]]


@pytest.mark.parametrize("kind", KINDS)
def test_the_boards_memory_counts_the_structs(kind: str, tmp_path: Path) -> None:
    """What the manifest says is what a compiler makes of them; a board without room is refused."""
    need("gcc")
    _, directory = exported(kind, tmp_path)
    (tmp_path / "main.c").write_text(
        '#include "policy_robot.h"\n#include <stdio.h>\nint main(void)\n{\n    printf("%u",'
        " (unsigned)(sizeof(lander_robot_t) + sizeof(lander_sensors_t) + sizeof(lander_targets_t)"
        "));\n    return 0;\n}\n")
    subprocess.run(["gcc", *STRICT, f"-I{directory}", str(tmp_path / "main.c"), "-o",
                    str(tmp_path / "main")], check=True, timeout=120)
    printed = subprocess.run([tmp_path / "main"], check=True, capture_output=True, text=True,
                             timeout=60).stdout
    memory = json.loads((directory / "policy.json").read_text())["memory"]
    assert memory["robot_bytes"] == int(printed)
    assert from_manifest({"memory": memory}).ram == memory["struct_bytes"] + int(printed)
    board = find_board("pico")
    small = replace(board, ram=replace(board.ram, left=memory["struct_bytes"] + 10))
    without = {key: value for key, value in memory.items() if key != "robot_bytes"}
    refuse_too_large({"memory": without}, small)
    with pytest.raises(UsageError, match="bytes of RAM"):
        refuse_too_large({"memory": memory}, small)


@pytest.mark.parametrize("board", ["stm32f4", "nano-33-ble", "raspberry-pi-4"])
def test_the_example_for_a_board_uses_it(board: str, tmp_path: Path) -> None:
    """It reads sensors and drives targets at the contract's rate, and compiles."""
    need("make", "arm-none-eabi-gcc", "gcc")
    _, directory = exported("unitree", tmp_path)
    project(directory, board, tmp_path / "p")
    texts = {path.name: path.read_text() for path in (tmp_path / "p").rglob("*")
             if path.suffix in (".c", ".ino", ".h")}
    main = texts.get("main.c", texts.get("Control.ino", ""))
    assert "lander_act(&policy, &robot, &sensors, &targets)" in main
    assert "sensors.base_ang_vel[0] = 0; /* to [2] */" in main and "obs." not in main
    assert "#define STEPS_PER_SECOND 50 /* of the robot's contract */" in main
    assert "lander_pack(" in texts["policy_robot.h"]
    if board == "stm32f4":
        done = subprocess.run(["make", "-C", str(tmp_path / "p")], capture_output=True, text=True,
                              timeout=120, check=False)
        assert done.returncode == 0 and "warning" not in done.stderr, done.stderr


def test_a_policy_for_another_contract_is_not_loaded(tmp_path: Path) -> None:
    contract, directory = exported("unitree", tmp_path)
    with puffer_edge.runtimes.load(directory, "numpy", contract=contract) as policy:
        assert policy.robot == identity(contract)
    with puffer_edge.runtimes.load(directory, "numpy",
                                   contract=tmp_path / "deploy.yaml") as policy:
        assert policy.robot == identity(contract)
    other = replace(contract, quaternion="xyzw")
    with pytest.raises(UsageError) as caught:
        puffer_edge.runtimes.load(directory, "numpy", contract=other)
    assert identity(contract)[:16] in caught.value.what
    assert identity(other)[:16] in caught.value.what
    puffer_edge.export(policy_of(contract), tmp_path / "b")
    with pytest.raises(UsageError, match="for no contract"):
        puffer_edge.runtimes.load(tmp_path / "b", "numpy", contract=contract)


def test_it_is_a_part_of_the_artefact(tmp_path: Path) -> None:
    contract, directory = exported("oldest", tmp_path)
    manifest = json.loads((directory / "policy.json").read_text())
    assert manifest["contract"] == identity(contract)
    assert identity(contract) in (directory / "policy_robot.h").read_text()
    assert read_contract(directory / "contract.toml") == contract
    text = (directory / "contract.toml").read_text()
    (directory / "contract.toml").write_text(text.replace("scale = 0.25", "scale = 0.5"))
    with pytest.raises(FileFormatError):
        puffer_edge.runtimes.load(directory)


def test_a_policy_of_another_size_is_told_the_terms(tmp_path: Path) -> None:
    contract = contract_of("unitree", tmp_path)
    shorter = replace(contract, observation=contract.observation[1:])
    with pytest.raises(UsageError, match=r"takes 96 numbers.*87: projected_gravity 3 x 3"):
        puffer_edge.export(policy_of(contract), tmp_path / "a", contract=shorter)
    assert not (tmp_path / "a").exists()
    with pytest.raises(UsageError, match="takes no contract"):
        puffer_edge.export(policy_of(contract), tmp_path / "a", contract=contract, target="onnx")


def test_two_contracts_that_differ_have_two_hashes(tmp_path: Path) -> None:
    from puffer_edge.robot.showing import differences

    contract = contract_of("unitree", tmp_path)
    terms = contract.observation
    others = {
        "order of terms": replace(contract, observation=(terms[1], terms[0], *terms[2:])),
        "scale[0] 0.2 and 0.25": replace(contract, observation=(
            replace(terms[0], scale=(0.25, *terms[0].scale[1:])), *terms[1:])),
        "joint_map[0]": replace(contract, action=replace(
            contract.action, joint_map=contract.action.joint_map[::-1])),
        "quaternion: wxyz and xyzw": replace(contract, quaternion="xyzw"),
    }
    assert differences(contract, contract) == []
    for said, other in others.items():
        assert identity(other) != identity(contract)
        assert said in "\n".join(differences(contract, other))
    renamed = replace(contract, name="another")
    assert identity(renamed) == identity(contract)
