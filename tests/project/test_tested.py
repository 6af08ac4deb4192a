# SPDX-License-Identifier: MIT
"""Every module has tests, and those of its own room are near."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.project import layers, tested

RUN = {"puffer_edge.__main__", "puffer_edge.subset.flake8_plugin", "puffer_edge.firmware"}
"""Run as programs by tests/subset/test_places.py and others; the last is called as a function."""
NEAR = 6
"""Steps at most to a test, as the stages of a room call each other."""


def has_code(source: str) -> bool:
    return any(not isinstance(node, (ast.Expr, ast.ImportFrom, ast.Import))
               for node in ast.parse(source).body)


def test_every_module_is_near_a_test() -> None:
    found = tested.distances()
    rooms = {path.name for path in (tested.ROOT / "tests").iterdir() if path.is_dir()}
    alone = []
    for module, source in layers.read(tested.ROOT).items():
        if not has_code(source) or module in RUN:
            continue
        room = layers.room(module)
        steps = [steps for test, steps in found[module].items()
                 if room not in rooms or test.startswith(f"tests.{room}.")]
        if not steps or min(steps) > NEAR:
            alone.append(module)
    assert alone == []


def test_the_map_is_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
                            ) -> None:
    paths = ["puffer_edge/quantization/gptq.py", "exporters/c/ops/gemm.py",
             "puffer_edge/planning.py"]
    monkeypatch.setattr("sys.argv", ["tested", *paths])
    tested.main()
    said = capsys.readouterr().out
    first = {line.split()[0]: line.split()[2] for line in reversed(said.splitlines())}
    assert first["puffer_edge.quantization.gptq"] == "tests/quantization/test_gptq.py"
    assert first["puffer_edge.exporters.c.ops.gemm"].startswith("tests/exporters/")
    assert first["puffer_edge.planning"] == "tests/test_planning.py"
    assert all(Path(tested.ROOT / path).is_file() for path in (*paths, *first.values()))


def test_files_of_tests_have_names_of_their_own() -> None:
    """Folders that are no packages share one space of names, in which pytest refuses a second."""
    names = Counter(path.name for path in (tested.ROOT / "tests").rglob("test_*.py")
                    if not (path.parent / "__init__.py").exists())
    assert not [name for name, count in names.items() if count > 1]
