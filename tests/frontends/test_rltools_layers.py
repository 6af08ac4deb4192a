# SPDX-License-Identifier: MIT
"""RLtools' layers as plain data, without h5py: torch judges them, and so does a file's example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends import rltools
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Continuous
from puffer_edge.readers.hdf5 import Hdf5

RANDOM = np.random.default_rng(21)


def numbers(*shape: int) -> Any:
    return RANDOM.uniform(-1, 1, shape).astype(np.float32)


class Checkpoint:
    """Layers in the order in which they are put, and what the file says of them."""

    def __init__(self, *, mlp: bool = False) -> None:
        self.file, self.mlp = Hdf5("f", attributes={"": {}, "actor": {"type": "sequential"}}), mlp
        self.count = 0
        self.file.attributes["actor/layers"] = {}

    def put(self, kind: str, at: str = "", /, function: str = "IDENTITY", **arrays: Any) -> None:
        at = at or f"actor/layers/{self.count}"
        self.count += at.count("/") == 2
        self.file.attributes[at] = {"type": kind, "activation_function": function}
        for name, array in arrays.items():
            self.file.attributes[f"{at}/{name}"] = {}
            self.file.attributes[f"{at}/{name}/parameters"] = {}
            self.file.arrays[f"{at}/{name}/parameters"] = array

    def load(self, **options: Any) -> Any:
        return rltools.load_rltools(self.file, LoadOptions(**options))


def dense(outputs: int = 4, inputs: int = 3) -> dict[str, Any]:
    return {"weights": numbers(outputs, inputs), "biases": numbers(1, outputs)}


def fast_tanh(x: Any) -> Any:
    """rl_tools/nn/activation_functions.h: of x between -3 and 3."""
    x = x.clip(-3, 3)
    return x * (27 + x * x) / (27 + 9 * x * x)


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "IDENTITY": lambda x: x, "RELU": torch.relu, "TANH": torch.tanh, "SIGMOID": torch.sigmoid,
    "FAST_TANH": fast_tanh}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_activations(name: str) -> None:
    checkpoint, layer = Checkpoint(), dense(40)
    layer["biases"] = np.linspace(-6, 6, 40, dtype=np.float32)
    checkpoint.put("dense", function=name, **layer)
    x = numbers(3)
    theirs = FUNCTIONS[name](torch.tensor(layer["weights"] @ x + layer["biases"]))
    program = checkpoint.load()
    assert isinstance(program.contract.action, Continuous) and not program.contract.action.squash
    np.testing.assert_allclose(Interpreter(program).step(x)["mean"], theirs, rtol=1e-5, atol=1e-6)


def recurrent(begin: Any) -> tuple[Checkpoint, Callable[[Any], Any]]:
    """Standardised, a GRU, a layer; and torch's results for [steps, 5] from the beginning."""
    torch.manual_seed(5)
    gru, last = torch.nn.GRU(5, 4), torch.nn.Linear(4, 2)
    mean, precision = numbers(5), 1.5 + numbers(5)
    weights = {f"{kind}_{ours}": getattr(gru, f"{theirs}_{short}_l0").detach().numpy()
               for kind, theirs in (("weights", "weight"), ("biases", "bias"))
               for ours, short in (("input", "ih"), ("hidden", "hh"))}
    checkpoint = Checkpoint()
    checkpoint.put("standardize", mean=mean[None], precision=precision[None])
    checkpoint.put("gru", initial_hidden_state=begin, **weights)
    checkpoint.put("dense", weights=last.weight.detach().numpy(),
                   biases=last.bias.detach().numpy())

    def run(x: Any) -> Any:
        with torch.no_grad():
            z = torch.tensor((x - mean) * precision)[:, None]
            return last(gru(z, torch.tensor(begin).reshape(1, 1, 4))[0])[:, 0].numpy()
    return checkpoint, run


def test_memory_and_what_the_file_gives_as_example() -> None:
    """64 steps of four lanes are compared; a difference in one of them refuses the file."""
    checkpoint, run = recurrent(numbers(4))
    x = numbers(66, 5, 5)
    y = np.stack([run(x[:, lane]) for lane in range(5)], 1)
    file = checkpoint.file
    program = checkpoint.load()
    assert any("no example" in note.text for note in program.notes)
    runner = Interpreter(program)
    for row, wanted in zip(x[:, 0], y[:, 0], strict=True):
        np.testing.assert_allclose(runner.step(row)["mean"], wanted, atol=1e-5)
    file.arrays |= {"example/input": x, "example/output": y}
    assert not any("no example" in note.text for note in checkpoint.load().notes)
    for at, right in (((0, 0, 0), False), ((63, 3, 1), False), ((64, 0, 0), True),
                      ((0, 4, 0), True)):
        wrong = y.copy()
        wrong[at] += 0.01
        file.arrays["example/output"] = wrong
        if right:
            assert checkpoint.load()
            continue
        with pytest.raises(FileFormatError, match=f"from step {at[0]} on"):
            checkpoint.load()
    # Within a tenth of a thousandth of the largest output, or of 1 where all are smaller.
    assert np.abs(y).max() < 1 and np.abs(program.contract.observation_size) == 5
    for off, right in ((0.7e-4, True), (1.4e-4, False)):
        file.arrays["example/output"] = y + np.float32(off)
        if right:
            assert checkpoint.load()
        else:
            with pytest.raises(FileFormatError):
                checkpoint.load()
    file.arrays |= {"example/input": x[0], "example/output": y[0]}  # of one step, lanes alone
    assert checkpoint.load()
    for change in ({"input": x[:, :, :4]}, {"output": y[:, :4]}, {"input": x[:, 0], "output": y},
                   {"input": x[:9]}, {"output": y[:, :, :1]}, {"input": x * np.nan},
                   {"output": y * np.inf}, {"output": y[0]}):
        file.arrays |= {"example/input": x, "example/output": y} | {
            f"example/{name}": array for name, array in change.items()}
        with pytest.raises(FileFormatError, match="example"), np.errstate(all="ignore"):
            checkpoint.load()


def test_outputs_beyond_1_are_compared_in_proportion() -> None:
    checkpoint = Checkpoint()
    layer = dense()
    layer["biases"] += 100
    checkpoint.put("dense", **layer)
    x = numbers(2, 1, 3)
    y = x @ layer["weights"].T + layer["biases"]
    for off, right in ((5e-3, True), (3e-2, False)):
        checkpoint.file.arrays |= {"example/input": x, "example/output": y + np.float32(off)}
        if right:
            assert checkpoint.load()
        else:
            with pytest.raises(FileFormatError):
                checkpoint.load()


@pytest.mark.parametrize("hidden", [0, 1, 3])
def test_an_mlp_that_is_squashed(hidden: int) -> None:
    """The deviations behind the means are dropped; the example shows the squashed action."""
    checkpoint = Checkpoint()
    names = ["input_layer", *(f"hidden_layer_{n}" for n in range(hidden)), "output_layer"]
    widths = [3, *[5] * (hidden + 1), 4]
    checkpoint.put("mlp")
    checkpoint.file.attributes["actor/layers/0"]["num_layers"] = len(names)
    x = numbers(3)
    y = x
    for name, outputs, inputs in zip(names, widths[1:], widths, strict=False):
        layer = dense(outputs, inputs)
        checkpoint.put("dense", f"actor/layers/0/{name}", function="TANH", **layer)
        y = np.tanh(layer["weights"] @ y + layer["biases"][0])
    checkpoint.put("sample_and_squash")
    checkpoint.file.arrays |= {"example/input": x[None], "example/output": np.tanh(y[None, :2])}
    program = checkpoint.load()
    action = program.contract.action
    assert isinstance(action, Continuous) and action.squash
    assert (tuple(action.low), tuple(action.high)) == ((-1, -1), (1, 1))
    np.testing.assert_allclose(Interpreter(program).step(x)["mean"], y[:2], atol=1e-6)
    for count in (len(names) + 1, "x", None):
        checkpoint.file.attributes["actor/layers/0"]["num_layers"] = count
        with pytest.raises(FileFormatError, match="num_layers"):
            checkpoint.load()


def test_one_layer_is_no_mlp() -> None:
    checkpoint = Checkpoint()
    checkpoint.put("mlp")
    checkpoint.file.attributes["actor/layers/0"]["num_layers"] = 1
    checkpoint.put("dense", "actor/layers/0/input_layer", **dense())
    with pytest.raises(FileFormatError, match="num_layers"):
        checkpoint.load()


def changed(**arrays: Any) -> Callable[[Checkpoint], None]:
    def change(checkpoint: Checkpoint) -> None:
        for name, array in arrays.items():
            layer, _, rest = name.partition("_")
            checkpoint.file.arrays[f"actor/layers/{layer[1:]}/{rest}/parameters"] = array
    return change


@pytest.mark.parametrize("change", [
    changed(l0_mean=numbers(1, 4)), changed(l0_mean=np.ones(5, "i4")),
    changed(l0_precision=np.ones((5, 1, 2), "f4")), changed(l0_precision=np.full(5, np.inf)),
    changed(l0_precision=np.full(5, 1e39)), changed(l1_weights_hidden=numbers(12, 5)),
    changed(l1_weights_hidden=numbers(11, 4)), changed(l1_weights_input=numbers(5, 12)),
    changed(l1_weights_input=numbers(6, 10)), changed(l1_biases_input=numbers(11)),
    changed(l1_biases_hidden=numbers(13)), changed(l1_initial_hidden_state=numbers(3)),
    changed(l1_initial_hidden_state=numbers(0)), changed(l2_weights=numbers(8)),
    changed(l2_biases=numbers(3)), changed(l2_weights=numbers(2, 4, 1)),
    changed(l2_biases=np.array([np.nan, 0], "f4"))])
def test_parameters_that_do_not_fit(change: Callable[[Checkpoint], None]) -> None:
    checkpoint, _ = recurrent(numbers(4))
    assert checkpoint.load()
    change(checkpoint)
    with pytest.raises(FileFormatError):
        checkpoint.load()


def test_layers_that_are_named_in_errors() -> None:
    for kind, function, what in (("conv", "RELU", "of the type conv"), ("dense", "GELU", "GELU")):
        checkpoint = Checkpoint()
        checkpoint.put("dense", **dense())
        checkpoint.put(kind, function=function, **dense(2, 4))
        with pytest.raises(UnsupportedError, match=what):
            checkpoint.load()
    after = Checkpoint()
    after.put("dense", **dense())
    after.put("sample_and_squash")
    after.put("dense", **dense(2, 2))
    with pytest.raises(UnsupportedError, match="a layer follows"):
        after.load()
    odd = Checkpoint()
    odd.put("dense", **dense(3, 3))
    odd.put("sample_and_squash")
    with pytest.raises(FileFormatError, match="a deviation for each mean"):
        odd.load()
    empty = Checkpoint()
    empty.put("sample_and_squash")
    with pytest.raises(UnsupportedError, match="how many inputs"):
        empty.load()
    untyped = Checkpoint()
    untyped.put("dense", **dense())
    untyped.file.attributes["actor/layers/1"] = {}
    with pytest.raises(FileFormatError, match="does not say its type"):
        untyped.load()


def test_whose_file_it_is() -> None:
    assert rltools.matches(Checkpoint().file)
    assert not rltools.matches(Hdf5("f", attributes={"": {"type": "sequential"}}))
    assert not rltools.matches(Hdf5("f", attributes={"": {}, "actor": {"type": 3}}))
