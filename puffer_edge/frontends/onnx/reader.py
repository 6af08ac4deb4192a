# SPDX-License-Identifier: MIT
"""Bytes of a stranger's file -> a ModelProto that is sound, self-contained and of known parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from puffer_edge.errors import (
    FileFormatError,
    MissingDependencyError,
    UnsupportedError,
)
from puffer_edge.frontends.onnx.external import HINT, MAX_BYTES, embed
from puffer_edge.readers.text import printable

MAX_NODES = 20_000
MAX_DEPTH = 8
OLDEST_OPSET = 7  # before it, broadcasting was an attribute of each op
DOMAINS = ("", "ai.onnx")
FOREIGN = frozenset(("com.microsoft", op_type) for op_type in (
    "DequantizeLinear", "QGemm", "QLinearAdd", "QLinearConcat", "QLinearGlobalAveragePool",
    "QLinearLeakyRelu", "QLinearMul", "QLinearSigmoid", "QuantizeLinear"))
"""Quantised ops of onnxruntime's own, which are read beside the standard ones."""


def read_bytes(path: Path) -> bytes:
    """The content of a file of at most :data:`MAX_BYTES`.

    Raises:
        FileFormatError: it cannot be opened, or is too large.
    """
    where = printable(path.name)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileFormatError(f"the file cannot be read: {error.strerror}", where=where) from None
    if len(data) > MAX_BYTES:
        raise FileFormatError(f"the file is larger than {MAX_BYTES >> 20} MiB", where=where)
    return data


def read_model(data: bytes, where: str) -> Any:
    """The ``onnx.ModelProto`` in ``data``, of which nothing was checked but that it is one.

    Raises:
        MissingDependencyError: the package ``onnx`` is not installed.
        FileFormatError: the data is truncated or not ONNX.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError:
        raise MissingDependencyError("reading ONNX needs the package onnx", where=where,
                                     hint='pip install "puffer-edge[onnx]"') from None
    try:
        model = onnx.ModelProto.FromString(data)
    except (DecodeError, RuntimeError, ValueError):
        raise FileFormatError("the file is truncated or not ONNX", where=where) from None
    if not model.HasField("graph") or not model.ir_version:
        raise FileFormatError("the file is truncated or not ONNX", where=where)
    return model


def parse_model(data: bytes, where: str, folder: Path | None = None) -> Any:
    """The checked ``onnx.ModelProto`` in ``data``, without external data.

    Args:
        data: the file's content.
        where: names the file in messages.
        folder: where files that hold the weights may lie; None if there are none.

    Raises:
        MissingDependencyError: the package ``onnx`` is not installed.
        FileFormatError: the data is truncated or not sound ONNX.
        UnsupportedError: it is sound, but refers to files elsewhere or holds functions,
            subgraphs or ops of another domain.
    """
    model = read_model(data, where)
    import onnx

    _refuse_bytes(model, where)
    _refuse_structure(model, where)
    embed(model.graph, folder, where)
    try:
        # Not full_check: onnx's own shape inference crashes the process on hostile attributes
        # (LayerNormalization with axis = 2^31, onnx 1.23). Every op of a Program infers and checks
        # its shapes itself.
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, RuntimeError, ValueError, TypeError) as error:
        raise FileFormatError(f"onnx.checker refuses the model: {printable(str(error), 300)}",
                              where=where, hint="export the model again") from None
    return model


def opset_of(model: Any, where: str) -> int:
    """Version of the standard operator set.

    Raises:
        UnsupportedError: it is older than broadcasting, or newer than the onnx package.
    """
    import onnx

    versions = [entry.version for entry in model.opset_import if entry.domain in DOMAINS]
    newest = onnx.defs.onnx_opset_version()
    if len(versions) != 1 or not OLDEST_OPSET <= versions[0] <= newest:
        raise UnsupportedError(
            f"opset {versions} is not one of {OLDEST_OPSET} to {newest}", where=where,
            hint="export again with opset_version=17, or upgrade the package onnx")
    return int(versions[0])


def _refuse_bytes(model: Any, where: str) -> None:
    """Names that are not UTF-8, which protobuf hands on as bytes."""
    pending = [model]
    while pending:
        for field, value in pending.pop().ListFields():
            if field.type == field.TYPE_MESSAGE:
                pending.extend([value] if hasattr(value, "ListFields") else value)
            elif field.type == field.TYPE_STRING and (
                    isinstance(value, bytes) or any(isinstance(v, bytes) for v in value)):
                raise FileFormatError("a name in the file is not text", where=where)


def _refuse_structure(model: Any, where: str) -> None:
    """What the checker would follow or let pass, refused before it runs."""
    graph = model.graph
    if model.functions:
        raise UnsupportedError("the model holds local functions", where=where,
                               hint="inline them: onnx.inliner.inline_local_functions(model)")
    if any(each.sparse_initializer for each in graphs(graph, where)):
        raise UnsupportedError("the model holds sparse tensors", where=where)
    opset_of(model, where)
    for inner in graphs(graph, where):
        for node in inner.node:
            _refuse_node(node, where)
        for tensor in (*_constants(inner), *(inner.initializer if inner is not graph else ())):
            if tensor.external_data or tensor.data_location:
                raise UnsupportedError("a constant inside a node is in another file",
                                       where=f"{where}, tensor {printable(tensor.name)}", hint=HINT)


def graphs(graph: Any, where: str) -> list[Any]:
    """A graph and all that its nodes hold.

    Raises:
        UnsupportedError: they are deeper, or have more nodes, than any policy's.
    """
    found, level, nodes = [], [graph], 0
    for _ in range(MAX_DEPTH):
        found += level
        nodes += sum(len(each.node) for each in level)
        if nodes > MAX_NODES:
            raise UnsupportedError(f"{nodes} nodes are more than {MAX_NODES}", where=where)
        level = [a.g for each in level for node in each.node for a in node.attribute
                 if a.HasField("g")]
        if not level:
            return found
    raise UnsupportedError(f"subgraphs are nested more than {MAX_DEPTH} deep", where=where)


def _refuse_node(node: Any, where: str) -> None:
    place = f"{where}, node {printable(node.name or node.op_type)}"
    if node.domain not in DOMAINS and (node.domain, node.op_type) not in FOREIGN:
        raise UnsupportedError(
            f"op {printable(node.op_type)} is of the domain {printable(node.domain)}",
            where=place, hint="only the standard ops of ONNX are supported")
    if any(a.graphs or a.HasField("sparse_tensor") or a.sparse_tensors
           or (a.HasField("g") and node.op_type != "If") for a in node.attribute):
        raise UnsupportedError(
            f"op {printable(node.op_type)} holds a subgraph or a sparse tensor", where=place,
            hint="export one step of the policy, without loops and conditions")


def _constants(graph: Any) -> Iterator[Any]:
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
