# SPDX-License-Identifier: MIT
"""The cache of compiled code loads only what this user built, whole."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from puffer_edge import runtimes
from puffer_edge.cache import built, cache_folder
from tests import zoo

posix = pytest.mark.skipif(os.name != "posix", reason="files have no owner there")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    cache_folder.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "platform", "linux")
    yield tmp_path / "home"
    cache_folder.cache_clear()


def made(content: bytes) -> bytes:
    """What the cache gives, where a build would make ``content``."""
    return built("library.so", lambda path: path.write_bytes(content)).read_bytes()


def test_a_file_is_built_once() -> None:
    assert made(b"first") == b"first"
    assert made(b"second") == b"first"


@posix
def test_the_folder_is_the_users_alone(home: Path) -> None:
    home.mkdir()
    (home / "puffer-edge").mkdir(mode=0o755)
    assert cache_folder() == home / "puffer-edge"
    assert cache_folder().stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("change", ["cut", "bit", "digest", "other"])
def test_a_file_that_is_not_whole_is_built_again(change: str) -> None:
    made(b"first")
    library = cache_folder() / "library.so"
    if change == "cut":
        library.write_bytes(b"fir")
    elif change == "bit":
        library.write_bytes(b"fjrst")
    elif change == "digest":
        library.with_name("library.so.sha256").unlink()
    else:  # a good file under another file's name
        built("other.so", lambda path: path.write_bytes(b"other"))
        shutil.copy(cache_folder() / "other.so", library)
        shutil.copy(cache_folder() / "other.so.sha256", f"{library}.sha256")
    assert made(b"second") == b"second"


@posix
def test_a_link_is_not_followed(tmp_path: Path) -> None:
    made(b"first")
    library = cache_folder() / "library.so"
    library.rename(tmp_path / "elsewhere")
    library.symlink_to(tmp_path / "elsewhere")
    assert made(b"second") == b"second"
    assert not library.is_symlink()


@posix
def test_what_others_may_write_is_built_again() -> None:
    made(b"first")
    (cache_folder() / "library.so").chmod(0o722)
    assert made(b"second") == b"second"


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
def test_a_file_of_another_user_is_built_again() -> None:
    made(b"first")
    os.chown(cache_folder() / "library.so", 65534, 65534)
    assert made(b"second") == b"second"


@posix
@pytest.mark.parametrize("what", ["parent", "link", "owner"])
def test_a_home_that_others_can_change_is_not_used(home: Path, tmp_path: Path, what: str) -> None:
    home.mkdir()
    if what == "parent":
        home.chmod(0o777)
    elif what == "link":
        (tmp_path / "elsewhere").mkdir()
        (home / "puffer-edge").symlink_to(tmp_path / "elsewhere")
    elif os.geteuid() == 0:
        (home / "puffer-edge").mkdir()
        os.chown(home / "puffer-edge", 65534, 65534)
    else:
        pytest.skip("only root gives away")
    assert home not in cache_folder().parents
    assert cache_folder().stat().st_mode & 0o777 == 0o700


def test_a_build_that_fails_leaves_nothing() -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        built("library.so", fail)
    assert list(cache_folder().iterdir()) == []


def test_a_native_module_that_was_cut_off_is_compiled_again() -> None:
    program = zoo.program("mlp")
    observation = np.zeros(program.contract.observation_size, np.float32)
    with runtimes.load(program, "native") as policy:
        expected = policy.step(observation)
    (module,) = [file for file in cache_folder().iterdir() if file.name.startswith("_puffer_edge_")
                 and file.suffix != ".sha256"]
    content = module.read_bytes()
    module.unlink()  # the old one stays mapped
    module.write_bytes(content[:-100])
    with runtimes.load(program, "native") as policy:
        np.testing.assert_array_equal(policy.step(observation), expected)
    assert len(module.read_bytes()) == len(content)
