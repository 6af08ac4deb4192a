# SPDX-License-Identifier: MIT
"""Builds a policy behind its shield, puts faults before it, and tells what it does and costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from puffer_edge.artefact.program_file import from_bytes
from puffer_edge.readers.regular_file import read_file
from puffer_edge.shield.describing import KEY
from puffer_edge.targets import TARGETS, Target
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.checks.shield import (
    ON_A_COMPUTER,
    ON_A_CORE,
    Shielding,
    as_table,
    check_clean,
    check_faults,
    check_likelihood,
    read_shielding,
)
from puffer_edge.verification.emulators.opening import open_machine
from puffer_edge.verification.faults import inject, kinds
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.job import Job
from puffer_edge.verification.report import Report
from puffer_edge.verification.shield_costs import measured
from puffer_edge.verification.shielded import interface, write_header


def verify_shield(job: Job, core: Target, work: Path, plain: ImageBuilder, report: Report) -> None:
    """Checks the shield of an artefact, if it has one.

    Args:
        job: the artefact.
        core: what it is verified for.
        work: a folder for what is built.
        plain: the policy alone, built for that core.
        report: gets checks, measurements, and the tables under ``shield``.
    """
    if KEY not in job.subject.manifest:
        return
    path = job.subject.directory / "program.npz"
    what = read_shielding(job.subject, from_bytes(read_file(path), str(path)))
    assert what is not None
    job.progress("putting faults before the shield")
    table = {}
    if job.native:
        with open_machine(_builder(job, what, TARGETS["host"], work), job.emulator) as machine:
            table["faults"] = as_table(
                check_faults(what, machine, "this computer", ON_A_COMPUTER, report))
            check_clean(what, machine, "this computer", report)
    if core.isa in ("thumb", "riscv32"):
        builder = _builder(job, what, core, work)
        with open_machine(builder, job.emulator) as machine:
            table.setdefault("faults", as_table(
                check_faults(what, machine, core.title, ON_A_CORE, report)))
            report.measurements |= measured(
                machine, builder, plain, job.subject.spec.name, _records(what))
    report.more[KEY] = {**table, "likelihood": check_likelihood(what, report)}


def _builder(job: Job, what: Shielding, core: Target, work: Path) -> ImageBuilder:
    folder = work / f"shield-{core.name}"
    folder.mkdir()
    header = write_header(folder, job.code, what.program, what.shield, job.subject.spec.name)
    (folder / "build").mkdir()
    return ImageBuilder(header, interface(what.program), core, find_toolchain(job.toolchain),
                        folder / "build", optimize=job.optimize)


def _records(what: Shielding) -> list[bytes]:
    """A few steps with a fault of each kind among them."""
    random = np.random.default_rng(0)
    return [record for kind in kinds(what.shield) for record in inject(
        what.shield, kind, what.clean.observations, 1, random).records()]
