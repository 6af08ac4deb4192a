# SPDX-License-Identifier: MIT
"""Files that tell a contract, of every kind, changed; what is read is packed and written."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np

from puffer_edge.errors import StepError
from puffer_edge.exporters.micropython.robot import robot_module
from puffer_edge.robot import RobotContract
from puffer_edge.robot.identity import identity
from puffer_edge.robot.readers.own import read_toml
from puffer_edge.robot.reading import read_contract
from puffer_edge.robot.reference import Packer
from puffer_edge.robot.showing import differences
from puffer_edge.robot.writing import to_toml
from tests.fuzz import mutations as change
from tests.robot.contracts import deploy_yaml, rl_sar
from tests.robot.network_files import exploy, holosoma, leapp_yaml, mjlab

SMALL = 20_000
"""Numbers that a contract may keep for a step to be taken: a stranger may ask for many."""


def contract_text(random: Random, folder: Path) -> None:
    """contract.toml, and the YAML of three trainers."""
    name, text, base = random.choice(_texts())
    path = folder / "policy" / name
    path.parent.mkdir(exist_ok=True)
    if random.random() < 0.3:
        text = change.text(random, text)
    else:  # one line, so that more than the first check sees it
        lines = text.splitlines(keepends=True)
        at = random.randrange(len(lines))
        lines[at] = change.text(random, lines[at])
        text = "".join(lines)
    path.write_text(text, encoding="utf-8")
    (folder / "base.yaml").write_text(change.text(random, base) if random.random() < 0.2 else base)
    _use(read_contract(path, rate=random.choice((0, 50))))


def contract_metadata(random: Random, folder: Path) -> None:
    """The metadata of three trainers in an ONNX file, and what the file says of its inputs."""
    import onnx

    model = onnx.ModelProto.FromString(random.choice(_networks()))
    if random.random() < 0.3:
        change.message(random, model)
    else:
        entry = random.choice(model.metadata_props)
        entry.value = change.text(random, entry.value)
    path = folder / "policy.onnx"
    path.write_bytes(model.SerializeToString())
    _use(read_contract(path, rate=50))


CONTRACTS = (contract_text, contract_metadata)


def _use(contract: RobotContract) -> None:
    """All that may be done with what was read; only a step may be refused, for its numbers."""
    assert read_toml(to_toml(contract), "") == contract
    assert differences(contract, contract) == [] and len(identity(contract)) == 64
    compile(robot_module(contract, "policy"), "policy_robot.py", "exec")
    if contract.observation_size + contract.joints > SMALL:
        return
    packer = Packer(contract)
    try:
        seen = packer.pack({name: np.ones(size, np.float32)
                            for name, size in contract.sensors.items()})
    except StepError:
        return
    assert np.isfinite(seen).all() and seen.size == contract.observation_size
    packer.unpack(np.zeros(contract.action.size, np.float32))


@cache
def _texts() -> tuple[tuple[str, str, str], ...]:
    """Name, text, and that of the robot's file where there is one."""
    with TemporaryDirectory() as folder:
        path = rl_sar(Path(folder))
        sar, base = path.read_text(), (path.parent.parent / "base.yaml").read_text()
        own = to_toml(read_contract(path))
    return (("contract.toml", own, ""), ("deploy.yaml", deploy_yaml(), ""),
            ("walk.yaml", leapp_yaml(), ""), ("config.yaml", sar, base))


@cache
def _networks() -> tuple[bytes, ...]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "policy.onnx"
        return tuple(make(path).read_bytes() for make in (exploy, holosoma, mjlab))
