# SPDX-License-Identifier: MIT
"""A candidate: the teacher or a student of some shape, in a scheme; and all of them as a space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Protocol

from puffer_edge.errors import UsageError
from puffer_edge.quantization.schemes import FLOATING, OBSERVATION, SCHEMES

ACTIVATIONS = ("relu", "hard_tanh", "tanh")
CELLS = ("gru", "lstm", "min_gru")
OBSERVED: dict[int, tuple[tuple[str, str], ...]] = {16: (), 8: ((OBSERVATION, "int8"),)}
"""A candidate's layers by the bits of its observation."""
TEACHER, STUDENT = "teacher", "student"


@dataclass(frozen=True)
class Candidate:
    """What may be made.

    Attributes:
        scheme: of its artefact; ``auto`` of a teacher: int8, and int16 where it must be.
        widths: of a student's hidden layers; of a recurrent one the last is its cell's.
        activation: between them, one of :data:`ACTIVATIONS`.
        cell: of a recurrent student, one of :data:`CELLS`.
        layers: schemes of single layers, and of the observation.
        teacher: the teacher itself, as it is.
    """

    scheme: str
    widths: tuple[int, ...] = ()
    activation: str = "relu"
    cell: str = ""
    layers: tuple[tuple[str, str], ...] = ()
    teacher: bool = False

    @property
    def integers(self) -> bool:
        """Whether it computes in integers."""
        return self.scheme not in FLOATING

    @property
    def name(self) -> str:
        """In words, as ``student 8-8 relu int8``."""
        mixed = "".join(f" {layer}={scheme}" for layer, scheme in self.layers)
        if self.teacher:
            return f"teacher {self.scheme}{mixed}"
        shape = "-".join(map(str, self.widths)) or "linear"
        kind = " ".join(filter(None, (
            self.activation if len(self.widths) > bool(self.cell) else "", self.cell)))
        return " ".join(filter(None, ("student", shape, kind, self.scheme))) + mixed


class Suggests(Protocol):
    """What chooses among values: a trial of optuna."""

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """One of the choices."""


@dataclass(frozen=True)
class Space:
    """Which candidates there are.

    Attributes:
        schemes: of students.
        widths: of a hidden layer.
        depths: hidden layers.
        activations: between them.
        cells: of recurrent students; ``""`` is one without.
        observation_bits: that a student in integers stores its observation in, 16 or 8.
        teachers: the teacher in each scheme that it has a form in, mixed ones included.
    """

    schemes: tuple[str, ...] = ("float32", *SCHEMES)
    widths: tuple[int, ...] = (4, 8, 16, 32)
    depths: tuple[int, ...] = (1, 2)
    activations: tuple[str, ...] = ("relu", "hard_tanh")
    cells: tuple[str, ...] = ("",)
    observation_bits: tuple[int, ...] = (16,)
    teachers: tuple[Candidate, ...] = field(default=())

    def __post_init__(self) -> None:
        for what, given, known in (
                ("scheme", self.schemes, (*FLOATING, *SCHEMES)),
                ("activation", self.activations, ACTIVATIONS), ("cell", self.cells, ("", *CELLS))):
            if unknown := [name for name in given if name not in known]:
                raise UsageError(f"there is no {what} {unknown[0]!a:.60}",
                                 hint=f"choose some of {', '.join(filter(None, known))}")
            if not given:
                raise UsageError(f"no {what} is left to choose from")
        if not self.widths or not all(1 <= width <= 4096 for width in self.widths):
            raise UsageError("the widths of students are from 1 to 4096",
                             hint="give some as --widths 4,8,16")
        if not self.depths or not all(0 <= depth <= 8 for depth in self.depths):
            raise UsageError("students have from 0 to 8 hidden layers",
                             hint="give some as --depths 1,2")

        if not self.observation_bits or not {*self.observation_bits} <= {*OBSERVED}:
            raise UsageError("observations have 16 or 8 bits: fewer would take as many bytes",
                             hint="give some as --observation-bits 16,8")

    def suggest(self, trial: Suggests) -> Candidate:
        """The candidate of a trial's parameters."""
        kinds = [STUDENT, TEACHER] if self.teachers else [STUDENT]
        if trial.suggest_categorical("kind", kinds) == TEACHER:
            names = [each.name for each in self.teachers]
            return self.teachers[names.index(trial.suggest_categorical("teacher", names))]
        depth = trial.suggest_categorical("depth", list(self.depths))
        widths = tuple(trial.suggest_categorical(f"width_{index + 1}", list(self.widths))
                       for index in range(depth))
        cell = trial.suggest_categorical("cell", list(self.cells)) if depth else ""
        activation = self.activations[0]
        if depth > bool(cell):  # else there is nothing to be activated
            activation = trial.suggest_categorical("activation", list(self.activations))
        scheme = trial.suggest_categorical("scheme", list(self.schemes))
        bits = self.observation_bits[0]
        if scheme not in FLOATING:
            bits = trial.suggest_categorical("observation_bits", list(self.observation_bits))
        return Candidate(scheme, widths, activation, cell,
                         OBSERVED[bits] if scheme not in FLOATING else ())

    def parameters(self, candidate: Candidate) -> Mapping[str, Any]:
        """The parameters of a trial that suggest this candidate."""
        if candidate.teacher:
            return {"kind": TEACHER, "teacher": candidate.name}
        found: dict[str, Any] = {"kind": STUDENT, "depth": len(candidate.widths),
                                 "scheme": candidate.scheme}
        for index, width in enumerate(candidate.widths):
            found[f"width_{index + 1}"] = width
        if candidate.integers:
            found["observation_bits"] = next(
                bits for bits, layers in OBSERVED.items() if layers == candidate.layers)
        if candidate.widths:
            found["cell"] = candidate.cell
        if len(candidate.widths) > bool(candidate.cell):
            found["activation"] = candidate.activation
        return found

    @property
    def size(self) -> int:
        """How many candidates there are."""
        schemes = sum(1 if scheme in FLOATING else len(self.observation_bits)
                      for scheme in self.schemes)
        students = schemes if 0 in self.depths else 0
        for depth in filter(None, self.depths):
            kinds = sum(len(self.activations) if depth > bool(cell) else 1 for cell in self.cells)
            students += schemes * kinds * int(len(self.widths) ** depth)
        return students + len(self.teachers)

    def smallest(self) -> Iterator[Candidate]:
        """The students that take least: in each scheme, with each cell."""
        depth = min(self.depths)
        for cell, scheme in product(self.cells if depth else ("",), self.schemes):
            layers = () if scheme in FLOATING else OBSERVED[min(self.observation_bits)]
            yield Candidate(scheme, (min(self.widths),) * depth, self.activations[0], cell, layers)
