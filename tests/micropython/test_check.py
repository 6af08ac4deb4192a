# SPDX-License-Identifier: MIT
"""A policy that was made with ``checked=True`` tells whether memory still holds its constants."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from puffer_edge.errors import VerificationError
from puffer_edge.verification.micropython.interpreters import run_webassembly
from tests.support.exporting import export_as_it_is
from tests.tools import need_micropython

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
