# SPDX-License-Identifier: MIT
"""A small tree with four faults: which tests run, what finds them, and what does not."""

from __future__ import annotations

from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.mutants import running
from tests.mutants.mutations import Mutation, mutations
from tests.mutants.near import near, ordered
from tests.mutants.reaching import Record, Run, digest, recorded

ROOT = Path(__file__).parents[2]

SOURCE = """def count(n):
    steps = 0
    while n > 0:
        n -= 3
        steps += 1
    return steps


def unused(n):
    return n + 1
"""
TESTS = """import pytest

from puffer_edge.counting import count, unused


def test_nothing():
    pass


@pytest.mark.parametrize("n", [6, 7])
def test_count(n):
    assert count(n) == (n + 2) // 3


def test_fails():
    assert count(3) == 2


def test_only_called():
    unused(1)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for path, text in (("puffer_edge/__init__.py", ""), ("puffer_edge/counting.py", SOURCE),
                       ("tests/test_counting.py", TESTS)):
        (tmp_path / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / path).write_text(text)
    return tmp_path / "tree"


def test_faults_are_found_by_the_tests_that_reach_them(
        tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("coverage") is None:
        pytest.skip("make mutants brings coverage")
    path, test = "puffer_edge/counting.py", "tests/test_counting.py::test_"
    record = recorded(tree, ["tests"], [path], tmp_path)
    assert set(record.seconds) == {
        f"{test}{name}" for name in ("nothing", "count[6]", "count[7]", "only_called")}
    assert record.tests(tree, path, 4) == {f"{test}count[6]", f"{test}count[7]"}
    assert record.tests(tree, path, 10) == {f"{test}only_called"}
    monkeypatch.setattr(running, "PATIENCE", 0.5)
    planted = {str(mutation): mutation for mutation in mutations(tree, path)}

    def found(fault: str) -> str | None:
        mutation: Mutation = planted[f"{path}:{fault}"]
        by = running.killer(tree, mutation, record, tmp_path, 60.0, Counter())
        assert (tree / path).read_text() == SOURCE
        return by

    assert found("3:13: > -> >=") == f"{test}count[6]"  # of 7, nothing changes
    assert found("4:11: -= -> +=") in {f"{test}count[{n}] (no end, or a crash)" for n in (6, 7)}
    assert found("10:14: + -> -") is None
    (tree / path).write_text(SOURCE + "\n")
    assert len(record.tests(tree, path, 10)) == 3  # the lines are not those of then


def test_what_an_import_runs_is_reached_by_all(tree: Path) -> None:
    """Not only by the test that imports it in a child process, which records it."""
    path, names = "puffer_edge/counting.py", ["tests/t.py::count", "tests/t.py::command_line"]
    constants = tree / "puffer_edge" / "constants.py"
    constants.write_text("FEW = 3\n")
    (tree / path).write_text(f"{SOURCE}\n\nMANY = 7\n")
    run = Run({"tests/t.py": "same"}, {path: digest(tree / path),
                                       "puffer_edge/constants.py": digest(constants)},
              names, [0.1, 3.0], [], {path: {"2": [0], "13": [1]},
                                      "puffer_edge/constants.py": {"1": [1]}})
    record = Record([run], {"tests/t.py": "same"})
    assert record.tests(tree, path, 2) == {names[0]}
    assert record.tests(tree, path, 13) == set(names)
    assert record.tests(tree, "puffer_edge/constants.py", 1) == set(names)


@pytest.fixture
def distances(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of one module only: to read all takes seconds, and has tests elsewhere."""
    monkeypatch.setattr("tests.project.tested.distances", lambda: {
        "puffer_edge.quantization.gptq": {"tests.functions.test_places": 3,
                                          "tests.quantization.test_gptq": 1}})


def test_without_a_record(tree: Path, tmp_path: Path, distances: None) -> None:
    """The same, by the names in the test files; a test that fails without the fault finds none."""
    path, test = "puffer_edge/counting.py", "tests/test_counting.py::test_"
    planted = {str(mutation): mutation for mutation in mutations(tree, path)}
    unsound: set[str] = set()

    def found(fault: str) -> str | None:
        by = near(tree, planted[f"{path}:{fault}"], ["tests"], tmp_path, 60.0, Counter(), unsound)
        assert (tree / path).read_text() == SOURCE
        return by

    assert found("3:13: > -> >=") == f"{test}count[6]"
    assert found("10:14: + -> -") is None and unsound == {f"{test}fails"}


def test_the_nearest_tests_come_first(distances: None) -> None:
    def first(path: str) -> str:
        return ordered(ROOT, path, ["tests/quantization", "tests/functions"], Counter())[0]

    assert first("puffer_edge/quantization/gptq.py") == "tests/quantization/test_gptq.py"
    assert first("runtimes/c/sampling.h") == "tests/functions/test_sampling_kernel.py"


def test_a_letter_makes_no_test_akin() -> None:
    kernel = "runtimes/c/softmax_f32.h"
    assert running.akin(kernel, "tests/exporters/test_c.py::test_one") == 0
    assert running.akin(kernel, "tests/kernels/test_softmax.py::test_f32") == 2
