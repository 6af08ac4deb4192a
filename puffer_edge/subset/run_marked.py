# SPDX-License-Identifier: MIT
"""Runs in MicroPython: calls the marked functions of a module, with and without a locked heap."""

import gc
import json

import _puffer_edge_module
import micropython


def gained(function, lock):
    """Bytes in use after a call less those before, and the name of the exception."""
    error = None
    gc.collect()
    gc.disable()
    if lock:
        micropython.heap_lock()
    before = gc.mem_alloc()
    try:
        function()
    except Exception as raised:
        error = raised
    after = gc.mem_alloc()
    if lock:
        micropython.heap_unlock()
    gc.enable()
    return after - before, "" if error is None else type(error).__name__


results = {}
with open("_puffer_edge_marked.json") as file:
    names = json.load(file)
for name in names:
    function = getattr(_puffer_edge_module, name)
    for _ in range(2):
        gained(function, False)
    free, error = gained(function, False)
    locked = gained(function, True)[1]
    results[name] = (free, locked if locked == "MemoryError" else error)
with open("_puffer_edge_results.json", "w") as file:
    json.dump(results, file)
