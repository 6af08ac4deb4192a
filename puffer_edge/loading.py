# SPDX-License-Identifier: MIT
"""From what holds a policy (a file, a torch.nn.Module) to its Program; front ends do the work."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from puffer_edge.arguments import LoadArguments, PolicyFile
from puffer_edge.errors import PolicyWarning, UnsupportedError, UsageError
from puffer_edge.frontends.assumptions import accepting, refuse_assumptions
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Note, Program
from puffer_edge.signatures import public
from puffer_edge.wording import in_callers_words

if TYPE_CHECKING:
    from typing_extensions import Unpack

DEFAULTS = asdict(LoadOptions())
"""Of the options, by name."""


@public(LoadArguments.__annotations__, DEFAULTS)
def load(policy: PolicyFile, options: LoadOptions | None = None, *, strict: bool = False,
         **changes: Unpack[LoadArguments]) -> Program:
    """The Program of a trained policy; warns of what was assumed or is doubtful.

    Args:
        policy: path of a policy file (its kind is told from its content), or a
            ``torch.nn.Module``; for a module also give ``observation_shape`` or ``example``.
        options: what the file does not hold.
        strict: refuse what was assumed and is not among the codes that ``accept`` confirms.
        changes: single options by name, as ``load(path, action_sizes=env.action_space.nvec)``; see
            :class:`LoadOptions`, and for ``module``, ``example`` and ``observation_shape``
            :class:`puffer_edge.arguments.LoadArguments`.

    Returns:
        A Program with the value head dropped, unless ``keep_value``.

    Raises:
        PufferEdgeError: see :mod:`puffer_edge.errors`.
    """
    program = load_quietly(policy, options, strict, changes)
    warn(program.notes)
    return program


def load_quietly(policy: Any, options: LoadOptions | None, strict: bool,
                 changes: Mapping[str, Any]) -> Program:
    """What :func:`load` gives, without warnings."""
    from puffer_edge.frontends.wrappers import wrapped
    from puffer_edge.passes import drop_value_head
    from puffer_edge.passes.printable_names import printable_names
    from puffer_edge.quantization.own.judged import told

    changes = dict(changes)
    example = changes.pop("example", None)
    module = changes.pop("module", None)
    shape = changes.pop("observation_shape", None)
    observation_shape = (shape,) if isinstance(shape, int) else shape
    policy = os.fspath(policy) if isinstance(policy, os.PathLike) else policy
    options = replace(options or LoadOptions(), **changes)
    program = None
    if isinstance(module, str):  # it judges; it reads only what nothing else can
        program, module = _unless_unknown(policy, options, module)
    if module is not None:
        from puffer_edge.frontends.into_module import fill_module, width

        policy = fill_module(module, Path(policy))
        if observation_shape is None and example is None and not options.observation:
            observation_shape = width(policy)
    if program is not None:
        pass
    elif isinstance(policy, str | Path):
        from puffer_edge.frontends import load_file

        if example is not None or shape is not None:
            raise UsageError("an example or a shape of the observation is for modules",
                             where=str(policy), hint="leave it out; or give module=, too")
        program = load_file(Path(policy), options)
    else:
        from puffer_edge.frontends import refuse_useless
        from puffer_edge.frontends.observation_statistics import normalised_by
        from puffer_edge.frontends.torch_export import load_module

        refuse_useless(options, "module", type(policy).__name__)
        program = normalised_by(load_module(
            policy, options, example=example, observation_shape=observation_shape),
            options.normaliser)
    program = printable_names(accepting(wrapped(program, options), options.accept))
    if strict:
        refuse_assumptions(program)
    return told(program if options.keep_value else drop_value_head(program))


def _unless_unknown(policy: Any, options: LoadOptions, named: str) -> tuple[Program | None, Any]:
    """What a front end makes of a file, or the user's module where none knows its forward."""
    from puffer_edge.frontends import load_file
    from puffer_edge.frontends.into_module import named_module

    try:
        program = load_file(Path(policy), options)
    except (UnsupportedError, UsageError):  # the class tells what an option would have to
        return None, named_module(named)
    if any(note.code == "forward-unseen" for note in program.notes):
        return None, named_module(named)
    return program, None


def accepted(program: Program, strict: bool, accept: Any = ()) -> Program:
    """A Program with assumptions confirmed; strict refuses what is left of them."""
    program = accepting(program, LoadOptions(accept=accept).accept)
    if strict:
        refuse_assumptions(program)
    return program


def refuse_options(options: LoadOptions | None, changes: Mapping[str, Any]) -> None:
    """Raises UsageError for options beside a Program, which is read already."""
    if options is not None or changes.keys() - {"accept"}:
        raise UsageError("a Program takes no more options", hint="give them to puffer_edge.load()")


def warn(notes: Iterable[Note]) -> None:
    """Python's warnings of what the command line prints in colour, at the caller's caller."""
    for note in notes:
        if note.kind == "warning":
            text = note.text
        elif note.kind == "assumed" and not note.accepted:
            text = f"assumed ({note.code}): {note.text}"
        else:
            continue
        warnings.warn(in_callers_words(text), PolicyWarning, stacklevel=4)
