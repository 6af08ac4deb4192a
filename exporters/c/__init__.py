# SPDX-License-Identifier: MIT
"""Program -> one C99 header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from puffer_edge.artefact import vectors
from puffer_edge.blackbox import Layout
from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.exporters.assembling import assemble, remembered
from puffer_edge.exporters.c import avr
from puffer_edge.exporters.c.blackbox import FILE as BOX
from puffer_edge.exporters.c.blackbox import about_box, blackbox_header, box_of
from puffer_edge.exporters.c.header import Entry, Header, render
from puffer_edge.exporters.c.robot import FILE as ROBOT
from puffer_edge.exporters.c.robot import robot_header, structs_bytes
from puffer_edge.exporters.c.shield import FILE as SHIELD
from puffer_edge.exporters.c.shield import shield_header
from puffer_edge.exporters.c.weights import BLOB, Weights, about_weights, complete, weights_header
from puffer_edge.exporters.c.weights import FILE as WEIGHTS
from puffer_edge.exporters.c.widening import working_memory
from puffer_edge.exporters.exporter import check_names, check_scheme
from puffer_edge.exporters.integers import OURS, default_scheme, options, prepare
from puffer_edge.exporters.licence import in_c
from puffer_edge.exporters.request import ExportRequest, Progress
from puffer_edge.ir import Note, Program
from puffer_edge.naming import stem
from puffer_edge.passes.flush_subnormals import flush_subnormals
from puffer_edge.planning import Plan, plan
from puffer_edge.quantization.integer_input import Counts, IntegerInput, integer_input
from puffer_edge.quantization.schemes import FLOATING
from puffer_edge.robot import check_fit
from puffer_edge.robot.identity import identity
from puffer_edge.robot.writing import FILE as CONTRACT
from puffer_edge.robot.writing import to_toml
from puffer_edge.shield.describing import described
from puffer_edge.targets import TARGETS


@dataclass(frozen=True)
class Made:
    """What is made of a Program: the header, and what it was made with."""

    plan: Plan
    tests: vectors.Vectors
    entry: Entry | None
    header: Header

    def code(self, name: str) -> dict[str, bytes]:
        """The C files by name: the header, and the one that compiles its implementation."""
        return {"policy.h": self.header.text.encode("ascii"),
                "policy.c": implementation(name).encode("ascii")}


def make(program: Program, *, name: str, seed: int, scheme: str, counts: Counts | None,
         simd: bool = True, dsp: bool = False, helium: bool = False, blob: bool = False) -> Made:
    """The header of a Program as it is; arguments as of :class:`ExportRequest` and ``render``.

    ``dsp``: the core has two products per instruction, and memory to copy activations to.

    Raises:
        UsageError: the name, or that of a field, is no safe identifier; the seed is negative.
        UnsupportedError: an op cannot be exported to C, or a constant is not finite.
    """
    check_names(program, name, seed)
    _check_finite(program)
    given = None if scheme in FLOATING else integer_input(program, counts)
    planned = planned_for(program, given, dsp)
    tests = vectors.make(program, seed=seed)
    entry = None if given is None else Entry(given, vectors.make(given.program, seed=seed))
    return Made(planned, tests, entry, render(
        program, planned, name, tests, entry, simd=simd, helium=helium, dsp=dsp, blob=blob))


def planned_for(program: Program, given: IntegerInput | None, dsp: bool) -> Plan:
    """Where the values of a Program live; arguments as of :func:`make`."""
    first = given.replaced if given else ()
    return plan(program, first, working_memory(program)) if dsp else plan(program, first)


def layout_of(program: Program, scheme: str, counts: Counts | None, target: str) -> Plan:
    """The same for an artefact, by its manifest's scheme, counts and target."""
    given = None if scheme in FLOATING else integer_input(program, counts)
    return planned_for(program, given, target in TARGETS and TARGETS[target].dsp)


class CExporter:
    """One header for every core and compiler: an Exporter."""

    targets = tuple(TARGETS)
    schemes = OURS
    main_file = "policy.h"

    def default_scheme(self, program: Program) -> str:
        """A quantised file's own integers, else float32."""
        return default_scheme(program)

    def options(self, scheme: str) -> frozenset[str]:
        """Those of our own integers, a board, and how floats are summed."""
        check_scheme(self, scheme)
        floats = {"helium_float"} if scheme == "float32" else set()
        return options(scheme) | {"board", "contract", "shield", "black_box", "weights"} | floats

    def prepare(self, request: ExportRequest, progress: Progress) -> ExportRequest:
        """Optimised, in halves or in integers, or in Helium's floats."""
        prepared = prepare(request, progress)
        if not request.helium_float:
            return prepared
        if not TARGETS[request.target].helium:
            raise UsageError(f"the target {request.target} has no Helium",
                             hint="give --target cortex-m55, too, or leave out --helium-float")
        return replace(prepared, program=flush_subnormals(prepared.program))

    def code(self, request: ExportRequest, *, compiled: bool = True) -> dict[str, bytes]:
        """The C files."""
        made = made_of(request)
        return made.code(request.name) | surrounding_files(request, made)

    def files(self, request: ExportRequest, progress: Progress) -> dict[str, bytes]:
        """The C files, the float policy of a recurrent one in integers, and what all have."""
        return assembled(request, made_of(request), remembered(request),
                         avr.advice(request.target, request.scheme))


def made_of(request: ExportRequest) -> Made:
    """What :func:`make` makes of a request.

    Raises:
        UnsupportedError: the target cannot hold it.
    """
    made = make(request.program, name=request.name, seed=request.seed, scheme=request.scheme,
                counts=request.counts, simd=_computer(request.target),
                dsp=request.target in TARGETS and TARGETS[request.target].dsp,
                helium=request.target in TARGETS and TARGETS[request.target].helium,
                blob=request.weights > 0)
    box = _box(request, made)
    avr.check(request.target, made.header.avr, made.header.ram + (box.bytes(False) if box else 0))
    return made


def _computer(target: str) -> bool:
    """Whether the header is for processors that may have vectors of floats."""
    return target not in TARGETS or TARGETS[target].isa == "host"


def assembled(request: ExportRequest, made: Made, more: Mapping[str, bytes],
              notes: Sequence[Note] = ()) -> dict[str, bytes]:
    """All files of an artefact in C; ``more`` are of the exporter's own."""
    entry = made.entry
    code = {**made.code(request.name), **surrounding_files(request, made), **more}
    return assemble(request, code, plan=made.plan, tests=made.tests,
                    constant_bytes=made.header.constant_bytes, ram=made.header.ram,
                    integers=entry.input if entry else None,
                    integer_tests=entry.vectors if entry else None, notes=notes,
                    about={**({"board": request.board} if request.board else {}),
                           **({"helium_float": True} if request.helium_float else {}),
                           **described(request.shielded), **about_box(_box(request, made)),
                           **about_weights(weights_of(request, made), request.weights)},
                    robot_bytes=structs_bytes(request.contract) if request.contract else 0)


def surrounding_files(request: ExportRequest, made: Made) -> dict[str, bytes]:
    """Contract, shield and black box in C, and ``policy.c`` with all implementations.

    Raises:
        UsageError: the policy does not fit the contract.
    """
    found, outermost = {}, "policy.h"
    if request.contract is not None:
        check_fit(request.contract, request.program, CONTRACT)
        found[CONTRACT] = to_toml(request.contract).encode("ascii")
        found[ROBOT] = robot_header(request.contract, request.program, request.name
                                    ).encode("ascii")
        outermost = ROBOT
    if request.shielded is not None:
        found[SHIELD] = shield_header(request.shielded, request.program, request.name, outermost
                                      ).encode("ascii")
        outermost = SHIELD
    box = _box(request, made)
    if box is not None:
        found[BOX] = blackbox_header(box, request.name, outermost, request.shielded
                                     ).encode("ascii")
        outermost = BOX
    apart = weights_of(request, made)
    if apart is not None:
        program = made.entry.input.program if made.entry else request.program
        found[WEIGHTS] = weights_header(apart, program, request.name, outermost,
                                        integers=made.entry is not None).encode("ascii")
        found[BLOB] = apart.blob(request.weights)
        outermost = WEIGHTS
    if found:
        found["policy.c"] = implementation(request.name, outermost).encode("ascii")
    return found


def weights_of(request: ExportRequest, made: Made) -> Weights | None:
    """What a blob holds, if one is asked for."""
    if not request.weights:
        return None
    if request.target in TARGETS and TARGETS[request.target].isa == "avr":
        raise UnsupportedError("an AVR does not read its flash as memory, so weights in a blob are "
                               "of no use there", hint="leave out --weights blob")
    if request.black_box is not None:
        raise UsageError("a black box does not tell which weights ran, so it has no use with those "
                         "that change", hint="leave out --black-box, or --weights blob")
    program, tests = ((made.entry.input.program, made.entry.vectors) if made.entry else
                      (request.program, made.tests))
    contract = identity(request.contract) if request.contract else ""
    return complete(made.header.text, made.header.payload, made.header.parts, program, tests,
                    request.scheme, contract)


def _box(request: ExportRequest, made: Made) -> Layout | None:
    return box_of(request, made.entry.input.program if made.entry else None)


def implementation(name: str, header: str = "policy.h") -> str:
    """The source file of a policy."""
    return in_c(f'#define {name.upper()}_IMPLEMENTATION\n#include "{header}"\n')


def header_of(program: Program, name: str, seed: int = 0, wide: bool = False) -> str:
    """The text of ``policy.h`` for the shim; ``wide`` as of ``header.render``.

    Raises:
        UnsupportedError: an op cannot be exported to C, or a constant is not finite.
    """
    _check_finite(program)
    return render(program, plan(program), stem(name), vectors.make(program, seed=seed),
                  wide=wide, batch=True).text


def _check_finite(program: Program) -> None:
    """Front ends refuse such weights; what is computed from good ones may still overflow."""
    for name, array in program.constants.items():
        if not np.isfinite(array).all():
            raise UnsupportedError("a constant computed at export is NaN or infinite", where=name,
                                   hint="look for a division by zero or an overflow in the policy")
