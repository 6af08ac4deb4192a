# SPDX-License-Identifier: MIT
"""The files of a run together: which of them an import means."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import PurePath

from puffer_edge.subset.facts.file import File


class Project:
    """Files that import one another.

    Args:
        files: in the order in which they are checked.
    """

    def __init__(self, files: Sequence[File]) -> None:
        self.files = files
        self._modules: dict[str, dict[PurePath, File]] = {}
        self._homes: dict[ast.AST, File] = {}
        for file in files:
            path = PurePath(file.source.path)
            package = path.stem == "__init__"
            name = path.parent.name if package else path.stem
            folder = path.parent.parent if package else path.parent
            self._modules.setdefault(name, {}).setdefault(folder, file)

    def module(self, name: str, file: File) -> File | None:
        """The file of a module that another file imports, if it is among those given.

        Of several of that name it is the one beside the other file, or else the first.
        """
        found = self._modules.get(name.rpartition(".")[2], {})
        beside = found.get(PurePath(file.source.path).parent)
        return beside or next(iter(found.values()), None)

    def home(self, node: ast.AST) -> File:
        """The file that a function or class is in."""
        if node not in self._homes:
            self._homes[node] = next(file for file in self.files if node in file.tree.parents)
        return self._homes[node]
