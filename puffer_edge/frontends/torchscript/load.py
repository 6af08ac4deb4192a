# SPDX-License-Identifier: MIT
"""A TorchScript archive -> Program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from puffer_edge.errors import FileFormatError, ProgramError, UnsupportedError
from puffer_edge.frontends.action_kind import by_exporter
from puffer_edge.frontends.assumptions import assumed
from puffer_edge.frontends.aten.assemble import assemble
from puffer_edge.frontends.aten.exported import Exported, Weight
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.torchscript.archive import Archive, read_archive
from puffer_edge.frontends.torchscript.observation import observe
from puffer_edge.frontends.torchscript.optional_states import added, left_out, with_states
from puffer_edge.frontends.torchscript.trace import Trace, Tracer
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Note, Program
from puffer_edge.readers.text import printable

_TRAINING = frozenset(("alpha_dropout", "batch_norm", "dropout", "feature_dropout"))
"""Ops that do something else in training."""


def load_torch_script(path: Path, options: LoadOptions) -> Program:
    """The Program of a file of ``torch.jit.save``, by its code; PyTorch is not needed.

    Buffers and attributes that forward writes to are state. It begins with what the module's own
    ``reset`` sets, or else with what is in the file.

    Raises:
        FileFormatError: the archive is damaged, or its code does not fit itself.
        UnsupportedError: the code does something that is not supported; the message has its line.
        UsageError: the options do not fit the policy.
    """
    return load_archive(read_archive(path), options)


def load_archive(archive: Archive, options: LoadOptions) -> Program:
    """The Program of an archive that was read; errors as of :func:`load_torch_script`."""
    where = archive.where
    try:
        return _load(archive, options, where)
    except (RecursionError, ProgramError) as error:
        raise FileFormatError(f"its code does not fit itself ({type(error).__name__}: "
                              f"{printable(str(error), 200)})", where=where,
                              hint="save the module again with torch.jit.save") from error


def _load(archive: Archive, options: LoadOptions, where: str) -> Program:
    tracer = Tracer(archive)
    names = tracer.inputs()
    trace, reached = observe(tracer, names, options, where)
    forgetful = trace
    trace = with_states(tracer, trace)
    exported = _in_order(_at_reset(trace.exported, tracer), options)
    notes = []
    kind = printable(archive.root.name)
    program = assemble(exported, options, f"TorchScript, {kind}", where,
                       by_exporter(archive.root.name))
    # One step, so that an argument that no shape rule looks at fails here and not later.
    Interpreter(program).values(np.zeros(program.contract.observation_size, np.float32))
    if tracer.begun:
        first = tracer.first_step({port.name: port.shape for port in exported.ports})
        _check_first_step(first, tracer.begun, program, options, where)
    if trace is not forgetful:
        _check_first_step(forgetful, added(forgetful, trace), program, options, where)
    if len(exported.results) > 1 and (left := left_out(tracer, trace)):
        notes.append(Note("warning", f"forward is called without {', '.join(map(printable, left))}"
                          ", as its default allows: if that is what the policy remembers, it "
                          "forgets everything at every step; give the argument no default"))
    if reached:
        notes.append(assumed("observation-size", reached, "--observation"))
    if trace.trained and any(call.op in _TRAINING for call in exported.calls):
        notes.append(assumed("evaluation-mode", "the module was saved in training mode; here it "
                             "runs in evaluation mode, without dropout and statistics of batches"))
    return replace(program, notes=(*program.notes, *notes))


def _check_first_step(first: Trace, begun: Sequence[str], program: Program, options: LoadOptions,
                      where: str) -> None:
    """Whether a first step with None in an attribute or argument is one with zeros there.

    Raises:
        UnsupportedError: it is not.
    """
    alone = assemble(_in_order(first.exported, options), replace(options, accept=(), states=()),
                     program.source, where)
    seen = np.random.default_rng(0).standard_normal((8, program.contract.observation_size))
    for x in seen.astype(np.float32):
        ours, theirs = (Interpreter(each).step(x) for each in (program, alone))
        if any(not np.allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-5)
               for name in program.output_names if name in theirs):
            raise UnsupportedError(
                f"{', '.join(map(printable, begun))} is None at first, for which forward "
                "does something else than with zeros", where=where,
                hint="let it be a buffer with its first value")


def _in_order(exported: Exported, options: LoadOptions) -> Exported:
    """The inputs in the order of the fields that the user names, if these are all inputs."""
    order = [field.name for field in options.observation]
    if not set(order) <= {port.name for port in exported.ports}:
        return exported
    place = {name: index for index, name in enumerate(order)}
    ports = sorted(exported.ports, key=lambda port: place.get(port.name, len(order)))
    return replace(exported, ports=tuple(ports))


def _at_reset(exported: Exported, tracer: Tracer) -> Exported:
    if not exported.mutated:
        return exported
    weights = dict(exported.weights)
    for name, value in tracer.at_reset().items():
        before = weights[name].array
        if name in exported.mutated and value.shape == before.shape:
            weights[name] = Weight(weights[name].name, value.astype(before.dtype))
    return replace(exported, weights=weights)
