# SPDX-License-Identifier: MIT
"""An artefact is whole whenever its export is killed, and exports at once do not fail."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from puffer_edge import runtimes
from puffer_edge.artefact import replacing
from puffer_edge.artefact.directory import FORMAT, _parsed, as_json, write
from puffer_edge.artefact.replacing import PREFIX, replace_directory, restore, tidy

ROOT = Path(__file__).parents[2]
FILES = 8
MARK = "marked"

WRITER = f"""
import sys
from pathlib import Path
from puffer_edge.artefact import replacing
from puffer_edge.artefact.directory import FORMAT, as_json, write
if sys.argv[2] == "renames":
    replacing._exchanged = lambda one, other: False
count = 0
while True:
    count += 1
    files = {{f"file_{{i}}": str(count).encode() * 2000 for i in range({FILES})}}
    write(Path(sys.argv[1]), files | {{"policy.json": as_json(
        {{"format": FORMAT, "files": {{name: "" for name in files}}, "count": count}})}})
"""


def start(directory: Path, way: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(directory), way], cwd=ROOT,
                            stderr=subprocess.PIPE)


def whole(directory: Path) -> int:
    """The number of the write that a directory is of; all of its files are."""
    count: int = _parsed(directory)["count"]
    for index in range(FILES):
        assert (directory / f"file_{index}").read_text() == str(count) * 2000
    assert len(list(directory.iterdir())) == FILES + 1
    return count


def leftovers(directory: Path) -> list[str]:
    return [path.name for path in directory.parent.iterdir() if path.name.startswith(PREFIX)]


def kill_often(directory: Path, way: str, kills: int) -> None:
    """Kills a process that replaces a directory again and again, at random moments."""
    random = np.random.default_rng(0)
    for _ in range(kills):
        writer = start(directory, way)
        while not directory.exists():
            assert writer.poll() is None, writer.communicate()[1]
            time.sleep(0.01)
        before = (directory / "policy.json").stat().st_mtime_ns if directory.exists() else 0
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:  # it has begun to replace
            try:
                if (directory / "policy.json").stat().st_mtime_ns != before:
                    break
            except FileNotFoundError:
                break
        time.sleep(random.uniform(0, 0.02))
        writer.kill()
        assert writer.communicate()[1] == b""
        whole(directory)
    tidy(directory)
    assert leftovers(directory) == []


@pytest.mark.parametrize("way", ["exchange", "renames"])
def test_a_killed_export_leaves_a_whole_artefact(tmp_path: Path, way: str) -> None:
    kill_often(tmp_path / "artefact", way, 4)


@pytest.mark.exhaustive
@pytest.mark.parametrize("way", ["exchange", "renames"])
def test_a_thousand_kills_leave_a_whole_artefact(tmp_path: Path, way: str) -> None:
    kill_often(tmp_path / "artefact", way, 500)


@pytest.mark.parametrize("next_command", ["manifest", "load", "export"])
def test_killed_between_the_renames(tmp_path: Path, next_command: str) -> None:
    directory = tmp_path / "artefact"
    script = ("import os, sys; from pathlib import Path\n"
              "from puffer_edge.artefact import replacing;"
              "replacing._exchanged = lambda one, other: False; renamed = replacing._renamed\n"
              "def kill(source, target):\n"
              "    if source.name == 'new': os._exit(9)\n"
              "    return renamed(source, target)\n"
              "replacing._renamed = kill\n"
              "replacing.replace_directory(Path(sys.argv[1]), {'policy.json': b'new'})")
    manifest = as_json({"format": FORMAT, "files": {}, "name": "old"})
    write(directory, {"policy.json": manifest})
    done = subprocess.run([sys.executable, "-c", script, str(directory)], cwd=ROOT, check=False)
    assert done.returncode == 9 and not directory.exists() and len(leftovers(directory)) == 1
    if next_command == "manifest":
        assert _parsed(directory)["name"] == "old"
    elif next_command == "load":
        with pytest.raises(Exception, match="the manifest is damaged"):
            runtimes.load(directory)
        assert (directory / "policy.json").read_bytes() == manifest
    else:
        write(directory, {"policy.json": manifest})
    assert leftovers(directory) == []


def test_the_work_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    directory = tmp_path / "artefact"
    with replacing._work_folder(directory) as work:
        (work / "old").mkdir()
        tidy(directory)
        assert work.exists() and not restore(directory)
    foreign = tmp_path / f"{PREFIX}mine"
    foreign.mkdir()
    tidy(directory)
    assert foreign.exists(), "a folder of another name is somebody's"


@pytest.mark.parametrize("way", ["exchange", "renames"])
def test_exports_at_once_do_not_fail(tmp_path: Path, way: str,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "renames":
        monkeypatch.setattr(replacing, "_exchanged", lambda one, other: False)
    directory, errors = tmp_path / "artefact", []

    def export(mark: int) -> None:
        try:
            for _ in range(20):
                replace_directory(directory, {f"file_{i}": bytes([mark]) for i in range(4)})
        except OSError as error:
            errors.append(error)

    threads = [Thread(target=export, args=(mark,)) for mark in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len({file.read_bytes() for file in directory.iterdir()}) == 1
    assert leftovers(directory) == []


def test_a_failure_gives_the_old_one_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = tmp_path / "artefact"
    replace_directory(directory, {MARK: b"old"})
    renamed = replacing._renamed

    def fail(source: Path, target: Path) -> bool:
        if source.name == "new":
            raise OSError(errno.ENOSPC, "no space")
        return renamed(source, target)

    monkeypatch.setattr(replacing, "_exchanged", lambda one, other: False)
    monkeypatch.setattr(replacing, "_renamed", fail)
    with pytest.raises(OSError, match="no space"):
        replace_directory(directory, {MARK: b"new"})
    assert (directory / MARK).read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["artefact"]
