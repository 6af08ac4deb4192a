# SPDX-License-Identifier: MIT
"""Action masks inside of graphs: no choice that is forbidden, and else that of onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import puffer_edge
from puffer_edge.errors import StepError
from puffer_edge.frontends.wrappers import wrapped
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import ActionMask, Discrete, Program
from puffer_edge.ir.status import Status
from tests.masks.idioms import IDIOMS, OBSERVATION, SIZES, WIDTH, _node, model

CUTS = np.cumsum(SIZES)[:-1]


def load(content: bytes, tmp_path: Path) -> Program:
    path = tmp_path / "masked.onnx"
    path.write_bytes(content)
    return puffer_edge.load(path, action="discrete", action_sizes=SIZES)


def steps(program: Program, count: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    assert program.contract.mask is not None
    return program.contract.mask.at_random(random.standard_normal(
        (count, OBSERVATION + WIDTH)).astype(np.float32), random)


def chosen(program: Program, logits: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What an output stands for: the best allowed choice per head, and by how much it is."""
    mask = program.contract.mask
    assert mask is not None
    best, margin = [], []
    heads = zip(np.split(logits, CUTS), np.split(mask.allowed(x), CUTS), strict=True)
    for raw, allowed in heads:
        masked = np.where(allowed, raw, -np.inf)
        order = np.sort(masked)
        best.append(int(masked.argmax()))
        margin.append(order[-1] - order[-2])
    return np.array(best), np.array(margin)


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("idiom", IDIOMS)
def test_every_idiom_is_a_mask(idiom: str, joint: bool, tmp_path: Path) -> None:
    content = model(idiom, joint=joint)
    program = load(content, tmp_path)
    assert program.contract.mask == ActionMask(0 if joint else OBSERVATION, SIZES)
    assert [type(op).__name__ for op in program.ops].count("Softmax") == 0
    session = onnxruntime.InferenceSession(content)
    ours = Interpreter(program)
    for x in steps(program, 40):
        parts = {"obs": x} if joint else {"x": x[:OBSERVATION], "mask": x[OBSERVATION:]}
        (theirs,) = session.run(None, {name: part[None] for name, part in parts.items()})
        best, margin = chosen(program, theirs[0], x)
        sure = margin > 1e-5
        assert np.array_equal(ours.act(x)[sure], best[sure])
        raw = ours.step(x)["logits"]
        assert np.all((raw == np.finfo(np.float32).min) == ~program.contract.mask.allowed(x))


@pytest.mark.parametrize("idiom", IDIOMS)
def test_logits_of_ten_thousand(idiom: str, tmp_path: Path) -> None:
    """Where the file's own arithmetic ties or is wrong, no forbidden choice is taken either."""
    program = load(model(idiom, reach=1e4), tmp_path)
    ours = Interpreter(program)
    for x in steps(program, 40, 1):
        action, flags = ours.act(x), np.split(program.contract.mask.allowed(x), CUTS)
        assert all(part[choice] for part, choice in zip(flags, action, strict=True))


def test_a_product_with_logits_is_no_mask(tmp_path: Path) -> None:
    program = load(model("", logits=lambda: ([_node("Mul", "l mask", "y")], {})), tmp_path)
    assert program.contract.mask is None
    assert any(note.kind == "warning" and "no mask" in note.text for note in program.notes)


def test_a_small_penalty_is_no_mask(tmp_path: Path) -> None:
    """The policy's own choice may be one with a penalty of 5, so it stays what it is."""
    def penalty() -> tuple[list[onnx.NodeProto], dict[str, object]]:
        return [_node("Sub", "mask one", "less"), _node("Mul", "less five", "penalty"),
                _node("Add", "l penalty", "y")], {"one": np.float32(1), "five": np.float32(5)}

    assert load(model("", logits=penalty), tmp_path).contract.mask is None


def test_everything_forbidden_is_a_status_of_its_own(tmp_path: Path) -> None:
    program = load(model("where_1e9"), tmp_path)
    x = np.ones(OBSERVATION + WIDTH, np.float32)
    x[OBSERVATION + SIZES[0] :] = 0  # of the second head only
    with pytest.raises(StepError, match="forbids every choice") as raised:
        Interpreter(program).act(x)
    assert raised.value.status == Status.NO_CHOICE


class Masked(torch.nn.Module):
    """Logits of two heads; of the other input, 1 forbids."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.first, self.last = torch.nn.Linear(OBSERVATION, 8), torch.nn.Linear(8, WIDTH)

    def forward(self, x: torch.Tensor, forbidden: torch.Tensor) -> torch.Tensor:
        logits = self.last(torch.tanh(self.first(x)))
        return logits.masked_fill(forbidden.bool(), float("-inf"))


@pytest.mark.parametrize("kind", ["module", "pt2"])
def test_where_one_forbids(kind: str, tmp_path: Path) -> None:
    policy = Masked()
    example = torch.zeros(1, OBSERVATION), torch.zeros(1, WIDTH)
    given: object = policy
    options = {"action": "discrete", "action_sizes": SIZES}
    if kind == "pt2":
        given = tmp_path / "policy.pt2"
        torch.export.save(torch.export.export(policy, example), given)
    else:
        options["example"] = example
    program = puffer_edge.load(given, **options)
    assert program.contract.mask == ActionMask(OBSERVATION, SIZES, forbids=True)
    ours = Interpreter(program)
    for x in steps(program, 40):
        with torch.no_grad():
            theirs = policy(*torch.from_numpy(x)[None].split([OBSERVATION, WIDTH], 1))[0].numpy()
        assert np.array_equal(ours.act(x), [part.argmax() for part in np.split(theirs, CUTS)])


class Joint(torch.nn.Module):
    """The network reads the mask, too, and nothing but that says that its outputs are logits."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.first = torch.nn.Linear(OBSERVATION + WIDTH, 8)
        self.last = torch.nn.Linear(8, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.last(torch.tanh(self.first(x)))
        return torch.where(x[:, 4:] > 0.5, y, torch.tensor(-1e9))


def test_a_mask_marks_choices(tmp_path: Path) -> None:
    path = tmp_path / "policy.pt"
    policy = Joint()
    torch.jit.script(policy).save(str(path))
    program = puffer_edge.load(path)
    assert program.contract.action == Discrete((WIDTH,))
    mask = program.contract.mask
    assert mask == ActionMask(OBSERVATION, (WIDTH,))
    assert program.output_names == ("logits",)
    assert not {note.code for note in program.notes} & {"action-kind", "action-bounds"}
    ours, random = Interpreter(program), np.random.default_rng(1)
    for x in mask.at_random(random.standard_normal(
            (30, OBSERVATION + WIDTH)).astype(np.float32), random):
        with torch.no_grad():
            assert ours.act(x)[0] == policy(torch.from_numpy(x)[None])[0].argmax()
    assert puffer_edge.load(path, action="continuous").contract.mask is None


def test_a_recognised_mask_and_the_option(tmp_path: Path) -> None:
    from puffer_edge.frontends.options import LoadOptions

    program = load(model("added"), tmp_path)
    with pytest.raises(puffer_edge.errors.UsageError, match="takes a mask already"):
        wrapped(program, LoadOptions(action_mask=True))
