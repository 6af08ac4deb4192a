# SPDX-License-Identifier: MIT
"""Projects of every framework: in the form that it asks for, and examples that compile."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

import puffer_edge
from puffer_edge.artefact.opening import read_subject
from puffer_edge.boards import boards, find_board
from puffer_edge.errors import UsageError
from puffer_edge.firmware.frameworks import FRAMEWORKS, find_framework, frameworks_of
from puffer_edge.firmware.project import project, rendered
from puffer_edge.robot.reading import read_contract
from puffer_edge.targets import TARGETS
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.emulators.opening import open_machine
from puffer_edge.verification.harness import ImageBuilder
from tests.firmware.formats import arduino, cmsis_pack, esp_idf, platformio, zephyr
from tests.firmware.test_project import export
from tests.robot.contracts import deploy_yaml, policy
from tests.tools import need

ROOT = Path(__file__).parents[2]
ON_ZEPHYR = frozenset(board.names.zephyr for board in boards().values() if board.names)
RULES: dict[str, Callable[[Mapping[str, bytes]], Iterator[str]]] = {
    "arduino": arduino.problems, "platformio": platformio.problems, "esp-idf": esp_idf.problems,
    "zephyr": partial(zephyr.problems, boards=ON_ZEPHYR), "cmsis-pack": cmsis_pack.problems}
BOARDS = {"arduino": "arduino-mega", "platformio": "nucleo-f411re", "esp-idf": "esp32-c3",
          "zephyr": "nrf52840-dk", "cmsis-pack": "nucleo-u575zi", "pico-sdk": "pico",
          "linux": "raspberry-pi-4"}


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(tmp_path_factory.mktemp("artefact") / "a")


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*") if path.is_file() and path.name[0] != "."}


def tool(name: str) -> str:
    """A program of the format's owner, from PyPI; they do not fit beside our own packages."""
    where = Path(os.environ.get("PUFFER_EDGE_BOARD_TOOLS", ROOT / ".venv-boards" / "bin")) / name
    if not where.exists():
        pytest.skip(f"{name} is not installed; .ci/run brings it into .venv-boards")
    return str(where)


def call(*command: str, where: Path) -> subprocess.CompletedProcess[str]:
    home = {"HOME": str(where), "PLATFORMIO_CORE_DIR": str(where / ".pio-core"),
            "KCONFIG_WARN_UNDEF": "y"}
    return subprocess.run(command, cwd=where, capture_output=True, text=True, check=False,
                          timeout=300, env={**os.environ, **home})


def test_every_board_has_projects_by_the_rules(artefact: Path) -> None:
    manifest = read_subject(artefact).manifest
    policy = {"policy.h": b"", "src/policy.h": b""}
    for board in boards().values():
        assert frameworks_of(board), board.name
        for name in frameworks_of(board):
            if name != "micropython":
                files = rendered(manifest, board, FRAMEWORKS[name])
                found = list(RULES[name]({**files, **policy})) if name in RULES else []
                assert found == [], (board.name, name)
                assert all(b"control()" in content for path, content in files.items()
                           if path.endswith(("main.c", "main.cpp", ".ino")))


PLANTED = {
    "arduino": [
        ("library.properties", "category=Device Control\n", "", "category is missing"),
        ("library.properties", "url=https://", "url=", "url is no address"),
        ("library.properties", "Device Control", "Robots", "category is none"),
        ("library.properties", "architectures=*", "architectures=z80", "z80 is not known"),
        ("library.properties", "version=1.0.0", "version=1.0c", "no semantic version"),
        ("src/lander.h", None, "", "lander.h is missing"),
        ("examples/Control/Control.ino", None, "examples/Control/Main.ino", "as its folder")],
    "platformio": [
        ("library.json", '  "version": "1.0.0",\n', "", "version is missing"),
        ("library.json", '"version": "1.0.0"', '"version": 1', "version is of another type"),
        ("examples/control/platformio.ini", "ststm32", "stm", "platform is not known"),
        ("library.json", "1.0.0", "1.x", "no semantic version"),
        ("src/lander.h", None, "", "header is missing"),
        ("examples/control/src/main.cpp", None, "", "main.cpp is missing")],
    "esp-idf": [
        ("idf_component.yml", 'version: "1.0.0"\n', "", "version is missing"),
        ("idf_component.yml", "description: The", "description: [1]\nx: The", "another type"),
        ("idf_component.yml", "esp32c3", "esp32c33", "esp32c33 is not known"),
        ("idf_component.yml", "1.0.0", "one", "no semantic version"),
        ("lander.c", None, "", "lander.c is missing")],
    "zephyr": [
        ("zephyr/module.yml", "  kconfig: zephyr/Kconfig\n", "", "build.kconfig is missing"),
        ("zephyr/module.yml", "cmake: zephyr", "cmake: 3", "build.cmake is of another type"),
        ("samples/control/sample.yaml", "nrf52840dk", "nrf52841dk", "is not known"),
        ("samples/control/CMakeLists.txt", "VERSION 3.20.0", "VERSION x", "version of CMake"),
        ("zephyr/CMakeLists.txt", None, "", "has no CMakeLists.txt")],
    "cmsis-pack": [
        ("PufferEdge.lander.pdsc", "  <vendor>PufferEdge</vendor>\n", "", "vendor is missing"),
        ("PufferEdge.lander.pdsc", 'date="2026-01-01"', 'date="today"', "date of a release"),
        ("PufferEdge.lander.pdsc", 'category="header"', 'category="headers"', "category of"),
        ("PufferEdge.lander.pdsc", "Cortex-M33", "Cortex-M34", "Cortex-M34 is not known"),
        ("PufferEdge.lander.pdsc", 'release version="1.0.0"', 'release version="1.0"', "version"),
        ("src/lander.c", None, "", "src/lander.c is missing")],
}


@pytest.mark.parametrize("name", list(PLANTED))
def test_planted_errors_are_found(name: str, artefact: Path) -> None:
    """A missing field, a wrong type, an unknown category or target, a bad version, no file."""
    board = boards()[BOARDS[name]]
    good = {**rendered(read_subject(artefact).manifest, board, FRAMEWORKS[name]),
            FRAMEWORKS[name].policy + "policy.h": b""}
    assert list(RULES[name](good)) == [] and len(PLANTED[name]) >= 5
    for path, old, new, says in PLANTED[name]:
        files = dict(good)
        content = files.pop(path)
        if old is None:
            files |= {new: content} if new else {}
        else:
            assert old in content.decode()
            files[path] = content.decode().replace(old, new).encode()
        found = "; ".join(RULES[name](files))
        assert says in found, (path, old, found)


@pytest.mark.exhaustive
def test_the_owners_tools_take_them(artefact: Path, tmp_path: Path) -> None:
    """compote, pio and kconfiglib; and what they refuse."""
    compote, pio, python = tool("compote"), tool("pio"), tool("python")
    made = {name: tmp_path / name for name in ("esp-idf", "platformio", "zephyr")}
    for name, folder in made.items():
        project(artefact, BOARDS[name], folder, framework=name)
    done = call(compote, "manifest", "lint", where=made["esp-idf"])
    assert done.returncode == 0, done.stdout + done.stderr
    done = call(compote, "component", "pack", "--name", "lander", where=made["esp-idf"])
    assert (made["esp-idf"] / "dist" / "lander_1.0.0.tgz").exists(), done.stdout + done.stderr
    break_(made["esp-idf"] / "idf_component.yml", '"1.0.0"', "one")
    assert call(compote, "manifest", "lint", where=made["esp-idf"]).returncode != 0
    done = call(pio, "pkg", "pack", "-o", str(tmp_path / "l.tgz"), ".", where=made["platformio"])
    assert (tmp_path / "l.tgz").exists(), done.stdout + done.stderr
    done = call(pio, "project", "config", "--lint",
                where=made["platformio"] / "examples" / "control")
    assert "free from linting errors" in done.stdout, done.stdout + done.stderr
    break_(made["platformio"] / "library.json", '"name": "lander"', '"name": 5')
    done = call(pio, "pkg", "pack", "-o", str(tmp_path / "m.tgz"), ".", where=made["platformio"])
    assert not (tmp_path / "m.tgz").exists()
    kconfig = made["zephyr"] / "zephyr" / "Kconfig"
    kconfig.with_name("Kconfig.all").write_text(
        f'config FPU\n\tbool "FPU"\nconfig CPU_HAS_FPU\n\tbool\nrsource "{kconfig.name}"\n')
    script = ("import kconfiglib, sys; k = kconfiglib.Kconfig('zephyr/Kconfig.all', "
              "warn_to_stderr=False); print(sorted(s for s in k.syms), k.warnings)")
    done = call(python, "-c", script, where=made["zephyr"])
    assert "'LANDER_STEPS_PER_SECOND'" in done.stdout and "[]" in done.stdout, done
    text = kconfig.read_text()
    for old, new in (("bool ", "bol "), ("int ", ""), ("default 50", "default fifty"),
                     ("range 1 10000", "range 1"), ("endif", "end")):
        assert old in text
        kconfig.write_text(text.replace(old, new, 1))
        done = call(python, "-c", script, where=made["zephyr"])
        assert done.returncode != 0 or not done.stdout.strip().endswith("[]"), (old, done)


def break_(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


STUBS = {
    "pico/stdlib.h": """
        typedef struct { int i; } repeating_timer_t; void stdio_init_all(void); void __wfi(void);
        uint32_t time_us_32(void); bool add_repeating_timer_us(int64_t,
            bool (*)(repeating_timer_t *), void *, repeating_timer_t *);""",
    "esp_timer.h": """
        typedef struct esp_timer *esp_timer_handle_t; int64_t esp_timer_get_time(void);
        typedef struct { void (*callback)(void *); void *arg; const char *name; }
            esp_timer_create_args_t;
        int esp_timer_create(const esp_timer_create_args_t *, esp_timer_handle_t *);
        int esp_timer_start_periodic(esp_timer_handle_t, uint64_t);
        #define ESP_ERROR_CHECK(x) (void)(x)""",
    "freertos/FreeRTOS.h": "#define pdTRUE 1\n#define portMAX_DELAY 0xffffffffu",
    "freertos/task.h": """
        typedef struct task *TaskHandle_t; void xTaskNotifyGive(TaskHandle_t);
        TaskHandle_t xTaskGetCurrentTaskHandle(void); uint32_t ulTaskNotifyTake(int, uint32_t);""",
    "zephyr/kernel.h": """
        struct k_timer { int i; }; uint32_t k_cycle_get_32(void);
        #define K_TIMER_DEFINE(name, a, b) struct k_timer name
        #define K_USEC(x) (x)
        void k_timer_start(struct k_timer *, int, int);
        uint32_t k_timer_status_sync(struct k_timer *); unsigned k_cyc_to_us_ceil32(uint32_t);""",
    "zephyr/sys/printk.h": "void printk(const char *, ...);",
    "RTE_Components.h": '#define CMSIS_device_header "device.h"',
    "device.h": """
        struct systick { uint32_t CTRL, LOAD, VAL; }; extern volatile struct systick *SysTick;
        extern uint32_t SystemCoreClock; void SystemCoreClockUpdate(void); void __WFI(void);
        uint32_t SysTick_Config(uint32_t);""",
    "Arduino.h": """
        unsigned long micros(); unsigned long millis();
        struct serial { void begin(long); operator bool(); template<class T> void print(T);
            template<class T> void println(T); }; extern serial Serial;""",
}
"""Of the frameworks' headers, what the examples call."""


EXAMPLES = {
    "pico-sdk": "example/main.c", "esp-idf": "examples/control/main/main.c",
    "zephyr": "samples/control/src/main.c", "cmsis-pack": "examples/control/main.c",
    "arduino": "examples/Control/Control.ino", "platformio": "examples/control/src/main.cpp"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_compile_without_a_warning(name: str, artefact: Path, tmp_path: Path) -> None:
    compile_example(name, artefact, tmp_path)


@pytest.fixture(scope="module")
def robots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artefact with a robot's contract."""
    folder = tmp_path_factory.mktemp("robots")
    (folder / "deploy.yaml").write_text(deploy_yaml())
    contract = read_contract(folder / "deploy.yaml")
    return puffer_edge.export(policy(contract), folder / "a", name="lander", contract=contract)


@pytest.mark.parametrize("name", [each if each in ("arduino", "zephyr") else pytest.param(
    each, marks=pytest.mark.exhaustive) for each in EXAMPLES])
def test_examples_of_a_robots_policy_compile(name: str, robots: Path, tmp_path: Path) -> None:
    compile_example(name, robots, tmp_path)
    text = (tmp_path / "made" / EXAMPLES[name]).read_text()
    assert "lander_act(&policy, &robot, &sensors, &targets)" in text


def compile_example(name: str, artefact: Path, tmp_path: Path) -> None:
    """By the compiler of a board, with stubs of the framework."""
    need("arm-none-eabi-gcc")
    example = EXAMPLES[name]
    for path, text in STUBS.items():
        (tmp_path / "stubs" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "stubs" / path).write_text(
            f"#pragma once\n#include <stdint.h>\n#include <stdbool.h>\n{text}\n")
    made = tmp_path / "made"
    project(artefact, BOARDS[name], made, framework=name)
    policy = made / FRAMEWORKS[name].policy
    plus = example.endswith((".ino", ".cpp"))
    for source, language in ((made / example, "c++" if plus else "c"),
                             (policy / "lander.c", "c")):
        done = subprocess.run(
            ["arm-none-eabi-gcc", "-x", language, "-std=gnu++17" if language == "c++" else
             "-std=gnu11", "-fsyntax-only", "-mcpu=cortex-m4", "-Wall", "-Wextra", "-Werror",
             "-DCONFIG_LANDER_STEPS_PER_SECOND=50", f"-I{tmp_path / 'stubs'}", f"-I{policy}",
             str(source)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_on_linux_it_builds_and_steps(artefact: Path, tmp_path: Path) -> None:
    need("make", "cc")
    project(artefact, "raspberry-pi-4", tmp_path / "p")
    done = subprocess.run(["make", "-C", str(tmp_path / "p")], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0 and "warning" not in done.stderr, done.stderr
    done = subprocess.run([str(tmp_path / "p" / "lander"), "2"], capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.stdout.startswith("selftest 0\n") and "step ns" in done.stdout


def test_the_component_of_esp_idf_runs_on_riscv(artefact: Path, tmp_path: Path) -> None:
    """The ESP32-C3's core, RV32, emulated by unicorn; in integers, as that core has no FPU."""
    project(artefact, "esp32-c3", tmp_path / "p", framework="esp-idf")
    header = (tmp_path / "p" / "lander.h").read_text()
    assert "#define LANDER_INTEGER_ONLY" in header
    integers = read_subject(artefact).integers
    assert integers is not None
    (tmp_path / "build").mkdir()
    builder = ImageBuilder(header=tmp_path / "p" / "lander.h", spec=integers.spec,
                           target=TARGETS["riscv32"], toolchain=find_toolchain("zig"),
                           directory=tmp_path / "build")
    with open_machine(builder, "unicorn") as machine:
        assert machine.selftest() == 0


def test_what_cannot_be_is_one_error(artefact: Path, tmp_path: Path) -> None:
    for board, framework, says in (
            ("pico", "esp-idf", "no esp-idf project for pico"),
            ("pico", "ardiuno", "did you mean arduino"), ("pcio", "arduino", "did you mean pico"),
            ("pico", "micropython", "the framework micropython is not"),
            ("esp32", "cmsis-pack", "no cmsis-pack project")):
        with pytest.raises(UsageError, match=says):
            project(artefact, board, tmp_path / "p", framework=framework)
    manifest = json.loads((artefact / "policy.json").read_text())
    assert manifest["memory"]["weights_bytes"] > 100
    tiny = (ROOT / "firmware" / "boards" / "nucleo-f411re.toml").read_text()
    (tmp_path / "tiny.toml").write_text(tiny.replace("left = 524_288", "left = 100"))
    with pytest.raises(UsageError, match=r"does not fit on ST Nucleo-F411RE: .* of flash"):
        project(artefact, str(tmp_path / "tiny.toml"), tmp_path / "p")
    assert not (tmp_path / "p").exists()
    assert find_framework("PIO", find_board("uno"), "cortex-m4").name == "platformio"
