# SPDX-License-Identifier: MIT
"""What a policy costs in flash and RAM, and what it calls: read from the linked image and object.

"No heap" and "no double precision" are facts of the symbol table: a call of malloc or of a
double-precision routine is an undefined symbol of the object that holds nothing but the policy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from puffer_edge.targets import Target
from puffer_edge.verification.elf import Elf, read_elf
from puffer_edge.verification.harness import ImageBuilder


@dataclass(frozen=True)
class Sizes:
    """Bytes that the policy adds to an empty image built with the same flags.

    Attributes:
        code: instructions, with the routines of the compiler's library that the policy pulls in.
        constants: read-only data: the weights.
        data: initialised variables; they take flash and RAM.
        zeroed: variables that start as zero.
    """

    code: int
    constants: int
    data: int
    zeroed: int

    @property
    def flash(self) -> int:
        """Bytes of flash."""
        return self.code + self.constants + self.data

    @property
    def ram(self) -> int:
        """Bytes of RAM, the stack not included."""
        return self.data + self.zeroed


@dataclass(frozen=True)
class Offence:
    """A symbol that a policy must not need."""

    symbol: str
    reason: str


def measure_sizes(builder: ImageBuilder) -> Sizes:
    """Links the policy and the empty image, and subtracts.

    Raises:
        VerificationError: either does not compile or link.
        MissingDependencyError: the compiler or pyelftools is not installed.
    """
    policy = read_elf(builder.policy_only.path)
    empty = read_elf(builder.empty.path)
    kinds = ("code", "constants", "data", "zeroed")
    return Sizes(**{kind: _bytes(policy, kind) - _bytes(empty, kind) for kind in kinds})


def find_offences(builder: ImageBuilder) -> tuple[Offence, ...]:
    """The symbols that the policy's object needs and must not; empty for a clean policy.

    Raises:
        VerificationError: the policy does not compile.
        MissingDependencyError: the compiler or pyelftools is not installed.
    """
    undefined = read_elf(builder.compiled("policy")).undefined
    return tuple(
        Offence(symbol, reason)
        for symbol in sorted(undefined)
        if (reason := why_not(symbol, builder.target))
    )


def find_float_helpers(builder: ImageBuilder) -> tuple[str, ...]:
    """Routines for floating point that an integer-only build needs; empty for a good policy.

    Args:
        builder: for a core without an FPU, of a policy with an integer step.

    Raises:
        VerificationError: the policy does not compile.
        MissingDependencyError: the compiler or pyelftools is not installed.
    """
    undefined = read_elf(builder.compiled("integer_only")).undefined
    return tuple(symbol for symbol in sorted(undefined)
                 if _SINGLE.fullmatch(symbol) or _DOUBLE.fullmatch(symbol))


# Names that compilers give to the routines of their run-time library: the Arm EABI's
# (RTABI, IHI0043) and libgcc's, which LLVM shares; "sf" is single, "df" double precision.
_MEMORY = re.compile(r"mem(cpy|set)|__aeabi_mem(cpy|set|clr)[48]?")
_SINGLE = re.compile(
    r"__aeabi_(f\w+|cf\w+|u?[il]2f)|__(add|sub|mul|div|neg)sf3|__(eq|ne|lt|le|gt|ge|unord)sf2"
    r"|__fix(uns)?sf[sd]i|__float(un)?[sd]isf"
)
# 32-bit division, 64-bit shifts and products, and switch tables, where the core has none. An AVR
# has no more than 8 bits, and shares what functions save; flash is copied by memcpy_P.
_INTEGER = re.compile(
    r"__aeabi_(u?idiv(mod)?|lmul|llsl|llsr|lasr)|__(mul|ashl|ashr|lshr)di3|__u?(div|mod)si3"
    r"|__gnu_thumb1_case_\w+|__aeabi_unwind_cpp_pr[012]"
    r"|__(u|us)?mul(s|u|o)?(hi|si|psi|hisi|sidi)3|__u?divmod(q|h|s|ps)i4"
    r"|__(add|sub|neg|ashl|ashr|lshr|rotl)di3(_s8)?|__cmpdi2(_s8)?|__negdi2"
    r"|__(prologue_saves|epilogue_restores|tablejump2|tablejump_elpm)__|__do_(copy_data|clear_bss)"
    r"|memcpy_P"
)
_DOUBLE = re.compile(
    r"__aeabi_(d\w+|cd\w+|f2d|u?[il]2d)|__\w*df[23]|__fix(uns)?df[sd]i|__float(un)?[sd]idf"
    r"|__extendsfdf2|__truncdfsf2"
)
_HEAP = re.compile(
    r"malloc|calloc|realloc|free|aligned_alloc|memalign|posix_memalign|_?sbrk(_r)?"
    r"|_?(malloc|calloc|realloc|free)_r|_Zn[wa]\w+|_Zd[la]\w+"
)
_LIBM = re.compile(
    r"(a?(sin|cos|tan)h?|atan2|exp[2m]?1?|exp10|log(10|2|1p|b)?|pow|sqrt|cbrt|hypot|erfc?|[lt]gamma"
    r"|floor|ceil|round|trunc|rint|nearbyint|fmod|fma|fmax|fmin|fabs|ldexp|frexp|remainder|copysign"
    r"|scalbl?n|l?lround|l?lrint)[fl]?"
)


def why_not(symbol: str, target: Target) -> str:
    """Why a policy for ``target`` must not need ``symbol``; empty when it may."""
    if _DOUBLE.fullmatch(symbol):
        return "double precision"
    if _HEAP.fullmatch(symbol):
        return "heap"
    if _LIBM.fullmatch(symbol):
        return "mathematical library"
    if _SINGLE.fullmatch(symbol):
        return "soft float on a core that has an FPU" if target.hard_float else ""
    if _MEMORY.fullmatch(symbol) or _INTEGER.fullmatch(symbol):
        return ""
    return "not part of the policy"


def _bytes(elf: Elf, kind: str) -> int:
    return sum(section.size for section in elf.sections if section.kind == kind)
