# SPDX-License-Identifier: MIT
"""The rules, one file per op; what lies here is found."""

from importlib import import_module
from pkgutil import iter_modules


def load() -> None:
    """Imports every rule, which puts it into ``rule.RULES``."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
