# SPDX-License-Identifier: MIT
"""What the policy's object needs of others: no heap, no double precision, no libm."""

from __future__ import annotations

from puffer_edge.targets import Target
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.report import Report
from puffer_edge.verification.symbols import find_float_helpers, find_offences


def check_calls(builder: ImageBuilder, report: Report) -> None:
    """Reads the symbols of the policy's object."""
    offences = find_offences(builder)
    detail = ", ".join(f"{offence.symbol} ({offence.reason})" for offence in offences)
    report.check("no heap, no double precision, no libm", not offences,
                 f"the object needs {detail}" if offences else
                 "the object needs nothing but memcpy, memset and the compiler's own helpers")


def check_float_helpers(builder: ImageBuilder, core: Target, report: Report) -> None:
    """The same of a build without the float step, for a core that has no FPU."""
    helpers = find_float_helpers(builder)
    report.check("an integer-only build needs no floating point", not helpers,
                 f"the object needs {', '.join(helpers)}" if helpers else
                 f"no helper of the compiler for it is called ({core.title})")
