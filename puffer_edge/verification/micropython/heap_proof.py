# SPDX-License-Identifier: MIT
"""Shows that reset() and step() do not touch the heap; copied beside policy.py, for MicroPython.

One probe is not enough: a locked heap does not see exceptions, which have a buffer of their own,
and the bytes in use do not tell of what is allocated and freed at once. Prints the bytes that
1,000 steps took without the lock, and with it, or the exception that the lock made of it.
"""

import gc

import micropython
from policy import Policy

policy = Policy()
step, reset = policy.step, policy.reset


def gained():
    """Bytes in use after 1,000 steps and a reset, less those before."""
    before = gc.mem_alloc()
    for _ in range(1000):
        step()
    reset()
    return gc.mem_alloc() - before


def locked():
    """The same under a locked heap."""
    micropython.heap_lock()
    try:
        return gained()
    finally:
        micropython.heap_unlock()


reset()
step()  # what is allocated once, such as the first use of a name, is not counted
gained()
gc.collect()
gc.disable()
print("gained", gained())
gc.enable()
try:
    print("locked", locked())
except MemoryError as error:
    print("locked MemoryError", error)
