# SPDX-License-Identifier: MIT
"""Writes puffer_edge/subset/facts/boards.json: what the boards of MicroPython's ports have.

    python benchmarks/collect_micropython_boards.py CHECKOUT

From the folders ports/PORT/boards of a checkout of MicroPython: whether the firmware of a board has
a network and Bluetooth, its pins by name, and the product's name, which people know it by.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

FILE = Path(__file__).parents[1] / "puffer_edge" / "subset" / "facts" / "boards.json"
PORTS = ("rp2", "esp32", "esp8266", "stm32", "samd")
WITHOUT_BLUETOOTH = {"esp32s2"}
"""Chips of the port whose default is to have it."""
NAMED_FIRST = {"rp2", "esp32", "stm32"}
"""Ports whose pins.csv has the name on the board in its first column."""


def pins(board: Path, port: str) -> list[str]:
    """The names in Pin.board."""
    file = board / "pins.csv"
    if port not in NAMED_FIRST or not file.is_file():
        return []
    names = [line.split(",")[0].strip() for line in file.read_text("utf-8").splitlines()]
    return sorted({name for name in names if re.fullmatch(r"[A-Za-z_]\w*", name)})


def features(board: Path, port: str, data: dict[str, object]) -> list[str]:
    """What of network and bluetooth the firmware has."""
    text = "\n".join(path.read_text("utf-8") for path in sorted(board.iterdir())
                     if path.suffix in (".h", ".mk", ".cmake"))
    on = {name: re.search(rf"\b{name}\b[\s(:?=]*(1|ON)\b", text) is not None
          for name in ("MICROPY_PY_NETWORK", "MICROPY_PY_LWIP", "MICROPY_PY_BLUETOOTH")}
    off = re.search(r"\bMICROPY_PY_NETWORK\b[\s(:?=]*(0|OFF)\b", text) is not None
    network = {"rp2": on["MICROPY_PY_NETWORK"] or on["MICROPY_PY_LWIP"], "samd": False}.get(
        port, not off)
    bluetooth = {"esp32": data["mcu"] not in WITHOUT_BLUETOOTH, "esp8266": False}.get(
        port, on["MICROPY_PY_BLUETOOTH"])
    return ["network"] * network + ["bluetooth"] * bluetooth


def main() -> None:
    boards = {}
    for port in PORTS:
        for board in sorted(Path(sys.argv[1], "ports", port, "boards").iterdir()):
            if not (board / "board.json").is_file():
                continue
            data = json.loads((board / "board.json").read_text("utf-8"))
            boards[board.name] = {
                "port": port, "product": data["product"],
                "has": " ".join(features(board, port, data)), "pins": " ".join(pins(board, port))}
    lines = [f"{json.dumps(name)}: {json.dumps(facts)}" for name, facts in boards.items()]
    FILE.write_text("{" + ",\n".join(lines) + "}\n", "utf-8")


if __name__ == "__main__":
    main()
