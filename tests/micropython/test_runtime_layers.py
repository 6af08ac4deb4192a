# SPDX-License-Identifier: MIT
"""The runtime's layers, file by file, against numpy in numbers that cannot overflow."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from tests.micropython.op_files import (
    check_all_was_read,
    floored,
    found,
    given,
    integers,
    packed,
    rounded,
    weights,
)

RANDOM = np.random.default_rng
SEEDS = range(6)


@pytest.fixture(autouse=True)
def no_collection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The smallest blob collects garbage before each constant; here that takes long."""
    given.clear()
    monkeypatch.setattr("gc.collect", lambda: 0)
    yield
    check_all_was_read()


def factors(random: np.random.Generator, rows: int, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Multipliers [rows] and shifts [rows, 2] that keep sums of so many bits in 31 bits."""
    s = random.integers(max(0, bits - 14), 16, rows)
    m = random.integers(1, 2**14, rows)
    t = np.array([random.integers(1, 15 + 1) for _ in range(rows)])
    return m, np.stack([s, t], 1)


def requantized(sums, m, shifts, zero_point, low, high):
    """What every layer ends with."""
    v = rounded(rounded(sums, shifts[..., 0]) * m, shifts[..., 1])
    return np.clip(v + zero_point, low, high)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("rows", [1, 3, 4, 6, 9])
def test_gemm_integer(rows: int, seed: int) -> None:
    """Also by two kernels, and the sums and requantisation of one row alone."""
    random, columns, lanes = RANDOM(seed), 1 + seed, 1 + seed % 3
    w = random.integers(-127, 128, (rows, columns))
    x = random.integers(-128, 128, (lanes, columns))
    bias = random.integers(-2**15, 2**15, rows)
    m, shifts = factors(random, rows, 18)
    sums = x @ w.T + bias
    wanted = requantized(sums, m, shifts, 3, -100, 90)
    out = integers(np.zeros(lanes * rows))
    found("gemm_integer")(weights(("b", w), ("i", bias), ("h", m), ("B", shifts)),
                          integers(x, "b"), out, "b", rows, columns, 3, -100, 90)()
    assert out.tolist() == wanted.ravel().tolist()
    mac, requantize = (found(name, "bytecode") for name in ("mac", "requantize"))
    together = m | shifts[:, 0] << 16 | shifts[:, 1] << 21
    constants = ("b", w), ("i", [*[0] * rows, *bias]), ("i", [*together, 3, -100, 90])
    out = integers(np.zeros(lanes * rows))
    found("gemm_kernel")(weights(*constants), integers(x, "b"), out, "b", rows * columns, rows,
                         columns, mac, requantize)()
    assert out.tolist() == wanted.ravel().tolist()
    first, one = [int(v) for v in sums[0]], found("requantize")
    assert [one(first, m.tolist(), shifts.ravel().tolist(), r) for r in range(rows)] == (
        rounded(rounded(first, shifts[:, 0]) * m, shifts[:, 1]).tolist())


@pytest.mark.parametrize("seed", SEEDS)
def test_requantize_of_halves_and_no_shift(seed: int) -> None:
    """In bytecode; a shift of 0 rounds nothing, ties go up."""
    random, rows = RANDOM(seed), 40
    sums = random.integers(-2**14, 2**14, rows)
    m, s, t = (random.choice(each, rows) for each in ([1, 2, 3, 2**15], [0, 1, 2, 15],
                                                      [0, 1, 2, 15, 30]))
    wanted = requantized(sums, m, np.stack([s, t], 1), 1, -128, 127)
    out = integers(np.zeros(rows))
    found("requantize", "bytecode")(sums.tolist(), [*(m | s << 16 | t << 21).tolist(), 1, -128,
                                                    127], out, rows)
    assert out.tolist() == wanted.tolist()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("by_kernel", [False, True])
def test_conv_integer(by_kernel: bool, seed: int) -> None:
    """Groups, strides and dilations by windows that numpy slides."""
    random = RANDOM(seed)
    groups, channels, rows = 1 + seed % 2, 2, int(random.integers(1, 6))
    high, wide, kh, kw = 7, 6, int(random.integers(1, 4)), int(random.integers(1, 3))
    down, across, apart = int(random.integers(1, 3)), int(random.integers(1, 3)), 1 + seed % 2
    x = random.integers(-128, 128, (groups, channels, high, wide))
    w = random.integers(-127, 128, (groups, rows, channels, kh, kw))
    bias = random.integers(-2**15, 2**15, (groups, rows))
    m, shifts = factors(random, groups * rows, 19)
    windows = sliding_window_view(x, (apart * (kh - 1) + 1, apart * (kw - 1) + 1), (2, 3))
    windows = windows[:, :, ::down, ::across, ::apart, ::apart]
    sums = np.einsum("gchwij,grcij->grhw", windows, w) + bias[..., None, None]
    shape = (groups, rows, 1, 1)
    wanted = requantized(sums, m.reshape(shape), shifts.reshape(*shape, 2), -2, -90, 100)
    taps = [c * high * wide + i * apart * wide + j * apart
            for c in range(channels) for i in range(kh) for j in range(kw)]
    steps = (*sums.shape[2:], down * wide, across, channels * high * wide)
    parts = [part for g in range(groups) for part in (("b", w[g]), ("i", bias[g]))]
    out = integers(np.zeros(sums.size))
    found("conv_integer")(weights(*parts, ("h", m), ("B", shifts)), integers(x, "b"), out,
                          integers(np.zeros(len(taps)), "b"), "b", groups, rows, taps, steps,
                          -2, -90, 100, found("mac", "bytecode") if by_kernel else None)()
    assert out.tolist() == wanted.ravel().tolist()


@pytest.mark.parametrize("function", range(4))
@pytest.mark.parametrize("seed", SEEDS)
def test_binary_integer(function: int, seed: int) -> None:
    random, count = RANDOM(seed), 50
    a, b = random.integers(-128, 128, (2, count))
    # Both with halves to round, and shifts that leave none.
    operands = [*random.integers(-60, 60, 2), random.integers(0, 4),
                *random.integers(-60, 60, 2), random.integers(0, 4)]
    m, s, t = (int(random.integers(*limits)) for limits in ((1, 2**14), (0, 6), (1, 15)))
    maps = [None if seed % 2 else random.permutation(count).tolist() for _ in range(2)]
    u = floored((a if maps[0] is None else a[maps[0]]) * operands[0] + operands[1], operands[2])
    v = floored((b if maps[1] is None else b[maps[1]]) * operands[3] + operands[4], operands[5])
    both = (u + v, u * v, np.minimum(u, v), np.maximum(u, v))[function]
    wanted = requantized(both, m, np.array([s, t]), 5, -120, 110)
    out = integers(np.zeros(count))
    found("binary_integer")(weights(("i", operands), ("i", [m, s, t])), integers(a, "b"),
                            integers(b, "b"), out, function, *maps, 5, -120, 110)()
    assert out.tolist() == wanted.tolist()
    again = random.permutation(count)  # and numbers that are left as they are
    found("binary_integer")(weights(("i", [1, 0, 0, 1, 0, 0]), ("i", [2, 0, 1])),
                            integers(a[again]), integers(b), out, function, None, None, 0,
                            -2**15, 2**15 - 1)()
    plain = (np.add, np.multiply, np.minimum, np.maximum)[function](a[again], b)
    assert out.tolist() == plain.tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_matmul_integer(seed: int) -> None:
    random = RANDOM(seed)
    batch, rows, count, columns = (int(size) for size in random.integers(1, 5, 4))
    a = random.integers(-128, 128, (batch, rows, count))
    b = random.integers(-128, 128, (batch, count, columns))
    operands = [*random.integers(-20, 20, 2), random.integers(0, 3),
                *random.integers(-20, 20, 2), random.integers(0, 3)]
    m, s, t = int(random.integers(1, 2**12)), 9, int(random.integers(1, 12))
    sums = floored(a * operands[0] + operands[1], operands[2]) @ floored(
        b * operands[3] + operands[4], operands[5])
    wanted = requantized(sums, m, np.array([s, t]), -4, -128, 120)
    out = integers(np.zeros(sums.size))
    found("matmul_integer")(weights(("i", operands), ("i", [m, s, t])), integers(a, "b"),
                            integers(b, "b"), out, rows, count, columns, -4, -128, 120)()
    assert out.tolist() == wanted.ravel().tolist()


@pytest.mark.parametrize("folder", ["runtime", "small"])
@pytest.mark.parametrize("alike", [True, False])
def test_rescale(folder: str, alike: bool, tmp_path) -> None:
    random, count = RANDOM(1), 200
    x = random.integers(-2**15, 2**15, count)
    many = 1 if alike else count
    m, bias, shift = (random.integers(*limits, many) for limits in (
        (-2**14, 2**14), (-2**20, 2**20), (0, 16)))
    low = random.integers(-2**15, 0, many)
    high = random.integers(0, 2**15, many)
    constants = ("h", m), ("i", bias), ("B", shift), ("h", low), ("h", high)
    out = integers(np.zeros(count))
    found("rescale", folder)(blob(folder, constants, tmp_path), integers(x), out, alike)()
    assert out.tolist() == np.clip(floored(x * m + bias, shift), low, high).tolist()


def blob(folder: str, constants, tmp_path):
    """Of the full form from bytes, of the small one from a file."""
    if folder == "runtime":
        return weights(*constants)
    path = tmp_path / "weights.bin"
    path.write_bytes(packed(*constants))
    return found("Blob", "small", "blob")(str(path))


@pytest.mark.parametrize("folder", ["runtime", "small"])
@pytest.mark.parametrize("bits", [0, 1, 3, 8])
def test_table(folder: str, bits: int, tmp_path) -> None:
    """As numpy's interpolation; halves up."""
    low = -2**15 if bits == 8 else -100
    x = np.arange(low, 2**15 if bits == 8 else 101, 37 if bits == 8 else 1)
    entries = (int(x[-1]) - low >> bits) + 1 + (bits > 0)
    values = RANDOM(bits).integers(-2**15, 2**15, entries)
    out = integers(np.zeros(len(x)))
    found("table", folder)(blob(folder, (("h", values),), tmp_path), integers(x), out, entries,
                           low, bits)()
    at = np.interp(x, low + np.arange(entries) * 2.0**bits, values)
    assert out.tolist() == np.floor(at + 0.5).astype(int).tolist()


@pytest.mark.parametrize("folder", ["runtime", "small"])
def test_argmax(folder: str) -> None:
    random, sizes = RANDOM(0), (1, 2, 5, 4)
    ends = np.cumsum(sizes)
    for _ in range(40):
        x, action = random.integers(-2, 3, sum(sizes)), array("i", [9] * 4)
        found("argmax", folder)(integers(x), sizes, action)()
        assert action.tolist() == [int(np.argmax(x[end - size : end]))
                                   for end, size in zip(ends, sizes, strict=True)]
    before, out = [7, -3, 5], [0, 0, 0]
    found("copy", folder)(before, out)()
    assert out == before


@pytest.mark.parametrize("seed", SEEDS)
def test_small_gemm_kernel(seed: int, tmp_path) -> None:
    """And that its blob reads past what fills up; an odd number of weights."""
    random, rows, columns = RANDOM(seed), 3, 3 + 2 * (seed % 2)
    w, x = random.integers(-127, 128, (rows, columns)), random.integers(-128, 128, columns)
    bias = random.integers(-2**15, 2**15, rows)
    m, shifts = factors(random, rows, 18)
    mac, requantize = (found(name, "bytecode") for name in ("mac", "requantize"))
    together = m | shifts[:, 0] << 16 | shifts[:, 1] << 21
    small = blob("small", (("b", w), ("i", [*[0] * rows, *bias]), ("i", [*together, 1, -99, 99]),
                           ("B", [7])), tmp_path)
    out = integers(np.zeros(rows))
    step = found("gemm_kernel", "small")(small, integers(x, "b"), out, "b", w.size, rows, columns,
                                         mac, requantize)
    step()
    assert out.tolist() == requantized(w @ x + bias, m, shifts, 1, -99, 99).tolist()
    assert bytes(small.read("B", 1)) == b"\7"
    small.close()


def test_moving_and_one_hot() -> None:
    x, random = np.arange(1, 25).reshape(2, 3, 4), RANDOM(0)
    out = array("i", [99] * 24)
    # A transposition of each of the two matrices: three rows, each to a column.
    starts = [m * 12 + r * 4 for m in range(2) for r in range(3)]
    places = [m * 12 + r for m in range(2) for r in range(3)]
    found("move")(integers(x), out, starts, places, 4, 1, 3)()
    assert out.tolist() == x.transpose(0, 2, 1).ravel().tolist()
    out = array("i", [99] * 36)  # one of padding before and behind each row
    found("move")(integers(x), out, [4 * r for r in range(6)], [6 * r + 1 for r in range(6)], 4,
                  1, 1, -7)()
    assert out.tolist() == np.pad(x.reshape(6, 4), ((0, 0), (1, 1)),
                                  constant_values=-7).ravel().tolist()
    classes = random.integers(0, 5, 9)
    out = array("i", [99] * 45)
    found("one_hot")(classes.tolist(), out, 5, 64)()
    assert out.tolist() == (64 * np.eye(5, dtype=int)[classes]).ravel().tolist()


def test_flags_and_masks() -> None:
    random, count = RANDOM(2), 30
    x = random.integers(-3, 4, count)
    for limits in (random.integers(-3, 4, count), np.array([1])):
        out = array("i", [9] * count)
        found("flags")(x.tolist(), out, limits.tolist())()
        assert out.tolist() == (x >= limits).astype(int).tolist()
    logits, flags = random.choice([-128, -127, -5, 127], count), random.integers(-1, 3, count)
    for forbids in (False, True):
        out = array("i", [9] * count)
        found("mask")(logits.tolist(), flags.tolist(), out, forbids, -128)()
        allowed = (flags >= 1) != forbids
        assert out.tolist() == np.where(allowed, np.maximum(logits, -127), -128).tolist()


@pytest.mark.parametrize("forbids", [False, True])
def test_choices_that_are_left(forbids: bool) -> None:
    """By the definition; integers by their own limits, and floats by one half."""
    random, sizes, start = RANDOM(3), (2, 1, 3), 2
    ends = np.cumsum(sizes)
    seen = set()
    for _ in range(60):
        flags = random.integers(0, 2, 6)
        limits = random.integers(-2, 3, 6)
        observation = [9, 9, *(limits - 1 + flags * random.integers(1, 3, 6)).tolist()]
        left = all(((flags == 1) != forbids)[end - size : end].any()
                   for end, size in zip(ends, sizes, strict=True))
        mask = start, sizes, forbids, limits.tolist()
        assert found("choice_left")(observation, mask) is left
        floats, y = [9.0, 9.0, *np.where(flags, 0.5, 0.4999999).tolist()], array("b", [7] * 6)
        for where in (None, y):
            take = found("take_mask")(mask, where)
            if left:
                take(floats)
            else:
                with pytest.raises(ValueError, match="forbids every choice"):
                    take(floats)
        assert y.tolist() == (flags.tolist() if left else [7] * 6)
        seen.add(left)
    assert seen == {True, False}
