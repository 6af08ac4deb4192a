# SPDX-License-Identifier: MIT
"""Facts lie below the analysis, and both below the rules."""

from __future__ import annotations

from pathlib import Path

from tests.project.layers import modules, read

ROOT = Path(__file__).parents[2]
FLOORS = ("facts", "analysis", "rules")


def test_a_floor_stands_on_lower_ones() -> None:
    def floor(module: str) -> int:
        room = module.removeprefix("puffer_edge.subset.").partition(".")[0]
        return FLOORS.index(room) if room in FLOORS else len(FLOORS)

    graph = {module: targets for module, targets in modules(read(ROOT)).items()
             if module.startswith("puffer_edge.subset.")}
    assert len(graph) > 80
    shared = {"puffer_edge.subset.rule"}  # what registers rules
    upward = [(module, target) for module, targets in graph.items() for target in targets - shared
              if target in graph and floor(target) > floor(module)]
    assert upward == []
