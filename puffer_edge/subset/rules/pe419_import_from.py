# SPDX-License-Identifier: MIT
"""Imports of names inside of a function."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE419", "import-from", ast.ImportFrom,
      reason="from ... import ... looks the names up by a tuple that it makes.",
      instead="import the module outside.",
      bad="# puffer-edge: no-alloc\ndef step():\n    from math import pi\n    return pi",
      good="import math\n# puffer-edge: no-alloc\ndef step():\n    return math.pi")
def check(node: ast.ImportFrom, analysis: Analysis) -> Iterable[Hit]:
    yield node, "from ... import makes objects"
