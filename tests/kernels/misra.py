# SPDX-License-Identifier: MIT
"""Counts where generated C deviates from MISRA C:2012, and compares with docs/misra.md.

    python -m tests.kernels.misra

Looked at by cppcheck's addon: the portable form of the kernels and everything around them in five
policies, each kernel once. CI fails where a count is not that of the document.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests import zoo
from tests.support.exporting import write_artefact

DOCUMENT = Path(__file__).parents[2] / "docs" / "misra.md"
CASES = {"stacked": "float32", "stacked_int8": "int8", "conv_groups_int16": "int16",
         "gru_2_layers_mixed": "mixed", "conv": "float32"}


def found() -> Counter[str]:
    """Deviations by rule."""
    with tempfile.TemporaryDirectory(prefix="puffer-edge-") as folder:
        lines = []
        for case, scheme in CASES.items():
            write_artefact(zoo.program(case), Path(folder) / case, target="cortex-m", name=case,
                           scheme=scheme)
            lines += [f"#define {case.upper()}_IMPLEMENTATION", f'#include "{case}/policy.h"']
        (Path(folder) / "policies.c").write_text("\n".join([*lines, ""]))
        ran = subprocess.run(
            ["cppcheck", "--addon=misra", "--quiet", "--std=c99", "--template={id}",
             "-D__GNUC__=12", "policies.c"],
            cwd=folder, capture_output=True, text=True, check=True)
    return Counter(re.findall(r"^misra-c2012-([0-9.]+)$", ran.stderr, re.MULTILINE))


def documented(text: str) -> Counter[str]:
    """The counts in the document's table."""
    return Counter({rule: int(count) for rule, count in re.findall(
        r"^\| ([0-9]+\.[0-9]+) \| \w+ \| ([0-9]+) \|", text, re.MULTILINE)})


def differences(now: Counter[str], then: Counter[str]) -> list[str]:
    """One line for each rule whose count is another one."""
    return [f"rule {rule}: {now[rule]} deviations, {then[rule]} in {DOCUMENT.name}"
            for rule in sorted(now | then, key=lambda rule: [int(n) for n in rule.split(".")])
            if now[rule] != then[rule]]


def main() -> int:
    """0 where all counts are those of the document, or cppcheck is not needed."""
    if shutil.which("cppcheck") is None:
        print("cppcheck is not installed: deviations from MISRA C:2012 are not counted")
        return int("PUFFER_EDGE_REQUIRE" in os.environ)
    told = differences(found(), documented(DOCUMENT.read_text(encoding="utf-8")))
    print("\n".join(told or ["deviations from MISRA C:2012 are those of docs/misra.md"]))
    return bool(told)


if __name__ == "__main__":
    sys.exit(main())
