# SPDX-License-Identifier: MIT
"""Where an artefact may go: links are followed, what cannot be exchanged is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from puffer_edge.artefact.directory import read_manifest, write
from puffer_edge.errors import OutputError
from tests import zoo
from tests.support.exporting import write_artefact


def files(name: str, folder: Path) -> dict[str, bytes]:
    write_artefact(zoo.program("mlp"), folder, name=name)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_link_to_a_directory_stays_a_link(tmp_path: Path) -> None:
    old, new = (files(name, tmp_path / name) for name in ("early", "late"))
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep" / "real", old)
    link = tmp_path / "link"
    link.symlink_to(Path("deep") / "real")
    write(link, new)
    assert link.is_symlink() and os.readlink(link) == os.path.join("deep", "real")
    assert read_manifest(tmp_path / "deep" / "real")["name"] == "late"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "early", "late", "link"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["real"]
    (tmp_path / "deep" / "real" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"mine\.txt"):
        write(link, new)


@pytest.mark.parametrize("place", [".", "..", "../link", "../link/", "nothing"])
def test_where_no_directory_can_be_exchanged(place: str, tmp_path: Path,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    made = files("zoo", tmp_path / "zoo")
    (tmp_path / "here").mkdir()
    (tmp_path / "link").symlink_to("here")
    (tmp_path / "here" / "nothing").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(OutputError) as error:
        write(Path(place), made)
    if place != "nothing":
        *_, suggested = error.value.hint.split(" ")
        assert "a folder in it" in error.value.hint
        write(Path(suggested.split("=")[-1].strip("\"'")), made)
        assert read_manifest(Path(place) / "policy")["name"] == "zoo"


def test_a_mount_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = files("zoo", tmp_path / "zoo")
    (tmp_path / "usb stick").mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path).name == "usb stick")
    with pytest.raises(OutputError, match="mount point") as error:
        write(tmp_path / "usb stick", made)
    assert 'usb stick/policy"' in error.value.hint
