# SPDX-License-Identifier: MIT
"""Whether an import works on the firmware."""

from __future__ import annotations

import ast
import sys

from puffer_edge.subset.facts.file import File


def missing(alias: ast.alias, statement: ast.Import | ast.ImportFrom,
            file: File) -> str | None:
    """What an import of one name lacks, as ``module`` or ``module.name``; None if nothing is known.

    Modules that are neither Python's nor any firmware's are taken for drivers on the board.
    """
    if isinstance(statement, ast.Import):
        return module_missing(alias.name, file)
    if statement.level or not statement.module:
        return None
    lacks = module_missing(statement.module, file)
    if lacks or alias.name == "*":
        return lacks
    names = file.names.scope(statement.module)
    if (names is None or "*" in names or alias.name in names
            or statement.module.split(".")[0] in file.local_modules
            or file.names.scope(f"{statement.module}.{alias.name}") is not None):
        return None
    return f"{statement.module}.{alias.name}"


def module_missing(module: str, file: File) -> str | None:
    """The name of the module where it is certain that there is none."""
    top = module.split(".")[0]
    if top in file.local_modules or file.names.scope(module) is not None:
        return None
    above = file.names.scope(top)
    if above is not None:  # a submodule; of packages only the top is certain
        known = "*" in above or module == top or module.split(".")[1] in above
        return None if known else module
    if top in file.given_modules or top in PRIVATE:
        return None
    known = top in sys.stdlib_module_names or top in NOWHERE or file.names.anywhere(top)
    return module if known else None


NOWHERE = frozenset(
    ("RPi PIL bs4 cv2 django fastapi flask gpiozero gymnasium jax keras matplotlib numpy onnx "
     "onnxruntime pandas pigpio pygame pytest scipy seaborn serial setuptools sklearn smbus smbus2 "
     "spidev sympy tensorflow tflite_runtime torch torchvision tqdm yaml").split())
"""Packages for computers that no port has, nor mip."""
PRIVATE = {"secrets"}
"""What people name the file with their passwords."""
