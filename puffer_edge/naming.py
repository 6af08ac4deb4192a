# SPDX-License-Identifier: MIT
"""Names that a user or a file chose, as identifiers of C and Python."""

from __future__ import annotations

import re

from puffer_edge.errors import UsageError

# Keywords of C99 to C23 and C++17, and names that the standard headers may define as macros.
_RESERVED = frozenset(
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl "
    "concept const consteval constexpr constinit continue decltype default delete do double else "
    "enum explicit export extern false float for friend goto if inline int long mutable namespace "
    "new noexcept not not_eq nullptr operator or or_eq private protected public register requires "
    "restrict return short signed sizeof static struct switch template this throw true try typedef "
    "typeid typename typeof union unsigned using virtual void volatile while xor xor_eq "
    "main linux unix errno assert stdin stdout stderr offsetof null memcpy memset i386 arm "
    "thread_local static_assert reinterpret_cast const_cast static_cast dynamic_cast".split())

# A policy called x has a type x_t, and these are types of the C and POSIX headers; vendors'
# libraries have an ESP_OK and a HAL_OK, and puffer_edge is the stem of our own macros.
_TYPES = re.compile(
    r"u?int(8|16|32|64|ptr|max|_(fast|least)(8|16|32|64))|s?size|ptrdiff|wchar|wint|char(8|16|32)|"
    r"float(16|32|64)?|max_align|time|clock|clockid|timer|l{0,2}div|imaxdiv|off|pid|uid|gid|dev|mode|"
    r"ino|nlink|key|id|fpos|sig_atomic|sigset|mbstate|fenv|fexcept|socklen|locale|suseconds|blk(size|"
    r"cnt)|fs(blk|fil)cnt|pthread|sem|q(7|15|31|63)|esp|hal|puffer_edge\w*|"
    r"[frwxz]|err|fr|pico|usb[dh]|can|i2c|spi|sd|msd|ts|gps|lua|sqlite|curl|psa|nrfx?|bsp|mbedtls")

# Two policies may be in one firmware, and names of `lander` are made with these words: a policy
# called `lander_obs` would have a type, or a macro, of the same name.
_PARTS = re.compile(r"\w+_(obs|action|check|selftest|integers|logits|mean|value|output_\d+)(_q)?")


def stem(name: str) -> str:
    """The name of a policy, once it is shown that what is made from it clashes with nothing.

    Raises:
        UsageError: it does.
    """
    identifier(name, "a policy")
    if _TYPES.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a policy in C: {name}_t or {name.upper()}_OK is "
                         "taken", hint="give another name, for example --name lander")
    if _PARTS.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a policy in C: names of another policy may begin "
                         "with it", hint="give another name, for example --name lander")
    return name


def identifier(name: str, what: str) -> str:
    """``name`` itself, once it is shown to be a safe identifier in C and Python.

    Args:
        name: from the user or a file.
        what: it is to name, for the message.

    Raises:
        UsageError: it is not.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name) or "__" in name or name in _RESERVED:
        raise UsageError(
            f"{name!r} cannot name {what} in C",
            hint="use lower-case letters, digits and underscores, at most 41, beginning with a "
                 "letter, and no keyword; for example --name lander or --observation gyro:3")
    return name


def stem_from(text: str) -> str:
    """A safe name made from a file's name; ``policy`` where none can be made."""
    try:
        return stem(re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:41])
    except UsageError:
        return "policy"
