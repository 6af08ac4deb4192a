# SPDX-License-Identifier: MIT
"""Which rooms of the house may import which; an arrow never runs back, and nothing runs in circles.

A room is a package or module directly below ``puffer_edge``. ARCHITECTURE.md shows this table.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.project.layers import Graph, between_rooms, circles, modules, read, room

ROOT = Path(__file__).parents[2]

ARROWS = {
    # What everything stands on; `arrays`, `errors` and `version` may be imported by all.
    "arrays": "",
    "wording": "",
    "errors": "wording",
    "version": "",
    "cache": "",
    "naming": "",
    "processes": "",
    "progress": "",
    "readers": "",
    "choices": "",
    "signatures": "choices",
    "templates": "",
    "boards": "choices",
    "targets": "boards choices",
    "toolchains": "cache processes targets",
    "timing": "",
    # A policy and what is computed with it.
    "ir": "",
    "finiteness": "ir",
    "interpreter": "ir",
    "passes": "ir",
    "proofs": "ir",
    "sampling": "ir",
    "spaces": "ir",
    "environments": "ir spaces",
    "planning": "finiteness ir",
    # File -> Program -> integers -> artefact.
    "frontends": "interpreter ir passes readers spaces",
    "arguments": "ir",
    "loading": "arguments frontends ir passes quantization signatures wording",
    "quantization": "environments interpreter ir passes progress readers sampling",
    "artefact": "interpreter ir naming planning proofs quantization readers",
    "blackbox": "artefact interpreter ir quantization readers templates",
    "robot": "frontends ir naming readers",
    "shield": "artefact interpreter ir quantization readers robot",
    "composing": "ir",
    "inspection": "artefact ir passes planning",
    "exporters": "artefact blackbox boards choices finiteness ir naming passes planning processes "
                 "quantization readers robot sampling shield targets templates toolchains",
    # What takes an artefact.
    "firmware": "artefact boards choices exporters naming readers robot signatures targets "
                "templates",
    "runtimes": "arguments artefact cache exporters frontends interpreter ir loading passes "
                "quantization readers robot signatures targets toolchains",
    "benchmarking": "ir runtimes",
    "playing": "environments ir progress runtimes",
    "verification": "artefact boards cache exporters frontends interpreter ir planning "
                    "processes progress proofs quantization readers runtimes sampling shield "
                    "targets templates timing toolchains",
    "sizing": "artefact boards exporters ir quantization targets toolchains verification",
    "fitting": "artefact boards environments exporters interpreter ir naming passes quantization "
               "runtimes sizing targets verification",
    "page": "artefact cache exporters readers targets templates toolchains verification",
    "subset": "cache verification",
    # What the user meets.
    "api": "arguments artefact blackbox exporters frontends inspection ir loading naming "
           "page quantization robot shield signatures verification",
    "composed": "api arguments composing frontends ir loading naming signatures verification",
    "logs": "artefact blackbox quantization runtimes signatures",
    "using": "arguments artefact benchmarking boards firmware fitting frontends ir loading playing "
             "quantization readers robot runtimes signatures sizing subset verification",
    "__init__": "api composed firmware frontends ir logs quantization runtimes spaces using",
    "cli": "api artefact benchmarking boards composed exporters firmware fitting frontends "
           "inspection ir logs naming page playing progress quantization robot runtimes sizing "
           "subset targets using verification wording",
    "__main__": "cli",
}
ALWAYS = {"arrays", "errors", "version"}


@cache
def sources() -> dict[str, str]:
    return read(ROOT)


@cache
def graph_of_all() -> Graph:
    return modules(sources())


def planted(module: str, target: str) -> Graph:
    """The graph, had ``module`` an import of ``target`` in a function."""
    line = f"\n\ndef planted():\n    import {target}\n"
    return graph_of_all() | modules({module: sources()[module] + line}, sources())


def violations(graph: Graph) -> list[str]:
    """Imports that the table does not allow."""
    return [line for (source, target), lines in between_rooms(graph).items() for line in lines
            if target not in ARROWS[source].split() and target not in ALWAYS]


def test_an_arrow_never_runs_back() -> None:
    graph = graph_of_all()
    assert {room(module) for module in graph} == set(ARROWS)
    assert violations(graph) == []
    found = between_rooms(graph)
    assert [(source, target) for source, targets in ARROWS.items() for target in targets.split()
            if (source, target) not in found] == []  # what nothing needs is not allowed


def test_the_table_itself_has_no_circle() -> None:
    assert circles({name: targets.split() for name, targets in ARROWS.items()}) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(graph_of_all()) == []


@pytest.mark.parametrize("name", [name for name in ARROWS if ARROWS[name] and name not in ALWAYS])
def test_a_planted_back_arrow_is_found(name: str) -> None:
    """From a room below to the one that imports it, in a function."""
    upper = next(module for module in sources() if room(module) == name)
    for below in ARROWS[name].split():
        module = next(module for module in sources() if room(module) == below)
        assert violations(planted(module, upper)) == [f"{module} -> {upper}"]


@pytest.mark.parametrize("name", sorted({room(module) for module in sources()
                                         if module.count(".") > 1}))
def test_a_planted_circle_is_found(name: str) -> None:
    """An arrow inside a room, turned around."""
    graph = graph_of_all()
    module, target = next((module, target) for module in graph for target in sorted(graph[module])
                          if room(module) == room(target) == name)
    (found,) = circles(planted(target, module))
    assert {module, target} <= set(found)


def test_an_array_is_called_one_name_everywhere() -> None:
    """An alias of one's own is another name of the same thing."""
    found = [module for module, code in sources().items()
             if re.search(r"^\w+(: TypeAlias)? = npt\.NDArray", code, re.MULTILINE)]
    assert found == ["puffer_edge.arrays"]


def test_every_way_to_import_is_seen() -> None:
    code = {"puffer_edge.a": "def f():\n    from puffer_edge.b import x\n",
            "puffer_edge.b": "if TYPE_CHECKING:\n    import puffer_edge.c.d as d\n",
            "puffer_edge.c": "", "puffer_edge.c.d": "from . import e\n",
            "puffer_edge.c.e": "import_module('puffer_edge.a')\n", "puffer_edge.f": "import os\n"}
    assert modules(code) == {
        "puffer_edge.a": {"puffer_edge.b"}, "puffer_edge.b": {"puffer_edge.c.d"},
        "puffer_edge.c": set(), "puffer_edge.c.d": {"puffer_edge.c.e"},
        "puffer_edge.c.e": {"puffer_edge.a"}, "puffer_edge.f": set()}
    assert circles(modules(code)) == [
        ["puffer_edge.a", "puffer_edge.b", "puffer_edge.c.d", "puffer_edge.c.e"]]


def test_the_architecture_shows_the_table() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([\w, `]*) \|$", text, re.MULTILINE)
    assert {name: sorted(re.findall(r"\w+", targets)) for name, targets in rows} == {
        name: sorted(targets.split()) for name, targets in ARROWS.items()}
