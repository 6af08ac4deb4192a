# SPDX-License-Identifier: MIT
"""The licence of what is generated: MIT-0, so that a product need not carry a notice along."""

from __future__ import annotations

import re

# REUSE-IgnoreStart
LICENCE = "SPDX-License-Identifier: MIT-0"
COPYRIGHT = "SPDX-FileCopyrightText: 2026 The puffer-edge authors"
# REUSE-IgnoreEnd
_LINE = re.compile(r"\A(?:(?:/\* |# |// )SPDX-.*\n)+\n?")


def without_licence(text: str) -> str:
    """A kernel without the lines that say its licence: what it is joined into says so once."""
    return _LINE.sub("", text)


def in_c(text: str) -> str:
    """A generated file in C with its licence."""
    return f"/* {LICENCE}\n * {COPYRIGHT} */\n{text}"


def in_python(text: str) -> str:
    """A generated file in Python, or a Makefile, with its licence."""
    return f"# {LICENCE}\n# {COPYRIGHT}\n{text}"
