# SPDX-License-Identifier: MIT
"""Functions and methods of MicroPython that do not allocate, and what they give back.

Measured with gc.mem_alloc and heap_lock in MicroPython for WebAssembly, where the module exists
there; the tests do it again. Those of machine and time return small integers or None by their
source. Anything else that is native is taken to allocate, or at least not known to be quiet.
"""

from __future__ import annotations

import builtins

from puffer_edge.subset.analysis.values import BOOL, FLOAT, INT, NONE, UNKNOWN, Value, integer

TICKS = integer(0, (1 << 30) - 1)
"""ticks_*() wraps before it leaves the small integers; ticks_diff() is half of that, signed."""

FUNCTIONS: dict[str, Value] = {
    "builtins.isinstance": BOOL, "builtins.issubclass": BOOL, "builtins.callable": BOOL,
    "builtins.hasattr": BOOL, "builtins.getattr": UNKNOWN, "builtins.setattr": NONE,
    "builtins.id": INT, "builtins.hash": INT, "builtins.type": UNKNOWN, "builtins.bool": BOOL,
    "builtins.ord": integer(0, 0x10FFFF), "builtins.chr": Value("str"), "builtins.next": UNKNOWN,
    "builtins.any": BOOL, "builtins.all": BOOL, "builtins.print": NONE,
    "time.ticks_ms": TICKS, "time.ticks_us": TICKS, "time.ticks_cpu": TICKS,
    "time.ticks_add": TICKS, "time.ticks_diff": integer(-(1 << 29), (1 << 29) - 1),
    "time.sleep_ms": NONE, "time.sleep_us": NONE, "time.sleep": NONE,
    "gc.mem_alloc": integer(0, 1 << 29), "gc.mem_free": integer(0, 1 << 29), "gc.collect": NONE,
    "gc.enable": NONE, "gc.disable": NONE, "gc.isenabled": BOOL, "gc.threshold": UNKNOWN,
    "micropython.heap_lock": NONE, "micropython.heap_unlock": NONE, "micropython.const": UNKNOWN,
    "micropython.kbd_intr": NONE, "micropython.schedule": NONE,
    "struct.pack_into": NONE, "struct.calcsize": integer(0, 1 << 20),
    "machine.disable_irq": UNKNOWN, "machine.enable_irq": NONE, "machine.idle": NONE,
    "math.isfinite": BOOL, "math.isnan": BOOL, "math.isinf": BOOL, "math.floor": INT,
    "math.ceil": INT, "math.trunc": INT, "random.getrandbits": integer(0, (1 << 32) - 1),
}
FLOATS = {f"math.{name}" for name in (
    "sqrt pow exp expm1 log log2 log10 cosh sinh tanh acosh asinh atanh cos sin tan acos asin atan "
    "atan2 copysign fabs fmod ldexp degrees radians erf erfc gamma lgamma").split()}
"""Functions that box a float."""

METHODS: dict[str, Value] = {
    "list.pop": UNKNOWN, "list.sort": NONE, "list.reverse": NONE, "list.index": integer(0, 1 << 26),
    "list.count": integer(0, 1 << 26), "list.remove": NONE, "tuple.index": integer(0, 1 << 26),
    "tuple.count": integer(0, 1 << 26), "dict.get": UNKNOWN,
    "str.startswith": BOOL, "str.endswith": BOOL, "str.find": integer(-1, 1 << 26),
    "str.rfind": integer(-1, 1 << 26), "str.index": integer(0, 1 << 26),
    "str.count": integer(0, 1 << 26), "str.isdigit": BOOL, "str.isalpha": BOOL,
    "str.isspace": BOOL, "str.isupper": BOOL, "str.islower": BOOL,
    "bytes.startswith": BOOL, "bytes.endswith": BOOL, "bytes.find": integer(-1, 1 << 26),
    "set.discard": NONE, "set.remove": NONE,
    "machine.Pin.value": BOOL, "machine.Pin.on": NONE, "machine.Pin.off": NONE,
    "machine.Pin.high": NONE, "machine.Pin.low": NONE, "machine.Pin.toggle": NONE,
    "machine.Pin.__call__": BOOL, "machine.Signal.value": BOOL, "machine.Signal.on": NONE,
    "machine.Signal.off": NONE, "machine.Signal.__call__": BOOL, "machine.Pin.init": NONE,
    "machine.ADC.read_u16": integer(0, 65535), "machine.PWM.duty_u16": UNKNOWN,
    "machine.PWM.duty_ns": UNKNOWN, "machine.WDT.feed": NONE,
    "machine.I2C.readfrom_into": UNKNOWN, "machine.I2C.readfrom_mem_into": NONE,
    "machine.SPI.readinto": NONE, "machine.SPI.write_readinto": NONE, "machine.UART.any": INT,
}


ALLOCATING = {
    "struct.unpack", "struct.unpack_from", "struct.pack", "struct.iter_unpack", "divmod", "hex",
    "bin", "oct", "repr", "dir", "open", "input", "eval", "exec", "compile", "__import__",
    "array.array", "collections.namedtuple", "collections.deque", "collections.OrderedDict",
    "int.from_bytes", "micropython.alloc_emergency_exception_buf", "bytes.fromhex",
    "uctypes.bytearray_at", "uctypes.bytes_at", "json.loads", "json.dumps", "time.time",
    "time.time_ns", "time.localtime", "time.gmtime", "random.random", "random.uniform",
    "random.choice", "os.urandom", "classmethod", "staticmethod", "vars"}
MADE = {"struct.pack": Value("bytes"), "struct.unpack": Value("tuple"),
        "struct.unpack_from": Value("tuple"), "builtins.divmod": Value("tuple"),
        "builtins.hex": Value("str"), "builtins.bin": Value("str"), "builtins.repr": Value("str"),
        "builtins.sorted": Value("list"), "int.to_bytes": Value("bytes")}
"""What some of them give back."""
GROWING = {"int.to_bytes"}
QUIET = {"len", "abs", "min", "max", "sum", "int", "round", "pow", "delattr", "globals", "locals"}
"""Built-in functions that evaluate.py knows."""


def judged(name: str) -> bool:
    """Whether another rule than the one for unknown calls judges a native function."""
    short = name.removeprefix("builtins.")
    return (name in FUNCTIONS or name in METHODS or short in ALLOCATING or short in QUIET
            or short in JUDGED or short in FLOATS or name in GROWING
            or short.partition(".")[0] in ("str", "bytes", "list", "dict", "set", "bytearray",
                                           "array", "memoryview"))


BUILTINS = {*dir(builtins), "const", "execfile"}
JUDGED = {"enumerate", "zip", "map", "filter", "reversed", "iter", "sorted", "range", "float",
          "str", "bytes", "bytearray", "list", "tuple", "dict", "set", "frozenset", "object",
          "memoryview", "complex", "slice", "super", "property", *(
              name for name, value in vars(builtins).items()
              if isinstance(value, type) and issubclass(value, BaseException))}


def is_quiet(name: str) -> bool:
    """Whether a native function or method is known not to allocate."""
    return name in FUNCTIONS or name in METHODS


def result(name: str) -> Value:
    """What a native function gives back."""
    for known in (FUNCTIONS, MADE, METHODS):
        if name in known:
            return known[name]
    return FLOAT if name in FLOATS else UNKNOWN
