# SPDX-License-Identifier: MIT
"""Children end with us, whatever ends us, and have more time where the computer is busy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

import puffer_edge
from puffer_edge import processes
from puffer_edge.errors import ToolError
from tests import zoo
from tests.tools import need

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(),
                                reason="processes are counted in Linux's /proc")
STARTS = """
import subprocess, sys, time
from puffer_edge import processes
processes.start([*{leave}, "sh", "-c", "sleep 70 & sleep 70"])
print("started", flush=True)
time.sleep(70)
"""


def alive(mark: str) -> set[int]:
    """Processes with a mark in their environment, which they have from whoever started them."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"MARK={mark}\0".encode() in (folder / "environ").read_bytes():
                found.add(int(folder.name))
        except OSError:
            continue  # it has ended
    return found


def ended(mark: str) -> bool:
    """Whether all have, or do within a while."""
    end = time.monotonic() + 30
    while alive(mark) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(mark)


def marked(mark: str, *command: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, *command], text=True, env={**os.environ, "MARK": mark},
                            **options)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("how", ["child", "child that left its group", "ends by itself"])
def test_children_end_with_us(how: str, tmp_path: Path) -> None:
    need("sh", "setsid")
    mark, leave = tmp_path.name, ["setsid", "--fork"] if "left" in how else []
    with marked(mark, "-c", STARTS.format(leave=leave), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        while len(alive(mark)) < 4:  # we, the helper, both that sleep, and their shell
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM if "itself" in how else signal.SIGKILL)
    assert ended(mark)


def test_a_child_that_has_ended_is_forgotten() -> None:
    first = processes.start(["sh", "-c", "exit 3"])
    processes.end(first)
    keeper = processes._keeper()
    assert keeper is not None and not keeper.groups
    processes.end(first)  # once more, when its number may be another's
    assert processes.run(["sh", "-c", "echo a; echo b >&2; exit 3"], seconds=9, what="x"
                         ).returncode == 3


def test_a_tool_that_does_not_end_is_our_error_and_its_children_end(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    environment = {**os.environ, "MARK": tmp_path.name}
    with pytest.raises(ToolError, match="gcc does not end within"):
        processes.run(["sh", "-c", "sleep 70 & sleep 70"], seconds=0.1, what="gcc",
                      env=environment)
    assert ended(tmp_path.name)
    with pytest.raises(ToolError, match="gcc cannot be started: No such file"):
        processes.run(["/nowhere/gcc"], seconds=1, what="gcc")


def test_limits_grow_with_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    for load, factor in ((0.1, 1), (2.0, 1), (6.0, 3), (1e9, processes.GRACE)):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0.0, 0.0))
        assert processes.patience(300.0) == 300.0 * factor


def killed(artefact: Path, mark: str, moment: float) -> None:
    """``verify`` is killed so many seconds after its first child has started."""
    process = marked(mark, "-c", "from puffer_edge.cli import main; main()", "verify",
                     str(artefact), "--toolchain", "gcc", "--target", "host",
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(alive(mark)) < 3 and process.poll() is None:
        time.sleep(0.002)
    time.sleep(moment)
    process.kill()
    process.wait()
    assert ended(mark)


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("gcc")
    return puffer_edge.export(zoo.program("lstm"), tmp_path_factory.mktemp("a") / "lstm",
                              target="host", name="zoo")


def test_verify_that_is_killed_leaves_no_process(artefact: Path, tmp_path: Path) -> None:
    killed(artefact, tmp_path.name, 0.0)


@pytest.mark.exhaustive
@pytest.mark.parametrize("number", range(100))
def test_verify_that_is_killed_at_any_moment(number: int, artefact: Path, tmp_path: Path) -> None:
    killed(artefact, tmp_path.name, Random(number).uniform(0, 3))
