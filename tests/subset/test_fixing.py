# SPDX-License-Identifier: MIT
"""``--fix``: what it writes does in MicroPython what the source does in CPython, and stays."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest

from puffer_edge.subset import Config, check_source
from puffer_edge.subset.checking import check_paths
from puffer_edge.subset.fixing import FIXES, fix_paths
from puffer_edge.verification.micropython.interpreters import PINNED, run_webassembly
from tests.subset.test_command import run
from tests.tools import need_micropython

CASES = {
    "print('a b c'.split(sep=' '), 'a b c'.split(sep=' ', maxsplit=1))\n":
        "print('a b c'.split(' '), 'a b c'.split(' ', 1))\n",
    "print(b'abc'.decode(encoding='utf-8'), 'abc'.encode('utf-8', errors='strict'))\n":
        "print(b'abc'.decode('utf-8'), 'abc'.encode('utf-8', 'strict'))\n",
    "print(str(b'a', encoding='utf8'), bytes('a', encoding='utf8'))\n":
        "print(str(b'a', 'utf8'), bytes('a', 'utf8'))\n",
    "print('ä', int('10', base=2), round(1.25, ndigits=1), sum([1], start=2), flush=True)\n":
        "print('ä', int('10', 2), round(1.25, 1), sum([1], 2))\n",
    "print(flush=True)\nprint('a', flush=True, end='')\n":
        "print()\nprint('a', end='')\n",
    "print(b'a'.decode('UTF-8'), 'a'.encode(\"ASCII\"))\n":
        "print(b'a'.decode('utf-8'), 'a'.encode(\"ascii\"))\n",
    "x = 1if 2else 3\nprint(x, 0xF800.to_bytes(2, 'big'))\n":
        "x = 1 if 2 else 3\nprint(x, (0xF800).to_bytes(2, 'big'))\n",
    "try:\n    raise IOError(5)\nexcept EnvironmentError as e:\n    print(e.args)\n":
        "try:\n    raise OSError(5)\nexcept OSError as e:\n    print(e.args)\n",
    "import re\nm = re.match('(a)(b)', 'ab')\nprint(m.group(), m[2])\n":
        "import re\nm = re.match('(a)(b)', 'ab')\nprint(m.group(0), m.group(2))\n",
    "from __future__ import annotations  # for 3.8\nprint('ä', 'b c'.split(sep=' '))\r\n":
        "print('ä', 'b c'.split(' '))\r\n",
    "\ufeffprint(b'a'.decode('Utf-8'))\n": "print(b'a'.decode('utf-8'))\n",
    "import struct\nprint(struct.unpack_from('<H', b'abcd', offset=1))\n":
        "import struct\nprint(struct.unpack_from('<H', b'abcd', 1))\n",
}
STAYS = [
    "print('a b'.split(maxsplit=1))\n",  # the first is not there
    "x = ' '\nprint('a b'.split(sep=' ') if x else 'a'.split(sep=x))  # noqa: PE205 both\n",
    "from __future__ import annotations; x = 1\n",
    "import json\nprint(json.dumps([1], indent=2))\n",
    "import re\nm = re.match('a', 'a')\nprint(m.group(0, 0))\n",
    "m = t'{1}'.split(sep=' ')\n",  # the host's Python may not take it
    "x = (\n",
]


def written(source: str, folder: Path, config: Config | None = None) -> str:
    path = folder / "a.py"
    path.write_bytes(source.encode())
    fix_paths([path], config or Config())
    return path.read_bytes().decode()


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize("source", CASES)
def test_another_spelling(source: str, tmp_path: Path) -> None:
    once = written(source, tmp_path)
    assert once == CASES[source]
    assert check_source(once).findings == []
    assert written(once, tmp_path) == once


@pytest.mark.parametrize("source", STAYS)
def test_what_has_none_stays(source: str, tmp_path: Path) -> None:
    assert written(source, tmp_path) == source


def test_every_kind_of_repair_is_tried(tmp_path: Path) -> None:
    seen = {finding.code for source in CASES for finding in check_source(source).findings}
    assert seen >= set(FIXES)


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_the_interpreter_agrees(tmp_path: Path) -> None:
    """What each prints in MicroPython is what its source prints in CPython."""
    need_micropython()
    expected = io.StringIO()
    with contextlib.redirect_stdout(expected):
        for source in CASES:
            exec(compile(source.removeprefix("\ufeff"), "case", "exec"), {"__name__": "case"})
    (tmp_path / "all.py").write_text("".join(
        f"exec({fixed!r}, {{'__name__': 'case'}})\n" for fixed in CASES.values()))
    assert run_webassembly(tmp_path, "all.py").splitlines() == expected.getvalue().splitlines()
    assert PINNED


def test_ignored_codes_stay(tmp_path: Path) -> None:
    source = next(iter(CASES))
    assert written(source, tmp_path, Config(ignore=("PE205",))) == source


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import dataclasses\nprint('a b'.split(sep=' '))\n")
    code, said = run(tmp_path, "--fix")[:2]
    assert code == 1 and "1 findings fixed" in said and "PE205" not in said
    assert (tmp_path / "a.py").read_text() == "import dataclasses\nprint('a b'.split(' '))\n"


def test_what_was_found_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By content, options, the files beside, and what is followed; never across these."""
    monkeypatch.setattr("puffer_edge.subset.memory.cache_folder", lambda: tmp_path)
    home = tmp_path / "code"
    home.mkdir()
    (home / "a.py").write_text("import dataclasses\n")
    (home / "b.py").write_text("x = 1\n")

    def both(config: Config | None = None) -> list[str]:
        given = config or Config()
        found = [str(each) for each in check_paths([home], given, remember=True).findings]
        assert found == [str(each) for each in check_paths([home], given).findings]
        assert found == [str(each) for each in check_paths([home], given,
                                                           remember=True).findings]
        return found

    assert len(both()) == 1
    kept = set((tmp_path / "check").iterdir())
    assert len(kept) == 2
    assert both(Config(ignore=("PE2",))) == [] and len(both(Config(port="esp32"))) == 1
    (home / "dataclasses.py").write_text("")
    assert both() == []
    (home / "dataclasses.py").unlink()
    assert len(both()) == 1
    (home / "a.py").write_text("import b\n# puffer-edge: no-alloc\ndef f():\n    b.g()\n")
    (home / "b.py").write_text("def g():\n    pass\n")
    assert both() == []
    (home / "b.py").write_text("def g():\n    return [1]\n")
    assert ["b.py" in each and "PE406" in each for each in both()] == [True]
    (home / "c.py").write_text("x = (\n")
    assert check_paths([home], Config(), remember=True).exit_code == 2
    for path in (tmp_path / "check").iterdir():
        path.write_text("[[1]]")  # damaged: looked for again
    (home / "c.py").unlink()
    assert len(both()) == 1


def test_a_remembered_file_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puffer_edge.subset.memory.cache_folder", lambda: tmp_path)
    (tmp_path / "a.py").write_text("import dataclasses\n")
    first = check_paths([tmp_path / "a.py"], Config(), remember=True)
    monkeypatch.setattr("puffer_edge.subset.checking.parse", None)
    again = check_paths([tmp_path / "a.py"], Config(), remember=True)
    assert again.findings == first.findings and again.files == first.files == 1
