# SPDX-License-Identifier: MIT
"""A board as mpremote sees it: the raw REPL's protocol on standard input, CPython behind it.

Run as a program, in the directory that is the board's file system. After the protocol's description
in MicroPython's documentation ("The MicroPython interactive interpreter mode", raw mode). Raw paste
is refused, as boards without it do, so that mpremote takes the older way.
"""

import io
import os
import sys
import time
import traceback
import types
from contextlib import redirect_stdout

GREETING = b"raw REPL; CTRL-B to exit\r\n"


def main() -> None:
    clock = types.ModuleType("utime")
    clock.ticks_us = lambda: time.perf_counter_ns() // 1000 % (1 << 29)  # type: ignore[attr-defined]
    clock.ticks_diff = lambda late, early: (late - early) % (1 << 29)  # type: ignore[attr-defined]
    sys.modules["utime"] = clock
    sys.path.insert(0, "")
    sys.dont_write_bytecode = True
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
