# SPDX-License-Identifier: MIT
"""What the pages tell readers to type works, and prints what they show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.documents.blocks import NEEDS, RUN, SHOWN, blocks, run

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "start").glob("*.md"))
SHORT = {
    "PUFFER_EDGE": str(ROOT),  # where the pages' readers have a checkout
    "STEPS": "300",  # of training, which is what the pages name to try things
    "COLUMNS": "100", "OMP_NUM_THREADS": "1", "PUFFER_EDGE_ORIGINAL": "auto",
}
IN_THE_SUITE = {"onnx"}
"""Pages that take seconds; `make docs` runs all."""


@pytest.mark.parametrize("page", [
    pytest.param(page, id=page.stem,
                 marks=() if page.stem in IN_THE_SUITE else pytest.mark.exhaustive)
    for page in PAGES])
def test_a_page_can_be_followed(page: Path, tmp_path: Path) -> None:
    assert run(page, tmp_path, SHORT)


def test_each_block_has_a_known_language() -> None:
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for block in blocks(page):
            assert block.language in (*RUN, *SHOWN), f"{block}: {block.language!r}"


def test_few_blocks_are_not_run() -> None:
    """What needs a board is marked; the number cannot grow unnoticed."""
    marked = [block for page in PAGES for block in blocks(page) if block.needs]
    print(*(f"{block}: {block.needs}" for block in marked), sep="\n")
    assert len(marked) == MARKED


MARKED = 12


def test_a_wrong_command_and_other_output_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('```sh\nexit 3\n```\n')
    with pytest.raises(AssertionError, match="exit code 3"):
        run(page, tmp_path, {})
    page.write_text('```sh\necho 12 steps\n```\n\n```text\n900 steps\n```\n')
    assert run(page, tmp_path, {}) == 1
    page.write_text('```sh\necho 12 steps\n```\n\n```text\n12 stops\n```\n')
    with pytest.raises(AssertionError, match="not printed: 12 stops"):
        run(page, tmp_path, {})


@pytest.mark.parametrize("need", NEEDS)
def test_a_mark_is_the_paragraph_before(need: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f'*{need}:*\n\n```sh\nexit 3\n```\n\n```sh\ntrue\n```\n')
    assert [block.needs for block in blocks(page)] == [need, ""]
    assert run(page, tmp_path, {}) == 1
