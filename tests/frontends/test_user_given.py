# SPDX-License-Identifier: MIT
"""What the user adds where names say nothing: key maps, and modules for the weights of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import puffer_edge  # noqa: E402
from puffer_edge.errors import PufferEdgeError, UnsupportedError, UsageError  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402
from puffer_edge.ir import Discrete  # noqa: E402
from tests.frontends.support.networks import named  # noqa: E402

GOOD = {"action": '"discrete"', "activation": '"tanh"', "layers": '["a"]', "output": '"b"',
        "ignore": '["critic."]'}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    nn = torch.nn
    module = named(torch, {"a": nn.Linear(4, 6), "b": nn.Linear(6, 3), "c": nn.Linear(6, 2),
                           "critic": nn.Linear(6, 1), "core": nn.GRU(6, 6),
                           "stats.mean": torch.zeros(4), "stats.var": torch.ones(4)})
    path = tmp_path / "weights.pt"
    torch.save({key: value for key, value in module.state_dict().items()
                if not key.startswith(("c.", "core", "stats"))}, path)
    torch.save(module.state_dict(), tmp_path / "all.pt")
    return path


def write(directory: Path, text: str) -> Path:
    path = directory / "keys.toml"
    path.write_text(text)
    return path


def toml(**changes: str | None) -> str:
    lines = {**GOOD, **changes}
    return "\n".join(f"{key} = {value}" for key, value in lines.items() if value is not None)


def test_a_map(weights: Path, tmp_path: Path) -> None:
    program = puffer_edge.load(weights, key_map=write(tmp_path, toml()))
    assert program.contract.action == Discrete((3,))
    assert "critic" in "".join(note.text for note in program.notes if note.kind == "dropped")


def test_one_output_per_head(weights: Path, tmp_path: Path) -> None:
    path = write(tmp_path, toml(output='["b", "c"]', ignore='["critic.", "core.", "stats."]'))
    assert puffer_edge.load(tmp_path / "all.pt", key_map=path).contract.action == Discrete((3, 2))


@pytest.mark.parametrize(("text", "what"), [
    (toml(output=None), "output is missing"), (toml(action=None), "action is missing"),
    (toml(activation=None), "activation is missing"), (toml(activation='"swosh"'), "not known"),
    (toml(action='"both"'), "neither discrete nor continuous"), (toml(layers="5"), "cannot be 5"),
    (toml(layers="[1]"), "cannot be"), (toml(layers="[]"), "cannot be"),
    (toml(colour='"red"'), "says nothing"), (toml(output='"z"'), "no z.weight"),
    (toml(recurrent='"core"'), "no core.weight_ih_l0"), ("x = [", "no TOML"), ("\0", "no TOML"),
    (toml() + '\n[normaliser]\nmean = "m"', "variance is missing"),
    (toml() + '\n[normaliser]\nmean = "m"\nvariance = "v"', "missing"),
    (toml() + '\n[normaliser]\nmean = "m"\nvariance = "v"\nclip = -1', "clip"),
    (toml(ignore=None), "layers that this state_dict"),
])
def test_a_map_that_says_something_wrong(text: str, what: str, weights: Path, tmp_path: Path
                                         ) -> None:
    with pytest.raises(PufferEdgeError, match=what) as caught:
        puffer_edge.load(weights, key_map=write(tmp_path, text))
    assert caught.value.exit_code in (2, 3, 4)


def test_a_map_that_is_not_there(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(PufferEdgeError, match="cannot be read"):
        puffer_edge.load(weights, key_map=tmp_path / "nothing")


class Policy(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    def __init__(self, width: int = 6) -> None:
        super().__init__()
        self.a, self.b = torch.nn.Linear(4, width), torch.nn.Linear(width, 3)

    def forward(self, x: Any) -> Any:
        return self.b(torch.tanh(self.a(x)).abs())


def test_a_module_takes_the_weights_of_a_file(weights: Path) -> None:
    module = Policy()
    program = puffer_edge.load(weights, module=module, observation_shape=(4,), action="discrete")
    x = np.float32([1, -2, 0.5, 3])
    with torch.no_grad():
        theirs = module(torch.from_numpy(x)[None]).numpy().ravel()
    stored = torch.load(weights, weights_only=True)["a.weight"]
    assert torch.equal(module.a.weight.detach(), stored)
    np.testing.assert_allclose(Interpreter(program).step(x)["logits"], theirs, rtol=0, atol=1e-5)


def test_a_module_that_is_another(weights: Path) -> None:
    with pytest.raises(UsageError, match=r"tensors are not in the file: a\.weight \[7, 4\]"):
        puffer_edge.load(weights, module=Policy(7), observation_shape=(4,))
    with pytest.raises(UsageError, match="not a torch"):
        puffer_edge.load(weights, module=5, observation_shape=(4,))


def test_a_module_for_a_file_that_needs_none(tmp_path: Path) -> None:
    path = tmp_path / "policy.onnx"
    path.write_bytes(b"\x08\x0a\x12\x07pytorch:\x10\n\x04obs_\x12\x04Gemm")
    with pytest.raises(UnsupportedError, match="more than weights"):
        puffer_edge.load(path, module=Policy(), observation_shape=(4,))
