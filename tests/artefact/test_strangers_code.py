# SPDX-License-Identifier: MIT
"""Code of an artefact is made again from its Program; no other is compiled, run or copied."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from puffer_edge import api, runtimes, verify
from puffer_edge.artefact.directory import read_manifest
from puffer_edge.artefact.manifest_schema import MANIFEST
from puffer_edge.artefact.schema import check
from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.exporters.regenerating import read_code
from puffer_edge.firmware import flash
from puffer_edge.firmware.project import project
from tests import zoo
from tests.support.exporting import write_artefact


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    work = tmp_path_factory.mktemp("strangers")
    api.export(zoo.program("mlp"), work / "c", name="zoo", seed=5)
    write_artefact(zoo.program("mlp_int8"), work / "micropython", target="micropython", name="zoo",
                   scheme="int8", seed=5, counts={"": (0.01, 0.5)})
    return {path.name: path for path in work.iterdir()}


@pytest.fixture
def artefact(exported: dict[str, Path], tmp_path: Path) -> Any:
    return lambda kind: shutil.copytree(exported[kind], tmp_path / kind)


def sign(directory: Path, changes: dict[str, Any] | None = None) -> None:
    """Makes the hashes right, and changes other parts of the manifest."""
    path = directory / "policy.json"
    manifest = json.loads(path.read_text()) | (changes or {})
    manifest["files"] = {name: hashlib.sha256((directory / name).read_bytes()).hexdigest()
                         for name in manifest["files"]}
    path.write_text(json.dumps(manifest))


def poison(directory: Path, canary: Path) -> None:
    """Code that leaves a file behind, in every file of code, with the right hashes."""
    for path in [*directory.glob("*.h"), *directory.glob("*.py")]:
        path.write_text(path.read_text() + (
            f'\nimport os\nos.close(os.open("{canary}", os.O_CREAT, 420))\n'
            if path.suffix == ".py" else
            "\n__attribute__((constructor)) static void pwn(void)"
            f'{{ extern int creat(const char *, int); creat("{canary}", 420); }}\n'))
    sign(directory)


COMMANDS = {
    "verify": ["verify", "{a}"],
    "bench": ["bench", "{a}", "--backends", "numpy,native", "--seconds", "0.01"],
    "run": ["run", "{a}", "--env", "CartPole-v1", "--episodes", "1"],
    "firmware": ["firmware", "{a}", "--board", "{board}", "--output", "{out}"],
    "flash": ["flash", "{a}", "--board", "pico", "--dry-run"],
}


@pytest.mark.parametrize(("command", "kind"), [
    ("verify", "c"), ("verify", "micropython"), ("bench", "c"), ("run", "c"), ("firmware", "c"),
    ("firmware", "micropython"), ("flash", "micropython")])
def test_no_command_runs_it(command: str, kind: str, artefact: Any, tmp_path: Path) -> None:
    directory, canary, out = artefact(kind), tmp_path / "PWNED", tmp_path / "out"
    poison(directory, canary)
    before = sorted(path.name for path in tmp_path.iterdir())
    words = [word.format(a=directory, out=out, board="stm32f4" if kind == "c" else "pico")
             for word in COMMANDS[command]]
    done = subprocess.run([sys.executable, "-m", "puffer_edge", *words], capture_output=True,
                          text=True, check=False, cwd=tmp_path,
                          env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])})
    assert done.returncode == 3, done.stderr
    assert "--trust" in done.stderr and "Traceback" not in done.stderr
    assert not canary.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_trusted_code_runs(artefact: Any, tmp_path: Path) -> None:
    """The canary works: with trust it is there."""
    directory, canary = artefact("c"), tmp_path / "PWNED"
    poison(directory, canary)
    verify(directory, target="host", trust=True)
    assert canary.exists()


def test_what_runs_is_made_of_the_program(artefact: Any, tmp_path: Path) -> None:
    directory, canary = artefact("c"), tmp_path / "PWNED"
    poison(directory, canary)
    with pytest.raises(FileFormatError, match="other code"):
        runtimes.load(directory)
    runtimes.load(directory, "numpy", trust=True).close()
    assert not canary.exists()


@pytest.mark.parametrize("kind", ["c", "micropython"])
def test_reasons_are_named(kind: str, artefact: Any) -> None:
    directory = artefact(kind)
    code = "policy.h" if kind == "c" else "policy.py"
    good = (directory / code).read_bytes()
    assert read_code(directory, read_manifest(directory))[code] == good
    (directory / code).write_bytes(good.replace(b"\n", b"\r\n"))
    with pytest.raises(FileFormatError, match="CRLF"):
        verify(directory)
    (directory / code).write_bytes(good + b"\n")
    with pytest.raises(FileFormatError, match="other code than"):
        verify(directory)
    sign(directory, {"tool": "puffer-edge 0.0.1"})
    with pytest.raises(FileFormatError, match=r"written by 'puffer-edge 0\.0\.1'"):
        verify(directory)
    (directory / code).write_bytes(good)
    sign(directory)  # the same code, whatever wrote it
    assert read_code(directory, read_manifest(directory))[code] == good
    (directory / "more.py").write_text("import os")
    manifest = json.loads((directory / "policy.json").read_text())
    manifest["files"]["more.py"] = ""
    (directory / "policy.json").write_text(json.dumps(manifest))
    sign(directory)
    with pytest.raises(FileFormatError, match="export does not write this file"):
        verify(directory)


@pytest.mark.parametrize("name", [
    "$(shell touch X).py", "a b.py", "../policy.py", "/etc/passwd", "a;b.py", "a\nb.py",
    "\x1b[2J.py", "-rf.py", "policy.py\n"])
def test_a_name_that_make_or_a_shell_reads_is_refused(name: str, artefact: Any,
                                                      tmp_path: Path) -> None:
    for places in (("micropython", "modules"), ("files",)):
        directory = artefact("micropython")
        path = directory / "policy.json"
        manifest = json.loads(path.read_text())
        if places == ("files",):
            manifest["files"][name] = "0" * 64
        else:
            manifest["micropython"]["modules"].append(name)
        path.write_text(json.dumps(manifest))
        with pytest.raises(FileFormatError, match="manifest is damaged") as caught:
            project(directory, "pico", tmp_path / "out")
        assert str(caught.value).replace("\n  hint", "").isprintable()
        with pytest.raises(FileFormatError, match="manifest is damaged"):
            flash.plan(directory, "pico")
        assert not (tmp_path / "out").exists()
        shutil.rmtree(directory)


def places(plain: Any) -> list[tuple[Any, Any]]:
    keys = list(plain) if isinstance(plain, dict) else range(
        len(plain)) if isinstance(plain, list) else ()
    return [place for key in keys for place in [(plain, key), *places(plain[key])]]


@pytest.mark.parametrize("value", [None, -1, 10**400, 2**63, "\x1b[31m", "a/../b", [], {}, [[[]]],
                                   float("nan"), True, "$(x)"])
def test_anything_anywhere_in_the_manifest(value: Any, exported: dict[str, Path]) -> None:
    """One ValueError, or a manifest whose words are harmless; the message is printable."""
    text = (exported["micropython"] / "policy.json").read_text()
    check(json.loads(text), MANIFEST)
    refused = 0
    for index in range(len(places(json.loads(text)))):
        manifest = json.loads(text)
        container, key = places(manifest)[index]
        container[key] = value
        try:
            check(manifest, MANIFEST)
        except ValueError as error:
            refused += 1
            assert str(error).isprintable()
    assert refused > 20
    for key in json.loads(text):
        manifest = json.loads(text)
        del manifest[key]
        if key not in ("request", "quantization", "micropython", "tools"):
            with pytest.raises(ValueError, match=key):
                check(manifest, MANIFEST)


@pytest.mark.parametrize("kind", ["fifo", "device", "huge", "deep", "digits", "nothing", "folder"])
def test_a_manifest_that_is_no_file_of_text(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "huge":
        with path.open("wb") as file:
            file.truncate(1 << 30)
    elif kind == "folder":
        path.mkdir()
    elif kind != "nothing":
        path.write_text("[" * 100_000 if kind == "deep" else '{"format": ' + "9" * 1_000_000 + "}")
    with pytest.raises(FileFormatError):
        read_manifest(tmp_path)


def test_nothing_is_built_for_this_computer(artefact: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from puffer_edge.verification.emulators import host_machine

    directory = artefact("c")
    monkeypatch.setattr(host_machine, "HostMachine", None)
    report = verify(directory, native=False)
    assert report.passed
    assert not [each for each in report.checks if "this computer" in each.name]
    with pytest.raises(UsageError, match="this computer"):
        verify(directory, target="host", native=False)


def test_states_that_lie_in_each_others_memory_are_refused(artefact: Any) -> None:
    """Export gives each its own; code that copies one after the other would lose one."""
    directory = artefact("c")
    with pytest.raises(FileFormatError, match="memory of others"):
        read_code(directory, read_manifest(directory), program=zoo.program("states_swap"))
