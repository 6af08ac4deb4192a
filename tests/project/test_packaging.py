# SPDX-License-Identifier: MIT
"""Wheel, sdist, editable install and the bare tree all import the same packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {"puffer_edge": "puffer_edge", "exporters": "puffer_edge/exporters",
           "runtimes": "puffer_edge/runtimes", "firmware": "puffer_edge/firmware"}
IMPORTS = ("import puffer_edge, puffer_edge.exporters.c.ops, puffer_edge.runtimes, "
           "puffer_edge.firmware, puffer_edge.verification, puffer_edge.cli; "
           "from puffer_edge.exporters.c.kernels import source; source('gemm_f32'); "
           "print(puffer_edge.__file__)")


def run(*command: object, cwd: Path | None = None) -> str:
    outside = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run([str(part) for part in command], cwd=cwd, check=False, text=True,
                          capture_output=True, env=outside)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def tree_files() -> set[str]:
    """What must be in an installed package: every source file, by its installed path."""
    files = set()
    for folder, installed in FOLDERS.items():
        for path in (ROOT / folder).rglob("*"):
            inside = path.relative_to(ROOT / folder)
            if path.is_file() and "__pycache__" not in inside.parts and not any(
                    (ROOT / folder / parent).is_symlink() for parent in inside.parents):
                files.add(f"{installed}/{inside.as_posix()}")
    return files


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree without build products, so that building leaves no traces in it."""
    target = tmp_path_factory.mktemp("source") / "puffer-edge"
    ignore = shutil.ignore_patterns(".git", ".venv", "build", "dist", "__pycache__", "*.egg-info",
                                    ".*_cache", ".hypothesis", ".venv-*", "tests")

    def ignored(folder: str, names: list[str]) -> set[str]:
        return ignore(folder, names) | ({"examples"} if Path(folder) == ROOT else set())

    shutil.copytree(ROOT, target, symlinks=True, ignore=ignored)
    return target


@pytest.fixture(scope="session")
def wheel(copy: Path) -> Path:
    built = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist", ".", cwd=copy)
    assert "absent from the `packages`" not in built
    (found,) = (copy / "dist").glob("*.whl")
    return found


def environment(directory: Path) -> Path:
    """A fresh interpreter that sees this one's third-party packages, but no puffer-edge."""
    venv.create(directory, with_pip=False)
    (site,) = directory.glob("lib/python*/site-packages")
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return directory / "bin" / "python"


def test_the_wheel_holds_every_package_and_no_other_top_level(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    packages = {name for name in names if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in packages} == {"puffer_edge"}
    assert tree_files() - packages == set()


def test_the_wheel_imports(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "pip", "install", "--no-deps", "--target", tmp_path / "site", wheel)
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); {IMPORTS}"
    assert str(tmp_path) in run(sys.executable, "-c", code, cwd=tmp_path)


SCRIPT = """
from pathlib import Path
import numpy as np
import puffer_edge
from puffer_edge import Field, LoadOptions, PolicyWarning, Program, UsageError

program: Program = puffer_edge.load("policy.pt", action_sizes=(3, 2), frame_stack=4)
observations = np.zeros((100, 4), np.float32)
path: Path = puffer_edge.export(program, Path("out"), scheme="int8", calibrate=observations,
                                layers={"decoder": "int16"}, target="cortex-m4")
puffer_edge.export("policy.pt", calibrate={"observations": observations}, vec_normalize="none",
                   observation={"gyro": 3}, options=LoadOptions(observation=(Field("g", (3,)),)))
report = puffer_edge.verify(path, reference={"observations": observations, "actions": [[0]]})
print(report.passed, report.measurements, puffer_edge.inspect(program).macs)
print(puffer_edge.play(path, "CartPole-v1", compare=Path("policy.pt"), hidden_size=3).failures)
print([each.median for each in puffer_edge.bench(path, backends=["numpy"])])
print(puffer_edge.check("main.py", select=["PE1"]).findings, puffer_edge.flash(path, "pico").wrong)
print(puffer_edge.firmware(path, "stm32f4", "project").files)
recording = puffer_edge.calibrate("policy.pt", "env:CartPole-v1", steps=100)
with puffer_edge.runtimes.load(path, "numpy") as policy:
    policy.step(recording.observations[0])
puffer_edge.export(program, shceme="int8")
puffer_edge.verify(path, optimise="-O2")
puffer_edge.load("policy.pt", hidden_size="3")
"""


def test_a_users_script_is_checked_from_outside(wheel: Path, tmp_path: Path) -> None:
    """... by mypy --strict, against the installed package: three mistakes, and nothing else."""
    pytest.importorskip("mypy")
    python = environment(tmp_path / "venv")
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    (site / "others.pth").unlink()
    (site / "numpy").symlink_to(Path(np.__file__).parent)  # torch's types would take a minute
    run(sys.executable, "-m", "pip", "install", "--no-deps", "--target", site, wheel)
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", python,
         "--cache-dir", ROOT / ".mypy_cache" / "outside", "script.py"],
        cwd=tmp_path, text=True, capture_output=True, check=False,
        env={key: value for key, value in os.environ.items() if key not in ("PYTHONPATH",
                                                                           "MYPYPATH")})
    *errors, _ = done.stdout.splitlines()
    lines = SCRIPT.splitlines()
    wrong = [index for index, line in enumerate(lines, 1)
             if "shceme" in line or "optimise" in line or 'hidden_size="3"' in line]
    found = [line for line in errors if ": error: " in line]
    assert [int(line.split(":")[1]) for line in found] == wrong, done.stdout + done.stderr


def test_the_sdist_has_the_real_folders_and_builds(wheel: Path) -> None:
    (sdist,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"exporters/c/policy.h.j2", "runtimes/c/gemm_f32.h", "pyproject.toml"} <= names


def test_the_editable_install_imports(copy: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "venv")
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps",
        "--no-build-isolation", "-e", copy)
    assert list(site.glob("*puffer_edge*"))
    assert str(copy) in run(python, "-c", IMPORTS, cwd=tmp_path)


def test_the_bare_tree_imports(copy: Path) -> None:
    assert str(copy) in run(sys.executable, "-c", IMPORTS, cwd=copy)


def test_pyproject_lists_every_package() -> None:
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = set(project["tool"]["setuptools"]["packages"])
    found = {file.rsplit("/", 1)[0].replace("/", ".") for file in tree_files()
             if file.endswith("/__init__.py")}
    assert listed == found
