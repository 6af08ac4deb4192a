# SPDX-License-Identifier: MIT
"""Parameters of flax: real cells, shapes that chain in several ways, damaged MessagePack."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import puffer_edge
from puffer_edge.errors import FileFormatError, PufferEdgeError, UnsupportedError
from puffer_edge.interpreter import Interpreter
from puffer_edge.readers.msgpack import parse_msgpack
from tests.frontends.support.containers import write_safetensors
from tests.frontends.support.flax_models import brax, packed


def dense(*sizes: tuple[int, int]) -> dict[str, Any]:
    random = np.random.default_rng(1)
    return {f"Dense_{index}": {"kernel": random.standard_normal(size).astype(np.float32),
                               "bias": random.standard_normal(size[1:]).astype(np.float32)}
            for index, size in enumerate(sizes)}


def written(tree: Any, path: Path) -> Path:
    path.write_bytes(packed(tree))
    return path


@pytest.mark.parametrize("cell", ["GRUCell", "OptimizedLSTMCell", "LSTMCell"])
def test_what_flax_writes(cell: str, tmp_path: Path) -> None:
    """Its own cells and serialisation; the state is carried over 20 steps."""
    linen = pytest.importorskip("flax.linen")
    import jax
    from flax.serialization import to_bytes

    class Agent(linen.Module):
        @linen.compact
        def __call__(self, carry: Any, x: Any) -> Any:
            carry, y = getattr(linen, cell)(8)(carry, linen.relu(linen.Dense(12)(x)))
            mean = linen.relu(linen.Dense(10)(y))
            mean = linen.Dense(3)(mean)
            value = linen.relu(linen.Dense(10)(y))
            return carry, mean, linen.Dense(1)(value)

    zero = np.zeros((1, 8), np.float32)
    agent, carry = Agent(), zero if cell == "GRUCell" else (zero, zero)
    weights = agent.init(jax.random.PRNGKey(0), carry, np.zeros((1, 6), np.float32))
    random = np.random.default_rng(2)
    weights = jax.tree.map(
        lambda array: random.uniform(-0.6, 0.6, array.shape).astype(np.float32), weights)
    path = tmp_path / "agent.msgpack"
    path.write_bytes(to_bytes(weights))
    runner = Interpreter(puffer_edge.load(path, action="continuous"))
    for _ in range(20):
        x = random.standard_normal(6).astype(np.float32)
        carry, mean, _ = agent.apply(weights, carry, x[None])
        np.testing.assert_allclose(runner.step(x)["mean"].reshape(-1), mean[0], atol=1e-5)


def test_safetensors_with_the_names_of_flax(tmp_path: Path) -> None:
    """As JaxMARL saves parameters: paths joined by commas."""
    tree = dense((6, 8), (8, 3))
    write_safetensors(tmp_path / "p.safetensors", {
        f"params,{layer},{name}": array for layer, parts in tree.items()
        for name, array in parts.items()})
    program = puffer_edge.load(tmp_path / "p.safetensors")
    again = puffer_edge.load(written({"params": tree}, tmp_path / "p.msgpack"))
    x = np.ones(6, np.float32)
    np.testing.assert_array_equal(*(Interpreter(p).step(x)["logits"] for p in (program, again)))
    h = np.tanh(x @ tree["Dense_0"]["kernel"] + tree["Dense_0"]["bias"])
    np.testing.assert_allclose(
        Interpreter(program).step(x)["logits"].reshape(-1),
        h @ tree["Dense_1"]["kernel"] + tree["Dense_1"]["bias"], rtol=1e-5, atol=1e-5)


def test_layers_in_each_other_are_numbered_from_the_outside(tmp_path: Path) -> None:
    program = puffer_edge.load(written({"params": dense((8, 3), (7, 8), (6, 7))}, tmp_path / "p"))
    assert program.contract.observation_size == 6
    assert program.contract.action.sizes == (3,)


def test_what_is_assumed_has_codes(tmp_path: Path) -> None:
    notes = puffer_edge.load(written({"params": dense((6, 8), (8, 3))}, tmp_path / "p")).notes
    assert {"activation", "action-kind"} <= {note.code for note in notes}
    program = puffer_edge.load(brax(tmp_path).path)
    assert program.contract.action.squash and program.contract.normaliser is not None
    assert "normaliser-missing" not in {note.code for note in program.notes}


@pytest.mark.parametrize(("tree", "what"), [
    (dense((6, 8), (8, 6), (6, 8), (8, 1)), "in 2 ways"),  # one actor, or actor and critic
    (dense((6, 8), (8, 8), (8, 8)), "in 2 ways"),  # the last may be a deviation
    (dense((6, 6), (6, 6), (6, 6), (6, 6)), "in 3 ways"),  # forwards, backwards, a deviation
    (dense((6, 8), (7, 3)), "in 0 ways"),
    (dense((6, 8), (8, 3), (6, 8), (8, 2)), "in 0 ways"),
    ({"Conv_0": {"kernel": np.zeros((3, 3, 2, 4), "f4")}, **dense((6, 3))}, "a convolution"),
    ({"LayerNorm_0": {"scale": np.ones(6, "f4")}, **dense((6, 3))}, "LayerNorm_0"),
    ({"one": dense((6, 3)), "two": dense((6, 3))}, "in 2 places"),
    ({"GRUCell_0": {"ir": dense((6, 3))["Dense_0"]}, **dense((6, 3))}, "the gates"),
])
def test_what_is_not_read_is_named(tree: Any, what: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=what):
        puffer_edge.load(written({"params": tree}, tmp_path / "p"))


def test_values_of_every_form() -> None:
    """Against the package msgpack where it is there, and by hand."""
    tree = {"a": -3, "b": [1, 200, "x" * 40], "c": {"d": np.arange(6, dtype=np.float64)}}
    found = parse_msgpack(packed(tree), "here")
    assert found["a"] == -3 and found["b"] == [1, 200, "x" * 40]
    np.testing.assert_array_equal(found["c"]["d"], tree["c"]["d"])
    by_hand = bytes.fromhex("88a161c0a162c2a163c3a164cb3ff8000000000000a165cdffffa166d0ff"
                            "a167e0a168c40141")
    assert parse_msgpack(by_hand, "here") == {
        "a": None, "b": False, "c": True, "d": 1.5, "e": 65535, "f": -1, "g": -32, "h": b"A"}


@pytest.mark.parametrize("content", [
    bytes.fromhex(text) for text in (
        "81", "81a1", "81a161", "81a161c1", "82a16101a16102", "810101", "81a161df" + "ff" * 4,
        "81a161dd" + "ff" * 4, "81a161c6" + "ff" * 4, "81a161d40200", "81a161d4010000",
        "81a161c0c0", "81a161a2fffe")] + [
    b"\x81\xa1a" * 40 + b"\x00", packed({"a": np.ones(3)})[:-1],
    packed({"a": np.ones(3)}).replace(b"float64", b"float65"),
    packed({"a": np.ones(3)}).replace(b"\x91\x03", b"\x91\x04")])
def test_damage_is_one_error(content: bytes) -> None:
    with pytest.raises(FileFormatError):
        parse_msgpack(content, "here")


def test_a_byte_changed_anywhere(tmp_path: Path) -> None:
    path = written({"params": dense((6, 8), (8, 3))}, tmp_path / "p")
    content, random = path.read_bytes(), np.random.default_rng(3)
    for _ in range(150):
        damaged = bytearray(content)
        damaged[int(random.integers(len(content)))] ^= 1 << int(random.integers(8))
        path.write_bytes(damaged)
        try:
            assert puffer_edge.load(path).contract.observation_size == 6
        except PufferEdgeError:
            continue


def test_the_commands_for_orbax_lead_to_the_policy(tmp_path: Path) -> None:
    """The hint is followed to its end."""
    orbax = pytest.importorskip("orbax.checkpoint")
    tree = {"params": dense((6, 8), (8, 3))}
    orbax.PyTreeCheckpointer().save(tmp_path / "saved", tree)
    with pytest.raises(UnsupportedError, match="orbax") as caught:
        puffer_edge.load(tmp_path / "saved")
    command = shlex.split(caught.value.hint.splitlines()[2])
    subprocess.run([sys.executable, *command[1:]], cwd=tmp_path, check=True, timeout=120)
    program = puffer_edge.load(tmp_path / "policy.msgpack")
    assert program.contract.observation_size == 6
