# SPDX-License-Identifier: MIT
"""Weights in a blob have the bits of a build of their own; those of others are refused."""

from __future__ import annotations

import json
import struct
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.errors import FileFormatError, UnsupportedError, UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Field
from puffer_edge.runtimes.loading import read_program
from tests import zoo
from tests.blackbox.logs import STRICT
from tests.tools import need
from tests.weights.trained import firmware, trained

PROGRAM = Path(__file__).parent / "install.c"
OK, NO_BLOB, DAMAGED, CONTRACT, LAYOUT, SCHEME, CODE, OLD = range(8)


def built(directory: Path, folder: Path) -> Path:
    output = json.loads((directory / "policy.json").read_text())["outputs"][0]
    size = output["size"] * np.dtype(output["dtype"]).itemsize
    subprocess.run(["gcc", "-std=c99", "-O1", *STRICT, f"-I{directory}", str(PROGRAM),
                    f"-DOUTPUT=zoo_{output['name']}", f"-DOUTPUT_BYTES={size}u",
                    str(directory / "policy.c"), "-o", str(folder / "install")], check=True,
                   timeout=120)
    return folder / "install"


def installed(program: Path, *blobs: Path | str) -> list[list[str]]:
    done = subprocess.run([program, *map(str, blobs)], check=True, capture_output=True, text=True,
                          timeout=60)
    return [line.split() for line in done.stdout.splitlines()]


def computed(directory: Path) -> list[str]:
    """What the program in C prints for a policy, by the oracle."""
    run = Interpreter(read_program(directory))
    size, said = run.program.contract.observation_size, []
    for step in range(20):
        if step == 12:
            run.reset()
        x = [np.float32((step * 7 + i * 5) % 13) * np.float32(0.25) - np.float32(1.5)
             for i in range(size)]
        outputs = run.step(np.array(x, np.float32))
        words = np.frombuffer(run.program.act(outputs).tobytes(), "<u4")
        raw = outputs[run.program.output_names[0]].tobytes().hex()
        said.append(":".join(["0", *(f"{word:08x}" for word in words), raw]))
    return said


@pytest.mark.parametrize("case,scheme", [
    ("lstm", "int8"),
    *(pytest.param(*each, marks=pytest.mark.exhaustive) for each in (
        ("mlp", "float32"), ("lstm", "float32"), ("mlp", "int16"), ("conv", "int8"),
        ("layer_norms", "int8"), ("stacked", "int8"),
        ("gru_2_layers", "int8"), ("attention", "int8"), ("norms", "float32"), ("mlp", "float16"),
        ("min_gru_2_layers", "int8")))])
def test_new_weights_have_the_bits_of_a_build_of_their_own(case: str, scheme: str, tmp_path: Path,
                                                           ) -> None:
    need("gcc")
    made = [firmware(case, tmp_path / str(seed), seed, scheme, max(1, seed)) for seed in range(3)]
    found = installed(built(made[0], tmp_path), tmp_path / "none",
                      *(directory / "policy_weights.bin" for directory in made[1:]))
    assert [line[:2] for line in found] == [["1", "-1"], ["0", "0"], ["0", "1"]]
    wanted = [computed(directory) for directory in made]
    assert [line[2:] for line in found] == wanted and wanted[0] != wanted[1] != wanted[2]


def test_what_is_of_another_firmware_is_refused(tmp_path: Path) -> None:
    need("gcc")
    ours = firmware("mlp", tmp_path / "a", 0, sequence=3)
    blob = (ours / "policy_weights.bin").read_bytes()

    def changed(word: int, value: int, name: str, repair: bool = True) -> Path:
        words = bytearray(blob)
        struct.pack_into("<I", words, 4 * word, value)
        if repair:
            struct.pack_into("<I", words, 60, zlib.crc32(words[:60]))
        (tmp_path / name).write_bytes(words)
        return tmp_path / name

    program = trained("mlp", 1)
    renamed = replace(program, contract=replace(
        program.contract, observation=(Field("speed", (2,)), Field("rest", (4,)))))
    others = {
        CONTRACT: puffer_edge.export(renamed, tmp_path / "b", name="zoo", weights=9),
        LAYOUT: firmware("mlp", tmp_path / "c", 1, "int8", 9)}
    for status, directory in others.items():
        found = json.loads((directory / "policy.json").read_text())["weights"]
        mine = json.loads((ours / "policy.json").read_text())["weights"]
        name = {CONTRACT: "contract", LAYOUT: "layout"}[status]
        assert found[name] != mine[name]
    (tmp_path / "short").write_bytes(blob[:-4])
    (tmp_path / "long").write_bytes(blob + bytes(4))
    cases = [
        (changed(0, 0x12345678, "magic"), NO_BLOB), (changed(1, 2, "version"), NO_BLOB),
        (changed(2, 4, "bytes"), NO_BLOB), (changed(3, 7, "unrepaired", False), NO_BLOB),
        (tmp_path / "short", NO_BLOB), (tmp_path / "long", NO_BLOB),
        (changed(4, 1, "contract"), CONTRACT), (changed(7, 1, "layout"), LAYOUT),
        (changed(8, 1, "scheme"), SCHEME), (changed(11, 1, "code"), CODE),
        (others[CONTRACT] / "policy_weights.bin", CONTRACT),
        (others[LAYOUT] / "policy_weights.bin", CONTRACT),  # it takes integers, too
        (changed(12, 1, "crc"), DAMAGED), (changed(20, 5, "weights", False), DAMAGED),
        (ours / "policy_weights.bin", OK), (ours / "policy_weights.bin", OLD)]
    program_file = built(ours, tmp_path)
    found = installed(program_file, *(path for path, _ in cases))
    assert [(int(line[0]), line[1]) for line in found] == [
        (status, "0" if status in (OK, OLD) else "-1") for _, status in cases]
    assert installed(program_file, ours / "policy_weights.bin", "damage") == [["0", "wrong"]]


def test_it_is_part_of_the_artefact_and_changes_nothing_without(tmp_path: Path) -> None:
    directory = firmware("mlp", tmp_path / "a")
    with puffer_edge.runtimes.load(directory) as policy:
        policy.step(np.zeros(6, np.float32))
    assert (directory / "policy_weights.bin").stat().st_size == json.loads(
        (directory / "policy.json").read_text())["weights"]["bytes"]
    content = bytearray((directory / "policy_weights.bin").read_bytes())
    content[80] ^= 1
    (directory / "policy_weights.bin").write_bytes(content)
    with pytest.raises(FileFormatError):
        puffer_edge.runtimes.load(directory)
    content[80] ^= 1
    (directory / "policy_weights.bin").write_bytes(content)
    manifest = json.loads((directory / "policy.json").read_text())
    for number in (0, -1, 1 << 32, 1 << 70):
        manifest["weights"]["sequence"] = number
        (directory / "policy.json").write_text(json.dumps(manifest))
        with pytest.raises(FileFormatError):
            puffer_edge.runtimes.load(directory)
    plain = puffer_edge.export(zoo.program("mlp"), tmp_path / "b", name="zoo")
    code = puffer_edge.export(zoo.program("mlp"), tmp_path / "c", name="zoo", weights=0)
    assert (plain / "policy.h").read_bytes() == (code / "policy.h").read_bytes()
    assert "weights_of" not in (plain / "policy.h").read_text()
    for wrong in (-1, 1 << 32, "blob"):
        with pytest.raises(UsageError, match="sequence number"):
            puffer_edge.export(zoo.program("mlp"), tmp_path / "d", weights=wrong)
    with pytest.raises(UnsupportedError, match="AVR"):
        puffer_edge.export(zoo.program("mlp"), tmp_path / "d", weights=1, target="atmega2560")
    with pytest.raises(UsageError, match="which weights ran"):
        puffer_edge.export(zoo.program("mlp"), tmp_path / "d", weights=1, black_box=9)
    with pytest.raises(UsageError, match="takes no weights"):
        puffer_edge.export(zoo.program("mlp"), tmp_path / "d", weights=1, target="onnx")
