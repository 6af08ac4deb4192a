# SPDX-License-Identifier: MIT
"""The folder beside the artefact: the search's database, its table, and a picture of it."""

from __future__ import annotations

import json
from pathlib import Path

from puffer_edge.errors import OutputError
from puffer_edge.fitting.plot import plot
from puffer_edge.fitting.result import Fitted

DATABASE, TABLE, PICTURE = "search.db", "result.json", "pareto.svg"


def folder_of(directory: Path) -> Path:
    """Where the search of an artefact is kept."""
    return directory.with_name(f"{directory.name}.search")


def storage_of(directory: Path) -> str:
    """The URL of the search's database; its folder is made.

    Raises:
        OutputError: it cannot be made.
    """
    folder = folder_of(directory)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the folder of the search cannot be made: {error.strerror}",
                          where=str(folder)) from error
    return f"sqlite:///{(folder / DATABASE).resolve().as_posix()}"


def report(fitted: Fitted, directory: Path) -> None:
    """Writes the table and the picture.

    Raises:
        OutputError: they cannot be written.
    """
    folder = folder_of(directory)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TABLE).write_text(json.dumps(fitted.to_json(), indent=1) + "\n",
                                    encoding="utf-8")
        (folder / PICTURE).write_text(plot(fitted), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"the result cannot be written: {error.strerror}",
                          where=str(folder)) from error
