# SPDX-License-Identifier: MIT
"""What projects are written for: a row per framework, with a folder of templates each."""

from __future__ import annotations

from dataclasses import dataclass

from puffer_edge.boards import Board
from puffer_edge.choices import choose
from puffer_edge.errors import UsageError
from puffer_edge.targets import MICROPYTHON


@dataclass(frozen=True)
class Framework:
    """An ecosystem, and the form that a library has there.

    Attributes:
        name: what the user types; with ``_`` for ``-`` the folder of its templates.
        title: what is printed.
        policy: folder of the project where the policy lies.
        then: what the user does with the project; ``{}`` is its directory.
    """

    name: str
    title: str
    policy: str
    then: str


FRAMEWORKS = {each.name: each for each in (
    Framework("bare-metal", "no framework", "", "make -C {}"),
    Framework("micropython", "MicroPython", "", "make -C {}"),
    Framework("pico-sdk", "the Pico SDK", "src/", "cmake -S {0} -B {0}/build"),
    Framework("esp-idf", "ESP-IDF", "", "idf.py -C {}/examples/control build"),
    Framework("zephyr", "Zephyr", "src/", "west build {}/samples/control"),
    Framework("arduino", "Arduino", "src/",
              "copy {} into the libraries of the Arduino IDE, and open its example"),
    Framework("platformio", "PlatformIO", "src/", "pio run -d {}/examples/control"),
    Framework("cmsis-pack", "CMSIS-Pack", "src/", "cpackget add {}/*.pdsc"),
    Framework("linux", "Linux with systemd", "", "make -C {}"),
)}
"""In the order in which one is chosen where the user names none."""
ALIASES = {"none": "bare-metal", "bare": "bare-metal", "baremetal": "bare-metal",
           "mpy": "micropython", "pico": "pico-sdk", "picosdk": "pico-sdk", "idf": "esp-idf",
           "espidf": "esp-idf", "pio": "platformio", "cmsis": "cmsis-pack", "pack": "cmsis-pack",
           "systemd": "linux", "west": "zephyr"}


def frameworks_of(board: Board) -> tuple[str, ...]:
    """The frameworks that a project can be written for, of a board."""
    names = board.names
    there = {
        "bare-metal": board.bare_metal is not None, "micropython": board.micropython is not None,
        "arduino": bool(names and names.arduino), "platformio": bool(names and names.platformio),
        "esp-idf": bool(names and names.esp_idf), "zephyr": bool(names and names.zephyr),
        "pico-sdk": bool(names and names.pico_sdk),
        "cmsis-pack": board.core.name.startswith("cortex-m"),
        "linux": board.core.target == "rpi"}
    return tuple(name for name in FRAMEWORKS if there[name])


def find_framework(name: str, board: Board, target: str) -> Framework:
    """The framework of that name; without a name the first that the board and the artefact have.

    Args:
        name: as the user typed it.
        board: that the project is for.
        target: of the artefact.

    Raises:
        UsageError: there is none, it is none of the board's, or not for such an artefact.
    """
    python = target == MICROPYTHON.name
    possible = [each for each in frameworks_of(board) if (each == MICROPYTHON.name) == python]
    hint = (f"choose one of {', '.join(possible)}" if possible else
            "export the policy with --target " + ("cortex-m" if python else "micropython"))
    if not name:
        if not possible:
            raise UsageError(f"there is no project of such an artefact for {board.name}", hint=hint)
        return FRAMEWORKS[possible[0]]
    found = choose(name, FRAMEWORKS, what="framework", aliases=ALIASES)
    if found.name not in frameworks_of(board):
        raise UsageError(f"there is no {found.name} project for {board.name}", hint=hint)
    if found.name not in possible:
        raise UsageError(f"the artefact is for {target}, the framework {found.name} is not",
                         hint=hint)
    return found
