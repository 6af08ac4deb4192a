# SPDX-License-Identifier: MIT
"""Inputs of a network that takes what the robot measures: their joints by name, their own names.

LEAPP and exploy put scales, histories and the default pose into the network itself. What is left
for a contract is which number goes where.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from puffer_edge.errors import FileFormatError
from puffer_edge.robot.checking import RESERVED
from puffer_edge.robot.contract import Term, TermKind


class Joints:
    """Joints in the order in which a file names them first, which is taken for the robot's.

    Attributes:
        names: of the joints so far.
    """

    def __init__(self) -> None:
        self.names: list[str] = []

    def places(self, names: Sequence[str]) -> tuple[int, ...]:
        """The robot's joint of each name."""
        self.names += [name for name in dict.fromkeys(names) if name not in self.names]
        return tuple(self.names.index(name) for name in names)


def member(name: str) -> str:
    """An input's name as the struct of sensors has it: small letters, digits and underscores."""
    word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return f"input_{word}" if word in RESERVED or not word[:1].isalpha() else word


def term(name: str, kind: TermKind, size: int, unit: str, elements: Sequence[str],
         joints: Joints, where: str) -> Term:
    """A term that hands on an input's numbers as the robot gives them.

    Raises:
        FileFormatError: joints without names, or not as many names as numbers.
    """
    moving = kind in ("joint_position", "joint_velocity")
    if (moving or elements) and len(elements) != size:
        raise FileFormatError(f"the input {name!a:.80} has {size} numbers and "
                              f"{len(elements)} names of elements", where=where)
    return Term(member(name), kind, size, unit,
                joint_map=joints.places(elements) if moving else (),
                elements=() if moving else tuple(elements))
