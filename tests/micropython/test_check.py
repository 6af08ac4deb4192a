# SPDX-License-Identifier: MIT
"""A policy that was made with ``checked=True`` tells whether memory still holds its constants."""

from __future__ import annotations

import importlib.util
import struct
import sys
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from puffer_edge.errors import VerificationError
from puffer_edge.verification.micropython.interpreters import run_webassembly
from tests.support.exporting import export_as_it_is
from tests.tools import need_micropython

RUNTIMES = Path(__file__).parents[2] / "runtimes" / "micropython"
CASES = ["mlp_int8", "lstm_int8", "mlp_int16", "conv_int8"]


def loaded(directory: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(directory))
    for name in [name for name in sys.modules if name.startswith("policy")]:
        monkeypatch.delitem(sys.modules, name)
    specification = importlib.util.spec_from_file_location("policy", directory / "policy.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def exported(case: str, folder: Path) -> Path:
    return export_as_it_is(case, folder / "a", target="micropython", kernels="bytecode")


@pytest.mark.parametrize("case", CASES)
def test_every_flipped_bit_is_found(case: str, tmp_path: Path,
                                    monkeypatch: pytest.MonkeyPatch) -> None:
    module = loaded(exported(case, tmp_path), monkeypatch)
    policy: Any = module.Policy(checked=True)
    assert policy.check()
    policy.step()
    assert policy.check()  # what a step changes is no constant
    rng = np.random.default_rng(0)
    constants = [array for array in policy._kept if len(array)]
    assert sum(memoryview(array).nbytes for array in constants) > 100
    for _ in range(100):
        data = memoryview(constants[rng.integers(len(constants))]).cast("B")
        at, bit = int(rng.integers(len(data))), 1 << int(rng.integers(8))
        data[at] ^= bit
        assert not policy.check()
        data[at] ^= bit
    assert policy.check()


def test_what_was_not_asked_for_is_not_kept(tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    policy: Any = loaded(exported("mlp_int8", tmp_path), monkeypatch).Policy()
    assert policy._kept is None
    with pytest.raises(ValueError, match="checked=True"):
        policy.check()


def test_under_micropython(tmp_path: Path) -> None:
    need_micropython()
    directory = exported("lstm_int8", tmp_path)
    (directory / "try_check.py").write_text(
        "from policy import Policy\np = Policy(checked=True)\nprint(p.check())\n"
        "a = [k for k in p._kept if len(k)][0]\na[0] ^= 1\nprint(p.check())\n")
    try:
        assert run_webassembly(directory, "try_check.py").split() == ["True", "False"]
    except VerificationError as error:
        pytest.fail(str(error))


@pytest.mark.parametrize("size", [32, 33, 96, 300, 70_000])
def test_the_smallest_check_by_zlib(size: int, tmp_path: Path) -> None:
    """Whole blobs of any length pass; one wrong bit of the head, or behind it, does not."""
    names: dict[str, Any] = {}
    exec((RUNTIMES / "small" / "check.py").read_text(), names)
    contract, path = bytes(range(16)), tmp_path / "weights.bin"
    body = contract + np.random.default_rng(size).bytes(size - 32)
    head = b"PEMP" + struct.pack("<HHII", 1, 0, size, zlib.crc32(body))
    path.write_bytes(head + body)
    names["check"](path, contract)
    if size > 10_000:  # what takes a while has told all with its length
        return
    places = [0, 3, 4, 5, 8, 9, 10, 12, 13, 14, 15, 16, 31, *([size - 1] if size > 32 else [])]
    for place in places:
        for bit in (0, 7):
            wrong = bytearray(head + body)
            wrong[place] ^= 1 << bit
            path.write_bytes(wrong)
            with pytest.raises(names["BlobError"]):
                names["check"](path, contract)
    for content in (head + body + b"\0", (head + body)[:-1], head[:20]):
        path.write_bytes(content)
        with pytest.raises(names["BlobError"], match=r"length|no weights"):
            names["check"](path, contract)
    path.write_bytes(head + body)
    with pytest.raises(names["BlobError"], match="another policy"):
        names["check"](path, bytes(16))
