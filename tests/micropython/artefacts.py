# SPDX-License-Identifier: MIT
"""Policies exported for MicroPython, as the tests of this folder need them."""

from __future__ import annotations

from pathlib import Path

from puffer_edge.artefact.opening import read_subject
from puffer_edge.artefact.vectors import Vectors
from puffer_edge.exporters.regenerating import read_code
from puffer_edge.ir import Continuous, Discrete, Program
from puffer_edge.verification.micropython.session import Session
from tests import zoo
from tests.support.exporting import write_artefact

HEADS = {
    "multi_discrete": lambda: zoo.multi_discrete(),
    "bounded": lambda: zoo.continuous(low=(-1.0, -2.0, 0.0, 0.5, -3.0),
                                      high=(1.0, 3.0, 0.25, 0.75, 3.5), rescale=True),
    "squashed": lambda: zoo.continuous(squash=True, rescale=True, low=(-2.0,) * 5,
                                       high=(1.5,) * 5),
}


def program(case: str) -> Program:
    """A case of the zoo in integers, or one of HEADS with a scheme behind its name."""
    name, _, scheme = case.rpartition("_")
    if name not in HEADS:
        return zoo.program(case)
    assert isinstance(HEADS[name]().contract.action, Discrete | Continuous)
    return zoo.in_integers(HEADS[name](), scheme)


def export(case: str, directory: Path, kernels: str = "") -> Program:
    """Writes an artefact and gives its Program."""
    made = program(case)
    write_artefact(made, directory, target="micropython", name="zoo",
                   scheme=case.rpartition("_")[2], kernels=kernels)
    return made


def session(directory: Path, folder: Path) -> Session:
    """A session with an artefact."""
    folder.mkdir()
    subject = read_subject(directory)
    return Session(subject, read_code(directory, subject.manifest, trust=True), folder)


def equal(found: object, expected: Vectors) -> bool:
    """Whether every output is the expected one."""
    return all((found.outputs[name] == array).all()  # type: ignore[attr-defined]
               for name, array in expected.outputs.items())
