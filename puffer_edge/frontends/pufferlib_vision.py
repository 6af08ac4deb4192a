# SPDX-License-Identifier: MIT
"""PufferLib state_dicts with an encoder of their own, told by their keys and shapes.

Structures (pufferlib.models and pufferlib.ocean.torch of 3.0):

* ``network`` of convolutions, ReLU after each, then linear layers with ReLU: Convolutional (8, 4, 3
  with strides 4, 2, 1; bytes divided by 255), TrashPickup (5, 3 with strides 3, 1, over 5 planes of
  11 by 11), Grid (the same over a one-hot of 32);
* ``cnn``, ``flat`` and ``proj``: Go (two boards, then 2 numbers), MOBA (a map of 11 by 11 by 4, of
  which the first is one-hot of 16, then 26 numbers; all bytes, divided by 255);
* ``network`` of three residual sequences (ProcgenResnet, of the Impala paper): a convolution, a max
  pooling of 3 by 3 with stride 2, two blocks of two convolutions; then a linear layer. The image
  comes planes last, as bytes, divided by 255;
* the heads ``actor`` or ``decoder_mean`` and ``value_fn``, with or without the LSTM wrapper.

CleanRL's Atari agents are the first one with ``actor`` and ``critic``, and an LSTM or a GRU
called ``lstm`` or ``gru``.
"""

from __future__ import annotations

from math import isqrt

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UnsupportedError, UsageError
from puffer_edge.frontends import heads, nature_cnn
from puffer_edge.frontends.actor import HINT
from puffer_edge.frontends.layers import (
    activate,
    convolution,
    drop_prefix,
    flatten,
    linear,
    max_pool,
    recurrent,
    scaled,
)
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Builder, Continuous, Discrete, Program
from puffer_edge.ir.ops import Binary, Concat, OneHot, Reshape, Slice, Transpose

NAME = "PufferLib with a convolutional encoder"
_CELLS = ("lstm.", "gru.", "cell.")
"""The wrapper's LSTM and its copy; scripts made after CleanRL's have a GRU there."""
GRID_CLASSES, MOBA_CLASSES, SIDE = 32, 16, 11


def matches(weights: dict[str, Array]) -> bool:
    """Whether the keys are those of such a policy."""
    body = {key.removeprefix("policy.") for key in weights}
    planes = [key for key in ("network.0.weight", "cnn.0.weight", "network.0.conv.weight")
              if key in body]
    return bool(planes) and ("actor.weight" in body or "decoder_mean.weight" in body) and any(
        array.ndim == 4 for array in weights.values())


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """The Program of such a state_dict.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: the layers are those of no policy above.
        UsageError: the options do not fit the policy.
    """
    wrapped = any(key.startswith("policy.") for key in weights)
    body = Tensors({key: array for key, array in weights.items()
                    if not key.startswith(_CELLS)}, where, "policy." if wrapped else "")
    cell = Tensors({key: array for key, array in weights.items() if key.startswith(_CELLS)}, where)
    name = next((key.partition(".")[0] for key in cell.names() if "weight_ih_l0" in key), "lstm")
    kind = _kind(body, where)
    wanted = ("relu", "none") if kind == "TrashPickup" else ("relu",)
    if options.activation and options.activation not in wanted:
        raise UsageError(f"the activations of {kind} are ReLU, not {options.activation}",
                         where=where, hint="leave out --activation")
    trainer = "CleanRL" if body.has("critic.weight") else "PufferLib"
    recurrent_too = f" with {name.upper()}" if cell.names() else ""
    builder = Builder(f"{trainer} state_dict, {kind}{recurrent_too}")
    x = {"Convolutional": _convolutional, "TrashPickup": _trash_pickup, "Grid": _grid, "Go": _go,
         "MOBA": _moba, "ProcgenResnet": _procgen}[kind](builder, body, options, where)
    size = builder.shape("observation")[1]
    if cell.names():
        x = recurrent(builder, x, cell, name)
        cell.skip_all("cell.")  # the same parameters under another name
        cell.finish("PufferLib's LSTM wrapper", HINT)
    outputs, action = _heads(builder, x, body, options)
    body.finish(f"PufferLib's {kind} policy", HINT)
    builder.assume("encoder", f"the encoder is that of {kind}, by its keys and shapes")
    return builder.build(outputs, heads.contract(builder, options, size, action, sampled=True))


def _kind(tensors: Tensors, where: str) -> str:
    if tensors.has("network.0.conv.weight"):
        return "ProcgenResnet"
    stem = "network." if tensors.has("network.0.weight") else "cnn."
    kernels = nature_cnn.kernels(tensors, stem)
    planes = tensors.shape(f"{stem}0.weight", 4)[1]
    if stem == "network." and kernels == nature_cnn.KERNELS:
        return "Convolutional"
    known: dict[tuple[str, tuple[int, ...], int], str] = {
        ("network.", (5, 3), 5): "TrashPickup", ("network.", (5, 3), GRID_CLASSES): "Grid",
        ("cnn.", (3, 3), 2): "Go", ("cnn.", (5, 3), MOBA_CLASSES + 3): "MOBA"}
    found = known.get((stem, kernels, planes))
    if found is None:
        raise UnsupportedError(
            f"no policy of PufferLib that is known has convolutions of {kernels} over {planes} "
            "planes", where=where, hint=HINT)
    return found


def _convolutional(builder: Builder, tensors: Tensors, options: LoadOptions, where: str) -> str:
    return nature_cnn.network(builder, nature_cnn.image(builder, tensors, options, where), tensors)


def _procgen(builder: Builder, tensors: Tensors, options: LoadOptions, where: str) -> str:
    planes = tensors.shape("network.0.conv.weight", 4)[1]
    shape = options.observation[0].shape if len(options.observation) == 1 else ()
    if len(shape) != 3:
        inputs = tensors.shape("network.5.weight", 2)[1]
        side = isqrt(inputs // tensors.shape("network.2.conv.weight", 4)[0]) * 8
        shape = (side, side, planes)
        builder.assume("image-size", f"the image has {side} by {side} pixels; give --observation, "
                       f"as in image:64x64x{planes}, if it has others", "--observation")
    if shape[2] != planes or min(shape) < 1:
        raise UsageError(f"the image has the shape {shape}, the policy takes {planes} planes",
                         hint="give the planes last, as in image:64x64x3")
    builder.note("stated", "the observation is an image, planes last, 0 to 255, which the policy "
                           "divides by 255")
    x = builder.input("observation", (1, shape[0] * shape[1] * planes))
    x = builder.add(Reshape, x=scaled(builder, x, 1 / 255, "image"), shape=(1, *shape))
    x = builder.add(Transpose, x=x, permutation=(0, 3, 1, 2))
    for name in ("network.0", "network.1", "network.2"):
        x = max_pool(builder, convolution(builder, x, tensors, f"{name}.conv", 1, 1), 3, 2, 1)
        for block in ("res_block0", "res_block1"):
            x = _residual(builder, x, tensors, f"{name}.{block}")
    x = activate(builder, flatten(builder, x), nature_cnn.RELU)
    return activate(builder, linear(builder, x, tensors, "network.5"), nature_cnn.RELU, "network.5")


def _residual(builder: Builder, x: str, tensors: Tensors, name: str) -> str:
    y = x
    for layer in ("conv0", "conv1"):
        y = activate(builder, y, nature_cnn.RELU, name)
        y = convolution(builder, y, tensors, f"{name}.{layer}", 1, 1)
    if builder.shape(y) != builder.shape(x):
        raise FileFormatError("the block does not keep the shape", where=tensors.place(name))
    return builder.add(Binary, a=y, b=x, function="add", layer=name)


def _trash_pickup(builder: Builder, tensors: Tensors, options: LoadOptions, where: str) -> str:
    x = builder.input("observation", (1, 5 * SIDE * SIDE))
    x = builder.add(Reshape, x=x, shape=(1, 5, SIDE, SIDE))
    if options.activation == "none":
        x = nature_cnn.network(builder, x, tensors, last=["network.5"])
        return linear(builder, x, tensors, "network.5")
    builder.assume("activation", "a ReLU follows the linear layer of the encoder, as in PufferLib "
                   "2 and the first of 3; give --activation none for later ones, without it",
                   "--activation")
    return nature_cnn.network(builder, x, tensors)


def _grid(builder: Builder, tensors: Tensors, options: LoadOptions, where: str) -> str:
    x = builder.input("observation", (1, SIDE * SIDE))
    x = builder.add(Reshape, x=x, shape=(1, SIDE, SIDE))
    x = builder.add(OneHot, x=x, classes=GRID_CLASSES)
    x = builder.add(Transpose, x=x, permutation=(0, 3, 1, 2))
    return nature_cnn.network(builder, x, tensors)


def _go(builder: Builder, tensors: Tensors, options: LoadOptions, where: str) -> str:
    """Two boards; the second convolution has no function after it, nor have the 2 numbers."""
    filters = tensors.shape("cnn.2.weight", 4)[0]
    inputs = tensors.linear("proj")[0].shape[1] - tensors.linear("flat")[0].shape[0]
    side = isqrt(max(inputs, 0) // filters) + 4
    if side < 5 or (side - 4) ** 2 * filters != inputs:
        raise UnsupportedError("the board is no square", where=where, hint=HINT)
    x = builder.input("observation", (1, 2 * side * side + 2))
    board = builder.add(Reshape, x=_part(builder, x, 0, 2 * side * side), shape=(1, 2, side, side))
    y = _cnn(builder, board, tensors)
    numbers = linear(builder, _part(builder, x, 2 * side * side, 2), tensors, "flat")
    y = builder.add(Concat, xs=(y, numbers), axis=1)
    return activate(builder, linear(builder, y, tensors, "proj"), nature_cnn.RELU, "proj")


def _moba(builder: Builder, tensors: Tensors, options: LoadOptions, where: str) -> str:
    """A map whose first byte is a category, then the agent's own numbers."""
    cells, numbers = SIDE * SIDE * 4, tensors.linear("flat")[0].shape[1]
    x = builder.input("observation", (1, cells + numbers))
    board = builder.add(Reshape, x=_part(builder, x, 0, cells), shape=(1, SIDE, SIDE, 4))
    tile = builder.add(Slice, x=board, starts=(0, 0, 0, 0), counts=(1, SIDE, SIDE, 1),
                       steps=(1, 1, 1, 1))
    rest = builder.add(Slice, x=board, starts=(0, 0, 0, 1), counts=(1, SIDE, SIDE, 3),
                       steps=(1, 1, 1, 1))
    tile = builder.add(OneHot, x=builder.add(Reshape, x=tile, shape=(1, SIDE, SIDE)),
                       classes=MOBA_CLASSES)
    tile, rest = (builder.add(Transpose, x=part, permutation=(0, 3, 1, 2))
                  for part in (tile, rest))
    rest = scaled(builder, rest, 1 / 255, "map")
    y = _cnn(builder, builder.add(Concat, xs=(tile, rest), axis=1), tensors)
    own = scaled(builder, _part(builder, x, cells, numbers), 1 / 255, "flat")
    y = builder.add(Concat, xs=(y, linear(builder, own, tensors, "flat")), axis=1)
    y = activate(builder, y, nature_cnn.RELU)
    return activate(builder, linear(builder, y, tensors, "proj"), nature_cnn.RELU, "proj")


def _cnn(builder: Builder, x: str, tensors: Tensors) -> str:
    """Two convolutions with a ReLU between them."""
    first, second = (tensors.shape(f"cnn.{i}.weight", 4)[-1] for i in (0, 2))
    strides = nature_cnn.STRIDES.get((first, second), (1, 1))
    x = convolution(builder, x, tensors, "cnn.0", strides[0])
    x = activate(builder, x, nature_cnn.RELU, "cnn.0")
    return flatten(builder, convolution(builder, x, tensors, "cnn.2", strides[1]))


def _part(builder: Builder, x: str, start: int, count: int) -> str:
    return builder.add(Slice, x=x, starts=(0, start), counts=(1, count), steps=(1, 1))


def _heads(builder: Builder, x: str, tensors: Tensors, options: LoadOptions
           ) -> tuple[dict[str, str], Discrete | Continuous]:
    outputs: dict[str, str] = {}
    action: Discrete | Continuous
    if tensors.has("decoder_mean.weight"):
        outputs["mean"] = linear(builder, x, tensors, "decoder_mean")
        drop_prefix(builder, tensors, "decoder_logstd", "the deterministic action is the mean")
        action = heads.continuous(builder, options, builder.shape(outputs["mean"])[1])
    else:
        outputs["logits"] = linear(builder, x, tensors, "actor")
        action = heads.discrete(builder, options, builder.shape(outputs["logits"])[1])
    for value in ("value_fn", "value", "critic"):
        if tensors.has(f"{value}.weight") and "value" not in outputs:
            outputs["value"] = linear(builder, x, tensors, value)
    return outputs, action
