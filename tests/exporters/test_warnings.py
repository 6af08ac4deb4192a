# SPDX-License-Identifier: MIT
"""The generated C of nets of real size has no warning.

Small policies do not show all of them: compilers know the sizes, and warn of what they make of
them. By default every net is compiled once or twice; with ``-m exhaustive`` in every way.
"""

from __future__ import annotations

import subprocess
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from benchmarks.nets import NETS
from puffer_edge import api
from puffer_edge.targets import TARGETS
from tests.exporters.test_c import COMPILERS, FLAGS
from tests.support.cores import CORTEX
from tests.tools import need

COMMANDS = COMPILERS | {core: ["arm-none-eabi-gcc", "-std=c99", *TARGETS[core].gcc_flags]
                        for core in CORTEX}
LEVELS = ("-O0", "-O1", "-O2", "-O3", "-Os")
SCHEMES = ("float32", "float16", "int8", "int8x16", "int16")


def check(net: str, scheme: str, command: str, level: str, directory: Path) -> None:
    need(COMMANDS[command][0])
    program = NETS[net]()
    seen = directory / "seen.npz"
    np.savez(seen, observations=np.random.default_rng(0).standard_normal(
        (32, program.contract.observation_size)).astype(np.float32))
    api.export(program, directory / "a", name="net", scheme=scheme,
               calibrate=str(seen) if scheme.startswith("int") else None)
    main = directory / "main.c"
    main.write_text('#define NET_IMPLEMENTATION\n#include "a/policy.h"\n'
                    "int step(net_t *p, const net_obs_t *x, net_action_t *y);\n"
                    "int step(net_t *p, const net_obs_t *x, net_action_t *y)\n"
                    "{\n    return (int)net_step(p, x, y);\n}\n")
    subprocess.run([*COMMANDS[command], *FLAGS, level, "-c", str(main),
                    "-o", str(directory / "main.o")], check=True)


@pytest.mark.parametrize(("net", "scheme", "command", "level"), [
    ("P3", "float32", "gcc", "-O3"), ("P3", "int8", "gcc", "-O3"), ("P4", "int8", "clang", "-O3"),
    ("P4", "int16", "cortex-m4", "-O3"), ("P2", "int8x16", "cortex-m0", "-Os"),
    ("P5", "float16", "cortex-m7", "-O2")])
def test_no_warning(net: str, scheme: str, command: str, level: str, tmp_path: Path) -> None:
    check(net, scheme, command, level, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("command", "level"), [*product(COMMANDS, LEVELS)])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("net", NETS)
def test_no_warning_anywhere(
        net: str, scheme: str, command: str, level: str, tmp_path: Path) -> None:
    check(net, scheme, command, level, tmp_path)
