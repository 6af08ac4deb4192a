# SPDX-License-Identifier: MIT
"""Code that runs as it is, of which nothing may be said; beside each, what must be said."""

from __future__ import annotations

import pytest

from puffer_edge.subset import Config, check_source

QUIET = [
    "import uctypes\ns = uctypes.struct(0, {'x': 0})\ns.x",
    "r = range(3)\nr.start",
    "(1j).imag",
    "import hashlib\nhashlib.sha1().update(b'a')",
    "import network\nlan = network.LAN()\nlan.status()",
    "from machine import Pin\nPin.board.X99",
    "import rp2\n@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW)\ndef blink():\n    set(pins, 1).side(0)\n"
    "    mov(isr, reverse(x))\n    out(exec, 16)",
    "from rp2 import asm_pio\n@asm_pio()\ndef blink():\n    set(pins, 1).side(0)",
    "class A:\n    @property\n    def range(self):\n        return 1\n    @range.setter\n"
    "    def range(self, value):\n        pass",
    "import micropython\n_N = micropython.const(8)\n@micropython.viper\ndef f(n: int) -> int:\n"
    "    m: int = n * _N\n    return m",
    "d = {'b': 1, 'a': 2}\ntotal = 0\nfor k in d:\n    total += d[k]",
    "d = {'b': 1, 'a': 2}\nfor k, v in d.items():\n    d[k] = v + 1",
    "def f(e):\n    d = {'b': 1, 'a': 2}\n    for k, v in d.items():\n        n = k + 'x'\n"
    "        e[n] = v",
    "def f(e):\n    d = {'b': 1, 'a': 2}\n    for k, v in d.items():\n        k = k + 'x'\n"
    "        e[k] = v",
    "from collections import OrderedDict, deque, namedtuple",
    "import asyncio\nasyncio.wait_for_ms, asyncio.ThreadSafeFlag, asyncio.core",
    "import urequests\nurequests.get('http://x')",
    "import secrets\nsecrets.PASSWORD",
    "e = StopIteration()\ne.__traceback__ = None",
    "class B:\n    def __set__(self, o, v):\n        pass\n"
    "class A:\n    __slots__ = ('q',)\n    r = B()\n    def f(self):\n        self.r = 1",
    "d = {'b': 1, 'a': 2}\ndef find(x):\n    for k in d:\n        if d[k] == x:\n"
    "            return k",
    "d = {'b': 1, 'a': 2}\nx = any(d[k] > 1 for k in d)\ny = sorted(list(d))",
    "a = {}\nx = f\"{a['x:y']} {a[lambda: 1]} {'x!y'}\"",
    "x = 'a'.encode('utf-8', 'ignore')",
]
LOUD = [
    ("set((1, 2)).side", ["PE204"]),
    ("import dataclasses, enum, time, pathlib", ["PE201"] * 3),
    ("from collections import defaultdict", ["PE202"]),
    ("import asyncio\nasyncio.timeout(1)", ["PE202"]),
    ("x = str\ny = f\"{x('a:b')}\"", ["PE109"]),
    ("y = f\"{(lambda: 1)()}\"", ["PE109"]),
    ("x = 1\ny = f\"{x = }\"", ["PE109"]),
    ("import collections\ncollections.Counter()", ["PE202"]),
    ("d = {'b': 1, 'a': 2}\nfor k in d:\n    last = k", ["PE302"]),
    ("def f(e):\n    d = {'b': 1, 'a': 2}\n    n = ''\n    for k in d:\n        e[k] = n\n"
     "        n = k", ["PE302"]),
    ("def f():\n    d = {'b': 1, 'a': 2}\n    for k in d:\n        n = k\n    return n", ["PE302"]),
    ("d = {'b': 1, 'a': 2}\ndef first():\n    for k in d:\n        return k", ["PE302"]),
]


@pytest.mark.parametrize("source", QUIET)
def test_quiet(source: str) -> None:
    report = check_source(source, Config(port="rp2" if "rp2" in source else "stm32"))
    assert report.exit_code == 0, report


@pytest.mark.parametrize(("source", "codes"), LOUD)
def test_loud(source: str, codes: list[str]) -> None:
    assert [finding.code for finding in check_source(source).findings] == codes
