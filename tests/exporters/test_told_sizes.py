# SPDX-License-Identifier: MIT
"""Bytes and sizes that the header and the manifest tell, beside what a 32-bit compiler makes."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests import zoo
from tests.support.exporting import scheme_of, write_artefact
from tests.tools import need

SOURCE = """
#define ZOO_IMPLEMENTATION
#include "policy.h"
char whole[sizeof(zoo_t)];
char taken[sizeof(zoo_obs_t)];
char given[sizeof(zoo_action_t)];
int run(zoo_t *p, const zoo_obs_t *o, zoo_action_t *a) { return zoo_step(p, o, a); }
"""


@pytest.mark.parametrize(("case", "blob"), [
    ("lstm", 0), ("lstm_int8", 0), ("hybrid_int8", 0), ("min_gru", 1)])
def test_what_is_told_is_what_a_compiler_makes(case: str, blob: int, tmp_path: Path) -> None:
    need("arm-none-eabi-gcc")
    write_artefact(zoo.program(case), tmp_path / "a", scheme=scheme_of(case), weights=blob)
    (tmp_path / "main.c").write_text(SOURCE)
    subprocess.run(["arm-none-eabi-gcc", "-O0", "-w", "-c", f"-I{tmp_path / 'a'}", "main.c"],
                   cwd=tmp_path, check=True)
    said = subprocess.run(["arm-none-eabi-nm", "-S", "main.o"], cwd=tmp_path, check=True,
                          capture_output=True, text=True).stdout
    sizes = {name: int(size, 16) for size, name in re.findall(r"\w+ (\w+) \w (\w+)\n", said)}
    text = (tmp_path / "a" / "policy.h").read_text()
    manifest = json.loads((tmp_path / "a" / "policy.json").read_text())
    memory, program = manifest["memory"], zoo.program(case)
    weights = sum(size for name, size in sizes.items()
                  if re.fullmatch(r"zoo_w\d+|zoo_built_in", name))
    # Told is each state up to a word, of which a smaller integer behind it may take a part.
    spare = sum(program.values[state.input].dtype != "float32" for state in program.states)
    assert 0 <= memory["struct_bytes"] - sizes["whole"] <= 3 * spare
    # A blob holds single numbers, too, and fills each array up to a word.
    assert memory["weights_bytes"] == weights or 0 < weights - memory["weights_bytes"] < 100 * blob
    assert f"{memory['struct_bytes']:,} bytes of RAM." in text
    assert f"{memory['weights_bytes']:,} bytes of weights (flash)" in text
    macros = {name: int(value) for name, value in re.findall(r"#define ZOO_(\w+) (\d+)\b", text)}
    assert macros["WEIGHTS_BYTES"] == memory["weights_bytes"]
    assert 4 * macros["OBS_SIZE"] == sizes["taken"] == 4 * program.contract.observation_size
    parts = [macros[f"{stem}_SIZE"] for stem in (
        ["ACTION"] if len(program.contract.heads) == 1 else
        [f"ACTION_{name.upper()}" for name in program.contract.heads])]
    assert 4 * sum(parts) == sizes["given"]
    for name, value in zip(program.output_names, program.outputs, strict=True):
        assert macros[f"{name.upper()}_SIZE"] == program.values[value].size
