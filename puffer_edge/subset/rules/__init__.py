# SPDX-License-Identifier: MIT
"""One rule per file; importing a file registers it."""

from __future__ import annotations

import pkgutil
from importlib import import_module


def load() -> None:
    """Imports every rule, in the order of the codes."""
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
        import_module(f"{__name__}.{module}")
