# SPDX-License-Identifier: MIT
"""The fenced blocks of a page, run in the page's order as a reader would.

A block with a title is a file of that name. Shell blocks are run, Python blocks without a title
too, and a text block that follows one is what it prints, any number standing for any other. A
block that this computer cannot run has a paragraph before it that begins with one of ``NEEDS``, in
italics, which is what readers see as well.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

NEEDS = ("Needs a board", "Needs a GPU", "Needs the network", "Needs a robot", "Needs npm")
RUN = ("sh", "python")
SHOWN = ("text", "toml", "yaml", "json", "c", "ini")
"""Languages of blocks that are looked at, or are files."""
MINUTES = 5


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    title: str
    text: str
    needs: str
    """What it cannot do without, as the page says; empty for what is run."""

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """All fenced blocks, those within list items and notes, too."""
    found, before = [], ""
    for token in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8")):
        if token.type == "inline":
            before = token.content
        elif token.type == "fence":
            assert token.map is not None
            language, _, rest = token.info.strip().partition(" ")
            title = re.search(r'title="([^"]+)"', rest)
            marked = next((need for need in NEEDS if before.startswith(f"*{need}")), "")
            found.append(Block(page, token.map[0] + 1, language, title[1] if title else "",
                               token.content, marked))
            before = ""
        elif token.type.endswith("_open") and token.type != "paragraph_open":
            before = ""
    return found


def run(page: Path, folder: Path, environment: dict[str, str]) -> int:
    """Runs the page in an empty folder; gives the number of blocks that ran.

    Raises:
        AssertionError: a block failed, or printed something else than the page shows.
    """
    ran, said = 0, ""
    variables = {**os.environ, **environment,
                 "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for block in blocks(page):
        if block.needs:
            said = ""
        elif block.title:
            (folder / block.title).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.language in RUN:
            command = (["bash", "-euo", "pipefail", "-c", block.text] if block.language == "sh"
                       else [sys.executable, "-c", block.text])
            done = subprocess.run(command, cwd=folder, env=variables, text=True, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=60 * MINUTES)
            said, ran = done.stdout, ran + 1
            assert done.returncode == 0, f"{block}: exit code {done.returncode}\n{said}"
        elif block.language == "text" and said:
            _shown(block, said)
    return ran


def _shown(block: Block, said: str) -> None:
    """Each line of the block was printed, but for numbers, spaces and how lines were broken."""
    printed = _plain(said)
    for line in block.text.splitlines():
        wanted = _plain(line)
        if wanted and wanted != "...":
            assert wanted in printed, f"{block}: not printed: {line}\n{said}"


def _plain(text: str) -> str:
    return " ".join(re.sub(r"\d[\d,.e+-]*", "0", text).split())
