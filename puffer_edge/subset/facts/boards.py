# SPDX-License-Identifier: MIT
"""Boards of MicroPython's ports; boards.json is made by a script in benchmarks."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from puffer_edge.errors import UsageError

OF_FEATURES = {
    "network": frozenset({"lwip", "mip", "network", "ntptime", "requests", "socket", "ssl", "tls",
                          "umqtt", "urequests", "usocket", "ussl", "webrepl", "websocket"}),
    "bluetooth": frozenset({"aioble", "bluetooth", "ubluetooth"})}
"""Modules that firmware has where the board has a network, or Bluetooth."""
ALIASES = {"pyboard": "PYBV11", "esp32": "ESP32_GENERIC", "esp8266": "ESP8266_GENERIC"}
"""What people say and no rule gives."""


@dataclass(frozen=True)
class Board:
    """A board.

    Attributes:
        name: MicroPython's own, as RPI_PICO_W.
        port: of its firmware.
        lacking: modules of the port that its firmware has not.
        having: modules that its firmware has, even if the stubs of the port tell nothing of them.
        pins: names in Pin.board; empty where they are not known.
    """

    name: str
    port: str
    lacking: frozenset[str]
    having: frozenset[str]
    pins: frozenset[str]


def find(wanted: str) -> Board:
    """The board of a name: MicroPython's own, without its maker, or the product's.

    Raises:
        UsageError: there is none.
    """
    plain = _plain(wanted)
    ways = [{name: name for name in _boards()},
            {name: name.partition("_")[2] for name in _boards()},
            {name: facts[1] for name, facts in _boards().items()}]
    for spoken in ways if plain else ():
        for name, text in spoken.items():
            if _plain(text) == plain:
                return _board(name)
    if plain in ALIASES:
        return _board(ALIASES[plain])
    near = difflib.get_close_matches(wanted.upper(), _boards(), 4, 0.4)
    raise UsageError(f"there is no board {wanted!r} of MicroPython",
                     hint=f"for example {', '.join(near or ['RPI_PICO_W', 'ESP32_GENERIC'])}")


def of_port(port: str) -> frozenset[str]:
    """Modules that a feature brings which any board of a port has."""
    return frozenset().union(*(_having(facts[2]) for facts in _boards().values()
                               if facts[0] == port))


def _board(name: str) -> Board:
    port, _, has, pins = _boards()[name]
    lacking = frozenset().union(*OF_FEATURES.values()) - _having(has)
    return Board(name, port, lacking, _having(has), frozenset(pins.split()))


def _having(has: str) -> frozenset[str]:
    return frozenset().union(*(OF_FEATURES[feature] for feature in has.split()))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


@cache
def _boards() -> dict[str, tuple[str, str, str, str]]:
    """Port, product, features and pins by MicroPython's names, rp2 first."""
    text = files("puffer_edge.subset.facts").joinpath("boards.json").read_text("utf-8")
    return {name: (facts["port"], facts["product"], facts["has"], facts["pins"])
            for name, facts in json.loads(text).items()}
