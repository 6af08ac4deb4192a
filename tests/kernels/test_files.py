# SPDX-License-Identifier: MIT
"""The files under ``runtimes/c``: each compiles alone, and none has a name of somebody else's."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from puffer_edge.exporters.c.kernels import joined
from tests.tools import need

KERNELS = Path(__file__).parents[2] / "runtimes" / "c"
FILES = sorted(KERNELS.glob("*.h"))
SYSTEM = ("#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n"
          "#if defined(__SSE2__)\n#include <emmintrin.h>\n"
          "#elif defined(__aarch64__)\n#include <arm_neon.h>\n#endif\n")
"""What the kernels include of the compiler's."""
STRICT = ("-std=c99", "-ffp-contract=off", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
          "-Werror=implicit-function-declaration")


@pytest.mark.parametrize("compiler", ["gcc", "arm-none-eabi-gcc"])
def test_each_file_compiles_alone(compiler):
    need(compiler)
    core = ("-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16") if "arm" in compiler else ()
    ran = subprocess.run([compiler, *STRICT, *core, "-fsyntax-only", "-x", "c", *FILES],
                         capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_every_name_has_the_prefix():
    """What the compiler says is declared and defined, beside what the system's headers bring."""
    need("gcc")
    ours = SYSTEM + "".join(f'#include "{path.name}"\n' for path in FILES)
    macros = seen(ours, "-dM", "-E") - seen(SYSTEM, "-dM", "-E")
    assert len(macros) > len(FILES)
    assert [name for name in macros if not name.startswith("PUFFER_EDGE_")] == []
    functions = declared(ours) - declared(SYSTEM)
    assert len(functions) > len(FILES) / 2
    assert [name for name in functions if not name.startswith("puffer_edge_")] == []
    for path in FILES:
        for name in re.findall(r"^(?:}|typedef\b[^{;]*?) ?\*?(\w+)(?:\[[^;]*\])?;",
                               path.read_text(encoding="ascii"), re.MULTILINE):
            assert name.startswith("puffer_edge_"), (path.name, name)


def test_an_artefact_has_what_the_preprocessor_makes():
    """Functions for certain types are written out, so that a debugger steps through them."""
    need("gcc")
    names = [path.stem for path in FILES]
    assert "#define puffer_edge_" not in joined(names)
    included = "".join(f'#include "{name}.h"\n' for name in sorted(names))
    same = preprocessed(SYSTEM + included) == preprocessed(SYSTEM + joined(names))
    assert same  # without pytest's comparison of so many tokens


def preprocessed(text: str) -> list[str]:
    """Its tokens, but for white space."""
    return subprocess.run(["gcc", "-std=c99", "-E", "-P", f"-I{KERNELS}", "-x", "c", "-"],
                          input=text, capture_output=True, text=True, check=True).stdout.split()


def seen(text: str, *flags: str) -> set[str]:
    """Names of the macros."""
    ran = subprocess.run(["gcc", "-std=c99", *flags, f"-I{KERNELS}", "-x", "c", "-", "-o", "-"],
                         input=text, capture_output=True, text=True, check=True)
    return set(re.findall(r"^#define (\w+)", ran.stdout, re.MULTILINE))


def declared(text: str) -> set[str]:
    """Names of the functions."""
    ran = subprocess.run(
        ["gcc", "-std=c99", "-w", f"-I{KERNELS}", "-fsyntax-only", "-aux-info", "/dev/stdout",
         "-x", "c", "-"], input=text, capture_output=True, text=True, check=True)
    return set(re.findall(r"(\w+) \([^*]", ran.stdout.replace("(*", "")))
