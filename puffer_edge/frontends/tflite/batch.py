# SPDX-License-Identifier: MIT
"""A TFLite model with a fixed batch: one row of it is a step, as of ONNX files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

from puffer_edge.errors import FileFormatError, PufferEdgeError, UnsupportedError
from puffer_edge.frontends.graph.rows import check_rows
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Field, Program
from puffer_edge.readers.tflite_model import TFLiteModel

Read = Callable[[TFLiteModel, LoadOptions], Program]

_HINT = "convert it with a batch of 1"


def of_one_row(model: TFLiteModel, options: LoadOptions, where: str, read: Read) -> Program:
    """The Program of a model that may have a fixed batch.

    Args:
        model: with one input.
        options: what the user says.
        where: the file, for messages.
        read: makes a Program of a model without a batch, and of all rows as one observation where
            the options say so.

    Raises:
        UnsupportedError: its rows are not independent, or cannot be taken apart.
    """
    shape = model.tensors[model.inputs[0]].shape
    rows = shape[0] if len(shape) > 1 else 1
    outputs = [model.tensors[number].shape for number in model.outputs]
    whole_size = prod(shape) == sum(field.size for field in options.observation)
    if rows < 2 or whole_size or len(outputs) > 1 or outputs[0][:1] != (rows,):
        return read(model, options)
    apart = replace(model, tensors=[
        replace(tensor, shape=(1, *tensor.shape[1:]))
        if tensor.data is None and tensor.shape[:1] == (rows,) else tensor
        for tensor in model.tensors])
    try:
        program = read(apart, options)
    except (FileFormatError, UnsupportedError) as error:
        raise _refused(rows, error, where) from error
    everything = Field("rows", (rows * program.contract.observation_size,))
    try:
        whole = read(model, LoadOptions(observation=(everything,), action="continuous"))
    except PufferEdgeError as error:
        raise _refused(rows, error, where) from error
    check_rows(program, whole, rows, where)
    return program.assuming(
        "fixed-batch", f"the {rows} rows of the input are a batch, of which a step has one; give "
        "--observation with all elements if they are one observation", "--observation")


def _refused(rows: int, error: PufferEdgeError, where: str) -> UnsupportedError:
    return UnsupportedError(f"the model has a fixed batch of {rows}, of which a row cannot be "
                            f"taken: {error.what}", where=where, hint=_HINT)
