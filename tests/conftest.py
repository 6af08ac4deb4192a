# SPDX-License-Identifier: MIT
"""Skips tests whose tools are not installed, and shows where that is no pass.

A machine with Python and a C compiler is enough to work with. Where ``PUFFER_EDGE_REQUIRE`` is set,
as in CI, a test that is skipped because something is not installed fails instead: a proof that did
not run would look like one that passed. ``tests`` still lets the trainers be missing, which
``make trainers`` brings; ``trainers`` lets nothing be missing.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings

# CI repeats the same examples, so that a change is judged by what it changed; elsewhere they vary.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

# Tests of everything else are not to wait for a child process that imports torch.
os.environ.setdefault("PUFFER_EDGE_ORIGINAL", "never")

ARM = ("arm-none-eabi-gcc", "qemu-system-arm")
REQUIRED = os.environ.get("PUFFER_EDGE_REQUIRE", "")
MISSING = re.compile(r"not installed|could not import|No module named|there is no C library")
TRAINERS = re.compile(r"could not import '(d3rlpy|flax|foundation_policy|jax|keras|"
                      r"leapp|orbax|rl_games|rsl_rl|safetensors|skrl|tensordict)\b")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [program for program in ARM if shutil.which(program) is None]
    if missing:
        skip = pytest.mark.skip(reason=f"{' and '.join(missing)} not installed")
        for item in items:
            if item.get_closest_marker("gcc"):
                item.add_marker(skip)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, None]:
    outcome = yield
    _require(outcome.get_result())


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, None]:
    outcome = yield
    _require(outcome.get_result())


def _require(report: Any) -> None:
    """Makes a failure of a skip for something that should be there."""
    if not (REQUIRED and report.skipped) or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    allowed = REQUIRED == "tests" and TRAINERS.search(reason)
    if MISSING.search(reason) and not allowed:
        report.outcome = "failed"
        report.longrepr = f"PUFFER_EDGE_REQUIRE is set, and a proof was skipped: {reason}"
