# SPDX-License-Identifier: MIT
"""What a policy may take on its board."""

from __future__ import annotations

from dataclasses import dataclass

from puffer_edge.boards import Board
from puffer_edge.errors import UsageError
from puffer_edge.sizing import Price


@dataclass(frozen=True)
class Budget:
    """The limits.

    Attributes:
        board: where the policy runs.
        flash, ram: bytes; what the board leaves by default (0).
        microseconds: of a step; 0 for any.
        integers: only the step from integers is built (``step_q``).
    """

    board: Board
    flash: int = 0
    ram: int = 0
    microseconds: float = 0.0
    integers: bool = False

    def __post_init__(self) -> None:
        if min(self.flash, self.ram, self.microseconds) < 0 or not self.microseconds < 1e9:
            raise UsageError("a budget is not negative",
                             hint="give one as --flash 16k --ram 2k --us 500")

    @property
    def limits(self) -> dict[str, float]:
        """Largest numbers by what they are of."""
        found = {"flash": float(self.flash or self.board.flash.left or 0),
                 "RAM": float(self.ram or self.board.ram.left), "time": self.microseconds}
        return {name: limit for name, limit in found.items() if limit}

    def excess(self, price: Price) -> dict[str, float]:
        """How far a price is beyond each limit, as a part of it: not above 0 where it fits."""
        needs = {"flash": float(price.flash), "RAM": float(price.ram),
                 "time": 0.0 if price.microseconds is None else price.microseconds}
        return {name: needs[name] / limit - 1 for name, limit in self.limits.items()}

    def fits(self, price: Price) -> bool:
        """Whether nothing is beyond its limit."""
        return all(part <= 0 for part in self.excess(price).values())

    @property
    def text(self) -> str:
        """In words."""
        units = {"flash": "bytes of flash", "RAM": "bytes of RAM", "time": "us per step"}
        said = ", ".join(f"{limit:,.10g} {units[name]}" for name, limit in self.limits.items())
        return f"{said} on {self.board.title}"


def in_words(price: Price) -> str:
    """What is taken, as ``1,272 bytes of flash, 172 of RAM, 5.2 us``."""
    guess = "" if price.modelled else "about "
    time = "" if price.microseconds is None else f", {guess}{price.microseconds:,.1f} us"
    return f"{price.flash:,} bytes of flash, {price.ram:,} of RAM{time}"
