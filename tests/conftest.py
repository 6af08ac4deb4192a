"""Skips tests whose tools are not installed: a machine with Python and a C compiler is enough."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import settings

# CI repeats the same examples, so that a change is judged by what it changed; elsewhere they vary.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

# Tests of everything else are not to wait for a child process that imports torch.
os.environ.setdefault("PUFFER_EDGE_ORIGINAL", "never")

ARM = ("arm-none-eabi-gcc", "qemu-system-arm")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [program for program in ARM if shutil.which(program) is None]
    if missing:
        skip = pytest.mark.skip(reason=f"{' and '.join(missing)} not installed")
        for item in items:
            if item.get_closest_marker("gcc"):
                item.add_marker(skip)
