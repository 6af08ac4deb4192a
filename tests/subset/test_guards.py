# SPDX-License-Identifier: MIT
"""Code that runs only where the firmware has what it needs is not reported."""

from __future__ import annotations

import pytest

from puffer_edge.subset import check_source

QUIET = [
    "try:\n    import typing\nexcept ImportError:\n    pass",
    "try:\n    import typing\nexcept:\n    typing = None",
    "try:\n    import utime as time\nexcept ImportError:\n    import dataclasses as time",
    "try:\n    from typing import Any\nexcept (ImportError, OSError):\n    pass",
    "import sys\nif sys.implementation.name != 'micropython':\n    import dataclasses",
    "import sys\nif sys.implementation.name == 'micropython':\n    pass\nelse:\n    import typing",
    "import sys\nif sys.platform == 'esp32':\n    import esp32",
    "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from typing import Any",
    "if False:\n    from typing import Any",
    "if 0:\n    import typing",
    "import time\nt = time.perf_counter() if hasattr(time, 'perf_counter') else time.ticks_us()",
    "import time\nt = hasattr(time, 'perf_counter') and time.perf_counter()",
    "import ssd1306, umqtt.simple",
    "from . import typing",
    "def f(x: 'BaseExceptionGroup') -> FileNotFoundError: pass",
    "ascii = 3\nprint(ascii)",
    "def ascii(x): pass\nascii(3)",
    "from helpers import *\nascii(3)",
    "import time\ntime = object()\ntime.perf_counter()",
    "import sys, time\nM = sys.implementation.name == 'micropython'\nif not M:\n    time.monotonic",
    "import sys, time\nM = sys.implementation.name == 'micropython'\nif M:\n    pass\n"
    "else:\n    time.monotonic",
    "import sys, time\nM = sys.implementation.name == 'micropython'\ndef f():\n    if M:\n"
    "        return 1\n    return time.monotonic()",
    "import sys, time\nif sys.implementation.name == 'circuitpython':\n    time.monotonic",
    "import time\ndef f():\n    ticks = getattr(time, 'ticks_ms', None)\n    if ticks:\n"
    "        return ticks()\n    return time.monotonic()",
    "import errno\nif getattr(errno, 'EWOULDBLOCK', 1) != 1:\n    x = errno.EWOULDBLOCK",
    "import time\ntry:\n    import supervisor\nexcept ImportError:\n    supervisor = None\n"
    "if supervisor is not None:\n    time.monotonic",
    "import time\nfrom boards import platform_info as p\nif p.is_platform:\n    time.monotonic",
    "x = ('the '\n     f'{1}')",
]
LOUD = [
    "import sys, time\nM = sys.implementation.name == 'micropython'\nif M:\n    time.monotonic",
    "import sys, time\nM = sys.implementation.name == 'micropython'\ndef f():\n    if not M:\n"
    "        return 1\n    return time.monotonic()",
    "import time\ndef f(c):\n    if c is not None:\n        return c\n    return time.monotonic()",
    "import time\ndef f(c):\n    if c is None:\n        c = 1\n    return time.monotonic()",
    "import typing",
    "try:\n    import typing\nexcept ValueError:\n    pass",
    "try:\n    import nothing_known\nexcept ImportError:\n    pass\nimport typing",
    "try:\n    import dataclasses\nexcept ImportError:\n    import typing",
    "import sys\nif sys.implementation.name == 'micropython':\n    import typing",
    "try:\n    pass\nexcept ImportError:\n    pass\nelse:\n    import typing",
    "from time import perf_counter",
    "import time as t\nt.perf_counter()",
    "ascii(3)",
    "def f():\n    import enum",
    "int.bit_length(3)", "x = 3\nx.bit_length()", "memoryview(b'a').cast('B')",
    "import uarray\nx = uarray.array('b')\nx.tobytes()",
]


@pytest.mark.parametrize("source", QUIET)
def test_quiet(source: str) -> None:
    assert check_source(source).findings == []


@pytest.mark.parametrize("source", LOUD)
def test_loud(source: str) -> None:
    report = check_source(source)
    assert report.exit_code == 1 and all(f.code.startswith("PE2") for f in report.findings)


def test_what_const_makes_is_a_constant() -> None:
    """Measured: the compiler replaces such names, so the tuple is made once."""
    source = ("from micropython import const\nA = const(5)\nB = const(A + 1)\nC = 7\n"
              "# puffer-edge: no-alloc\ndef step():\n    return (%s, 0)\n")
    assert check_source(source % "A").exit_code == 0
    assert check_source(source % "B").exit_code == 0
    assert check_source(source % "C").exit_code == 1
