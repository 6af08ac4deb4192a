# SPDX-License-Identifier: MIT
"""Runs a flash image on rp2040py, and prints what comes out of UART0: IMAGE TEXT SECONDS.

Ends when TEXT has come and its line is whole. Runs in .venv-boards, without our own packages.
"""

import sys
import threading

from rp2040py import RP2040, Simulator
from rp2040py.device.bootrom import BOOTROM_B1


def main(image: str, text: str, seconds: float) -> int:
    simulator = Simulator()
    chip: RP2040 = simulator.rp2040
    chip.load_bootrom(BOOTROM_B1)
    with open(image, "rb") as file:
        content = file.read()
    chip.flash[: len(content)] = content
    chip.core.pc = 0x1000_0000  # where the boot ROM starts the second stage
    alarm = chip.ppb.systick_alarm
    systick = alarm.callback

    def wake() -> None:
        """Ends a wfi, as the core does for any interrupt; rp2040py 0.3.6 does not for SysTick."""
        systick()
        if chip.core.waiting and chip.core.check_for_interrupts():
            chip.core.waiting = False

    alarm.callback = wake
    said, done = bytearray(), threading.Event()

    def on_byte(byte: int) -> None:
        said.append(byte)
        if byte == 10 and text in said.decode("ascii", "replace"):
            done.set()

    chip.uart[0].on_byte = on_byte
    simulator.start_execution()
    good = done.wait(seconds)
    simulator.stop()
    print(said.decode("ascii", "replace"), end="")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
