# SPDX-License-Identifier: MIT
"""The heap that a policy takes on a board with 32-bit words: what stays, and what loading takes.

Estimates by the sizes of files, fitted to MicroPython 1.25 for 32-bit Arm over the policies of
``tests/micropython/test_heap_sizes.py``, which holds them against the interpreter. Machine code
counts in full: the unix port keeps it outside of the heap, boards do not.
"""

from __future__ import annotations

from collections.abc import Mapping

MODULES = ("policy", "policy_runtime")
KERNELS = "policy_kernels"
ROBOT = "policy_robot"
KEPT, NEEDED = 2.0, 3.0
"""Bytes of heap for a byte of an .mpy file, when it is loaded and while."""
SPREAD = 1.12
"""Of the arrays while loading: what is free lies in pieces."""
KEPT_OF_SOURCE, COMPILING = 0.62, 2.6
"""The same for source; compiling the largest file takes the most."""


def heap(files: Mapping[str, bytes], arrays: int) -> dict[str, dict[str, int]]:
    """Bytes ``kept`` after a step and a collection, and ``needed`` free before the import.

    Args:
        files: modules by name.
        arrays: bytes of the policy's arrays.

    Returns:
        By form: ``source``, and ``mpy`` where mpy-cross made such files.
    """
    kernels = len(files.get(f"{KERNELS}.mpy", b""))
    sources = [len(files[f"{name}.py"]) for name in (*MODULES, KERNELS, ROBOT)
               if f"{name}.py" in files]
    found = {"source": {"kept": arrays + round(KEPT_OF_SOURCE * sum(sources)),
                        "needed": arrays + round(COMPILING * max(sources))}}
    if f"{MODULES[0]}.mpy" in files:
        code = sum(len(files.get(f"{name}.mpy", b"")) for name in (*MODULES, ROBOT))
        found["mpy"] = {"kept": arrays + kernels + round(KEPT * code),
                        "needed": round(SPREAD * arrays) + 2 * kernels + round(NEEDED * code)}
    for form in found.values():
        form["needed"] = max(form.values())
    return found
