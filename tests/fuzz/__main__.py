# SPDX-License-Identifier: MIT
"""Runs the fuzzers and prints what came of it; exit code 1 if anything failed."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.engine import Outcome, run
from tests.fuzz.targets import TARGETS


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float,
                        default=float(os.environ.get("PUFFER_EDGE_FUZZ_SECONDS", "60")))
    parser.add_argument("--inputs", type=int, metavar="N",
                        help="of all targets together, whatever they take, instead of a time")
    parser.add_argument("--seed", type=int,
                        default=int(os.environ.get("PUFFER_EDGE_FUZZ_SEED", "0")))
    parser.add_argument("targets", nargs="*", default=list(TARGETS), metavar="TARGET")
    args = parser.parse_args()
    failed, total, count = 0, 0, len(args.targets)
    for index, name in enumerate(args.targets):
        # The first few take what cannot be divided.
        share = args.inputs and (args.inputs + count - 1 - index) // count
        with TemporaryDirectory() as folder:
            outcome: Outcome = run(name, TARGETS[name], seed=args.seed, folder=Path(folder),
                                   seconds=args.seconds / count, inputs=share)
        total += outcome.inputs
        failed += len(outcome.failures)
        print(f"{name:18} {outcome.inputs:8} inputs, {outcome.read} read, {outcome.refused} "
              f"refused, {outcome.failed} failed, slowest {outcome.slowest:.2f} s", flush=True)
        for text in outcome.failures.values():
            print(f"    FAILED seed {args.seed}, {text}", flush=True)
    print(f"{total} inputs, {failed} kinds of failures")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
