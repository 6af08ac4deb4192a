# SPDX-License-Identifier: MIT
"""One spelling of the word that everything here is about."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
OTHERS = {"artifactLocation", "deserialize_torch_artifact"}
"""Names in SARIF and in torch."""


def test_an_artefact_is_spelt_so() -> None:
    kinds = {".py", ".md", ".h", ".c", ".j2", ".toml", ".yml", ".yaml"}
    paths = [path for path in ROOT.rglob("*") if path.suffix in kinds and path.is_file()
             and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
             and path != Path(__file__)]
    assert len(paths) > 500
    found = {(str(path.relative_to(ROOT)), word) for path in paths
             for word in re.findall(r"\w*artifact\w*", path.read_text(encoding="utf-8"), re.I)}
    assert {each for each in found if each[1] not in OTHERS} == set()
