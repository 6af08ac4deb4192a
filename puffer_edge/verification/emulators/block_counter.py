# SPDX-License-Identifier: MIT
"""Counts executed instructions: per block of straight code that runs, the block's instructions.

The hook is called for every block. In Python that costs about 0.5 microseconds, which a core with
an FPU does not notice, and one without makes twenty times slower: there every float operation is a
call of some blocks. So the hook is C where a compiler is at hand, and Python elsewhere.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from puffer_edge.cache import built
from puffer_edge.errors import PufferEdgeError
from puffer_edge.toolchains import Clang, Gcc, Zig
from puffer_edge.verification.emulators.instructions import count_instructions

SOURCE = Path(__file__).with_suffix(".c")


class BlockCounter:
    """Counts in Python.

    Args:
        core: a Unicorn core with its memory mapped.
        flash_start: the address of ``flash``.
        flash: all code that can run.
        thumb: Thumb code, else RISC-V.

    Attributes:
        executed: instructions since the last :meth:`start`.
    """

    def __init__(self, core: Any, flash_start: int, flash: bytes, *, thumb: bool) -> None:
        import unicorn

        self.executed = 0
        self._limit = 0
        lengths: dict[tuple[int, int], int] = {}

        def on_block(_: Any, address: int, size: int, __: Any) -> None:
            count = lengths.get((address, size))
            if count is None:
                code = flash[address - flash_start :][:size]
                count = lengths[address, size] = count_instructions(code, thumb=thumb)
            self.executed += count
            if self.executed > self._limit:
                core.emu_stop()

        core.hook_add(unicorn.UC_HOOK_BLOCK, on_block)

    def start(self, limit: int) -> None:
        """Counts from zero, and stops the core after ``limit`` instructions."""
        self.executed = 0
        self._limit = limit


class NativeBlockCounter:
    """Counts in C; otherwise the same.

    Raises:
        OSError: there is no compiler for this computer, or its library cannot be loaded.
        AttributeError: this version of Unicorn's binding is built otherwise.
    """

    def __init__(self, core: Any, flash_start: int, flash: bytes, *, thumb: bool) -> None:
        import unicorn
        from unicorn.unicorn_py3.unicorn import uclib

        library = _library()
        if library is None:
            raise OSError("no compiler for this computer")
        hook = ctypes.CDLL(str(library)).edge_on_block
        stop = ctypes.cast(uclib.uc_emu_stop, ctypes.c_void_p)
        # What the hook reads and writes must live as long as the core does.
        self._state = _State(0, 0, flash, flash_start, len(flash), thumb, stop)
        handle = ctypes.c_size_t()
        everywhere = (ctypes.c_uint64(1), ctypes.c_uint64(0))
        error = uclib.uc_hook_add(
            core._uch,
            ctypes.byref(handle),
            unicorn.UC_HOOK_BLOCK,
            ctypes.cast(hook, ctypes.c_void_p),
            ctypes.cast(ctypes.pointer(self._state), ctypes.c_void_p),
            *everywhere,
        )
        if error:
            raise OSError(f"unicorn refuses the hook: {error}")
        self._keep_alive = hook

    @property
    def executed(self) -> int:
        """Instructions since the last :meth:`start`."""
        executed: int = self._state.executed
        return executed

    def start(self, limit: int) -> None:
        """Counts from zero, and stops the core after ``limit`` instructions."""
        self._state.executed = 0
        self._state.limit = limit


def count_blocks(
    core: Any, flash_start: int, flash: bytes, *, thumb: bool
) -> BlockCounter | NativeBlockCounter:
    """The faster counter of those that work here."""
    try:
        return NativeBlockCounter(core, flash_start, flash, thumb=thumb)
    except (OSError, AttributeError, ImportError):
        return BlockCounter(core, flash_start, flash, thumb=thumb)


class _State(ctypes.Structure):
    """``struct counter`` of block_counter.c."""

    _fields_ = (
        ("executed", ctypes.c_uint64),
        ("limit", ctypes.c_uint64),
        ("flash", ctypes.c_char_p),
        ("flash_start", ctypes.c_uint32),
        ("flash_size", ctypes.c_uint32),
        ("thumb", ctypes.c_uint32),
        ("stop", ctypes.c_void_p),
        ("blocks", ctypes.c_uint32 * 3 * 65536),
    )


@cache
def _library() -> Path | None:
    """The compiled hook, from the cache or from the first compiler that makes it."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    build: Callable[[Path, Path], Path]
    for build in (Zig().library, Gcc().library, Clang().library):
        with suppress(PufferEdgeError, OSError):
            return built(f"block-counter-{digest}.so", partial(build, SOURCE))
    return None
