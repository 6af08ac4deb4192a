# SPDX-License-Identifier: MIT
"""What an exporter wrote into a policy file beside the policy: joint names, gains, action scale.

ONNX has pairs of texts, TorchScript extra files. None of it changes what the policy computes; the
caller needs it to make the observation and to take the action.
"""

from __future__ import annotations

from pathlib import Path

from puffer_edge.frontends.detect import detect
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.zip_archive import ZipArchive

MOST, LONGEST = 200, 20_000
"""Entries, and characters of each, that are kept."""


def metadata(path: Path) -> dict[str, str]:
    """Texts by name, in the file's order; empty for kinds of files that have none.

    Raises:
        FileFormatError: the file is damaged.
        MissingDependencyError: the package that reads it is not installed.
    """
    kind = detect(path)
    if kind == "onnx":
        from puffer_edge.frontends.onnx.reader import parse_model, read_bytes

        pairs = parse_model(read_bytes(path), str(path), path.parent).metadata_props
        found = {pair.key: pair.value for pair in pairs}
    elif kind == "torch_script":
        archive = ZipArchive(read_file(path), where=str(path), stored_only=False)
        found = {name.split("/extra/", 1)[1]: archive.read(name).decode("utf-8", "replace")
                 for name in archive.names if "/extra/" in name}
    else:
        return {}
    return {name: text[:LONGEST] for name, text in list(found.items())[:MOST]}
