# SPDX-License-Identifier: MIT
"""The C interface of a policy: its name, and the sizes of what goes in and out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from puffer_edge.errors import UsageError

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Interface:
    """What a caller in C must know of one policy.

    Attributes:
        name: prefix of the policy's C functions.
        obs_bytes: size of ``<name>_obs_t``.
        action_bytes: size of ``<name>_action_t``.
        outputs: raw outputs, each the accessor's name (without the prefix) and its elements.
        states: smallest and largest integer of each recurrent state.
        obs_size, action_size: bytes of one element.
        integers: it is ``<name>_step_q`` that is stepped, in a build without any other.
        own_action: that step has an action type of its own.
        action_gap: where its action has unused bytes, so that its second part lies at a word, and
            how many; a core of 8 bits has none.

    Raises:
        UsageError: a name is no C identifier or a size is not positive.
    """

    name: str
    obs_bytes: int
    action_bytes: int
    outputs: tuple[tuple[str, int], ...]
    states: tuple[tuple[int, int], ...] = ()
    obs_size: int = 4
    action_size: int = 4
    integers: bool = False
    own_action: bool = False
    action_gap: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        # The names are pasted into C source and often come from a file.
        for name in (self.name, *(accessor for accessor, _ in self.outputs)):
            if not _IDENTIFIER.fullmatch(name):
                raise UsageError(f"{name!r} is not a C identifier")
        for size in (self.obs_bytes, self.action_bytes, *(size for _, size in self.outputs)):
            if size <= 0:
                raise UsageError(f"policy {self.name}: a size of {size} is not positive")

    @property
    def n_outputs(self) -> int:
        """Elements of all raw outputs together."""
        return sum(size for _, size in self.outputs)
