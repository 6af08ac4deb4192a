# SPDX-License-Identifier: MIT
"""A file that tells a contract, of whichever kind, to a checked :class:`RobotContract`."""

from __future__ import annotations

from pathlib import Path

from puffer_edge.errors import FileFormatError
from puffer_edge.readers.regular_file import read_file
from puffer_edge.robot.checking import check
from puffer_edge.robot.contract import RobotContract
from puffer_edge.robot.readers import metadata, own, rl_sar, unitree
from puffer_edge.robot.readers.yaml_text import read_yaml

LARGEST_FILE = 1 << 20
BASE = "base.yaml"
KNOWN = ("known are contract.toml, deploy.yaml of unitree_rl_lab, config.yaml of rl_sar, and ONNX "
         "files with the metadata of mjlab or Isaac Lab")


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
        return check(_yaml(path, where), where)
    if path.suffix == ".onnx":
        from puffer_edge.frontends.metadata import metadata as metadata_of

        texts = metadata_of(path)
        if not metadata.knows(texts):
            raise FileFormatError("the ONNX file's metadata tell no contract", where=where,
                                  hint=KNOWN)
        return check(metadata.read(texts, _inputs(path), rate, where), where)
    raise FileFormatError("is no file that tells a contract", where=where, hint=KNOWN)


def _yaml(path: Path, where: str) -> RobotContract:
    plain = read_yaml(_text(path), where)
    if unitree.knows(plain):
        return unitree.read(plain, where)
    if rl_sar.knows(plain):
        base = next((parent / BASE for parent in (path.parent, path.parent.parent)
                     if (parent / BASE).is_file()), None)
        return rl_sar.read(plain, None if base is None else read_yaml(_text(base), str(base)),
                           where)
    raise FileFormatError("is no YAML file that tells a contract", where=where, hint=KNOWN)


def _text(path: Path) -> str:
    content = read_file(path, LARGEST_FILE)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileFormatError("is not UTF-8", where=str(path)) from error


def _inputs(path: Path) -> int:
    """Elements of the first input of an ONNX file, 0 where that is not told."""
    from puffer_edge.frontends.onnx.reader import parse_model, read_bytes

    for port in parse_model(read_bytes(path), str(path), path.parent).graph.input:
        sizes = [int(dim.dim_value) for dim in port.type.tensor_type.shape.dim]
        return sizes[-1] if sizes else 0
    return 0
