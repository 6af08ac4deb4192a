# SPDX-License-Identifier: MIT
"""No code of ours may run what a file says: no unpickling, no eval, no unsafe loader."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("puffer_edge", "exporters", "runtimes", "firmware")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

UNPICKLERS = frozenset("pickle _pickle cPickle cloudpickle dill joblib marshal shelve".split())
RUNNERS = frozenset("eval exec compile __import__".split())


def offences(source: str) -> Iterator[str]:
    """What in a Python source could run a stranger's file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported = [node.module or ""]
        else:
            imported = []
        yield from (f"line {node.lineno}: imports {module}" for module in imported  # type: ignore[attr-defined]
                    if module.split(".")[0] in UNPICKLERS)
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        flags = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        if called in RUNNERS or called.removeprefix("builtins.") in RUNNERS:
            yield f"line {node.lineno}: calls {called}"
        if called in ("torch.load", "torch.serialization.load") and flags.get(
                "weights_only") != "True":
            yield f"line {node.lineno}: calls {called} without weights_only=True"
        if flags.get("weights_only", "True") != "True":
            yield f"line {node.lineno}: passes weights_only={flags['weights_only']}"
        if flags.get("allow_pickle", "False") != "False":
            yield f"line {node.lineno}: passes allow_pickle={flags['allow_pickle']}"


def test_the_code_is_there() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} >= set(PACKAGES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_runs_a_file(path: Path) -> None:
    assert not list(offences(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("source", [
    "import pickle", "import numpy, pickle as p", "from pickle import Unpickler",
    "def f():\n    from cloudpickle import loads", "import marshal",
    "torch.load(path)", "torch.load(path, weights_only=False)", "f(weights_only=flag)",
    "eval(text)", "x = [exec(t) for t in y]", "builtins.eval(text)", "__import__(name)",
    "np.load(path, allow_pickle=True)",
])
def test_the_check_finds(source: str) -> None:
    assert list(offences(source))


@pytest.mark.parametrize("source", [
    "import pickletools", "torch.load(path, weights_only=True)", "re.compile(pattern)",
    "module.eval()", "np.load(path, allow_pickle=False)", "# pickle.load", "'eval(x)'",
])
def test_the_check_leaves_alone(source: str) -> None:
    assert not list(offences(source))
