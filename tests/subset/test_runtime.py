# SPDX-License-Identifier: MIT
"""The runtime that goes on the board is clean, and would not be if it did anything forbidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from puffer_edge.exporters.micropython.runtime import homes, joined
from puffer_edge.subset import Config, check_paths, check_source
from tests.micropython.artefacts import export

FOLDER = Path(__file__).parents[2] / "runtimes/micropython"
SOURCE = joined(homes())
"""The whole of it in one file, as a policy that needs everything would have it."""


def codes(source: str) -> set[str]:
    report = check_source(source)
    assert report.problems == []
    return {finding.code for finding in report.findings}


def test_it_is_clean() -> None:
    for port in ("rp2", "esp32", "stm32", "webassembly"):
        report = check_paths([FOLDER], Config(port=port))
        assert report.exit_code == 0, report
    # The loop over the ops, the two products of an LSTM, and calls of kernels in machine code: no
    # analysis can follow them.
    assert codes(SOURCE) == set()
    assert SOURCE.count("noqa: PE420") == SOURCE.count("noqa") > 0
    assert SOURCE.count("# puffer-edge: no-alloc") >= 8


def test_an_exported_policy_is_clean(tmp_path: Path) -> None:
    export("lstm_int16", tmp_path / "a")
    report = check_paths([tmp_path / "a"], Config())
    assert report.exit_code == 0, report
    assert report.files >= 2


LOOP = """from machine import ADC, Pin
from policy import Policy
policy, adc, led = Policy(), ADC(26), Pin(25, Pin.OUT)
# puffer-edge: no-alloc
def loop():
    policy.set(0, adc.read_u16() >> 4)
    led(policy.step())
"""


def test_a_loop_around_a_policy_is_followed(tmp_path: Path) -> None:
    export("lstm_int16", tmp_path / "a")
    (tmp_path / "a/main.py").write_text(LOOP)
    assert check_paths([tmp_path / "a"], Config()).exit_code == 0
    (tmp_path / "a/main.py").write_text(LOOP + "    policy.step_float([0.1])\n")
    found = check_paths([tmp_path / "a"], Config()).findings
    assert {finding.code for finding in found} >= {"PE406"}
    assert any("called by loop" in finding.text for finding in found)


@pytest.mark.parametrize("every", [10, pytest.param(2, marks=pytest.mark.exhaustive)])
def test_declarations_are_not_idle(every: int) -> None:
    """Without one of them something is no longer proved; one in ten may be there for readers."""
    lines = SOURCE.splitlines(keepends=True)
    declared = [index for index, line in enumerate(lines) if line.startswith("# range:")]
    assert len(declared) > 30
    some = declared[::every]
    idle = [lines[index] for index in some if not codes("".join(
        lines[:index] + lines[index + 1:]))]
    assert len(idle) * 10 <= len(some), idle


# Where, what is written instead, and the rule that has to notice.
IN_STEP = "            multiply(matrix, bias, inputs[i], sums)\n"
IN_GATE = "    return clamp16(requantize("
PLANTED = [
    (IN_STEP, "            match i:\n                case 0: pass\n", "PE101"),
    ("def clamp16(x):", "def clamp16(x, /):", "PE102"),
    ("ROUND = tuple(", "ALL = [*range(3)]\nROUND = tuple(", "PE103"),
    ("import sys\n", "import sys\nimport dataclasses\n", "PE201"),
    ("import sys\n", "import sys\nfrom math import prod\n", "PE202"),
    ("class BlobError(ValueError)", "class BlobError(Warning)", "PE203"),
    ('    cell = array("f", [0])\n', '    cell = array("f", [0])\n    cell.tobytes()\n', "PE204"),
    ('    cell = array("f", [0])\n', '    cell = array("b", [200])\n', "PE301"),
    (IN_GATE, "    x = 0.5 * r\n" + IN_GATE, "PE401"),
    ("        m = output[0]\n", "        m = int(array('f', [1])[0])\n", "PE402"),
    ("        m = output[0]\n", "        m = array('q', [1])[0]\n", "PE403"),
    ("in x:\n            a += w0[p]", "in x[1:]:\n            a += w0[p]", "PE404"),
    (IN_GATE, "    pair = gates, r\n" + IN_GATE, "PE405"),
    (IN_STEP, "            seen = [i]\n", "PE406"),
    (IN_STEP, "            seen = sum(v for v in sums)\n", "PE407"),
    (IN_STEP, "            name = f'{i}'\n", "PE408"),
    (IN_STEP, "            write = b''.find\n", "PE409"),
    (IN_STEP, "            clip = lambda v: v\n", "PE410"),
    ("def clamp16(x):", "def clamp16(x, *more):", "PE411"),
    ("multiply(matrix, bias, inputs[i], sums)", "multiply(*operands)", "PE412"),
    ("    def reset(self):\n", "    def reset(self):\n        x = Policy()\n", "PE413"),
    (IN_GATE, "    if r > 9:\n        raise BlobError('x')\n" + IN_GATE, "PE414"),
    ("for r in range(rows):", "for r in range(0, rows, rows):", "PE415"),
    (IN_STEP, "            for k, v in enumerate(sums): pass\n", "PE416"),
    (IN_STEP, "            bytearray(4).append(3)\n", "PE417"),
    (IN_STEP, "            from math import pi\n", "PE419"),
    (IN_STEP, "            operands[0]()\n", "PE420"),
    ("            op()  # noqa: PE420 one of the functions step() below, each of them checked\n",
     "            op()\n", "PE420"),
    ("def clamp16(x):\n", "def clamp16(x):\n    yield 1\n", "PE421"),
    ("        x, y, alike, multiplier, bias, shift, low, high = operands\n", "", "PE422"),
    ("        c, y_h, y_c, table,", "        *rest, c, y_h, y_c, table,", "PE423"),
    ("        size = 32767\n", "        size = 1 << 31\n", "PE501"),
    ("& 127) + 64) >> 7", "& 127) * 1024 + 64) >> 7", "PE501"),
    ("            d += w3[p] * v\n", "            d += w3[p] * v * v\n", "PE501"),
    ("16384 + tanh(table, x)", "(16384 + tanh(table, x)) << 16", "PE501"),
    ("        start += sizes[head]\n", "        start += sizes[head] * best * best\n", "PE501"),
    ("            a += w0[p] * v\n", "            a += w0[p] * v * bias[r]\n", "PE502"),
    ("# range: cell_bits in [0, 14]\n", "# range: cell_bits in [0, 14]\n# range: m in [90000, 1]\n",
     ""),
    ("        half = 1 << (28 - cell_bits)\n", "        cell_bits = 20\n", "PE504"),
]


@pytest.mark.parametrize(("old", "new", "code"), PLANTED)
def test_a_planted_violation_is_found(old: str, new: str, code: str) -> None:
    assert old in SOURCE
    report = check_source(SOURCE.replace(old, new, 1))
    if code:
        assert code in {finding.code for finding in report.findings}, report
    else:
        assert report.exit_code == 2
