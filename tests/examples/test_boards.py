# SPDX-License-Identifier: MIT
"""The examples for boards: what their READMEs say is done, then built and run where it can be."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import types
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from puffer_edge import runtimes
from puffer_edge.cli import main
from tests import zoo
from tests.firmware.test_arduino import BUILDER, HARDWARE
from tests.firmware.test_frameworks import STUBS
from tests.firmware.test_rp2040 import run as run_on_pico
from tests.support.exporting import write_artefact
from tests.tools import need

ROOT = Path(__file__).parents[2]
BOARDS = ROOT / "examples" / "boards"
FOLDERS = sorted(path.name for path in BOARDS.iterdir() if path.is_dir())
OURS = ("puffer-edge export", "puffer-edge firmware", "cp ")


def commands(folder: str) -> list[str]:
    """The README's commands, one per line."""
    text = (BOARDS / folder / "README.md").read_text()
    code = "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))
    return code.replace("\\\n", " ").splitlines()


def follow(folder: str, place: Path) -> None:
    """Runs those that need nothing of the board's ecosystem, in a copy of the tree's examples."""
    (place / "examples").symlink_to(ROOT / "examples")
    (place / "bin").mkdir()
    program = place / "bin" / "puffer-edge"
    program.write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -m puffer_edge \"$@\"\n")
    program.chmod(0o755)
    where = {**os.environ, "HOME": str(place), "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
             "PYTHONPATH": str(ROOT)}
    for command in commands(folder):
        command = command.partition(" && ")[0]
        if command.startswith(OURS):
            done = subprocess.run(["bash", "-ec", command], cwd=place, env=where, text=True,
                                  capture_output=True, check=False, timeout=300)
            assert done.returncode == 0, (command, done.stderr)


def test_each_folder_has_ten_lines_that_use_what_is_there() -> None:
    assert set(FOLDERS) == {"crazyflie", "mega", "pico_c", "pico_micropython", "raspberry_pi",
                            "ros2", "zephyr"}
    table = (BOARDS / "README.md").read_text()
    for folder in FOLDERS:
        text = (BOARDS / folder / "README.md").read_text()
        assert 10 <= len(text.splitlines()) <= 14 and f"({folder}/README.md)" in table
        assert any(command.startswith("puffer-edge export") for command in commands(folder))
        for named in re.findall(r"examples/(?:boards|policies)/[\w./]*\w", text):
            assert (ROOT / named).exists() or "policy." in named or "$" in named, named


@pytest.mark.exhaustive
def test_a_pico_balances(tmp_path: Path) -> None:
    need("make", "arm-none-eabi-gcc")
    follow("pico_c", tmp_path)
    project = tmp_path / "build" / "pico"
    done = subprocess.run(["make", "-C", str(project)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "warning" not in done.stderr, done.stderr
    said = run_on_pico(project / "policy.bin", "upright 200")
    assert said.startswith("selftest 0\n") and " estimated " in said


@pytest.mark.exhaustive
def test_a_mega_balances(tmp_path: Path) -> None:
    need("arduino-builder", "simavr", "avr-gcc")
    follow("mega", tmp_path)
    libraries, build = tmp_path / "Arduino" / "libraries", tmp_path / "sketch"
    build.mkdir()
    done = subprocess.run(
        ["arduino-builder", "-compile", "-hardware", HARDWARE, "-hardware", BUILDER,
         "-tools", "/usr/bin", "-tools", BUILDER, "-libraries", str(libraries),
         "-fqbn", "arduino:avr:mega:cpu=atmega2560", "-build-path", str(build),
         "-prefs", "compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__",
         str(libraries / "cartpole" / "examples" / "Control" / "Control.ino")],
        capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    with subprocess.Popen(["simavr", "-m", "atmega2560", "-f", "16000000",
                           str(build / "Control.ino.elf")], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as running:
        assert running.stdout is not None
        said = ""
        for line in running.stdout:
            said += line
            if "upright 150" in line or said.count("upright") > 6:
                break
        running.kill()
    assert "selftest 0" in said and "upright 150" in said, said


def compiled(source: Path, *includes: Path, flags: tuple[str, ...] = ()) -> None:
    done = subprocess.run(
        ["arm-none-eabi-gcc", "-std=gnu11", "-fsyntax-only", "-mcpu=cortex-m4", "-mthumb",
         "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-Wall", "-Wextra", "-Werror",
         "-Wdouble-promotion", *flags, *(f"-I{each}" for each in includes), str(source)],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def stubs(place: Path, texts: dict[str, str]) -> Path:
    for path, text in texts.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(
            f"#pragma once\n#include <stdint.h>\n#include <stdbool.h>\n{text}\n")
    return place


@pytest.mark.exhaustive
def test_a_node_of_zephyr_compiles(tmp_path: Path) -> None:
    need("arm-none-eabi-gcc")
    follow("zephyr", tmp_path)
    node = tmp_path / "build" / "node"
    compiled(node / "samples" / "control" / "src" / "main.c", stubs(tmp_path / "s", STUBS),
             node / "src", flags=("-DCONFIG_CARTPOLE_STEPS_PER_SECOND=50",))


CRAZYFLIE = {
    "FreeRTOS.h": "typedef uint32_t TickType_t;\n#define M2T(x) ((TickType_t)(x))",
    "task.h": "TickType_t xTaskGetTickCount(void); void vTaskDelayUntil(TickType_t *, TickType_t);",
    "app.h": "void appMain(void);", "usec_time.h": "uint64_t usecTimestamp(void);",
    "log.h": """
        typedef uint16_t logVarId_t; logVarId_t logGetVarId(const char *, const char *);
        float logGetFloat(logVarId_t);
        #define LOG_GROUP_START(name) void *const log_##name[] = {
        #define LOG_ADD(type, name, address) address,
        #define LOG_GROUP_STOP(name) };""",
    "param.h": """
        #define PARAM_GROUP_START(name) void *const param_##name[] = {
        #define PARAM_ADD(type, name, address) address,
        #define PARAM_GROUP_STOP(name) };"""}
"""Of the Crazyflie's firmware, what the app calls."""


@pytest.mark.exhaustive
def test_an_app_of_a_crazyflie_compiles(tmp_path: Path) -> None:
    need("arm-none-eabi-gcc")
    before = sorted(path.name for path in (BOARDS / "crazyflie" / "src").iterdir())
    export = next(each for each in commands("crazyflie") if each.startswith("puffer-edge export"))
    words = [each.replace("examples/", f"{ROOT}/examples/") for each in shlex.split(export)[1:]]
    words[-1] = str(tmp_path / "a")
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert not ended.value.code
    compiled(BOARDS / "crazyflie" / "src" / "policy_app.c",
             stubs(tmp_path / "s", CRAZYFLIE), tmp_path / "a", flags=("-DPENDULUM_SELFTEST",))
    compiled(tmp_path / "a" / "policy.c", flags=("-DPENDULUM_SELFTEST",))
    assert sorted(path.name for path in (BOARDS / "crazyflie" / "src").iterdir()) == before


@pytest.mark.exhaustive
def test_a_pico_balances_in_micropython(tmp_path: Path) -> None:
    """The same files on this computer, and by the rules of `check`."""
    follow("pico_micropython", tmp_path)
    script = "import balance; print('falls', balance.run(500, wait=False))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'build' / 'cartpole'}:"
                                         f"{BOARDS / 'pico_micropython'}"})
    assert done.stdout.splitlines()[-1:] == ["falls 0"], done.stdout + done.stderr
    assert "upright 500 step us" in done.stdout
    with pytest.raises(SystemExit) as ended:
        main(["check", str(BOARDS / "pico_micropython")])
    assert not ended.value.code


@pytest.mark.exhaustive
def test_two_processes_balance(tmp_path: Path) -> None:
    pytest.importorskip("cffi")
    write_artefact(zoo.program("mlp"), tmp_path / "other", target="rpi", name="other")
    follow("raspberry_pi", tmp_path)
    loop = [sys.executable, str(BOARDS / "raspberry_pi" / "loop.py")]
    done = subprocess.run(
        [*loop, str(tmp_path / "build" / "cartpole"), "--steps", "150"], text=True,
        capture_output=True, check=False, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0 and "150 steps, longest" in done.stdout, done.stdout + done.stderr
    assert "falls 0" in done.stdout, done.stdout


class FakeNode:
    """What the node calls of rclpy."""

    values: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, name: str) -> None:
        self.published: list[list[float]] = []
        self.warned: list[str] = []
        self.takers: dict[str, Any] = {}

    def declare_parameter(self, name: str, value: Any) -> None:
        self.values.setdefault(name, value)

    def get_parameter(self, name: str) -> Any:
        return types.SimpleNamespace(value=self.values[name])

    def create_publisher(self, *_: Any) -> Any:
        return types.SimpleNamespace(publish=lambda message: self.published.append(message.data))

    def create_subscription(self, _: Any, topic: str, take: Any, __: int) -> None:
        self.takers[topic] = take

    def create_service(self, _: Any, name: str, serve: Any) -> None:
        self.takers[name] = serve

    def create_timer(self, period: float, step: Any) -> None:
        self.period, self.tick = period, step

    def get_logger(self) -> Any:
        return types.SimpleNamespace(warning=lambda text, **_: self.warned.append(text))


def test_a_node_of_ros_2_runs_any_artefact(tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    def module(name: str, **content: Any) -> None:
        made = types.ModuleType(name)
        made.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, made)

    def message(data: Any = ()) -> Any:
        return types.SimpleNamespace(data=data)

    module("rclpy")
    module("rclpy.node", Node=FakeNode)
    module("std_msgs")
    module("std_msgs.msg", Float32MultiArray=message)
    module("std_srvs")
    module("std_srvs.srv", Trigger=object)
    monkeypatch.syspath_prepend(str(BOARDS / "ros2"))
    monkeypatch.delitem(sys.modules, "puffer_edge_node", raising=False)
    monkeypatch.delitem(sys.modules, "puffer_edge_node.node", raising=False)
    write_artefact(zoo.program("lstm"), tmp_path / "a", target="cortex-m4", name="a")
    monkeypatch.setattr(FakeNode, "values", {"artefact": str(tmp_path / "a"), "patience": 2})
    from puffer_edge_node.node import PolicyNode  # type: ignore[import-not-found]

    node = PolicyNode()
    assert node.period == 0.02
    node.tick()
    assert node.published == [] and node.warned == ["no observation"]
    size = node.policy.observation_size
    node.takers["observation"](message([0.25] * size))
    node.tick()
    with runtimes.load(tmp_path / "a") as same:
        action = np.asarray(same.step([0.25] * size), np.float32).reshape(-1).tolist()
    assert node.published == [action]
    for _ in range(3):
        node.tick()
    assert len(node.published) == 2 and node.warned[-1] == "no observation"  # patience 2
    for wrong in ([0.0] * (size + 1), [float("nan")] * size):
        node.takers["observation"](message(wrong))
        node.tick()
        assert len(node.published) == 2 and node.warned[-1].startswith("refused: ")
    assert node.takers["reset"](None, types.SimpleNamespace()).success
    tree = ET.parse(BOARDS / "ros2" / "package.xml").getroot()
    assert tree.findtext("name") == "puffer_edge_node"
    assert (BOARDS / "ros2" / "resource" / "puffer_edge_node").exists()
