# SPDX-License-Identifier: MIT
"""Idioms of Python, each in a line: some do something else in MicroPython, or nothing.

``\\n`` ends a line of the program. The checker and the real interpreters have to agree about each.
"""

from __future__ import annotations

IDIOMS = r"""
import json; json.dumps([1], indent=2)
import json; json.dumps([1], separators=(",", ":"))
import json; json.dumps({1:2}, sort_keys=True)
import json; json.dumps({1:2}, ensure_ascii=False)
import json; json.loads("1", object_hook=None)
print("x", flush=True)
import sys; print("x", file=sys.stdout)
print((1).to_bytes(2, "big", signed=True))
print((-1).to_bytes(2, "big", signed=True))
print((1).to_bytes(2, byteorder="big"))
print((1).to_bytes(length=2, byteorder="big"))
print((1).to_bytes())
print((1).to_bytes(2))
print(int.from_bytes(b"a", byteorder="big"))
print(int.from_bytes(b"a"))
print(str(b"a", encoding="utf8"))
print(bytes("a", encoding="utf8"))
print(bytearray("a", encoding="utf8"))
print(bytearray("a", "utf8"))
import re; print(bool(re.match("a{2}", "aa")))
import re; print(bool(re.match("^a{2,3}$", "aa")))
import re; print(bool(re.match("a{x}", "a{x}")))
import re; print(bool(re.match("{", "{")))
import re; print(bool(re.match("(?=a)", "aa")))
import re; print(bool(re.match("(?!b)", "aa")))
import re; print(bool(re.match("(?:a)b", "ab")))
import re; print(bool(re.match("(?i)A", "aa")))
import re; print(bool(re.match(r"\ba", "a")))
import re; print(bool(re.match(r"(a)\1", "aa")))
import re; print(bool(re.match(r"a\Z", "a")))
import re; print(bool(re.match(r"\x41", "A")))
import re; print(bool(re.match(r"\t", "\t")))
import re; print(bool(re.match(r"[\d]", "1")))
import re; print(bool(re.match(r"[^\s]+", "1")))
import re; print(bool(re.match(r"a*?", "1")))
import re; print(bool(re.match(r"a|b", "b")))
import re; re.findall("a", "aa")
import re; re.fullmatch("a", "aa")
import re; re.finditer("a", "aa")
import re; re.split("a", "aa")
import re; re.compile("a", re.IGNORECASE)
import re; re.IGNORECASE
import re; re.escape("a")
import re; re.sub("a", "b", "aa", count=1)
import re; re.sub("a", "b", "aa", flags=1)
print("a b c".rsplit(None, 1))
print("a b c".rsplit())
print("{a[0]}".format(a=[1]))
print("{0.real}".format(1))
print("{a.real}".format(a=1))
print("{!a}".format(1))
print("{:,}".format(1000))
print("{:_}".format(1000))
print("{:,x}".format(100000))
print("{:,.2f}".format(1000.5))
print("{:_.2f}".format(1000.5))
print(f"{1000.5:,.2f}")
print(f"{1000.5:,}")
print(format(1000.5, ","))
print(format(1000, ","))
print(f"{1000:,}")
print("{:%}".format(0.5))
print("{:=+5d}".format(5))
print("{:^10}".format("a"))
print("{:n}".format(5))
print("{:#x}".format(5))
print("{:z.1f}".format(-0.01))
print("{:>{}}".format("a", 5))
print("{:c}".format(65))
print("{:10}".format(None))
print("{:10}".format([1]))
print(f"{[1]:10}")
print("%(a)s" % {"a": 1})
print("%*d" % (5, 1))
print("%a" % 1)
print("%i" % 1.5)
print("%.3s" % "abcdef")
print("%5.1f" % 1)
x = 1; print("{" f"{x}")
x = 1; print("a" f"{x}")
x = 1; print("{}" f"{x}")
x = 1; print(f"{x}" f"{x}")
x = 1; print(f"{x}" "{}")
x = 1; print(f"{x}" "a" f"{x}")
import random; random.getrandbits(64)
import random; random.getrandbits(33)
import random; random.getrandbits(32)
import random; random.randint(0, 2**31)
import random; random.randint(0, 2**40)
import random; random.randrange(2**40)
import random; random.choices([1], k=2)
import random; random.shuffle([1,2])
import random; random.sample([1,2], 1)
import random; random.gauss(0, 1)
from array import array; a = array("b", [1,2]); del a[0]
b = bytearray(3); del b[0]
b = bytearray(3); del b[0:1]
b = [1,2,3]; del b[0:1]
from array import array; print(1 in array("b", [1]))
print(1 in bytearray(b"a"))
print(97 in bytearray(b"a"))
print(b"a" in bytearray(b"a"))
from array import array; array("b", [1]) == array("i", [1])
from array import array; array("b", [1]) == array("b", [1])
from array import array; a = array("b", [1]); a.pop()
from array import array; a = array("b", [1]); a.insert(0, 1)
from array import array; array("b", [1]) * 2
def f(): pass\nf.x = 1
def f(): pass\nf.__doc__
def f(): pass\nf.__module__
def f(): pass\nf.__qualname__
def f(): pass\nf.__defaults__
def f(): pass\nf.__dict__
def f(): pass\nf.__code__
def f(): pass\nf.__globals__
def f(): pass\nf.__name__
class A:\n def f(self): pass\nA.f.__name__
class A:\n def f(self): pass\nA().f.__name__
class A:\n def f(self): pass\nA().f.__self__
class A:\n def f(self): pass\nA().f.__func__
class A: pass\nA.__module__
class A: pass\nA.__qualname__
class A: pass\nA.__doc__
class A: pass\nA.__mro__
class A: pass\nA.__bases__
class A: pass\nA.__dict__
class A: pass\nA().__dict__
class A: pass\nA().__class__
class A: pass\nA.__subclasses__()
class A: pass\nA.mro()
class A: pass\nvars(A())
isinstance(1, int | str)
isinstance(1, (int, str))
x = int | None
list[int]
e = ValueError(1); e.add_note("x")
e = ValueError(1); e.__cause__
e = ValueError(1); e.x = 1
class E(ValueError): pass\ne = E(); e.x = 1
class E(ValueError):\n def __init__(self): self.x = 1\nE()
class E(ValueError):\n def __init__(self): ValueError.__init__(self)\nE()
class E(Exception):\n def __init__(self): super().__init__("x")\nE()
class E(list):\n def __init__(self): list.__init__(self)\nE()
class E(dict):\n def __init__(self): dict.__init__(self)\nE()
class E(dict):\n def __init__(self): self["a"] = 1\nE()
class E(list):\n def __init__(self): self.append(1)\nE()
class E(dict):\n def __init__(self): self.x = 1\nprint(E())
class E(Exception):\n def __init__(self, a, b): self.b = b\nprint(repr(E(1, 2)), E(1, 2).args)
class A(int): pass\nprint(A(3) + 1)
class A(int):\n def __add__(self, o): return A(int(self) + o)\nprint(A(3) + 1)
class A(int): pass\nprint(int(A(3)) + 1, type(int(A(3))))
class A(str): pass\nprint(A("x") + "y")
class A(str): pass\nprint(str(A("x")) + "y", len(A("x")))
class A:\n def __float__(self): return 0.5\nprint(2.0 * A())
class A:\n def __float__(self): return 0.5\nprint(float(A()))
class A:\n def __int__(self): return 2\nprint(int(A()))
class A:\n def __index__(self): return 1\nprint([1,2][A()])
class A:\n def __bool__(self): return False\nprint(bool(A()))
class A:\n def __format__(self, s): return "F"\nprint(f"{A()}" == "F")
class A:\n def __format__(self, s): return "F"\nprint(format(A(), "x"))
class A:\n def __round__(self, n=0): return 7\nprint(round(A()))
class A:\n def __ceil__(self): return 7\nimport math\nprint(math.ceil(A()))
class A:\n def __reversed__(self): return iter([1])\nprint(list(reversed(A())))
class A:\n def __eq__(self, o): return True\nprint({A(): 1})
class A:\n def __eq__(self, o): return True\nprint(A() != A())
class A:\n def __ne__(self, o): return True\nprint(A() != A())
class A:\n def __contains__(self, o): return True\nprint(1 in A())
class A:\n def __iter__(self): return iter([1])\nprint(1 in A())
class A:\n def __getitem__(self, i): return [1,2][i]\nprint(list(A()))
class A:\n def __getitem__(self, i): return [1,2][i]\nprint(1 in A())
class A:\n def __class_getitem__(cls, i): return cls\nA[int]
class A:\n def __set_name__(self, o, n): print("set", n)\nclass B:\n a = A()
class A:\n def __get__(self, o, n): return 5\nclass B:\n a = A()\nprint(B().a)
class A:\n def __bytes__(self): return b"x"\nprint(bytes(A()))
class A:\n def __complex__(self): return 1j\nprint(complex(A()))
class A:\n def __radd__(self, o): return 5\nprint(1 + A())
class A:\n def __iadd__(self, o): return 5\na = A()\na += 1\nprint(a)
class A:\n def __rmul__(self, o): return 5\nprint(2 * A())
class A:\n def __matmul__(self, o): return 5\nprint(A() @ A())
class A:\n def __divmod__(self, o): return 5\nprint(divmod(A(), 2))
class A:\n def __pow__(self, o): return 5\nprint(A() ** 2)
class A:\n def __abs__(self): return 5\nprint(abs(A()))
class A:\n def __neg__(self): return 5\nprint(-A())
class A:\n def __and__(self, o): return 5\nprint(A() & 2)
class A:\n def __enter__(self): return 5\n def __exit__(self, *a): pass\nwith A() as x: print(x)
class A:\n def __call__(self): return 5\nprint(A()())
class A:\n def __getattr__(self, n): return 5\nprint(A().x)
class A:\n def __setattr__(self, n, v): print(n)\nA().x = 5
class A:\n def __delattr__(self, n): print(n)\ndel A().x
class A:\n def __getattribute__(self, n): return 5\nprint(A().x)
class A:\n def __new__(cls): return object.__new__(cls)\nA()
class A:\n def __new__(cls): return super().__new__(cls)\nA()
class A:\n def __new__(cls, x): return super().__new__(cls)\nA(1)
class A:\n def __del__(self): print("del")\na = A(); del a; import gc; gc.collect()
class A:\n def __dir__(self): return ["b", "a"]\nprint(dir(A()))
class A:\n def __sizeof__(self): return 1\nimport sys; sys.getsizeof(A())
class A:\n def __copy__(self): return 1\nprint(1)
class A:\n x: int = 1\nprint(A.__annotations__)
class A:\n @property\n def p(self): pass\nclass B(A):\n def q(self): print(super().p)\nB().q()
class A:\n @property\n def p(self): return 1\nA().p = 5
class A:\n @property\n def p(self): return 1\n @p.setter\n def p(self, v): print(v)\nA().p = 5
class A:\n p = property(lambda self: 1, doc="x")\nprint(A().p)
from collections import defaultdict
import struct; print(struct.pack("bb", 1))
import struct; print(struct.pack("bb", 1, 2, 3))
import struct; struct.pack("b b", 1, 2)
import struct; struct.pack("?", True)
import struct; struct.pack("e", 1.0)
import struct; struct.pack("n", 1)
import struct; struct.pack("x")
import struct; struct.pack("c", b"a")
import struct; struct.pack("p", b"a")
import struct; print(struct.unpack("3s", b"abc"))
import struct; print(struct.unpack("0s", b""))
import struct; print(struct.calcsize("bi"))
import sys; sys.stdin = None
import sys; sys.ps1 = "x"
import sys; sys.argv = []
import math; math.pi = 1
import math; math.x = 1
import sys; sys.getsizeof(1)
import sys; sys.getrefcount(1)
def f(*a): return len(a)\nf(0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,*[1])
def f(*a): return len(a)\nf(0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,*[1])
def f(*a): return len(a)\nf(0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,*[1])
print([[(j := i) for i in range(2)] for j in range(2)])
print({1:2}.keys() & {1})
print({1:2}.keys() == {1})
print({1:2}.keys() | {3})
print({1:2}.items() & {(1,2)})
d = {1:2}; d |= {2:3}
b = bytearray(4); b[0:1] = [1,2]
b = bytearray(4); b[0:2] = range(2)
b = bytearray(4); b[0:2] = (1,2)
b = bytearray(4); b[0:2] = b"abc"
l = [1,2]; l[0:1] = range(3)
l = [1,2]; l[0:1] = (3,)
l = [1,2]; l[:] = (x for x in [1])
l = [1,2]; l[:] = map(str, [1])
l = [1,2]; l[:] = "ab"
l = [1,2]; l[:] = b"ab"
l = [1,2]; l += range(2)
from array import array; a = array("b", [1,2]); a[0:1] = array("b", [1])
print(b"\xe9".decode("latin-1"))
print(b"a".decode("latin-1"))
print(b"a".decode("utf-16"))
print(b"a".decode("UTF-8"))
print(b"a".decode("Utf8"))
print(b"a".decode("utf_8"))
print(b"a".decode("ASCII"))
print(b"a".decode("us-ascii"))
print("e".encode("latin-1"))
print("\u1234".encode("ascii"))
print("a".encode("utf-8", "ignore"))
print(b"\xffa".decode("utf-8", "ignore"))
print(b"\xffa".decode("utf-8", "replace"))
print(b"a".decode("utf-8", "strict"))
print("\xff".encode("latin1"))
print("\xff".encode("ascii", "ignore"))
print(b"{}".format(1))
print(complex("1 1j"))
b = bytearray(b"ab"); m = memoryview(b); b.extend(b"cd")
b = bytearray(b"ab"); m = memoryview(b); b.append(1)
import sys; range(-sys.maxsize - 1, 0)
import sys; range(sys.maxsize)
import sys; len(range(-sys.maxsize, sys.maxsize))
locals()
def f():\n x = 1\n return eval("x")\nf()
def f():\n return eval("1+1")\nf()
vars()
import json; print(json.dumps(b"a"))
import sys; print(type(sys.modules))
import os; os.makedirs
class A(tuple, object): pass\nA((1,))
class F:\n def __str__(self): return "F"\nclass A(tuple, F): pass\nprint(A((1,)))
class F:\n def __str__(self): return "F"\nclass A(F, tuple): pass\nprint(A((1,)))
class F:\n def __len__(self): return 99\nclass A(list, F): pass\nprint(len(A()))
class F: pass\nclass A(list, F): pass\nprint(len(A()))
class F(list): pass\nclass G(dict): pass\nclass A(F, G): pass
class A(list, dict): pass
from functools import partial
print(f"{'a'}")
x = 1; print(f"{x:{'>'}{5}}")
x = 1; print(f"{x!s:>5}")
x = 1; print(f"{{x}}")
x = 1; print(f'{x if x else "a:b"}')
x = 1; print(f"{(lambda y: y)(x)}")
print("a", "b", sep="", end="")
print(sorted([2,1], reverse=True, key=lambda x: -x))
print(max([1,2], key=lambda x: -x), max([], default=3))
print(sum([1,2], start=1))
print(list(enumerate([1], start=1)))
print(list(enumerate([1], 1)))
print(int("10", base=2))
print(round(1.25, ndigits=1))
print(pow(2, 3, 5))
print("a".zfill(3))
print("abc".title())
print("abc".capitalize())
print("abc".removeprefix("a"))
print("abc".partition("b"))
print("abc".center(9))
print("abc".expandtabs())
print("abc".casefold())
print("abc".translate({}))
print("abc".format_map({}))
print("a\nb".splitlines())
print("abc".startswith(("a", "b")))
print("abc".endswith(("a", "b")))
print("abc".startswith("b", 1))
print("abc".endswith("b", 1))
print("abc".endswith("b", 0, 2))
print("abc".startswith("b", 0, 2))
print("abc".find("b", 0, 2), "abc".count("b"), "abc".index("b"))
print(b"abc".hex())
print(b"abc".hex(":"))
print(bytes.fromhex("aabb"))
print(bytearray.fromhex("aabb"))
print([1, 2].index(2, 1))
print((1).real, (1).imag)
print((1).numerator)
print((1.5).is_integer())
print((1.5).as_integer_ratio())
print((1).conjugate())
print(float.fromhex("0x1p3"))
import time; time.monotonic
import time; time.perf_counter
import time; time.ctime
import io; io.StringIO("a").readline()
import io; io.StringIO("a").getvalue()
import io; io.TextIOWrapper
import sys; sys.stdout.write("a"); sys.stdout.flush()
import os; os.listdir(); os.stat("."); os.getcwd(); os.remove
from collections import deque; deque()
from collections import deque; deque([1, 2])
from collections import deque; deque([1, 2], maxlen=5)
from collections import deque; d = deque((), 5); d.appendleft(1); d.pop(); d.extend([1])
from collections import deque; d = deque((), 5); d.rotate(1)
from collections import deque; d = deque((), 5); d.clear()
from collections import namedtuple; n = namedtuple("n", ["a"], defaults=[1])
class A:\n pass\nclass B(A):\n def __init__(self): super(B, self).__init__()\nB()
def f(a, /): pass
def f(a, *, b=1): return b\nprint(f(1, b=2))
raise ValueError("x") from None
def g():\n yield 1\n return 5\ndef h():\n print((yield from g()))\nlist(h())
def g():\n x = yield 1\n print(x)\ny = g(); next(y)\ntry: y.send(3)\nexcept StopIteration: pass
print(*[1,2], *[3])
print([*[1,2], 3])
print({**{1:2}})
print("%s" % b"a")
print(type("A", (object,), {"x": 1}).x)
print(issubclass(OverflowError, ArithmeticError), issubclass(KeyError, LookupError))
print(bytes(memoryview(b"abc")[0:2]))
print(memoryview(b"abc").hex())
print(memoryview(b"abc").tolist())
print(memoryview(b"abc").nbytes)
print(memoryview(b"abc").itemsize)
print(memoryview(b"abc").cast("b"))
print(len(memoryview(b"abc")))
from array import array; array("b", b"12"); array("b", bytearray(2)); array("b", range(3))
from array import array; array("b", (x for x in [1]))
from array import array; array("i", 3)
from array import array; array("b", [1]).typecode
import math; math.dist, math.hypot
import math; math.comb
import math; math.gcd
import math; math.factorial
import math; math.isclose
import math; math.cbrt
import math; math.lcm
import math; math.trunc
import math; math.copysign, math.degrees, math.fmod, math.frexp, math.ldexp, math.modf
import binascii; binascii.hexlify(b"a", ":")
import heapq; heapq.nlargest
import heapq; heapq.heappushpop
import heapq; heapq.heapify([1]), heapq.heappush, heapq.heappop
""".strip().splitlines()


def idioms() -> list[str]:
    """The programs."""
    return [line.replace("\\n", "\n") for line in IDIOMS]
