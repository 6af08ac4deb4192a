# SPDX-License-Identifier: MIT
"""Plants faults and prints which survive; exit code 1 below the share that must be found.

    python -m tests.mutants --count 200 --seed 1
    python -m tests.mutants --count 20 passes readers
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutants.mutations import Mutation, mutations
from tests.mutants.reaching import reaching
from tests.mutants.rooms import ROOMS, Room

ROOT = Path(__file__).parents[2]
WANTED = 0.9
"""Share of mutations that the tests of their own room must find."""
FEW = 40
"""Tests that reach a line are run by name up to this many; a line that more reach is run by all."""
TIMEOUT = 900.0  # seconds; a fault that never ends is found


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="of all rooms together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("rooms", nargs="*", default=list(ROOMS), metavar="ROOM")
    args = parser.parse_args()
    killed = 0
    with TemporaryDirectory(prefix="puffer-edge-mutants-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, symlinks=True, ignore=shutil.ignore_patterns(
            ".git", ".venv*", "build", "dist", "__pycache__", "*.egg-info", ".*_cache"))
        for name, mutation in _drawn(tree, args.rooms, args.count, args.seed):
            tests = _tests(tree, name, ROOMS[name], mutation, Path(folder) / "reached")
            found = _found(tree, mutation, tests)
            killed += found
            print(f"{'killed  ' if found else 'SURVIVED'} {name:12} {mutation}", flush=True)
    share = killed / args.count
    print(f"{killed} of {args.count} mutations were found ({share:.0%})")
    return int(share < WANTED)


def _drawn(tree: Path, rooms: list[str], count: int, seed: int) -> list[tuple[str, Mutation]]:
    """Mutations by lot, as many of each room; the same for the same seed and sources."""
    lot, drawn = random.Random(seed), []
    for index, name in enumerate(rooms):
        every = [mutation for path in ROOMS[name].files(tree) for mutation in mutations(tree, path)]
        share = (count + len(rooms) - 1 - index) // len(rooms)
        drawn += [(name, mutation) for mutation in lot.sample(every, share)]
    return drawn


def _tests(tree: Path, name: str, room: Room, mutation: Mutation, kept: Path) -> list[str]:
    """Arguments of pytest: the tests that reach the line, or all of the room."""
    paths = [test for test in room.tests if (tree / test).exists()]
    if not mutation.path.endswith(".py"):
        return paths
    tests = reaching(tree, name, room, kept).get(mutation.path, {}).get(mutation.line, [])
    names = sorted({test.partition("[")[0] for test in tests})
    if not names or len(names) > FEW:
        return paths
    return ["-k", " or ".join(names), *paths]


def _found(tree: Path, mutation: Mutation, tests: list[str]) -> bool:
    """Whether a test fails with the change in place."""
    path = tree / mutation.path
    text = path.read_text(encoding="utf-8")
    path.write_text(mutation.applied(text), encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
            cwd=tree, env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return True
    finally:
        path.write_text(text, encoding="utf-8")
    return done.returncode != 0


if __name__ == "__main__":
    sys.exit(main())
