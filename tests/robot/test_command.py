# SPDX-License-Identifier: MIT
"""``puffer-edge contract`` and ``export --contract``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from puffer_edge.cli import main
from puffer_edge.robot.reading import read_contract
from tests.robot.contracts import deploy_yaml


def run(*arguments: str) -> int:
    try:
        main(list(arguments))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_it_is_shown_written_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                          ) -> None:
    one, other = tmp_path / "deploy.yaml", tmp_path / "other.yaml"
    one.write_text(deploy_yaml())
    other.write_text(deploy_yaml().replace("scale: [0.2, 0.2, 0.2]", "scale: [0.2, 0.25, 0.2]"))
    assert run("contract", str(one), "-o", str(tmp_path / "contract.toml")) == 0
    said = capsys.readouterr().out
    assert "velocity_commands" in said and "96 numbers every 20 ms" in said
    assert read_contract(tmp_path / "contract.toml") == read_contract(one)
    assert run("contract", str(one), "--diff", str(tmp_path / "contract.toml")) == 0
    assert run("contract", str(one), "--diff", str(other)) == 1
    assert "term base_ang_vel: scale[1] 0.2 and 0.25" in capsys.readouterr().out
    assert run("contract", str(one), "--diff", str(other), "--json") == 1
    assert json.loads(capsys.readouterr().out)["differences"] == [
        "term base_ang_vel: scale[1] 0.2 and 0.25"]


def test_what_cannot_be_is_one_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("contract", str(tmp_path / "missing.toml")) == 3
    (tmp_path / "a.txt").write_text("")
    assert run("contract", str(tmp_path / "a.txt")) == 3
    assert "known are contract.toml" in " ".join(capsys.readouterr().err.split())
    (tmp_path / "deploy.yaml").write_text(deploy_yaml())
    assert run("contract", str(tmp_path / "deploy.yaml"), "-o", str(tmp_path / "no" / "x")) == 5


def test_export_says_what_robot_it_is_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]
                                          ) -> None:
    (tmp_path / "contract.toml").write_text(
        'rate = 50\njoints = 1\n[[observation]]\nname = "velocity"\nsize = 2\n'
        '[[observation]]\nname = "joint_position"\n[action]\nkind = "torque"\n')
    policy = Path(__file__).parents[2] / "examples" / "policies" / "pendulum_sb3.zip"
    statistics = policy.parent / "pendulum_vecnormalize.pkl"
    assert run("export", str(policy), "--vec-normalize", str(statistics), "--contract",
               str(tmp_path / "contract.toml"), "-o", str(tmp_path / "a"), "--no-original") == 0
    assert "policy_robot.h" in capsys.readouterr().out
    assert "pendulum_sb3_act(" in (tmp_path / "a" / "policy_robot.h").read_text()
