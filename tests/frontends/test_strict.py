# SPDX-License-Identifier: MIT
"""``--strict`` over the README's table: refused with codes, and the printed command passes.

The codes that a row must have are said here by what its file lacks, and not taken from the notes.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import puffer_edge
from puffer_edge import cli
from puffer_edge.errors import UnconfirmedError
from tests.frontends.support import ROWS
from tests.frontends.support.row import Row
from tests.frontends.test_support import firsts, made_of

COMPLETE = {("PufferLib 4", "continuous actions"), ("CleanRL", "SAC"), ("CleanRL", "TD3, DDPG"),
            ("d3rlpy 2", "SAC, normalised"), ("d3rlpy 2", "discrete CQL, quantiles"),
            ("d3rlpy 2", "DQN, images")}
"""Rows whose file, with the options of the row, says everything."""
LACKING = {
    "PufferLib 3": "activation", "CleanRL": "activation", "rsl_rl 5": "activation",
    "rsl_rl 1 to 4": "activation", "skrl": "activation", "Tianshou": "activation",
    "Stable-Baselines3": "normaliser-missing", "sb3-contrib": "normaliser-missing",
    "TorchRL": "action-kind", "rsl_rl, Isaac Lab": "action-bounds", "legged_gym": "action-bounds",
    "TensorFlow": "action-heads action-bounds", "Sample Factory": "action-heads action-bounds",
    "rl_games": "action-heads action-bounds"}
"""What no file of a trainer holds; any of the codes."""
COMMAND = [row for row in ROWS if row.policy in ("DQN, MlpPolicy", "float MLP", "MLP, 2 layers")]


def lacks(row: Row) -> set[str]:
    """Codes of which the row must have one."""
    if "image" in row.policy or row.policy.startswith(("Conv", "Procgen", "trash", "go", "grid")):
        return {"encoder", "image-size", "action-heads"}
    if row.trainer == "PufferLib 3" and "moba" in row.policy:
        return {"encoder"}
    return set(LACKING.get(row.trainer, "").split())


@pytest.mark.parametrize("row", [
    row if row in firsts() else pytest.param(row, marks=pytest.mark.exhaustive) for row in ROWS],
    ids=lambda row: row.name)
def test_what_the_file_does_not_say_is_refused_and_can_be_confirmed(row: Row, tmp_path: Path
                                                                    ) -> None:
    made = made_of(row, tmp_path)
    plain = puffer_edge.load(made.path, **made.options)
    try:
        strict = puffer_edge.load(made.path, strict=True, **made.options)
    except UnconfirmedError as error:
        assert error.exit_code == 8 and len(set(error.codes)) == len(error.codes) > 0
        assert all(f"\n  {code}: " in error.what for code in error.codes)
        assert not lacks(row) or lacks(row) & set(error.codes)
        assert (row.trainer, row.policy) not in COMPLETE
        strict = puffer_edge.load(made.path, strict=True, accept=error.codes, **made.options)
        for code in error.codes:
            rest = [other for other in error.codes if other != code]
            with pytest.raises(UnconfirmedError, match=code):
                puffer_edge.load(made.path, strict=True, accept=rest, **made.options)
    else:
        assert (row.trainer, row.policy) in COMPLETE
    assert (strict.ops, strict.contract, strict.output_names) == (
        plain.ops, plain.contract, plain.output_names)


@pytest.mark.parametrize("row", [
    row if row in COMMAND else pytest.param(row, marks=pytest.mark.exhaustive) for row in ROWS],
    ids=lambda row: row.name)
def test_the_printed_command_exports_as_before(row: Row, tmp_path: Path,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    made = made_of(row, tmp_path)
    if "module" in made.options:
        pytest.skip("a module is given from Python")
    wanted = ["--no-original", *words(made.options), "--", str(made.path)]
    assert run("export", "-o", str(tmp_path / "plain"), *wanted) == 0
    capsys.readouterr()
    strict = ["export", "--strict", "-o", str(tmp_path / "strict"), *wanted]
    if (row.trainer, row.policy) not in COMPLETE:
        assert run(*strict) == 8
        assert not (tmp_path / "strict").exists()
        program, *strict = shlex.split(capsys.readouterr().err.rstrip().splitlines()[-1])
        assert program == "puffer-edge"
    assert run(*strict) == 0
    same = [(tmp_path / name / "policy.h").read_text() for name in ("plain", "strict")]
    assert same[0] == same[1]


def run(*arguments: str) -> int:
    """The exit code of a command, run in this process."""
    try:
        cli.main(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def words(options: Mapping[str, Any]) -> list[str]:
    """Python's options as those of the command line."""
    spelled = []
    for name, value in options.items():
        option = {"key_map": "--map"}.get(name, f"--{name.replace('_', '-')}")
        if isinstance(value, dict):
            shapes = {part: shape if isinstance(shape, tuple) else (shape,)
                      for part, shape in value.items()}
            value = ",".join(f"{part}:{'x'.join(map(str, shape))}"
                             for part, shape in shapes.items())
        elif isinstance(value, tuple):
            value = ",".join(map(str, value))
        spelled += [option, str(value)]
    return spelled
