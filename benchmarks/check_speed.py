# SPDX-License-Identifier: MIT
"""How long `puffer-edge check` takes for 50,000 lines: Python's own library, cut to that size.

python benchmarks/check_speed.py
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

LINES = 50_000
LIMIT = 5.0
"""Seconds, for the whole process."""


def main() -> int:
    """Prints lines and seconds; 1 if it took too long."""
    library = Path(sysconfig.get_paths()["stdlib"])
    lines = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(library.rglob("*.py")):
            if "packages" in path.parent.name or "lib2to3" in path.parts:
                continue
            try:
                text = path.read_text("utf-8")
                compile(text, str(path), "exec", dont_inherit=True)
            except (ValueError, SyntaxError):
                continue
            Path(folder, f"m{lines}.py").write_text(text, "utf-8")
            lines += text.count("\n")
            if lines >= LINES:
                break
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "puffer_edge", "check", folder],
                              capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
    print(f"{lines:,} lines in {seconds:.2f} s: {done.stdout.strip().splitlines()[-1]}")
    return int(seconds > LIMIT or done.returncode != 1)


if __name__ == "__main__":
    sys.exit(main())
