# SPDX-License-Identifier: MIT
"""The runtime is joined of the files that a policy needs, each with what it needs itself."""

from __future__ import annotations

from pathlib import Path
from symtable import SymbolTable, symtable

import numpy as np
import pytest

from puffer_edge.artefact.vectors import run
from puffer_edge.exporters.micropython.runtime import FULL, SMALL, defined, homes, joined
from puffer_edge.subset import check_source
from puffer_edge.verification.micropython.interpreters import run_cpython, run_webassembly
from tests.micropython.artefacts import export
from tests.tools import need_micropython

FOLDER = Path(__file__).parents[2] / "runtimes/micropython"
LARGEST = 120
"""Lines of a file."""


@pytest.mark.parametrize("folder", [FULL, SMALL])
def test_a_name_has_one_home(folder: str) -> None:
    names = [name for path in sorted((FOLDER / folder).glob("*.py"))
             for name in defined(path.read_text())]
    assert sorted(names) == sorted(set(names)) == sorted(homes(folder))


def test_files_are_short() -> None:
    long = {path.name: len(path.read_text().splitlines()) for path in FOLDER.rglob("*.py")}
    assert max(long.values()) <= LARGEST, long


@pytest.mark.parametrize("name", homes())
def test_what_a_name_needs_comes_with_it_and_first(name: str) -> None:
    """Every name that the module reads when it is imported, or later, is there."""
    text = joined([name])
    space: dict[str, object] = {}
    exec(compile(text, "policy_runtime.py", "exec"), space)
    assert {name} | (read_globally(symtable(text, "", "exec")) & homes().keys()) <= space.keys()
    report = check_source(text)
    assert report.exit_code == 0, report


def read_globally(table: SymbolTable) -> set[str]:
    """Names that a scope and those inside of it read from the module."""
    here = {symbol.get_name() for symbol in table.get_symbols()
            if symbol.is_referenced() and symbol.is_global()}
    return here.union(*map(read_globally, table.get_children()))


def test_a_policy_has_only_what_it_calls(tmp_path: Path) -> None:
    """No cell, no convolution and no mask in that of a small MLP; one third of everything."""
    export("mlp_int8", tmp_path / "a")
    found = defined((tmp_path / "a/policy_runtime.py").read_text())
    assert {"Blob", "Policy", "rescale", "argmax"} <= set(found)
    assert not {"lstm_cell_integer", "conv_integer", "MaskedPolicy", "multiply"} & set(found)
    assert 3 * len(joined(found)) < len(joined(homes()))


def test_two_policies_on_one_board(tmp_path: Path) -> None:
    """Each is a package, with a runtime of its own."""
    need_micropython()
    expected = {}
    for name, case in (("mlp", "mlp_int8"), ("lstm", "lstm_int16")):
        program = export(case, tmp_path / name)
        (tmp_path / name / "__init__.py").touch()
        for path in (tmp_path / name).glob("*.mpy"):
            path.unlink()
        x = np.full((1, program.contract.observation_size), 0.5, np.float32)
        expected[name] = run(program, x, np.array([True])).outputs["logits"][0].tolist()
    (tmp_path / "both.py").write_text("\n".join([
        "from lstm.policy import Policy as LSTM", "from mlp.policy import Policy as MLP",
        "from mlp.selftest import run", "assert run() == 0",
        "for policy in (MLP(), LSTM()):",
        "    policy.step_float([0.5] * len(policy.observation))",
        "    print(list(policy.outputs['logits']))"]))
    for runner in (run_cpython, run_webassembly):
        assert runner(tmp_path, "both.py").split("\n")[:2] == [
            str(expected["mlp"]), str(expected["lstm"])]
