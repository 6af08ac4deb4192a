# SPDX-License-Identifier: MIT
"""Small rules of the verification at their edges, by numbers that are worked out by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from puffer_edge.boards import boards
from puffer_edge.errors import FileFormatError
from puffer_edge.ir.ops import Binary
from puffer_edge.quantization.recording import Recording
from puffer_edge.shield.holding_back import FILE
from puffer_edge.shield.shield import FAULTS
from puffer_edge.targets import TARGETS
from puffer_edge.verification import exchanging
from puffer_edge.verification.checks import extremes, memory, shield
from puffer_edge.verification.code_blocks import blocks_of
from puffer_edge.verification.error_bound import Pair
from puffer_edge.verification.error_bound.ops.binary import bound as binary
from puffer_edge.verification.error_bound.pair import linear
from puffer_edge.verification.report import Report


def report() -> Report:
    return Report("p", "host", "gcc", "", "-O2")


@pytest.mark.parametrize(("isa", "size"), [("thumb", 40), ("riscv32", 40), ("avr", 37)])
def test_a_frame_that_the_compiler_tells(isa: str, size: int) -> None:
    """Only GCC for an AVR counts the 3 bytes of the address of return, which a call puts there."""
    found = blocks_of("00000000 <edge_step>:\n   0:\tnop\n   2:\tret\n", isa, {"edge_step": 40})
    assert found[0].size == size


def test_a_call_of_the_midst_of_a_function_is_one_but_on_thumb() -> None:
    text = "00000000 <edge_step>:\n   0:\tnop\n   2:\tjal\t0 <edge_step+0x2>\n"
    assert blocks_of(text, "riscv32", {})[0].calls == {0}


BRANCHING = """
00000100 <edge_far>:
 100:\tpush\t{r4, lr}
 102:\tpop\t{r4, pc}

00000150 <edge_step>:
 150:\tpush\t{r4, r5, lr}
 152:\tcbz\tr0, 15e <edge_step+0xe>
 154:\tbl\t100 <edge_far>
 158:\ttbb\t[pc, r0]
 15c:\t.word\t0x04030202
 160:\tbl\t100 <edge_far>
 164:\tpush\t{r6}
 166:\tpop\t{r4, r5, pc}
"""


def test_code_behind_a_table_counts_and_so_does_a_call_84_bytes_back() -> None:
    found = blocks_of(BRANCHING, "thumb", {})
    assert found[0x150].calls == {0x100} and found[0x150].size == 12 + 4
    for text in (BRANCHING.replace(" 160:\tbl\t100 <edge_far>\n", ""),
                 BRANCHING.replace(" 154:\tbl\t100 <edge_far>\n", "")):
        assert blocks_of(text, "thumb", {})[0x150].calls == {0x100}


LINE: Any = SimpleNamespace(allowance=0, threshold=80)
PROGRAM: Any = None


def recorded(steps: int, width: int = 2, *resets: int) -> Recording:
    return Recording(np.zeros((steps, width), np.float32), np.isin(np.arange(steps), resets))


def test_when_a_pair_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A novelty of 8 64ths adds 1; the sum has to be above the line, and begins anew."""
    scores = np.array([0, 79, 80, 1, 0, 80, 0])
    monkeypatch.setattr(exchanging, "step_scores", lambda novelty: novelty)
    monkeypatch.setattr(exchanging, "_novelty", lambda program, recording: scores)
    seen = recorded(7, 2, 0, 2, 4)

    def found(*starts: int) -> tuple[float, int]:
        pair = exchanging._pair(PROGRAM, LINE, seen, (0, 1), list(starts))
        assert pair.elements == (0, 1)
        return pair.rate, pair.delay

    assert found(2) == (1.0, 2)  # 80 is on the line, 81 above
    assert found(0) == (1.0, 4) and found(1) == (1.0, 3)  # 79 is forgotten by the reset
    assert found(4) == found(5) == (0.0, 0)
    assert found(0, 2, 4, 5) == (0.5, 3)
    assert exchanging.false_alarms(PROGRAM, LINE, seen) == 1
    monkeypatch.setattr(exchanging, "WITHIN", 2)
    assert found(2) == (1.0, 2) and found(1) == (0.0, 0)


def test_two_columns_are_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def novelty(program: Any, recording: Recording) -> Any:
        given.append(recording.observations)
        return np.zeros(1)

    monkeypatch.setattr(exchanging, "step_scores", lambda novelty: novelty)
    monkeypatch.setattr(exchanging, "_novelty", novelty)
    seen = Recording(np.array([[1, 2, 3]], np.float32), np.array([True]))
    exchanging._pair(PROGRAM, LINE, seen, (0, 2), [0])
    assert given[0].tolist() == [[3, 2, 1]] and seen.observations.tolist() == [[1, 2, 3]]


def test_which_pairs_from_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanging, "_pair", lambda program, line, clean, pair, starts:
                        (pair, starts))

    def listed(recording: Recording) -> Any:
        return exchanging.pairs(PROGRAM, LINE, recording)

    assert listed(recorded(5, 1)) == []
    few = listed(recorded(exchanging.WITHIN + 3, 3))
    assert [pair for pair, _ in few] == [(0, 1), (0, 2), (1, 2)]
    assert set(few[0][1]) == {0, 1, 2} and len(few[0][1]) == 100
    assert set(listed(recorded(5, 2))[0][1]) == {0}
    many = [pair for pair, _ in listed(recorded(5, 13))]  # of 78
    assert many == sorted(set(many)) and len(many) == 66
    assert many[0] == (0, 1) and many[-1] == (11, 12)


def test_pairs_in_words() -> None:
    told, other, never = (exchanging.Pair(*given) for given in (
        ((0, 1), 0.5, 7), ((0, 2), 1.0, 3), ((1, 2), 0.49, 90)))
    assert [pair.told for pair in (told, other, never)] == [True, True, False]
    assert exchanging.in_words([told, other, never]) == (
        "2 of 3 pairs of exchanged elements are told, in the middle within 7 steps; "
        "not to be told apart: 1 and 2")
    assert exchanging.in_words([never]).startswith("0 of 1 pairs")
    assert "within 0 steps" in exchanging.in_words([never])
    assert exchanging.in_words([told]).endswith("7 steps")


def test_memory_without_a_known_stack() -> None:
    core, board = TARGETS["atmega2560"], boards()["pico"]
    for more in (0, 1):
        to, other = report(), report()
        on_chip: Any = SimpleNamespace(flash=0, ram=core.ram_bytes + more, constants=0)
        memory.check_memory(core, on_chip, None, to)
        on_board: Any = SimpleNamespace(flash=0, ram=board.ram.left + more, constants=0)
        memory.check_board(board, on_board, None, other)
        assert to.passed == other.passed == (not more)


def test_extremes_of_every_sign() -> None:
    ordinary = np.array([[1, 2, 3], [4, 5, 6]])
    found = extremes.observations(3, ordinary)
    assert found.dtype == np.float32 and np.isfinite(found).all()
    extreme = found[1::2]
    sizes = np.abs(extreme)
    assert (sizes == sizes[:, :1]).all() and (np.diff(sizes[:, 0]) <= 0).all()
    assert np.sign(extreme).tolist() == [[1, 1, 1], [-1, -1, -1], [1, -1, 1]] * 4
    # The largest is such that two of it overflow; the others are powers of ten.
    assert np.float32(3.4e38) > sizes[0, 0] > np.float32(2.5e38)
    decades = np.log10(sizes[3::3, 0].astype(np.float64))
    assert np.allclose(decades, np.rint(decades), atol=1e-6) and decades[0] == pytest.approx(38)
    assert found[::2].tolist() == [[1, 2, 3], *([[4, 5, 6]] * 3 + [[1, 2, 3]] * 3) * 2]


@pytest.mark.parametrize("arrays", [
    {}, {"observations": np.zeros((3, 2))}, {"reset": np.zeros(3)},
    {"observations": np.zeros(3), "reset": np.zeros(3)},
    {"observations": np.zeros((3, 2, 1)), "reset": np.zeros(3)},
    {"observations": np.zeros((3, 1)), "reset": np.zeros(3)},
    {"observations": np.zeros((0, 2)), "reset": np.zeros(0)},
    {"observations": np.zeros((3, 2)), "reset": np.zeros(2)},
    {"observations": np.zeros((3, 2)), "reset": np.zeros((3, 1))},
    {"observations": np.array([[0, 1], [2, np.nan]]), "reset": np.zeros(2)}, None])
def test_clean_observations_fit(arrays: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    good = {"observations": np.ones((3, 2)), "reset": np.array([1, 0, 0])}
    monkeypatch.setattr(shield, "read_described", lambda manifest, program: "a shield")
    monkeypatch.setattr(shield, "read_npz", lambda *_: good if arrays is None else arrays)
    subject: Any = SimpleNamespace(manifest={"files": [FILE]}, directory=Path())
    program: Any = SimpleNamespace(contract=SimpleNamespace(observation_size=2))
    if arrays is not None:
        with pytest.raises(FileFormatError, match="do not fit"):
            shield.read_shielding(subject, program)
        return
    found = shield.read_shielding(subject, program)
    assert found is not None and found.clean.observations.dtype == np.float32
    assert found.clean.reset.tolist() == [True, False, False]


def test_a_shield_seldom_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of a hundred clean steps may be reacted to; counters are no reactions."""
    names, fed = FAULTS, []
    monkeypatch.setattr(shield, "regular", lambda shield, count, random: np.arange(count))
    for bits, steps, good in (([1], 100, True), ([1, 2], 100, False), ([0], 100, True),
                              ([4, 4, 1], 300, True), ([1] * 21, 2100, False)):
        def run(machine: Any, steps: Any, bits: Any = bits) -> list[bytes]:
            fed.append(len(steps.reset))
            return [np.array([9, bits[i] if i < len(bits) else 0, 5, *[5] * len(names)],
                             "<u4").tobytes() for i in range(len(steps.reset))]
        monkeypatch.setattr(shield, "_run", run)
        to, what = report(), shield.Shielding(PROGRAM, None, recorded(steps, 2, 0))  # type: ignore[arg-type]
        machine: Any = None
        assert shield.check_clean(what, machine, "it", to) == sum(map(bool, bits))
        assert to.passed == good and fed[-1] == min(steps, 2000)
        told = [name for i, name in enumerate(names) if any(bit == 2**i for bit in bits)]
        assert to.checks[0].detail.endswith(f"steps, for {', '.join(told)}" if told else "steps")


@pytest.mark.parametrize(("alarms", "good"), [(0, True), (2, True), (3, False)])
def test_few_clean_steps_are_unlikely(alarms: int, good: bool, monkeypatch: pytest.MonkeyPatch
                                      ) -> None:
    monkeypatch.setattr(exchanging, "false_alarms", lambda *_: alarms)
    monkeypatch.setattr(exchanging, "pairs", lambda *_: [])
    given: Any = SimpleNamespace(likelihood=LINE)
    to = report()
    found = shield.check_likelihood(shield.Shielding(PROGRAM, given, recorded(200)), to)
    assert to.passed == good and found["alarms"] == alarms and found["steps"] == 200


def pair(v: Any, d: Any = 0.0, g: Any = None, origin: Any = None) -> Pair:
    v = np.asarray(v, np.float64)
    return Pair(v, np.broadcast_to(np.float64(d), v.shape), g, origin)


def test_a_product_that_underflows_is_within_its_bound() -> None:
    """Of numpy's float32, and of a chip that flushes what is subnormal to zero."""
    rng = np.random.default_rng(1)
    a, b = (rng.uniform(1, 2, 200) * 2.0**power for power in (-60, rng.integers(-88, -60, 200)))
    a, b = (each.astype(np.float32) for each in (a, b))
    exact = a.astype(np.float64) * b
    found = pair(a) * pair(b)
    assert (np.abs((a * b).astype(np.float64) - exact) <= found.bound).all()
    subnormal = exact < 2.0**-126
    assert subnormal.any() and (exact[subnormal] <= found.bound[subnormal]).all()
    assert (found.bound <= 2.0**-124).all()
    assert ((pair(a) + pair(b)).bound <= 2.0**-22 * (a + b)).all()


def test_a_product_of_two_that_differ() -> None:
    """Ours may be 1 above v, theirs 1 above ours: 2 * 2 - 1 * 1, beside 3 * 1 + 5 * 1."""
    assert (pair(0.0, 1.0) * pair(0.0, 1.0)).bound == pytest.approx(3, rel=1e-5)
    assert (pair(3.0, 1.0) * pair(-5.0, 1.0)).bound == pytest.approx(11, rel=1e-5)
    quotient = pair(1.0) / pair(-1.0, 0.25)
    assert 1 / 0.75 - 1 <= quotient.bound <= 0.5 + 1e-5 and quotient.v == -1


def test_an_element_of_a_known_origin() -> None:
    origin = np.array([0, 7, -1])
    x = pair([0.5, 1.5, 2.5], 1e-3, np.full((3, 2), 0.25), origin)
    other = pair(x.v, 1e-3, np.full((3, 2), -0.25), origin)
    found = x - other
    assert found.bound[:2].tolist() == [0, 0] and found.bound[2] >= 1.002
    assert found.g is not None and (found.g[:2] == 0).all()
    for a, b in ((x, pair(x.v)), (pair(x.v), x)):
        assert ((a - b).bound >= 0.5).all()


def test_zeros_of_a_row_are_not_rounded() -> None:
    rng = np.random.default_rng(2)
    x, weight, start = (rng.uniform(0.5, 2, shape) for shape in ((2, 5), (4, 5), (4,)))
    rows = x.copy()
    rows[0, [0, 3, 4]] = rows[1, [0, 3]] = 0  # the row of fewer zeros counts
    found = linear(pair(rows), pair(weight), pair(start), 5)
    full = linear(pair(rows[:, [1, 2, 4]]), pair(weight[:, [1, 2, 4]]), pair(start), 3)
    assert np.allclose(found.bound, full.bound, rtol=1e-12, atol=0) and (found.bound > 0).all()
    nothing = linear(pair(np.zeros((1, 5))), pair(weight), pair(start), 5)
    assert np.allclose(nothing.bound, 2 * 2.0**-24 * np.abs(start), rtol=1e-6, atol=0)
    # Coefficients go through the same weights.
    g = rng.uniform(-1, 1, (2, 5, 3))
    moved = linear(pair(x, 0.0, g), pair(weight), pair(start, 0.0, np.ones((4, 3))), 5).g
    assert moved is not None
    assert np.allclose(moved, np.einsum("rik,oi->rok", g, weight) + 1)


@pytest.mark.parametrize(("name", "function"), [
    ("tanh", np.tanh), ("exp", np.exp), ("sigmoid", lambda x: 1 / (1 + np.exp(-x))),
    ("silu", lambda x: x / (1 + np.exp(-x)))])
def test_a_function_keeps_what_moves_together(name: str, function: Any) -> None:
    """f(v + D) is within the rest of y + s D, and the rest is little beside s D."""
    rng = np.random.default_rng(3)
    v = rng.uniform(-2, 2, 300)
    moves = rng.uniform(-1, 1, (300, 2)) * 4e-4
    moved = Pair(v, np.zeros(300), moves).apply(name)
    assert moved.g is not None
    for signs in ((1, 1), (1, -1), (-1, 1), (0.5, 0)):
        there = function(v + moves @ signs)
        assert (np.abs(there - moved.v - moved.g @ signs) <= moved.d).all()
    assert (moved.d <= 5e-6 * (1 + np.abs(moved.v))).all()
    assert Pair(v, np.full(300, 2e-3), moves).apply(name).g is None  # too far for a chord


def test_broadcasting_gives_coefficients_up() -> None:
    g = np.full((1, 3, 2), 0.25)
    a = pair([[0.5, 1.5, 2.5]], 0.0, g, np.array([[0, 1, 2]]))
    b = pair([[0.5, 1, 1], [2, 2, 2.5]], 0.0, None, np.array([[0, 8, 9], [10, 11, 2]]))
    for function in ("add", "sub", "mul", "div", "min", "max"):
        for left, right in ((a, b), (b, a)):
            (found,) = binary(Binary(a="a", b="b", y="y", function=function), left, right)
            assert found.g is None and found.v.shape == found.bound.shape == (2, 3), function
            zero = np.array([[True, False, False], [False, False, True]])
            if function == "sub":
                assert ((found.bound == 0) == zero).all()
    (kept,) = binary(Binary(a="a", b="b", y="y", function="add"), a, a)
    assert kept.g is not None and (kept.g == 2 * g).all()
    for function, v in (("min", [1.0, 2.0]), ("max", [3.0, 4.0])):
        (found,) = binary(Binary(a="a", b="b", y="y", function=function),
                          pair([1.0, 4.0], [0.1, 0.2]), pair([3.0, 2.0], [0.3, 0.1]))
        assert found.v.tolist() == v and found.bound.tolist() == [0.3, 0.2]
