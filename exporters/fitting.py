# SPDX-License-Identifier: MIT
"""Whether a board could hold a policy at all: asked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from puffer_edge.boards import Board
from puffer_edge.errors import UsageError


def refuse_too_large(manifest: Mapping[str, Any], board: Board) -> None:
    """Refuses a policy whose weights or struct alone are more than the board has left.

    Args:
        manifest: of the artefact.
        board: where it should run.

    Raises:
        UsageError: which says what is too little, and by how much.
    """
    memory = manifest["memory"]
    weights = int(memory["weights_bytes"])
    struct = int(memory["struct_bytes"]) + int(memory.get("robot_bytes", 0))
    struct += int(manifest.get("black_box", {}).get("bytes", 0))
    needs = [("flash", weights, board.flash.left if board.flash.size else weights),
             ("RAM", struct + (weights if board.constants_in_ram else 0), board.ram.left)]
    for what, needed, left in needs:
        if needed > left:
            raise UsageError(f"the policy does not fit on {board.title}: {needed:,} bytes of "
                             f"{what}, without code and stack, of {left:,}",
                             hint="`puffer-edge doctor` tells what does")
