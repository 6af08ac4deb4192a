# SPDX-License-Identifier: MIT
"""What a stranger's program.npz says becomes numbers and names of the right kind, or one error."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from puffer_edge import api, runtimes
from puffer_edge.artefact import program_file
from puffer_edge.artefact.decoding import decode
from puffer_edge.errors import FileFormatError, PufferEdgeError, UsageError
from puffer_edge.exporters.c import header_of
from puffer_edge.ir import Field
from tests import zoo

CONTENT = program_file.to_bytes(zoo.program("lstm_int8"))
UNREADABLE = [
    (1.0, int), (True, int), ("1", int), (None, int), (2**50, int), (-(2**50), int),
    ("1", float), (True, float), (None, float), (float("nan"), float),
    (1, str), ("a\nb", str), ("\x1b[31m", str), ("a" * 30_000, str), (1, bool), ([1], int),
    ([1, "2"], tuple[int, ...]), ([1], tuple[int, int]), ({}, tuple[int, ...]),
    ("ab", tuple[str, ...]),
    ("c", Literal["a", "b"]), ("x", int | None), ({"class": "Field"}, Field),
    ({"class": "Popen"}, Field), ({"class": "Note", "kind": "warning", "text": ""}, Field),
    ({"class": "Field", "name": "a", "shape": [1], "unit": "", "low": [], "high": [],
      "more": 1}, Field),
    ({"class": "Field", "name": "a", "shape": [1.5], "unit": "", "low": [],
      "high": []}, Field), ([], Field),
]


@pytest.mark.parametrize(("plain", "kind"), UNREADABLE)
def test_what_is_of_another_type_is_refused(plain: Any, kind: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        decode(plain, kind, program_file.CLASSES)


def test_what_is_of_the_type_comes_back() -> None:
    plain = {"class": "Field", "name": "a", "shape": [2, 3], "unit": "m", "low": [0], "high": [1]}
    assert decode(plain, Field, program_file.CLASSES) == Field("a", (2, 3), "m", (0,), (1,))
    assert decode([[1, "a"], [2, "b"]], tuple[tuple[int, str], ...], {}) == ((1, "a"), (2, "b"))
    assert decode(None, int | None, {}) is None and decode(1, float, {}) == 1.0


def forged(change: Callable[[Any], object], content: bytes = CONTENT) -> bytes:
    with np.load(io.BytesIO(content)) as data:
        arrays = {name: data[name] for name in data.files}
    text = json.loads(arrays["program"].tobytes())
    change(text)
    arrays["program"] = np.frombuffer(json.dumps(text).encode(), np.uint8)
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def leaves(plain: Any) -> list[tuple[Any, Any]]:
    """Every place of a JSON text: the container and the key or index."""
    if isinstance(plain, dict | list):
        keys = list(plain) if isinstance(plain, dict) else range(len(plain))
        return [place for key in keys for place in [(plain, key), *leaves(plain[key])]]
    return []


@pytest.mark.parametrize("value", [
    None, "*/ int pwned; /*", -1, 2**63, 1e308, [], {}, [[]], "\x1b[2J", True, [-(2**31)] * 3])
def test_any_value_in_any_place_is_read_or_one_error(value: Any) -> None:
    count = len(leaves(json.loads(np.load(io.BytesIO(CONTENT))["program"].tobytes())))
    for index in np.random.default_rng(0).permutation(count)[:60]:
        def change(text: Any, index: int = int(index)) -> None:
            container, key = leaves(text)[index]
            container[key] = value

        try:
            program = program_file.from_bytes(forged(change))
        except FileFormatError:
            continue
        try:
            text = header_of(program, "zoo")
        except UsageError:
            continue
        assert "pwned" not in text


@pytest.mark.parametrize("name", ["a; int pwned", "a[1]; } x; /*", "int", "A"])
def test_a_name_that_is_no_identifier_never_becomes_c(name: str) -> None:
    program = zoo.program("mlp")
    contract = replace(program.contract, observation=(Field(name, (6,)),))
    with pytest.raises(UsageError, match="cannot name a field"):
        header_of(replace(program, contract=contract), "zoo")
    with pytest.raises(UsageError, match="cannot name an output"):
        header_of(replace(program, output_names=(name,)), "zoo")


@pytest.mark.parametrize("unit", ["m */ int pwned; /*", "m \\", "m\n#include <pwned>", "µm"])
def test_a_unit_never_ends_its_comment(unit: str) -> None:
    program = zoo.program("mlp")
    contract = replace(program.contract, observation=(Field("obs", (6,), unit),))
    with pytest.raises(UsageError, match="comment"):
        header_of(replace(program, contract=contract), "zoo")


@pytest.mark.parametrize("place", ["output_name", "field_unit", "field_name"])
def test_a_forged_artefact_runs_nothing(place: str, tmp_path: Path) -> None:
    """C in a name, in an artefact whose manifest has the right hashes: what bench ran once."""
    canary = tmp_path / "PWNED"
    run = ("__attribute__((constructor)) static void pwn(void) "
           f'{{ extern int creat(const char *, int); creat("{canary}", 420); }}')

    def change(text: Any) -> None:
        field = text["contract"]["observation"][0]
        if place == "output_name":
            text["output_names"][0] = f"x(void){{return 0;}} {run} static int y"
        elif place == "field_unit":
            field["unit"] = f"*/ }} zz_t; {run} typedef struct {{ int z; /*"
        else:
            field["name"] = f"a[1]; }} zz_t; {run} typedef struct {{ float b"

    directory = tmp_path / "a"
    api.export(zoo.program("mlp"), directory, target="host", name="zoo")
    content = forged(change, (directory / "program.npz").read_bytes())
    (directory / "program.npz").write_bytes(content)
    manifest = json.loads((directory / "policy.json").read_text())
    manifest["files"]["program.npz"] = hashlib.sha256(content).hexdigest()
    (directory / "policy.json").write_text(json.dumps(manifest))
    with pytest.raises(PufferEdgeError):
        runtimes.load(directory, "native")
    assert not canary.exists()
