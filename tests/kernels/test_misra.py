# SPDX-License-Identifier: MIT
"""The count of deviations from MISRA C:2012; ``make lint`` compares with what cppcheck finds."""

from __future__ import annotations

from collections import Counter

from tests.kernels.misra import DOCUMENT, differences, documented


def test_a_changed_count_is_told() -> None:
    then = documented(DOCUMENT.read_text(encoding="utf-8"))
    assert len(then) > 20 and differences(then, then) == []
    (line,) = differences(then + Counter({"18.4": 1}), then)
    assert line.startswith("rule 18.4: ")
    assert len(differences(Counter(), then)) == len(then)
    assert differences(then + Counter({"21.3": 1}), then) == [
        "rule 21.3: 1 deviations, 0 in misra.md"]


def test_each_deviation_has_its_reason() -> None:
    rows = [line.split("|") for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
            if line.startswith("| ") and line[2].isdigit()]
    assert len(rows) == len(documented(DOCUMENT.read_text(encoding="utf-8")))
    assert all(len(row[4].split()) > 3 and row[2].strip() in ("required", "advisory")
               for row in rows)
