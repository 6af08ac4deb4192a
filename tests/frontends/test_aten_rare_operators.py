# SPDX-License-Identifier: MIT
"""torch's rarer operators, called one by one; what is refused, each reason alone; the defaults.

torch judges what is computed, that what is refused has a value, and that what does not fit has
none.
"""

from __future__ import annotations

import inspect
from contextlib import suppress
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.aten.lower import _RENAMED, LOWERINGS
from tests.frontends.test_aten_operators import Case, case, compare, lowered, whole

A = torch.ops.aten
RANDOM = torch.Generator().manual_seed(29)
INFINITE = float("inf")


def numbers(*shape: int, low: float = -2.0, high: float = 2.0) -> Any:
    return torch.rand(shape, generator=RANDOM) * (high - low) + low


def truths(*values: int) -> Any:
    return torch.tensor(values) > 0


X, SQUARE, ROW, SERIES = numbers(2, 3, 4), numbers(3, 4), numbers(9), numbers(1, 4, 9)
ABOVE, INSIDE = numbers(3, 4, low=1.1, high=4.0), numbers(3, 4, low=-0.9, high=0.9)
EVEN = torch.tensor([[-2.5, -1.5, -0.5, 0.0], [0.5, 1.5, 2.5, 1.0], [-0.04, 0.05, 1.26, -3.0]])
MASK, ANY = truths(1, 0, 1, 0), truths(0, 0, 1)[:, None] | truths(1, 0, 1, 0)


def attended(mask: Any = None, kind: int | None = None) -> tuple[Any, ...]:
    """Of a tensor of 3 steps of 4 numbers, two heads."""
    x = numbers(1, 3, 4)
    return (x, x, x, 4, 2, numbers(12, 4), numbers(12), numbers(4, 4), numbers(4), mask, False,
            True, kind)


def layers(gates: int, count: int, ways: int = 1, biases: bool = True, size: int = 3
           ) -> list[Any]:
    """Weights of recurrent layers of 2 hidden elements."""
    found = []
    for layer in range(count):
        width = size if layer == 0 else 2 * ways
        for _ in range(ways):
            found += [numbers(gates * 2, width), numbers(gates * 2, 2)]
            found += [numbers(gates * 2), numbers(gates * 2)] if biases else []
    return found


def recurrent(op: Any, gates: int, x: Any, count: int = 1, ways: int = 1, biases: bool = True,
              first: bool = False) -> Case:
    state = numbers(count * ways, 1, 2)
    states = [state, numbers(*state.shape)] if "lstm" in str(op) else state
    return case(op, x, states, layers(gates, count, ways, biases), biases, count, 0.0, False,
                ways == 2, first)


CASES: list[Case] = [
    *(case(op, ABOVE) for op in (A.log2.default, A.log10.default, A.acosh.default,
                                 A.rsqrt.default, A.log1p.default, A.arccosh.default)),
    *(case(op, INSIDE) for op in (
        A.asin.default, A.acos.default, A.atanh.default, A.tan.default, A.arcsin.default,
        A.arccos.default, A.arctanh.default, A.erf.default)),
    *(case(op, EVEN) for op in (
        A.exp2.default, A.sinh.default, A.cosh.default, A.asinh.default, A.arcsinh.default,
        A.atan.default, A.arctan.default, A.sin.default, A.cos.default, A.hardsigmoid.default,
        A.relu6.default, A.log_sigmoid.default, A.square.default, A.floor.default, A.ceil.default,
        A.round.default, A.trunc.default, A.fix.default, A.expm1.default, A.frac.default,
        A.sign.default, A.sgn.default, A.isnan.default, A.isinf.default, A.isfinite.default,
        A.isposinf.default, A.isneginf.default, A.nan_to_num.default)),
    case(A.hardsigmoid.default, EVEN * 2), case(A.relu6.default, EVEN * 4),
    case(A.softplus.default, EVEN, 1.0, 20.0), case(A.softplus.default, EVEN, 0.01, 25.0),
    case(A.atan2.default, X, numbers(4)), case(A.arctan2.default, SQUARE, ABOVE),
    case(A.clamp.Tensor, X, numbers(4) - 1, numbers(4) + 1), case(A.clamp.Tensor, X, None, ROW[:4]),
    case(A.clamp.Tensor, X, ROW[:4]), case(A.clamp.default, X, -INFINITE, 1.0),
    case(A.clamp.default, X, -0.5, INFINITE), case(A.clamp_min.default, X, 0.3),
    case(A.clamp_max.Tensor, X, ROW[:4]),
    case(A.prelu.default, SQUARE, numbers(1)), case(A.prelu.default, SQUARE, numbers(4)),
    case(A.prelu.default, X, numbers(3)), case(A.prelu.default, X, numbers(1)),
    case(A.prelu.default, SERIES[..., None], numbers(4)),
    *(case(A.pow.Scalar, base, SQUARE) for base in (2.0, 0.5, 1.0)),
    *(case(A.pow.Tensor_Scalar, ABOVE, power) for power in (2, 0.5, -1, 3, 1)),
    *(case(op, EVEN, number) for op in (A.eq.Scalar, A.ne.Scalar, A.lt.Scalar, A.le.Scalar,
                                        A.gt.Scalar, A.ge.Scalar) for number in (0.5, 0, 7)),
    *(case(op, EVEN, EVEN.flip(0)) for op in (A.eq.Tensor, A.ne.Tensor, A.lt.Tensor, A.ge.Tensor)),
    *(case(op, MASK, ANY) for op in (
        A.logical_and.default, A.logical_or.default, A.logical_xor.default,
        A.bitwise_and.Tensor, A.bitwise_or.Tensor, A.bitwise_xor.Tensor, A.add.Tensor,
        A.mul.Tensor)),
    case(A.logical_not.default, MASK), case(A.bitwise_not.default, ANY),
    *(case(op, ANY, *rest) for op in (A.any.dim, A.all.dim) for rest in ((0,), (-1, True))),
    case(A.any.default, ANY), case(A.all.default, ANY), case(A.any.dim, EVEN, 1),
    case(A.all.default, EVEN),
    case(A.where.self, ANY, SQUARE, numbers(4)), case(A.where.Scalar, ANY, 1.0, 2.5),
    case(A.masked_fill.Scalar, SQUARE, ANY, -1.5), case(A.masked_fill.Tensor, SQUARE, ANY,
                                                        torch.tensor(0.5)),
    case(A.heaviside.default, EVEN, torch.tensor(0.3)),
    case(A.index_put.default, SQUARE, [ANY], numbers(1)), case(A.index_put.default, SQUARE, [
        truths(1, 0, 1)], numbers(1)),
    *(case(A.round.decimals, EVEN, decimals=n) for n in (0, 1, 2, -1)),
    *(case(A.diff.default, X, *how) for how in ((), (1, 0), (2,), (2, 1), (0,))),
    case(A.diff.default, SQUARE, 1, -1, numbers(3, 1), numbers(3, 2)),
    case(A.cross.default, X, numbers(2, 3, 4)), case(A.cross.default, X, numbers(2, 3, 4), 1),
    case(A.cross.default, numbers(3, 3), numbers(3, 3)),
    case(A.linalg_cross.default, numbers(3, 3), numbers(3, 3)),
    case(A.linalg_cross.default, numbers(3, 2), numbers(3, 2), dim=0),
    case(A.var.correction, X, [1], correction=2.5), case(A.std.dim, X, [2]),
    case(A.std.default, SQUARE, False), case(A.var.default, SQUARE),
    case(A.logsumexp.default, X * 40, [0, 2]), case(A.logsumexp.default, X, [0, -1], True),
    case(A.fmod.Scalar, EVEN, 0.7), case(A.remainder.Scalar, EVEN, 0.7),
    case(A.floor_divide.default, EVEN, whole(2)), case(A.div.Tensor_mode, EVEN, torch.tensor(0.7),
                                                       rounding_mode="trunc"),
    case(A.div.Scalar_mode, EVEN, 0.7, rounding_mode="floor"),
    case(A.linear.default, X, numbers(5, 4)), case(A.linear.default, X, numbers(5, 4), numbers(5)),
    case(A.baddbmm.default, numbers(2, 3, 5), X, numbers(2, 4, 5), beta=2, alpha=0.5),
    case(A.addmv.default, numbers(3), SQUARE, numbers(4)), case(A.dot.default, ROW, numbers(9)),
    case(A.conv2d.padding, SERIES[None], numbers(2, 1, 2, 3), None, [1, 1], "same", [1, 2]),
    case(A.conv1d.padding, SERIES, numbers(2, 4, 4), None, [2], "valid"),
    case(A.conv1d.default, SERIES[0], numbers(2, 2, 3), numbers(2), [1], [1],
                                                  [2], 2),
    *(case(op, EVEN, *how) for op in (A.argmin.default,) for how in ((), (0,), (1, True), (-1,))),
    *(case(op, SQUARE, 2, *how) for op in (A.topk.default,) for how in (
        (), (0,), (1, False), (-1, True))),
    case(A.topk.default, SQUARE, 1), case(A.topk.default, SQUARE, 4),
    *(case(op, SQUARE, *how) for op in (A.sort.default, A.argsort.default) for how in (
        (), (0,), (1, True))), case(A.msort.default, SQUARE),
    *(case(A.kthvalue.default, SQUARE, *how) for how in ((1,), (4,), (2, 0), (3, 1, True))),
    case(A.median.default, SQUARE), case(A.median.default, numbers(5)),
    *(case(A.median.dim, SQUARE, *how) for how in ((0,), (1, True), (-1,))),
    *(case(op, X) for op in (A.mT.default, A.numpy_T.default, A.clone.default, A.detach.default)),
    case(A.t.default, SQUARE), case(A.swapaxes.default, X, 0, 2), case(A.t.default, ROW),
    case(A.movedim.intlist, X, [0, 1], [2, 0]), case(A.squeeze.dims, numbers(1, 3, 1), [0, 2]),
    case(A.squeeze.default, numbers(1, 3, 1)), case(A.flatten.using_ints, torch.tensor(1.5)),
    case(A.unflatten.int, X, 2, [-1, 2]), case(A.unflatten.int, numbers(12), 0, [2, -1, 3]),
    case(A.rms_norm.default, X, [4]), case(A.rms_norm.default, X / 2000, [3, 4], numbers(3, 4)),
    case(A.rms_norm.default, X, [4], numbers(4), 0.1),
    case(A.group_norm.default, SQUARE[:1], 2), case(A.batch_norm.default, SQUARE, None, None,
                                                    numbers(4), ABOVE[0], False, 0.1, 1e-3, True),
    case(A.native_layer_norm.default, X, [4], numbers(4), numbers(4), 1e-2),
    case(A._weight_norm.default, SQUARE, numbers(3, 1)),
    case(A._weight_norm.default, SQUARE, numbers(1, 4), 1),
    case(A._weight_norm.default, SQUARE, numbers(1), -1),
    case(A.linalg_vector_norm.default, X, 2, [0, 2]), case(A.linalg_norm.default, ROW, 1),
    case(A.linalg_norm.default, SQUARE), case(A.norm.Scalar, SQUARE),
    case(A.linalg_norm.ord_str, SQUARE, "fro", [-2, -1]), case(A.frobenius_norm.dim, SQUARE, [1]),
    case(A.addbmm.default, numbers(3, 5), X, numbers(2, 4, 5), beta=1, alpha=1),
    case(A.linalg_multi_dot.default, [SQUARE, numbers(4, 2), numbers(2)]),
    case(A.adaptive_max_pool1d.default, SERIES, [2]),
    case(A.adaptive_avg_pool1d.default, numbers(1, 1, 64), [64]),
    case(A.prod.default, numbers(64)), case(A.max.dim, numbers(1, 64), 1),
    case(A.scaled_dot_product_attention.default, X, numbers(2, 5, 4), numbers(2, 5, 3)),
    case(A.scaled_dot_product_attention.default, X, X, X, None, 0.0, True),
    case(A.scaled_dot_product_attention.default, X, X, X, None, scale=0.3),
    case(A.scaled_dot_product_attention.default, SQUARE, SQUARE, SQUARE, torch.eye(3) > 0),
    case(A.scaled_dot_product_attention.default, SQUARE, SQUARE, SQUARE, numbers(3, 3)),
    case(A._native_multi_head_attention.default, *attended()),
    case(A._native_multi_head_attention.default, *attended(torch.eye(3) < 1, 0)),
    case(A._native_multi_head_attention.default, *attended(truths(0, 0, 1)[None], 1)),
    case(A._native_multi_head_attention.default, *attended(
        torch.stack([torch.eye(3) < 1, torch.eye(3).flip(0) > 0])[None], 2)),
    *(recurrent(op, gates, numbers(steps, 1, 3), *how) for op, gates in (
        (A.lstm.input, 4), (A.gru.input, 3), (A.rnn_tanh.input, 1), (A.rnn_relu.input, 1))
      for steps, how in ((1, ()), (3, (2,)), (2, (2, 2)), (1, (1, 1, False)))),
    recurrent(A.lstm.input, 4, numbers(1, 2, 3), first=True),
    recurrent(A.rnn_tanh.input, 1, numbers(128, 1, 3)),
    case(A.lstm_cell.default, numbers(1, 3), [numbers(1, 2), numbers(1, 2)], *layers(4, 1)),
    case(A.gru_cell.default, numbers(1, 3), numbers(1, 2), *layers(3, 1)),
    case(A.rnn_tanh_cell.default, numbers(1, 3), numbers(1, 2), *layers(1, 1)),
    case(A.rnn_relu_cell.default, numbers(1, 3), numbers(1, 2), *layers(1, 1, 1, False)),
    *(case(A.scatter.value_reduce, SQUARE, 0, torch.tensor([[2, 0]]), 2.0, reduce=how)
      for how in ("add", "multiply")),
    case(A.scatter.src, SQUARE, 0, torch.tensor([[2, 0]]), numbers(3, 4)),
    case(A.gather.default, X, 0, torch.tensor([[[-1 + 2, 0], [0, 0]]])),
    case(A.index.Tensor, X, [None, truths(1, 0, 1), whole(0, -1)]),
    case(A.expand.default, numbers(1), [2, 3]), case(A.expand_as.default, ROW[:4], X),
    case(A.native_batch_norm.default, SQUARE, numbers(4), numbers(4), numbers(4), ABOVE[0], False,
         0.1, 1e-2),
    case(A.cat.default, [SQUARE, torch.zeros(0)]), case(A.fmax.default, SQUARE, numbers(4)),
    case(A.view_as.default, X, numbers(4, 6)), case(A.copy.default, X, numbers(4)),
    case(A.dropout.default, X, 0.5, False), case(A.dropout.default, X, 0.0, True),
]


@pytest.mark.parametrize(("op", "args", "named"), CASES,
                         ids=[f"{n} {op}" for n, (op, _, _) in enumerate(CASES)])
@pytest.mark.filterwarnings("ignore")
def test_as_torch(op: Any, args: tuple[Any, ...], named: dict[str, Any]) -> None:
    done = 0
    for computed in ("first", "all", "none"):
        with suppress(UnsupportedError):
            compare(op, args, named, computed)
            done += 1
    assert done


INTEGERS = whole([3, 0, 2], [1, 1, 0])
CONSTANTS: list[Case] = [
    *(case(op, INTEGERS, *how) for op in (A.sum.dim_IntList, A.amax.default)
      for how in (([0],), ([1], True))),
    *(case(op, ANY, how) for op in (A.sum.dim_IntList, A.cumsum.default, A.prod.dim_int,
                                    A.cumprod.default)
      for how in ([1] if "dim_IntList" in str(op) else 1,)),
    *(case(op, INTEGERS, 0, dtype=torch.float32) for op in (
        A.cumsum.default, A.cumprod.default, A.prod.dim_int)),
    *(case(op, SQUARE * 3, how, dtype=torch.int64) for op, how in (
        (A.sum.dim_IntList, [0]), (A.cumsum.default, 0), (A.prod.dim_int, 0))),
    case(A.mean.dim, INTEGERS, [0], dtype=torch.float32),
    case(A.embedding.default, SQUARE, whole([0, 2], [1, 0])),
    case(A.embedding.default, SQUARE, whole(2), 0, True, True),
    case(A.one_hot.default, INTEGERS), case(A.one_hot.default, INTEGERS, 4),
    case(A.one_hot.default, whole(0), 4096), case(A.one_hot.default, INTEGERS, 6),
    *(case(A.argmax.default, EVEN, *how) for how in ((), (0,), (-1, True), (1, False))),
    *(case(op, torch.tensor([1.0, INFINITE, -INFINITE, float("nan")])) for op in (
        A.isnan.default, A.isinf.default, A.isposinf.default, A.isneginf.default,
        A.isfinite.default)),
    case(A.arange.default, 5), case(A.arange.default, 2.5), case(A.arange.start, 2, 7),
    case(A.arange.start_step, 1, 8, 3), case(A.arange.start_step, 0, 1, 0.25),
    case(A.arange.start_step, 5, 0, -2), case(A.linspace.default, -1.0, 1.0, 5),
    case(A.eye.default, 3), case(A.eye.m, 2, 4), case(A.scalar_tensor.default, 1.5),
    case(A.full.default, [2, 3], 1.5), case(A.zeros.default, [2]), case(A.ones.default, [1, 2]),
    case(A.full_like.default, SQUARE, 2.5), case(A.ones_like.default, INTEGERS),
    case(A.zeros_like.default, SQUARE), case(A.new_full.default, INTEGERS, [2], 3),
    case(A.new_zeros.default, SQUARE, [2, 1]), case(A.zeros_like.default, SQUARE,
                                                    dtype=torch.int64),
    case(A.floor_divide.default, INTEGERS, whole(2)), case(A.remainder.Scalar, INTEGERS, 2),
    case(A.tril.default, INTEGERS), case(A.flip.default, INTEGERS, [1]),
]


@pytest.mark.parametrize(("op", "args", "named"), CONSTANTS,
                         ids=[f"{n} {op}" for n, (op, _, _) in enumerate(CONSTANTS)])
@pytest.mark.filterwarnings("ignore")
def test_constants_as_torch(op: Any, args: tuple[Any, ...], named: dict[str, Any]) -> None:
    compare(op, args, named, "none")


PICKED = (whole(0), whole(1))
REFUSED: list[tuple[str, Case, str]] = [
    ("first", case(A.elu.default, X, 1.0, 1.5), "scale"),
    ("first", case(A.elu.default, X, 1.0, 1.0, 2.0), "input_scale"),
    ("first", case(A.softplus.default, X, 1.0, 19.5), "threshold"),
    ("first", case(A.softplus.default, X, -1.0), "positive"),
    *(("first", case(A.pow.Scalar, base, ABOVE), "power of a tensor") for base in (0.0, -2.0)),
    ("first", case(A.scaled_dot_product_attention.default, SQUARE, SQUARE, SQUARE, None, 0.1),
     "dropout_p"),
    ("first", case(A.scaled_dot_product_attention.default, SQUARE, SQUARE, SQUARE,
                   torch.tensor([[True] * 3, [False] * 3, [True] * 3])), "nothing to attend to"),
    ("first", case(A.embedding.default, SQUARE, whole(0)), "computed"),
    ("none", case(A.one_hot.default, whole(0), 4097), "4097 categories"),
    ("first", case(A.logical_and.default, SQUARE, SQUARE), "in place of booleans"),
    ("none", case(A.logical_not.default, INTEGERS), "in place of booleans"),
    ("all", case(A.logical_or.default, SQUARE, ANY), "in place of booleans"),
    ("all", case(A.logical_or.default, ANY, whole(1, 0, 2, 3)), "in place of booleans"),
    ("first", case(A.var.correction, X, [1], correction=3), "of 3 elements"),
    ("none", case(A.nan_to_num.default, SQUARE), "no number"),
    ("all", case(A.index_put.default, SQUARE, [ANY], SQUARE[ANY]), "more than one number"),
    ("all", case(A.index_put.default, SQUARE, [ANY], numbers(1), True), "more than one number"),
    ("all", case(A.index_put.default, SQUARE, [truths(1, 0, 1), whole(0, 1)], numbers(1)),
     "more than one number"),
    ("all", case(A.index_put.default, SQUARE, [None, MASK], numbers(1)), "more than one number"),
    ("first", case(A.scatter_reduce.two, SQUARE, 0, torch.tensor([[2, 0]]), numbers(1, 2), "mean"),
     "reduce = 'mean'"),
    ("first", case(A.scatter_reduce.two, SQUARE, 0, torch.tensor([[2, 0]]), numbers(1, 2), "sum",
                   include_self=False), "include_self"),
    ("first", case(A.index_add.default, X, 1, whole(2), numbers(2, 1, 4), alpha=2), "alpha"),
    ("first", case(A.dstack.default, [SQUARE, SQUARE]), "of 2 axes"),
    ("first", case(A.vstack.default, [X, X]), "of 3 axes"),
    ("first", case(A.tensor_split.sections, ROW, 10), "an empty part"),
    ("first", case(A.tensor_split.indices, ROW, [2, 2]), "an empty part"),
    ("first", case(A.constant_pad_nd.default, X, [-1, 2]), "less than nothing"),
    ("first", case(A.slice.Tensor, X, 1, 2, 2), "empty"),
    ("first", case(A.repeat_interleave.self_int, X, 0), "empty"),
    ("first", case(A.linalg_norm.default, SQUARE, 1), "of a matrix"),
    ("first", case(A.linalg_vector_norm.default, SQUARE, 3), "ord = 3"),
    ("first", case(A.norm.Scalar, torch.tensor(1.5)), "ord"),
    *(("first", case(A.addbmm.default, numbers(3, 5), X, numbers(2, 4, 5), **factor), "beta")
      for factor in ({"beta": 2}, {"alpha": 2})),
    ("first", case(A.avg_pool2d.default, X, [2], divisor_override=3), "divisor_override"),
    ("first", case(A.prod.default, numbers(65)), "65 factors"),
    ("first", case(A.adaptive_avg_pool1d.default, numbers(1, 1, 65), [65]), "output_size"),
    ("first", case(A.convolution.default, SERIES, numbers(4, 2, 3), None, [1], [0], [1], True, [0],
                   1), "transposed"),
    ("first", case(A.conv3d.default, numbers(1, 1, 2, 2, 2), numbers(1, 1, 1, 1, 1)), ""),
    ("first", case(A.dropout.default, X, 0.5, True), "training mode"),
    ("first", case(A.batch_norm.default, SQUARE, None, None, None, None, True, 0.1, 1e-5, False),
     "statistics of the batch"),
    ("first", case(A.batch_norm.default, SQUARE, None, None, numbers(4), ABOVE[0], True, 0.1, 1e-5,
                   False), "statistics of the batch"),
    ("first", recurrent(A.rnn_tanh.input, 1, numbers(129, 1, 3)), "a sequence of"),
    ("first", recurrent(A.rnn_tanh.input, 1, numbers(65, 1, 3), 2), "a sequence of"),
    ("first", recurrent(A.rnn_tanh.input, 1, numbers(65, 1, 3), 1, 2), "a sequence of"),
    ("first", case(A._native_multi_head_attention.default, *attended()[:10], True), "its weights"),
    ("none", case(A.eye.default, 2049), "elements would be made"),
    ("none", case(A.eye.m, 1, (1 << 22) + 1), "elements would be made"),
    ("none", case(A.linspace.default, 0.0, 1.0, (1 << 22) + 1), "elements would be made"),
    ("none", case(A.arange.start_step, 0, (1 << 23) + 2, 2), "elements would be made"),
    ("none", case(A.arange.start, -5, 1 << 22), "elements would be made"),
]


@pytest.mark.parametrize(("computed", "one", "words"), REFUSED,
                         ids=[f"{n} {one[0]}" for n, (_, one, _) in enumerate(REFUSED)])
@pytest.mark.filterwarnings("ignore")
def test_each_reason_to_refuse_alone(computed: str, one: Case, words: str) -> None:
    op, args, named = one
    op(*args, **named)  # torch has a value
    with pytest.raises(UnsupportedError) as caught:
        lowered(op, args, named, computed)
    assert words in caught.value.what


UNFIT: list[tuple[str, Case]] = [
    *(("none", case(A.embedding.default, SQUARE, whole(n))) for n in (-1, 3)),
    ("none", case(A.one_hot.default, INTEGERS, 3)), ("none", case(A.one_hot.default, whole(-1))),
    *(("first", case(A.topk.default, SQUARE, n)) for n in (0 - 1, 5)),
    *(("first", case(A.kthvalue.default, SQUARE, n)) for n in (0, 5)),
    *(("first", case(A.select.int, X, 1, n)) for n in (3, -4)),
    *(("first", case(A.index.Tensor, SQUARE, [whole(n)])) for n in (3, -4)),
    *(("first", case(A.gather.default, SQUARE, 1, torch.tensor([[n]]))) for n in (4, -1 - 4)),
    ("first", case(A.gather.default, SQUARE, 1, torch.tensor([[0]] * 4))),
    ("first", case(A.gather.default, SQUARE, 1, whole(0))),
    ("first", case(A.gather.default, SQUARE, 1, torch.tensor([[0.5]]))),
    *(("first", case(A.index_copy.default, SQUARE, 1, whole(n), numbers(3, 1))) for n in (4, -5)),
    ("first", case(A.index.Tensor, SQUARE, [whole(0), whole(0), whole(0)])),
    ("first", case(A.index.Tensor, SQUARE, [truths(1, 0, 0, 1)])),
    ("first", case(A.constant_pad_nd.default, X, [1])),
    ("first", case(A.constant_pad_nd.default, ROW, [1, 0, 0, 0])),
    ("first", case(A.linalg_cross.default, SQUARE, SQUARE)),
    ("first", case(A.linalg_cross.default, numbers(2, 3), numbers(3, 3), dim=0)),
    *(("first", case(A.conv1d.default, SERIES, numbers(2, 4, 3), None, *how)) for how in (
        ([0],), ([1], [-1]), ([1], [0], [0]), ([1], [0], [1], 0))),
    ("first", case(A.pad.default, SERIES, [9, 0], "reflect")),
    ("first", case(A.pad.default, SERIES, [0, 10], "circular")),
    ("first", case(A.pad.default, SERIES, [1, 1], "sideways")),
    ("first", case(A.gelu.default, X, approximate="sigmoid")),
    ("first", case(A.transpose.int, X, 0, 3)), ("first", case(A.sum.dim_IntList, X, [-4])),
]


@pytest.mark.parametrize(("computed", "one"), UNFIT,
                         ids=[f"{n} {one[0]}" for n, (_, one) in enumerate(UNFIT)])
def test_what_torch_refuses(computed: str, one: Case) -> None:
    op, args, named = one
    with pytest.raises((RuntimeError, IndexError, ValueError)):
        op(*args, **named)
    with pytest.raises((UnsupportedError, FileFormatError)):
        lowered(op, args, named, computed, 1)


def test_what_may_be_left_out_is_what_torch_takes() -> None:
    """The defaults of our lowerings are those of torch's schemas."""
    compared = 0
    for name, lowering in LOWERINGS.items():
        packet = getattr(A, name, None)
        schemas = [getattr(packet, overload)._schema for overload in packet.overloads()
                   ] if hasattr(packet, "overloads") else []
        for parameter in inspect.signature(lowering).parameters.values():
            told = [one.default_value for schema in schemas for one in schema.arguments
                    if _RENAMED.get(one.name, one.name) == parameter.name
                    and one.has_default_value()]
            ours = parameter.default
            if told and ours is not None and ours is not inspect.Parameter.empty:
                spread = [list(ours) * len(one) if isinstance(one, list) and len(ours) == 1
                          else list(ours) for one in told] if isinstance(ours, tuple) else [ours]
                assert any(one in told for one in spread), (name, parameter, told)
                compared += 1
    assert compared > 90
