# SPDX-License-Identifier: MIT
"""pytest in a copy of the tree, in a forked process that has the heavy packages already."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

HEAVY = ("numpy", "pytest", "hypothesis", "coverage", "jinja2", "typer", "rich", "cffi", "onnx",
         "onnxruntime", "torch", "gymnasium", "stable_baselines3", "flatbuffers")
OURS = ("tests", "puffer_edge")


def preload() -> None:
    """What each child would import again: seconds of each."""
    for name in HEAVY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()


def forked(tree: Path, log: Path, work: Callable[[], Any]) -> Any:
    """What ``work`` returns (plain data) in a process of its own at the tree; None if it dies.

    Whatever that process starts ends with it.
    """
    log = log.resolve()
    result = log.with_suffix(".json")
    result.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setsid()
            with open(log, "wb") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            _enter(tree)
            result.write_text(json.dumps(work()))
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    try:
        os.waitpid(child, 0)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    return json.loads(result.read_text()) if result.exists() else None


def _enter(tree: Path) -> None:
    """From here on the tree's own modules are imported, by children, too."""
    here = os.getcwd()
    os.chdir(tree)
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        del sys.modules[name]
    sys.path[:] = [str(tree), *(path for path in sys.path if path not in ("", here))]
    importlib.invalidate_caches()
    others = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep)
              if path not in ("", here)]
    os.environ.update(PYTHONPATH=os.pathsep.join([str(tree), *others]), OMP_NUM_THREADS="1",
                      CI="1",  # the same examples of hypothesis
                      XDG_CACHE_HOME=str(tree.parent / "cache"))
