# SPDX-License-Identifier: MIT
"""The table of snippets that the checker and the real interpreter have to agree about.

Each kind is generated from its lines and from products of them. ``UNDECIDED`` are snippets that
nobody can judge without running them, or that the interpreter for WebAssembly does unlike a board.
"""

from __future__ import annotations

SETUP = """
import gc
import micropython
import math
import struct
import sys
import time
from array import array
from collections import namedtuple
a = 5
b = 3
c = 2
zero = 0
top = 1073741823
bottom = -1073741823 - 1
long = 1 << 40
x = 2.5
neg = -2.5
by = b'abcd'
ba = bytearray(8)
bb = bytearray(2)
mv = memoryview(ba)
items = [5, 6, 7, 8]
more = [5, 6, 7, 8]
pair = (1, 2)
four = (1, 2, 3, 4)
table = {'a': 1, 'b': 2}
keys = {'k': 3}
numbers = {1, 2, 3}
s = 'abc'
words = ['a', 'b']
kinds = (int, float)
ab = array('b', [1, 2, 3])
aB = array('B', [1, 2, 3])
ah = array('h', [1, 2, 3])
aH = array('H', [1, 2, 3])
aq = array('q', [1, 2, 3])
aQ = array('Q', [1, 2, 3])
af = array('f', [1, 2, 3])
ad = array('d', [1, 2, 3])
class O:
    def __init__(self):
        self.v = 1
    def m(self):
        return 1
    def n(self):
        return [1]
    @property
    def p(self):
        return 4
    @staticmethod
    def t():
        return 1
class Sub(O):
    def m(self):
        return self.v
o = O()
sub = Sub()
def plain(): pass
def one(q): return q
def default(q, r=2): pass
def only(*, k): pass
def many(*q): pass
def named(**k): pass
def two(q, r): return q
def lists(): return [1]
def chain(): return lists()
def gen():
    while True:
        yield 5
g = gen()
def closures():
    u = v = w = y = z = 1
    k = 2
    def f5(): return u + v + w + y + z
    def f6(): return u and v and w and y and z and k
    def f4(q): return u and v and w and y and q
    def f5q(q): return u and v and w and y and z and q
    def f3q(q, r): return u and v and w and q and r
    return f5, f6, f4, f5q, f3q
f5, f6, f4, f5q, f3q = closures()
bound = items.count
"""

QUIET = """
pass
a + b
a - b
a * b
a // b
a % b
a & b
a | b
a ^ b
a << 4
a >> 1
a ** 2
-a
~a
+a
not a
top - a
bottom + a
top // 2 + top // 2
top & 255
(top >> 15) * 32767
a == b
a < b < c
a is None
a in pair
a in (1, 2, 3)
a in items
'a' in table
'b' in s
x == 2.5
x < 2.0
long > a
long == a
y = long
a < x
x is x
bool(x)
max(x, 2.0)
int(x)
math.floor(x)
y = x
y = 2.5
y = x if a else neg
min(a, b)
max(a, b, c)
min(items)
sum(items)
abs(-3)
abs(a)
len(items)
len(s)
ord('a')
chr(65)
int(3)
bool(3)
pow(2, 3)
hash(3)
callable(a)
any(items)
all(items)
type(a)
type(a) is int
isinstance(a, int)
isinstance(a, kinds)
getattr(o, 'v')
setattr(o, 'v', 3)
hasattr(o, 'v')
next(g)
print()
items[0]
items[-1]
items[0] = 3
pair[0]
table['a']
table['a'] = 3
s[0]
by[0]
ba[0]
ba[0] = 4
ba[0] += 4
mv[0]
mv[0] = 4
ba[1:3] = bb
ba[:] = ba
mv[1:3] = bb
af[0] = x
af[0] = 3
af[0] = 1.5
ad[0] = x
aq[0] = 1
y, z = a, b
y, z, w = a, b, c
y, z = pair
(y, z) = pair
[y, z] = pair
y = z = 3
y = (1, 2)
y = 1, 'a', None
y = ()
y = (1, (2, 3))
y = 'a' 'b'
y = 5; y += 1
for q in range(3): pass
for q in range(1, 9): pass
for q in range(9, 1, -1): pass
for q in range(a): pass
for q in range(0, 9, 2): pass
for q in items: pass
for q in pair: pass
for q in s: pass
for q in by: pass
for q in ba: pass
for q in mv: pass
for q in table: pass
for q in numbers: pass
while a > 100: pass
if a: pass
1 if x > 0.5 else 0
a if b else c
a and b
a or b
assert a
try: pass\\nfinally: pass
try: pass\\nexcept ValueError: pass
return
return a
return 1, 2
return None
plain()
one(1)
one(a)
one(q=1)
two(1, 2)
two(1, r=2)
default(1)
default(q=1, r=2)
only(k=1)
o.v
o.v = 3
o.v += 1
o.p
o.m()
o.t()
O.t()
O.m(o)
O.m
sub.m()
sub.p
f5()
f4(1)
f3q(1, 2)
bound(5)
import math
math.pi
math.sin
struct.pack_into('<h', ba, 0, 3)
struct.calcsize('<h')
time.ticks_ms()
time.ticks_us()
time.ticks_diff(3, 1)
time.ticks_add(3, 1)
gc.collect()
gc.mem_alloc()
items.count(5)
items.index(5)
items.sort()
items.reverse()
table.get('a')
s.startswith('a')
s.find('b')
by.find(b'b')
s == 'abc'
s < 'abd'
items == more
pair == pair
micropython.const(3)
""".strip().splitlines()

LOUD = """
top + 1
top + a
bottom - 1
-bottom
top * 2
top * top
a << 29
1 << 29 << a
top | long
long + 1
long & 255
long >> 20
long - long
long // long
long % 7
y = long; y >>= 30
a ** 20
a * 400000000
a + b * 500000000
bottom * -1
bottom // -1
~long
y = top; y += 1
acc = 0\\nfor q in range(3000): acc += 400000
acc = 0\\nfor q in range(60): acc -= 20000000
acc = 0\\nfor q in range(50):\\n for r in range(50): acc += 500000
y = 1\\nfor q in range(40): y = y * 2
y = 1\\nwhile y < 2000000000: y = y * 2
a / b
x + 1.0
x - 1
x * 2
x / 2
x // 1
x % 1.0
x ** 2
1 - x
-x
-neg
abs(neg)
a ** -1
y = x; y += 1
float(3)
float('3')
round(x, 2)
math.sin(x)
math.sqrt(a)
math.tanh(x)
sum(af)
for q in af: pass
for q in ad: pass
for q in aq: pass
y, z, w, v = a, b, c, 4
y = (a, b)
y = (a,)
y = 1, a
return a, b
return x, 1
pair + pair
pair * 2
[]
[a]
[1, 2]
{}
{1: 2}
{1}
[q for q in items]
{q for q in items}
{q: 1 for q in items}
(q for q in items)
sum(q for q in items)
'%d' % a
'%d %d' % pair
f'{a}'
f'a{s}b'
'a' + s
s + 'a'
s * 2
items + items
items * 2
by + by
ba + by
y = s; y += 'x'
y = items; y += items
b'%d' % a
'{}'.format(a)
items[1:3]
items[:]
pair[0:1]
s[1:]
by[1:]
ba[1:3]
mv[1:3]
ah[0:2]
items[0:2] = pair
items[:] = items
items.append
s.upper
o.m
o.n()
lambda: 1
lambda: a
def z(): pass
def z(q=1): pass
class Z: pass
many(1)
named(k=1)
lists()
chain()
gen()
O()
Sub()
object()
f6()
f5q(1)
y, *z = items
*y, z = items
raise ValueError
raise ValueError('x')
range(3)
y = range(3)
3 in range(9)
for q in range(0, 9, a): pass
for q in table.items(): pass
for q in table.keys(): pass
for q in table.values(): pass
for q in enumerate(items): pass
for q in zip(items, items): pass
for q in map(abs, items): pass
for q in reversed(items): pass
for q in sorted(items): pass
for q in [1, 2]: pass
for q in (a, b): pass
isinstance(a, (int, float))
enumerate(items)
zip(items, items)
map(abs, items)
filter(None, items)
reversed(items)
iter(items)
sorted(items)
bytes(3)
bytearray(3)
memoryview(ba)
list(items)
tuple(items)
set(items)
dict(table)
array('b', by)
str(3.5)
repr(a)
hex(3)
bin(3)
oct(3)
divmod(7, 2)
dir(o)
complex(1, 2)
items.extend(pair)
items.copy()
items.clear()
ba.extend(by)
ah.extend(ab)
s.split(',')
s.upper()
s.encode()
s.join(words)
s.format(1)
s.replace('a', 'bb')
by.decode()
a.to_bytes(2, 'little')
struct.unpack('<hh', by)
struct.unpack_from('<h', ba, 0)
struct.pack('<h', 3)
from math import sin
table.items()
table.keys()
table.copy()
""".strip().splitlines()

UNDECIDED = {
    "numbers.add(99)": "whether the set has the element already",
    "table['new'] = 3": "whether the dict has the key already",
    "o.fresh = 3": "whether the instance has the attribute already, and room",
    "items.append(1)": "whether there is room left",
    "items.insert(0, 1)": "whether there is room left",
    "ba.append(1)": "whether there is room left",
    "ah.append(1)": "whether there is room left",
    "many()": "how many arguments are collected: none take no memory",
    "ah[0] * ah[1]": "whether both are -32768",
    "int.from_bytes(by, 'little')": "how large the number is",
    "int('3')": "how large the number is",
    "try: items[100]\nexcept IndexError: pass": "whether the index is inside",
    "two(*pair)": "boards take memory for the arguments, this interpreter does not",
    "str(3)": "a short string that exists already is not made again",
    "s.strip()": "a string that stays as it is is not copied",
    "a[zero]": "what an object that the analysis does not know does",
}


def allocation() -> dict[str, bool]:
    """Bodies of functions, and whether they allocate."""
    found = {line.replace("\\n", "\n"): False for line in QUIET}
    found.update({line.replace("\\n", "\n"): True for line in LOUD})
    for code in "bBhH":
        found[f"a{code}[0]"] = found[f"a{code}[0] = 5"] = found[f"a{code}[0] += 1"] = False
        found[f"a{code}[0] * b"] = found[f"for q in a{code}: pass"] = False
        found[f"a{code}[0:2]"] = True
    for code in "qQfd":
        found[f"a{code}[0]"] = found[f"a{code}[0] = a{code}[1]"] = True
        found[f"a{code}[0] += 1"] = True
    for function in ("sin", "cos", "exp", "log", "sqrt", "tanh", "atan", "fabs"):
        found[f"math.{function}(x)"] = True
    for left, operator, right in [(i, op, j) for i in ("a", "x") for op in "+-*" for j in
                                  ("b", "neg")]:
        found[f"y = {left} {operator} {right}"] = "x" in left or "neg" in right
    for width in (29, 30):  # products of two numbers of so many bits together
        for bits in (10, 15, 20):
            found[f"y = (a - 5 + {1 << bits}) * (b - 3 + {1 << (width - bits)})"] = width > 29
    return found


SYNTAX = """
match a:\\n case 1: pass
def f(q, /): pass
lambda q, /: q
y = [*[1], *[2]]
y = [*[1]]
y = (*[1],)
y = {*[1]}
y = {**{}}
y = {'a': 1, **{}}
y = *[1], 2
def f(): return 1, *[2]
def f(): yield 1, *[2]
for q in *[1], 2: pass
@items[0]\\ndef f(): pass
@(lambda f: f)\\ndef f(): pass
@O().m\\ndef f(): pass
@many(1).x\\ndef f(): pass
try: pass\\nexcept* ValueError: pass
with (open('q') as q, open('r') as r): pass
with (open('q') as q): pass
with (\\n open('q') as q,\\n open('r') as r,\\n): pass
y = f'{1!a}'
y = f"{'a:b'}"
y = f'{(lambda q: q)(1)}'
y = f'{*[1], 2}'
async def f(): return [q async for q in r]
async def f(): return [await q for q in r]
async def f(): return {await q for q in r}
y = 1if 1 else 2
y = items[q := 0]
def f():\\n return *[1],
\ufeffimport sys
# what follows is accepted
with open('q') as q, open('r') as r: pass
with (open('q')) as q: pass
with (open('q')): pass
with (open('q'), open('r')): pass
y = f'{1=}'
y = f'{1!r} {1:>5}'
w = 5; y = f'{1:{w}}'
y = f'{{}}'
y = f'{"a" if 1 else "b"}'
y = f'a' 'b' f'{1}'
y = rf'\\\\d{1}'
y = f'{1,2}'
y = f'{ 1 }'
y = 1_000
y = 0x_ff
y = 1_0.0_1
if (n := 3): pass
y = [q := 1, q]
y = items[(q := 0)]
def f(*, q): pass
def f(q, *, r=1, **k): pass
y: int = 3
y: int
def f(q: int, *r: int, **k: str) -> int: return 1
async def f(): await g()
async def f():\\n async with g: pass
async def f():\\n async for q in g: pass
async def f(): yield 1
def f():\\n q = 1\\n def h():\\n  nonlocal q
print(*[1], *[2])
dict(**{}, **{})
def f():\\n yield from [1]
class A(*[object]): pass
y, *z = 1, 2
[y, *z] = 1, 2
y, (z, w) = 1, (2, 3)
*y, = [1]
for y, *z in [(1, 2)]: pass
y = lambda *q, **k: 1
from sys import (path, argv)
raise ValueError from None
y = [q for q in range(3) if q if q]
y = ...
y = 1 if 2 else 3 if 4 else 5
try: pass\\nexcept (ValueError, TypeError) as e: pass
for q in []: pass\\nelse: pass
@many\\ndef f(): pass
@sys.exit\\ndef f(): pass
@two(1, 2)\\ndef f(): pass
y = 'a' if 1 else 'b'
y = 1 if 1 else 2
y = 0xf if 1 else 2
def f(q=1, *r, s, t=2, **u): pass
y = a @ b if 0 else 0
while True: break
del a, b
global q
class A(O): y = 1
assert (1, 2)
""".strip("\n").splitlines()


def syntax() -> list[str]:
    """Sources of which some are refused by MicroPython's parser."""
    return [line.replace("\\n", "\n").replace("\\\\", "\\") for line in SYNTAX
            if not line.startswith("# what")]


NAMES = """
import typing
import dataclasses
import enum
import __future__
import contextlib
import threading
import subprocess
import abc
import functools
import itertools
import pathlib
import collections
import collections.abc
import math, time, struct, json, re, os, io, binascii, random
import machine
import rp2
import utime
import ujson
import statistics
import decimal
import copy
from time import perf_counter
from time import ticks_us, sleep_ms
from math import prod
from math import fsum
from math import sin, pi, tanh
from struct import Struct
from struct import iter_unpack
from struct import pack, unpack_from
from collections import deque, OrderedDict, namedtuple
from collections import Counter
from collections import defaultdict
from os import walk
from sys import getsizeof
from sys import implementation, platform
from array import typecodes
import time; time.perf_counter()
import time; time.monotonic()
import time; time.ticks_ms()
import time; time.sleep_us(1)
import math; math.prod([1])
import math; math.comb
import math; math.isclose
import math; math.log2
import sys; sys.getrefcount
import sys; sys.maxsize
import sys; sys.intern
import gc; gc.mem_free()
import gc; gc.get_objects
import os; os.path
import os; os.getcwd
import json; json.dumps({})
import json; json.JSONEncoder
import re; re.compile('a')
import re; re.findall
import struct; struct.Struct
import struct; struct.calcsize('h')
import random; random.gauss
import binascii; binascii.hexlify(b'a')
import collections; collections.ChainMap
ascii('a')
breakpoint
vars()
format(1)
FileNotFoundError
PermissionError
ConnectionError
ModuleNotFoundError
TimeoutError
ArithmeticError
BaseException
KeyboardInterrupt
OSError
RecursionError
UnicodeError
NotImplementedError
ZeroDivisionError
Warning
memoryview
frozenset
slice
sorted
bytearray
complex
aiter
exec
int.bit_length
int.from_bytes
(5).bit_length()
(5).bit_count()
(5).to_bytes(2, 'little')
(1.5).hex()
(1.5).is_integer()
(1.5).as_integer_ratio()
'a'.upper()
'a'.casefold()
'a'.title()
'a'.center(3)
'a'.zfill(3)
'a'.ljust(3)
'a'.removeprefix('a')
'a'.isalnum()
'a'.isdigit()
'a'.partition('b')
'a'.splitlines()
'a'.translate({})
'a'.encode()
'a'.expandtabs()
'a'.format()
'a'.format_map({})
b'a'.hex()
b'a'.decode()
bytes.fromhex('00')
bytearray(3).extend(b'a')
bytearray(3).clear()
bytearray(3).reverse()
bytearray(3).append(1)
[1].copy()
[1].clear()
[1].sort(key=None)
(1,).count(1)
(1,).index(1)
{}.setdefault(1, 2)
{}.popitem
{}.fromkeys([1])
{1}.union({2})
{1}.issubset({2})
{1}.symmetric_difference({2})
memoryview(b'a').cast('B')
memoryview(b'a').readonly
memoryview(b'a').tobytes()
memoryview(b'a').nbytes
memoryview(b'a').hex()
from array import array; array('b').frombytes(b'a')
from array import array; array('b').tobytes()
from array import array; array('b').itemsize
from array import array; array('b').typecode
from array import array; array('b').tolist()
from array import array; array('b').append(1)
from array import array; array('b').extend(b'a')
from array import array; q = array('b', [1]); q.byteswap()
from array import array; q = array('b', [1]); q.pop()
from collections import deque; deque((), 3).append(1)
from collections import deque; deque((), 3).rotate(1)
'a b'.split(sep=' ')
'a b'.split(' ', maxsplit=1)
'a b'.split(' ', 1)
zip([1], [2], strict=True)
zip([1], [2])
int.from_bytes(b'a', 'little', signed=True)
int.from_bytes(b'a', 'little')
round(1.5, ndigits=1)
sum([1], start=1)
sum([1], 1)
sorted([1], reverse=True)
enumerate([1], start=1)
int('3', base=8)
int('3', 8)
'a'.encode(encoding='utf-8')
'a'.encode('utf-8')
print('', end='')
class A(metaclass=type): pass
class A(object, q=1): pass
class A(object): pass
'abc'[::-1]
'abc'[::1]
(1, 2)[::2]
b'abc'[::2]
[1, 2][::2]
[1, 2][::-1]
bytearray(4)[::2]
memoryview(b'abc')[::2]
q = [1, 2]; q[::2] = [1]
q = [1, 2]; q[0:1] = [1]
try: import typing\\nexcept ImportError: typing = None
try: import utime as time\\nexcept ImportError: import time
try: import enum\\nexcept ImportError: import typing
try: q = FileNotFoundError\\nexcept NameError: q = OSError
import sys\\nif sys.implementation.name != 'micropython': import typing
import time\\nq = time.perf_counter if hasattr(time, 'perf_counter') else time.ticks_us
def f(q: 'Warning') -> FileNotFoundError: pass
q: FileNotFoundError = 3
""".strip().splitlines()


def names() -> list[str]:
    """Sources of which some raise an error about something that is missing."""
    return [line.replace("\\n", "\n") for line in NAMES]


MEANING = """
from array import array; print(list(array('b', [200])))
from array import array; print(list(array('b', [-128, 127])))
from array import array; print(list(array('B', [256])))
from array import array; print(list(array('h', [70000])))
from array import array; print(list(array('H', [65535])))
from array import array; print(list(array('i', [5])))
from array import array\\nq = array('h', [0])\\nq[0] = 40000\\nprint(q[0])
from array import array\\nq = array('h', [0])\\nq[0] = 30000\\nprint(q[0])
from array import array\\nq = array('B', [0])\\nq[0] = -1\\nprint(q[0])
q = bytearray(1)\\nq[0] = 300\\nprint(q[0])
q = bytearray(1)\\nq[0] = 255\\nprint(q[0])
d = {'one': 1, 'two': 2, 'three': 3, 'four': 4}\\nfor k in d: print(k)
d = {'one': 1, 'two': 2, 'three': 3, 'four': 4}\\nfor k in sorted(d): print(k)
d = {'one': 1, 'two': 2, 'three': 3, 'four': 4}\\nprint(list(d.values()))
d = {'one': 1, 'two': 2, 'three': 3, 'four': 4}\\nprint([k for k in d])
d = {'one': 1, 'two': 2, 'three': 3, 'four': 4}\\nprint(sorted([k for k in sorted(d)]))
d = {'one': 1, 'two': 2, 'three': 3, 'four': 4}\\nprint(sum(d.values()))
class A:\\n __slots__ = ('q',)\\nA().r = 1\\nprint('set')
class A:\\n q = None\\nA().r = 1\\nprint('set')
def f(q: int): pass\\nprint(f.__annotations__)
def f(q: int): pass\\nprint(f(1))
""".strip().splitlines()


def meaning() -> list[str]:
    """Programs of which some print something else than under CPython."""
    overridden = ("class A:\n def __init__(self): self.__x = 1\n def get(self): return self.__x\n"
                  "class B(A):\n def __init__(self):\n  super().__init__()\n  self.%s = 2\n"
                  "print(B().get())")
    return [line.replace("\\n", "\n") for line in MEANING] + [
        overridden % name for name in ("__x", "__y")]
