# SPDX-License-Identifier: MIT
"""HDF5 files by strangers: nothing is followed or allocated that the file does not hold."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from puffer_edge.errors import FileFormatError, MissingDependencyError, UnsupportedError
from puffer_edge.readers.hdf5 import MAGIC, load_hdf5
from tests.readers.forging import refused

h5py = pytest.importorskip("h5py")


def test_numbers_and_attributes(tmp_path: Path) -> None:
    path = tmp_path / "p.h5"
    with h5py.File(path, "w") as file:
        file["group/b"] = np.arange(6, dtype=">f8").reshape(2, 3)
        file["group/a"] = np.float32(2.5)
        file["text"] = "not a number"
        file.attrs.update({"config": "{}", "names": np.array([b"x", b"yz"]), "count": 3})
    found = load_hdf5(path)
    assert found.arrays.keys() == {"group/a", "group/b"}
    assert found.arrays["group/b"].dtype == np.dtype("f8") and found.arrays["group/a"] == 2.5
    np.testing.assert_array_equal(found.arrays["group/b"], [[0, 1, 2], [3, 4, 5]])
    assert found.attributes[""] == {"config": "{}", "names": ["x", "yz"], "count": 3}
    assert found.children("") == ["group"]


Forge = Callable[[Any, Path], object]


def virtual(file: Any, path: Path) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(path.with_name("secret.h5"), "a", (4,))
    file.create_virtual_dataset("v", layout)


def reference(file: Any, path: Path) -> None:
    file["a"] = np.zeros(3, "f4")
    file.create_dataset("r", (1,), dtype=h5py.ref_dtype)[0] = file["a"].ref
    file["a"].attrs["r"] = file["a"].ref


FORGED: dict[str, tuple[type[Exception], Forge]] = {
    "external link": (UnsupportedError, lambda file, path: file.__setitem__(
        "x", h5py.ExternalLink("secret.h5", "/"))),
    "soft link": (UnsupportedError, lambda file, path: file.__setitem__(
        "x", h5py.SoftLink("/"))),
    "circle": (FileFormatError, lambda file, path: file.__setitem__("x", file["/"])),
    "two names": (FileFormatError, lambda file, path: (
        file.__setitem__("a", np.zeros(3)), file.__setitem__("b", file["a"]))),
    "virtual": (UnsupportedError, virtual),
    "external data": (UnsupportedError, lambda file, path: file.create_dataset(
        "d", (4,), "f4", external=[(str(path.with_name("secret.bin")), 0, 16)])),
    "compressed": (UnsupportedError, lambda file, path: file.create_dataset(
        "d", data=np.zeros(1 << 20, "f4"), compression="gzip")),
    "sparse": (FileFormatError, lambda file, path: file.create_dataset(
        "d", (1 << 35,), "f4", chunks=(1 << 10,))),
    "sparse, not in chunks": (FileFormatError, lambda file, path: file.create_dataset(
        "d", (1 << 35,), "f4")),
    "deep": (FileFormatError, lambda file, path: file.create_group("/".join("x" * 40))),
    "attribute": (FileFormatError, lambda file, path: file.attrs.create(
        "a", np.zeros(12_000, "i1"))),
}


@pytest.mark.parametrize(("kind", "forge"), FORGED.values(), ids=list(FORGED))
def test_what_leads_out_of_the_file_or_is_too_much(kind: type[Any], forge: Forge, tmp_path: Path
                                                   ) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(16))
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["a"] = np.ones(4, "f4")
    path = tmp_path / "p.h5"
    with h5py.File(path, "w") as file:
        file["filler"] = np.zeros(4096, "f4")
        forge(file, path)
    with refused(kind):
        load_hdf5(path)


def test_references_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "p.h5"
    with h5py.File(path, "w") as file:
        reference(file, path)
    found = load_hdf5(path)
    assert found.arrays.keys() == {"a"} and found.attributes["a"] == {}


@pytest.mark.parametrize("content", [MAGIC, MAGIC + bytes(2000), MAGIC + b"\xff" * 2000])
def test_no_more_than_a_beginning(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "p.h5").write_bytes(content)
    with refused(FileFormatError):
        load_hdf5(tmp_path / "p.h5")


def test_without_h5py_the_hint_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "p.h5").write_bytes(MAGIC)
    with pytest.raises(MissingDependencyError, match=r"puffer-edge\[rltools\]"):
        load_hdf5(tmp_path / "p.h5")
