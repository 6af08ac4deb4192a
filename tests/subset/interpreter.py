# SPDX-License-Identifier: MIT
"""Runs in MicroPython: what the snippets of the table really do. Reads and writes JSON."""

import gc
import json

import micropython

with open("snippets.json") as file:
    table = json.load(file)


def imported(kind, source):
    """The name of the exception that a source raises when it is compiled or run."""
    try:
        code = compile(source, "snippet", "exec")
    except SyntaxError:
        return "SyntaxError"
    if kind == "syntax":
        return ""
    try:
        exec(code, {"__name__": "snippet"})
    except Exception as error:
        return type(error).__name__
    return ""


def gained(setup, body, lock):
    """Bytes that the second call of a function takes, and the exception that it raises."""
    space = {"__name__": "snippet"}
    exec(setup, space)
    exec("def step():\n " + body.replace("\n", "\n ") + "\n", space)
    step = space["step"]
    for _ in range(2):
        try:  # noqa: SIM105 MicroPython has no contextlib
            step()
        except Exception:
            pass
    error = ""
    if lock:
        micropython.heap_lock()
    before = 0 if lock else gc.mem_alloc()  # which looks at the whole heap
    try:
        step()
    except Exception as raised:
        error = raised
    after = 0 if lock else gc.mem_alloc()
    if lock:
        micropython.heap_unlock()
    return after - before, type(error).__name__ if error else ""


def allocates(setup, body):
    """Whether a body allocates, by both probes; one alone does not see everything."""
    try:
        free, raised = gained(setup, body, False)
        _, locked = gained(setup, body, True)
    except Exception as error:
        return "error: " + repr(error)
    if raised and not body.startswith("raise"):
        return "error: " + raised
    return free > 0 or locked == "MemoryError"


gc.disable()  # 32 MB are enough for all, and collecting is what takes the time
setup = compile(table["setup"], "setup", "exec")
results = {
    "allocation": [allocates(setup, body) for body in table["allocation"]],
    "syntax": [imported("syntax", source) for source in table["syntax"]],
    "names": [imported("names", source) for source in table["names"]],
}
with open("results.json", "w") as file:
    json.dump(results, file)
