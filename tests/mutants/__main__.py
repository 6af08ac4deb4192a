# SPDX-License-Identifier: MIT
"""Plants faults and prints which survive; exit code 1 below the share that must be found.

    python -m tests.mutants --count 200 --seed 1
    python -m tests.mutants --count 20 --room passes --room readers
    python -m tests.mutants --listed --count 200    # are they rightly listed as changing nothing?

What was found is kept in build/mutants: the same command goes on where it was stopped, and asks
again where a source or a test has changed (``--again``: everything).
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutants.equivalent import why_equivalent
from tests.mutants.forking import preload
from tests.mutants.mutations import Mutation, mutations
from tests.mutants.near import near
from tests.mutants.reaching import Record, digest, recorded
from tests.mutants.rooms import ROOMS
from tests.mutants.running import killer, told

ROOT = Path(__file__).parents[2]
WANTED = 0.9
"""Share of mutations that the tests of their own room must find."""


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="of all rooms together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--room", action="append", choices=list(ROOMS), help="may be repeated")
    parser.add_argument("--file", default="", help="only faults of files whose paths have this")
    parser.add_argument("--limit", type=float, default=120.0,
                        help="seconds of tests for one fault at most; the quick ones come first")
    parser.add_argument("--part", default="1/1", metavar="K/N",
                        help="every Nth of the faults, for a process beside others; the same "
                             "command without it tells of all")
    parser.add_argument("--near", action="store_true",
                        help="make no record, which takes as long as all tests: run the test files "
                             "that are nearest to each fault")
    parser.add_argument("--listed", action="store_true",
                        help="ask only faults that are listed as changing nothing: where a test "
                             "finds one, its reason is wrong")
    parser.add_argument("--kept", type=Path, default=ROOT / "build" / "mutants")
    parser.add_argument("--again", action="store_true", help="forget what was found before")
    args = parser.parse_args()
    args.kept.mkdir(parents=True, exist_ok=True)
    preload()
    with TemporaryDirectory(prefix="puffer-edge-mutants-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, symlinks=True, ignore=shutil.ignore_patterns(
            ".git", ".venv*", "build", "dist", "__pycache__", "*.egg-info", ".*_cache"))
        cache = args.kept.resolve() / "cache"  # what compilers made of what is as it was
        cache.mkdir(exist_ok=True)
        (tree.parent / "cache").symlink_to(cache)
        run = _Run(tree, args)
        part, parts = map(int, args.part.split("/"))
        found = [run.ask(name, mutation) for name, mutation in _drawn(tree, args)[part - 1::parts]]
    return _wrongly_listed(found) if args.listed else _table(found)


class _Run:
    """The records of the rooms and what was found before."""

    def __init__(self, tree: Path, args: argparse.Namespace) -> None:
        self.tree, self.args = tree, args
        self.results = args.kept / "results.jsonl"
        if args.again:
            self.results.unlink(missing_ok=True)
        self.before = {(one["room"], one["fault"], one["key"]): one for one in told(self.results)}
        self.records: dict[str, Record] = {}
        self.killers: dict[str, Counter[str]] = {}
        self.unsound: set[str] = set()
        self.sources = sorted({path for room in ROOMS.values() for path in room.files(tree)})
        for one in self.before.values():
            if one["by"]:
                self.killers.setdefault(one["path"], Counter())[one["by"]] += 1

    def ask(self, name: str, mutation: Mutation) -> tuple[str, Mutation, str | None, str]:
        """Room, mutation, the test that finds it or None, and why it changes nothing or ""."""
        reason = "" if self.args.listed else why_equivalent(self.tree, mutation)
        if reason:
            print(f"SAME     {name:12} {mutation}: {reason}", flush=True)
            return name, mutation, None, reason
        key = digest(self.tree / mutation.path)[:12] + "".join(
            digest(self.tree / test)[:6] for test in ROOMS[name].tests) + "near" * self.args.near
        one = self.before.get((name, str(mutation), key))
        if one is None:
            one = {"room": name, "fault": str(mutation), "key": key, "path": mutation.path,
                   **self._asked(name, mutation)}
            with self.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(one) + "\n")
        print(f"{'killed  ' if one['by'] else 'SURVIVED'} {name:12} {mutation}"
              f"{'  by ' + one['by'] if one['by'] else ''}", flush=True)
        return name, mutation, one["by"], ""

    def _asked(self, name: str, mutation: Mutation) -> dict[str, object]:
        begin = time.perf_counter()
        killers = self.killers.setdefault(mutation.path, Counter())
        kept, limit, places = self.args.kept, self.args.limit, ROOMS[name].tests
        if self.args.near:
            by = near(self.tree, mutation, places, kept, limit, killers, self.unsound)
        else:
            if name not in self.records:
                self.records[name] = recorded(self.tree, places, self.sources, kept)
            by = killer(self.tree, mutation, self.records[name], kept, limit, killers)
        if by:
            killers[by] += 1
        return {"by": by, "seconds": round(time.perf_counter() - begin, 1)}


def _drawn(tree: Path, args: argparse.Namespace) -> list[tuple[str, Mutation]]:
    """Mutations by lot, as many of each room; the same for the same seed and sources."""
    drawn, rooms = [], args.room or list(ROOMS)
    for index, name in enumerate(rooms):
        lot = random.Random(f"{args.seed} {name}")
        every = [mutation for path in ROOMS[name].files(tree) if args.file in path
                 for mutation in mutations(tree, path)
                 if not args.listed or why_equivalent(tree, mutation)]
        share = (args.count + len(rooms) - 1 - index) // len(rooms)
        drawn += [(name, mutation) for mutation in lot.sample(every, min(share, len(every)))]
    return drawn


def _wrongly_listed(found: list[tuple[str, Mutation, str | None, str]]) -> int:
    """Prints which listed faults a test finds; 1 where there is one."""
    wrong = [mutation for _, mutation, by, _ in found if by]
    print(f"\n{len(wrong)} of {len(found)} faults that are listed as changing nothing are found")
    return int(bool(wrong))


def _table(found: list[tuple[str, Mutation, str | None, str]]) -> int:
    """Prints found, same and surviving ones by room; 1 below the share that is wanted.

    What is listed as changing nothing can be found by no test, and does not count for the share.
    """
    print(f"\n{'room':12} {'faults':>6} {'found':>6} {'same':>6} {'left':>6}")
    for room in [*dict.fromkeys(name for name, *_ in found), "all"]:
        mine = [one for one in found if room in (one[0], "all")]
        killed, same = sum(one[2] is not None for one in mine), sum(bool(one[3]) for one in mine)
        print(f"{room:12} {len(mine):6} {killed:6} {same:6} {len(mine) - killed - same:6}")
    share = killed / max(1, len(found) - same)
    print(f"{share:.1%} of the faults that change anything were found; {WANTED:.0%} are wanted")
    return int(share < WANTED)


if __name__ == "__main__":
    sys.exit(main())
