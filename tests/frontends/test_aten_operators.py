# SPDX-License-Identifier: MIT
"""torch's operators with odd arguments, called one by one: axes from behind, defaults left out.

torch judges each; its first tensor is computed, as in a policy, and then a constant.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.aten import assemble  # noqa: F401  (registers all lowerings)
from puffer_edge.frontends.aten.exported import Call, Ref
from puffer_edge.frontends.aten.lower import lower_call
from puffer_edge.frontends.graph.graph import Graph
from puffer_edge.ir import Builder

A = torch.ops.aten
RANDOM = torch.Generator().manual_seed(23)


def numbers(*shape: int) -> Any:
    return torch.rand(shape, generator=RANDOM) * 4 - 2


def whole(*values: Any) -> Any:
    return torch.tensor(values)


X, SQUARE, IMAGE, ROW = numbers(2, 3, 4), numbers(3, 4), numbers(1, 4, 6, 7), numbers(9)
SERIES, HALVES = numbers(1, 4, 9), (numbers(3, 4) * 2).round() / 2
Case = tuple[Any, tuple[Any, ...], dict[str, Any]]


def case(op: Any, *args: Any, **named: Any) -> Case:
    return op, args, named


CASES: list[Case] = [
    *(case(A.cat.default, [X, numbers(2, 3, 4)], dim) for dim in (0, 1, -1)),
    case(A.cat.default, [SQUARE, numbers(1, 4)]),
    *(case(A.stack.default, [X, numbers(2, 3, 4)], dim) for dim in (0, 2, -1, 3, -4)),
    case(A.split.Tensor, ROW, 4), case(A.split.Tensor, ROW, 3), case(A.split.Tensor, ROW, 10),
    case(A.split.Tensor, X, 3, -1), case(A.split_with_sizes.default, X, [1, 3], -1),
    *(case(A.chunk.default, ROW, n) for n in (1, 2, 4, 5)), case(A.chunk.default, X, 2, -2),
    *(case(A.tensor_split.sections, ROW, n) for n in (1, 2, 4)),
    case(A.tensor_split.indices, ROW, [2, 5]), case(A.tensor_split.indices, X, [1, -1], 2),
    case(A.hsplit.int, ROW, 3), case(A.hsplit.int, SQUARE, 2), case(A.vsplit.int, SQUARE, 3),
    case(A.dsplit.int, X, 2), case(A.hsplit.array, SQUARE, [1]),
    case(A.hstack.default, [ROW, ROW]), case(A.hstack.default, [SQUARE, SQUARE]),
    case(A.vstack.default, [ROW, ROW]), case(A.vstack.default, [SQUARE, SQUARE]),
    case(A.column_stack.default, [ROW, ROW]), case(A.column_stack.default, [SQUARE, SQUARE]),
    case(A.column_stack.default, [numbers(3), SQUARE]),
    case(A.repeat_interleave.self_int, X, 2), case(A.repeat_interleave.self_int, X, 3, -1),
    case(A.repeat_interleave.self_int, SQUARE, 1, 0), case(A.unbind.int, X),
    case(A.unbind.int, X, -2), case(A.unbind.int, numbers(3, 1), 1),
    *(case(A.slice.Tensor, X, *where) for where in (
        (), (1, 1), (-1, -3, -1), (2, 0, 9, 3), (1, None, 2), (2, 1, 9223372036854775807),
        (0, -9, 1))),
    case(A.narrow.default, X, 2, -3, 2), case(A.narrow.default, X, 1, 0, 2),
    *(case(A.select.int, X, *where) for where in ((0, 1), (-1, -1), (1, -3), (2, 0))),
    *(case(A.flip.default, X, dims) for dims in ([0], [-1, 1], [2])),
    case(A.index.Tensor, X, [None, whole(2, 0, -1)]), case(A.index.Tensor, X, [whole(1)]),
    case(A.index.Tensor, X, [whole(0, 1), None, whole(3, -1)]),
    case(A.index.Tensor, X, [None, torch.tensor([True, False, True])]),
    case(A.index.Tensor, SQUARE, [SQUARE.detach().clone() > 0]),
    case(A.index.Tensor, X, [None, None, whole([0, 1], [2, -4])]),
    case(A.index_select.default, X, -1, whole(3, 0)), case(A.index_select.default, X, 0, whole(1)),
    case(A.expand.default, numbers(3, 1), [2, -1, 4]), case(A.expand.default, SQUARE, [3, 4]),
    case(A.expand.default, SQUARE, [2, 3, 4]), case(A.repeat.default, SQUARE, [2, 1, 3]),
    case(A.repeat.default, SQUARE, [1, 1]), case(A.tile.default, X, [2]),
    case(A.tile.default, SQUARE, [2, 1, 2]),
    case(A.constant_pad_nd.default, X, [1, 2]), case(A.constant_pad_nd.default, X, [0, 0, 1, 0], 2),
    case(A.pad.default, X, [1, 0, 0, 2], "constant", -1.5), case(A.pad.default, X, [0, 0]),
    case(A.pad.default, SERIES, [2, 1], "circular"),
    case(A.pad.default, SERIES, [9, 9], "circular"),
    case(A.pad.default, SERIES, [8, 0], "reflect"), case(A.pad.default, IMAGE, [2, 0, 1, 5],
                                                         "reflect"),
    case(A.pad.default, IMAGE, [2, 0, 0, 9], "replicate"),
    case(A.reflection_pad1d.default, SERIES, [3, 1]),
    case(A.replication_pad2d.default, IMAGE, [1, 2, 0, 3]),
    *(case(A.roll.default, X, *where) for where in (
        ([1],), ([-2], [2]), ([1, 2], [0, -1]), ([3], [1]), ([5], [2]))),
    *(case(A.select_scatter.default, X, src, dim, at) for src, dim, at in (
        (numbers(3, 4), 0, 1), (numbers(2, 3), -1, -2), (numbers(2, 4), 1, 0),
        (numbers(2, 4), 1, -1))),
    *(case(A.slice_scatter.default, X, src, *where) for src, where in (
        (numbers(1, 3, 4), (0, 1)), (numbers(2, 3, 2), (2, 1, 3)),
        (numbers(2, 3, 2), (-1, 0, 4, 2)),
        (numbers(2, 3, 2), (2, 1, 4, 2)), (numbers(2, 3, 4), ()), (numbers(2, 1, 4), (1, -1)))),
    *(case(op, SQUARE, k) for op in (A.tril.default, A.triu.default) for k in (-1, 0, 2)),
    case(A.tril.default, X), case(A.gather.default, X, 1, torch.tensor([[[0, 2, 1, 0]]])),
    case(A.gather.default, SQUARE, -1, torch.tensor([[3, 0], [1, 1], [2, 0]])),
    case(A.take_along_dim.default, SQUARE, torch.tensor([[3, 0]]), 1),
    case(A.take_along_dim.default, SQUARE, torch.tensor([[2], [0]]), -2),
    case(A.scatter.src, SQUARE, 1, torch.tensor([[3, 0], [1, 2]]), numbers(3, 2)),
    case(A.scatter.value, SQUARE, -2, torch.tensor([[2, 0]]), 0.5),
    case(A.scatter_add.default, SQUARE, 0, torch.tensor([[2, 0, 0, 1], [2, 1, 0, 0]]),
         numbers(2, 4)),
    *(case(A.scatter_reduce.two, SQUARE, 0, torch.tensor([[2, 0, 0, 1]]), numbers(1, 4), reduce)
      for reduce in ("sum", "prod", "amax", "amin")),
    case(A.index_copy.default, X, -1, whole(2, 0), numbers(2, 3, 2)),
    case(A.index_add.default, X, 1, whole(2, 2), numbers(2, 2, 4)),
    case(A.index_fill.int_Scalar, X, 2, whole(-1, 0), 1.5),
    case(A.index_put.default, SQUARE, [whole(0, 2), whole(1, -1)], numbers(2)),
    case(A.index_put.default, SQUARE, [whole(0, 0)], numbers(4), True),
    case(A.index_put.default, X, [None, whole(1)], numbers(1)),
    *(case(op, X, *where) for op in (A.mean.dim, A.sum.dim_IntList, A.amax.default, A.amin.default)
      for where in (([1],), ([-1, 0], True), ([2], False))),
    case(A.sum.dim_IntList, whole(1, 2, 3), [0]),
    case(A.sum.dim_IntList, whole(1, 2, 3), [0], dtype=torch.float32),
    case(A.mean.default, X), case(A.sum.default, X), case(A.amax.default, X),
    *(case(op, X) for op in (A.max.default, A.min.default, A.prod.default)),
    *(case(op, HALVES, dim, keep) for op in (A.max.dim, A.min.dim) for dim in (0, -1)
      for keep in (False, True)),
    case(A.max.other, X, numbers(4)), case(A.min.other, X, numbers(3, 1)),
    case(A.aminmax.default, X), case(A.aminmax.default, X, dim=-2, keepdim=True),
    case(A.prod.dim_int, X, 1), case(A.prod.dim_int, X, -1, True), case(A.cumprod.default, X, -1),
    case(A.cumprod.default, numbers(1, 3), 0), case(A.prod.dim_int, numbers(1, 3), 0),
    case(A.cumsum.default, X, 1), case(A.cumsum.default, X, -1),
    case(A.avg_pool2d.default, IMAGE, [3, 2]), case(A.avg_pool2d.default, IMAGE, [2], [1], [1]),
    case(A.avg_pool2d.default, IMAGE, [3, 2], [2, 1], [1, 0], False, False),
    case(A.avg_pool2d.default, IMAGE, [4], [3], [1], True, True),
    case(A.avg_pool2d.default, IMAGE, [4], [3], [1], True, False),
    case(A.avg_pool1d.default, SERIES, [3], [2], [1]), case(A.avg_pool1d.default, SERIES, [2]),
    case(A.max_pool2d.default, IMAGE, [3, 2]), case(A.max_pool1d.default, SERIES, [2]),
    case(A.max_pool2d.default, IMAGE, [3, 3], [2, 2], [1, 1], [1, 2], True),
    case(A.max_pool2d.default, IMAGE[0], [2, 2], [1, 2]),
    *(case(A.adaptive_avg_pool2d.default, IMAGE, [*size]) for size in ((1, 1), (3, 7), (4, 2))),
    case(A.adaptive_avg_pool1d.default, SERIES, [4]),
    case(A.tensordot.default, X, numbers(4, 3, 2), [1, 2], [1, 0]),
    case(A.tensordot.default, X, numbers(2, 5), [0], [-2]),
    case(A.outer.default, ROW, numbers(3)), case(A.inner.default, X, numbers(5, 4)),
    case(A.inner.default, ROW, numbers(9)),
    case(A.bilinear.default, numbers(2, 3), numbers(2, 4), numbers(5, 3, 4), numbers(5)),
    case(A.bilinear.default, numbers(2, 3), numbers(2, 4), numbers(5, 3, 4)),
    *(case(A.linalg_vector_norm.default, X, *how) for how in (
        (), (1, [1]), (2, [-1, 0], True), (float("inf"), [2]))),
    case(A.norm.ScalarOpt_dim, X, 2, [1]), case(A.norm.ScalarOpt_dim, X, 1, [-1], True),
    case(A.addbmm.default, numbers(3, 5), X, numbers(2, 4, 5)),
    case(A.chain_matmul.default, [SQUARE, numbers(4, 2), numbers(2, 3)]),
    case(A.cosine_similarity.default, X, numbers(2, 3, 4)),
    case(A.cosine_similarity.default, X, numbers(2, 3, 4), -1),
    case(A.cosine_similarity.default, X * 1e-3, numbers(2, 3, 4) * 1e-3, 2, 0.1),
    *(case(op, X, numbers(4)) for op in (A.add.Tensor, A.sub.Tensor, A.mul.Tensor, A.div.Tensor,
                                         A.maximum.default, A.minimum.default)),
    case(A.add.Tensor, X, numbers(3, 1), alpha=-2), case(A.sub.Tensor, X, numbers(4), alpha=0.5),
    case(A.rsub.Scalar, X, 2.0), case(A.rsub.Scalar, X, 2.0, 3.0), case(A.sub.Scalar, X, 1.5),
    case(A.addmm.default, numbers(5), SQUARE, numbers(4, 5)),
    case(A.addmm.default, numbers(5), SQUARE, numbers(4, 5), beta=0.5, alpha=2),
    case(A.matmul.default, X, numbers(4)), case(A.matmul.default, ROW, numbers(9, 2)),
    case(A.bmm.default, X, numbers(2, 4, 5)), case(A.mv.default, SQUARE, numbers(4)),
    case(A.addcmul.default, X, numbers(4), numbers(3, 1), value=0.5),
    case(A.addcdiv.default, X, numbers(4), numbers(3, 1) + 4, value=2), case(A.lerp.Scalar, X,
                                                                             numbers(4), 0.3),
    *(case(A.softmax.int, X, dim) for dim in (0, -1)), case(A.log_softmax.int, X, 1),
    case(A.layer_norm.default, X / 200, [4]), case(A.layer_norm.default, X, [3, 4], numbers(3, 4)),
    case(A.layer_norm.default, X, [4], numbers(4), numbers(4), 0.1),
    case(A.group_norm.default, IMAGE / 200, 2), case(A.group_norm.default, IMAGE, 4, numbers(4),
                                                     numbers(4), 0.1),
    case(A.batch_norm.default, IMAGE, numbers(4), numbers(4), numbers(4), numbers(4).abs() + 0.1,
         False, 0.1, 1e-2, False),
    case(A.conv2d.default, IMAGE, numbers(6, 2, 3, 2), numbers(6), [2, 1], [1, 0], [1, 2], 2),
    case(A.conv2d.default, IMAGE, numbers(3, 4, 2, 2)), case(A.conv1d.default, SERIES,
                                                             numbers(3, 4, 3), None, [2], [1]),
    case(A.elu.default, HALVES, 0.3), case(A.leaky_relu.default, HALVES),
    case(A.leaky_relu.default, HALVES, 0.3), case(A.hardtanh.default, HALVES),
    case(A.hardtanh.default, HALVES, -0.5, 1.5), case(A.softplus.default, HALVES),
    case(A.softplus.default, HALVES, 2.0), case(A.threshold.default, HALVES, 0.5, -3.0),
    case(A.gelu.default, HALVES), case(A.gelu.default, HALVES, approximate="tanh"),
    case(A.clamp.default, HALVES, -0.5), case(A.clamp.default, HALVES, None, 1.0),
    case(A.clamp.default, HALVES, -1, 0.5), case(A.celu.default, HALVES, 0.7),
    case(A.hardshrink.default, HALVES), case(A.softshrink.default, HALVES, 1.0),
    case(A.glu.default, SQUARE), case(A.glu.default, numbers(4, 3), 0),
    *(case(A.squeeze.dim, numbers(1, 3, 1), dim) for dim in (0, 1, -1)),
    case(A.unsqueeze.default, X, -1), case(A.unsqueeze.default, X, 1),
    case(A.transpose.int, X, 0, -1), case(A.permute.default, X, [2, 0, -2]),
    case(A.movedim.int, X, 0, -1), case(A.flatten.using_ints, X, 1), case(A.flatten.using_ints, X),
    case(A.flatten.using_ints, X, 0, -2), case(A.unflatten.int, X, -1, [2, -1]),
    case(A.view.default, X, [4, -1]), case(A.var.correction, X, [1], correction=1, keepdim=True),
    case(A.var.correction, X, [-1], correction=0), case(A.std.correction, X, [1]),
    case(A.var.dim, X, [0, 1], False), case(A.logsumexp.default, X, [-1], True),
    case(A.logsumexp.default, X, [1]),
]


def lowered(op: Any, args: tuple[Any, ...], named: dict[str, Any], computed: str,
            count: int | None = None) -> list[Any]:
    """What the lowering of one op computes.

    Args:
        op: of torch.
        args, named: its arguments.
        computed: "first", the first tensor is, as in a policy; "all" floats and booleans; "none".
        count: of results, where torch itself is not to be asked.
    """
    builder = Builder("aten")
    graph, known, dtypes, tensors = Graph(builder, "aten"), {}, {}, 0
    same: dict[int, str] = {}

    def put(value: Any) -> Any:
        nonlocal tensors
        if isinstance(value, list | tuple):
            return [put(one) for one in value]
        if not isinstance(value, torch.Tensor):
            return str(value).removeprefix("torch.") if isinstance(value, torch.dtype) else value
        if id(value) in same:
            return Ref(same[id(value)])
        name, array, tensors = f"t{tensors}", value.numpy(), tensors + 1
        same[id(value)] = name
        wanted = {"first": "f" * (tensors == 1), "all": "fb", "none": ""}[computed]
        if array.size and array.dtype.kind in list(wanted):
            graph.bind(name, builder.state(name, array.shape))
            known[str(graph.operands[name])] = array.astype(np.float32)
            dtypes[name] = "bool" if array.dtype.kind == "b" else "float32"
        else:
            graph.bind(name, array)
        return Ref(name)

    names = [argument.name for argument in op._schema.arguments]
    arguments = dict(zip(names, map(put, args), strict=False)) | {
        name: put(value) for name, value in named.items()}
    results: Any = op(*args, **named) if count is None else [None] * count
    several = isinstance(results, list | tuple)
    outputs = tuple(f"y{n}" for n in range(len(results) if several else 1))
    dtypes |= {name: str(one.dtype).removeprefix("torch.") for name, one in zip(
        outputs, results if several else [results], strict=True) if one is not None}
    call = Call(str(op), arguments, outputs, several, "", "")
    lower_call(call, graph, {}, dtypes)
    known |= builder.constants
    for one in builder.ops:
        made = one.evaluate([known[name] if name else None for name in one.inputs])
        known |= dict(zip(one.outputs, made, strict=True))
    operands = [graph.operands.get(name) for name in outputs]  # none for a constant's places
    return [known[x] if isinstance(x, str) else x for x in operands]


def compare(op: Any, args: tuple[Any, ...], named: dict[str, Any], computed: str) -> None:
    """Beside what torch says; what is integer or boolean stays so in a constant."""
    results = op(*args, **named)
    results = list(results) if isinstance(results, list | tuple) else [results]
    for mine, right in zip(lowered(op, args, named, computed), results, strict=True):
        if right is None:
            continue
        if mine is None:
            assert computed == "none" or "native" in str(op)
            continue
        assert mine.shape == tuple(right.shape)
        assert computed != "none" or mine.dtype.kind == right.numpy().dtype.kind
        np.testing.assert_allclose(mine.astype(np.float64), right.double().numpy(), rtol=3e-5,
                                   atol=3e-6)


@pytest.mark.parametrize(("op", "args", "named"), CASES,
                         ids=[f"{n} {op}" for n, (op, _, _) in enumerate(CASES)])
@pytest.mark.filterwarnings("ignore")
def test_as_torch(op: Any, args: tuple[Any, ...], named: dict[str, Any]) -> None:
    compare(op, args, named, "first")
    for computed in ("all", "none"):  # no policy needs each
        with suppress(UnsupportedError):
            compare(op, args, named, computed)
