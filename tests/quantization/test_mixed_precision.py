# SPDX-License-Identifier: MIT
"""Schemes of single layers: by name, or chosen by what each layer adds to the error."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.artefact.directory import read_manifest
from puffer_edge.cli.export import export as export_command
from puffer_edge.errors import UsageError
from puffer_edge.ir import Continuous, Discrete, Program
from puffer_edge.passes import optimize
from puffer_edge.quantization.agreement import AGREEMENT, Limits, outputs
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.mixed_precision import MixedPrecision, _Trial
from puffer_edge.quantization.pipeline import Wish, to_integers
from puffer_edge.quantization.recording import Recording
from puffer_edge.quantization.schemes import SCHEMES, Scheme
from puffer_edge.verification.demands import Demands
from tests import zoo
from tests.quantization.test_quantize import LSTM, mlp, recording


def chooser(program: Program, observations: np.ndarray) -> MixedPrecision:
    steps = Recording(observations.astype(np.float32), np.arange(len(observations)) % 50 == 0)
    prepared = optimize(program, fuse=False)
    return MixedPrecision(prepared, program, calibrate(prepared, steps.observations, steps.reset),
                          steps, outputs(program, steps))


def delicate() -> tuple[Program, np.ndarray]:
    """Layers called a, b and c; b has one weight so large that 8 bits lose the others."""
    program = mlp(2, 0.5, (6, 16, 16, 4), "tanh")
    program = program.with_ops(
        replace(op, layer=name) for op, name in zip(program.ops, "a-b-c", strict=True))
    weights = next(op.weight for op in program.ops if op.layer == "b")
    broken = program.constants[weights].copy()
    broken[:, 0] = 60
    observations = np.random.default_rng(0).standard_normal((300, 6))
    spoiled = replace(program, constants={**program.constants, weights: broken})
    # The first unit is saturated, so that its huge weight is as good as a bias.
    first = next(op for op in program.ops if op.layer == "a")
    bias = spoiled.constants[first.bias].copy()
    bias[0] = 0.0
    rows = spoiled.constants[first.weight].copy()
    rows[0] = 1e-3
    return replace(spoiled, constants={**spoiled.constants, first.bias: bias,
                                       first.weight: rows}), observations


def test_the_layer_with_the_largest_error_is_found() -> None:
    found = chooser(*delicate())
    shares = found.shares({layer: SCHEMES["int8"] for layer in found.layers()})
    assert max(shares, key=lambda layer: shares[layer]) == "b"


def test_auto_widens_what_it_must_and_no_more() -> None:
    found = chooser(*delicate())
    schemes = found.automatic(0.99)
    assert schemes["b"].name == "int16"
    assert "int8" in {scheme.name for scheme in schemes.values()}
    share = found.agreement(SCHEMES["int8"], schemes).share
    assert share is not None and share >= 0.99
    plain = found.agreement(SCHEMES["int8"], {}).share
    assert plain is not None and plain < 0.99


def test_auto_keeps_the_schemes_that_are_given() -> None:
    """What is named is part of the search: nothing else is widened where it does, nor narrowed."""
    found = chooser(*delicate())
    assert found.automatic(0.99, given={"b": SCHEMES["int16"]})["b"].name == "int16"
    kept = found.automatic(0.5, given={"b": SCHEMES["int8x16"]})
    assert kept == {"a": SCHEMES["int8"], "b": SCHEMES["int8x16"], "c": SCHEMES["int8"]}


class Made(MixedPrecision):
    """Of each number of layers in int16, the share of the steps that choose otherwise is given.

    Choices are four, with wide margins, at random; those that change cost little.
    """

    flips: tuple[float, ...] = ()
    steps: int = 400

    def _trial(self, scheme: Scheme, layers: Mapping[str, Scheme], steps: int = 0) -> _Trial:
        wide = sum(chosen.name == "int16" for chosen in layers.values())
        random = np.random.default_rng(0)
        theirs = np.eye(4)[random.integers(0, 4, self.steps)] * 3
        flipped = np.linspace(0, 1, self.steps, endpoint=False) < self.flips[wide]
        random.shuffle(flipped)
        theirs[flipped] /= 60  # a choice near a tie
        ours = np.where(flipped[:, None], -theirs, theirs)
        return _Trial(theirs, ours, Discrete((4,)), (0.0,), None)


def search(flips: tuple[float, ...], steps: int) -> Made:
    found = chooser(*delicate())
    made = Made(found.program, found.original, found.calibration, found.recording, found.reference)
    object.__setattr__(made, "flips", flips)
    object.__setattr__(made, "steps", steps)
    return made


@pytest.mark.parametrize(("flips", "steps", "wide"), [
    ((0.0, 0.0, 0.0, 0.0), 1000, 0),
    ((0.04, 0.0, 0.0, 0.0), 400, 1),  # 96 %, but 93.6 to 97.5 % would do as well
    ((0.04, 0.0, 0.0, 0.0), 4000, 0),  # 96 %, 95.3 to 96.6 %
    ((0.2, 0.07, 0.01, 0.0), 1000, 2),
    ((0.2, 0.04, 0.03, 0.03), 60, 1),  # no schemes are sure after 60 steps
])
def test_auto_wants_the_whole_interval_within_the_limit(
        flips: tuple[float, ...], steps: int, wide: int) -> None:
    chosen = search(flips, steps).automatic()
    assert sum(scheme.name == "int16" for scheme in chosen.values()) == wide


def test_auto_says_what_fails_and_what_would_pass() -> None:
    found = search((0.3, 0.25, 0.2, 0.125), 2000)
    with pytest.raises(UsageError, match=r"not enough: equal greedy actions is 87") as told:
        found.automatic()
    asked = re.search(r"min_agreement=(0\.\d+)", told.value.hint)
    assert asked is not None and asked[1] == "0.87"
    trial = found._trial(SCHEMES["int8"], dict.fromkeys("abc", SCHEMES["int16"]))
    assert trial.agreement(Limits(0.87)).verdict != "failed"
    assert trial.agreement(Limits(0.88)).failing


def test_auto_says_what_error_would_pass() -> None:
    """A continuous action whose mean error is far too large is told the one to ask for."""
    program, observations = delicate()
    program = replace(program, contract=replace(
        program.contract, action=Continuous(program.contract.action.width)))
    found = chooser(program, observations)
    spoiled = replace(found, reference=found.reference
                      + 0.2 * np.random.default_rng(0).standard_normal(found.reference.shape))
    with pytest.raises(UsageError, match="mean error is") as told:
        spoiled.automatic()
    asked = re.search(r"max_error=(0\.\d+)", told.value.hint)
    assert asked is not None
    passed = spoiled.agreement(SCHEMES["int16"], {}, limits=Limits.of(
        ["int16"], max_error=float(asked[1])))
    assert not passed.failing
    assert spoiled.agreement(SCHEMES["int16"], {}, limits=Limits.of(
        ["int16"], max_error=float(asked[1]) - 0.002)).failing


def test_all_ways_in_ask_for_what_verify_asks_for() -> None:
    for function in (puffer_edge.export, Demands, export_command, Wish):
        default = inspect.signature(function).parameters["min_agreement"].default
        assert default == AGREEMENT


def test_auto_judges_a_continuous_action_by_its_own_limits() -> None:
    """One output that hardly counts in the mean is far off in int8: what verify fails, auto widens.

    An agreement says nothing there, so that asking for less of it changes nothing.
    """
    program, observations = delicate()
    program = replace(program, contract=replace(
        program.contract, action=Continuous(program.contract.action.width)))
    found = chooser(program, observations)
    schemes = found.automatic(0.0)
    judged = found.agreement(SCHEMES["int8"], schemes, limits=Limits.of(
        scheme.name for scheme in schemes.values()))
    assert all(figure.value <= figure.limit for figure in judged.figures) and not judged.still
    plain = found.agreement(SCHEMES["int8"], {}, limits=Limits.of(["int8"]))
    assert any(figure.value > figure.limit for figure in plain.figures)
    assert schemes["b"].name == "int16" and {each.name for each in schemes.values()} > {"int16"}


def test_layers_are_known_by_their_last_name(tmp_path: Path) -> None:
    out = puffer_edge.export(LSTM, tmp_path / "a", scheme="int8", layers={"decoder": "int16"},
                             calibrate=recording(tmp_path))
    layers = {row["layer"]: row["scheme"] for row in read_manifest(out)["quantization"]["layers"]}
    assert layers == {"policy.encoder.0": "int8", "lstm": "int8", "policy.decoder": "int16"}
    assert puffer_edge.verify(out, min_agreement=0.9).passed


@pytest.mark.parametrize(("layers", "words"), [
    ({"nowhere": "int16"}, "no layers have the name"),
    ({"lstm": "int3"}, "cannot have the scheme")])
def test_unknown_layers_and_schemes_are_usage_errors(
        layers: dict[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        puffer_edge.export(LSTM, tmp_path / "a", scheme="int8", layers=layers,
                           calibrate=recording(tmp_path))
    assert not (tmp_path / "a").exists()


def test_the_report_tells_ranges_and_what_was_cut_off() -> None:
    """The second half is ten times as large as the first, which calibrated."""
    program = mlp(4, 0.5, (3, 8, 2), "relu")
    random = np.random.default_rng(0).standard_normal((200, 3))
    random[100:] *= 10
    source = Recording(random.astype(np.float32), np.arange(200) == 0)
    wish = Wish("int16", "never read")
    import puffer_edge.quantization.pipeline as pipeline

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "record", lambda *args, **options: source)
        found = to_integers(program, wish)
    rows = {row.value: row for row in found.description.ranges}
    observation = rows[program.input]
    assert observation.largest == np.float32(random[100:].max())
    beyond = np.abs(random[100:]).max() > observation.high
    assert beyond and 0.1 < observation.clipped < 0.9


@pytest.mark.parametrize("scheme", ["int8", "int16"])
def test_an_image_goes_all_the_way(scheme: str, tmp_path: Path) -> None:
    """From a recording to a verified artefact; its one scale is told as a range, too."""
    program = zoo.program("conv")
    size = program.contract.observation_size
    np.savez(tmp_path / "seen.npz", observations=np.random.default_rng(0).standard_normal(
        (60, size)).astype(np.float32))
    out = puffer_edge.export(program, tmp_path / "a", scheme=scheme,
                             calibrate=str(tmp_path / "seen.npz"))
    rows = {row["value"]: row for row in read_manifest(out)["quantization"]["ranges"]}
    assert rows[program.input]["low"] < 0 < rows[program.input]["high"]
    assert puffer_edge.verify(out, min_agreement=0.5).passed
