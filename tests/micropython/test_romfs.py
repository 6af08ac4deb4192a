# SPDX-License-Identifier: MIT
"""A policy in a ROMFS, by mpremote's writer and MicroPython's VfsRom: viper reads weights there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from puffer_edge.ir import Program
from tests import zoo
from tests.micropython.test_armhf import exported, lstm, mlp
from tests.support.armhf import need_armhf, run_armhf

WEIGHTS = "weights.bin"
LOAD = """
import gc, sys, vfs
with open("rom.img", "rb") as file:
    image = file.read()
if image:
    vfs.mount(vfs.VfsRom(image), "/rom")
sys.path.insert(0, "/rom" if image else "")
gc.collect()
before = gc.mem_alloc()
import policy, selftest
gc.collect()
code = gc.mem_alloc() - before
made = policy.Policy()
gc.collect()
took = gc.mem_alloc() - before
print("took", took, took - code, policy.__file__, selftest.run(made))
"""


def image(directory: Path, shift: int) -> bytes:
    """A ROMFS with the artefact, whose weights lie at a multiple of 4, and ``shift`` bytes."""
    romfs = pytest.importorskip("mpremote.romfs")
    weights = (directory / WEIGHTS).read_bytes()
    for pad in range(4):
        writer = romfs.VfsRomWriter()
        for path in sorted(directory.glob("*.mpy")):
            writer.mkfile(path.name, path.read_bytes())
        writer.mkfile("pad", bytes(pad))
        writer.mkfile(WEIGHTS, weights)
        made = bytes(writer.finalise())
        if made.index(weights) % 4 == shift:
            return made
    raise AssertionError


@pytest.mark.parametrize(("made", "scheme"), [
    (mlp, "int8"), *[pytest.param(made, scheme, marks=pytest.mark.exhaustive)
                     for made, scheme in ((mlp, "int16"), (lstm, "int8"), (lstm, "int16"))]])
def test_viper_reads_weights_in_a_romfs(made, scheme: str, tmp_path: Path) -> None:
    """From a ROMFS matrices take no heap, as policy.json tells; unaligned ones are copied."""
    need_armhf()
    policy: Program = zoo.in_integers(made(), scheme)
    exported(policy, tmp_path / "a", "viper", compiled=True, scheme=scheme)
    took, grew = {}, {}
    for name, content in (("files", b""), ("rom", image(tmp_path / "a", 0)),
                          ("unaligned", image(tmp_path / "a", 2))):
        (tmp_path / "a" / "rom.img").write_bytes(content)
        code, said = run_armhf(tmp_path / "a", LOAD, 16 << 20)
        assert code == 0, said
        word, all_of_it, of_policy, where, wrong = said.split()
        assert (word, wrong) == ("took", "0")
        assert where.startswith("/rom/") == bool(content)
        took[name], grew[name] = int(all_of_it), int(of_policy)
    told = json.loads((tmp_path / "a" / "policy.json").read_text())
    matrices = told["memory"]["struct_bytes"] - told["micropython"]["romfs_bytes"]
    assert abs(grew["files"] - grew["rom"] - matrices) < 0.03 * matrices + 256
    assert abs(grew["files"] - grew["unaligned"]) < 0.03 * matrices + 256 and matrices > 4000
    assert took["unaligned"] < took["files"]  # the code stays there
