# SPDX-License-Identifier: MIT
"""What a row is: how its file is made, and how the trainer's own network runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array

Step = Callable[[Array], dict[str, Array]]
"""One step of the source network: a flat float32 observation to raw outputs by name; it remembers
what the network remembers."""


@dataclass(frozen=True)
class Made:
    """A file on disk.

    Attributes:
        path: of the file.
        step: the network, after a reset.
        size: elements of the observation.
        options: what the user has to add.
        observations: makes an observation; normal numbers by default.
        steps: that are compared; fewer where the bound grows faster than the truth.
        slack: how far the source network may differ by its own doing, absolute.
    """

    path: Path
    step: Step
    size: int
    options: dict[str, Any] = field(default_factory=dict)
    observations: Callable[[np.random.Generator, int], Array] = (
        lambda random, size: random.standard_normal(size).astype(np.float32))
    steps: int = 30
    slack: float = 0.0


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        trainer: with its version.
        policy: which of its policies.
        file: what is given to puffer-edge.
        make: writes such a file into a directory.
        source: what ``inspect`` must call it.
        needs: what the user may have to add, as options of the command line.
        package: the trainer itself, where the file is made by it.
    """

    trainer: str
    policy: str
    file: str
    make: Callable[[Path], Made]
    source: str
    needs: str = ""
    package: str = ""

    @property
    def name(self) -> str:
        """For test reports."""
        return f"{self.trainer}, {self.policy}, {self.file}"
