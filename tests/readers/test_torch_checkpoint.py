# SPDX-License-Identifier: MIT
"""What torch.save wrote comes back as torch itself would read it."""

from __future__ import annotations

import contextlib
import io
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from puffer_edge.errors import FileFormatError, PufferEdgeError, UnsupportedError  # noqa: E402
from puffer_edge.readers.pickle_data import Stub  # noqa: E402
from puffer_edge.readers.torch_checkpoint import (  # noqa: E402
    flat_state_dict,
    load_checkpoint,
)
from tests.readers.forging import WHERE, refused, weights  # noqa: E402

DTYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8",
          "bool")


def saved(value: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


def expected(tensor: Any) -> Any:
    """What we promise of a tensor: its own dtype, but float32 for bfloat16, which numpy lacks."""
    tensor = tensor.detach()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def assert_same(ours: Any, tensor: Any) -> None:
    theirs = expected(tensor)
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    assert ours.tobytes() == np.ascontiguousarray(theirs).tobytes()


def numbers(dtype: str, count: int) -> Any:
    generator = torch.Generator().manual_seed(count)
    values = torch.randint(-100, 100, (count,), generator=generator)
    return (values / 8).to(getattr(torch, dtype)) if "float" in dtype else values.to(
        getattr(torch, dtype))


class Net(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    def __init__(self) -> None:
        super().__init__()
        self.encoder = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.GELU())
        self.lstm = torch.nn.LSTM(8, 8)
        self.norm = torch.nn.BatchNorm1d(8)
        self.head = torch.nn.Linear(8, 3)


def test_state_dict_of_a_module(tmp_path: Path) -> None:
    state = Net().state_dict()
    path = tmp_path / "model.pt"
    torch.save(state, path)
    ours = weights(path)
    assert list(ours) == list(state)
    for key, tensor in state.items():
        assert_same(ours[key], tensor)
    assert ours["norm.num_batches_tracked"].shape == ()


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype(dtype: str) -> None:
    tensor = numbers(dtype, 12).reshape(3, 4)
    assert_same(weights(saved({"w": tensor}))["w"], tensor)


def test_bfloat16_is_exact_in_float32() -> None:
    """All 65,536 bit patterns, NaN and infinity too: those are refused later, by name."""
    tensor = torch.arange(1 << 16, dtype=torch.int32).to(torch.uint16).view(torch.bfloat16)
    assert_same(load_checkpoint(saved(tensor), where=WHERE), tensor)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), dtype=st.sampled_from(DTYPES),
       shape=st.lists(st.integers(0, 5), max_size=4).map(tuple))
def test_any_view(data: st.DataObject, dtype: str, shape: tuple[int, ...]) -> None:
    """Permuted, sliced with steps and offsets, expanded."""
    whole = numbers(dtype, int(np.prod(shape))).reshape(shape)
    view = whole.permute(data.draw(st.permutations(range(len(shape)))))
    for axis, length in enumerate(view.shape):
        start = data.draw(st.integers(0, max(length - 1, 0)))
        step = data.draw(st.integers(1, 3))
        view = view[(slice(None),) * axis + (slice(start, None, step),)]
    if data.draw(st.booleans()):
        view = view.unsqueeze(0).expand(3, *view.shape)
    assert_same(weights(saved({"w": view, "whole": whole}))["w"], view)


def test_tied_transposed_and_parameters() -> None:
    weight = torch.nn.Parameter(torch.randn(4, 6))
    state = {"encoder": weight, "decoder": weight, "transposed": weight.t(), "row": weight[2],
             "scalar": torch.tensor(3.5),
             "empty": torch.zeros(0, 7)}
    ours = weights(saved(state))
    for key, tensor in state.items():
        assert_same(ours[key], tensor)


def test_tree_of_plain_data() -> None:
    extra = {"epoch": 7, "loss": 0.25, "name": "Läufer", "done": False, "nothing": None,
             "huge": 1 << 80, "list": [1, (2, [3.5, "x"])], 3: "three"}
    state = OrderedDict(a=torch.ones(2), b=torch.arange(3))
    tree = load_checkpoint(saved({"model": state, **extra}), where=WHERE)
    model = tree.pop("model")
    assert tree == extra and type(tree["done"]) is bool
    assert isinstance(model, OrderedDict) and list(model) == ["a", "b"]
    assert_same(model["a"], state["a"])
    assert_same(model["b"], state["b"])


def test_optimizer_state_and_shapes() -> None:
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-4)
    net.head(torch.ones(1, 8)).sum().backward()
    optimizer.step()
    checkpoint = {"optimizer": optimizer.state_dict(), "shape": net.head.weight.shape}
    tree = load_checkpoint(saved(checkpoint), where=WHERE)
    assert tree["shape"] == (3, 8)
    assert tree["optimizer"]["param_groups"][0]["lr"] == 3e-4
    for index, state in checkpoint["optimizer"]["state"].items():
        assert_same(tree["optimizer"]["state"][index]["exp_avg"], state["exp_avg"])


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:15", "mps", "mps:0", "xpu:1"])
def test_saved_on_an_accelerator(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch.save writes where the storage was; the numbers are in the file all the same."""
    monkeypatch.setattr("torch.serialization.location_tag", lambda _: device)
    tensor = torch.randn(3)
    content = saved({"w": tensor})
    assert device.encode() in content
    assert_same(weights(content)["w"], tensor)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickle_protocols(protocol: int) -> None:
    tensor = torch.randn(2, 3)
    assert_same(weights(saved({"w": tensor}, pickle_protocol=protocol))["w"], tensor)


LEGACY_STATE = {"w": torch.arange(6.0).reshape(2, 3).T, "b": torch.ones(2, dtype=torch.bfloat16),
                "n": torch.tensor(7)}


def test_legacy_format() -> None:
    """Of torch before 1.6: strides, other types, scalars, and storages that tensors share."""
    shared = torch.arange(4.0)
    state = {**LEGACY_STATE, "first": shared[:2], "last": shared[1:]}
    found = load_checkpoint(saved(state, _use_new_zipfile_serialization=False), where=WHERE)
    for name, tensor in state.items():
        assert_same(found[name], tensor)


@pytest.mark.parametrize("cut", [1, 7, 20, 60, 120, 200])
def test_legacy_format_cut_short(cut: int) -> None:
    content = saved(LEGACY_STATE, _use_new_zipfile_serialization=False)
    with refused(FileFormatError):
        load_checkpoint(content[:-cut], where=WHERE)


def test_legacy_format_with_any_byte_changed() -> None:
    """Never a traceback: data, or one of our errors."""
    content = saved(LEGACY_STATE, _use_new_zipfile_serialization=False)
    for position in range(0, len(content), 3):
        changed = bytearray(content)
        changed[position] ^= 0x55
        with contextlib.suppress(PufferEdgeError):
            load_checkpoint(bytes(changed), where=WHERE)


@pytest.mark.parametrize("tensor", [
    torch.ones(2, dtype=torch.complex64),
    torch.eye(3).to_sparse(),
    torch.eye(3).to_sparse_csr(),
    torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
    torch.ones(3, device="meta"),
    torch.ones(2).to(torch.float8_e4m3fn),
], ids=["complex", "sparse", "csr", "quantized", "meta", "float8"])
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support", "ignore:.*quantize_per_tensor",
                            "ignore:TypedStorage is deprecated")
def test_tensors_that_policies_do_not_have(tensor: Any) -> None:
    with refused(UnsupportedError):
        weights(saved({"w": tensor}))


def test_whole_module_is_inert_stubs_with_its_weights_inside() -> None:
    net = torch.nn.Linear(3, 2)
    tree = load_checkpoint(saved(net), where=WHERE)
    assert isinstance(tree, Stub) and tree.name == "Linear"
    assert tree.module == "torch.nn.modules.linear"
    assert tree.state["in_features"] == 3
    assert_same(tree.state["_parameters"]["weight"], net.weight)
    with refused(UnsupportedError, r"torch\.save\(policy\.state_dict\(\), path\)"):
        flat_state_dict(tree, WHERE)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.",
                                    "_orig_mod.module."])
def test_wrappers_leave_no_trace_in_names(prefix: str) -> None:
    state = {f"{prefix}encoder.0.weight": torch.ones(2), f"{prefix}actor._orig_mod.bias":
             torch.zeros(2)}
    assert list(weights(saved(state))) == ["encoder.0.weight", "actor.bias"]


def test_wrapped_and_bare_names_that_collide() -> None:
    with refused(FileFormatError):
        weights(saved({"module.w": torch.ones(2), "w": torch.zeros(2)}))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_tensor_that_is_not_finite_is_named(bad: float, dtype: str) -> None:
    broken = torch.tensor([1.0, bad, 2.0], dtype=getattr(torch, dtype))
    with refused(FileFormatError, "encoder.bias"):
        weights(saved({"head.bias": torch.ones(2), "encoder.bias": broken}))


@pytest.mark.parametrize("value", [{"w": 3.0}, {3: torch.ones(2)}, {}, [torch.ones(2)], "text",
                                   torch.ones(2), {"model": {"w": torch.ones(2)}}])
def test_what_is_no_state_dict(value: Any) -> None:
    with refused(FileFormatError, "no state_dict"):
        weights(saved(value))
