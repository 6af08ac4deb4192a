# SPDX-License-Identifier: MIT
"""Bounds, forms and observations that originals are judged by are those of the version before.

Whether a bound holds, other tests ask; these figures tell where one becomes looser or tighter, in
any op. Where that is meant, ``frozen_figures.json`` is written anew:

    python -m tests.verification.test_frozen_figures
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Continuous, Contract, Discrete, Field
from puffer_edge.ir.action_mask import ActionMask
from puffer_edge.verification.error_bound import ErrorBound, Pair, gamma
from puffer_edge.verification.originals.explaining import deviation, difference, explain, forms
from puffer_edge.verification.originals.observing import observations, scale_of
from tests import zoo

FILE = Path(__file__).with_name("frozen_figures.json")
Figures = dict[str, list[float]]


def digits(*numbers: Any) -> list[float]:
    """Of all numbers, six digits that machines agree on."""
    return [float(f"{number:.6g}") for part in numbers
            for number in np.asarray(part, np.float64).ravel()]


def bounds(case: str) -> Figures:
    """Along four steps from an unknown rounding of all constants; the widest and the sum."""
    program = zoo.program(case)
    bound = ErrorBound(program, {name: gamma(8) * np.abs(array.astype(np.float64))
                                 for name, array in program.constants.items()
                                 if array.dtype.kind == "f"})
    runner, found = Interpreter(program), []
    x = zoo.permitted(program, np.random.default_rng(8).standard_normal(
        (4, program.contract.observation_size)).astype(np.float32))
    for row in x:
        known = runner.values(row)
        for wide in bound.step(known).values():
            found += digits(wide.max(), wide.sum())
        runner.state = {state.input: known[state.output] for state in program.states}
    return {"bounds": found}


def seen(case: str) -> Figures:
    """What a policy is shown; weighed so that each element counts."""
    program = zoo.program(case)
    x, reset = observations(program, steps=8)
    recorded = np.arange(3.0 * x.shape[1]).reshape(3, -1)
    weights = np.cos(np.arange(x.shape[1]))
    scale = scale_of(program)
    return {"observations": digits(np.tanh(x) @ weights, np.flatnonzero(reset)),
            "recorded": digits(np.tanh(observations(program, steps=8, recorded=recorded)[0] / 9)
                               @ weights),
            "scale": digits(scale.centre, scale.spread, scale.choices, scale.pixels)}


CONTRACTS = {
    "continuous": Continuous(4), "squashed": Continuous(4, squash=True),
    "bounded": Continuous(4, low=(-1.0,) * 4, high=(2.0, 1.0, 1.0, 3.0), squash=True,
                          rescale=True),
    "two heads": Discrete((3, 1)), "one head": Discrete((4,)), "masked": Discrete((2, 2))}


def explained(name: str) -> Figures:
    """Every form of three rows, with its bounds, and the error that each form is chosen by."""
    masked = name == "masked"
    contract = Contract((Field("obs", (4,)),), CONTRACTS[name],
                        mask=ActionMask(0, (2, 2)) if masked else None)
    raw = np.random.default_rng(1).standard_normal((3, 4)).astype(np.float32)
    raw[1] *= 4
    if masked:
        raw[0, 1] = raw[2, 2] = np.finfo(np.float32).min
    limit = np.abs(raw.astype(np.float64)) * 1e-6 if not masked else np.full((3, 4), 1e-6)
    found: Figures = {}
    with np.errstate(all="ignore"):
        for form in forms(contract):
            y, wide = form.apply(raw, limit)
            found[form.name or "raw"] = digits(np.nan_to_num(y, nan=-99, neginf=-98),
                                               np.nan_to_num(wide, nan=-99, posinf=99))
            theirs = {"other": y[:, :1] * 2, "first": y[:, :1], "rest": y[:, 1:] * (1 + 1e-6)}
            best = explain(contract, raw, theirs, raw > 0 if masked else None)
            names = [each.name for each in forms(contract)]
            found[f"{form.name or 'raw'}, found"] = [] if best is None else digits(
                best.error, len(best.outputs), names.index(best.form.name))
    return found


OPERATIONS: dict[str, Callable[[Pair, Pair], Pair]] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b, "rounded": lambda a, b: a.rounded(),
    **{name: lambda a, b, name=name, more=more: a.apply(name, more) for name, more in (
        ("exp", ()), ("tanh", ()), ("gelu", ()), ("sin", ()), ("sqrt", ()), ("elu", (0.5,)),
        ("clip", (-1.0, 2.0)), ("silu", ()), ("round", ()), ("softplus", (2.0,)))
       if name in zoo.FUNCTIONS}}


def pairs(name: str) -> Figures:
    """Of numbers of every size, with and without coefficients."""
    v = np.array([1e-40, 0.3, -0.7, 3.0, -1e3])
    other = np.array([2.0, 0.3, -1e-3, 5.0, 7.5])
    d = np.array([0, 1e-7, 1e-4, 0, 1e-2])
    g = np.array([[1e-6, -2e-6], [0, 3e-5], [1e-5, 1e-5], [0, 0], [1e-4, -1e-3]])
    made = OPERATIONS[name]
    found: Figures = {}
    for label, first, second in (
            ("boxes", Pair(v, d), Pair(other, d[::-1])), ("signs", Pair(v, d, g), Pair(other, d)),
            ("both", Pair(v, d, g), Pair(other, 0 * d, -g)),
            ("tiny", Pair(v, 0 * d, 1e-3 * g), Pair(other, 0 * d, g))):
        with np.errstate(all="ignore"):
            pair = made(first, second)
        found[label] = digits(pair.v, np.nan_to_num(pair.d, nan=-1, posinf=-2),
                              pair.bound.sum() if pair.g is not None else -3, pair.size.max())
    return found


def differences(_: str) -> Figures:
    """How far outputs move, and how far two are apart in that."""
    theirs = np.array([[1, 5, np.nan], [3, 5, 2], [1, 5, np.inf], [3, 5, 4]])
    return {"deviation": digits(deviation(theirs), deviation(np.full((2, 2), -8.0)),
                                deviation(np.zeros((2, 1)))),
            "difference": digits(difference(theirs + np.array([0.5, 0.01, 1]), theirs),
                                 difference(theirs[:, :1] * np.nan, theirs[:, :1]))}


KINDS: dict[str, tuple[Callable[[str], Figures], list[str]]] = {
    "bounds": (bounds, sorted(zoo.CASES)), "seen": (seen, sorted(zoo.CASES)),
    "explained": (explained, list(CONTRACTS)), "pairs": (pairs, list(OPERATIONS)),
    "differences": (differences, ["of outputs"])}


@pytest.mark.parametrize("kind", KINDS)
def test_figures_stay(kind: str) -> None:
    then = json.loads(FILE.read_text(encoding="utf-8"))[kind]
    figures, names = KINDS[kind]
    assert list(then) == names
    for name in names:
        now = figures(name)
        assert now.keys() == then[name].keys()
        for part, numbers in now.items():
            assert numbers == pytest.approx(then[name][part], rel=3e-6, abs=1e-40), (name, part)


if __name__ == "__main__":
    FILE.write_text(json.dumps(
        {kind: {name: figures(name) for name in names}
         for kind, (figures, names) in KINDS.items()}) + "\n", encoding="utf-8")
