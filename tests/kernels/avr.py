# SPDX-License-Identifier: MIT
"""Self-tests on an ATmega2560, whose int has 16 bits and whose flash no pointer reads: simavr."""

from __future__ import annotations

import subprocess
from pathlib import Path

from puffer_edge.targets import ATMEGA2560
from puffer_edge.verification.emulators.simavr import Simavr, flash_of, integer
from puffer_edge.verification.harness.build import FOLDER


def selftest(header: Path, name: str, *flags: str, compiler: str = "avr-gcc") -> int:
    """How many steps give other bits.

    Args:
        header: ``policy.h``.
        name: of the policy.
        flags: of the compiler; warnings are errors if they say so.
        compiler: the program.
    """
    language = "c++" if compiler.endswith("++") else "c"
    linkage = 'extern "C" ' if language == "c++" else ""
    source = (f'#define {name.upper()}_SELFTEST\n#define {name.upper()}_IMPLEMENTATION\n'
              f'#include "{header}"\n{linkage}int edge_selftest(void);\n'
              f'{linkage}int edge_selftest(void) {{ return {name}_selftest(); }}\n')
    image = header.parent / "avr.elf"
    driver = [compiler, *ATMEGA2560.gcc_flags]
    subprocess.run([*driver, "-O2", "-DEDGE_SELFTEST", "-x", "c", "-std=gnu99", "-c",
                    FOLDER / "avr.c", "-o", image.with_suffix(".o")], check=True)
    subprocess.run([*driver, *flags, "-x", language, "-c", "-", "-o", header.parent / "policy.o"],
                   input=source, text=True, check=True)
    subprocess.run([*driver, *flags, header.parent / "policy.o", image.with_suffix(".o"), "-o",
                    image], check=True)
    return integer(Simavr("atmega2560").boot(flash_of(image, ATMEGA2560)))
