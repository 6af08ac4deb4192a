# SPDX-License-Identifier: MIT
"""MicroPython's own list of differences from CPython, tests/cpydiff of its sources.

``PUFFER_EDGE_MICROPYTHON`` names a checkout: its files are no part of this project. What is in
``UNDECIDED`` nobody can tell from the file alone, or the file handles it itself.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from puffer_edge.subset import Config, check_source
from puffer_edge.verification.micropython.interpreters import PINNED

UNDECIDED = {
    "core_function_argcount": "the texts of errors differ everywhere",
    "core_function_star": "wrong before 1.28 for functions in Python only; PE116 from 1.28 on",
    "core_import_split_ns_pkgs": "depends on folders of the board",
    "modules_errno_enotsup": "the name of one error number, which the operating system gives",
    "modules_os_environ": "the file catches the AttributeError",
    "modules_os_getenv": "os.putenv() is there to change what os.getenv() gives",
    "syntax_annotation_expression": "the program makes the source when it runs",
    "types_exception_chaining": "the traceback alone is another",
    "types_exception_loops": "a line number in the traceback is another",
    "types_int_subclassconv": "depends on the class of the other operand",
    "types_oserror_errnomap": "the class of an OSError is known when it is raised",
    "types_str_repr_nonprintable": "depends on the text",
}
FOLDER = os.environ.get("PUFFER_EDGE_MICROPYTHON", "")


def test_few_are_undecided() -> None:
    assert len(UNDECIDED) <= 78 - 60
    assert all(reason for reason in UNDECIDED.values())


@pytest.mark.exhaustive
@pytest.mark.skipif(not FOLDER, reason="PUFFER_EDGE_MICROPYTHON names no checkout")
def test_each_difference_is_reported() -> None:
    files = sorted(Path(FOLDER, "tests", "cpydiff").glob("*.py"))
    assert len(files) >= 78
    silent = {path.stem for path in files if check_source(
        path.read_text("utf-8"), Config(port="unix", mpy_version=PINNED)).exit_code == 0}
    assert silent == set(UNDECIDED)
