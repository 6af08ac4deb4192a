# SPDX-License-Identifier: MIT
"""Libraries of PlatformIO, by https://docs.platformio.org/en/latest/manifests/library-json/ ."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

SPECIFICATION = "https://docs.platformio.org/en/latest/manifests/library-json/"
PLATFORMS = ("atmelavr", "espressif32", "nordicnrf52", "raspberrypi", "renesas-ra", "ststm32",
             "teensy")
"""Of https://docs.platformio.org/en/latest/platforms/ , those that our boards have."""
TYPES = {"name": str, "version": str, "description": str, "headers": str, "keywords": list,
         "frameworks": str, "platforms": str, "examples": list}


def problems(files: Mapping[str, bytes]) -> Iterator[str]:
    """What is wrong with a library, of its files by path."""
    if "library.json" not in files:
        yield "library.json is missing"
        return
    try:
        fields: dict[str, Any] = json.loads(files["library.json"])
    except ValueError:
        yield "library.json is no JSON"
        return
    yield from (f"{key} is missing" for key in ("name", "version") if key not in fields)
    yield from (f"{key} is of another type" for key, value in fields.items()
                if key not in TYPES or not isinstance(value, TYPES[key]))
    if not re.fullmatch(r"\d+\.\d+\.\d+", str(fields.get("version", ""))):  # "version": semver
        yield "version is no semantic version"
    if not re.fullmatch(r"[\w. -]{1,100}", str(fields.get("name", ""))):  # "name"
        yield "name has characters that may not be"
    if f"src/{fields.get('headers')}" not in files:  # "headers"
        yield "the header is missing"
    for example in fields.get("examples", []):  # "examples": name, base, files
        yield from (f"{name} is missing" for name in example["files"]
                    if f"{example['base']}/{name}" not in files)
    ini = files.get("examples/control/platformio.ini", b"").decode()
    platform = re.search(r"^platform = (\S+)$", ini, re.MULTILINE)
    if platform is None or platform[1] not in PLATFORMS:
        yield "the platform is not known"
    if not re.search(r"^board = [\w-]+$", ini, re.MULTILINE):
        yield "the board is missing"
