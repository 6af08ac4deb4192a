# SPDX-License-Identifier: MIT
"""The libraries of an artefact for Linux: by processor, and by what more some of those have.

The library that runs on every processor of its kind says whether a faster one of the same policy
runs here, too (``edge_level``), and the loader takes that. All have the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass

from puffer_edge.ir import Program


@dataclass(frozen=True)
class Processor:
    """One library.

    Attributes:
        triple: zig's target.
        cpu: zig's name of the least that it runs on.
        wide: with the kernels for vectors of floats.
        integers: of use to integers only.
    """

    triple: str
    cpu: str
    wide: bool = True
    integers: bool = False


PROCESSORS = {
    "aarch64": Processor("aarch64-linux-gnu", "generic"),
    "aarch64-dotprod": Processor("aarch64-linux-gnu", "generic+dotprod", integers=True),
    # NEON of 32-bit Arm flushes subnormals, and not every processor has it.
    "armv7": Processor("arm-linux-gnueabihf", "generic+v7a+vfp3d16", wide=False),
    "x86_64": Processor("x86_64-linux-gnu", "x86_64"),
    "x86_64-v3": Processor("x86_64-linux-gnu", "x86_64_v3"),
}
"""By the name that a library has in the artefact."""

LEVEL = r"""
#if defined(__x86_64__)
static void edge_cpuid(uint32_t leaf, uint32_t *eax_to_edx)
{
    __asm__ volatile("cpuid" : "=a"(eax_to_edx[0]), "=b"(eax_to_edx[1]), "=c"(eax_to_edx[2]),
                     "=d"(eax_to_edx[3]) : "a"(leaf), "c"(0));
}

/* Whether this processor, and the system, have all of x86-64-v3: AVX2 and what came with it. */
__attribute__((visibility("default"))) int edge_level(void)
{
    /* SSE3, SSSE3, FMA, CX16, SSE4.1, SSE4.2, MOVBE, POPCNT, OSXSAVE, AVX, F16C */
    const uint32_t first = 0x38d83201u;
    const uint32_t seventh = 1u << 3 | 1u << 5 | 1u << 8; /* BMI1, AVX2, BMI2 */
    uint32_t found[4], enabled, upper;
    edge_cpuid(0, found);
    if (found[0] < 7) {
        return 0;
    }
    edge_cpuid(1, found);
    if ((found[2] & first) != first) {
        return 0;
    }
    __asm__ volatile("xgetbv" : "=a"(enabled), "=d"(upper) : "c"(0));
    edge_cpuid(7, found);
    if ((enabled & 6u) != 6u || (found[1] & seventh) != seventh) {
        return 0;
    }
    edge_cpuid(0x80000001u, found);
    return found[2] >> 5 & 1; /* LZCNT */
}
#elif defined(__aarch64__)
unsigned long getauxval(unsigned long type); /* of the C library that is in every process */

/* Whether this processor has SDOT: HWCAP_ASIMDDP of AT_HWCAP. */
__attribute__((visibility("default"))) int edge_level(void)
{
    return (int)(getauxval(16) >> 20 & 1);
}
#endif
"""
"""C behind the policy in each library."""


def processors_of(program: Program) -> dict[str, Processor]:
    """Those that a Program gets libraries for."""
    whole = any(value.dtype in ("int8", "int16") for value in program.values.values())
    return {name: each for name, each in PROCESSORS.items() if whole or not each.integers}
