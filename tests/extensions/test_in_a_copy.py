# SPDX-License-Identifier: MIT
"""ARCHITECTURE.md's lists are whole: what is added in a copy by these alone is at home there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.extensions import toy_board, toy_frontend, toy_function, toy_op, toy_target

ROOT = Path(__file__).parents[2]
COPIED = ("puffer_edge", "exporters", "runtimes", "firmware", "tests", "benchmarks",
          "docs", "pyproject.toml", "ARCHITECTURE.md", "SPECIFICATION.md", "README.md")


EXTENSIONS: dict[str, Any] = {
    "an op": toy_op, "a scalar function": toy_function, "a front end": toy_frontend,
    "a target": toy_target, "a board": toy_board}
"""By how ARCHITECTURE.md calls them."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree, with all of them added."""
    copy = tmp_path_factory.mktemp("tree")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, symlinks=True,
                            ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    for extension in EXTENSIONS.values():
        add(copy, extension.FILES, extension.LINES)
    python_in(copy, "-m", "tests.frontends.support.table")
    return copy


def add(tree: Path, files: Mapping[str, str], lines: Mapping[str, Any]) -> None:
    """Puts files, and lines before others, into a tree."""
    for path, text in files.items():
        assert not (tree / path).exists()
        (tree / path).write_text(text)
    for path, places in lines.items():
        text = (tree / path).read_text()
        for before, line in places:
            assert text.count(before) == 1, (path, before)
            text = text.replace(before, line + before)
        (tree / path).write_text(text)


def pytest_in(tree: Path, *files: str, only: str) -> str:
    return python_in(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, "-k", only)


def python_in(tree: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=tree, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(("files", "only", "found"), [
    (["tests/functions/test_places.py", "tests/exporters/test_c.py"],
     "sinc or test_c_gives_the_oracles_bits and cube", ["everywhere[sinc]", "bits[cube]"]),
    (["tests/frontends/test_support.py", "tests/project/test_documents.py",
      "tests/emulation/test_machines.py", "tests/boards/test_boards.py"],
     "the_network and Toylab or readme or page_has or soft-zig-unicorn and bits_equal "
     "or test_boards",
     ["the_network[Toylab", "page_has_the_table", "targets_in_the_readme_exist",
      "bits_equal_numpy[cortex-m4-soft"]),
    pytest.param(
        ["tests/emulation", "tests/exporters/test_targets.py", "tests/functions/test_cortex_m.py",
         "tests/kernels/test_pedantic.py", "tests/proof/test_matrix.py"],
        "soft or there", ["integers_are_the_same_on_every_core"], marks=pytest.mark.exhaustive),
    pytest.param(
        ["tests/functions", "tests/exporters/test_c.py", "tests/exporters/test_formats.py"],
        "sinc or cube or activations or every_op",
        ["test_c_equals_numpy[sinc]", "test_every_op_is_in_the_zoo_and_has_an_emitter"],
        marks=pytest.mark.exhaustive)])
def test_nothing_is_forgotten(files: list[str], only: str, found: list[str], tree: Path) -> None:
    """The tests of the lists, and parametrised ones that have found what is new by themselves."""
    said = pytest_in(tree, *files, "-rp", only=only)
    for name in found:
        assert name in said


def test_what_is_forgotten_is_named(tree: Path) -> None:
    gone = {"exporters/c/ops/cube.py": "Cube",
            "runtimes/c/sinc_f32.h": "sinc is not known to runtimes/c/sinc_f32.h"}
    kept = {path: (tree / path).read_text() for path in gone}
    for path in gone:
        (tree / path).unlink()
    try:
        with pytest.raises(AssertionError) as failed:
            pytest_in(tree, "tests/functions/test_places.py", "tests/exporters/test_c.py",
                      only="everywhere and sinc or test_c_gives_the_oracles_bits and cube")
    finally:
        for path, text in kept.items():
            (tree / path).write_text(text)
    for words in gone.values():
        assert re.search(words, str(failed.value))


def test_the_documents_name_these_places() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for heading, extension in EXTENSIONS.items():
        part = text.partition(f"## How to add {heading}\n")[2].partition("\n## ")[0]
        for path in (*extension.FILES, *extension.LINES):
            folder, _, name = path.rpartition("/")
            generic = re.sub(r"^(cube|sinc|toylab|toy)", "<[a-z]+>", name)
            short = folder.removeprefix("puffer_edge/")
            assert re.search(rf"{short}/({generic}|`|[\w<>]*\.py)", part) or path in part, path
