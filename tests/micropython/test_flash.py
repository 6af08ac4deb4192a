# SPDX-License-Identifier: MIT
"""flash over mpremote: a board behind a pseudo-terminal, and MicroPython itself on QEMU."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from puffer_edge.errors import FileFormatError, OutputError, UsageError
from puffer_edge.firmware import session
from puffer_edge.firmware.flash import Flashed, flash, plan
from puffer_edge.verification.micropython.microbit import FIRMWARE
from tests.micropython.test_microbit import export as export_small
from tests.support.exporting import export_as_it_is
from tests.tools import need_microbit

pytest.importorskip("mpremote")
serial = pytest.importorskip("serial")


def export(directory: Path, board: str = "unix", case: str = "mlp_int8") -> Path:
    return export_as_it_is(case, directory, target="micropython", board=board)


@contextmanager
def terminal(process: subprocess.Popen[bytes], piece: int, pause: float) -> Iterator[str]:
    """The name of a serial port that is connected with a process."""
    master, slave = os.openpty()
    tty.setraw(slave)

    def send() -> None:
        assert process.stdin is not None
        try:
            while data := os.read(master, piece):
                process.stdin.write(data)
                time.sleep(pause)
        except (OSError, ValueError):
            pass  # the test is over

    def receive() -> None:
        assert process.stdout is not None
        try:
            while data := os.read(process.stdout.fileno(), 1024):
                os.write(master, data)
        except (OSError, ValueError):
            pass

    for target in (send, receive):
        threading.Thread(target=target, daemon=True).start()
    try:
        yield os.ttyname(slave)
    finally:
        process.kill()
        process.wait()
        os.close(slave)
        os.close(master)


@contextmanager
def simulated(folder: Path, fault: str = "") -> Iterator[str]:
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("raw_repl.py"))], cwd=folder,
        env={**os.environ, "BOARD_FAULT": fault},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    with terminal(process, 256, 0) as port:
        yield port


def test_it_copies_and_tests(tmp_path: Path) -> None:
    wanted = plan(export(tmp_path / "a"), "unix")
    said: list[str] = []
    with simulated(tmp_path / "board") as port:
        done = flash(wanted, port, said.append)
    assert done.wrong == 0 and done.example and done.port == port
    assert done.microseconds is not None and 0 < done.microseconds < 1_000_000
    for name in ("policy.py", "policy_runtime.py", "selftest.py", "weights.bin", "main.py"):
        assert (tmp_path / "board" / name).read_bytes() == (tmp_path / "a" / name).read_bytes()
    assert any("weights.bin" in line for line in said)


def test_a_main_of_the_users_stays(tmp_path: Path) -> None:
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "main.py").write_text("mine = 1\n")
    with simulated(tmp_path / "board") as port:
        assert not flash(plan(export(tmp_path / "a"), "unix"), port).example
    assert (tmp_path / "board" / "main.py").read_text() == "mine = 1\n"


def test_a_wrong_board_is_told(tmp_path: Path) -> None:
    """A self-test that fails is counted; one that raises is one error."""
    wanted = plan(export(tmp_path / "a"), "unix")
    policy = wanted.files["policy.py"].replace(b" * x0 ", b" * x1 ", 1)
    assert policy != wanted.files["policy.py"]
    wanted.files["policy.py"] = policy
    with simulated(tmp_path / "board") as port:
        assert flash(wanted, port).wrong > 0
    wanted.files["weights.bin"] = b"no weights"
    with simulated(tmp_path / "other") as port, pytest.raises(OutputError, match="BlobError"):
        flash(wanted, port)


def test_only_what_differs_is_copied(tmp_path: Path) -> None:
    wanted = plan(export(tmp_path / "a"), "unix")
    said: list[str] = []
    with simulated(tmp_path / "board") as port:
        assert set(flash(wanted, port).copied) == set(wanted.files)
    (tmp_path / "board" / "weights.bin").write_bytes(b"others")
    with simulated(tmp_path / "board") as port:
        done = flash(wanted, port, said.append)
    assert done.copied == ("weights.bin",) and done.wrong == 0
    assert any("policy.py is there already" in line for line in said)


@pytest.mark.parametrize(("fault", "says"), [
    ("full", "file system is full: policy.py has"), ("read-only", "file system is read-only"),
    ("nodev", "has no file system"), ("listing", "has no file system")])
def test_what_is_wrong_with_the_files_is_told(fault: str, says: str, tmp_path: Path) -> None:
    wanted = plan(export(tmp_path / "a"), "unix")
    with simulated(tmp_path / "board", fault) as port, pytest.raises(OutputError, match=says):
        flash(wanted, port)
    assert not any((tmp_path / "board").glob("*.py"))


@pytest.mark.parametrize(("fault", "says"), [
    ("xtensawin", "is for armv6m, the board runs xtensawin"),
    ("old", "has the format 6, the board's MicroPython loads 5"), ("armv6m", "")])
def test_files_for_another_board_are_not_copied(fault: str, says: str, tmp_path: Path) -> None:
    """The word size is a part of the architecture."""
    wanted = plan(export(tmp_path / "pico", "pico"), "pico")
    with simulated(tmp_path / "board", fault) as port, pytest.raises(OutputError) as caught:
        flash(wanted, port)
    if says:
        assert says in caught.value.what and not list((tmp_path / "board").iterdir())
    else:  # CPython behind it has no .mpy files: all were copied
        assert "ModuleNotFoundError" in caught.value.what
        assert (tmp_path / "board" / "policy_kernels.mpy").is_file()


def test_too_little_heap_is_told_before_anything_is_copied(tmp_path: Path) -> None:
    wanted = plan(export(tmp_path / "a"), "unix")
    assert 1000 < wanted.kept <= wanted.loading
    with simulated(tmp_path / "board", "little-heap") as port, pytest.raises(
            OutputError, match="bytes of heap, and the board has 1,000 free"):
        flash(wanted, port)
    assert not list((tmp_path / "board").iterdir())


def test_ports_are_told(tmp_path: Path) -> None:
    wanted = plan(export(tmp_path / "a"), "unix")
    with pytest.raises(OutputError, match="no such port"):
        flash(wanted, str(tmp_path / "nothing"))
    (tmp_path / "file").write_text("no terminal")
    with pytest.raises(OutputError, match="cannot be opened"):
        flash(wanted, str(tmp_path / "file"))
    with simulated(tmp_path / "board") as port:
        held = serial.Serial(port, exclusive=True)
        with pytest.raises(OutputError, match="cannot be opened") as caught:
            flash(wanted, port)
        held.close()
    assert "close other programs" in caught.value.hint


def test_a_board_that_does_not_listen_is_told(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "PATIENCE", 0.2)
    wanted = plan(export(tmp_path / "a"), "unix")
    silent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    with terminal(silent, 256, 0) as port, pytest.raises(OutputError, match="board is busy"):
        flash(wanted, port)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    export(tmp_path / "pico", "pico")
    with pytest.raises(UsageError, match="exported for the board pico"):
        plan(tmp_path / "pico", "esp32")
    with pytest.raises(UsageError, match="needs the smallest form"):
        plan(export(tmp_path / "any", ""), "microbit")
    with pytest.raises(UsageError, match="no board 'toaster'"):
        plan(tmp_path / "pico", "toaster")
    manifest = tmp_path / "pico" / "policy.json"
    good = manifest.read_text()
    (tmp_path / "secret").write_bytes(b"")
    empty = hashlib.sha256(b"").hexdigest()
    manifest.write_text(good.replace('"policy_kernels.mpy"', '"../secret"').replace(
        '"files": {', f'"files": {{"../secret": "{empty}",', 1))
    assert "../secret" in manifest.read_text()
    with pytest.raises(FileFormatError, match="manifest is damaged"):
        plan(tmp_path / "pico", "pico")
    manifest.write_text(good)
    (tmp_path / "pico" / "weights.bin").write_bytes(b"")
    with pytest.raises(FileFormatError, match=r"weights\.bin: the file is not the one"):
        plan(tmp_path / "pico", "pico")


def test_the_command_line(tmp_path: Path) -> None:
    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "puffer_edge", "flash", *map(str, words)],
                              capture_output=True, text=True, check=False)

    export(tmp_path / "a", "")
    done = run(tmp_path / "a", "--board", "pico", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)["files"]
    assert {"policy.mpy", "policy_runtime.mpy", "weights.bin", "main.py"} <= set(listed)
    assert "policy.mpy" in run(tmp_path / "a", "--board", "pico", "--dry-run").stdout
    export(tmp_path / "u")
    with simulated(tmp_path / "board") as port:
        done = run(tmp_path / "u", "--board", "unix", "--port", port)
    assert done.returncode == 0, done.stderr
    assert "self-test: good" in done.stdout and "microseconds" in done.stdout
    with simulated(tmp_path / "board") as port:
        done = run(tmp_path / "u", "--board", "unix", "--port", port, "--json")
    assert json.loads(done.stdout)["copied"] == [], done.stderr
    assert "weights.bin is there already" in done.stderr


def test_a_microbit_is_flashed(tmp_path: Path) -> None:
    """mpremote, MicroPython's own raw REPL, and kernels in machine code, on the emulated board."""
    need_microbit()
    export_small(tmp_path / "a", (4, 16, 16, 2), "int8")
    for pause in (0.001, 0.004, 0.01):  # the firmware loses characters when this computer is busy
        with contextlib.suppress(OutputError):
            done = _flash_microbit(tmp_path / "a", pause)
            break
    assert done.wrong == 0 and done.example


def _flash_microbit(directory: Path, pause: float) -> Flashed:
    process = subprocess.Popen(
        ["qemu-system-arm", "-M", "microbit", "-nographic", "-monitor", "none", "-serial", "stdio",
         "-device", f"loader,file={FIRMWARE}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, bufsize=0)
    with terminal(process, 4, pause) as port:
        return flash(plan(directory, "microbit"), port)
