# SPDX-License-Identifier: MIT
"""Bodies of viper functions, one a line; ``-> int|`` in front is what the function gives back.

Parameters are p: ptr8, q: int, o, u: uint, b: bool and r: ptr32; _C and _W are constants, G is not.
"""

BODIES = r"""
x: int = q; x += 1
x: int = o; x = q
x: int
x: ptr8 = p; x[0] = 1
x = q + _C
x = q + _W
x = q + G
x = not b
x = not o; x = o
x = not o; x = b
x = b + 1
x = b and q
x = q and b; x = q
x = q and b; x = b
x = q or o; x = o
x = q if b else o; x = o
x = q if b else o; x = q
x = q if b else u; x = u
x = p is None
x = o is None; x = b
x = o in o; x = o
x = o < o; x = o
x = o < o; x = b
x = q is 1
x, y = q, u; x = u
x, y = q, u; x = q
x, y = o; x = o
x, y = o; x = q
x, y, z = q, u, o; z = q
(x := q); x = q
x = (y := q); y = o
for i in range(o): pass
for i in range(len(o)): pass
for i in range(q, o): pass
for i in range(o, o): i = o
for i in range(u): i = q
for i in range(u, q): pass
for i in range(u, u): i = u
for i in range(0, q, 2): i = q
for i in range(0, q, u): i = o
for i in range(0, q, -1): i = q
for i in range(0, q, _C): i = q
for i in o: i = o
for i in o: i = q
for i in p: pass
for i in (1, 2): i = o
x = [q]
x = (q, p)
o[q] = q
o[q] = p
x = o[q]; x = o
p[o] = 1
p[0] = b
p[0] = None
x = p[u]
x = p[b]
x = p[0]; x = q
x = r[0]; x = q
o.x = q
x = o.x; x = o
x = q.x
print(q, u, p, b)
x = o(q); x = o
x = q(o)
x = bool(q); x = b
x = bool(o); x = b
x = object(q)
x = int(b)
x = int(p)
x = ptr8(o)
x = ptr8(None)
x = int(None)
x = int("5")
x = uint(o)
x = int(q, 5)
x = int()
x = y; y = 1
x += 1
del o
del q
if p: pass
if None: pass
if u: pass
while b: b = q > 1
assert q
assert o, q
raise o
raise q
x = f"{q}"
x = lambda: q
x = q < u
x = q == b
x = b == b
x = p == p
x = p + 1
x = p == r
x = q << u
x = u << q; x = u
x = u << q; x = q
x = u + q; x = u
x = q + u; x = q
x = u % 3
x = q // u
x = q @ q
x = q < 3 < u
x = 1 < q < 3
x = 1 < q < 3; x = b
x = q and q < 3
x = -0x40000000; x = q
x = 1 << 30; x = q
x = 0x3fffffff + 1; x = q
x = -b
x = ~u; x = u
x = -o; x = o
x = +q
try: q = 1\n    except: pass
with o: q = 1
with q: pass
with o as z: z = o
import time; x = time.time(); x = o
global G; G = q
def g(): pass
return
return None
return q
return o
return b
-> int| return None
-> int| return
-> int| return b
-> bool| return b
-> bool| return q
-> bool| return q < 1
-> bool| return True
-> object| return q
-> object| return None
-> uint| return q
-> uint| return u
-> ptr8| return p
-> int| return q if b else u
-> int| return u if b else q
-> int| pass
-> None| pass
x = o[:]
x = o[o:o]
x = q in o
x = q == u
x = o == q
x = b & b
x = o[p]
x = q[0]
x = o(*o)
x = o(k=q)
x = o.m(q, k=q)
x = [i for i in o]
x = [i for i in range(q)]
x = {1: q}
x = {q}
x = 3 in (1, 2)
x = q == 1 or q == 2; x = b
x = q == 1 or o; x = b
if q == 1 or o: pass
x = p and q
if not p: pass
x = None; x = o
x = ptr16(p); x = ptr16(int(p) + 2)
x = ptr(o); y = x[0]
x = 5; x = uint(5)
x = uint(0xffffffff)
x = int(0x7fffffff) + q
x = q & int(0xffff)
x = "abc"[0]
x = b"abc"; y = ptr8(b"abc")
x = True; x = b
x = -(1 << 30); x = q
x = -(1 << 31); x = q
x = _C << 4; x = q
x = q; x = True
x = abs(q); x = q
x = max(q, 1); x = o
x = len(o); x = o
o.append(q)
x = 2.5 * q
x = q / 2
x = int(q / 2)
for i in range(10): pass\n    else: q = o
for i in range(q): i = o
for i in range(5): x = i; x = q
for i, j in o: i = j
while True: break
x = int(o) if o else None
x = q; y = x; y = o
try: x = q\n    finally: x = 1
try: q = 1\n    except OSError as e: print(e)
x = q.__class__
x: o = q; x = q
yield q
x = yield
q = o
q = b
q = 5
p = r
p = ptr8(q)
q -= o
q -= b
q //= 2
q /= 2
o += q
o += o
o[0] += q
p[0] += q
p[0] += o
p[q] |= u
r[q] ^= q
x = p[0:2]
x = o[0:2]
x = o[q:2]
a = [0] * 4; a[0] = q
x = 0xffffffff
print(0xffffffff)
x = q & 0xffffffff
x = o & 0xffffffff
p[0] = 0xff
r[0] = 0xffffffff
r[0] = int(0xffffffff)
x = 0xffffffff; x = q
if q > 0xffffffff: pass
if o > 0xffffffff: pass
-> int| return 0xffffffff
-> object| return 0xffffffff
x = 0xff << 24; r[0] = x
if 2.5: pass\n    else: q = o
if 'a' or q[0]: pass
if not 2.5: q = o
if q or True: pass\n    else: q = o
if 1 and 0: q = o
while None: q = o
if _C: pass\n    else: q = o
"""
