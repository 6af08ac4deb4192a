"""TorchScript archives: the tree of modules with their classes, weights and constants.

The archive's code is read as text, for the constants that torch writes into its classes; it is
never compiled or run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from puffer_edge.frontends.readers.parameters import Parameters, parameters
from puffer_edge.frontends.readers.regular_file import read_file
from puffer_edge.frontends.readers.torch_checkpoint import TensorReader, room_for
from puffer_edge.frontends.readers.zip_archive import ZipArchive

MAX_CODE = 1 << 20
_MANGLED = re.compile(r"\.?___torch_mangle_\d+")
_CONSTANT = re.compile(r"^  (\w+) : Final\[[^=\n]*\] = ([^\n]+)$", re.MULTILINE)
_CLASS = re.compile(r"^class (\w+)\(Module\):\n((?:  .*\n|\n)*)", re.MULTILINE)


@dataclass(frozen=True)
class TorchScript:
    """What an archive holds.

    Attributes:
        parameters: weights and classes by dotted name, as of a pickled module.
        forward: text of the root's forward.
    """

    parameters: Parameters
    forward: str


def load_torch_script(path: Path) -> TorchScript:
    """Reads an archive of ``torch.jit.save``.

    Raises:
        FileFormatError: the archive is damaged or hostile.
        UnsupportedError: a tensor is of a kind that policies do not have.
    """
    where = str(path)
    content = read_file(path)
    archive = ZipArchive(content, where=where, stored_only=False)
    pickles = [name for name in archive.names if name.split("/")[-1] == "data.pkl"]
    if len(pickles) != 1:
        raise archive.error(f"an archive holds one data.pkl, this file has {len(pickles)}")
    prefix = pickles[0].removesuffix("data.pkl")
    order = prefix + "byteorder"
    big = order in archive.names and archive.read(order).strip() == b"big"
    reader = TensorReader(lambda key: archive.read(f"{prefix}data/{key}"), where,
                          ">" if big else "<", room_for(content))
    found = parameters(reader.read(archive.read(pickles[0])), where)
    classes = _code(archive, prefix)
    root = found.classes[""]
    for module, name in list(found.classes.items()):
        for constant, text in classes.get(name, ("", {}))[1].items():
            numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)]
            path_of = f"{module}.{constant}" if module else constant
            if numbers and path_of not in found.attributes:
                found.attributes[path_of] = numbers[0] if len(set(numbers)) == 1 else text
        found.classes[module] = _MANGLED.sub("", name.removeprefix("__torch__."))
    body, _ = classes.get(root, ("", {}))
    forward = re.search(r"  def forward\(.*?(?=\n  def |\Z)", body, re.DOTALL)
    return TorchScript(found, forward.group(0) if forward else "")


def _code(archive: ZipArchive, prefix: str) -> dict[str, tuple[str, dict[str, str]]]:
    """Text and constants of each class by its full name, as data.pkl calls it."""
    classes: dict[str, tuple[str, dict[str, str]]] = {}
    start = f"{prefix}code/"
    for name in archive.names:
        if not name.startswith(start) or not name.endswith(".py"):
            continue
        text = archive.read(name)[:MAX_CODE].decode("utf-8", "replace")
        module = name.removeprefix(start).removesuffix(".py").replace("/", ".")
        for found in _CLASS.finditer(text):
            classes[f"{module}.{found.group(1)}"] = (
                found.group(2), dict(_CONSTANT.findall(found.group(2))))
    return classes
