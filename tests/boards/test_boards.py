# SPDX-License-Identifier: MIT
"""The files of boards: what is in them holds together, and what is damaged is one error."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from puffer_edge.boards import FOLDER, aliases, boards, find_board
from puffer_edge.boards.reading import parse_board, read_board
from puffer_edge.cli import main
from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.targets import EXPORTED, Target, find_exported

GOOD = (FOLDER / "nucleo-f411re.toml").read_text()
WANTED = """pico pico-w pico2 arduino-uno arduino-mega nano-33-ble nano-rp2040 portenta-h7 giga
    uno-r4 teensy-4.1 esp32 esp32-s3 esp32-c3 esp32-c6 nucleo-f401re nucleo-f411re nucleo-f446re
    nucleo-f746zg nucleo-h743zi nucleo-g0b1re nucleo-l4r5zi nucleo-u575zi stm32f4-discovery
    nrf52840-dk microbit microbit-v2 nrf5340-dk crazyflie-2.1 pixhawk-6x raspberry-pi-zero-2
    raspberry-pi-4 raspberry-pi-5""".split()
"""The boards of the issue that asked for them."""


def test_the_boards_that_people_own_are_there() -> None:
    assert set(WANTED) <= set(boards()) and len(boards()) >= 25


def test_every_number_has_a_source_that_can_be_looked_up() -> None:
    document = re.compile(r"https://\S+\.\S+/|\b(RM|DS|PM|R01UH)\d{4}|\bPS v\d|RP2\d{3} datasheet")
    for board in boards().values():
        for part in (board.core, board.flash, board.ram, board.fetch):
            assert part is None or document.search(part.source), (board.name, part)


def test_names_mean_one_board_each() -> None:
    names = [*boards(), *(alias for board in boards().values() for alias in board.aliases)]
    assert len(names) == len(set(names))
    assert all(find_board(alias) is boards()[name] for alias, name in aliases().items())


def test_cores_are_those_of_the_targets() -> None:
    """What C is compiled for has an FPU where the board has, and the alias leads to it."""
    for board in boards().values():
        if not board.core.target:
            continue
        target = EXPORTED[board.core.target]
        assert find_exported(board.name) is target
        if isinstance(target, Target):
            assert target.hard_float == (board.core.float_unit != "none"), board.name
        if board.bare_metal is not None:
            assert isinstance(target, Target) and target.isa == "thumb"
            assert board.ram.origin and (board.ram.linked or board.ram.size) <= board.ram.left


@pytest.mark.parametrize(("typed", "name"), [
    ("Nucleo_F411RE", "nucleo-f411re"), ("micro:bit", "microbit"), ("RPi Pico", "pico"),
    ("rp2350", "pico2"), ("stm32f4", "pyboard"), ("Teensy4.1", "teensy-4.1"),
    ("Mega", "arduino-mega"), ("RPi 4", "raspberry-pi-4"), ("esp-32", "esp32"),
    ("zero 2", "raspberry-pi-zero-2"), ("Nucleo F411-RE", "nucleo-f411re")])
def test_what_people_call_a_board(typed: str, name: str) -> None:
    assert find_board(typed) is boards()[name]


@pytest.mark.parametrize(("typed", "hint"), [
    ("nucleo-f411", "did you mean nucleo-f411re"), ("tensy41", "did you mean teensy41"),
    ("arduino", "arduino-uno"), ("z80", "`puffer-edge boards` lists them"),
    ("x" * 999, "lists them"), ("../pico", "did you mean")])
def test_what_is_no_board(typed: str, hint: str) -> None:
    with pytest.raises(UsageError, match="there is no board") as error:
        find_board(typed)
    assert hint in str(error.value) and len(str(error.value)) < 400


@pytest.mark.parametrize(("old", "new", "says"), [
    ("clock = 100_000_000\n", "", r"\[core\] lacks clock"),
    ("clock = 100_000_000", "clock = '100 MHz'", "core.clock is '100 MHz', not of the type int"),
    ("clock = 100_000_000", "clock = true", "core.clock is True, not of the type int"),
    ("clock = 100_000_000", "clock = 1e8", "core.clock is 100000000.0"),
    ("clock = 100_000_000", "clock = -1", "core.clock is -1, which is out of range"),
    ("clock = 100_000_000", "clock = 0", "core.clock is 0"),
    ("[core]", "[cores]", "the file has no key 'cores'"),
    ("[core]", "[core]\nmhz = 100", r"\[core\] has no key 'mhz'"),
    ("[core]", "[core", "this is not TOML"),
    ('float-unit = "single"', 'float-unit = "half"', "core.float-unit is 'half'"),
    ("left = 524_288", "left = 524_289", "flash.left is more than flash.size"),
    ("line = 16", "line = 24", "fetch.line is no power of two"),
    ('"thumb", ', '"asm", ', "micropython.grades is 'asm'"),
    ('["thumb", "viper", "unrolled", "bytecode"]', '"thumb"', "micropython.grades is no list"),
    ('["thumb", "viper", "unrolled", "bytecode"]', "[]", "micropython.grades is empty"),
    ("title = ", "name = 'x'\ntitle = ", "name is the file's"),
    ("f411re", "F411 RE", "is no name of a board"),
    ("ST Nucleo-F411RE", "\\u0007", "has others than ASCII's"),
    ('source = "RM0383', 'source = ""  # "', "fetch.source is empty"),
    ("[ram]", "ram = 3\n[rom]", "ram is no table|has no key|not TOML"),
])
def test_what_is_wrong_in_a_file_is_named(old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(FileFormatError, match=says) as error:
        parse_board(GOOD.replace(old, new), "mine", "mine.toml")
    assert error.value.where == "mine.toml"


def test_a_file_of_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD)
    assert find_board(str(tmp_path / "mine.toml")).name == "mine"
    with pytest.raises(UsageError, match="there is no such file"):
        find_board(str(tmp_path / "other.toml"))
    for content, says in ((b"\xff", "UTF-8"), (b"#" * (1 << 17), "too large")):
        (tmp_path / "bad.toml").write_bytes(content)
        with pytest.raises(FileFormatError, match=says):
            read_board(tmp_path / "bad.toml")


def test_the_command_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    run(["boards", "--json"])
    data = json.loads(capsys.readouterr().out)
    assert set(data) == set(boards()) and data["pico"]["core"]["clock"] == 125_000_000
    run(["boards"])
    assert set(boards()) <= set(capsys.readouterr().out.replace("│", " ").split())
    run(["boards", "nucleo-f411re"])
    assert "RM0383" in capsys.readouterr().out
    assert run(["boards", "nucleo-f412"]) == 2


def run(arguments: list[str]) -> int:
    try:
        main(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0
