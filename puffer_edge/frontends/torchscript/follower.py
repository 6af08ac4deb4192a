# SPDX-License-Identifier: MIT
"""What calls in the code ask of whoever follows it."""

from __future__ import annotations

from typing import Any, Protocol

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.torchscript.recorder import Recorder
from puffer_edge.frontends.torchscript.values import Tensor


class Follower(Protocol):
    """Who follows the code; an Evaluator is one."""

    recorder: Recorder

    def get(self, owner: Any, name: str) -> Any:
        """An attribute of an object or a named tuple."""

    def number(self, tensor: Tensor) -> Any:
        """The one element of a constant tensor."""

    def spend(self, steps: int) -> None:
        """Takes steps from the budget of the file."""

    def error(self, what: str) -> FileFormatError:
        """The error of code that does not fit itself; the caller raises it."""
