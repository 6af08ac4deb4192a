# SPDX-License-Identifier: MIT
"""What every exporter is: a target, or a family of them, and the files of its artefacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Protocol

from puffer_edge.errors import UsageError
from puffer_edge.exporters.request import ExportRequest, Progress
from puffer_edge.ir import Program
from puffer_edge.naming import identifier, stem


class Exporter(Protocol):
    """Makes the artefacts of one kind."""

    @property
    def targets(self) -> tuple[str, ...]:
        """What the user types: keys of ``targets.EXPORTED``."""

    @property
    def schemes(self) -> tuple[str, ...]:
        """What weights and arithmetic may be."""

    @property
    def main_file(self) -> str:
        """The file of the artefact that a user takes into a project."""

    def default_scheme(self, program: Program) -> str:
        """The scheme of a float Program for which the user says none."""

    def options(self, scheme: str) -> frozenset[str]:
        """Fields of a request that are of use with a scheme, beside those that always are.

        Raises:
            UsageError: there is no such scheme.
        """

    def prepare(self, request: ExportRequest, progress: Progress) -> ExportRequest:
        """The request with the Program that the artefact computes, in place of the float one.

        Raises:
            UsageError: the scheme or the recording does not fit.
            UnsupportedError: an op has no form in the scheme.
        """

    def code(self, request: ExportRequest, *, compiled: bool = True) -> dict[str, bytes]:
        """What is compiled or run, by file name: equal requests give equal bytes.

        Args:
            request: as :meth:`prepare` gave it.
            compiled: also what zig or mpy-cross makes; without, and where such a tool is not
                installed, those files are left out.

        Raises:
            UsageError: a name is no safe identifier.
            UnsupportedError: an op has no form there.
        """

    def files(self, request: ExportRequest, progress: Progress) -> dict[str, bytes]:
        """All files of the artefact, its manifest included: equal requests give equal bytes.

        Raises:
            MissingDependencyError: a tool is missing without which there is no artefact.
        """


FLAGS = {"calibrate": "--calibrate", "steps": "--steps", "observe": "--observe",
         "layers": "--layer", "observer": "--observer", "min_agreement": "--min-agreement",
         "counts": "--counts", "board": "--board", "kernels": "--kernels", "url": "--url",
         "helium_float": "--helium-float", "contract": "--contract", "shield": "--shield",
         "black_box": "--black-box", "weights": "--weights"}
"""The options as the command line has them."""
PLAYED = frozenset(("steps", "observe"))
RECORDED = PLAYED | {"calibrate"}
"""What a shield is made with, whatever the scheme."""


def refuse_useless(exporter: Exporter, target: str, scheme: str, given: Mapping[str, Any]) -> None:
    """Refuses options that would change nothing.

    Args:
        exporter: of the target.
        target: what is exported for.
        scheme: how.
        given: options by name; those that have a request's default are not there.

    Raises:
        UsageError: the target has no such scheme, or an option is of no use with it.
    """
    useful = exporter.options(scheme)
    if given.get("shield") is not None and "shield" in useful:
        useful |= RECORDED
    asked = [field.name for field in fields(ExportRequest) if field.name in FLAGS
             and field.name in given and _is_set(given[field.name], field.name)]
    for name in asked:
        if name in useful:
            if name in PLAYED and not str(given.get("calibrate", "")).startswith("env:"):
                raise UsageError(f"{FLAGS[name]} is of no use where nothing is played",
                                 hint="give --calibrate env:<id>, too")
            continue
        better = [each for each in exporter.schemes if name in exporter.options(each)]
        if better:
            raise UsageError(f"the scheme {scheme} takes no {FLAGS[name]}",
                             hint=f"give --scheme {' or '.join(better)}, too")
        raise UsageError(f"the target {target} takes no {FLAGS[name]}", hint=(
            "give --target micropython, too" if name in ("board", "kernels", "url") else
            "give --target cortex-m55, too" if name == "helium_float" else
            f"a {name} becomes C or MicroPython: give --target cortex-m, too"
            if name in ("contract", "shield") else
            "it becomes C: give --target cortex-m, too" if name in ("black_box", "weights") else
            "leave it out"))


def check_scheme(exporter: Exporter, scheme: str) -> None:
    """Whether the exporter has the scheme.

    Raises:
        UsageError: it has not.
    """
    if scheme not in exporter.schemes:
        what = f"the target {exporter.targets[0]} has" if len(exporter.targets) == 1 else "there is"
        raise UsageError(f"{what} no scheme {scheme!a:.60}",
                         hint=f"choose one of {', '.join(exporter.schemes)}")


def _is_set(value: Any, name: str) -> bool:
    if isinstance(value, Mapping | tuple | list):
        return len(value) > 0
    if value is None or isinstance(value, str | int | float):
        return bool(value != getattr(ExportRequest, name))
    return True  # a path or an array


def check_names(program: Program, name: str, seed: int) -> None:
    """Whether what goes into code is safe there, and the seed one.

    Raises:
        UsageError: it is not.
    """
    stem(name)
    for part in program.contract.observation:
        identifier(part.name, "a field of the observation")
    if seed < 0:
        raise UsageError(f"the seed {seed} is negative")
