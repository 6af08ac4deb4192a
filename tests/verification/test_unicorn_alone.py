# SPDX-License-Identifier: MIT
"""A machine of Unicorn without an image: memory, calls and faults, by a core that notes them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("unicorn")

import unicorn

from puffer_edge.errors import VerificationError
from puffer_edge.targets import TARGETS
from puffer_edge.verification.emulators import unicorn_machine
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine, _round_up
from puffer_edge.verification.harness.build import STACK_BYTES

LIMIT, TOP = 0x2000_0000, 0x2000_0000 + STACK_BYTES


class Core:
    """Memory by regions that may not meet; registers by number."""

    def __init__(self) -> None:
        self.regions: list[tuple[int, int, int]] = []
        self.memory: dict[int, int] = {}
        self.registers: dict[int, int] = {}
        self.started: tuple[int, int] = (0, 0)
        self.work: Any = lambda: None

    def mem_map(self, start: int, size: int, access: int) -> None:
        assert start % 4096 == 0 and size % 4096 == 0 and size > 0
        assert all(start + size <= a or a + n <= start for a, n, _ in self.regions)
        self.regions.append((start, size, access))

    def mem_write(self, start: int, data: bytes) -> None:
        assert any(a <= start and start + len(data) <= a + n for a, n, _ in self.regions)
        self.memory.update(enumerate(data, start))

    def mem_read(self, start: int, size: int) -> bytes:
        return bytes(self.memory.get(place, 0) for place in range(start, start + size))

    def reg_write(self, register: int, value: int) -> None:
        self.registers[register] = value

    def reg_read(self, register: int) -> int:
        return self.registers.get(register, 0)

    def emu_start(self, begin: int, until: int) -> None:
        self.started = begin, until
        self.work()


def machine(monkeypatch: pytest.MonkeyPatch, segments: Any = None, thumb: bool = True,
            bss_end: int = TOP + 0x123) -> tuple[Any, Core]:
    made: Any = UnicornMachine.__new__(UnicornMachine)
    counted = SimpleNamespace(executed=0, limit=0)
    counted.start = lambda limit: setattr(counted, "limit", limit)
    monkeypatch.setattr(unicorn_machine, "count_blocks", lambda core, low, code, thumb: counted)
    made._core, made._thumb, made._limit, made._fault = Core(), thumb, 1000, ""
    made.spec, made._title, made._stack_peak = SimpleNamespace(name="p"), "a core", 0
    made._registers = unicorn_machine._registers(TARGETS["cortex-m4" if thumb else "riscv32"])
    made._elf = SimpleNamespace(
        symbols={"edge_stack_limit": LIMIT, "edge_stack_top": TOP, "edge_bss_end": bss_end,
                 "f": 0x1000_0040},
        segments=segments or [(0x1000_0010, b"abc"), (0x1000_2000, b"de"), (TOP, b"xyz")],
        function_at=lambda address: "f" if address == 0x1000_0040 else "")
    made._load()
    return made, made._core


def test_flash_and_ram_are_mapped_tightly(monkeypatch: pytest.MonkeyPatch) -> None:
    made, core = machine(monkeypatch)
    read, write, run = (getattr(unicorn, f"UC_PROT_{name}") for name in ("READ", "WRITE", "EXEC"))
    ram, flash = core.regions
    assert ram == (LIMIT, STACK_BYTES + 4096, read | write)
    # From the first page to a page beyond the last byte, where calls return to.
    assert flash == (0x1000_0000, 0x4000, read | run) and made._return_address == 0x1000_3000
    assert core.mem_read(0x1000_0010, 3) == b"abc" and core.mem_read(TOP, 3) == b"xyz"
    assert [_round_up(n) for n in (0, 1, 4095, 4096, 4097)] == [0, 4096, 4096, 4096, 8192]


@pytest.mark.parametrize("place", [LIMIT, TOP, TOP + 4095])
def test_what_lies_in_ram_is_no_flash(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the stack's last byte to the last page of variables."""
    _, core = machine(monkeypatch, [(0x1000_0000, b"abc"), (place, b"x")])
    assert core.regions[1][:2] == (0x1000_0000, 0x2000)


def test_flash_may_begin_where_ram_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    made, core = machine(monkeypatch, [(TOP + 4096, b"abc")])
    assert core.regions[1][:2] == (TOP + 4096, 0x2000)
    assert made._return_address == TOP + 8192


@pytest.mark.parametrize("thumb", [True, False])
@pytest.mark.parametrize(("result", "value"), [
    (0, 0), (7, 7), (2**31 - 1, 2**31 - 1), (2**31, -(2**31)), (2**32 - 1, -1)])
def test_a_call(thumb: bool, result: int, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thumb code is called, and returned to, at odd addresses; the result is signed."""
    made, core = machine(monkeypatch, thumb=thumb)
    registers = made._registers

    def work() -> None:
        assert core.registers[registers.sp] == TOP
        assert core.registers[registers.link] == made._return_address + thumb
        core.registers[registers.result] = result
        made._counter.executed = made._counter.limit
    core.work = work
    assert made.call("f") == value and made._counter.limit == 1000
    assert made.call("f", limit=5) == value and made.instructions == made._counter.limit == 5
    assert core.started == (0x1000_0040 + thumb, made._return_address)
    limits: list[int] = []
    made._counter.start = limits.append

    def call(function: str, limit: int | None = None) -> int:
        limits.append(limit or 0)
        return 0
    made._call = call
    made.selftest()
    made.check()
    assert limits[-2:] == [1000 * 1000, 2**31]


def test_calls_that_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    made, core = machine(monkeypatch)
    with pytest.raises(VerificationError, match="no function g"):
        made.call("g")

    def work() -> None:
        core.registers[made._registers.pc] = 0x1000_0040
        made._counter.executed = made._counter.limit + 1
    core.work = work
    with pytest.raises(VerificationError, match=r"within 5 instructions.* in f at 0x10000040"):
        made.call("f", limit=5)

    def faults() -> None:
        core.registers[made._registers.pc] = 0x44
        raise unicorn.UcError(unicorn.UC_ERR_EXCEPTION)
    core.work = faults
    with pytest.raises(VerificationError, match=r"f faults: .* in 0x00000044"):
        made.call("f")


@pytest.mark.parametrize(("access", "address", "said"), [
    ("READ_UNMAPPED", LIMIT - 1, "read of 0x1fffffff, which is below the stack"),
    ("WRITE_PROT", LIMIT - 2**20, "write to 0x1ff00000, which is below the stack"),
    ("READ_PROT", LIMIT - 2**20 - 1, "read of 0x1fefffff"),
    ("WRITE_UNMAPPED", LIMIT, "write to 0x20000000"), ("FETCH_UNMAPPED", 8, "jump to 0x00000008")])
def test_what_a_bad_access_is_called(access: str, address: int, said: str,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = machine(monkeypatch)
    kind = getattr(unicorn, f"UC_MEM_{access}")
    assert made._on_bad_access(None, kind, address, 4, 0, None) is False
    assert made._fault == said


@pytest.mark.parametrize("deepest", [None, 0, 1, 100, STACK_BYTES - 1])
def test_the_deepest_byte_that_was_written(deepest: int | None,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    made, core = machine(monkeypatch)
    made._paint()
    if deepest is not None:
        core.mem_write(LIMIT + deepest, b"\x01")
        core.mem_write(TOP - 1, b"\x02")
    assert made._painted_over() == (0 if deepest is None else STACK_BYTES - deepest)
