# SPDX-License-Identifier: MIT
"""Keras' layers as plain data, without Keras or h5py: torch and onnxruntime judge each formula.

``test_keras.py`` says the same of files that Keras itself saved, where it is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.keras.load import load_keras
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Continuous, Discrete, Program
from puffer_edge.readers.keras_file import KerasModel, Layer

F = torch.nn.functional
RANDOM = np.random.default_rng(20)


def numbers(*shape: int, low: float = -1.0) -> Any:
    return RANDOM.uniform(low, 1, shape).astype(np.float32)


def layer(kind: str, *weights: Any, name: str = "", inputs: Sequence[str] = (), **config: Any
          ) -> Layer:
    return Layer(kind, name or kind.lower(), config, tuple(inputs), list(weights))


def loaded(layers: list[Layer], shape: Sequence[int | None], version: int = 3, *,
           inputs: Sequence[str] = (), outputs: Sequence[str] = (), **options: Any) -> Program:
    first = [layer("InputLayer", name="in", batch_shape=[None, *shape])]
    return load_keras(KerasModel([*first, *layers], list(inputs), list(outputs), version, "f"),
                      LoadOptions(**{"action": "continuous"} | options))


def given(layers: list[Layer], x: Any, version: int = 3) -> Any:
    """What a stack gives for one observation, of x's shape."""
    (y,) = Interpreter(loaded(layers, x.shape, version)).step(x.reshape(-1)).values()
    return y


def same(mine: Any, theirs: Any) -> None:
    np.testing.assert_allclose(np.asarray(mine).reshape(-1), np.asarray(theirs).reshape(-1),
                               rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(("sizes", "kernel", "strides", "dilations", "padding", "group", "deep"), [
    ((7, 6), (3, 2), (2, 3), (1, 1), "same", 1, 0), ((7, 6), (2, 2), (1, 1), (2, 3), "same", 1, 0),
    ((8, 5), (3, 3), (1, 2), (1, 1), "valid", 2, 0), ((9,), (3,), (2,), (1,), "same", 1, 0),
    ((6, 7), (3, 2), (2, 1), (1, 2), "valid", 1, 2), ((7, 6), (1, 1), (3, 2), (1, 1), "same", 1, 1),
    ((9,), (3,), (1,), (2,), "causal", 2, 0), ((9,), (2,), (2,), (1,), "causal", 1, 0),
    ((9,), (4,), (1,), (2,), "same", 4, 0)])
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_convolutions(sizes: tuple[int, ...], kernel: tuple[int, ...], strides: tuple[int, ...],
                      dilations: tuple[int, ...], padding: str, group: int, deep: int) -> None:
    """Against onnxruntime, whose SAME_UPPER is what Keras calls same, and torch if dilated."""
    ort = pytest.importorskip("onnxruntime")
    from tests.frontends.onnx_models import model, node

    rank, channels, filters = len(sizes), 4, 8
    x, bias = numbers(*sizes, channels), numbers(channels * deep or filters)
    weight = numbers(*kernel, *((channels, deep) if deep else (channels // group, filters)))
    reach = (kernel[0] - 1) * dilations[0] + 1
    turned = np.moveaxis(weight.reshape(*kernel, 1 if deep else -1, bias.size), (-1, -2), (0, 1))
    pad: dict[str, Any] = {"same": {"auto_pad": "SAME_UPPER"}, "valid": {},
                           "causal": {"pads": [reach - 1, 0]}}[padding]
    made = model([node("Conv", "x w b", "y", strides=strides, dilations=dilations,
                       group=channels if deep else group, **pad)],
                 {"x": [1, channels, *sizes]}, {"y": ["n"] * (rank + 2)},
                 {"w": np.ascontiguousarray(turned), "b": bias})
    first = np.ascontiguousarray(np.moveaxis(x, -1, 0)[None])
    if padding == "same" and max(dilations) > 1:
        convolve = F.conv1d if rank == 1 else F.conv2d
        theirs = convolve(*map(torch.tensor, (first, turned, bias)), padding="same",
                          dilation=dilations, groups=group).numpy()
    else:
        (theirs,) = ort.InferenceSession(made.SerializeToString()).run(None, {"x": first})
    config: dict[str, Any] = {"kernel_size": list(kernel), "strides": list(strides),
                              "dilation_rate": list(dilations), "padding": padding}
    config |= {"depth_multiplier": deep} if deep else {"filters": filters, "groups": group}
    mine = given([layer(f"{'Depthwise' * bool(deep)}Conv{rank}D", weight, bias, **config)], x)
    same(mine, np.moveaxis(theirs[0], 0, -1))


def test_a_convolution_that_says_little() -> None:
    """Keras' defaults: one step, no padding, no bias given; numbers instead of lists."""
    x, weight = numbers(6, 5, 3), numbers(2, 2, 3, 4)
    theirs = F.conv2d(torch.tensor(x).permute(2, 0, 1)[None],
                      torch.tensor(weight).permute(3, 2, 0, 1))
    mine = given([layer("Conv2D", weight, kernel_size=2, filters=4, use_bias=False,
                        activation="relu")], x)
    same(mine, torch.relu(theirs)[0].permute(1, 2, 0))
    weight = numbers(2, 2, 3, 1)  # a filter of each channel
    theirs = F.conv2d(torch.tensor(x).permute(2, 0, 1)[None],
                      torch.tensor(weight).permute(2, 3, 0, 1), torch.ones(3), groups=3)
    same(given([layer("DepthwiseConv2D", weight, np.ones(3, "f4"), kernel_size=2)], x),
         theirs[0].permute(1, 2, 0))


def conv(**changes: Any) -> list[Layer]:
    return [layer(changes.pop("kind", "Conv2D"), numbers(2, 2, 4, 4), numbers(4),
                  **{"kernel_size": 2, "filters": 4} | changes)]


@pytest.mark.parametrize(("stack", "shape", "kind"), [
    (conv(kind="Conv1D"), (5, 5, 4), FileFormatError),
    (conv(), (5, 4), FileFormatError), (conv(kind="Conv3D"), (5, 5, 5, 4), UnsupportedError),
    (conv(groups=3), (5, 5, 4), FileFormatError), (conv(groups=0), (5, 5, 4), FileFormatError),
    (conv(groups=-1), (5, 5, 4), FileFormatError),
    (conv(padding="causal"), (5, 5, 4), UnsupportedError),
    (conv(padding="reflect"), (5, 5, 4), UnsupportedError),
    (conv(data_format="channels_first"), (5, 5, 4), UnsupportedError),
    (conv(), (1, 5, 4), FileFormatError), (conv(strides=0), (5, 5, 4), FileFormatError),
    (conv(strides=[1, 2, 3]), (5, 5, 4), FileFormatError),
    (conv(strides=1025), (5, 5, 4), FileFormatError),
    (conv(strides=[True, 1]), (5, 5, 4), FileFormatError),
    (conv(strides=1.0), (5, 5, 4), FileFormatError),
    ([layer("MaxPooling2D", pool_size=[2, 3])], (6, 6, 2), UnsupportedError),
    ([layer("MaxPooling2D", pool_size=2, strides=[1, 2])], (6, 6, 2), UnsupportedError),
    ([layer("MaxPooling2D", pool_size=2, padding="same")], (6, 6, 2), UnsupportedError),
    ([layer("GlobalMaxPooling2D", keepdims=True)], (6, 6, 2), UnsupportedError),
    ([layer("Dense", numbers(4, 3), units=3, use_bias=False)], (2, 4), UnsupportedError),
    ([layer("Dense", numbers(4, 3), units=3)], (4,), FileFormatError),
    ([layer("Dense", numbers(4, 3), numbers(3), numbers(1), units=3)], (4,), FileFormatError),
    ([layer("Dense", np.ones((4, 3), "i4"), units=3, use_bias=False)], (4,), FileFormatError),
    ([layer("Dense", np.full((4, 3), np.inf), units=3, use_bias=False)], (4,), FileFormatError),
    ([layer("Dense", np.full((4, 3), 1e39), units=3, use_bias=False)], (4,), FileFormatError),
    ([layer("Dense", numbers(4, 3), units=3, use_bias=1)], (4,), FileFormatError),
    ([layer("Dense", numbers(4, 3), units=3, use_bias=False, lora_rank=2)], (4,),
     UnsupportedError),
    ([layer("Reshape", target_shape=[2, 3])], (4,), FileFormatError),
    ([layer("Reshape", target_shape=[-2, -2])], (4,), FileFormatError),
    ([layer("Reshape", target_shape=[2.0, 2])], (4,), FileFormatError),
    ([layer("Reshape", target_shape=[1 << 20, -1])], (4,), FileFormatError),
    ([layer("Reshape")], (4,), FileFormatError),
    ([layer("ReLU", threshold=0.5)], (4,), UnsupportedError),
    ([layer("ReLU", max_value=6.0, negative_slope=0.1)], (4,), UnsupportedError),
    ([layer("Softmax", axis=1)], (2, 4), UnsupportedError),
    ([layer("LayerNormalization", numbers(4), numbers(4), axis=1)], (2, 4), UnsupportedError),
    ([layer("LayerNormalization", numbers(4), numbers(4), axis=[-1, 1])], (2, 4),
     UnsupportedError),
    ([layer("LayerNormalization", numbers(4), numbers(4), rms_scaling=True)], (4,),
     UnsupportedError),
    ([layer("Normalization", numbers(4), numbers(4), invert=True)], (4,), UnsupportedError),
    ([layer("BatchNormalization", numbers(4), -np.ones(4, "f4"), scale=False, center=False)],
     (4,), FileFormatError),
    ([layer("Activation", activation="snake")], (4,), UnsupportedError),
    ([layer("InputLayer", name="other", batch_shape=[None, 4])], (4,), FileFormatError),
    ([layer("Flatten")], (None, 4, 3), UnsupportedError),
    ([layer("Flatten")], (None,), UnsupportedError), ([layer("Flatten")], (), UnsupportedError),
    *(([layer("Flatten")], (size,), UnsupportedError) for size in (1 << 20, 0, True))],
    ids=lambda it: "-".join(one.kind for one in it) if isinstance(it, list) else str(it))
@pytest.mark.filterwarnings("ignore")
def test_what_is_refused(stack: list[Layer], shape: Sequence[int | None], kind: type[Exception]
                         ) -> None:
    with pytest.raises(kind):
        loaded(stack, shape)


@pytest.mark.parametrize(("kind", "what"), [
    ("Lambda", "Python code"), ("TFOpLambda", "Python code"), ("Attention", "not supported")])
def test_what_cannot_be_run_is_called_code(kind: str, what: str) -> None:
    with pytest.raises(UnsupportedError, match=what):
        loaded([layer(kind)], (4,))


def test_the_largest_sizes_are_taken() -> None:
    x = numbers(5, 5, 4)
    assert given(conv(strides=1024), x).size == 4
    flat = np.zeros(((1 << 20) - 1,), "f4")
    for one in (layer("Flatten"), layer("Reshape", target_shape=[(1 << 20) - 1])):
        assert given([one], flat).size == flat.size


def test_pools() -> None:
    image, series = numbers(8, 7, 3), numbers(9, 3)
    x = torch.tensor(image).permute(2, 0, 1)
    configs: list[dict[str, Any]] = [{"pool_size": [3, 3], "strides": [2, 2]}, {"pool_size": 2},
                                     {"pool_size": 2, "strides": 1}]
    for config, window, stride in zip(configs, (3, 2, 2), (2, 2, 1), strict=True):
        mine = given([layer("MaxPooling2D", **config)], image)
        same(mine, F.max_pool2d(x, window, stride).permute(1, 2, 0))
    same(given([layer("MaxPooling1D", pool_size=[2], strides=None)], series),
         F.max_pool1d(torch.tensor(series).T, 2).T)
    for kind, theirs in (("Average", x.mean((1, 2))), ("Max", x.amax((1, 2)))):
        same(given([layer(f"Global{kind}Pooling2D")], image), theirs)


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": torch.relu, "relu6": F.relu6, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
    "elu": F.elu, "selu": F.selu, "softplus": F.softplus, "silu": F.silu, "swish": F.silu,
    "gelu": F.gelu, "mish": F.mish, "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "hard_sigmoid": F.hardsigmoid, "hard_silu": F.hardswish, "hard_swish": F.hardswish,
    "linear": lambda x: x, "exponential": torch.exp, "softmax": lambda x: torch.softmax(x, -1)}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    x = np.linspace(-8, 8, 97).astype(np.float32)
    theirs = ACTIVATIONS[name](torch.tensor(x))
    np.testing.assert_allclose(given([layer("Activation", activation=name)], x), theirs, rtol=1e-5,
                               atol=1e-5)


@pytest.mark.parametrize("name", ["leaky_relu", "hard_sigmoid", "hard_silu", "hard_swish"])
def test_keras_2_has_other_formulas_under_these_names(name: str) -> None:
    with pytest.raises(UnsupportedError, match=name):
        given([layer("Activation", activation=name)], numbers(4), 2)


def test_layers_that_bend() -> None:
    x = np.linspace(-8, 8, 97).astype(np.float32)
    t = torch.tensor(x)
    for one, theirs in (
            (layer("ReLU"), t.relu()), (layer("ReLU", max_value=1.5), t.clip(0, 1.5)),
            (layer("ReLU", max_value=0), t.clip(0, 0)),
            (layer("ReLU", negative_slope=0.1, max_value=None), F.leaky_relu(t, 0.1)),
            (layer("LeakyReLU"), F.leaky_relu(t, 0.3)),
            (layer("LeakyReLU", alpha=0.05), F.leaky_relu(t, 0.05)),
            (layer("LeakyReLU", negative_slope=0.2, alpha=0.7), F.leaky_relu(t, 0.2)),
            (layer("ELU"), F.elu(t)), (layer("ELU", alpha=2), F.elu(t, 2.0)),
            (layer("Softmax"), t.softmax(-1)), (layer("Dropout"), t), (layer("Identity"), t)):
        same(given([one], x), theirs)


def test_dense_layers_and_shapes() -> None:
    x, kernel, bias = numbers(2, 3, 4), numbers(6, 5), numbers(5)
    y = given([layer("Reshape", target_shape=[4, -1]), layer("Flatten"),
               layer("Reshape", target_shape=[1, 1, 24], name="again"),
               layer("Dense", np.repeat(kernel, 4, 0), bias, units=5, activation="tanh"),
               layer("GlobalMaxPooling2D", name="last")], x)
    same(y, np.tanh(x.reshape(-1) @ np.repeat(kernel, 4, 0) + bias))
    same(given([layer("Dense", kernel, units=5, use_bias=False)], x.reshape(-1)[:6]),
         x.reshape(-1)[:6] @ kernel)
    same(given([layer("Reshape", target_shape=[3, -1]), layer("Softmax")], numbers(6) * 0),
         np.full(6, 0.5))


def test_layers_that_normalise() -> None:
    """A variance near epsilon tells where epsilon is, and which one is the default."""
    image, size = numbers(3, 2, 4) / 20, 4
    gamma, beta, mean, variance = numbers(4, low=0.5), numbers(4), numbers(4), numbers(4, low=0)
    variance = np.abs(variance) / 100
    t, torches = torch.tensor(image), [torch.tensor(one) for one in (gamma, beta, mean, variance)]

    def batch(weight: Any, bias: Any, eps: float) -> Any:
        return F.batch_norm(t.reshape(-1, size), *torches[2:], weight, bias, eps=eps)

    same(given([layer("LayerNormalization", gamma, beta)], image),
         F.layer_norm(t, (4,), *torches[:2], 1e-3))
    same(given([layer("LayerNormalization", scale=False, center=False, epsilon=0.05, axis=[3])],
               image), F.layer_norm(t, (4,), eps=0.05))
    same(given([layer("BatchNormalization", gamma, beta, mean, variance)], image),
         batch(*torches[:2], 1e-3))
    same(given([layer("BatchNormalization", mean, variance, scale=False, center=False,
                      epsilon=0.1, axis=3)], image), batch(None, None, 0.1))
    tiny = np.array([0, 1e-20, 4, 0.25], np.float32)
    x = (mean + np.float32(2e-7)).astype(np.float32)
    theirs = (x.astype(np.float64) - mean) / np.maximum(np.sqrt(tiny.astype(np.float64)), 1e-7)
    mine = given([layer("Normalization", mean, tiny, np.ones((), "f4"))], x)
    np.testing.assert_allclose(mine, theirs, atol=2.0)  # 1e7 times float32's rounding
    same(given([layer("Normalization", mean[2:], tiny[2:], np.ones((), "f4"))], image[0, 0, :2]),
         (image[0, 0, :2] - mean[2:]) / [2, 0.5])
    same(given([layer("Rescaling", scale=0.25, offset=-1)], image), image / 4 - 1)
    same(given([layer("Rescaling")], image), image)


def cells(kind: str, size: int, hidden: int, *, bias: bool = True) -> tuple[Any, list[Any]]:
    """A network of torch, and its weights in Keras' order."""
    module = getattr(torch.nn, kind)(size, hidden, batch_first=True, bias=bias)
    parts = [p.detach().numpy().T for p in module.parameters()]
    if kind == "GRU":
        parts = [np.concatenate([np.split(p, 3, -1)[i] for i in (1, 0, 2)], -1) for p in parts]
    biases = [] if not bias else [np.stack(parts[2:]) if kind == "GRU" else parts[2] + parts[3]]
    return module, [*parts[:2], *biases]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_recurrent_layers(kind: str, bias: bool) -> None:
    """Over a window, over a window with its state kept, and a step at a time."""
    torch.manual_seed(3)
    module, weights = cells(kind, 3, 5, bias=bias)
    extra = {"reset_after": True} if kind == "GRU" else {}
    config: dict[str, Any] = {"units": 5, "use_bias": bias, **extra}
    x = torch.tensor(numbers(1, 12, 3))
    with torch.no_grad():
        theirs = module(x)[0][0]
    same(given([layer(kind, *weights, **config)], x[0].numpy()), theirs[-1])
    same(given([layer(kind, *weights, return_sequences=True, **config)], x[0].numpy()), theirs)
    runner = Interpreter(loaded([layer(kind, *weights, stateful=True, **config)], (4, 3)))
    for at in range(0, 12, 4):
        (y,) = runner.step(x[0, at : at + 4].numpy().reshape(-1)).values()
        same(y, theirs[at + 3])
    program = loaded([layer(kind, *weights, return_sequences=True, **config)], (None, 3))
    assert "recurrent-state" in {note.code for note in program.notes}
    stated = loaded([layer(kind, *weights, stateful=True, **config)], (1, 3))
    assert "recurrent-state" not in {note.code for note in stated.notes}
    for runner in map(Interpreter, (program, stated)):
        for row, wanted in zip(x[0], theirs, strict=True):
            (y,) = runner.step(row.numpy()).values()
            same(y, wanted)
    forgets = Interpreter(loaded([layer(kind, *weights, **config)], (2, 3)))
    twice = [forgets.step(x[0, :2].numpy().reshape(-1)) for _ in range(2)]
    assert str(twice[0]) == str(twice[1])


def test_windows_of_64_steps_and_no_more() -> None:
    weights = cells("LSTM", 2, 1)[1]
    assert loaded([layer("LSTM", *weights, units=1)], (64, 2))
    for shape in ((65, 2), (3, 3, 2), (2,)):
        with pytest.raises(UnsupportedError):
            loaded([layer("LSTM", *weights, units=1)], shape)


@pytest.mark.parametrize("change", [
    {"activation": "relu"}, {"recurrent_activation": "hard_sigmoid"}, {"go_backwards": True},
    {"time_major": True}, {"return_state": True}, {"reset_after": False}, {"reset_after": None}])
def test_cells_of_other_formulas(change: dict[str, Any]) -> None:
    config = {"units": 2, "reset_after": True} | change
    if config["reset_after"] is None:
        del config["reset_after"]  # Keras 2's other form did not say
    with pytest.raises(UnsupportedError):
        loaded([layer("GRU", *cells("GRU", 3, 2)[1], **config)], (2, 3))


def test_graphs_of_layers() -> None:
    """Two inputs one after another; layers that stand before what they take; every merge."""
    weights = [numbers(6, 4), numbers(4)]
    legs = layer("InputLayer", name="legs", batch_input_shape=[None, 2, 3])
    rows = [
        layer("Concatenate", name="out", inputs=("sum", "max", "min", "less", "mul"), axis=1),
        layer("Add", name="sum", inputs=("in", "d", "in")),
        layer("Maximum", name="max", inputs=("in", "d")),
        layer("Minimum", name="min", inputs=("in", "d")),
        layer("Subtract", name="less", inputs=("in", "d")),
        layer("Multiply", name="mul", inputs=("in", "d")), legs,
        layer("Flatten", name="flat", inputs=("legs",)),
        layer("Dense", *weights, name="d", inputs=("flat",), units=4)]
    program = loaded(rows, (4,), inputs=("in", "legs"), outputs=("out",))
    assert [(part.name, part.shape) for part in program.contract.observation] == [
        ("in", (4,)), ("legs", (2, 3))]
    x = numbers(10)
    a, d = x[:4], x[4:] @ weights[0] + weights[1]
    (y,) = Interpreter(program).step(x).values()
    same(y, np.concatenate([a + d + a, np.maximum(a, d), np.minimum(a, d), a - d, a * d]))
    for axis in (0, -2, 2, -3):
        bad = [layer("Concatenate", name="out", inputs=("in", "in"), axis=axis)]
        with pytest.raises(FileFormatError):
            loaded(bad, (4,), inputs=("in",), outputs=("out",))
    circle = [layer("Flatten", name=name, inputs=(other,)) for name, other in ("ab", "ba")]
    with pytest.raises(FileFormatError, match="circle"):
        loaded(circle, (4,), inputs=("in",), outputs=("a",))
    twice = Layer("Flatten", "a", {}, ("in",), [], calls=2)
    with pytest.raises(UnsupportedError, match="more than once"):
        loaded([twice], (4,), inputs=("in",), outputs=("a",))
    image = [layer("Concatenate", name="out", inputs=("in", "in"))]
    x = numbers(2, 2, 3)
    (y,) = Interpreter(loaded(image, x.shape, inputs=("in",), outputs=("out",))).step(
        x.reshape(-1)).values()
    same(y, np.concatenate([x, x], -1))


def test_outputs_and_actions() -> None:
    def head(name: str, width: int, **config: Any) -> Layer:
        return layer("Dense", numbers(4, width), numbers(width), name=name, inputs=("in",),
                     units=width, **config)

    def graph(heads: list[Layer], **options: Any) -> Program:
        return loaded(heads, (4,), inputs=("in",), outputs=[one.name for one in heads],
                      **{"action": None} | options)

    def given_by(program: Program) -> list[str]:
        return list(Interpreter(program).step(numbers(4)))

    choices = graph([head("pi", 3, activation="softmax")]).contract.action
    assert isinstance(choices, Discrete) and choices.sizes == (3,)
    assert isinstance(graph([head("logits", 3)]).contract.action, Discrete)
    several = graph([head("left_logits", 3), head("right", 2), head("value", 1)])
    assert isinstance(several.contract.action, Discrete)
    assert several.contract.action.sizes == (3, 2) and given_by(several) == ["logits"]
    assert any("value" in note.text for note in several.notes if note.kind == "dropped")
    split = graph([head("left_logits", 3), head("right", 3)], action_sizes=(2, 2, 2))
    assert split.contract.action.sizes == (2, 2, 2)
    kept = graph([head("mean", 2), head("value", 1)], action="continuous", keep_value=True)
    assert given_by(kept) == ["mean", "value"]
    alone = graph([head("value", 1)], action="continuous", keep_value=True)
    assert given_by(alone) == ["mean"] and isinstance(alone.contract.action, Continuous)
    ends = loaded([layer("Softmax")], (4,), action=None).contract.action
    assert isinstance(ends, Discrete)
