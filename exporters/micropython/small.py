# SPDX-License-Identifier: MIT
"""The runtime's smallest form: two modules with nothing but what one policy calls.

Two, because the board compiles what it imports, and has room for one of them at a time.
"""

from __future__ import annotations

from puffer_edge.exporters.micropython.kernels import read, without_comments
from puffer_edge.exporters.micropython.runtime import SMALL, joined

FUNCTIONS = ("argmax", "copy", "gemm_kernel", "rescale", "table")
"""What exists in the smallest form."""


def modules(functions: tuple[str, ...]) -> dict[str, str]:
    """The modules by name.

    Args:
        functions: of :data:`FUNCTIONS` that the policy calls.
    """
    return {"policy_check.py": without_comments(read("small/check.py")),
            "policy_small.py": without_comments(joined(("Policy", "Blob", *functions), SMALL))}
