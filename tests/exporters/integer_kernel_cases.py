# SPDX-License-Identifier: MIT
"""A header with cases for every integer kernel, at the limits of the range proof, by numpy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.exporters.c.kernels import joined
from puffer_edge.exporters.c.ops.gru_cell_integer import packed_units
from puffer_edge.exporters.c.packing import (
    blocks_of_groups,
    can_pair,
    rounded_bias,
    units_first,
    units_of_four,
)
from puffer_edge.exporters.c.text import array, wrapped
from puffer_edge.ir import Quantization
from puffer_edge.ir.gates import tanh_table
from puffer_edge.ir.ops import (
    GemmInteger,
    GRUCellInteger,
    L2NormalizationInteger,
    LayerNormalizationInteger,
    LSTMCellInteger,
    MinGRUCellInteger,
    SoftmaxInteger,
)
from puffer_edge.ir.ops.softmax_integer import distance_factor, power_table, reciprocal_table
from puffer_edge.ir.reciprocal_root import SHIFTS, root_table, square_bits
from puffer_edge.ir.requantization import LARGEST_SUM, choose

SCHEMES = {"s8": ("int8", "int8"), "s8x16": ("int16", "int8"), "s16": ("int16", "int16")}
"""dtypes of activations and weights."""

TANH, ROOT = tanh_table(), root_table()
POWERS, RECIPROCALS = power_table(), reciprocal_table()
C_TYPES = {"int8": "int8_t", "int16": "int16_t", "int32": "int32_t"}

UNOPTIMISED = """#ifdef __clang__
__attribute__((unused, noinline, optnone))
#else
__attribute__((unused, noinline, optimize("O0")))
#endif"""
"""Of the function with a thousand calls, which would take most of the compilers' time."""


def qparams_of(activation: str) -> Quantization:
    """With a zero point for int8, and one limit that is not the type's."""
    limits = np.iinfo(activation)
    return Quantization(1.0, -37 if activation == "int8" else 0, int(limits.min),
                        int(limits.max) - 3)


def loop_over(scheme: str, layers: list[str]) -> str:
    """All layers of a scheme as a table and a loop."""
    activation, weight = SCHEMES.get(scheme, SCHEMES["s8x16"])
    qparams, x_type, w_type = qparams_of(activation), C_TYPES[activation], C_TYPES[weight]
    return (
        f"static const struct {{ const {x_type} *x; const {w_type} *w; const int32_t *bias;\n"
        f"const puffer_edge_requantize_t *q; const {x_type} *y; int32_t k, n; }} layers[] = {{\n"
        + ",\n".join(layers) + f"}};\nfor (int32_t i = 0; i < {len(layers)}; ++i) {{\n"
        f"puffer_edge_gemm_{scheme}(layers[i].x, layers[i].w, layers[i].bias, layers[i].q,\n"
        f"out_{activation} + 1, layers[i].k, layers[i].n, {qparams.zero_point}, {qparams.low}, "
        f"{qparams.high});\n"
        f"bad += memcmp(out_{activation} + 1, layers[i].y, (size_t)layers[i].n * sizeof({x_type}))"
        " != 0;\n}")


class Header:
    """A header with a self-test that counts how many cases gave other numbers than numpy.

    Operands lie one behind the other, so that most start at odd addresses; weights do not.

    Attributes:
        more: kernels beside those that are always there.
        most: elements of the largest output.
    """

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.pools: dict[str, list[Array]] = {"int8": [], "int16": []}
        self.constants: list[str] = []
        self.layers: dict[str, list[str]] = {scheme: [] for scheme in (*SCHEMES, "pairs")}
        self.tests: list[str] = []
        self.more: set[str] = set()
        self.most = 80

    def place(self, values: Array, even: bool = False) -> str:
        """Address of an operand, or one behind an even number of others."""
        pool = self.pools[str(values.dtype)]
        start = sum(part.size for part in pool)
        if even and start % 2:
            pool.append(np.zeros(1, values.dtype))
            start += 1
        pool.append(values.reshape(-1))
        return f"pool_{values.dtype} + {start}"

    def constant(self, values: Array) -> str:
        """Name of an array of its own."""
        name = f"kern_w{len(self.constants)}"
        self.constants.append(array(C_TYPES[str(values.dtype)], name, values))
        return name

    def requantization(self, rows: Array) -> str:
        """Name of a table."""
        name = f"kern_w{len(self.constants)}"
        items = (f"{{{pre}, {shift}, {m}}}" for m, pre, shift in rows.reshape(-1, 3).tolist())
        self.constants.append(f"static const puffer_edge_requantize_t {name}[] = {{\n"
                              f"{wrapped(items)}\n}};")
        return name

    def integers(self, dtype: str, size: int) -> Iterator[Array]:
        """All at the lower limit, all at the upper, alternating, anything."""
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        yield np.full(size, low, dtype)
        yield np.full(size, high, dtype)
        yield np.where(np.arange(size) % 2, low, high).astype(dtype)
        yield self.random.integers(low, high + 1, size).astype(dtype)

    def matrix(self, dtypes: tuple[str, str], rows: int, columns: int) -> tuple[Array, Array, int]:
        """Weights whose sums reach the limit: the largest that fit, alternating, anything.

        Returns:
            Weight, bias, and the largest magnitude of a sum.
        """
        activation, weight_type = dtypes
        largest = -np.iinfo(activation).min
        top = min(-np.iinfo(weight_type).min, LARGEST_SUM // (largest * columns))
        signs = np.stack([np.full(columns, -1), np.where(np.arange(columns) % 2, 1, -1)])
        weight = np.where((np.arange(rows) % 3 < 2)[:, None], top * signs[np.arange(rows) % 2],
                          self.random.integers(-top, top, (rows, columns)))
        weight = weight.clip(max=np.iinfo(weight_type).max)
        room = LARGEST_SUM - np.abs(weight).sum(1) * largest
        bias = np.where(np.arange(rows) % 2, room, -room)
        bias[2::4] = 0
        return weight.astype(weight_type), bias.astype(np.int32), LARGEST_SUM

    def factors(self, rows: int, bound: int, exponents: tuple[int, int]) -> Array:
        """Multiplier, pre-shift and shift per row, for ratios of every size.

        None close below a power of two: with a multiplier of 2^15 - 1 the largest sum does not fit.
        """
        ratios = np.ldexp(self.random.uniform(1, 1.9, rows), self.random.integers(*exponents, rows))
        return np.array([choose(float(ratio), bound) for ratio in ratios], np.int32)

    def gemm(self, scheme: str, k: int, n: int) -> None:
        """One layer, over inputs at the extremes."""
        dtypes = SCHEMES[scheme]
        activation = dtypes[0]
        weight, bias, bound = self.matrix(dtypes, n, k)
        requantization = self.factors(n, bound, (-26, -13 if activation == "int16" else -20))
        qparams = qparams_of(activation)
        op = GemmInteger(x="x", weight="w", bias="b", requantization="q", y="y",
                         dtype=activation, quantization=qparams)
        w = self.constant(blocks_of_groups(weight, scheme))
        b = self.constant(rounded_bias(bias, requantization).astype(np.int32))
        q = self.requantization(requantization)
        for x in self.integers(activation, k):
            (y,) = op.evaluate([x, weight, bias, requantization])
            self.layers[scheme].append(f"{{{self.place(x)}, {w}, {b}, {q}, {self.place(y)}, "
                                       f"{k}, {n}}}")

    def pairs(self, k: int, n: int) -> None:
        """The same for a copy of 8 bits in 16, up to the sums that a pair may have."""
        weight, bias, bound = self.matrix(SCHEMES["s8"], n, k)
        weight = weight.clip(min=-127)
        assert can_pair(weight)
        requantization = self.factors(n, bound, (-26, -13))
        op = GemmInteger(x="x", weight="w", bias="b", requantization="q", y="y", dtype="int16",
                         quantization=qparams_of("int16"))
        w = self.constant(blocks_of_groups(weight, "pairs"))
        b = self.constant(rounded_bias(bias, requantization).astype(np.int32))
        q = self.requantization(requantization)
        for x in self.integers("int8", k):
            (y,) = op.evaluate([x, weight, bias, requantization])
            self.layers["pairs"].append(f"{{{self.place(x.astype(np.int16), even=True)}, {w}, {b}, "
                                        f"{q}, {self.place(y)}, {k}, {n}}}")

    def cell(self, scheme: str, size: int, hidden: int) -> None:
        """One step of an LSTM, over inputs and cells at the extremes."""
        dtypes = SCHEMES[scheme]
        activation = dtypes[0]
        cell_bits = int(self.random.integers(5, 15))
        qparams = qparams_of(activation)
        matrices = [self.matrix(dtypes, 4 * hidden, columns) for columns in (size, hidden)]
        factors = [self.factors(4 * hidden, bound, (-18, -3)) for _, _, bound in matrices]
        output = choose(2.0 ** (-21 if scheme == "s8" else -13), 2**29)
        op = LSTMCellInteger(
            x="x", h="h", c="c", weight="w", recurrent="r", bias="b", recurrent_bias="rb",
            requantization="q", recurrent_requantization="rq", table="t", output="o", y_h="y",
            y_c="yc", cell_bits=cell_bits, dtype=activation, quantization=qparams)
        w, r = (self.constant(blocks_of_groups(units_first(m[0]), scheme)) for m in matrices)
        b, rb = (self.constant(units_first(rounded_bias(m[1], f)).astype(np.int32))
                 for m, f in zip(matrices, factors, strict=True))
        q, rq = (self.requantization(units_first(f)) for f in factors)
        multiplier, pre_shift, shift = output
        self.constants.append(
            f"static const puffer_edge_lstm_t kern_w{len(self.constants)} = {{{b}, {rb}, {q}, "
            f"{rq}, kern_tanh, "
            f"{{{pre_shift}, {shift}, {multiplier}}}, {1 << pre_shift >> 1}, 4, {size}, {hidden}, "
            f"{cell_bits}, {qparams.zero_point}, {qparams.low}, {qparams.high}}};")
        name = f"kern_w{len(self.constants) - 1}"
        for x, h, c in zip(self.integers(activation, size), self.integers(activation, hidden),
                           self.integers("int16", hidden), strict=True):
            y_h, y_c = op.evaluate([
                x, h, c, matrices[0][0], matrices[1][0], matrices[0][1], matrices[1][1], *factors,
                TANH, np.array(output, np.int32)])
            self.tests.append(
                f"puffer_edge_lstm_cell_{scheme}({self.place(x)}, {self.place(h)}, "
                f"{self.place(c)}, {w}, {r}, &{name}, out_{activation} + 1, cells);\n"
                f"bad += memcmp(out_{activation} + 1, {self.place(y_h)}, {y_h.nbytes}) != 0;\n"
                f"bad += memcmp(cells, {self.place(y_c)}, {y_c.nbytes}) != 0;")

    def gru(self, scheme: str, size: int, hidden: int) -> None:
        """One step of a GRU, over inputs and memories at the extremes."""
        dtypes = SCHEMES[scheme]
        activation = dtypes[0]
        reset_bits = int(self.random.integers(0, 13))
        qparams = qparams_of(activation)
        matrices = [self.matrix(dtypes, 3 * hidden, columns) for columns in (size, hidden)]
        factors = [self.factors(3 * hidden, bound, (-18, -3)) for _, _, bound in matrices]
        output = choose(1.9 ** -int(self.random.integers(0, 9)), 2**15)
        op = GRUCellInteger(
            x="x", h="h", memory="m", weight="w", recurrent="r", bias="b", recurrent_bias="rb",
            requantization="q", recurrent_requantization="rq", table="t", output="o", y="y",
            y_memory="ym", reset_bits=reset_bits, dtype=activation, quantization=qparams)
        w, r = (self.constant(packed_units(m[0], scheme)) for m in matrices)
        b, rb = (self.constant(np.concatenate(units_of_four(rounded_bias(m[1], f))).astype(
            np.int32)) for m, f in zip(matrices, factors, strict=True))
        q, rq = (self.requantization(np.concatenate(units_of_four(f))) for f in factors)
        multiplier, pre_shift, shift = output
        self.constants.append(
            f"static const puffer_edge_gru_t kern_w{len(self.constants)} = {{{b}, {rb}, {q}, "
            f"{rq}, kern_tanh, "
            f"{{{pre_shift}, {shift}, {multiplier}}}, {1 << pre_shift >> 1}, {size}, {hidden}, "
            f"{reset_bits}, {qparams.zero_point}, {qparams.low}, {qparams.high}}};")
        name = f"kern_w{len(self.constants) - 1}"
        for x, h, m in zip(self.integers(activation, size), self.integers(activation, hidden),
                           self.integers("int16", hidden), strict=True):
            y, y_memory = op.evaluate([
                x, h, m, matrices[0][0], matrices[1][0], matrices[0][1], matrices[1][1], *factors,
                TANH, np.array(output, np.int32)])
            self.tests.append(
                f"puffer_edge_gru_cell_{scheme}({self.place(x)}, {self.place(h)}, {self.place(m)}, "
                f"{w}, {r}, &{name}, out_{activation} + 1, cells);\n"
                f"bad += memcmp(out_{activation} + 1, {self.place(y)}, {y.nbytes}) != 0;\n"
                f"bad += memcmp(cells, {self.place(y_memory)}, {y_memory.nbytes}) != 0;")

    def min_gru(self, scheme: str, hidden: int) -> None:
        """One step of a MinGRU, over inputs and states at the extremes."""
        dtypes = SCHEMES[scheme]
        activation = dtypes[0]
        bits = int(self.random.integers(0, 15))
        qparams = qparams_of(activation)
        weight, bias, bound = self.matrix(dtypes, 3 * hidden, hidden)
        q = self.factors(3 * hidden, bound, (-18, -3))
        output = choose(2.0 ** (-9 if scheme == "s8" else 0), 2**15)
        factor = (255, -9, 1) if scheme == "s8" else (8191, 1 << 12, 13)
        op = MinGRUCellInteger(
            x="x", h="h", weight="w", bias="b", requantization="q", table="t", factor="f",
            output="o", y="y", y_h="yh", bits=bits, dtype=activation, quantization=qparams)
        w = self.constant(packed_units(weight, scheme))
        b = self.constant(np.concatenate(units_of_four(rounded_bias(bias, q))).astype(np.int32))
        rows = self.requantization(np.concatenate(units_of_four(q)))
        multiplier, pre_shift, shift = output
        name = f"kern_w{len(self.constants)}"
        self.constants.append(
            f"static const puffer_edge_min_gru_t {name} = {{{b}, {rows}, kern_tanh, "
            f"{', '.join(map(str, factor))}, {{{pre_shift}, {shift}, {multiplier}}}, "
            f"{1 << pre_shift >> 1}, {hidden}, {bits}, {qparams.zero_point}, {qparams.low}, "
            f"{qparams.high}}};")
        for x, h in zip(self.integers(activation, hidden), self.integers("int16", hidden),
                        strict=True):
            h = h.clip(min=-32767)
            y, y_h = op.evaluate([x, h, weight, bias, q, TANH, np.array(factor, np.int32),
                                  np.array(output, np.int32)])
            self.tests.append(
                f"puffer_edge_min_gru_cell_{scheme}({self.place(x)}, {self.place(h)}, "
                f"{w}, &{name}, out_{activation} + 1, cells);\n"
                f"bad += memcmp(out_{activation} + 1, {self.place(y)}, {y.nbytes}) != 0;\n"
                f"bad += memcmp(cells, {self.place(y_h)}, {y_h.nbytes}) != 0;")

    def normal(self, dtype: str, count: int) -> None:
        """Rows at the limits, nearly and quite constant ones, and every size of epsilon."""
        zero = -37 if dtype == "int8" else 0
        mean = choose(1 / count, count * (-int(np.iinfo(dtype).min) + 37))
        for epsilon in (0.0, 3.0, 2.0**20, 2.0**40):
            steps = [epsilon / 4.0**k for k in range(SHIFTS)]
            shift = next(k for k, each in enumerate(steps) if each < 2**29)
            entries = np.array([min(round(each), 2**29 - 1) for each in steps], np.int32)
            op = LayerNormalizationInteger(
                x="x", mean="m", epsilon="e", table="t", y="y", axis=1, zero_point=zero,
                shift=shift, quantization=Quantization(1.0, 0, -32768, 32767))
            multiplier, pre_shift, last = mean
            name = f"kern_w{len(self.constants) + 1}"
            entries_name = self.constant(entries)
            self.constants.append(
                f"static const puffer_edge_normal_t {name} = {{{entries_name}, kern_root, "
                f"{{{pre_shift}, {last}, {multiplier}}}, {1 << pre_shift >> 1}, {zero}, "
                f"{square_bits(count)}, {shift}}};")
            one = np.zeros(count, dtype)
            one[0] = np.iinfo(dtype).max
            for x in (*self.integers(dtype, count), one, self.random.integers(
                    -3, 4, count).astype(dtype)):
                (y,) = op.evaluate([x[None], np.array(mean, np.int32), entries, ROOT])
                self.tests.append(
                    f"puffer_edge_layer_normalization_s{dtype[3:]}({self.place(x)}, &{name}, "
                    f"out_int16 + 1, 1, {count});\n"
                    f"bad += memcmp(out_int16 + 1, {self.place(y)}, {y.nbytes}) != 0;")

    def quotient(self, dtype: str, count: int) -> None:
        """Rows over their norm, over extremes, what is added and floors of any size."""
        zero = -37 if dtype == "int8" else 0
        added, floor = (2.0 ** self.random.integers(0, 40) / 4.0 ** np.arange(SHIFTS)
                        for _ in range(2))
        shift = next(k for k in range(SHIFTS) if max(added[k], floor[k]) < 2**29)
        steps = [np.clip(np.round(each), least, 2**29 - 1).astype(np.int32)
                 for each, least in ((added, 0), (floor, 1))]
        op = L2NormalizationInteger(
            x="x", added="a", floor="f", table="t", y="y", axis=1, zero_point=zero, shift=shift,
            quantization=Quantization(1.0, 0, -32768, 32767))
        names = [self.constant(each) for each in steps]
        name = f"kern_w{len(self.constants)}"
        self.constants.append(
            f"static const puffer_edge_norm_t {name} = {{{names[0]}, {names[1]}, kern_root, "
            f"{zero}, {square_bits(count)}, {shift}}};")
        for x in self.integers(dtype, count):
            (y,) = op.evaluate([x[None], *steps, ROOT])
            self.tests.append(
                f"puffer_edge_l2_normalization_s{dtype[3:]}({self.place(x)}, &{name}, "
                f"out_int16 + 1, 1, {count});\n"
                f"bad += memcmp(out_int16 + 1, {self.place(y)}, {y.nbytes}) != 0;")

    def shares(self, dtype: str, count: int) -> None:
        """A softmax along the middle of two columns, distances of every scale."""
        multiplier, shift = distance_factor(2.0 ** float(self.random.uniform(-14, 1.9)))
        op = SoftmaxInteger(x="x", powers="p", reciprocals="r", y="y", axis=0,
                            multiplier=multiplier, shift=shift)
        name = f"kern_w{len(self.constants)}"
        self.constants.append(
            f"static const puffer_edge_softmax_t {name} = {{kern_powers, kern_reciprocals, "
            f"{multiplier}, {shift}}};")
        for x in self.integers(dtype, 2 * count):
            (y,) = op.evaluate([x.reshape(count, 2), POWERS, RECIPROCALS])
            self.tests.append(
                f"puffer_edge_softmax_s{dtype[3:]}({self.place(x)}, &{name}, "
                f"out_int16 + 1, 1, {count}, 2);\n"
                f"bad += memcmp(out_int16 + 1, {self.place(y)}, {y.nbytes}) != 0;")

    def text(self, preamble: str, helium: bool = False) -> str:
        """The policy that is nothing but a self-test."""
        pools = [array(C_TYPES[dtype], f"pool_{dtype}", np.concatenate(parts))
                 for dtype, parts in self.pools.items() if parts]
        kernels = joined([f"{kind}_{scheme}" for kind in ("gemm", "lstm_cell", "min_gru_cell")
                          for scheme in SCHEMES] + ["gemm_pairs", "gru_cell_s8x16",
                                                    "gru_cell_s16",
                                                    "layer_normalization_s8",
                                                    "layer_normalization_s16",
                                                    "l2_normalization_s8", "softmax_s8",
                                                    "l2_normalization_s16", "softmax_s16",
                                                    *self.more],
                         with_helium=helium)
        return "\n".join([
            "#ifndef KERN_H\n#define KERN_H\n#include <stddef.h>\n#include <stdint.h>\n"
            "#include <string.h>", preamble,
            "typedef struct { float x; } kern_obs_t, kern_action_t, kern_t;",
            "static inline void kern_reset(kern_t *p) { p->x = 0.0f; }",
            "static inline const float *kern_count(const kern_t *p) { return &p->x; }",
            "static inline int kern_step(kern_t *p, const kern_obs_t *o, kern_action_t *a)",
            "{ p->x = o->x; a->x = o->x; return 0; }",
            "#ifdef KERN_SELFTEST", kernels, array("int16_t", "kern_tanh", TANH),
            array("int16_t", "kern_root", ROOT), array("int16_t", "kern_powers", POWERS),
            array("int16_t", "kern_reciprocals", RECIPROCALS), *pools, *self.constants,
            UNOPTIMISED, "static int kern_selftest(void)\n{",
            f"int8_t out_int8[{self.most}]; int16_t out_int16[{self.most}], cells[80]; "
            "int bad = 0;",
            *("{\n" + loop_over(scheme, layers) + "\n}" for scheme, layers in self.layers.items()),
            *self.tests, "return bad;\n}\n#endif\n#endif\n"])
