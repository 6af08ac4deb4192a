# SPDX-License-Identifier: MIT
"""Runs a policy on Unicorn: a Cortex-M or RISC-V core in a library, called by symbol.

There is no board and no start-up code: the segments are put where they run, and a call is the
program counter, the stack pointer and a return address at which emulation ends.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from puffer_edge.errors import MissingDependencyError, UsageError, VerificationError
from puffer_edge.targets import Target
from puffer_edge.timing import Listener
from puffer_edge.verification.elf import read_elf
from puffer_edge.verification.emulators.block_counter import count_blocks
from puffer_edge.verification.emulators.machine import (
    Checked,
    SteppingMachine,
    StepResult,
    check_observation,
)
from puffer_edge.verification.harness import Image
from puffer_edge.verification.harness.build import STACK_BYTES

PAGE = 4096
PAINT = 0xA5
SELFTEST_STEPS = 1000  # the self-test may execute this many times the limit of a step
STACK_GUARD = 1 << 20  # a fault this far below the stack is taken for an overflow of it
INSTRUCTION_LIMIT = 1_000_000_000
CHECK_LIMIT = 1 << 31
"""Instructions; some 20 for each byte of weights."""


class UnicornMachine(SteppingMachine):
    """One policy on one emulated core.

    Args:
        image: ``ImageBuilder.image`` (or ``policy_only``, without the self-test).
        instruction_limit: a step that executes more has failed to end.

    Raises:
        MissingDependencyError: unicorn or pyelftools is not installed.
    """

    def __init__(self, image: Image, *, instruction_limit: int = INSTRUCTION_LIMIT) -> None:
        try:
            import unicorn
        except ImportError as missing:
            raise MissingDependencyError(
                "the emulator unicorn is not installed",
                hint="pip install 'puffer-edge[emulator]'",
            ) from missing
        self.spec = image.spec
        self._elf = read_elf(image.path)
        self._core = _open_core(image)
        self._title = image.target.title
        self._registers = _registers(image.target)
        self._thumb = image.target.isa == "thumb"
        self._limit = instruction_limit
        self._fault = ""
        self._stack_peak = 0
        self._load()
        self._core.hook_add(unicorn.UC_HOOK_MEM_INVALID, self._on_bad_access)
        self.reset()

    def reset(self) -> None:
        """Puts the policy into its initial state."""
        self._call("edge_reset")
        self._paint()

    def step(self, observation: bytes) -> StepResult:
        """One step; ``observation`` holds the bytes of ``<name>_obs_t``.

        Raises:
            UsageError: the observation has the wrong size.
            VerificationError: a fault, or more instructions than the limit.
        """
        check_observation(self.spec, observation)
        symbols, core = self._elf.symbols, self._core
        core.mem_write(symbols["edge_obs"], observation)
        status = self._call("edge_step")
        instructions = self._counter.executed
        self._stack_peak = max(self._stack_peak, self._painted_over())
        self._call("edge_read_outputs")
        outputs = core.mem_read(symbols["edge_outputs"], 4 * self.spec.n_outputs)
        self._paint()
        return StepResult(
            status=status,
            action=bytes(core.mem_read(symbols["edge_action"], self.spec.action_bytes)),
            outputs=np.frombuffer(bytes(outputs), dtype="<f4").astype(np.float32),
            instructions=instructions,
        )

    def timed_step(self, observation: bytes, clock: Listener) -> None:
        """A step, without its results, that a clock is told of: every block of code, every read."""
        import unicorn

        check_observation(self.spec, observation)
        core = self._core
        core.mem_write(self._elf.symbols["edge_obs"], observation)
        core.ctl_flush_tb()  # what was translated before calls no new hook
        hooks = [
            core.hook_add(unicorn.UC_HOOK_BLOCK,
                          lambda _, address, size, __: clock.block(address, size)),
            core.hook_add(unicorn.UC_HOOK_MEM_READ,
                          lambda _, __, address, size, *___: clock.read(address, size))]
        try:
            self._call("edge_step")
        finally:
            for hook in hooks:
                core.hook_del(hook)
            self._paint()

    def code(self, address: int, size: int) -> bytes:
        """What lies in memory."""
        return bytes(self._core.mem_read(address, size))

    def selftest(self) -> int:
        """The policy's own self-test: 0 when every vector matches bit for bit."""
        result = self._call("edge_selftest", SELFTEST_STEPS * self._limit)
        self._paint()
        return result

    def check(self) -> Checked:
        """Looks for damaged weights."""
        return Checked(self._call("edge_check", CHECK_LIMIT), instructions=self.instructions)

    def call(self, function: str, *, limit: int | None = None) -> int:
        """Calls a function of the image that takes nothing and returns an int."""
        return self._call(function, limit)

    @property
    def instructions(self) -> int:
        """Executed instructions of the last call."""
        return int(self._counter.executed)

    def read(self, symbol: str, size: int) -> bytes:
        """Bytes of a variable."""
        return bytes(self._core.mem_read(self._elf.symbols[symbol], size))

    def stack_used(self) -> int:
        """The deepest stack of all steps so far, in bytes."""
        return self._stack_peak

    def _load(self) -> None:
        """Maps memory as tightly as it can: flash is not written, RAM is not executed."""
        import unicorn

        elf, core = self._elf, self._core
        self._stack_limit = elf.symbols["edge_stack_limit"]
        self._stack_top = elf.symbols["edge_stack_top"]
        ram_end = _round_up(elf.symbols["edge_bss_end"])
        ram_access = unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE
        core.mem_map(self._stack_limit, ram_end - self._stack_limit, ram_access)
        flash = [(start, data) for start, data in elf.segments if not self._in_ram(start, ram_end)]
        low = min(start for start, _ in flash) // PAGE * PAGE
        high = _round_up(max(start + len(data) for start, data in flash))
        flash_access = unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC
        # Calls return to one more page of flash: Unicorn refuses to fetch from other regions.
        core.mem_map(low, high + PAGE - low, flash_access)
        self._return_address = high
        for start, data in elf.segments:
            core.mem_write(start, data)
        code = bytes(core.mem_read(low, high + PAGE - low))
        self._counter = count_blocks(core, low, code, thumb=self._thumb)

    def _in_ram(self, address: int, ram_end: int) -> bool:
        return self._stack_limit <= address < ram_end

    def _call(self, function: str, limit: int | None = None) -> int:
        """Calls a function without arguments and returns its int result."""
        import unicorn

        address = self._elf.symbols.get(function)
        if address is None:
            raise VerificationError(f"the image has no function {function}")
        core = self._core
        core.reg_write(self._registers.sp, self._stack_top)
        core.reg_write(self._registers.link, self._return_address | self._thumb)
        limit = limit or self._limit
        self._counter.start(limit)
        self._fault = ""
        try:
            core.emu_start(address | self._thumb, self._return_address)
        except unicorn.UcError as error:
            where = core.reg_read(self._registers.pc)
            raise VerificationError(
                f"{function} faults: {self._fault or error} in {self._name(where)}",
                where=f"{self.spec.name} on {self._title}",
            ) from error
        if self._counter.executed > limit:
            raise VerificationError(
                f"{function} does not end within {limit} instructions; "
                f"it was stopped in {self._name(core.reg_read(self._registers.pc))}",
                where=f"{self.spec.name} on {self._title}",
            )
        value: int = core.reg_read(self._registers.result)
        return value - (1 << 32) if value >> 31 else value

    def _name(self, address: int) -> str:
        function = self._elf.function_at(address)
        return f"{function} at {address:#010x}" if function else f"{address:#010x}"

    def _on_bad_access(
        self, _: Any, access: int, address: int, size: int, value: int, __: Any
    ) -> bool:
        import unicorn

        verbs = {
            unicorn.UC_MEM_READ_UNMAPPED: "read of",
            unicorn.UC_MEM_READ_PROT: "read of",
            unicorn.UC_MEM_WRITE_UNMAPPED: "write to",
            unicorn.UC_MEM_WRITE_PROT: "write to",
        }
        below = self._stack_limit - STACK_GUARD <= address < self._stack_limit
        hint = ", which is below the stack" if below else ""
        self._fault = f"{verbs.get(access, 'jump to')} {address:#010x}{hint}"
        return False

    def _paint(self) -> None:
        self._core.mem_write(self._stack_limit, bytes([PAINT]) * STACK_BYTES)

    def _painted_over(self) -> int:
        stack = np.frombuffer(self._core.mem_read(self._stack_limit, STACK_BYTES), dtype=np.uint8)
        touched = np.flatnonzero(stack != PAINT)
        return STACK_BYTES - int(touched[0]) if touched.size else 0


def _round_up(address: int) -> int:
    return (address + PAGE - 1) // PAGE * PAGE


class _Registers(NamedTuple):
    pc: int
    sp: int
    link: int
    result: int


def _registers(target: Target) -> _Registers:
    """The registers of a call, as Unicorn numbers them."""
    from unicorn import arm_const, riscv_const

    prefix, names = ("ARM", "PC SP LR R0") if target.isa == "thumb" else ("RISCV", "PC SP RA A0")
    constants = arm_const if target.isa == "thumb" else riscv_const
    return _Registers(*(getattr(constants, f"UC_{prefix}_REG_{name}") for name in names.split()))


def _open_core(image: Image) -> Any:
    import unicorn
    from unicorn import arm_const, riscv_const

    target = image.target
    if target.unicorn_cpu is None:
        raise UsageError(f"{target.title} is not emulated by unicorn",
                         hint=f"use the emulator {target.emulators[0]}")
    if target.isa == "riscv32":
        core = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        core.ctl_set_cpu_model(getattr(riscv_const, target.unicorn_cpu))
        return core
    # Not UC_MODE_MCLASS: it silently replaces whatever model is set by a Cortex-M33.
    core = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
    core.ctl_set_cpu_model(getattr(arm_const, target.unicorn_cpu))
    if target.hard_float:
        core.reg_write(arm_const.UC_ARM_REG_FPEXC, 1 << 30)
    return core
