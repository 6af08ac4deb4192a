"""Self-tests on an ATmega2560, whose int has 16 bits and whose flash no pointer reads: simavr."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

MAIN = """
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
static void put(uint8_t c) {
    while (!(UCSR0A & (1 << UDRE0))) {}
    UCSR0A |= 1 << TXC0;
    UDR0 = c;
}
int main(void) {
    const int bad = NAME_selftest();
    UCSR0B = 1 << TXEN0;
    put('=');
    for (int digit = 12; digit >= 0; digit -= 4) {
        put((uint8_t)"0123456789abcdef"[bad >> digit & 15]);
    }
    put('\\n');
    while (!(UCSR0A & (1 << TXC0))) {}
    cli();
    sleep_mode(); /* the end, for simavr */
}
"""


def selftest(header: Path, name: str, *flags: str, compiler: str = "avr-gcc") -> int:
    """How many steps give other bits.

    Args:
        header: ``policy.h``.
        name: of the policy.
        flags: of the compiler; warnings are errors if they say so.
        compiler: the program.
    """
    language = "c++" if compiler.endswith("++") else "c"
    source = (f'#define {name.upper()}_SELFTEST\n#define {name.upper()}_IMPLEMENTATION\n'
              f'#include "{header}"\n' + MAIN.replace("NAME", name))
    image = header.parent / "avr.elf"
    subprocess.run([compiler, "-mmcu=atmega2560", *flags, "-x", language, "-", "-o", image],
                   input=source, text=True, check=True)
    ran = subprocess.run(["simavr", "-m", "atmega2560", "-f", "16000000", image],
                         capture_output=True, text=True, errors="replace", timeout=300, check=False)
    found = re.search(r"=([0-9a-f]{4})", ran.stdout + ran.stderr)
    assert found is not None, ran.stdout + ran.stderr
    return int(found[1], 16)
