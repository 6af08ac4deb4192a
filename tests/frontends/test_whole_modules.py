# SPDX-License-Identifier: MIT
"""Modules pickled whole: every layer of torch.nn, and classes whose forward is not in the file."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

import puffer_edge
from puffer_edge.errors import PufferEdgeError, UnsupportedError
from puffer_edge.frontends import LoadOptions, load_file
from puffer_edge.frontends.whole_module.layers import LAYERS, NOTHING
from puffer_edge.ir import Program
from puffer_edge.ir.functions import FUNCTIONS
from tests.frontends.agreement import agree
from tests.frontends.script_models import ready
from tests.frontends.torch_models import constant_differences

VECTOR, ROWS, IMAGE = (12,), (4, 9), (2, 7, 8)
MADE: dict[tuple[int, ...], list[Callable[[], nn.Module]]] = {
    VECTOR: [
        *(getattr(nn, known.torch_class) for known in FUNCTIONS.values() if known.torch_class),
        lambda: nn.CELU(0.4), lambda: nn.ELU(0.3), lambda: nn.GELU(), lambda: nn.GELU("tanh"),
        lambda: nn.GLU(), lambda: nn.Hardshrink(0.3), nn.Hardsigmoid, nn.Hardswish,
        lambda: nn.Hardtanh(-0.3, 0.8), lambda: nn.LeakyReLU(0.3), nn.LogSigmoid, nn.Mish,
        lambda: nn.PReLU(12), nn.ReLU, nn.ReLU6, nn.SELU, nn.SiLU, nn.Sigmoid,
        lambda: nn.Softmax(1), lambda: nn.Softplus(3, 30), lambda: nn.Softshrink(0.3), nn.Tanh,
        lambda: nn.Threshold(0.2, -1), lambda: nn.Linear(12, 5, bias=False), nn.Identity,
        lambda: nn.Dropout(0.5), lambda: nn.AlphaDropout(0.5), lambda: nn.FeatureAlphaDropout(0.5),
        lambda: nn.BatchNorm1d(12, eps=0.1), lambda: nn.BatchNorm1d(12, affine=False),
        lambda: nn.GroupNorm(3, 12, eps=0.2), lambda: nn.LayerNorm(12, eps=0.3),
        lambda: nn.LayerNorm(12, elementwise_affine=False), lambda: nn.LayerNorm(12, bias=False),
        lambda: nn.RMSNorm(12), lambda: nn.RMSNorm(12, eps=0.2),
        lambda: nn.Sequential(nn.Unflatten(1, (3, 4)), nn.Flatten(0, 1))],
    ROWS: [
        lambda: nn.Conv1d(4, 6, 3, 2, 2, 2, 2, bias=False),
        lambda: nn.Conv1d(4, 3, 2, padding="same"),
        *(lambda mode=mode: nn.Conv1d(4, 3, 3, padding=2, padding_mode=mode)
          for mode in ("circular", "reflect", "replicate")),
        lambda: nn.BatchNorm1d(4), lambda: nn.MaxPool1d(3, 2, 1, ceil_mode=True),
        lambda: nn.AvgPool1d(3, 2, 1, count_include_pad=False), lambda: nn.AdaptiveAvgPool1d(1),
        lambda: nn.Dropout1d(0.5), lambda: nn.CircularPad1d((2, 1)),
        lambda: nn.ConstantPad1d((1, 2), 0.5), lambda: nn.ReflectionPad1d((2, 1)),
        lambda: nn.ReplicationPad1d((1, 3)), lambda: nn.ZeroPad1d(2), lambda: nn.Flatten(),
        lambda: nn.GroupNorm(2, 4, affine=False), lambda: nn.PReLU(4)],
    IMAGE: [
        lambda: nn.Conv2d(2, 4, (3, 2), (2, 1), (1, 2), (1, 2), 2),
        lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"),
        lambda: nn.Conv2d(2, 3, 3, padding=(2, 1), padding_mode="reflect", bias=False),
        lambda: nn.BatchNorm2d(2, eps=0.05), lambda: nn.MaxPool2d((2, 3), 2, (1, 0)),
        lambda: nn.AvgPool2d(3, (2, 1), 1), lambda: nn.AdaptiveAvgPool2d(1),
        lambda: nn.Dropout2d(0.5), lambda: nn.Dropout3d(0.5),
        lambda: nn.CircularPad2d((2, 1, 0, 3)),
        lambda: nn.ConstantPad2d((1, 2, 0, 1), -0.5), lambda: nn.ReflectionPad2d(2),
        lambda: nn.ReplicationPad2d((1, 0, 2, 1)), lambda: nn.ZeroPad2d((0, 1, 2, 0)),
        lambda: nn.LayerNorm((7, 8))]}
GUESSES: tuple[tuple[Any, ...], ...] = (
    (1,), (), (12,), (2,), (12, 12), (2, 3), (2, 3, 3), (2, 12), (12, 3, 12), (12, 3, 3, 12),
    ([12], ), (0.1, 0.3), (1, 2, 3), ((1, 1),), (12, 20, [5, 10]), ((7, 8), 2))


def whole(module: nn.Module, path: Path, shape: tuple[int, ...], **options: Any) -> Program:
    """The Program of a module that was saved whole."""
    torch.save(module.eval(), path)
    return load_file(path, LoadOptions(action="continuous", observation={"x": shape}, **options))


def around(layer: nn.Module, shape: tuple[int, ...]) -> nn.Module:
    """A stack that has weights where the layer has none."""
    return nn.Sequential(ready(nn.LayerNorm(shape)), ready(layer))


@pytest.mark.parametrize("shape", MADE, ids=str)
def test_layers_with_their_parameters(shape: tuple[int, ...], tmp_path: Path) -> None:
    for index, make in enumerate(MADE[shape]):
        torch.manual_seed(index)
        stack = around(make(), shape)
        program = whole(stack, tmp_path / "policy.pt", shape)
        agree(program, stack, constant_differences(program, stack), *shape, steps=2)


def test_every_layer_that_is_read_is_tried() -> None:
    tried = {type(part).__name__ for makes in MADE.values() for make in makes
             for part in make().modules()}
    # log_softmax is left out where it ends a discrete policy, whose choice stays the same.
    assert set(LAYERS) | NOTHING == (tried | {"LogSoftmax"}) - {"Sequential"}


def test_every_class_of_torch_nn_is_read_right_or_refused(tmp_path: Path) -> None:
    kinds = {name: kind for name, kind in vars(nn).items()
             if isinstance(kind, type) and issubclass(kind, nn.Module) and kind is not nn.Module
             and kind is not nn.Transformer}  # megabytes, and of two inputs
    assert len(kinds) > 130
    read, refused = set(), set()
    for name, kind in kinds.items():
        for shape in (VECTOR, ROWS, IMAGE):
            for guess in GUESSES:
                try:
                    torch.manual_seed(1)
                    stack = around(kind(*guess), shape).eval()
                    with torch.no_grad():
                        wanted = stack(torch.ones(1, *shape))
                except Exception:  # other arguments are wanted, or another input
                    continue
                if not isinstance(wanted, torch.Tensor):
                    continue
                try:
                    program = whole(stack, tmp_path / "policy.pt", shape)
                except PufferEdgeError:
                    refused.add(name)
                    break
                agree(program, stack, constant_differences(program, stack), *shape, steps=1)
                read.add(name)
                break
    assert read >= set(LAYERS) - {"LogSoftmax", "Unflatten"}
    assert refused >= {"RReLU", "InstanceNorm2d", "ConvTranspose2d", "Upsample", "Softmax2d"}


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN, nn.LSTMCell, nn.GRUCell,
                                  nn.MultiheadAttention])
def test_layers_that_give_more_than_a_tensor_are_refused(kind: Any, tmp_path: Path) -> None:
    for more in ({}, {"bias": False}, {"bidirectional": True}, {"proj_size": 2}):
        try:
            layer = kind(12, 4, **more)
        except TypeError:
            continue
        except ValueError:
            continue
        for module in (layer, nn.Sequential(nn.Linear(12, 12), layer)):
            with pytest.raises(UnsupportedError):
                whole(module, tmp_path / "policy.pt", VECTOR)


def own_class(seed: int) -> tuple[nn.Module, type[nn.Module]]:
    """A module of a class with a forward of its own; its parts have names that policies have."""
    draw = random.Random(seed)
    kind = draw.choice(("one", "layers", "mixed"))
    names = draw.sample(["fc1", "fc2", "mu", "fc_mu", "actor", "net", "policy", "mlp", "encoder",
                         "decoder", "layer1", "actor_mean", "value", "l1", "body"], 4)
    function = draw.choice((torch.relu, torch.tanh, lambda x: x * 2, lambda x: -x, lambda x: x))
    torch.manual_seed(seed)

    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            if kind == "one":
                setattr(self, names[0], nn.Sequential(nn.Linear(6, 8), nn.ELU(), nn.Linear(8, 6)))
                return
            for name in names[:draw.randint(2, 4)]:
                part = nn.Linear(6, 6)
                setattr(self, name, part if kind == "layers" else draw.choice((
                    part, nn.Sequential(part, nn.Tanh()), nn.LayerNorm(6))))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for part in reversed(list(self.children())):
                x = function(part(x))
            return x

    return Own(), Own


def test_a_hundred_classes_with_their_own_forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                                  ) -> None:
    unseen = refused = 0
    for seed in range(100):
        module, kind = own_class(seed)
        monkeypatch.setitem(globals(), "Own", kind)
        kind.__qualname__ = "Own"
        try:
            program = whole(module, tmp_path / "policy.pt", (6,))
        except PufferEdgeError:
            refused += 1
            continue
        # What it is taken for, no file says: --strict refuses it, and the user is told.
        assert "forward-unseen" in {note.code for note in program.notes if note.kind == "assumed"}
        (note,) = (note for note in program.notes if note.code == "forward-unseen")
        assert "Own" in note.text
        unseen += 1
    assert refused > 50 and unseen > 10


class Functional(nn.Module):
    """Layers whose order and functions only forward says."""

    def __init__(self) -> None:
        super().__init__()
        self.mu, self.fc2, self.fc1 = nn.Linear(8, 2), nn.Linear(8, 8), nn.Linear(6, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.mu(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


def test_both_ways_out_of_the_hint(tmp_path: Path) -> None:
    module = Functional()
    with pytest.raises(UnsupportedError, match=r"jit\.script") as refused:
        whole(module, tmp_path / "policy.pt", (6,))
    assert "module=" in refused.value.hint
    given = puffer_edge.load(tmp_path / "policy.pt", module=Functional(), observation_shape=(6,),
                             action="continuous")
    torch.jit.script(module).save(str(tmp_path / "script.pt"))
    scripted = load_file(tmp_path / "script.pt", LoadOptions(action="continuous"))
    for program in (given, scripted):
        agree(program, module, {}, 6)


def test_hooks_and_classes_that_only_share_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                                  ) -> None:
    hooked = nn.Sequential(nn.Linear(6, 6))
    hooked[0].register_forward_hook(_double)
    before = nn.Sequential(nn.Linear(6, 6))
    before.register_forward_pre_hook(_double)
    shadowed = nn.Sequential(nn.Linear(6, 6))
    shadowed[0].forward = torch.relu
    normed = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(6, 6)))
    monkeypatch.setitem(globals(), "Linear", type("Linear", (nn.Linear,), {
        "__module__": __name__, "__qualname__": "Linear"}))
    subclass = nn.Sequential(globals()["Linear"](6, 6))
    for module in (hooked, before, shadowed, subclass):
        with pytest.raises(UnsupportedError):
            whole(module, tmp_path / "policy.pt", (6,))
    with pytest.raises(RuntimeError, match="parametrized"):  # torch does not save it at all
        whole(normed, tmp_path / "policy.pt", (6,))


def _double(module: nn.Module, *values: Any) -> Any:
    return values[-1] * 2


def test_the_format_before_1_6(tmp_path: Path) -> None:
    torch.manual_seed(3)
    stack = nn.Sequential(nn.Linear(6, 5), nn.CELU(0.5), nn.Linear(5, 2))
    path = tmp_path / "policy.pt"
    torch.save(stack, path, _use_new_zipfile_serialization=False)
    program = load_file(path, LoadOptions(action="continuous"))
    assert program.contract.observation_size == 6
    agree(program, stack, {}, 6)
