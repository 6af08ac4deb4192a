# SPDX-License-Identifier: MIT
"""The artefact of the candidate that was chosen: within its budget, written and verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from puffer_edge.artefact.directory import write
from puffer_edge.exporters.finding import EXPORTERS
from puffer_edge.fitting.budget import in_words
from puffer_edge.fitting.outcome import Outcome
from puffer_edge.fitting.question import Question
from puffer_edge.targets import find_exported
from puffer_edge.verification.verify import verify


def deliver(question: Question, outcome: Outcome, directory: Path, name: str,
            progress: Callable[[str], None]) -> str:
    """Writes and verifies the artefact.

    Args:
        question: with the board.
        outcome: of a candidate that was made.
        directory: where the artefact goes.
        name: stem of its C names.
        progress: is told what is being done.

    Returns:
        Why it cannot be delivered; ``""`` where it was.
    """
    assert outcome.made is not None
    price = question.price(outcome.candidate, outcome.made)
    if not question.budget.fits(price):
        return f"trained, it takes {in_words(price)}"
    board = question.budget.board
    target = find_exported(board.core.target or "cortex-m").name
    exporter = EXPORTERS[target]
    request = replace(question.request(outcome.candidate, outcome.made), target=target, name=name,
                      board=board.name if board.core.target else "")
    progress(f"writing {directory}")
    write(directory, exporter.files(exporter.prepare(request, lambda text: None), progress))
    progress(f"verifying {directory}")
    report = verify(directory, page=True, progress=progress)
    failed = [check.name for check in report.checks if check.verdict == "failed"]
    return f"verify fails: {', '.join(failed)}" if failed else ""
