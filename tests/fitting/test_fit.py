# SPDX-License-Identifier: MIT
"""Searches of a toy environment: what wins, what is refused, and that the same seed finds the same.

Prices are of one tiny policy each, built for a Cortex-M0 as ever.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.boards import find_board
from puffer_edge.cli.printing.fitting import printed
from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.fitting import Budget, Candidate, Effort, Practice, Settings, Space, fit
from puffer_edge.fitting.disturbance import Disturbance
from puffer_edge.fitting.judging import judge
from puffer_edge.fitting.outcome import Outcome
from puffer_edge.fitting.plot import plot
from puffer_edge.fitting.statistics import Margin, inferior, lower_bound, not_inferior
from puffer_edge.ir import Program
from puffer_edge.sizing import Price
from tests.fitting.toy import SIDES, LeastSquares, register, sides

pytest.importorskip("optuna")
pytest.importorskip("unicorn")
PICO = find_board("pico")
LINEAR = Space(schemes=("float32",), depths=(0,))


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    register()
    yield


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices by the number of weights, without a compiler."""
    def price(request: Any, board: Any, integers: bool = False) -> Price:
        size = 100 * request.program.parameters + 10 * len(request.scheme)
        return Price(size, 100, 5.0, False, True)
    monkeypatch.setattr("puffer_edge.fitting.question.price", price)


@pytest.fixture
def cheap(priced: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is anything written and verified; and the teacher's recording is short."""
    monkeypatch.setattr("puffer_edge.fitting.fitter.STEPS", 200)
    monkeypatch.setattr("puffer_edge.fitting.fitter.deliver", lambda *given: "")


def search(directory: Path, **changes: Any) -> Any:
    given: dict[str, Any] = {"env": Practice(SIDES), "budget": Budget(PICO), "space": LINEAR,
                             "settings": Settings(trials=1, episodes=8)} | changes
    return fit(sides(), given["env"], given["budget"], LeastSquares(), directory, "small",
               space=given["space"], settings=given["settings"])


def test_a_smaller_policy_that_plays_as_well_is_exported_and_verified(
        tmp_path: Path, priced: None, capsys: pytest.CaptureFixture[str]) -> None:
    found = search(tmp_path / "small", budget=Budget(PICO, flash=3000))
    assert found.passed and found.best.name == "student linear float32"
    assert found.best.verdict.episodes == 200 and found.best.verdict.bound > -0.2
    checks = json.loads((tmp_path / "small" / "report.json").read_text())["checks"]
    assert checks and not any(check["verdict"] == "failed" for check in checks)
    assert found.price is not None and found.price.flash > found.best.price.flash
    printed(found)
    assert f"{found.price.flash:,}" in capsys.readouterr().out  # nothing else takes so much
    assert set(found.best.disturbed) == {"noise", "delay", "drops"}
    assert found.best.disturbed["delay"] < found.best.mean  # late actions are wrong half the time
    assert "teacher" in plot(found) and "student linear float32" in plot(found)
    played = puffer_edge.play(found.program, SIDES, episodes=20, processes=1)
    assert played.ours.mean == 12


def test_the_same_seed_finds_the_same(tmp_path: Path, cheap: None) -> None:
    space = Space(schemes=("float32", "float16"), depths=(0, 1), widths=(2, 3))
    tables = [search(tmp_path / str(number), space=space,
                     settings=Settings(trials=2, episodes=8, seed=5)).to_json()
              for number in range(2)]
    for table in tables:
        table["directory"] = ""
    assert tables[0] == tables[1]
    assert len({row["name"] for row in tables[0]["rows"]}) == len(tables[0]["rows"])


def test_a_search_that_was_killed_goes_on(tmp_path: Path, cheap: None,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    space = Space(schemes=("float32", "float16"), depths=(0, 1), widths=(2, 3))
    settings = Settings(trials=2, episodes=8, storage=f"sqlite:///{tmp_path / 'search.db'}")
    judged: list[str] = []
    killed_at = 9

    def counted(question: Any, candidate: Candidate) -> Outcome:
        judged.append(candidate.name)
        if len(judged) == killed_at:
            raise KeyboardInterrupt
        return judge(question, candidate)

    monkeypatch.setattr("puffer_edge.fitting.workers.judge", counted)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "small", space=space, settings=settings)
    found = search(tmp_path / "small", space=space, settings=settings)
    assert judged[killed_at - 1] == judged[killed_at]  # asked again
    assert len(judged) == len(set(judged)) + 1  # and nothing else was
    whole = search(tmp_path / "whole", space=space, settings=replace(settings, storage=""))
    assert found.rows == whole.rows


def test_an_impossible_budget_fails_before_anything_is_played(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing fits 600 bytes of flash") as caught:
        search(tmp_path / "small", env=Practice(SIDES), budget=Budget(PICO, flash=600))
    assert "student linear float32 takes" in caught.value.hint
    assert not (tmp_path / "small").exists()


def test_what_does_not_fit_is_not_trained(tmp_path: Path, cheap: None,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Candidate] = []

    def remember(self: LeastSquares, teacher: Program, env: Any, budget: Effort) -> Any:
        made.append(budget.candidate)
        return LeastSquares.__wrapped__(self, teacher, env, budget)  # type: ignore[attr-defined]

    LeastSquares.__wrapped__ = LeastSquares.fit  # type: ignore[attr-defined]
    monkeypatch.setattr(LeastSquares, "fit", remember)
    space = Space(schemes=("float32",), depths=(0, 1), widths=(2, 16))
    found = search(tmp_path / "small", space=space, budget=Budget(PICO, flash=1500),
                   settings=Settings(trials=4, episodes=8))
    assert made and all(len(each.widths) == 0 or each.widths == (2,) for each in made)
    assert any(row.why.startswith("no room") for row in found.rows)


@pytest.mark.parametrize("identity, message", [
    (SIDES.replace("Sides", "Fails"), "the motor is on fire"),
    ("Nothing-v0", "cannot be made"), ("CartPole-v1", "the environment gives 4")])
def test_an_environment_that_fails_or_is_another_is_one_error(
        tmp_path: Path, identity: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        search(tmp_path / "small", env=Practice(identity))


def test_a_teacher_of_another_kind_is_one_error(tmp_path: Path, cheap: None) -> None:
    with pytest.raises(UsageError, match="no better than chance"):
        fit(sides(-np.array([1.0, -2.0, 0.5])), Practice(SIDES), Budget(PICO), LeastSquares(),
            tmp_path / "small", "small", space=LINEAR, settings=Settings(trials=1, episodes=8))
    with pytest.raises(UsageError, match="where does the policy play"):
        puffer_edge.fit(sides(), directory=tmp_path / "small")
    with pytest.raises(UsageError, match="is no part"):
        puffer_edge.fit(sides(), SIDES, tmp_path / "small", tolerance=2.0)
    with pytest.raises(UsageError, match="200 or more"):
        puffer_edge.fit(sides(), SIDES, tmp_path / "small", episodes=20)
    with pytest.raises(UsageError, match="there is no scheme"):
        puffer_edge.fit(sides(), SIDES, tmp_path / "small", schemes="int9")


def test_recorded_data_alone(tmp_path: Path, cheap: None) -> None:
    seen = np.random.default_rng(0).standard_normal((200, 3)).astype(np.float32)
    found = puffer_edge.fit(sides(), directory=tmp_path / "small", data=seen, trials=1, depths=[0],
                            schemes="float32", trainer=LeastSquares())
    assert found.offline and found.best.mean >= 0.95 and found.best.verdict is None
    assert (tmp_path / "small.search" / "result.json").exists()
    assert "agreement" in (tmp_path / "small.search" / "pareto.svg").read_text()


def test_the_second_back_end_also_trains_by_reward() -> None:
    env = Practice(SIDES)
    made = LeastSquares().finetune(sides([0.3, -0.1, 1.0]), env,
                                   Effort(Candidate("float32"), updates=20))
    before, after = (env.play(each, range(50)).returns.mean()
                     for each in (sides([0.3, -0.1, 1.0]), made.program))
    assert after > before + 0.5


def test_bits_of_the_observation_are_a_dimension(tmp_path: Path, cheap: None) -> None:
    space = Space(schemes=("float32", "int8"), depths=(0,), observation_bits=(16, 8))
    assert space.size == 3
    found = search(tmp_path / "small", space=space, settings=Settings(trials=9, episodes=8))
    names = {row.name for row in found.rows}
    assert {"student linear float32", "student linear int8", "teacher int8 observation=int8",
            "student linear int8 observation=int8"} <= names
    narrow = next(row.candidate for row in found.rows if "student linear int8 obs" in row.name)
    asked = space.parameters(narrow)
    assert asked["observation_bits"] == 8
    assert space.suggest(Chooses(asked)) == narrow
    with pytest.raises(UsageError, match="16 or 8 bits"):
        puffer_edge.fit(sides(), SIDES, tmp_path / "small", observation_bits=[4])


class Chooses:
    """Suggests what it was told."""

    def __init__(self, told: Any) -> None:
        self._told = told

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        assert self._told[name] in choices
        return self._told[name]


def test_outcomes_are_kept_as_text() -> None:
    register()
    made = LeastSquares().fit(sides(), Practice(SIDES), Effort(Candidate("float32")))
    outcome = Outcome(Candidate("int8", (4, 8), "tanh", "gru", (("a", "int16"),)),
                      Price(1, 2, 3.0, False, True), made, np.array([1.0, 2.5]), None, "why")
    again = Outcome.from_text(outcome.to_text())
    assert again.candidate == outcome.candidate and again.price == outcome.price
    assert again.why == "why" and again.returns.tolist() == [1.0, 2.5]
    assert again.made is not None and again.made.recording.observations.tobytes() == (
        made.recording.observations.tobytes())
    assert again.to_text() == outcome.to_text()


def test_the_verdict_is_one_sided_and_paired() -> None:
    margin = Margin(100.0, 0.0, 0.02)
    noise = np.random.default_rng(0).normal(size=400)
    assert not_inferior(noise - 1.0, margin) and not not_inferior(noise - 2.0, margin)
    assert inferior(noise - 2.5, margin) and not inferior(noise - 2.0, margin)
    # Student's t over the same numbers.
    wanted = noise.mean() - 1.6487 * noise.std(ddof=1) / np.sqrt(len(noise))
    assert abs(lower_bound(noise) - wanted) < 0.01


def test_episodes_do_not_depend_on_what_plays_beside_them() -> None:
    env, policy = Practice(SIDES), sides([1.0, -1.0, 0.2])
    together = env.play(policy, range(70)).returns
    assert together.tolist() == [env.play(policy, [seed]).returns[0] for seed in range(70)]
    noisy = Disturbance("noise", noise=0.5, deviation=np.ones(3))
    assert env.play(policy, range(40), disturbance=noisy).returns.mean() < together.mean()


def test_policies_in_integers_are_refused(tmp_path: Path) -> None:
    from puffer_edge.quantization.pipeline import Wish, to_integers
    from puffer_edge.quantization.recording import Recording

    seen = np.random.default_rng(0).standard_normal((64, 3)).astype(np.float32)
    integers = to_integers(sides(), Wish("int8", Recording(seen, np.arange(64) == 0))).program
    with pytest.raises(UnsupportedError, match="in integers already"):
        puffer_edge.fit(integers, SIDES, tmp_path / "small")
