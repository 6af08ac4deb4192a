# SPDX-License-Identifier: MIT
"""A C file that wraps every scalar function, for the tests that compile it."""

from __future__ import annotations

from pathlib import Path

from puffer_edge.ir.functions import FUNCTIONS

KERNELS = Path(__file__).parents[2] / "runtimes" / "c"


def source() -> str:
    """A C file with a loop ``loop_<name>`` around each function."""
    lines = []
    for name, function in FUNCTIONS.items():
        parameters = "".join(f", float {p}" for p, _ in function.parameters)
        arguments = "".join(f", {p}" for p, _ in function.parameters)
        lines.append(f"""#include "{name}_f32.h"
extern void loop_{name}(const float *x, float *y, long n{parameters});
void loop_{name}(const float *x, float *y, long n{parameters})
{{
    for (long i = 0; i < n; ++i) {{
        y[i] = puffer_edge_{name}_f32(x[i]{arguments});
    }}
}}""")
    return "\n".join([*lines, ""])
