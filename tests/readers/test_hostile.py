# SPDX-License-Identifier: MIT
"""Pickles that want to run something: they are refused, and nothing runs.

Each payload is first given to the real pickle machine, to show that it would have run.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pickle
import pickletools
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends import LoadOptions, load_file
from puffer_edge.readers.vec_normalize import load_vec_normalize
from tests.readers.forging import (
    Raw,
    body,
    call,
    checkpoint,
    mapping,
    name,
    program,
    refused,
    storage,
    tensor,
    zipped,
)

EXAMPLES = Path(__file__).parents[2] / "examples" / "policies"
PPO = EXAMPLES / "cartpole_sb3.zip"


def system(command: str) -> Raw:
    return call("os", "system", command)


def apply(function: Raw, *arguments: Any) -> Raw:
    """Calls what instructions push."""
    return Raw(function + b"(" + b"".join(map(body, arguments)) + b"tR")


def push_text(text: str) -> Raw:
    """Any code points, half surrogates too."""
    packed = text.encode("utf-8", "surrogatepass")
    return Raw(b"X" + len(packed).to_bytes(4, "little") + packed)


def entries(**changes: bytes) -> list[tuple[str, bytes]]:
    """The members of a real zip of the library, some replaced: policy__pth is policy.pth."""
    with zipfile.ZipFile(PPO) as file:
        members = {member: file.read(member) for member in file.namelist()}
    changed = {key.replace("__", "."): content for key, content in changes.items()}
    assert set(changed) <= set(members)
    return list({**members, **changed}.items())


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


def in_array(command: str) -> Raw:
    array = np.empty(1, object)
    array[0] = Evil(command)
    return Raw(pickle.dumps(array, 2)[2:-1])


PAYLOADS: dict[str, Callable[[str], Raw]] = {
    "REDUCE": system,
    "eval": lambda c: call("builtins", "eval", f"__import__('os').system({c!r})"),
    "exec": lambda c: call("builtins", "exec", f"import os; os.system({c!r})"),
    "subprocess": lambda c: call("subprocess", "call", ["sh", "-c", c]),
    "a chain of calls": lambda c: apply(
        call("builtins", "getattr", call("builtins", "__import__", "os"), "system"), c),
    "in a dict": lambda c: mapping({"encoder.weight": system(c)}),
    "as a key": lambda c: mapping({system(c): 1}),
    "thrown away": lambda c: Raw(system(c) + b"0" + mapping({"a": 1})),
    "STACK_GLOBAL": lambda c: apply(Raw(body("os") + body("system") + b"\x93"), c),
    "INST": lambda c: Raw(b"(" + body(c) + b"ios\nsystem\n"),
    "OBJ": lambda c: Raw(b"(" + name("os", "system") + body(c) + b"o"),
    "in an array": in_array,
    "a pickle in a pickle": lambda c: call(
        "pickle", "loads", call("_codecs", "encode", program(system(c)).decode("latin-1"),
                                "latin-1")),
    "state of a stub": lambda c: Raw(call("tests.readers.test_hostile", "Evil", "true")
                                     + mapping({"a": system(c)}) + b"b"),
    "by reference": lambda c: Raw(name("os", "system") + b"q\x55" + apply(Raw(b"h\x55"), c)),
    "NEWOBJ, by way of a map": lambda c: Raw(
        name("builtins", "tuple") + b"(" + name("builtins", "map") + b"(" + name("os", "system")
        + body([c]) + b"t\x81t\x81"),
}

OPCODES = {
    "EXT1": b"\x82\x01", "EXT2": b"\x83\x01\x00", "EXT4": b"\x84\x01\x00\x00\x00",
    "PERSID": b"Pdata\n", "BINPERSID of a string": body("data") + b"Q",
    "BINPERSID of a list": body(["storage"]) + b"Q",
    "BINPERSID of a short tuple": body(("storage",)) + b"Q",
    "BINPERSID of another kind": body(("module", "a", "b", "cpu", 4)) + b"Q",
    "NEXT_BUFFER": b"\x97", "READONLY_BUFFER": b"C\x00\x98",
    "BUILD on a dict": b"}" + mapping({"update": 1}) + b"b",
    "BUILD on a tensor": tensor() + mapping({"ctypes": 1}) + b"b",
    "BUILD on a number": body(5) + b"}b",
    "a call of a number": apply(Raw(body(5)), 1),
    "a call of a tensor": apply(tensor(), 1),
    "a call of a storage's class": apply(name("torch", "FloatStorage"), 1),
    "a call without a tuple": name("os", "system") + body("true") + b"R",
    "keywords": name("torch", "Size") + b")" + mapping({"a": 1}) + b"\x92",
    "APPEND to a dict": b"}K\x01a", "SETITEM of a list": b"]K\x01K\x01s",
    "SETITEM of a tensor": tensor() + b"K\x00K\x01s", "ADDITEMS to a list": b"](K\x01\x90",
    "an unhashable key": b"}]Ns", "a name of numbers": b"K\x01K\x02\x93",
    "something after it": b"N.N", "an endless line": b"I" + b"1" * 100_000,
    "a huge decimal number": b"L" + b"9" * 100_000 + b"L\n",
}


@pytest.fixture(params=["checkpoint", "Stable-Baselines3 zip", "VecNormalize"])
def refuse_pickle(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[bytes], None]:
    """Puts a pickle wherever one is read, and asserts that it is refused."""
    def check(content: bytes) -> None:
        options, path = LoadOptions(), tmp_path / "policy"
        if request.param == "checkpoint":
            path.write_bytes(checkpoint(Raw(content)))
        elif request.param == "VecNormalize":
            statistics = tmp_path / "statistics.pkl"
            statistics.write_bytes(program(Raw(content)))
            options, path = LoadOptions(vec_normalize=statistics), PPO
        else:
            path.write_bytes(zipped(entries(policy__pth=checkpoint(Raw(content)))))
        before = sorted(tmp_path.iterdir())
        with refused(match={"checkpoint": "policy", "VecNormalize": "statistics.pkl"}.get(
                request.param, "policy.pth")):
            load_file(path, options)
        assert sorted(tmp_path.iterdir()) == before
    return check


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    """A file that comes into being when a payload runs; the test fails if it does."""
    path = tmp_path / "canary"
    yield path
    assert not path.exists(), "the file's code was executed"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads_are_real(payload: str, tmp_path: Path) -> None:
    path = tmp_path / "canary"
    pickled = program(PAYLOADS[payload](f"touch {path}"))
    with contextlib.suppress(TypeError):  # some fail after they have run
        pickle.loads(pickled)
    assert path.exists()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads_do_not_run(payload: str, canary: Path,
                             refuse_pickle: Callable[[bytes], None]) -> None:
    refuse_pickle(PAYLOADS[payload](f"touch {canary}"))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_bare_pickles_are_not_even_opened(payload: str, canary: Path, tmp_path: Path) -> None:
    path = tmp_path / "policy.pt"
    path.write_bytes(program(PAYLOADS[payload](f"touch {canary}")))
    with refused(UnsupportedError, "bare pickle"):
        load_file(path, LoadOptions())


@pytest.mark.parametrize("opcode", OPCODES)
def test_instructions_that_data_does_not_need(opcode: str,
                                              refuse_pickle: Callable[[bytes], None]) -> None:
    refuse_pickle(OPCODES[opcode])


@pytest.mark.parametrize("argument", [b"", b"\x01" + bytes(7) + b"\n", b"\xff" * 9 + b"\n"])
def test_every_instruction_on_an_empty_stack(argument: bytes,
                                             refuse_pickle: Callable[[bytes], None]) -> None:
    for opcode in pickletools.opcodes:
        if opcode.name != "STOP":
            refuse_pickle(opcode.code.encode("latin-1") + argument)


def test_a_payload_in_the_json_of_a_zip_is_never_decoded(canary: Path, tmp_path: Path) -> None:
    """The library would unpickle it; for us the zip is as good as before."""
    pickled = base64.b64encode(program(system(f"touch {canary}"))).decode()
    tree = json.loads(dict(entries())["data"])
    for value in tree.values():
        if isinstance(value, dict) and ":serialized:" in value:
            value[":serialized:"] = pickled
    text = json.dumps(tree).encode()
    assert pickled.encode() in text
    path = tmp_path / "policy.zip"
    path.write_bytes(zipped(entries(data=text)))
    assert load_file(path, LoadOptions()).contract.action.width == 2


def test_members_that_only_the_library_would_open(canary: Path, tmp_path: Path) -> None:
    evil = checkpoint(system(f"touch {canary}"))
    path = tmp_path / "policy.zip"
    path.write_bytes(zipped(entries(policy__optimizer__pth=evil, pytorch_variables__pth=evil)))
    assert load_file(path, LoadOptions()).contract.action.width == 2


@pytest.mark.parametrize("field", ["mean", "var", "epsilon", "clip_obs", "norm_obs", "obs_rms"])
def test_payloads_in_the_statistics(field: str, canary: Path, tmp_path: Path) -> None:
    """A call in place of a field is a stub, and a stub is no number."""
    evil = system(f"touch {canary}")

    def instance(kind: str, **fields: Any) -> Raw:
        fields = {key: evil if key == field else value for key, value in fields.items()}
        return Raw(name("stable_baselines3", kind) + b")\x81" + mapping(fields) + b"b")

    path = tmp_path / "v.pkl"
    path.write_bytes(program(instance(
        "VecNormalize", obs_rms=instance("RunningMeanStd", mean=1.0, var=1.0), epsilon=1e-8,
        clip_obs=10.0, norm_obs=True)))
    if field == "norm_obs":  # anything but False is true
        assert load_vec_normalize(path) is not None
    else:
        with refused(FileFormatError):
            load_vec_normalize(path)


@pytest.mark.parametrize("text", [
    "\x1b[2J\x1b]0;owned\x07", "\u202eevil", "*/ int pwn(void){} /*", "a\nb\rc", "x" * 100_000,
    "\ud800", "[/red]", "{0}%s%n", "??/\n", "../../etc/passwd", "é" * 300, "\x00"], ids=ascii)
def test_names_that_steer_terminals(text: str, tmp_path: Path) -> None:
    """In every place of a file that can get into a message; ``refused`` looks at the message."""
    pushed, path = push_text(text), tmp_path / "policy.pt"
    nan = {"0": np.array([1, np.nan, 3, 4], "<f4").tobytes()}
    for content in (
            checkpoint(mapping({pushed: tensor()})), checkpoint(mapping({pushed: tensor()}), nan),
            checkpoint(mapping({pushed: 5})),
            checkpoint(mapping({"encoder.weight": tensor(), pushed: tensor()})),
            checkpoint(Raw(pushed + body("x") + b"\x93")),
            checkpoint(Raw(body("x") + pushed + b"\x93)R")),
            checkpoint(mapping({"x": Raw(body("torch.x") + pushed + b"\x93)R")})),
            checkpoint(mapping({"x": tensor(storage(key=pushed))})),
            checkpoint(mapping({"x": tensor(storage(device=pushed))}))):
        path.write_bytes(content)
        with refused():
            load_file(path, LoadOptions())


def test_an_error_names_the_file_and_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "policy.pt"
    path.write_bytes(checkpoint(system("true")))
    with pytest.raises(UnsupportedError, match="system") as caught:
        load_file(path, LoadOptions())
    assert caught.value.where == str(path)
    assert "state_dict" in caught.value.hint
