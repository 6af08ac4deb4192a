# SPDX-License-Identifier: MIT
"""The runtime's lookups, norms, cells and draws, file by file, against numpy and math."""

from __future__ import annotations

import builtins
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.micropython.op_files import (
    check_all_was_read,
    floored,
    found,
    given,
    half_down,
    integers,
    ints,
    line,
    rounded,
    weights,
)


@pytest.fixture(autouse=True)
def whole() -> Iterator[None]:
    """Every op reads its constants to the end, and no further."""
    given.clear()
    yield
    check_all_was_read()


RANDOM = np.random.default_rng
SEEDS = range(5)
POWERS = [*np.round(2**15 * np.exp(-np.arange(12.0))).clip(0, 32767),
          *np.round(2**15 * np.exp(-np.arange(65) / 64)).clip(0, 32767)]
RECIPROCALS = np.round(2**14 / (1 + np.arange(129) / 128))
ROOTS = np.round(2**15 / np.sqrt(1 + np.arange(193) / 64)).clip(0, 32767)
WORDS = -2**15, 2**15 - 1


def squashed(table, x):
    """An odd function by straight lines in steps of 128, halves away from 0; its end is kept."""
    y = np.floor(line(np.minimum(np.abs(x), 2**15 - 1), table, 128) + 0.5).astype(np.int64)
    return np.where(np.asarray(x) < 0, -y, y)


def gated(table, x):
    return np.minimum(2**14 + squashed(table, x), 2**15 - 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_tanh_and_sigmoid(seed: int) -> None:
    random = RANDOM(seed)
    table = ints(random.integers(0, 2**14 + 1, 257))
    x = [*WORDS, -32767, -1, 0, 1, *ints(random.integers(*WORDS, 300))]
    assert [found("tanh")(table, v) for v in x] == squashed(table, x).tolist()
    assert [found("sigmoid")(table, v) for v in x] == gated(table, x).tolist()
    assert found("sigmoid")([2**14] * 257, 5) == 2**15 - 1


def test_weight_and_softmax_power() -> None:
    table = ints(np.sort(RANDOM(0).integers(1, 2**15, 194))[::-1])
    x = [*range(0, 12288, 5), 12287, 12288, 12289, 10**6]
    wanted = np.where(np.array(x) < 12288, half_down(line(x, table, 64)), 0)
    assert [found("weight")(table, v) for v in x] == wanted.tolist()
    for powers in (ints(POWERS), ints(RANDOM(1).integers(0, 2**15, 77))):
        x = [*range(0, 49160, 13), 49151, 49152, 49153, 10**6]
        assert [found("softmax_power")(powers, v) for v in x] == powered(powers, x).tolist()


def powered(powers, x):
    x = np.minimum(x, 12 * 4096 - 1)
    part = half_down(line(x % 4096, powers[12:], 64))
    return rounded(np.asarray(powers)[x // 4096] * part, 15)


@pytest.mark.parametrize("seed", SEEDS)
def test_softmax_integer(seed: int) -> None:
    random = RANDOM(seed)
    outer, size, inner = int(random.integers(1, 4)), (1, 2, 3, 7, 40)[seed], 1 + seed % 3
    x = random.integers(-128, 128, (outer, size, inner))
    x[0, :, 0] = x[0, 0, 0]  # equal ones
    multiplier, shift = int(random.integers(2000, 2**14)), 6
    powers, reciprocals = ints(POWERS), ints(RECIPROCALS)
    out = integers(np.zeros(x.size))
    found("softmax_integer")(weights(("h", powers), ("h", reciprocals)), integers(x), out, outer,
                             size, inner, multiplier, shift)()
    e = powered(powers, floored((x.max(1, keepdims=True) - x) * multiplier, shift))
    total = e.sum(1, keepdims=True)
    left = 30 - np.vectorize(lambda v: int(v).bit_length())(total)
    factor = half_down(line((total * 2**left - 2**29) // 256, reciprocals, 2**14))
    y = np.minimum(rounded(e * factor, 28 - left), 2**15 - 1)
    assert out.tolist() == y.ravel().tolist()
    exact = np.exp((x - x.max(1, keepdims=True)) * (multiplier / 2.0**shift / 4096))
    assert np.abs(y / 2.0**15 - exact / exact.sum(1, keepdims=True)).max() < 0.002


def rows_for_norms(random, shape):
    """Small, large and equal numbers."""
    rows = random.integers(*WORDS, shape) >> random.integers(0, 14, (shape[0], 1))
    rows[0] = 0
    return rows


def scaled_by_root(d, squares, coarse, fine):
    """d / sqrt(squares) as the runtime rounds it, of one row."""
    left = (30 - int(squares).bit_length()) // 2
    root = half_down(line((squares * 4**left - 2**28) // 256, ROOTS, 2**14))
    return np.clip(rounded(rounded(d, fine) * root, 14 + coarse - fine - left), *WORDS)


def magnitude(d) -> int:
    return max(int(v if v >= 0 else ~v).bit_length() for v in d)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("count", [1, 2, 5, 33])
def test_l2_normalization_integer(count: int, seed: int) -> None:
    random, zero_point, shift = RANDOM(seed), (-3, 0, 128)[seed % 3], seed % 2
    bits = (30 - count.bit_length()) // 2
    x = np.clip(rows_for_norms(random, (12, count)) + zero_point, *WORDS)
    # A step has more numbers, the added one less, where all is shifted.
    added, floor = (random.integers(1, 2**12, 13) >> np.arange(13) for _ in range(2))
    added[11], floor = 0, np.maximum(floor, 1)
    wanted = []
    for d in x - zero_point:
        used = magnitude(d)
        coarse, fine = max(used - bits, shift), max(used - 14, 0)
        squares = max((rounded(d, coarse) ** 2).sum() + added[coarse], floor[coarse])
        wanted += scaled_by_root(d, squares, coarse, fine).tolist()
    out = integers(np.zeros(x.size))
    found("l2_normalization_integer")(
        weights(("i", added), ("i", floor), ("h", ints(ROOTS))), integers(x), out, count,
        zero_point, bits, shift)()
    assert out.tolist() == wanted


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("count", [1, 3, 8, 33])
def test_layer_normalization_integer(count: int, seed: int) -> None:
    random, zero_point, shift = RANDOM(seed), (-3, 0, 128)[seed % 3], seed % 2
    bits = (30 - count.bit_length()) // 2
    x = rows_for_norms(random, (12, count))
    x = np.clip(x + random.integers(-200, 200, (12, 1)) + zero_point, *WORDS)
    epsilon = random.integers(0, 2**9, 13) * (seed % 2)
    first, second = count.bit_length() + 2, 14 - count.bit_length() + 2
    multiplier = round(2 ** (first + second) / count) & ~(seed == 0)
    wanted = []
    for row in x:
        total = int((row - zero_point).sum())
        near = int(rounded(rounded(total, first) * multiplier, second))
        rest = int(rounded(rounded(total - count * near, first) * multiplier, second))
        d = row - (near + rest + zero_point)
        assert abs(near + rest + zero_point - row.mean()) < 2 ** first / count + 1
        used = magnitude(d)
        coarse, fine = max(used - bits, shift), max(used - 14, 0)
        squares = (rounded(d, coarse) ** 2).sum() + epsilon[coarse]
        wanted += scaled_by_root(d, squares or 1, coarse, fine).tolist()
    out = integers(np.zeros(x.size))
    found("layer_normalization_integer")(
        weights(("i", epsilon), ("h", ints(ROOTS))), integers(x), out, count, zero_point, bits,
        shift, (multiplier, first, second))()
    assert out.tolist() == wanted


class Layer:
    """Random weights of a cell over one of its inputs, and its rows after requantisation."""

    def __init__(self, random, rows: int, columns: int) -> None:
        self.matrix = random.integers(-127, 128, (rows, columns))
        self.bias = random.integers(-2**14, 2**14, rows)
        self.multiplier = random.integers(2**10, 2**14, rows)
        self.shifts = np.stack([random.integers(2, 7, rows), random.integers(5, 14, rows)], 1)

    def rows(self, x):
        sums = self.matrix @ x + self.bias
        return rounded(rounded(sums, self.shifts[:, 0]) * self.multiplier, self.shifts[:, 1])


def output(v, end, zero_point, low, high):
    m, s, t = end
    return np.clip(rounded(rounded(v, s) * m, t) + zero_point, low, high).tolist()


def clamped(v):
    return np.clip(v, *WORDS)


def cell(name: str, size: int, columns: int, gates: int, seed: int, table, end):
    """Two layers, and the function that gives a step between arrays."""
    random = RANDOM(seed)
    over_x, over_h = Layer(random, gates * size, columns), Layer(random, gates * size, size)
    both = weights(("b", over_x.matrix), ("b", over_h.matrix), ("i", over_x.bias),
                    ("i", over_h.bias), ("h", over_x.multiplier), ("B", over_x.shifts),
                    ("h", over_h.multiplier), ("B", over_h.shifts), ("h", table), ("i", end))
    if seed % 2:
        mac = found("mac", "bytecode")
        return over_x, over_h, lambda *arrays: found(name)(both, *arrays, mac, mac)
    return over_x, over_h, lambda *arrays: found(name)(both, *arrays)


@pytest.mark.parametrize("bits", [9, 12, 13, 14])
@pytest.mark.parametrize("seed", SEEDS)
def test_lstm_cell_integer(seed: int, bits: int) -> None:
    random, size, columns, end = RANDOM(9), 1 + seed, 3, (9000, 9, 16)
    table = ints(np.round(2**14 * np.tanh(np.arange(257) / 32)))
    over_x, over_h, make = cell("lstm_cell_integer", size, columns, 4, seed, table, end)
    x, h = random.integers(-128, 128, columns), random.integers(-128, 128, size)
    c = random.integers(*WORDS, size)
    y_h, y_c = integers(np.zeros(size)), integers(np.zeros(size))
    make(integers(x), integers(h), integers(c), y_h, y_c, "b", bits, 2, -100, 99)()
    i, f, g, o = clamped(over_x.rows(x) + over_h.rows(h)).reshape(4, size)
    i, f, g, o = gated(table, i), gated(table, f), squashed(table, g), gated(table, o)
    after = clamped(rounded(f * c, 15) + rounded(i * g, 29 - bits))
    assert y_c.tolist() == after.tolist()
    inside = clamped(rounded(after, bits - 12))
    assert y_h.tolist() == output(o * squashed(table, inside), end, 2, -100, 99)


@pytest.mark.parametrize("bits", [0, 3, 8])
@pytest.mark.parametrize("seed", SEEDS)
def test_gru_cell_integer(seed: int, bits: int) -> None:
    random, size, columns, end = RANDOM(9), 1 + seed, 3, (9000, 6, 15)
    table = ints(np.round(2**14 * np.tanh(np.arange(257) / 32)))
    over_x, over_h, make = cell("gru_cell_integer", size, columns, 3, seed, table, end)
    x, h = random.integers(-128, 128, columns), random.integers(-128, 128, size)
    memory = random.integers(-2**14, 2**14, size)
    y, y_memory = integers(np.zeros(size)), integers(np.zeros(size))
    make(integers(x), integers(h), integers(memory), y, y_memory, "b", bits, 2, -100, 99)()
    xs, hs = over_x.rows(x).reshape(3, size), over_h.rows(h).reshape(3, size)
    r, z = (gated(table, clamped(xs[k] + hs[k])) for k in range(2))
    n = squashed(table, clamped(xs[2] + rounded(r * clamped(hs[2]), bits + 3)))
    after = rounded(z * memory + (2**15 - z) * n, 15)
    assert y_memory.tolist() == after.tolist()
    assert y.tolist() == output(after, end, 2, -100, 99)


@pytest.mark.parametrize("bits", [8, 10, 11, 12, 14])
@pytest.mark.parametrize("seed", SEEDS)
def test_min_gru_cell_integer(seed: int, bits: int) -> None:
    random, size, end = RANDOM(seed), 5 + seed, (9000, 6, 15)
    table = ints(np.round(2**14 * np.tanh(np.arange(257) / 32)))
    layer, factor = Layer(random, 3 * size, size), (400 + seed, 77, seed % 3)
    layer.multiplier[:size] >>= seed  # candidates of all sizes, within the state and beyond
    x, h = random.integers(-128, 128, size), random.integers(-32767, 32768, size)
    y, y_h = integers(np.zeros(size)), integers(np.zeros(size))
    constants = weights(("b", layer.matrix), ("i", layer.bias), ("h", layer.multiplier),
                    ("B", layer.shifts), ("h", table), ("i", factor), ("i", end))
    mac = (found("mac", "bytecode"),) if seed % 2 else ()
    found("min_gru_cell_integer")(constants, integers(x), integers(h), y, y_h, "b", bits, 2, -100,
                                  99, *mac)()
    a, g, p = layer.rows(x).reshape(3, size)
    low = gated(table, clamped(rounded(np.minimum(a, 0), max(bits - 11, 0))))
    v = rounded(np.maximum(a, 0), max(11 - bits, 0)) + rounded(low, 15 - bits)
    g, p = gated(table, clamped(g)), gated(table, clamped(p))
    after = rounded(g * np.minimum(v, 32767) + (2**15 - g) * h, 15)
    assert y_h.tolist() == after.tolist()
    passed = np.clip(floored(x * factor[0] + factor[1], factor[2]), -32767, 32767)
    assert y.tolist() == output(rounded(p * after + (2**15 - p) * passed, 15), end, 2, -100, 99)


def test_the_candidate_of_a_min_gru_about_0() -> None:
    """A gate that is open gives it: x + 1/2 from 0 on, else the sigmoid; 1 is 2^11 here."""
    a = np.arange(-4, 5)
    size, table = len(a), ints(np.round(2**14 * np.tanh(np.arange(257) / 32)))
    rows, zeros = 3 * size, [0] * size
    y, y_h = integers(zeros), integers(zeros)
    constants = weights(("b", [0] * rows * size), ("i", [*a, *[2**15] * size, *zeros]),
                        ("h", [2] * rows), ("B", [0, 1] * rows), ("h", table), ("i", [0, 0, 0]),
                        ("i", [2, 0, 1]))
    found("min_gru_cell_integer")(constants, integers(zeros), integers(zeros), y, y_h, "b", 11, 0,
                                  -2**15, 2**15 - 1)()
    half = rounded(gated(table, np.minimum(a, 0)), 4)
    assert y_h.tolist() == (np.maximum(a, 0) + half).tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_quantize(seed: int) -> None:
    """Each operation in float32, as numpy's."""
    random, size, start = RANDOM(seed), 6, (0, 2)[seed % 2]
    stages = ((True, False), (False, True), (), (True,), (False,))[seed]
    parts = [np.sort(random.normal(0, 30, (2, size if affine else 1)).astype(np.float32), 0)
             for affine in stages]
    y, total = array("h", [9] * size), size + 2 * start
    step = found("quantize")(weights(*(("f", part) for pair in parts for part in pair)), y, stages,
                             -100, 90, *((start, total) if start else ()))
    for scale in (1, 30, 1e6, 1e38):
        seen = (random.normal(0, 1, total) * scale).clip(-3e38, 3e38).astype(np.float32)
        seen[start:start + 3] = -0.5, 0.5, 89.5
        v = seen[start : start + size]
        with np.errstate(over="ignore"):
            for affine, (first, second) in zip(stages, parts, strict=True):
                v = v * first + second if affine else np.clip(v, first, second)
        step(seen.tolist())
        wanted = np.floor(np.clip(v, -100, 90).astype(np.float32) + np.float32(32768.5)) - 32768
        assert y.tolist() == wanted.tolist()
    before = y.tolist()
    for wrong in ([0.0] * (total - 1), [0.0] * (total + 1),
                  *([bad, *[0.0] * (total - 1)] for bad in (np.nan, np.inf, -np.inf))):
        with pytest.raises(ValueError, match="the observation h"):
            step(wrong)
    assert y.tolist() == before


@pytest.mark.parametrize("rescale", [False, True])
@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("squash", [False, True])
def test_action_float(squash: bool, rescale: bool, bounded: bool) -> None:
    random, size, single = RANDOM(1), 7, np.float32
    action = random.integers(-128, 128, size)
    scale, offset = single([0.031, -0.7])
    half, middle, low, high = np.sort(random.normal(0, 1.5, (4, size)).astype(np.float32), 0)
    constants = [("f", [scale, offset])] + [("f", half), ("f", middle)] * rescale + [
        ("f", low), ("f", high)] * bounded
    into = array("f", [9.0] * size)
    found("action_float")(weights(*constants), integers(action), squash, rescale, bounded)(into)
    v = action.astype(np.float32) * scale + offset
    if squash:
        v = np.tanh(v.astype(np.float64)).astype(np.float32)
    if rescale:
        v = v * half + middle
    assert into.tolist() == (np.clip(v, low, high) if bounded else v).tolist()
    cell = array("f", [float("nan")])
    found("clip")(cell, -2.0, 3.0)
    assert cell[0] == -2


def test_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for x in (0, 1, 2, 3, 255, 256, 2**29, 2**30 - 1):
        assert found("bit_length")(x) == x.bit_length()
    for x in (-32769, -32768, -32767, 0, 32766, 32767, 32768):
        assert found("clamp16")(x) == np.clip(x, *WORDS)
    for path in ("policy.py", "/a/b/policy.py", "a\\b\\policy.py", "/a\\policy.py"):
        beside = found("beside")(path, "weights.bin")
        assert beside == path.replace("policy.py", "weights.bin")
    assert found("ROUND", file="rounding") == (0, *(2**s // 2 for s in range(1, 31)))
    assert found("zeros")("h", 3) == array("h", [0, 0, 0])
    x = array("h", range(6))
    assert [list(row) for row in found("views")(x, 2)] == [[0, 1], [2, 3], [4, 5]]
    assert found("views")(x, 6) == (x,)
    # Where binascii has no crc32.
    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", lambda name, *rest: real(
        "no_such_module" if name == "binascii" else name, *rest))
    path = Path(__file__).parents[2] / "runtimes/micropython/runtime/crc32.py"
    space: dict = {}
    exec(compile(path.read_text(), str(path), "exec"), space)
    piece = bytes(range(250))
    assert space["crc32"](piece) == zlib.crc32(piece)
    assert space["crc32"](piece, space["crc32"](b"before")) == zlib.crc32(piece,
                                                                          zlib.crc32(b"before"))
