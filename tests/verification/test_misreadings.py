# SPDX-License-Identifier: MIT
"""Planted misreadings are caught by the second reader, each on an input on which it matters.

The original runs once per file; every wrong Program is compared with what it gave.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import puffer_edge
from puffer_edge.frontends.detect import detect
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.verification.originals import child
from puffer_edge.verification.originals.comparing import compare
from puffer_edge.verification.originals.judging import job_of
from puffer_edge.verification.originals.observing import observations
from puffer_edge.verification.originals.owners import owner_of
from tests.verification.misread_files import FILES
from tests.verification.misreadings import MISREADINGS

NEEDS = {"ONNX": ("onnx", "onnxruntime"), "TFLite": ("flatbuffers", "ai_edge_litert"),
         ".pt2": ("torch",), "TorchScript": ("torch",),
         "Stable-Baselines3": ("stable_baselines3", "sb3_contrib")}


def read(path: Path, options: dict[str, Any], steps: int) -> tuple[Any, Any]:
    """The Program of a file, and what the original of it does."""
    program = puffer_edge.load(path, **options)
    owner = owner_of(detect(path), program.source)
    assert owner is not None
    job = job_of(owner, path, program, LoadOptions(**options))
    return program, child.run(job, *observations(program, steps=steps))


def caught(name: str, directory: Path, steps: int) -> set[str]:
    """Names of the misreadings of a format, all of which are seen to disagree."""
    found = set()
    for package in NEEDS[name]:
        pytest.importorskip(package)
    for make in FILES[name]:
        program, trajectory = read(*make(directory), steps)
        right = compare(program, trajectory)
        assert right.verdict == "agrees", right.text
        for misread in MISREADINGS:
            wrong = misread(program)
            if wrong is not None:
                finding = compare(wrong, trajectory)
                assert finding.verdict == "disagrees", (make.__name__, misread.__name__, finding)
                found.add(misread.__name__)
    return found


@pytest.mark.parametrize("name", ["ONNX", "TFLite"])
def test_misreadings_are_caught_in_few_steps(name: str, tmp_path: Path) -> None:
    assert len(caught(name, tmp_path, steps=12)) >= 12


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", FILES)
def test_misreadings_are_caught(name: str, tmp_path: Path) -> None:
    assert len(caught(name, tmp_path, steps=64)) >= 12
