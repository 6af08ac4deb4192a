# SPDX-License-Identifier: MIT
"""Which modules, names and members a firmware has; names.json is made by a script in benchmarks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from puffer_edge.errors import UsageError
from puffer_edge.subset.facts.boards import Board, of_port

DEFAULT_PORT = "rp2"
DEFAULT_VERSION = "1.29"


class Names:
    """The names of one port in one version.

    Where the stubs of a version do not exist, those of the version before it count, or the first.

    Attributes:
        port: of the firmware.
        version: as (1, 24).
        board: MicroPython's name of the board; empty without one.

    Args:
        port: of the firmware.
        version: as 1.24.
        board: one of the port; without it there is what any board of the port has.
        added: names by scope that the firmware has, too; ``*`` is any name.
    """

    def __init__(self, port: str, version: str, board: Board | None = None,
                 added: Mapping[str, tuple[str, ...]] | None = None) -> None:
        data = _data()
        known = [tuple(platform.split()) for platform in data["platforms"]]
        ports = sorted({name for name, _ in known})
        if port not in ports:
            raise UsageError(f"there is no port {port!r}", hint=f"ports: {', '.join(ports)}")
        self.port = port
        self.version = wanted = _number(version)
        columns = [(_number(text), index) for index, (name, text) in enumerate(known)
                   if name == port]
        older = [column for column in columns if column[0] <= wanted]
        _, index = max(older) if older else min(columns)
        self._bit = 1 << index
        self._scopes: dict[str, dict[str, str]] = data["scopes"]
        self._native = frozenset(data["native"])
        self._freezes = port == FREEZING
        self._board = board
        self._having = board.having if board is not None else of_port(port)
        self._added = added or {}
        self.board = board.name if board is not None else ""
        self._cache: dict[str, frozenset[str] | None] = {}

    def scope(self, scope: str) -> frozenset[str] | None:
        """Names of a module or of module.Class; None where there is no such thing.

        A ``*`` among them means that there may be others.
        """
        if scope not in self._cache:
            found: set[str] = set()
            for mask, names in self._scopes.get(scope, {}).items():
                if int(mask, 16) & self._bit:
                    found.update(names.split())
            if "." not in found and scope in self._having and scope in self._native:
                found = {".", "*"}  # boards of the port have it, the one of the stubs has not
            if scope in REEXPORTING and "." in found:
                found.update(self.scope(REEXPORTING[scope]) or ("*",))
            self._cache[scope] = self._for_board(scope, _judged(scope, found, self._freezes))
        return self._cache[scope]

    def _for_board(self, scope: str, names: frozenset[str] | None) -> frozenset[str] | None:
        """The names of a scope on the board, with those that were added."""
        if self._board is not None:
            if scope.split(".")[0] in self._board.lacking:
                names = None
            elif scope == "machine.Pin.board" and self._board.pins:
                names = self._board.pins
        added = self._added.get(scope)
        return names if added is None else (names or frozenset()) | frozenset(added)

    def added(self, scope: str) -> frozenset[str]:
        """The names of a scope that were added."""
        return frozenset(self._added.get(scope, ()))

    def anywhere(self, module: str) -> bool:
        """Whether it is a module of some firmware, and no Python file that anybody may copy."""
        return module in self._native


ASYNCIO = frozenset((
    "CancelledError Event IOQueue Lock Loop SingletonGenerator StreamReader StreamWriter Task "
    "TaskQueue ThreadSafeFlag TimeoutError core create_task cur_task current_task event funcs "
    "gather get_event_loop lock new_event_loop open_connection run run_until_complete select sleep "
    "sleep_ms start_server stream sys ticks ticks_add ticks_diff wait_for wait_for_ms").split())
"""By extmod/asyncio, which every board with asyncio has."""
CLOSED = {
    "asyncio": ASYNCIO, "uasyncio": ASYNCIO,
    "collections": frozenset({"OrderedDict", "deque", "namedtuple"}),
    "builtins.float": frozenset(), "builtins.bool": frozenset(), "builtins.object": frozenset(),
    "builtins.range": frozenset({"start", "stop", "step"}),
    "builtins.complex": frozenset({"real", "imag"})}
"""All that a scope has by the interpreter's sources, such as py/modcollections.c. The stubs of
``collections`` tell what packages of mip bring."""
REEXPORTING = {"urequests": "requests"}
"""Modules that do nothing but ``from other import *``, of which the stubs tell nothing."""
FREEZING = "webassembly"
"""The port whose firmware has such packages."""
OPEN = {"machine.Pin.board", "machine.Pin.cpu", "machine.USBDevice", "network.LAN"}
"""What is made for each board, or that the stubs tell a part of only."""


def _judged(scope: str, found: set[str], freezes: bool) -> frozenset[str] | None:
    """The names of a scope; a class of which the stubs tell nothing may have any."""
    if "." not in found:
        return None
    names = frozenset(found - {"."})
    if scope in CLOSED and not (freezes and "." not in scope):
        return CLOSED[scope]
    return names | {"*"} if scope in OPEN or ("." in scope and not names) else names


@cache
def _data() -> dict[str, Any]:
    text = files("puffer_edge.subset.facts").joinpath("names.json").read_text("utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def _number(version: str) -> tuple[int, int]:
    try:
        major, minor = version.split(".")[:2]
        return int(major), int(minor)
    except ValueError:
        raise UsageError(f"{version!r} is not a version of MicroPython",
                         hint="for example 1.24") from None
