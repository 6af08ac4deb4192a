# SPDX-License-Identifier: MIT
"""A module or a ``.pt2`` file -> Program."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.errors import (
    FileFormatError,
    ProgramError,
    PufferEdgeError,
    UnsupportedError,
    UsageError,
)
from puffer_edge.frontends.aten.assemble import assemble
from puffer_edge.frontends.aten.exported import Exported
from puffer_edge.frontends.graph.rows import check_rows
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.torch_export.batch import fixed_batch, one_row
from puffer_edge.frontends.torch_export.from_torch import import_torch, read_program, trace
from puffer_edge.frontends.torch_export.pt2 import read_pt2
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Field, Program
from puffer_edge.readers.text import printable


def load_module(module: Any, options: LoadOptions, *, example: tuple[Any, ...] | None = None,
                observation_shape: tuple[int, ...] | None = None) -> Program:
    """The Program of a policy that is a ``torch.nn.Module``.

    ``forward(obs)`` returns the logits or the mean, alone or first in a tuple or dict;
    ``forward(obs, *state)`` returns the new state after it. Buffers that forward writes to are
    state too, with their present value as the initial one.

    Args:
        module: on any device, in any mode; it is left as it was.
        options: what the module does not say.
        example: the arguments of forward, with a batch of 1.
        observation_shape: in place of an example where forward takes one tensor; without batch.

    Raises:
        MissingDependencyError: PyTorch is not installed.
        UsageError: the arguments or options do not fit the module.
        UnsupportedError: torch.export cannot trace it, or it does what is not supported.
    """
    torch = import_torch()
    if not isinstance(module, torch.nn.Module):
        raise UsageError(f"a {type(module).__name__} is no policy",
                         hint="give a path, a Program or a torch.nn.Module")
    where = printable(type(module).__name__)
    program = trace(module, _example(torch, module, options, example, observation_shape), where)
    source = f"torch.nn.Module {where}"
    try:
        return assemble(read_program(program, where), options, source, where)
    except UnsupportedError as first:
        # Decomposed to core ATen, a rare op may become ops that are known.
        try:
            again = read_program(_decomposed(torch, program), where)
            return assemble(again, options, source, where)
        except UnsupportedError:
            raise first from None


def load_pt2(path: Path, options: LoadOptions) -> Program:
    """The Program of a policy saved with ``torch.export.save``; PyTorch is not needed.

    Raises:
        FileFormatError: the file cannot be opened, or is damaged, or would have to be unpickled.
        UnsupportedError: it is sound, but holds something that is not supported.
        UsageError: an option does not fit the file.
    """
    where = printable(path.name)
    try:
        program = _of_one_row(read_pt2(path, where), options, where)
        # One step, so that an argument that no shape rule looks at fails here and not later.
        Interpreter(program).values(np.zeros(program.contract.observation_size, np.float32))
        return program
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError,
            ProgramError) as error:
        # The graph's JSON is not checked against its schema: here is where it does not fit.
        raise FileFormatError(
            f"its graph is not as torch.export writes it ({type(error).__name__}: "
            f"{printable(str(error), 200)})", where=where,
            hint="save the program again with torch.export.save") from error


def _of_one_row(exported: Exported, options: LoadOptions, where: str) -> Program:
    """The Program of a graph that may have a fixed batch, whose rows must not depend on another."""
    rows = fixed_batch(exported, sum(field.size for field in options.observation))
    if rows == 1:
        return assemble(exported, options, "torch.export program", where)
    text = (f"the {rows} rows of the argument {printable(exported.ports[0].name)} are a batch, of "
            "which a step has one; give --observation with all elements if they are one "
            "observation")
    program = assemble(one_row(exported, rows), options, "torch.export program", where).assuming(
        "fixed-batch", text, "--observation")
    if len(exported.ports) == 1:
        everything = Field("rows", (rows * program.contract.observation_size,))
        try:
            whole = assemble(exported, LoadOptions(observation=(everything,)),
                             "torch.export program", where)
        except PufferEdgeError:  # such as an LSTM, of which a step takes one row: it mixes none
            return program
        check_rows(program, whole, rows, where)
    return program


def _decomposed(torch: Any, program: Any) -> Any:
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return program.run_decompositions()
    except Exception as error:  # it is a second try only: the first error is the one to tell
        raise UnsupportedError(str(error)) from error


def _example(torch: Any, module: Any, options: LoadOptions, example: tuple[Any, ...] | None,
             shape: tuple[int, ...] | None) -> tuple[Any, ...]:
    if example is None:
        if shape is None and options.observation:
            shape = (sum(field.size for field in options.observation),)
        if shape is None:
            raise UsageError("the size of the observation is not known",
                             hint="give --observation obs:8; from Python observation_shape=(8,), "
                                  "or example=(obs, *state)")
        device = next((p.device for p in module.parameters()), torch.device("cpu"))
        return (torch.zeros(1, *shape, device=device),)
    example = example if isinstance(example, tuple) else (example,)
    for tensor in torch.utils._pytree.tree_leaves(example):
        if not isinstance(tensor, torch.Tensor | int | float | bool | None):
            raise UsageError(f"the example holds a {type(tensor).__name__}, not a tensor",
                             hint="give torch tensors with a batch of 1")
    # One tensor given twice, as zeros for h and for c, would be one input to torch.export.
    copied: tuple[Any, ...] = torch.utils._pytree.tree_map(
        lambda leaf: leaf.detach().clone() if isinstance(leaf, torch.Tensor) else leaf, example)
    return copied
