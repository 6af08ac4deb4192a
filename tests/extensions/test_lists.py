# SPDX-License-Identifier: MIT
"""Lists that name the files of a folder: what is added there and not named would never be asked."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from puffer_edge.exporters.finding import _ALL
from puffer_edge.frontends import state_dict
from puffer_edge.ir import ops
from puffer_edge.runtimes.backends import BACKENDS
from puffer_edge.verification.originals.owners import OWNERS, USERS
from puffer_edge.verification.verifiers import VERIFIERS

PACKAGE = Path(__file__).parents[2] / "puffer_edge"


def classes(folder: str, wanted: Callable[[ast.ClassDef], bool]) -> set[str]:
    """Classes at the top level of the files below a folder."""
    return {node.name for path in (PACKAGE / folder).rglob("*.py")
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.ClassDef) and wanted(node)}


def modules(folder: str, *functions: str) -> set[str]:
    """Files in a folder that define these functions at their top level."""
    found = {path: {node.name for node in ast.parse(path.read_text(encoding="utf-8")).body
                    if isinstance(node, ast.FunctionDef)}
             for path in (PACKAGE / folder).glob("*.py")}
    return {path.stem for path, names in found.items() if names.issuperset(functions)}


def registered(node: ast.ClassDef) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "register" for each in node.decorator_list)


def with_methods(*names: str) -> Callable[[ast.ClassDef], bool]:
    """Classes that have them, protocols left out."""

    def wanted(node: ast.ClassDef) -> bool:
        own = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
        return own.issuperset(names) and not any(
            isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)

    return wanted


def stems(listed: Iterable[object]) -> set[str]:
    return {module.__name__.rpartition(".")[2] for module in listed}  # type: ignore[attr-defined]


LISTS: dict[str, tuple[set[str], set[str]]] = {
    "puffer_edge/ir/ops/__init__.py": (classes("ir/ops", registered), set(ops.__all__)),
    "FAMILIES of puffer_edge/frontends/state_dict.py": (
        modules("frontends", "matches", "load_state_dict"),
        stems([*state_dict.FAMILIES, *state_dict._UNNAMED])),
    "BACKENDS of runtimes/backends.py": (
        {path.stem.removesuffix("_backend")
         for path in (PACKAGE / "runtimes").glob("*_backend.py")}, set(BACKENDS)),
    "VERIFIERS of puffer_edge/verification/verifiers": (
        classes("verification/verifiers", with_methods("knows")),
        {type(verifier).__name__ for verifier in VERIFIERS}),
    "exporters/finding.py": (
        classes("exporters", with_methods("prepare", "files"))
        | classes("exporters", lambda node: node.name.endswith("Exporter")) - {"Exporter"},
        {type(exporter).__name__ for exporter in _ALL}),
    "OWNERS of puffer_edge/verification/originals/owners.py": (
        modules("verification/originals", "open_original"),
        {owner.module for owner in (*OWNERS, USERS)}),
}
"""What each has to name: what is in the folder, and what is named."""


@pytest.mark.parametrize("name", LISTS)
def test_everything_is_named(name: str) -> None:
    there, listed = LISTS[name]
    assert there and sorted(there - listed) == [], f"not named in {name}"
    assert sorted(listed - there) == [], f"named in {name}, and not there"


def test_an_op_that_is_not_named_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                          ) -> None:
    (tmp_path / "cube.py").write_text("@register\n@dataclass\nclass Cube(Op):\n    x: str\n")
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    assert classes(".", registered) == {"Cube"}
