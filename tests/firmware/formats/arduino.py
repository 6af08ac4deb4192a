# SPDX-License-Identifier: MIT
"""Libraries of Arduino, by https://arduino.github.io/arduino-cli/latest/library-specification/ ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

SPECIFICATION = "https://arduino.github.io/arduino-cli/latest/library-specification/"
REQUIRED = ("name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url",
            "architectures")
OPTIONAL = ("depends", "dot_a_linkage", "includes", "precompiled", "ldflags", "license")
CATEGORIES = ("Display", "Communication", "Signal Input/Output", "Sensors", "Device Control",
              "Timing", "Data Storage", "Data Processing", "Other")
ARCHITECTURES = ("*", "avr", "megaavr", "sam", "samd", "mbed", "mbed_nano", "mbed_portenta",
                 "mbed_giga", "renesas_uno", "stm32", "esp32", "rp2040", "teensy")


def problems(files: Mapping[str, bytes]) -> Iterator[str]:
    """What is wrong with a library, of its files by path."""
    if "library.properties" not in files:
        yield "library.properties is missing"  # "library.properties file format"
        return
    pairs = [line.partition("=") for line in files["library.properties"].decode().splitlines()
             if line.strip() and not line.startswith("#")]
    fields = {key: value for key, _, value in pairs}
    yield from (f"{key} is missing" for key in REQUIRED if not fields.get(key))
    yield from (f"{key} is no field" for key in fields if key not in (*REQUIRED, *OPTIONAL))
    # name: "must contain only basic letters, numbers, spaces, underscores, dots and dashes. It must
    # start with a letter or number", at most 63 characters
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", fields.get("name", "")):
        yield "name has characters that may not be"
    # version: "1.2.0 is correct; 1.2 is accepted; r5, 003, 1.1c are invalid"
    if not re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)(\.(0|[1-9]\d*))?", fields.get("version", "")):
        yield "version is no semantic version"
    if fields.get("category") not in CATEGORIES:  # "category - if present, one of the following"
        yield "category is none of Arduino's"
    if not re.match(r"https?://", fields.get("url", "")):
        yield "url is no address"
    for name in filter(None, fields.get("architectures", "").split(",")):
        if name not in ARCHITECTURES:  # "must match the name of the architecture folder"
            yield f"the architecture {name} is not known"
    for header in filter(None, fields.get("includes", "").split(",")):
        if f"src/{header}" not in files:  # "a list of files to be added to the sketch"
            yield f"{header} is missing"
    if not any(re.fullmatch(r"src/[^/]+\.h", path) for path in files):
        yield "src has no header"  # "Library layout": source code and headers lie in src
    examples = [path.split("/") for path in files if path.endswith(".ino")]
    if not examples:
        yield "there is no example"
    # "Sketch specification": the main file is called as its folder
    yield from (f"{parts[-1]} is not called as its folder" for parts in examples
                if parts[0] != "examples" or f"{parts[-2]}.ino" != parts[-1])
    for line in files.get("keywords.txt", b"").decode().splitlines():
        if line and not re.fullmatch(r"\w+\t(KEYWORD[123]|LITERAL1)", line):
            yield f"{line!r} is no line of keywords.txt"  # "a single tab"
