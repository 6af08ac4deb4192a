# SPDX-License-Identifier: MIT
"""The documents are true where a machine can tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"


def clause_tests() -> list[str]:
    """Ids like ``exporters/test_c.py::test_x`` in the table cells of the specification."""
    text = (ROOT / "SPECIFICATION.md").read_text()
    found = []
    for row in re.findall(r"^\| [A-Z]\d+ \|.*\| (.*) \|$", text, re.MULTILINE):
        file = ""
        for identity in re.findall(r"`([^`]+)`", row):
            path, _, name = identity.partition("::")
            file = path or file
            found.append(f"{file}::{name}" if name else file)
    return found


def test_every_clause_names_a_test() -> None:
    text = (ROOT / "SPECIFICATION.md").read_text()
    clauses = re.findall(r"^\| [A-Z]\d+ \|.*$", text, re.MULTILINE)
    assert len(clauses) > 20
    assert all(re.search(r"\| `[^|]*` \|$", clause) for clause in clauses)


def test_no_number_stands_for_two_clauses() -> None:
    text = (ROOT / "SPECIFICATION.md").read_text()
    numbers = re.findall(r"^\| ([A-Z]\d+) \|", text, re.MULTILINE)
    assert len(numbers) == len(set(numbers)), sorted({n for n in numbers if numbers.count(n) > 1})


@pytest.mark.parametrize("identity", clause_tests())
def test_the_tests_of_the_specification_exist(identity: str) -> None:
    path, _, name = identity.partition("::")
    files = list(TESTS.glob(path)) if "*" in path else [TESTS / path.rstrip("/")]
    assert files and all(file.exists() for file in files)
    if name:
        assert f"def {name}(" in files[0].read_text()


def test_paths_in_the_documents_exist() -> None:
    """Back-quoted paths of the architecture, but for placeholders such as <op>."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for path in re.findall(r"`([\w./]+/[\w./]*|[\w]+\.(?:py|md))`", text):
        places = (ROOT / path, ROOT / "puffer_edge" / path, ROOT / "exporters" / path,
                  ROOT / "puffer_edge" / "frontends" / path)
        assert any(place.exists() for place in places), path


def test_targets_in_the_readme_exist() -> None:
    from puffer_edge.targets import TARGETS

    listed = re.search(r"puffer-edge targets +# (.*)", (ROOT / "README.md").read_text())
    assert listed
    names = {name if name in TARGETS else f"cortex-{name}"
             for name in listed.group(1).split(", ")}
    assert names | {"cortex-m"} == set(TARGETS)
