# SPDX-License-Identifier: MIT
"""A board as mpremote sees it: the raw REPL's protocol on standard input, CPython behind it.

Run as a program, in the directory that is the board's file system. After the protocol's description
in MicroPython's documentation ("The MicroPython interactive interpreter mode", raw mode). Raw paste
is refused, as boards without it do, so that mpremote takes the older way.
"""

import builtins
import gc
import io
import os
import sys
import time
import traceback
import types
from contextlib import redirect_stdout

FAULT = os.environ.get("BOARD_FAULT", "")
"""What is wrong with the board: full, read-only, nodev, listing, xtensawin, old or little-heap."""
GREETING = b"raw REPL; CTRL-B to exit\r\n"


def break_down() -> None:
    """Gives the board its fault."""
    numbers = {"full": 28, "read-only": 30, "nodev": 19}
    genuine = open

    def refusing(name: str, mode: str = "r", *more: object) -> io.IOBase:
        if "w" in mode and FAULT in numbers:
            raise OSError(numbers[FAULT])
        return genuine(name, mode, *more)  # type: ignore[call-overload, no-any-return]

    def nothing() -> list[str]:
        raise OSError(19)

    builtins.open = refusing  # type: ignore[assignment]
    if FAULT == "listing":
        os.listdir = nothing  # type: ignore[assignment]
    versions = {"xtensawin": 6 | 3 << 8 | 10 << 10, "old": 5, "armv6m": 6 | 3 << 8 | 4 << 10}
    if FAULT in versions:
        sys.implementation._mpy = versions[FAULT]  # type: ignore[attr-defined]
    if FAULT == "little-heap":
        gc.mem_free = lambda: 1000  # type: ignore[attr-defined]


def main() -> None:
    clock = types.ModuleType("utime")
    clock.ticks_us = lambda: time.perf_counter_ns() // 1000 % (1 << 29)  # type: ignore[attr-defined]
    clock.ticks_diff = lambda late, early: (late - early) % (1 << 29)  # type: ignore[attr-defined]
    sys.modules["utime"] = clock
    sys.path.insert(0, "")
    sys.dont_write_bytecode = True
    break_down()
    scope, code, raw = {"__name__": "__main__"}, b"", False
    while data := os.read(0, 1):
        if data == b"\x01":
            raw, code = True, b""
            os.write(1, GREETING + b">")
        elif data in (b"\x02", b"\x03"):
            raw, code = raw and data == b"\x03", b""
        elif data == b"\x05" and raw:
            os.read(0, 2)
            os.write(1, b"R\x00")
        elif data == b"\x04" and raw and not code.strip():
            scope = {"__name__": "__main__"}
            os.write(1, b"OK\r\nMPY: soft reboot\r\n" + GREETING + b">")
        elif data == b"\x04" and raw:
            printed, error = io.StringIO(), ""
            with redirect_stdout(printed):
                try:
                    exec(code, scope)
                except Exception:
                    error = traceback.format_exc()
            os.write(1, b"OK" + printed.getvalue().encode() + b"\x04" + error.encode() + b"\x04>")
            code = b""
        else:
            code += data


if __name__ == "__main__":
    main()
