"""The allocation-free MicroPython runtime of puffer-edge, in plain bytecode.

Every op is one function of the op's name. It is called once, when the policy is made: it reads its
constants from the blob, and gives back a function without arguments that computes one step between
arrays that exist already. Such a function allocates nothing: it uses small integers only (every
intermediate is proved at export to lie in [-2^30, 2^30 - 1]), no slices, no tuples made on the way.
Its arrays come as one tuple, because the call of a closure over more than five variables allocates.

The same file runs under CPython and MicroPython 1.20 or later.

What the comments ``# range:`` say is proved at export for the weights at hand, for every input;
`puffer-edge check` shows that with it nothing leaves the small integers, and nothing allocates.
"""

import sys
from array import array

try:
    from binascii import crc32
except ImportError:  # a small port
    def crc32(data, crc=0):
        """The CRC of zlib; slow."""
        crc ^= 0xFFFFFFFF
        for byte in data:
            crc ^= byte
            for _ in range(8):
                crc = (crc >> 1) ^ 0xEDB88320 if crc & 1 else crc >> 1
        return crc ^ 0xFFFFFFFF


try:
    from uctypes import addressof
except ImportError:  # nowhere a port with machine code
    addressof = None


VERSION = 1
HEADER = 32
ROUND = tuple([1 << shift >> 1 for shift in range(31)])  # 1 << 30 would be a long integer


class BlobError(ValueError):
    """The weights are damaged, or belong to another policy."""


def beside(module, name):
    """The path of a file in the directory of a module, given the module's own path."""
    slash = max(module.rfind("/"), module.rfind("\\")) + 1
    return module[:slash] + name


class _File:
    """Weights in a file: read straight into the arrays that stay."""

    def __init__(self, file):
        self._file = file

    def piece(self, at, size):
        self._file.seek(at)
        return self._file.read(size)

    def array(self, typecode, at, size):
        data = array(typecode, bytes(size))
        self._file.seek(at)
        self._file.readinto(data)
        return data

    def place(self, at, size):
        return None

    def close(self):
        self._file.close()


class _Bytes:
    """Weights that are in memory already: frozen ones, and files of a ROMFS."""

    def __init__(self, data):
        self._data = memoryview(data)

    def piece(self, at, size):
        return bytes(self._data[at : at + size])

    def array(self, typecode, at, size):
        return array(typecode, self.piece(at, size))

    def place(self, at, size):
        piece = self._data[at : at + size]
        return None if addressof(piece) & 3 else piece

    def close(self):
        pass


def _opened(path):
    file = open(path, "rb")
    try:
        return _Bytes(file)
    except TypeError:  # a file system that does not keep files in memory
        return _File(file)


class Blob:
    """The weights, checked as a whole before any of them is used.

    Args:
        source: a path, or the bytes themselves.
        contract: 16 bytes that say which policy.py the weights belong to.
        native: kernels are machine code, which takes weights where they lie.

    Raises:
        BlobError: they do not, or are damaged, truncated or of another version.
    """

    def __init__(self, source, contract, native=False):
        if sys.byteorder != "little":
            raise BlobError("the weights are for little-endian machines")
        self._source = _opened(source) if isinstance(source, str) else _Bytes(source)
        self._native = native and addressof
        try:
            self._check(contract)
        except BlobError:
            self.close()
            raise

    def _check(self, contract):
        head = self._source.piece(0, HEADER)
        if len(head) != HEADER or head[:4] != b"PEMP":
            raise BlobError("these are not the weights of a puffer-edge policy")
        if head[4] | head[5] << 8 != VERSION:
            raise BlobError("the weights have the format %d, the runtime has %d"
                            % (head[4] | head[5] << 8, VERSION))
        left = int.from_bytes(head[8:12], "little") - HEADER
        crc, at = crc32(head[16:]), HEADER
        while True:
            piece = self._source.piece(at, 256)
            if not piece:
                break
            left -= len(piece)
            at += len(piece)
            crc = crc32(piece, crc)
        if left:
            raise BlobError("the weights are truncated" if left > 0 else
                            "there are bytes behind the weights")
        if crc != int.from_bytes(head[12:16], "little"):
            raise BlobError("the weights are damaged: their CRC32 is wrong")
        if head[16:] != contract:
            raise BlobError("the weights belong to another policy.py")
        self._at = HEADER

    def read(self, typecode, count, align=True):
        """The next constant, as an array.

        Args:
            typecode: b, B, h, i or f.
            count: elements.
            align: more of the same constant does not follow.
        """
        size = {"b": 1, "B": 1, "h": 2, "i": 4, "f": 4}[typecode]
        data = self._source.array(typecode, self._at, count * size)
        self._at += count * size
        if align:
            self._at += -self._at % 4
        return data

    def weights(self, typecode, count):
        """The next constant for a kernel: in place where machine code can read it there."""
        size = count * (2 if typecode == "h" else 1)
        piece = self._source.place(self._at, size) if self._native else None
        if piece is None:
            return self.read(typecode, count)
        self._at += size + -size % 4
        return piece

    def matrix(self, typecode, rows, columns):
        """The next constant, a matrix: four quarters and the rows that are left over."""
        size = rows // 4
        parts = [self.read(typecode, size * columns, False) for _ in range(4)]
        return size, tuple(parts), self.read(typecode, rows % 4 * columns)

    def close(self):
        """Closes the file."""
        self._source.close()


class Policy:
    """A policy with all its memory; policy.py has the subclass that fills it.

    Attributes:
        observation: array to write integers into before step().
        action: array to read after step(): one choice per head, or the raw mean in integers.
        outputs: raw outputs by name, arrays of integers.
    """

    # puffer-edge: no-alloc
    def step(self):
        """One step from self.observation to self.action. Allocates nothing."""
        for op in self._ops:
            op()  # noqa: PE420 one of the functions step() below, each of them checked

    def step_float(self, observation):
        """One step from a sequence of floats. Allocates where floats are boxed.

        Raises:
            ValueError: a number is NaN or infinite; nothing has changed then.
        """
        self._quantize(observation)
        for op in self._after:
            op()

    # puffer-edge: no-alloc
    def reset(self):
        """Forgets everything. Allocates nothing."""
        for k in range(len(self._states)):
            state, initial = self._states[k], self._initial[k]
            for i in range(len(state)):
                state[i] = initial[i] if initial else 0


class MaskedPolicy(Policy):
    """A policy with a mask: some of the observation says which choices may be taken."""

    # puffer-edge: no-alloc
    def step(self):
        """One step: 0, or NO_CHOICE and no step where a head's mask forbids everything."""
        if not choice_left(self.observation, self._mask):
            return NO_CHOICE
        for op in self._ops:
            op()  # noqa: PE420 one of the functions step() below, each of them checked
        return 0

    def step_float(self, observation):
        """One step from a sequence of floats. Allocates where floats are boxed.

        Raises:
            ValueError: a number is NaN or infinite, or a head's mask forbids everything; nothing
                has changed then.
        """
        self._quantize(observation)
        self._take_mask(observation)
        for op in self._after:
            op()


NO_CHOICE = 4
"""What step() gives where a head's mask forbids everything."""


# range: start in [0, 2**16]
# range: size in [1, 2**14]
# range: k in [0, 2**16]
def choice_left(observation, mask):
    """Whether every head has a choice that may be taken.

    Args:
        observation: integers, or floats.
        mask: first element, choices per head, whether 1 forbids, and for each element from what on
            it counts as 1.
    """
    start, sizes, forbids, limits = mask
    k = 0
    for size in sizes:
        left = False
        for i in range(k, k + size):
            if (observation[start + i] >= limits[i]) != forbids:
                left = True
        if not left:
            return False
        k += size
    return True


def take_mask(mask, y):
    """Gives a function that reads the mask of a sequence of floats.

    Args:
        mask: see choice_left.
        y: where to write 0 or 1 for each choice; None for nowhere.
    """
    start, sizes, forbids, limits = mask
    flags = [0] * len(limits)
    cell, given = array("f", [0]), (0, sizes, forbids, [1] * len(limits))

    def step(observation):
        for i in range(len(flags)):
            cell[0] = observation[start + i]
            flags[i] = 1 if cell[0] >= 0.5 else 0
        if not choice_left(flags, given):
            raise ValueError("the mask forbids every choice of a head")
        for i in range(len(flags) if y else 0):
            y[i] = flags[i]

    return step


def action_float(blob, action, squash, rescale, bounded):
    """Gives a function that writes a continuous action as float32 into an array of floats.

    Every operation is rounded to float32, but tanh is the math module's, so its last bits are the
    port's. Allocates where floats are boxed.

    Args:
        blob: has scale and offset (real = integer * scale + offset), then half and middle of the
            range where rescaled, then the bounds where there are any.
        action: integers.
        squash: apply tanh.
        rescale: multiply by half, add middle.
        bounded: clip to low and high.
    """
    size, cell, meaning = len(action), array("f", [0]), blob.read("f", 2)
    half, middle = [blob.read("f", size if rescale else 0) for _ in range(2)]
    low, high = [blob.read("f", size if bounded else 0) for _ in range(2)]

    def write(into):
        for i in range(size):
            cell[0] = action[i] * meaning[0]
            cell[0] = cell[0] + meaning[1]
            if squash:
                import math

                cell[0] = math.tanh(cell[0])
            if rescale:
                cell[0] = cell[0] * half[i]
                cell[0] = cell[0] + middle[i]
            if bounded:
                clip(cell, low[i], high[i])
            into[i] = cell[0]

    return write


# Ways in.


# range: x[...] in [-32768, 32767]
# range: multiplier[...] in [-32767, 32767]
# range: x[i] * multiplier[k] + bias[k] in [-2**30, 2**30 - 1]
def rescale(blob, x, y, alike):
    """Computes y = clamp((x * multiplier + bias) >> shift, low, high), feature by feature."""
    count = 1 if alike else len(x)
    multiplier, bias = blob.read("h", count), blob.read("i", count)
    shift, low, high = blob.read("B", count), blob.read("h", count), blob.read("h", count)
    operands = (x, y, alike, multiplier, bias, shift, low, high)

    # puffer-edge: no-alloc
    def step():
        x, y, alike, multiplier, bias, shift, low, high = operands
        k = 0
        for i in range(len(x)):
            v = (x[i] * multiplier[k] + bias[k]) >> shift[k]
            if v < low[k]:
                v = low[k]
            y[i] = high[k] if v > high[k] else v
            if not alike:
                k += 1

    return step


def quantize(blob, y, stages, low, high, start=0, total=0):
    """Computes y = floor(clamp(x) + 1/2) after affine stages and clips, each rounded to float32.

    Args:
        blob: has scale and offset of every affine stage, for every feature, and the two bounds of
            every clip.
        y: integers.
        stages: of each, whether it is affine.
        low: of y.
        high: of y.
        start: element of the observation that y begins with.
        total: elements of the observation; as many as y has by default.
    """
    size, total = len(y), total or len(y)
    steps = [(blob.read("f", size if affine else 1), blob.read("f", size if affine else 1))
             for affine in stages]
    cell = array("f", [0])

    def step(observation):
        if len(observation) != total:
            raise ValueError("the observation has %d numbers, not %d" % (len(observation), total))
        for value in observation:
            cell[0] = value
            if cell[0] - cell[0] != 0:
                raise ValueError("the observation holds NaN or infinite values")
        for i in range(size):
            cell[0] = observation[start + i]
            for k in range(len(steps)):
                first, second = steps[k]
                if stages[k]:
                    cell[0] = cell[0] * first[i]
                    cell[0] = cell[0] + second[i]
                else:
                    clip(cell, first[0], second[0])
            clip(cell, low, high)
            cell[0] = cell[0] + 32768.5
            y[i] = int(cell[0]) - 32768

    return step


def clip(cell, low, high):
    """The number in a cell, between bounds; NaN gives low."""
    if not cell[0] > low:
        cell[0] = low
    if not cell[0] < high:
        cell[0] = high


# Layers.


# range: size in [0, 2**16]
# range: p in [0, 2**28]
# range: x[...] in [-32768, 32767]
# range: w0[...] in [-32767, 32767]
# range: w1[...] in [-32767, 32767]
# range: w2[...] in [-32767, 32767]
# range: w3[...] in [-32767, 32767]
# range: rest[...] in [-32767, 32767]
# range: a in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: b in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: c in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: d in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
def multiply(matrix, bias, x, sums):
    """Computes sums = bias + matrix x. The four quarters share every x, the index, and the loop."""
    size, quarters, rest = matrix
    w0, w1, w2, w3 = quarters
    second, third, fourth = size, size + size, size + size + size
    p = 0
    for r in range(size):
        a = bias[r]
        b = bias[r + second]
        c = bias[r + third]
        d = bias[r + fourth]
        for v in x:
            a += w0[p] * v
            b += w1[p] * v
            c += w2[p] * v
            d += w3[p] * v
            p += 1
        sums[r] = a
        sums[r + second] = b
        sums[r + third] = c
        sums[r + fourth] = d
    p = 0
    for r in range(size * 4, len(sums)):
        a = bias[r]
        for v in x:
            a += rest[p] * v
            p += 1
        sums[r] = a


# range: s in [0, 15]
# range: t in [1, 30]
# range: sums[r] in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: (sums[r] + ROUND[s] >> s) * multiplier[r] in [-(2**30), 2**30 - 1]
# range: (sums[r] + ROUND[s] >> s) * multiplier[r] + ROUND[t] in [-(2**30), 2**30 - 1]
def requantize(sums, multiplier, shifts, r):
    """(((acc + r1) >> s1) * m + r2) >> s2 of one row."""
    s = shifts[r + r]
    t = shifts[r + r + 1]
    return (((sums[r] + ROUND[s]) >> s) * multiplier[r] + ROUND[t]) >> t


def _views(x, columns):
    """The rows of a matrix; the array itself where there is one."""
    if len(x) == columns:
        return (x,)
    return tuple([memoryview(x)[i : i + columns] for i in range(0, len(x), columns)])


# range: rows in [0, 2**16]
# range: zero_point in [-32768, 32767]
# range: s in [0, 15]
# range: t in [1, 30]
# range: sums[r] in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: (sums[r] + ROUND[s] >> s) * multiplier[r] in [-(2**30), 2**30 - 1]
# range: (sums[r] + ROUND[s] >> s) * multiplier[r] + ROUND[t] in [-(2**30), 2**30 - 1]
def gemm_integer(blob, x, y, weights, rows, columns, zero_point, low, high):
    """Computes y = clamp(requantize(bias + weight x) + zero_point)."""
    matrix = blob.matrix(weights, rows, columns)
    bias, multiplier = blob.read("i", rows), blob.read("h", rows)
    shifts = blob.read("B", 2 * rows)
    sums = array("i", bytes(4 * rows))
    operands = (_views(x, columns), _views(y, rows), matrix, bias, multiplier, shifts, sums, rows,
                zero_point, low, high)

    # puffer-edge: no-alloc
    def step():
        (inputs, outputs, matrix, bias, multiplier, shifts, sums, rows, zero_point, low,
         high) = operands
        for i in range(len(inputs)):
            multiply(matrix, bias, inputs[i], sums)
            out = outputs[i]
            for r in range(rows):
                s = shifts[r + r]
                t = shifts[r + r + 1]
                v = ((((sums[r] + ROUND[s]) >> s) * multiplier[r] + ROUND[t]) >> t) + zero_point
                if v < low:
                    v = low
                out[r] = high if v > high else v

    return step


def gemm_kernel(blob, x, y, weights, count, rows, columns, mac, requantize):
    """The same as gemm_integer, by two kernels of policy_kernels.py."""
    weight = blob.weights(weights, count)
    sums, factors = blob.read("i", 2 * rows), blob.read("i", rows + 3)
    operands = (_views(x, columns), _views(y, rows), weight, sums, factors, rows << 16 | columns,
                rows, mac, requantize)

    # puffer-edge: no-alloc
    def step():
        inputs, outputs, weight, sums, factors, shape, rows, mac, requantize = operands
        for i in range(len(inputs)):
            mac(weight, inputs[i], sums, shape)  # noqa: PE420 machine code on small integers
            requantize(sums, factors, outputs[i], rows)  # noqa: PE420 the same

    return step


# range: out_height * out_width in [1, 2**28]
# range: area * rows in [1, 2**28]
# range: at in [0, 2**28]
# range: row in [0, 2**28]
# range: start in [0, 2**28]
# range: first in [0, 2**28]
# range: pixel in [0, 2**28]
# range: place in [0, 2**28]
# range: tap in [0, 2**28]
# range: k in [0, 2**16]
# range: zero_point in [-32768, 32767]
# range: s in [0, 15]
# range: t in [1, 30]
# range: sums[r] in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: (sums[r] + ROUND[s] >> s) * multiplier[k] in [-(2**30), 2**30 - 1]
# range: (sums[r] + ROUND[s] >> s) * multiplier[k] + ROUND[t] in [-(2**30), 2**30 - 1]
def conv_integer(blob, x, y, patch, weights, groups, rows, taps, steps, zero_point, low, high,
                 mac=None):
    """Computes y = clamp(requantize(bias + weight * x) + zero_point), pixel by pixel.

    Every group has a matrix with a column for each tap. What a pixel sees lies in x, which has its
    padding already, at the same distances from the first of it; these are in taps. In steps are
    height and width of y, and how far it is in x to the next row, pixel and group.
    """
    parts = []
    for _ in range(groups):
        matrix = _weights(blob, weights, rows, len(taps), mac)
        parts.append(_product(matrix, blob.read("i", rows), patch, mac))
    multiplier, shifts = blob.read("h", groups * rows), blob.read("B", 2 * groups * rows)
    operands = (x, y, patch, tuple(parts), rows, multiplier, shifts, taps, steps, zero_point, low,
                high)

    # puffer-edge: no-alloc
    def step():
        (x, y, patch, parts, rows, multiplier, shifts, taps, steps, zero_point, low,
         high) = operands
        out_height, out_width, down, across, deep = steps
        area = out_height * out_width
        k = start = first = 0
        for part in parts:
            sums, product = part
            pixel = first
            row = start
            for _ in range(out_height):
                at = row
                for _ in range(out_width):
                    p = -1
                    for tap in taps:
                        p += 1
                        patch[p] = x[at + tap]
                    product()  # noqa: PE420 the function of _product above
                    place = pixel
                    for r in range(rows):
                        s = shifts[k + k]
                        t = shifts[k + k + 1]
                        v = ((((sums[r] + ROUND[s]) >> s) * multiplier[k] + ROUND[t]) >> t)
                        v += zero_point
                        if v < low:
                            v = low
                        y[place] = high if v > high else v
                        place += area
                        k += 1
                    k -= rows
                    pixel += 1
                    at += across
                row += down
            k += rows
            first += area * rows
            start += deep

    return step


def _with_bias(bias):
    """Room for sums, and behind it the biases, as kernels take them."""
    sums = array("i", bytes(4 * len(bias)))
    sums.extend(bias)
    return sums


def _weights(blob, typecode, rows, columns, mac):
    """A matrix, as multiply or as a kernel takes it."""
    if mac is None:
        return blob.matrix(typecode, rows, columns)
    return blob.weights(typecode, rows * columns)


def _product(matrix, bias, x, mac):
    """The sums, and a function that computes them."""
    if mac is None:
        sums = array("i", bytes(4 * len(bias)))
        operands = (matrix, bias, x, sums)

        # puffer-edge: no-alloc
        def step():
            matrix, bias, x, sums = operands
            multiply(matrix, bias, x, sums)
    else:
        sums = _with_bias(bias)
        shape = len(bias) << 16 | len(x)

        # puffer-edge: no-alloc
        def step():
            mac(matrix, x, sums, shape)  # noqa: PE420 machine code on small integers

    return sums, step


# range: table[...] in [0, 16384]
# range: y in [0, 16384]
def tanh(table, x):
    """Looks up 2^14 times the tanh of x / 2^12, in 257 entries over [0, 8)."""
    size = -x if x < 0 else x
    if size > 32767:
        size = 32767
    i = size >> 7
    start = table[i]
    y = start + (((table[i + 1] - start) * (size & 127) + 64) >> 7)
    return -y if x < 0 else y


def sigmoid(table, x):
    """Looks up 2^15 times the sigmoid of x / 2^11, at most 2^15 - 1."""
    y = 16384 + tanh(table, x)
    return 32767 if y > 32767 else y


def clamp16(x):
    """The nearest integer of 16 bits."""
    if x < -32768:
        return -32768
    return 32767 if x > 32767 else x


def gate(gates, r):
    """The two sums of a row, requantised apart, added, and clamped to 16 bits."""
    sums, multiplier, shifts, sums_h, multiplier_h, shifts_h = gates
    return clamp16(requantize(sums, multiplier, shifts, r)
                   + requantize(sums_h, multiplier_h, shifts_h, r))


# range: c[...] in [-32768, 32767]
# range: cell_bits in [0, 14]
# range: zero_point in [-32768, 32767]
# range: t in [1, 30]
# range: (v + ROUND[s] >> s) * m in [-(2**30), 2**30 - 1]
# range: (v + ROUND[s] >> s) * m + ROUND[t] in [-(2**30), 2**30 - 1]
def lstm_cell_integer(blob, x, h, c, y_h, y_c, weights, cell_bits, zero_point, low, high,
                      mac=None, mac_h=None):
    """One step of an LSTM; gates i, f, g, o."""
    size, columns = len(h), len(x)
    over_x = _weights(blob, weights, 4 * size, columns, mac)
    over_h = _weights(blob, weights, 4 * size, size, mac_h)
    bias, bias_h = blob.read("i", 4 * size), blob.read("i", 4 * size)
    multiplier, shifts = blob.read("h", 4 * size), blob.read("B", 8 * size)
    multiplier_h, shifts_h = blob.read("h", 4 * size), blob.read("B", 8 * size)
    table, output = blob.read("h", 257), blob.read("i", 3)
    sums, inner = _product(over_x, bias, x, mac)
    sums_h, outer = _product(over_h, bias_h, h, mac_h)
    gates = (sums, multiplier, shifts, sums_h, multiplier_h, shifts_h)
    operands = (c, y_h, y_c, table, output, gates, cell_bits, zero_point, low, high)

    # puffer-edge: no-alloc
    def step():
        inner()  # noqa: PE420 a function step() of _product, which is checked
        outer()  # noqa: PE420 the same
        c, y_h, y_c, table, output, gates, cell_bits, zero_point, low, high = operands
        size = len(c)
        squash = cell_bits - 12
        added = 29 - cell_bits
        half = 1 << (28 - cell_bits)
        m = output[0]
        s = output[1]
        t = output[2]
        for j in range(size):
            i = sigmoid(table, gate(gates, j))
            f = sigmoid(table, gate(gates, j + size))
            g = tanh(table, gate(gates, j + size + size))
            o = sigmoid(table, gate(gates, j + size + size + size))
            v = clamp16(((f * c[j] + 16384) >> 15) + ((i * g + half) >> added))
            y_c[j] = v
            v = (v + (1 << squash >> 1)) >> squash if squash >= 0 else v << -squash
            v = o * tanh(table, clamp16(v))
            v = ((((v + ROUND[s]) >> s) * m + ROUND[t]) >> t) + zero_point
            if v < low:
                v = low
            y_h[j] = high if v > high else v

    return step


# range: memory[...] in [-32768, 32767]
# range: reset_bits in [0, 12]
# range: zero_point in [-32768, 32767]
# range: t in [1, 30]
# range: z * memory[j] + (32768 - z) * v in [-(2**30) + 2**14, 2**30 - 1 - 2**14]
# range: (v + ROUND[s] >> s) * m in [-(2**30), 2**30 - 1]
# range: (v + ROUND[s] >> s) * m + ROUND[t] in [-(2**30), 2**30 - 1]
def gru_cell_integer(blob, x, h, memory, y, y_memory, weights, reset_bits, zero_point, low, high,
                     mac=None, mac_h=None):
    """One step of a GRU; gates r, z, n."""
    size, columns = len(h), len(x)
    over_x = _weights(blob, weights, 3 * size, columns, mac)
    over_h = _weights(blob, weights, 3 * size, size, mac_h)
    bias, bias_h = blob.read("i", 3 * size), blob.read("i", 3 * size)
    multiplier, shifts = blob.read("h", 3 * size), blob.read("B", 6 * size)
    multiplier_h, shifts_h = blob.read("h", 3 * size), blob.read("B", 6 * size)
    table, output = blob.read("h", 257), blob.read("i", 3)
    sums, inner = _product(over_x, bias, x, mac)
    sums_h, outer = _product(over_h, bias_h, h, mac_h)
    gates = (sums, multiplier, shifts, sums_h, multiplier_h, shifts_h)
    operands = (memory, y, y_memory, table, output, gates, reset_bits, zero_point, low, high)

    # puffer-edge: no-alloc
    def step():
        inner()  # noqa: PE420 a function step() of _product, which is checked
        outer()  # noqa: PE420 the same
        memory, y, y_memory, table, output, gates, reset_bits, zero_point, low, high = operands
        sums, multiplier, shifts, sums_h, multiplier_h, shifts_h = gates
        size = len(memory)
        gated = reset_bits + 3
        half = 1 << (reset_bits + 2)
        m = output[0]
        s = output[1]
        t = output[2]
        for j in range(size):
            k = j + size
            z = sigmoid(table, gate(gates, k))
            k += size
            v = clamp16(requantize(sums_h, multiplier_h, shifts_h, k))
            v = (sigmoid(table, gate(gates, j)) * v + half) >> gated
            v = tanh(table, clamp16(requantize(sums, multiplier, shifts, k) + v))
            v = (z * memory[j] + (32768 - z) * v + 16384) >> 15
            y_memory[j] = v
            v = ((((v + ROUND[s]) >> s) * m + ROUND[t]) >> t) + zero_point
            if v < low:
                v = low
            y[j] = high if v > high else v

    return step


# range: x[...] in [-32768, 32767]
# range: values[...] in [-32768, 32767]
# range: low in [-32768, 32767]
# range: bits in [0, 8]
def table(blob, x, y, entries, low, bits):
    """Computes y = entries[(x - low) >> bits], and a straight line to the next where bits > 0."""
    values = blob.read("h", entries)
    operands = (x, y, values, low, bits, (1 << bits) - 1, 1 << bits >> 1)

    # puffer-edge: no-alloc
    def step():
        x, y, values, low, bits, mask, half = operands
        for i in range(len(x)):
            p = x[i] - low
            k = p >> bits
            v = values[k]
            if bits:
                v += ((values[k + 1] - v) * (p & mask) + half) >> bits
            y[i] = v

    return step


# range: h[...] in [-32767, 32767]
# range: bits in [0, 14]
# range: zero_point in [-32768, 32767]
# range: t in [1, 30]
# range: x[j] * factor[0] in [-(2**30), 2**30 - 1]
# range: x[j] * factor[0] + factor[1] in [-(2**30), 2**30 - 1]
# range: g * v + (32768 - g) * h[j] in [-(2**30) + 2**14, 2**30 - 1 - 2**14]
# range: g * v + (32768 - g) * a in [-(2**30) + 2**14, 2**30 - 1 - 2**14]
# range: (v + ROUND[s] >> s) * m in [-(2**30), 2**30 - 1]
# range: (v + ROUND[s] >> s) * m + ROUND[t] in [-(2**30), 2**30 - 1]
def min_gru_cell_integer(blob, x, h, y, y_h, weights, bits, zero_point, low, high, mac=None):
    """One step of a MinGRU with its highway; rows a, g, p."""
    size = len(h)
    matrix = _weights(blob, weights, 3 * size, size, mac)
    bias = blob.read("i", 3 * size)
    multiplier, shifts = blob.read("h", 3 * size), blob.read("B", 6 * size)
    table, factor, output = blob.read("h", 257), blob.read("i", 3), blob.read("i", 3)
    sums, product = _product(matrix, bias, x, mac)
    operands = (x, h, y, y_h, sums, multiplier, shifts, table, factor, output, bits, zero_point,
                low, high)

    # puffer-edge: no-alloc
    def step():
        product()  # noqa: PE420 a function step() of _product, which is checked
        (x, h, y, y_h, sums, multiplier, shifts, table, factor, output, bits, zero_point, low,
         high) = operands
        size = len(h)
        to_state = 11 - bits if bits < 11 else 0
        to_gate = bits - 11 if bits > 11 else 0
        m = output[0]
        s = output[1]
        t = output[2]
        for j in range(size):
            a = requantize(sums, multiplier, shifts, j)
            v = 0
            if a > 0:
                v = (a + (1 << to_state >> 1)) >> to_state
                a = 0
            a = clamp16((a + (1 << to_gate >> 1)) >> to_gate)
            v += (sigmoid(table, a) + (1 << (14 - bits))) >> (15 - bits)
            if v > 32767:
                v = 32767
            g = sigmoid(table, clamp16(requantize(sums, multiplier, shifts, j + size)))
            v = (g * v + (32768 - g) * h[j] + 16384) >> 15
            y_h[j] = v
            g = sigmoid(table, clamp16(requantize(sums, multiplier, shifts, j + size + size)))
            a = (x[j] * factor[0] + factor[1]) >> factor[2]
            a = 32767 if a > 32767 else -32767 if a < -32767 else a
            v = (g * v + (32768 - g) * a + 16384) >> 15
            v = ((((v + ROUND[s]) >> s) * m + ROUND[t]) >> t) + zero_point
            if v < low:
                v = low
            y[j] = high if v > high else v

    return step


# range: x[...] in [-32768, 32767]
# range: total in [-(2**29) - 2**14, 2**29 + 2**14]
# range: near in [-32800, 32800]
# range: count in [1, 2**14]
# range: zero_point in [-32768, 32767]
# range: bits in [0, 14]
# range: middle in [-65536, 65536]
# range: start in [0, 2**28]
# range: coarse in [0, 12]
# range: squares in [0, 2**30 - 1]
# range: squares << left + left in [2**28, 2**30 - 1]
# range: root in [2**14, 2**15 - 1]
# range: table[...] in [0, 32767]
# range: v in [-(2**14), 2**14]
# range: total + ROUND[first] in [-(2**30), 2**30 - 1]
# range: ((total + ROUND[first]) >> first) * multiplier in [-(2**30), 2**30 - 1]
# range: ((total + ROUND[first]) >> first) * multiplier + ROUND[second] in [-(2**30), 2**30 - 1]
def layer_normalization_integer(blob, x, y, count, zero_point, bits, shift, mean):
    """Computes y = (x - mean) / sqrt(variance + epsilon), row by row.

    Deviations are shifted so that their squares stay in 31 bits; the reciprocal root is a table.
    """
    epsilon, table = blob.read("i", 13), blob.read("h", 193)
    operands = (x, y, count, zero_point, bits, shift, mean, epsilon, table, len(x) // count)

    # puffer-edge: no-alloc
    def step():
        x, y, count, zero_point, bits, shift, mean, epsilon, table, rows = operands
        multiplier, first, second = mean
        start = 0
        for _ in range(rows):
            total = 0
            for i in range(count):
                total += x[start + i] - zero_point
            near = (((total + ROUND[first]) >> first) * multiplier + ROUND[second]) >> second
            total -= count * near
            middle = (((total + ROUND[first]) >> first) * multiplier + ROUND[second]) >> second
            middle += near + zero_point
            seen = 0
            for i in range(count):
                d = x[start + i] - middle
                seen |= d ^ (d >> 30)
            used = bit_length(seen)
            coarse = used - bits if used - bits > shift else shift
            fine = used - 14 if used > 14 else 0
            squares = 0
            for i in range(count):
                d = x[start + i] - middle
                v = (d + ROUND[coarse]) >> coarse
                squares += v * v
            squares += epsilon[coarse]
            if squares == 0:
                squares = 1
            left = (30 - bit_length(squares)) >> 1
            place = (squares << left + left) - 268435456
            j = place >> 22
            root = table[j] - (((table[j] - table[j + 1]) * ((place >> 8) & 16383) + 8192) >> 14)
            last = 14 + coarse - fine - left
            for i in range(count):
                d = x[start + i] - middle
                v = (d + ROUND[fine]) >> fine
                v = (v * root + ROUND[last]) >> last
                y[start + i] = clamp16(v)
            start += count

    return step


# range: x[...] in [-32768, 32767]
# range: count in [1, 2**14]
# range: zero_point in [-32768, 32767]
# range: bits in [0, 14]
# range: start in [0, 2**28]
# range: coarse in [0, 12]
# range: squares in [0, 2**30 - 1]
# range: v in [-(2**14), 2**14]
# range: root in [2**14, 2**15 - 1]
def l2_normalization_integer(blob, x, y, count, zero_point, bits, shift):
    """Computes y = x / max(floor, sqrt(sum of squares + added)), row by row, 1 as 2^15.

    Numbers are shifted so that their squares stay in 31 bits; the reciprocal root is a table.
    """
    added, floor, table = blob.read("i", 13), blob.read("i", 13), blob.read("h", 193)
    operands = (x, y, count, zero_point, bits, shift, added, floor, table, len(x) // count)

    # puffer-edge: no-alloc
    def step():
        x, y, count, zero_point, bits, shift, added, floor, table, rows = operands
        start = 0
        for _ in range(rows):
            seen = 0
            for i in range(count):
                d = x[start + i] - zero_point
                seen |= d ^ (d >> 30)
            used = bit_length(seen)
            coarse = used - bits if used - bits > shift else shift
            fine = used - 14 if used > 14 else 0
            squares = 0
            for i in range(count):
                d = x[start + i] - zero_point
                v = (d + ROUND[coarse]) >> coarse
                squares += v * v
            squares += added[coarse]
            if squares < floor[coarse]:
                squares = floor[coarse]
            left = (30 - bit_length(squares)) >> 1
            root = reciprocal_root(table, squares, left)
            last = 14 + coarse - fine - left
            for i in range(count):
                d = x[start + i] - zero_point
                v = (d + ROUND[fine]) >> fine
                v = (v * root + ROUND[last]) >> last
                y[start + i] = clamp16(v)
            start += count

    return step


# range: squares << left + left in [2**28, 2**30 - 1]
# range: table[...] in [0, 32767]
def reciprocal_root(table, squares, left):
    """2^29 / sqrt(squares << 2 left), which lies between 2^28 and 2^30, by straight lines."""
    place = (squares << left + left) - 268435456
    j = place >> 22
    return table[j] - (((table[j] - table[j + 1]) * ((place >> 8) & 16383) + 8192) >> 14)


# range: x[...] in [-32768, 32767]
# range: reciprocals[...] in [2**13, 2**14]
# range: at in [0, 2**28]
# range: total in [0, 2**30 - 1]
# range: (largest - x[at]) * multiplier in [0, 2**30 - 1]
# range: total << left in [2**29, 2**30 - 1]
# range: y[at] * factor in [0, 2**29]
# range: y[at] * factor + ROUND[28 - left] in [0, 2**30 - 1]
def softmax_integer(blob, x, y, outer, size, inner, multiplier, shift):
    """Computes shares of 2^15 of exp(x) along the middle axis; distances count 4096ths."""
    powers, reciprocals = blob.read("h", 77), blob.read("h", 129)
    # Where in its block of [size, inner] a row begins, counted over all blocks.
    starts = array("i", [block * size * inner + column for block in range(outer)
                         for column in range(inner)])
    operands = (x, y, starts, size, inner, multiplier, shift, powers, reciprocals)

    # puffer-edge: no-alloc
    def step():
        x, y, starts, size, inner, multiplier, shift, powers, reciprocals = operands
        for k in range(len(starts)):
            first = starts[k]
            largest = x[first]
            at = first
            for _ in range(size):
                if x[at] > largest:
                    largest = x[at]
                at += inner
            total = 0
            at = first
            for _ in range(size):
                v = softmax_power(powers, (largest - x[at]) * multiplier >> shift)
                y[at] = v
                total += v
                at += inner
            left = 30 - bit_length(total)
            v = (total << left) - 536870912
            j = v >> 22
            v = (reciprocals[j] - reciprocals[j + 1]) * ((v >> 8) & 16383)
            factor = reciprocals[j] - ((v + 8192) >> 14)
            at = first
            for _ in range(size):
                v = (y[at] * factor + ROUND[28 - left]) >> 28 - left
                y[at] = v if v < 32767 else 32767
                at += inner

    return step


# range: powers[...] in [0, 32767]
# range: part in [0, 32767]
def softmax_power(powers, x):
    """2^15 exp(-x / 4096), 0 from 12 on."""
    if x >= 49152:
        x = 49151
    j = 12 + ((x >> 6) & 63)
    part = powers[j] - (((powers[j] - powers[j + 1]) * (x & 63) + 32) >> 6)
    return (powers[x >> 12] * part + 16384) >> 15


# range: zero_point in [-32768, 32767]
# range: s in [0, 15]
# range: t in [1, 30]
# range: columns in [0, 2**28]
# range: start in [0, 2**28]
# range: starts[...] in [0, 2**28]
# range: place in [0, 2**28]
# range: p in [0, 2**28]
# range: q in [0, 2**28]
# range: a[p] * factors[0] in [-(2**30), 2**30 - 1]
# range: a[p] * factors[0] + factors[1] in [-(2**30), 2**30 - 1]
# range: b[q] * factors[3] in [-(2**30), 2**30 - 1]
# range: b[q] * factors[3] + factors[4] in [-(2**30), 2**30 - 1]
# range: u * v in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: total in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: (total + ROUND[s] >> s) * m in [-(2**30), 2**30 - 1]
# range: (total + ROUND[s] >> s) * m + ROUND[t] in [-(2**30), 2**30 - 1]
def matmul_integer(blob, a, b, y, rows, count, columns, zero_point, low, high):
    """Computes the sums of products of rows of a with columns of b, one matrix after the other."""
    factors, output = blob.read("i", 6), blob.read("i", 3)
    # Where in b the matrix begins that every row of a takes.
    starts = array("i", [i // rows * count * columns for i in range(len(a) // count)])
    operands = (a, b, y, starts, count, columns, factors, output, zero_point, low, high)

    # puffer-edge: no-alloc
    def step():
        a, b, y, starts, count, columns, factors, output, zero_point, low, high = operands
        m = output[0]
        s = output[1]
        t = output[2]
        start = 0
        place = 0
        for i in range(len(starts)):
            for column in range(columns):
                p = start
                q = starts[i] + column
                total = 0
                for _ in range(count):
                    u = (a[p] * factors[0] + factors[1]) >> factors[2]
                    v = (b[q] * factors[3] + factors[4]) >> factors[5]
                    total += u * v
                    p += 1
                    q += columns
                v = ((((total + ROUND[s]) >> s) * m + ROUND[t]) >> t) + zero_point
                if v < low:
                    v = low
                y[place] = high if v > high else v
                place += 1
            start += count

    return step


# puffer-edge: no-alloc
# range: bits in [0, 29]
def bit_length(x):
    """Bits of a number that is not negative."""
    bits = 0
    while x:
        x >>= 1
        bits += 1
    return bits


# range: zero_point in [-32768, 32767]
# range: s in [0, 15]
# range: t in [1, 30]
# range: a[k] * factors[0] in [-(2**30), 2**30 - 1]
# range: a[k] * factors[0] + factors[1] in [-(2**30), 2**30 - 1]
# range: b[k] * factors[3] in [-(2**30), 2**30 - 1]
# range: b[k] * factors[3] + factors[4] in [-(2**30), 2**30 - 1]
# range: v in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: v + u in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: v * u in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: (v + ROUND[s] >> s) * m in [-(2**30), 2**30 - 1]
# range: (v + ROUND[s] >> s) * m + ROUND[t] in [-(2**30), 2**30 - 1]
def binary_integer(blob, a, b, y, function, a_map, b_map, zero_point, low, high):
    """Adds (0), multiplies (1), or takes the smaller (2) or larger (3) of two numbers.

    The maps say which elements meet, None that all do in their order.
    """
    factors, output = blob.read("i", 6), blob.read("i", 3)
    operands = (a, b, y, function, a_map, b_map, factors, output, zero_point, low, high)

    # puffer-edge: no-alloc
    def step():
        a, b, y, function, a_map, b_map, factors, output, zero_point, low, high = operands
        m = output[0]
        s = output[1]
        t = output[2]
        for i in range(len(y)):
            k = a_map[i] if a_map else i
            u = (a[k] * factors[0] + factors[1]) >> factors[2]
            k = b_map[i] if b_map else i
            v = (b[k] * factors[3] + factors[4]) >> factors[5]
            if function == 0:
                v = v + u
            elif function == 1:
                v = v * u
            elif function == 2:
                if u < v:
                    v = u
            elif u > v:
                v = u
            v = ((((v + ROUND[s]) >> s) * m + ROUND[t]) >> t) + zero_point
            if v < low:
                v = low
            y[i] = high if v > high else v

    return step


# range: p in [0, 2**28]
# range: q in [0, 2**28]
def move(x, y, starts, places, length, across, along, filler=None):
    """Copies rows of numbers, of one length and with even steps in x and in y; fills the rest."""
    operands = (x, y, starts, places, length, across, along, filler)

    # puffer-edge: no-alloc
    def step():
        x, y, starts, places, length, across, along, filler = operands
        if filler is not None:
            for i in range(len(y)):
                y[i] = filler
        for r in range(len(starts)):
            p = starts[r]
            q = places[r]
            for _ in range(length):
                y[q] = x[p]
                p += across
                q += along

    return step


# range: p in [0, 2**28]
def one_hot(x, y, classes, one):
    """A row of zeros for every number in x, and one in the place that it tells."""
    operands = (x, y, classes, one)

    # puffer-edge: no-alloc
    def step():
        x, y, classes, one = operands
        p = 0
        for i in range(len(x)):
            for k in range(classes):
                y[p] = one if x[i] == k else 0
                p += 1

    return step


# Ways out.


def flags(x, y, limits):
    """Computes y = x >= limit, 0 or 1; limits of all elements, or one."""

    # puffer-edge: no-alloc
    def step():
        k = 0
        for i in range(len(y)):
            y[i] = 1 if x[i] >= limits[k] else 0
            if len(limits) > 1:
                k += 1

    return step


# range: lowest in [-32768, -128]
def mask(x, flags, y, forbids, lowest):
    """Copies x to y, but for the lowest integer where a choice is forbidden, and only there."""
    operands = (x, flags, y, forbids, lowest)

    # puffer-edge: no-alloc
    def step():
        x, flags, y, forbids, lowest = operands
        for i in range(len(y)):
            if (flags[i] >= 1) == forbids:
                y[i] = lowest
            else:
                y[i] = x[i] if x[i] > lowest else lowest + 1

    return step


# range: sizes[...] in [1, 2**14]
# range: start in [0, 2**16]
def argmax(x, sizes, action):
    """The index of the largest of every head, the lowest of equals."""

    # puffer-edge: no-alloc
    def step():
        start = 0
        for head in range(len(sizes)):
            best = 0
            for i in range(1, sizes[head]):
                if x[start + i] > x[start + best]:
                    best = i
            action[head] = best
            start += sizes[head]

    return step


# range: x[...] in [-32768, 32767]
# range: start in [0, 2**20]
# range: size in [0, 2**15]
# range: total in [0, 2**30 - 1]
# range: (largest - x[start + i]) * multiplier in [0, 2**30 - 1]
# range: (largest - x[start + choice]) * multiplier in [0, 2**30 - 1]
# range: mask << 1 in [0, 2**30 - 2]
# range: choice in [-1, 2**15]
# range: left in [-32767, 2**30 - 1]
def sampler(blob, x, sizes, action, multiplier, shift, lowest):
    """Gives seed(number) and sample(), which draws another action from the logits of the last step.

    Neither allocates. Seeds are 0 to 2^30 - 1; the same one gives the same sequence as in C.

    Args:
        blob: has 2^15 exp(-distance) at every sixteenth.
        x: logits.
        sizes: choices per head.
        action: a choice per head.
        multiplier: see shift.
        shift: (distance * multiplier) >> shift counts 1024ths.
        lowest: what is not above it is never drawn.
    """
    state = array("i", [0, 0])
    table = blob.read("h", 194)
    operands = (x, sizes, action, table, multiplier, shift, lowest, state)

    # puffer-edge: no-alloc
    def seed(number):
        state[0] = (number & 32767) + (1234 << 15)
        state[1] = (number >> 15 & 32767) + (5678 << 15)
        for _ in range(16):
            random_bits(state)

    # puffer-edge: no-alloc
    def sample():
        x, sizes, action, table, multiplier, shift, lowest, state = operands
        start = 0
        for head in range(len(sizes)):
            size = sizes[head]
            largest = x[start]
            for i in range(1, size):
                if x[start + i] > largest:
                    largest = x[start + i]
            total = 0
            for i in range(size):
                if x[start + i] > lowest:
                    total += weight(table, (largest - x[start + i]) * multiplier >> shift)
            mask = 32767
            while mask < total - 1:
                mask = mask << 1 | 1
            left = total
            while left >= total:
                left = random_bits(state)
                left = (left | random_bits(state) << 15) & mask
            choice = -1
            while left >= 0:
                choice += 1
                if x[start + choice] > lowest:
                    left -= weight(table, (largest - x[start + choice]) * multiplier >> shift)
            action[head] = choice
            start += size

    seed(0)
    return seed, sample


def random_bits(state):
    """15 bits from two of Marsaglia's generators, multiply with carry."""
    first = 32760 * (state[0] & 32767) + (state[0] >> 15)
    second = 32730 * (state[1] & 32767) + (state[1] >> 15)
    state[0] = first
    state[1] = second
    return (first ^ second) & 32767


# range: table[...] in [0, 32767]
def weight(table, x):
    """2^15 exp(-x / 1024), 0 from 12 on."""
    if x >= 12288:
        return 0
    i = x >> 6
    start = table[i]
    return start - (((start - table[i + 1]) * (x & 63) + 32) >> 6)


def copy(x, y):
    """Copies x to y."""

    # puffer-edge: no-alloc
    def step():
        for i in range(len(x)):
            y[i] = x[i]

    return step
