# SPDX-License-Identifier: MIT
"""Where one form of code ends and the other begins: at the size that is stated, not one beside."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from puffer_edge.errors import UnsupportedError
from puffer_edge.exporters import c
from puffer_edge.exporters.c import avr
from puffer_edge.exporters.c.channels import channels_last
from puffer_edge.exporters.c.context import Context
from puffer_edge.exporters.c.lanes import looked_at_by_turns
from puffer_edge.exporters.c.loops import nest
from puffer_edge.exporters.c.ops import quantize, rescale
from puffer_edge.exporters.c.packing import can_pair
from puffer_edge.exporters.c.widening import copied
from puffer_edge.exporters.fitting import refuse_too_large
from puffer_edge.exporters.micropython import context as micropython
from puffer_edge.exporters.micropython.boards import ANY
from puffer_edge.exporters.micropython.kernels import Kernels
from puffer_edge.ir import Activation, Continuous, Contract, Discrete, Field, Program
from puffer_edge.ir.ops import (
    Binary,
    Conv,
    Gemm,
    GemmInteger,
    LSTMCell,
    Quantize,
    Rescale,
    Reshape,
)
from puffer_edge.planning import plan
from puffer_edge.quantization.integer_input import integer_input
from tests import zoo

FLASH, RAM = 65536 - 256, 32767
"""What 16-bit addresses reach behind the vectors, and the largest object of 16-bit differences."""


def linear(columns: int, rows: int, action: Any = None) -> Program:
    bench = zoo.Bench((1, columns))
    return bench.program(bench.op(Gemm, x=bench.x, weight=bench.weight(rows, columns)), action)


def header(program: Program) -> str:
    return c.make(program, name="zoo", seed=0, scheme="float32", counts=None).header.text


def test_observations_have_a_kernel_from_32_elements_on() -> None:
    for size, alike, expected in ((31, True, False), (32, True, True), (32, False, False)):
        bench = zoo.Bench((1, size))
        factors = np.float32(4.0 + (not alike) * np.arange(size))
        constants = [bench.builder.constant(factors), bench.builder.constant(0 * factors)]
        q = bench.op(Quantize, x=bench.x, factor=constants[0], offset=constants[1], dtype="int8",
                     low=-128, high=127)
        program = bench.builder.build({"logits": q}, Contract((Field("obs", (size,)),),
                                                              Discrete((size,))))
        context = Context(program, plan(program), "zoo")
        context.index = 0
        (op,) = program.ops
        quantize.quantize(op, context)
        assert ("quantize_s8" in context.kernels) == expected


def test_integers_that_stay_are_copied() -> None:
    """Factors of which each is one beside: those of the identity alone need no arithmetic."""
    same = [1, 0, 0, -32768, 32767]
    for place in range(-1, 5):
        for by in (-1, 1):
            row = [number + by * (place == n) for n, number in enumerate(same)]
            program = zoo.program("mlp_int16")
            context = Context(program, plan(program), "zoo")
            given = Rescale(x="x", factors="f", y="y", dtype="int16", low=row[3], high=row[4])
            context.ref = context.out = lambda name: name  # type: ignore[method-assign]
            rescale.loop(given, np.array([row]), 3, context)
            assert ("rescale" in context.kernels) == (place >= 0)


def test_actions_have_code_of_their_own_up_to_16_elements() -> None:
    for size in (16, 17):
        high = tuple(1.0 + n for n in range(size))
        text = header(linear(2, size, Continuous(size, low=(-1.0,) * size, high=high)))
        blocks = len(re.findall(r"action->action\[\d+\] = a;", text))
        assert blocks == (size if size <= 16 else 0)
        macros = re.findall(r"#define ZOO_ACTION_HIGH_(\d+) \(([\d.]+)f\)", text)
        assert [float(value) for _, value in macros] == (list(high) if size <= 16 else [])
        assert "#define ZOO_ACTION_LOW (-1.0f)" in text


def test_choices_have_macros_up_to_16_heads() -> None:
    for heads in (1, 2, 16, 17):
        sizes = tuple(2 + n % 3 for n in range(heads))
        text = header(linear(2, sum(sizes), Discrete(sizes)))
        found = re.findall(r"#define ZOO_ACTION_CHOICES(?:_(\d+))? (\d+)", text)
        several = 1 < heads <= 16
        assert found == [(str(n) if several else "", str(size)) for n, size in enumerate(
            sizes if several else sizes[:1])]
        assert f"#define ZOO_ACTION_SIZE {heads} " in text


def test_the_self_test_has_4096_elements_at_most() -> None:
    """As whole steps: 17 of 241 would be one more."""
    for size, steps in ((128, 32), (241, 16)):
        (found,) = re.findall(r"float zoo_selftest_obs\[(\d+)\]", header(linear(size, 2)))
        assert int(found) == size * steps <= 4096


def test_wide_observations_are_looked_at_with_their_step() -> None:
    assert [looked_at_by_turns(linear(size, 2)) for size in (255, 256)] == [False, True]
    assert not looked_at_by_turns(zoo.program("lstm"))
    bench = zoo.Bench((1, 300))
    state = bench.builder.state("h", (1, 300))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(300, 300))
    bench.builder.carry(state, y)
    assert not looked_at_by_turns(bench.program(y))


def test_padded_images_that_a_stack_holds() -> None:
    """65,536 floats: of one group's channels, with their padding."""
    for height, width, group, last in ((254, 254, 1, True), (254, 255, 1, False),
                                       (126, 254, 2, True), (254, 254, 2, True),
                                       (254, 255, 2, False)):
        bench = zoo.Bench((1, group, height, width))
        y = bench.op(Conv, x=bench.x, weight=bench.weight(group, 1, 3, 3), strides=(64, 64),
                     pads=(1,) * 4, dilations=(1, 1), group=group)
        size = int(np.prod(bench.builder.shape(y)))
        flat = bench.op(Reshape, x=y, shape=(1, size))
        program = bench.program(bench.op(Gemm, x=flat, weight=bench.weight(2, size)))
        assert (channels_last(program) == {y}) == last, (height, width, group)


@pytest.mark.parametrize(("constants", "ram", "selftest", "always", "tested"), [
    ([RAM, FLASH - RAM - 5], RAM, [5], False, False), ([RAM + 1], 4, [], True, True),
    ([4], RAM + 1, [], True, True), ([RAM, FLASH - RAM], 4, [], False, False),
    ([RAM, FLASH - RAM + 1], 4, [], True, True), ([RAM, FLASH - RAM - 5], 4, [6], False, True),
    ([8], 4, [RAM], False, False), ([8], 4, [RAM + 1], False, True)])
def test_what_an_avr_addresses(constants: list[int], ram: int, selftest: list[int], always: bool,
                               tested: bool) -> None:
    context: Any = Context(linear(2, 2), plan(linear(2, 2)), "zoo")
    context.data = [("operand", np.zeros(70000, np.int8)), *(
        (f"w{n}", np.zeros(size, np.int8)) for n, size in enumerate(constants))]
    context.in_ram = 1  # which is not read by addresses of flash
    found = avr.limits(context, ram, selftest)
    assert (bool(found.always), bool(found.with_selftest)) == (always, tested)
    assert found.constants == sum(constants)
    if not always:
        limits = avr.Limits("", "", 1000)
        avr.check("atmega2560", limits, 8191)
        with pytest.raises(UnsupportedError, match="8,192"):
            avr.check("atmega2560", limits, 8192)


def test_an_avr_has_as_much_flash_as_stated() -> None:
    avr.check("atmega2560", avr.Limits("", "", (256 << 10) - 1), 10)
    with pytest.raises(UnsupportedError, match=f"{256 << 10:,} of flash"):
        avr.check("atmega2560", avr.Limits("", "", 256 << 10), 10)
    avr.check("cortex-m0", avr.Limits("much", "more", 256 << 10), 10)


def test_second_rows_of_24_bits() -> None:
    """128 times the sum of their magnitudes stays below 2^23, which it would reach with one more.

    The sum of a pair is that of 256 b + a in 32 bits, which go round where b has more than 24.
    """
    rows = np.zeros((4, 517), np.int8)
    rows[1, :516], rows[1, 516] = 127, 3  # 65,535
    assert can_pair(rows)
    rows[1, 516] = 4
    assert not can_pair(rows)


def test_activations_are_copied_for_32_outputs() -> None:
    """Or 4, where another layer of the policy has 32."""

    def layers(*rows: int) -> list[int]:
        bench = zoo.Bench((1, 6))
        y = bench.x
        for width in rows:
            y = bench.op(Gemm, x=y, weight=bench.weight(width, bench.builder.shape(y)[-1]),
                         activation=Activation("tanh"))
        program = zoo.in_integers(bench.program(y), "int8")
        return [copied(op, program) for op in program.ops if isinstance(op, GemmInteger)]

    # The first reads an observation of 16 bits.
    assert layers(8, 31, 5) == [0, 0, 0]
    assert layers(8, 32, 4) == [0, 8, 32]
    assert layers(8, 32, 3) == [0, 8, 0]


def test_kernels_of_micropython_have_small_integers_for_their_sizes() -> None:
    """Rows and columns share 30 bits: 13 and 16 of them, with one for a sign to spare."""
    for rows, columns, fits in ((8191, 65535, True), (8192, 4, False), (4, 65536, False)):
        found = Kernels(ANY, "viper").mac("b", "h", rows, columns)
        assert found == ("kernels.mac_bh" if fits else "None")
    assert Kernels(ANY, "viper").mac("h", "b", 4, 4) == "None"
    assert Kernels(ANY, "bytecode").mac("b", "h", 4, 4) == "None"


@pytest.mark.parametrize(("numbers", "typecode"), [
    ([0, 32767], "h"), ([32768], "i"), ([], "h"), ([5], "h")])
def test_places_have_the_type_that_holds_them(numbers: list[int], typecode: str) -> None:
    context = micropython.Context(zoo.program("mlp"), Kernels(ANY, "bytecode"))
    array = np.array(numbers, np.int64)
    assert context.indices(array) == f'blob.read("{typecode}", {len(numbers)})'
    stored = np.frombuffer(bytes(context.blob.body), {"h": "<i2", "i": "<i4"}[typecode])
    assert stored[: len(numbers)].tolist() == numbers


def test_a_board_is_filled_to_its_last_byte() -> None:
    class Memory:
        def __init__(self, left: int, size: int = 1) -> None:
            self.left, self.size = left, size

    def fits(weights: int, struct: int, robot: int, box: int, flash: int, ram: int,
             in_ram: bool = False, known: int = 1) -> bool:
        board: Any = type("Board", (), {"flash": Memory(flash, known), "ram": Memory(ram),
                                        "constants_in_ram": in_ram, "title": "A board"})
        manifest: dict[str, Any] = {"memory": {"weights_bytes": weights, "struct_bytes": struct}}
        if robot:
            manifest["memory"]["robot_bytes"] = robot
        if box:
            manifest["black_box"] = {"bytes": box}
        try:
            refuse_too_large(manifest, board)
        except Exception as error:
            assert "does not fit" in str(error)
            return False
        return True

    assert fits(100, 20, 0, 0, 100, 20) and not fits(101, 20, 0, 0, 100, 20)
    assert not fits(100, 21, 0, 0, 100, 20) and fits(101, 20, 0, 0, 100, 20, known=0)
    assert fits(100, 20, 3, 4, 100, 27) and not fits(100, 20, 3, 4, 100, 26)
    assert fits(100, 20, 0, 0, 100, 120, True) and not fits(100, 20, 0, 0, 100, 119, True)


def test_loops_of_many_axes() -> None:
    """The names of their variables differ, and none is that of the arena or the observation."""
    text = nest([2] * 7, "y[{a}] = 0;", {"a": [1, 3, 7, 17, 37, 97, 197]})
    found = re.findall(r"for \(int32_t (\w+) = 0; (\w+) < 2; \+\+(\w+)\)", text)
    assert all(len(set(names)) == 1 for names in found)
    assert len({names[0] for names in found} - {"m", "x"}) == len(found) == 7
    (index,) = re.findall(r"y\[(.*)\] = 0;", text)
    values = dict.fromkeys((names[0] for names in found), 0)
    for place, step in enumerate((1, 3, 7, 17, 37, 97, 197)):
        one = {**values, found[place][0]: 1}
        assert eval(index, {}, one) == step  # what export has just made


@pytest.mark.parametrize("read_later", [False, True])
def test_a_cell_is_updated_where_it_lies(read_later: bool) -> None:
    """The memory of an LSTM, unless the old one is read again; its output has to be copied."""
    bench = zoo.Bench((1, 5))
    h, c = (bench.builder.state(name, (1, 4)) for name in "hc")
    y_h, y_c = bench.builder.add_many(
        LSTMCell, ("", ""), x=bench.x, h=h, c=c, weight=bench.weight(16, 5),
        recurrent=bench.weight(16, 4), bias=bench.weight(16))
    bench.builder.carry(h, y_h)
    bench.builder.carry(c, y_c)
    y = bench.op(Binary, a=y_h, b=c, function="add") if read_later else y_h
    given = integer_input(zoo.in_integers(
        bench.program(bench.op(Gemm, x=y, weight=bench.weight(3, 4))), "int8"))
    assert given is not None
    context = micropython.Context(given.program, Kernels(ANY, "bytecode"))
    context.emit()
    same = [context.ref(state.input) == context.ref(state.output)
            for state in given.program.states]
    assert same == [False, not read_later]
    assert sum(call.startswith("copy(") for call in context.calls) == 1 + read_later
