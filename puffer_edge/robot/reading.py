# SPDX-License-Identifier: MIT
"""A file that tells a contract, of whichever kind, to a checked :class:`RobotContract`."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

from puffer_edge.errors import FileFormatError
from puffer_edge.readers.regular_file import read_file
from puffer_edge.robot.checking import check
from puffer_edge.robot.contract import RobotContract
from puffer_edge.robot.readers import (
    exploy,
    holosoma,
    leapp,
    metadata,
    own,
    rl_sar,
    unitree,
)
from puffer_edge.robot.readers.yaml_text import read_yaml

LARGEST_FILE = 1 << 20
BASE = "base.yaml"
LONGEST = 1 << 22
"""Characters of a text among the metadata; a robot's description is one."""
KNOWN = ("known are contract.toml, deploy.yaml of unitree_rl_lab, config.yaml of rl_sar, LEAPP's "
         "YAML, and ONNX files with the metadata of mjlab, Isaac Lab, holosoma or exploy")


def read_contract(path: Path, *, rate: float = 0.0) -> RobotContract:
    """The contract that a file tells.

    Args:
        path: ``.toml``, ``.yaml`` or ``.yml``, or ``.onnx``.
        rate: steps per second, where the file does not tell.

    Raises:
        FileFormatError: the file is damaged, of an unknown kind, or contradicts itself.
        UsageError: it does not tell how often the policy steps, and ``rate`` neither.
        MissingDependencyError: YAML or ONNX cannot be read here.
    """
    where = str(path)
    if path.suffix == ".toml":
        return check(own.read_toml(_text(path), where), where)
    if path.suffix in (".yaml", ".yml"):
        return check(_yaml(path, rate, where), where)
    if path.suffix == ".onnx":
        return check(_onnx(path, rate, where), where)
    raise FileFormatError("is no file that tells a contract", where=where, hint=KNOWN)


def _yaml(path: Path, rate: float, where: str) -> RobotContract:
    plain = read_yaml(_text(path), where)
    if unitree.knows(plain):
        return unitree.read(plain, where)
    if leapp.knows(plain):
        return leapp.read(plain, rate, where)
    if rl_sar.knows(plain):
        base = next((parent / BASE for parent in (path.parent, path.parent.parent)
                     if (parent / BASE).is_file()), None)
        return rl_sar.read(plain, None if base is None else read_yaml(_text(base), str(base)),
                           where)
    raise FileFormatError("is no YAML file that tells a contract", where=where, hint=KNOWN)


def _onnx(path: Path, rate: float, where: str) -> RobotContract:
    """By the metadata, and the inputs that are no weights; whether we read the network or not."""
    from puffer_edge.frontends.onnx.reader import read_bytes, read_model

    model = read_model(read_bytes(path), where)
    texts = {pair.key: pair.value for pair in model.metadata_props if len(pair.value) <= LONGEST}
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = {port.name: _size(port) for port in model.graph.input if port.name not in weights}
    first = next(iter(inputs.values()), 0)
    if exploy.knows(texts):
        outputs = {port.name: _size(port) for port in model.graph.output}
        return exploy.read(texts, inputs, outputs, rate, where)
    if holosoma.knows(texts):
        return holosoma.read(texts, first, rate, where)
    if metadata.knows(texts):
        return metadata.read(texts, first, rate, where)
    raise FileFormatError("the ONNX file's metadata tell no contract", where=where, hint=KNOWN)


def _size(port: Any) -> int:
    """Numbers of a step: all dimensions but the first; 0 where one is not told."""
    sizes = [int(dim.dim_value) for dim in port.type.tensor_type.shape.dim]
    return prod(sizes[1:]) if len(sizes) > 1 else sum(sizes)


def _text(path: Path) -> str:
    content = read_file(path, LARGEST_FILE)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileFormatError("is not UTF-8", where=str(path)) from error
