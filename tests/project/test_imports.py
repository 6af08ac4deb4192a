# SPDX-License-Identifier: MIT
"""``import puffer_edge`` is light, and the command line starts without any heavy package."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"torch", "onnx", "onnxruntime", "ziglang", "unicorn", "elftools", "gymnasium",
         "tensorflow", "stable_baselines3", "jinja2"}


@pytest.mark.parametrize("statement", [
    "import puffer_edge",
    "import puffer_edge.cli",
    "import puffer_edge.api",
    "import sys; sys.argv = ['puffer-edge', 'targets']\n"
    "from puffer_edge.cli import main\n"
    "try:\n    main()\nexcept SystemExit:\n    pass",
])
def test_no_heavy_package_is_imported(statement: str) -> None:
    code = f"{statement}\nimport sys\nprint('\\nLOADED', *sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split("LOADED")[1].split())
    assert "puffer_edge" in loaded
    assert loaded & HEAVY == set()


def test_import_puffer_edge_does_not_even_need_numpy() -> None:
    code = "import sys, puffer_edge; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["runtimes", "spaces"])
def test_what_the_readme_calls_needs_no_import_of_its_own(name: str) -> None:
    code = f"import puffer_edge\nprint(puffer_edge.{name}.__name__)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == f"puffer_edge.{name}"
