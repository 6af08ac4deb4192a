# SPDX-License-Identifier: MIT
"""Every file says its licence: MIT-0 for what gets onto devices, MIT for the rest."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from puffer_edge.exporters.c.kernels import source
from puffer_edge.exporters.licence import COPYRIGHT, LICENCE
from puffer_edge.exporters.micropython.runtime import joined
from tests import zoo
from tests.support.exporting import write_artefact

ROOT = Path(__file__).parents[2]
FREE = ("runtimes/c/", "runtimes/micropython/", "runtimes/rpi/", "firmware/templates/")
TAG = "SPDX-License-" + "Identifier: "


def sources() -> list[Path]:
    folders = ("puffer_edge", "exporters", "runtimes", "firmware", "tests", "benchmarks",
               "examples")
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*"))
            if path.suffix in (".py", ".h", ".c", ".inc", ".mjs") and path.read_text().strip()
            and not any(parent.is_symlink() for parent in path.parents)]


@pytest.mark.parametrize("target", ["cortex-m", "micropython"])
def test_what_is_generated_says_its_licence_once(target: str, tmp_path: Path) -> None:
    write_artefact(zoo.program("mlp_int8"), tmp_path / "a", target=target, scheme="int8")
    code = [path for path in sorted((tmp_path / "a").iterdir())
            if path.suffix in (".h", ".c", ".py") and path.name != "manifest.py"]
    assert code
    for path in code:
        text = path.read_text()
        assert text.count(TAG) == 1 and LICENCE in text[:200] and COPYRIGHT in text[:200], path.name


def test_every_source_says_its_licence() -> None:
    for path in sources():
        name = path.relative_to(ROOT).as_posix()
        wanted = TAG + ("MIT-0" if name.startswith(FREE) else "MIT")
        head = [line.strip("#/* ") for line in path.read_text().split("\n")[:2]]
        assert wanted in head, name


def test_kernels_are_joined_without_theirs() -> None:
    assert TAG not in source("gemm_f32") and TAG not in joined(["gemm_integer"])


@pytest.mark.exhaustive
def test_reuse_agrees() -> None:
    if importlib.util.find_spec("reuse") is None:
        pytest.skip("reuse is not installed; make docs brings it")
    done = subprocess.run([sys.executable, "-m", "reuse", "lint"], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
