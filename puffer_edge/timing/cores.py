# SPDX-License-Identifier: MIT
"""The cores whose cycles are known: one small table each."""

from __future__ import annotations

from puffer_edge.timing.core import Core

_NOTHING = "nothing that was measured on a board: it is not validated"
_RULES = ("nothing as a whole, its rules are what others measured on a board one by one: it is not "
          "validated")

CORES = {
    # Arm, DDI 0432C, table 3-1, with the fast multiplier, as the nRF51 has it.
    "cortex-m0": Core(
        source="Arm Cortex-M0 Technical Reference Manual (DDI 0432), table 3-1",
        validated=_NOTHING, load_after_load=2, store=2, taken=2, call=1, returns=1),
    "cortex-m0+": Core(
        source="Arm Cortex-M0+ Technical Reference Manual (DDI 0484), table 3-1, with the fast "
               "multiplier; infocenter.arm.com/help/topic/com.arm.doc.ddi0484c/CHDCICDF.html",
        validated="rp2040py, an emulator that counts cycles itself, within 2 %; on a board it is "
                  "not validated, nor are wait states",
        load_after_load=2, store=2, taken=1, call=1, returns=1),
    "cortex-m3": Core(
        source="Arm Cortex-M3 Technical Reference Manual (DDI 0337), table 3-1, the middle where "
               "it gives a range; infocenter.arm.com/help/topic/com.arm.doc.ddi0337i/CHDDIGAC.html",
        validated=_NOTHING, multiply_sum=2, long_multiply=4, long_multiply_sum=5, divide=7),
    "cortex-m4": Core(
        source="Arm Cortex-M4 Processor Technical Reference Manual (100166), tables of cycles of "
               "the core and of the FPU",
        validated="18 measurements of pqm4 on a board without wait states, integers only, within "
                  "1 %; floats and wait states are not validated"),
    "cortex-m7": Core(
        source="measurements of single rules on an STM32H743: github.com/jnk0le/random, pipeline "
               "cycle test/doc/cortex_m7.md",
        validated=_RULES, load=1, several=0, taken=0, divide=8, float_divide=16, product_sum=1,
        load_use=1, late_use=1, float_use=2, pairs=True, mispredicted=7),
    "cortex-m33": Core(
        source="measurements of single rules on an RP2350: github.com/jnk0le/random, pipeline "
               "cycle test/doc/cortex_m33.md; divisions are Arm's (100230)",
        validated=_RULES, load=1, several=0, branch=0, taken=2, call=-1, load_use=1, late_use=1),
    "rv32imc": Core(
        source="measurements of single rules on an ESP32-C3: "
               "ctrlsrc.io/posts/2023/counting-cpu-cycles-on-esp32c3-esp32c6; products and "
               "divisions are those of the ESP32-C6",
        validated=_RULES, isa="riscv32", load_after_load=2, long_multiply=2, divide=10, taken=2,
        jump=1),
    "rv32imac": Core(
        source="measurements of single rules on an ESP32-C6: "
               "ctrlsrc.io/posts/2023/counting-cpu-cycles-on-esp32c3-esp32c6, and "
               "github.com/nilhoel1/LLTA-Bench, RESULTS.md",
        validated=_RULES, isa="riscv32", load=1, load_use=2, several=4, long_multiply=2, divide=10,
        taken=0, mispredicted=2),
}
"""By the name of the board's core."""
