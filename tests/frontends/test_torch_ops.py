# SPDX-License-Identifier: MIT
"""Every lowering, by a small module each, against torch."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from puffer_edge.frontends.aten.lower import LOWERINGS  # noqa: E402
from puffer_edge.frontends.torch_export import load_module  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402
from puffer_edge.ir.functions import FUNCTIONS  # noqa: E402
from tests.frontends.torch_models import KEEP, Net, agree  # noqa: E402

torch.manual_seed(1)


def weight(*shape: int) -> Any:
    return nn.Parameter(torch.randn(*shape))


def norm(kind: Any, size: int) -> Any:
    """A batch norm that has seen something."""
    part = kind(size)
    with torch.no_grad():
        part.running_mean.normal_()
        part.running_var.uniform_(0.5, 2)
        part.weight.uniform_(0.5, 2)
        part.bias.normal_()
    return part


ROW, IMAGE, SIGNAL, CUBE = (1, 6), (1, 4, 7, 5), (1, 4, 9), (1, 3, 4)

ELEMENTWISE = {
    **{f"{name} of the registry": attrgetter(known.torch)(torch)
       for name, known in FUNCTIONS.items() if known.torch and known.lipschitz and name != "clip"},
    "relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "elu": F.elu,
    "elu_alpha": lambda x: F.elu(x, 0.7), "selu": F.selu, "celu": lambda x: F.celu(x, 1.5),
    "silu": F.silu, "leaky_relu": lambda x: F.leaky_relu(x, 0.2), "softplus": F.softplus,
    "softplus_beta": lambda x: F.softplus(x, beta=2.0), "mish": F.mish, "softsign": F.softsign,
    "hardsigmoid": F.hardsigmoid, "hardswish": F.hardswish, "relu6": F.relu6,
    "hardtanh": lambda x: F.hardtanh(x, -0.5, 0.7), "clamp": lambda x: x.clamp(-0.5, 0.5),
    "clamp_infinite": lambda x: F.hardtanh(x.clamp(min=-float("inf"), max=0.5), -1, float("inf")),
    "clamp_min": lambda x: x.clamp_min(0.1), "clamp_max": lambda x: x.clamp(max=0.1),
    "clamp_tensor": lambda x: torch.clamp(x, min=torch.full((6,), -0.3)),
    "log_sigmoid": F.logsigmoid, "glu": F.glu, "exp": torch.exp, "erf": torch.erf,
    "sqrt": lambda x: torch.sqrt(x * x + 0.5), "rsqrt": lambda x: torch.rsqrt(x * x + 0.5),
    "log": lambda x: torch.log(x * x + 0.5), "abs": torch.abs, "neg": lambda x: -x,
    "reciprocal": lambda x: 1 / (x * x + 0.5), "square": torch.square,
    "power_2": lambda x: x**2, "power_3": lambda x: x**3,
    "power_half": lambda x: (x * x + 0.5) ** 0.5, "power_-1": lambda x: (x * x + 0.5) ** -1,
    "relu_in_place": lambda x: (x + 1).relu_().mul_(2).add_(x),
    "add_alpha": lambda x: torch.add(x, x * x, alpha=0.5), "rsub": lambda x: 1.5 - x,
    "rsub_alpha": lambda x: torch.rsub(x, 2.0, alpha=3), "div": lambda x: x / (x * x + 1),
    "divided": lambda x: 3 / (x * x + 1), "maximum": lambda x: torch.maximum(x, x * x),
    "minimum": lambda x: torch.min(x, -x), "addcmul": lambda x: torch.addcmul(x, x, x, value=0.5),
    "addcdiv": lambda x: torch.addcdiv(x, x, x * x + 1, value=2),
    "lerp": lambda x: torch.lerp(x, x * x, 0.3), "softmax": lambda x: x.softmax(-1),
    "log_softmax": lambda x: x.log_softmax(-1) + x,
    "float64": lambda x: (x.double() / 255).float(), "detach": lambda x: x.detach().clone() * 2,
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name: str) -> None:
    function = ELEMENTWISE[name]
    agree(Net(lambda net, x: function(x)), torch.zeros(ROW), spread=2.0)


CHOICES = {
    "gt": lambda x: (x > 0.3).float(), "ge_tensor": lambda x: (x >= -x) * x,
    "ne": lambda x: (x != 0).to(torch.float32) + x, "le_or_lt": lambda x: ((x <= -1) | (x < 1)) * x,
    "logical": lambda x: torch.logical_not((x > 0) & (x < 1)).float() * x,
    "where": lambda x: torch.where(x > 0, x * 2, x / 3),
    "where_number": lambda x: torch.where(x > 0, x, -1.5),
    "masked_fill": lambda x: x.masked_fill(x > 1, 0.5), "sign": lambda x: x.sign() + x,
    "constant_mask": lambda x: torch.where(torch.arange(6) > 2, x, 0.0),
}


@pytest.mark.parametrize("name", CHOICES)
def test_choices_are_exact(name: str) -> None:
    """Masks have no error bound, as they jump; but all of these round nothing, or once."""
    net = Net(lambda net, x: CHOICES[name](x))
    policy = Interpreter(load_module(net, KEEP, example=(torch.zeros(ROW),)))
    for x in (*(2 * torch.randn(8, *ROW)), torch.tensor([[0.0, -0.0, 0.3, 1.0, -1.0, 1e-40]])):
        (ours,) = policy.step(x.numpy()).values()
        assert np.array_equal(ours, net(x).numpy()[0])


SHAPES = {
    "cat": lambda x: torch.cat([x, x * 2, x[:, :1]], 1),
    "stack": lambda x: torch.stack([x, -x], dim=-1),
    "split": lambda x: torch.cat(torch.split(x, 2, 1)[::-1], 1),
    "split_with_sizes": lambda x: torch.split(x, [1, 2], 1)[1] + 1,
    "chunk": lambda x: x.chunk(2, -1)[1], "chunk_whole": lambda x: x.chunk(1, 1)[0] + 1,
    "unbind": lambda x: sum(x.unbind(1)),
    "slice": lambda x: x[:, 1:], "slice_step": lambda x: x[..., ::2],
    "slice_negative": lambda x: x[:, -2:-1], "select": lambda x: x[:, 1],
    "select_last": lambda x: x[:, :, -1], "narrow": lambda x: x.narrow(2, 1, 2),
    "index": lambda x: x[:, torch.tensor([2, 0, 0])],
    "index_list": lambda x: x[:, :, [3, -1]],
    "index_select": lambda x: x.index_select(1, torch.tensor([1, 0])),
    "flip": lambda x: x.flip(1, 2), "unsqueeze": lambda x: x.unsqueeze(2),
    "squeeze": lambda x: x[:, :1].squeeze(1), "squeeze_all": lambda x: x[:, :1].squeeze(),
    "squeeze_dims": lambda x: x[:, :1].squeeze((0, 1)), "view": lambda x: x.view(1, -1),
    "reshape": lambda x: x.reshape(2, -1), "flatten": lambda x: x.flatten(1),
    "flatten_some": lambda x: x.unsqueeze(0).flatten(1, 2),
    "unflatten": lambda x: x.unflatten(2, (2, -1)), "permute": lambda x: x.permute(2, 0, 1),
    "permute_ones": lambda x: x.permute(1, 0, 2), "transpose": lambda x: x.transpose(1, 2),
    "t": lambda x: x[0].t(), "numpy_T": lambda x: x[0].T, "mT": lambda x: x.mT,
    "movedim": lambda x: x.movedim(2, 0), "contiguous": lambda x: x.transpose(1, 2).contiguous(),
    "expand": lambda x: x[:, :1].expand(-1, 5, 4), "expand_more": lambda x: x.expand(2, 3, 4),
    "expand_as": lambda x: x[:, :1].expand_as(x) + x, "repeat": lambda x: x.repeat(2, 1, 3),
    "repeat_none": lambda x: x.repeat(1, 1, 1) + 1, "tile": lambda x: x.tile(2),
    "pad": lambda x: F.pad(x, (1, 2, 0, 1), value=0.5), "to": lambda x: x.to(torch.float32) + 1,
    "type_as": lambda x: x.type_as(torch.zeros(1)) * 2,
    "dropout": lambda x: F.dropout(x, 0.5, False),
    "mean": lambda x: x.mean(1), "mean_all": lambda x: x.mean() + x,
    "sum": lambda x: x.sum((1, 2), keepdim=True), "sum_apart": lambda x: x.sum((0, 2)),
    "amax": lambda x: x.amax(-1), "amin": lambda x: x.amin((1, 2)),
    "max_dim": lambda x: x.max(1)[0],
    "max_all": lambda x: x - x.max(), "norm": lambda x: F.normalize(x, dim=-1),
    "softmax_middle": lambda x: x.softmax(1), "ones_like": lambda x: x + torch.ones_like(x),
    "zeros": lambda x: torch.cat([x, torch.zeros(1, 1, 4)], 1),
    "arange": lambda x: x * torch.arange(4), "full": lambda x: x + torch.full((4,), 2.5),
    "new_zeros": lambda x: torch.cat([x, x.new_zeros(1, 2, 4)], 1),
    "matmul": lambda x: x @ x.transpose(1, 2), "bmm": lambda x: torch.bmm(x, x.mT),
    "matmul_vector": lambda x: x @ x[0, 0], "broadcast": lambda x: x + x[:, :, :1] * x[:, 1:2],
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_and_reductions(name: str) -> None:
    function = SHAPES[name]
    agree(Net(lambda net, x: function(x)), torch.zeros(CUBE))


LAYERS: dict[str, tuple[tuple[int, ...], Any]] = {
    "linear": (ROW, nn.Linear(6, 5)), "linear_no_bias": (ROW, nn.Linear(6, 5, bias=False)),
    "linear_rows": (CUBE, nn.Linear(4, 5)), "linear_flat": ((6,), nn.Linear(6, 5)),
    "weight_norm": (ROW, nn.utils.parametrizations.weight_norm(nn.Linear(6, 5))),
    "addmm": (ROW, Net(lambda net, x: torch.addmm(net.b, x, net.w), b=weight(5), w=weight(6, 5))),
    "addmm_factors": (ROW, Net(lambda net, x: torch.addmm(net.b, x, net.w, beta=0.5, alpha=2),
                               b=weight(5), w=weight(6, 5))),
    "mm": (ROW, Net(lambda net, x: x.mm(net.w), w=weight(6, 5))),
    "matmul_constant": (CUBE, Net(lambda net, x: x @ net.w, w=weight(4, 5))),
    "einsum": (ROW, Net(lambda net, x: torch.einsum("bi,oi->bo", x, net.w), w=weight(5, 6))),
    "prelu": (ROW, nn.PReLU(6, 0.3)), "prelu_one": (CUBE, nn.PReLU()),
    "prelu_image": (IMAGE, nn.PReLU(4, 0.1)),
    "conv1d": (SIGNAL, nn.Conv1d(4, 5, 3, stride=2, padding=1)),
    "conv1d_same": (SIGNAL, nn.Conv1d(4, 5, 4, padding="same", dilation=2)),
    "conv2d": (IMAGE, nn.Conv2d(4, 6, 3, stride=(2, 1), padding=(1, 0), dilation=(1, 2))),
    "conv2d_groups": (IMAGE, nn.Conv2d(4, 6, 2, groups=2, bias=False)),
    "conv2d_depthwise": (IMAGE, nn.Conv2d(4, 4, 3, groups=4, padding="valid")),
    "conv2d_one_image": (IMAGE, Net(lambda net, x: net.c(x[0]), c=nn.Conv2d(4, 2, 2))),
    "layer_norm": (ROW, nn.LayerNorm(6)),
    "layer_norm_plain": (CUBE, nn.LayerNorm((3, 4), 1e-3, False)),
    "layer_norm_no_bias": (CUBE, nn.LayerNorm(4, bias=False)),
    "batch_norm_1d": (ROW, norm(nn.BatchNorm1d, 6)),
    "batch_norm_2d": (IMAGE, norm(nn.BatchNorm2d, 4)),
    "group_norm": (IMAGE, nn.GroupNorm(2, 4)), "rms_norm": (ROW, nn.RMSNorm(6)),
    "max_pool": (IMAGE, nn.MaxPool2d(2, padding=1)), "max_pool_1d": (SIGNAL, nn.MaxPool1d(3, 2)),
    "avg_pool": (IMAGE, nn.AvgPool2d((3, 2), 1)),
    "avg_pool_padded": (IMAGE, nn.AvgPool2d(2, padding=1, count_include_pad=False)),
    "global_pool": (IMAGE, nn.AdaptiveAvgPool2d(1)), "flatten": (IMAGE, nn.Flatten()),
    "dropout": (ROW, nn.Sequential(nn.Linear(6, 6), nn.Dropout(0.5))),
    "attention": (CUBE, nn.MultiheadAttention(4, 2, batch_first=True)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    shape, layer = LAYERS[name]
    if name == "attention":
        layer = Net(lambda net, x: net.a(x, x, x, need_weights=False)[0], a=layer)
    # Pooling sums along one axis after the other, torch does not: whole numbers do not care.
    agree(Net(lambda net, x: net.layer(x), layer=layer), torch.zeros(shape), whole="avg" in name,
          spread=3.0 if "avg" in name else 1.0)


def test_lowerings_are_sorted_by_op_name_not_overload() -> None:
    assert all("." not in name for name in LOWERINGS)
    assert np.all([callable(lowering) for lowering in LOWERINGS.values()])
