# SPDX-License-Identifier: MIT
"""Runs in both interpreters: what each snippet prints, or that it raises. Reads and writes JSON."""

import json


def outcome(source):
    """What a source prints; None where it raises an exception."""
    printed = []

    def note(*values, sep=" ", end="\n", file=None, **more):
        if more:
            print("", **more)
        printed.append(sep.join([str(value) for value in values]) + end)

    try:
        exec(source, {"__name__": "snippet", "print": note})
    except Exception:
        return None
    return "".join(printed)


with open("idioms.json") as file:
    idioms = json.load(file)
results = [outcome(source) for source in idioms]
with open("outcomes.json", "w") as file:
    json.dump(results, file)
