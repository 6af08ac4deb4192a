# SPDX-License-Identifier: MIT
"""Rules of the reader of TorchScript, each beside torch's own: dtypes, sizes, views, literals."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from puffer_edge.errors import UnsupportedError  # noqa: E402
from puffer_edge.frontends.torchscript import ops, sizes, views  # noqa: E402
from puffer_edge.frontends.torchscript.attributes import Objects  # noqa: E402
from puffer_edge.frontends.torchscript.dtypes import result_dtype  # noqa: E402
from puffer_edge.frontends.torchscript.schemas import SCALAR_TYPES  # noqa: E402
from puffer_edge.frontends.torchscript.values import Tensor  # noqa: E402

KINDS = ("bool", "uint8", "int32", "int64", "float32")
F, W, B = (torch.ones(3, dtype=kind) for kind in (torch.float32, torch.int64, torch.bool))


def aten(op: str, overload: str = "") -> Any:
    packet = getattr(torch.ops.aten, op)
    return getattr(packet, overload) if overload else packet


def name_of(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def kind_of(dtype: str) -> str:
    """What the reader tells apart."""
    return dtype.rstrip("0123456789").lstrip("u")


def same_kind(op: str, given: dict[str, Any]) -> None:
    results = aten(op)(**given)
    read = []
    for value in given.values():
        read += [value] if isinstance(value, torch.Tensor) else (
            [v for v in value if isinstance(v, torch.Tensor)] if isinstance(value, list) else [])
    code = given.get("dtype")
    arguments = {k: v for k, v in given.items() if not isinstance(v, torch.Tensor)}
    if code is not None:
        arguments["dtype"] = str(code).removeprefix("torch.")
    for place, result in enumerate(results if isinstance(results, tuple) else (results,)):
        ours = result_dtype(op, arguments, [name_of(t) for t in read], place)
        assert kind_of(ours) == kind_of(name_of(result)), (op, given, place)


@pytest.mark.parametrize("op", ["mul", "add", "maximum", "div", "atan2", "eq", "lt", "logical_and"])
def test_two_tensors(op: str) -> None:
    for first in KINDS:
        for second in KINDS:
            same_kind(op, {"self": torch.ones(2, dtype=getattr(torch, first)),
                           "other": torch.ones(2, dtype=getattr(torch, second))})


@pytest.mark.parametrize("op", ["mul", "add", "div", "eq", "ge"])
def test_a_tensor_and_a_number(op: str) -> None:
    for x in (F, W, B):
        for number in (2, 2.5, True):
            same_kind(op, {"self": x, "other": number})


@pytest.mark.parametrize("op", ["exp", "sqrt", "sin", "sigmoid", "tanh", "reciprocal", "sum",
                                "neg", "argmax", "isnan", "clone", "zeros_like", "sort",
                                "all"])
def test_one_tensor(op: str) -> None:
    for x in (F, W, B):
        if op in ("neg", "argmax") and x is B:  # torch has none
            continue
        same_kind(op, {"self": x, **({"dim": 0} if op == "sort" else {})})


@pytest.mark.parametrize(("op", "given"), [
    ("mean", {"self": F}), ("sum", {"self": B, "dim": [0], "dtype": torch.float32}),
    ("div", {"self": W, "other": W, "rounding_mode": "floor"}),
    ("div", {"self": W, "other": W, "rounding_mode": None}),
    ("div", {"self": F, "other": W, "rounding_mode": "trunc"}),
    ("where", {"condition": B, "self": W, "other": W}),
    ("where", {"condition": B, "self": B, "other": B}),
    ("where", {"condition": B, "self": W, "other": F}),
    ("where", {"condition": B, "self": F, "other": W}),
    ("where", {"condition": B, "self": W, "other": 1.5}),
    ("gather", {"self": B, "dim": 0, "index": torch.tensor([0])}),
    ("gather", {"self": F, "dim": 0, "index": torch.tensor([0])}),
    ("index_select", {"self": B, "dim": 0, "index": torch.tensor([0])}),
    ("masked_fill", {"self": F, "mask": B, "value": 2}),
    ("masked_fill", {"self": W, "mask": B, "value": 2}),
    ("full", {"size": [2], "fill_value": 2}), ("full", {"size": [2], "fill_value": 2.0}),
    ("full", {"size": [2], "fill_value": True}), ("arange", {"end": 3}), ("arange", {"end": 3.0}),
    ("arange", {"start": 1, "end": 3}), ("arange", {"start": 0.5, "end": 3}),
    ("zeros", {"size": [2]}), ("ones", {"size": [2], "dtype": torch.int64}),
    ("to", {"self": F, "other": W}), ("type_as", {"self": W, "other": B}),
    ("new_full", {"self": W, "size": [2], "fill_value": 2}), ("topk", {"self": F, "k": 1}),
    ("full_like", {"self": W, "fill_value": 2.0}),
    ("cat", {"tensors": [W, F]}), ("cat", {"tensors": [B, B]}), ("rsub", {"self": W, "other": 1.5}),
])
def test_other_dtypes(op: str, given: dict[str, Any]) -> None:
    same_kind(op, given)


class Recorded:
    """Stands for a recorder: tensors of torch by name."""

    def __init__(self) -> None:
        self.tensors: dict[str, Any] = {}
        self.inputs: set[str] = set()
        self.calls: list[Any] = []

    def given(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            name = f"t{len(self.tensors)}"
            self.tensors[name] = value
            return Tensor(name)
        return [self.given(v) for v in value] if isinstance(value, list) else value

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        return tuple(self.tensors[tensor.name].shape)

    def dtype(self, tensor: Tensor) -> str:
        return name_of(self.tensors[tensor.name])

    def refuse(self, what: str, hint: str = "") -> UnsupportedError:
        return UnsupportedError(what, where="here", hint=hint)


def z(*shape: int) -> Any:
    return torch.zeros(shape)


def convolution(n: int, groups: int, *, length: tuple[int, ...]) -> dict[str, Any]:
    return {"input": z(1, n, *length), "weight": z(4, 4 // groups, *(1 for _ in length)),
            "bias": None, "groups": groups}


LAYERS: list[tuple[str, Callable[[int], dict[str, Any]]]] = [
    ("linear", lambda n: {"input": z(1, n), "weight": z(3, 4)}),
    ("addmm", lambda n: {"self": z(3), "mat1": z(1, n), "mat2": z(4, 3)}),
    ("mm", lambda n: {"self": z(1, n), "mat2": z(4, 3)}),
    ("matmul", lambda n: {"self": z(1, n), "other": z(4, 3)}),
    ("matmul", lambda n: {"self": z(2, 1, n), "other": z(2, 4, 3)}),
    ("layer_norm", lambda n: {"input": z(1, n), "normalized_shape": [4]}),
    ("layer_norm", lambda n: {"input": z(1, 2, n), "normalized_shape": [2, 4]}),
    ("batch_norm", lambda n: {
        "input": z(1, n), "weight": None, "bias": None, "running_mean": z(4), "running_var": z(4),
        "training": False, "momentum": 0.1, "eps": 1e-5, "cudnn_enabled": False}),
    ("conv1d", lambda n: convolution(n, 1, length=(3,))),
    ("conv1d", lambda n: convolution(n, 2, length=(3,))),
    ("conv2d", lambda n: convolution(n, 2, length=(3, 2))),
    ("view", lambda n: {"self": z(n), "size": [2, 2]}),
    ("reshape", lambda n: {"self": z(1, n), "shape": [2, 2]}),
    ("split_with_sizes", lambda n: {"self": z(1, n), "split_sizes": [1, 3], "dim": 1}),
    ("split_with_sizes", lambda n: {"self": z(n, 2), "split_sizes": [1, 3], "dim": 0}),
    ("index", lambda n: {"self": z(n, 2), "indices": [torch.ones(4, dtype=torch.bool)]}),
    ("index", lambda n: {"self": z(2, n), "indices": [None, torch.ones(4, dtype=torch.bool)]}),
    ("gru_cell", lambda n: {"input": z(1, n), "hx": z(1, 2), "w_ih": z(6, 4), "w_hh": z(6, 2)}),
]


@pytest.mark.parametrize(("op", "given"), LAYERS)
def test_the_size_that_a_layer_wants(op: str, given: Callable[[int], dict[str, Any]]) -> None:
    accepted, found = [], {}
    for n in range(2, 10):
        try:
            aten(op)(**given(n))
            accepted.append(n)
        except (RuntimeError, IndexError):
            pass
        recorder = Recorded()
        try:
            sizes.check(op, {k: recorder.given(v) for k, v in given(n).items()}, recorder)
        except sizes.SizeWanted as wanted:
            found[n] = (wanted.has, wanted.wants)
    (right,) = accepted
    assert found == {n: (n, right) for n in range(2, 10) if n != right}


JOINED: list[tuple[str, Callable[[int], dict[str, Any]]]] = [
    ("mul", lambda n: {"self": z(1, n), "other": z(4)}),
    ("where", lambda n: {"condition": z(1, n) > 0, "self": z(4), "other": z(1)}),
    ("cat", lambda n: {"tensors": [z(1, n), z(2, 4)], "dim": 0}),
    ("cat", lambda n: {"tensors": [z(1, n), z(1, 4)], "dim": 1}),
    ("cat", lambda n: {"tensors": [z(1, n), z(1, 4)], "dim": -1}),
    ("cat", lambda n: {"tensors": [z(1, 1, n), z(1, 2, 4)], "dim": -2}),
    ("stack", lambda n: {"tensors": [z(1, n), z(1, 4)], "dim": 1}),
    ("bilinear", lambda n: {"input1": z(1, n), "input2": z(1, 2), "weight": z(3, 4, 2)}),
    ("bilinear", lambda n: {"input1": z(1, 2), "input2": z(1, n), "weight": z(3, 2, 4)}),
    ("index", lambda n: {"self": z(n, 2), "indices": [torch.tensor([0, 1, 1])]}),
    ("index", lambda n: {"self": z(n, 4), "indices": [torch.ones(n, 4, dtype=torch.bool)]}),
    ("view", lambda n: {"self": z(n, 2), "size": [-1, 2]}),
]


@pytest.mark.parametrize(("op", "given"), JOINED)
def test_what_does_not_fit_together(op: str, given: Callable[[int], dict[str, Any]]) -> None:
    for n in range(2, 10):
        try:
            aten(op)(**given(n))
            fits = True
        except RuntimeError:
            fits = False
        recorder = Recorded()
        arguments = {k: recorder.given(v) for k, v in given(n).items()}
        if fits:
            sizes.check(op, arguments, recorder)
        else:
            with pytest.raises(sizes.SizeWanted) as wanted:
                sizes.check(op, arguments, recorder)
            assert {wanted.value.has, wanted.value.wants} == {n, 4}


@pytest.mark.parametrize(("op", "rest"), [
    *(("chunk", {"chunks": n, "dim": 1}) for n in (1, 2, 3, 7)),
    *(("split", {"split_size": n, "dim": d}) for n in (1, 2, 4, 9) for d in (0, 1, -1)),
    ("split_with_sizes", {"split_sizes": [1, 3, 1], "dim": 1}),
    ("unbind", {"dim": 1}), ("unbind", {}),
    *(("tensor_split", {"sections": n, "dim": 1}) for n in (1, 2, 3)),
    ("tensor_split", {"indices": [1, 4], "dim": 1}),
    ("tensor_split", {"indices": [-2], "dim": 1}),
    ("hsplit", {"indices": [2]}), ("vsplit", {"sections": 2}), ("dsplit", {"indices": [2]}),
    ("hsplit", {"sections": 5}),
])
def test_parts_of_a_tensor(op: str, rest: dict[str, Any]) -> None:
    x = torch.arange(60.0).reshape(4, 5, 3)
    recorder = Recorded()
    found = views.parts(op, {"self": recorder.given(x), **rest}, recorder)
    assert found is not None
    ours = [aten(schema.op, schema.overload)(**{**given, "self": x}) for schema, given in found]
    theirs = aten(op)(x, *rest.values())
    assert len(ours) == len(theirs)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("op", ["hsplit", "vsplit"])
def test_parts_of_few_axes(op: str) -> None:
    x = torch.arange(4.0) if op == "hsplit" else torch.arange(8.0).reshape(4, 2)
    recorder = Recorded()
    found = views.parts(op, {"self": recorder.given(x), "sections": 2}, recorder)
    ours = [aten(s.op, s.overload)(**{**g, "self": x}) for s, g in found or ()]
    assert [t.tolist() for t in ours] == [t.tolist() for t in aten(op)(x, 2)]


@pytest.mark.parametrize(("op", "rest"), [
    ("alias", {}), ("detach", {}), ("select", {"dim": 1, "index": -2}), ("t", {}),
    ("slice", {"dim": 1, "start": 1, "end": 5, "step": 2}),
    ("narrow", {"dim": 1, "start": 2, "length": 3}), ("unsqueeze", {"dim": 1}),
    ("view", {"size": [-1]}),
    ("transpose", {"dim0": 0, "dim1": 1}), ("permute", {"dims": [-1, 0]}),
    ("permute", {"dims": [2, 0, 1]}), ("permute", {"dims": [-2, -1, 0]}),
])
def test_a_write_through_a_view(op: str, rest: dict[str, Any]) -> None:
    shape = (3, 6, 2) if len(rest.get("dims", ())) == 3 else (3, 6)
    base = torch.arange(float(np.prod(shape))).reshape(shape)
    changed = base.clone()
    window = aten(op)(changed, **rest)
    new = -1 - torch.arange(float(window.numel())).reshape(window.shape)
    window.copy_(new)
    recorder = Recorded()
    names = recorder.given(base), recorder.given(new)
    call = views.inverse(f"aten.{op}.default", {"self": None, **rest}, *names, recorder)
    if call is None:
        assert torch.equal(new, changed)
        return
    given = {k: recorder.tensors[v.name] if isinstance(v, Tensor) else v
             for k, v in call[1].items()}
    assert torch.equal(aten(call[0].split(".")[1])(**given), changed)


def test_literals() -> None:
    evaluator: Any = SimpleNamespace(recorder=SimpleNamespace(literal=lambda array: array))
    codes = {name: code for code, name in SCALAR_TYPES.items()}
    for data in ([1, 2], [1.5, 2.0], [True, False], 3, 2.5):
        for dtype in (None, "int64", "float32", "bool", "uint8"):
            theirs = torch.tensor(data, dtype=getattr(torch, dtype) if dtype else None).numpy()
            code = codes[dtype] if dtype else None
            for ours in (ops._literal(evaluator, [data, code], {}),
                         ops._literal(evaluator, [data], {"dtype": code}),
                         ops._literal(evaluator, [], {"data": data, "dtype": code})):
                array: Any = ours
                assert array.dtype == theirs.dtype
                assert np.array_equal(array, theirs)
        array = ops._literal(evaluator, [data], {})
        assert array.dtype == torch.tensor(data).numpy().dtype


@pytest.mark.parametrize("dtype", ["float16", "complex64", "float32", "float64", "int64", "bool",
                                   "uint8"])
def test_which_weights_are_read(dtype: str) -> None:
    objects, array = Objects("file"), np.ones(2, dtype)
    if dtype in ("float16", "complex64"):
        with pytest.raises(UnsupportedError, match=f"it is of {dtype}"):
            objects.make(array, "w")
    else:
        objects.make(array, "w")
        assert np.array_equal(objects.weights["w"].array, array)
