"""Program -> one C99 header."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from puffer_edge.artefact import manifest, program_file, vectors
from puffer_edge.artefact.directory import MANIFEST, as_json, write
from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.exporters.c.header import Entry, Header, render
from puffer_edge.ir import Program
from puffer_edge.naming import identifier, stem
from puffer_edge.passes import optimize
from puffer_edge.planning import Plan, plan
from puffer_edge.quantization.integer_input import Counts, integer_input
from puffer_edge.quantization.pipeline import Quantized
from puffer_edge.quantization.schemes import FLOATING
from puffer_edge.targets import Target


def export(program: Program, directory: Path, *, target: Target, name: str, seed: int = 0,
           scheme: str = "float32", source: Path | None = None,
           judge: Quantized | None = None, counts: Counts | None = None,
           original: Program | None = None,
           more: Callable[[Program], dict[str, bytes]] | None = None) -> None:
    """Writes an artefact: equal inputs give equal bytes.

    Args:
        program: as a front end made it.
        directory: see :func:`puffer_edge.artefact.directory.write`.
        target: what the artefact is meant for; float32 code itself is the same for all.
        name: stem of the C identifiers.
        seed: of the test vectors, at least 0.
        scheme: of the Program; one that is not float32 is exported as it is.
        source: the policy file, for its hash.
        judge: what an integer Program is judged by; goes into ``judge.npz``.
        counts: what the integers of ``<name>_step_q`` count; see ``integer_input``.
        original: the float Program of an integer one; of a recurrent policy it becomes
            ``original.npz``, with which ``verify`` compares over many steps.
        more: makes further files of the Program that is exported.

    Raises:
        UsageError: the name, or that of a field, is no safe identifier; the seed is negative.
        UnsupportedError: an op cannot be exported to C, or a constant is not finite.
        OutputError: the directory cannot be written.
    """
    optimized = program if scheme != "float32" else optimize(program)
    made = make(optimized, name=name, seed=seed, scheme=scheme, counts=counts)
    files = {"policy.h": made.header.text.encode("ascii"), "vectors.npz": made.tests.to_bytes(),
             "program.npz": program_file.to_bytes(optimized)}
    if made.entry is not None:
        files["vectors_q.npz"] = made.entry.vectors.to_bytes()
    if judge is not None:
        files["judge.npz"] = vectors.judged_by(
            judge.held_back.observations, judge.held_back.reset, judge.reference, judge.measure)
    if original is not None and program.states:
        files["original.npz"] = program_file.to_bytes(optimize(original))
    if more is not None:
        files |= more(optimized)
    description = manifest.build(
        optimized, made.plan, name=name, target=target, scheme=scheme,
        constant_bytes=made.header.constant_bytes, ram=made.header.ram, source=source, files=files,
        seed=seed, counts=counts, integers=None if made.entry is None else made.entry.input,
        quantization=judge.description if judge else None)
    write(directory, {**files, MANIFEST: as_json(description)})


@dataclass(frozen=True)
class Made:
    """What is made of a Program: the header, and what it was made with."""

    plan: Plan
    tests: vectors.Vectors
    entry: Entry | None
    header: Header


def make(program: Program, *, name: str, seed: int, scheme: str, counts: Counts | None) -> Made:
    """The header of a Program as it is; arguments and errors as of :func:`export`."""
    stem(name)
    for field in program.contract.observation:
        identifier(field.name, "a field of the observation")
    if seed < 0:
        raise UsageError(f"the seed {seed} is negative")
    _check_finite(program)
    given = None if scheme in FLOATING else integer_input(program, counts)
    planned = plan(program, first=given.replaced if given else ())
    tests = vectors.make(program, seed=seed)
    entry = None if given is None else Entry(given, vectors.make(given.program, seed=seed))
    return Made(planned, tests, entry, render(program, planned, name, tests, entry))


def header_of(program: Program, name: str, seed: int = 0, wide: bool = False) -> str:
    """The text of ``policy.h`` alone, for a Program as it is; ``wide`` as of ``header.render``.

    Raises:
        UnsupportedError: an op cannot be exported to C, or a constant is not finite.
    """
    _check_finite(program)
    return render(program, plan(program), stem(name), vectors.make(program, seed=seed),
                  wide=wide).text


def _check_finite(program: Program) -> None:
    """Front ends refuse such weights; what is computed from good ones may still overflow."""
    for name, array in program.constants.items():
        if not np.isfinite(array).all():
            raise UnsupportedError("a constant computed at export is NaN or infinite", where=name,
                                   hint="look for a division by zero or an overflow in the policy")
