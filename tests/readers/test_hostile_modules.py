# SPDX-License-Identifier: MIT
"""Whole modules, TorchScript archives and safetensors from strangers: data, or one error."""

from __future__ import annotations

import io
import json
import random
import struct
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from puffer_edge.errors import FileFormatError, PufferEdgeError, UnsupportedError
from puffer_edge.frontends import LoadOptions, load_file
from puffer_edge.readers.parameters import parameters
from puffer_edge.readers.torch_checkpoint import load_checkpoint
from tests.readers.forging import (
    NUMBERS,
    Raw,
    body,
    call,
    checkpoint,
    limited_memory,
    mapping,
    program,
    refused,
    tensor,
    zipped,
)

torch = pytest.importorskip("torch")


def system(command: str) -> Raw:
    return call("os", "system", command)


def evaluated(command: str) -> Raw:
    return call("builtins", "eval", f"__import__('os').system({command!r})")


def chained(command: str) -> Raw:
    """What a chain of __reduce__ makes: a call whose function is the result of a call."""
    return Raw(call("builtins", "getattr", Raw(body(0) + call("builtins", "__import__", "os")),
                    "system") + b"(" + body(command) + b"tR")


PAYLOADS = {"os.system": system, "builtins.eval": evaluated, "a chain of calls": chained}


def module(name: str, state: dict[str, Any]) -> Raw:
    """A pickled object of a class, with attributes."""
    package, _, last = name.rpartition(".")
    return Raw(f"c{package}\n{last}\n".encode() + b")\x81" + mapping(state) + b"b")


def linear(**more: Any) -> Raw:
    parts = {"_parameters": mapping({"weight": tensor(), "bias": None}), "_buffers": mapping({}),
             "_modules": mapping({}), "in_features": 2, **more}
    return module("torch.nn.modules.linear.Linear", parts)


def sequential(**more: Any) -> Raw:
    return module("torch.nn.modules.container.Sequential", {
        "_parameters": mapping({}), "_buffers": mapping({}),
        "_modules": mapping({"0": linear()}), **more})


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "canary"
    yield path
    assert not path.exists(), "the file's code was executed"


def load(content: bytes, directory: Path, **options: Any) -> Any:
    path = directory / "policy.pt"
    path.write_bytes(content)
    with limited_memory():
        return load_file(path, LoadOptions(**options))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_beside_the_weights_stays_inert(payload: str, canary: Path, tmp_path: Path
                                                  ) -> None:
    """In an attribute of the module: the weights are read, the payload is not run."""
    command = f"touch {canary}"
    content = checkpoint(sequential(note=PAYLOADS[payload](command)))
    found = load(content, tmp_path, action="discrete")
    assert found.contract.action.width == 2
    with refused(UnsupportedError, "hook"):  # it would change what forward gives
        load(checkpoint(sequential(_forward_hooks=PAYLOADS[payload](command))), tmp_path)


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("place", ["_modules", "_parameters", "_buffers"])
def test_a_payload_in_the_place_of_a_part(payload: str, place: str, canary: Path, tmp_path: Path
                                          ) -> None:
    evil = PAYLOADS[payload](f"touch {canary}")
    for value in (evil, mapping({"weight": evil}), mapping({"a": mapping({"b": evil})})):
        try:
            load(checkpoint(sequential(**{place: value})), tmp_path, action="discrete")
        except PufferEdgeError as error:
            assert str(error)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_in_the_old_format(payload: str, canary: Path, tmp_path: Path) -> None:
    file = io.BytesIO()
    torch.save({"w": torch.ones(2)}, file, _use_new_zipfile_serialization=False)
    parts = file.getvalue()
    evil = program(PAYLOADS[payload](f"touch {canary}"))
    ends = [i + 1 for i in range(len(parts)) if parts[i : i + 1] == b"."]
    magic = parts[: ends[0]]
    for content in (magic + evil, magic + program(1001) + evil,
                    magic + program(1001) + program({}) + evil + program([])):
        with refused():
            load(content, tmp_path)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_in_a_script(payload: str, canary: Path, tmp_path: Path) -> None:
    evil = PAYLOADS[payload](f"touch {canary}")
    layer = module("__torch__.torch.nn.modules.linear.Linear", {"weight": tensor(), "bias": None})
    root = module("__torch__.Policy", {"layer": layer, "hook": evil})
    code = (f"import os\nos.system('touch {canary}')\nclass Policy(Module):\n"
            f"  os.system('touch {canary}')\n"
            f"  @os.system('touch {canary}')\n"
            "  def forward(self, x: Tensor) -> Tensor:\n    LINE\n"
            "    return torch.linear(x, self.layer.weight, None)\n")
    for line, right in (("pass", True), (f"os.system('touch {canary}')", False),
                        (f"ops.os.system('touch {canary}')", False), ("y = self.hook", True),
                        ("y = self.hook()", False), ("y = self.hook.real", False),
                        (f"exec('import os; os.system(\\'touch {canary}\\')')", False),
                        ("y = (lambda: 0)()", False), ("y = [0 for i in x]", False)):
        content = zipped([
            ("a/data.pkl", program(root)), ("a/constants.pkl", program((evil,))),
            ("a/code/__torch__.py", code.replace("LINE", line).encode()),
            ("a/data/0", NUMBERS.tobytes())])
        if right:
            assert load(content, tmp_path, action="discrete").contract.action.width == 2
        else:
            with refused(PufferEdgeError, "line 7"):
                load(content, tmp_path, action="discrete")


BOMBS = {
    "endless": "while True:\n      pass",
    "endless ops": "while True:\n      x = torch.mul(x, 2)",
    "a long loop": "for i in range(1000000000000):\n      pass",
    "recursion": "y = self.forward(x)",
    "a list of gigabytes": "y = torch.mul([0], 1000000000000)",
    "a text of gigabytes": 'y = torch.mul("a", 1000000000000)',
    "a tuple of gigabytes": "y = torch.mul((0,), 1000000000000)",
    "a tensor of terabytes": "y = torch.zeros([1000000, 1000000])",
    "tensors of terabytes": "for i in range(1000):\n      y = torch.zeros([2000000])",
    "lists that double": "y = [x]\n    for i in range(60):\n      y = [y, y]\n"
                         "    return torch.eq(y, [y])",
    "results that double": "y = [x]\n    for i in range(60):\n      y = [y, y]\n    return y",
    "a number of megabytes": "y = 3\n    for i in range(100):\n      y = torch.mul(y, y)",
    "brackets": "y = " + "(" * 5000 + "0" + ")" * 5000,
    "signs": "y = " + "-" * 100000 + "1",
    "not": "y = " + "not " * 100000 + "1",
    "dots": "y = x" + ".a" * 100000,
    "calls": "y = x" + "()" * 100000,
    "blocks": "".join("\n" + " " * (4 + i) + "if True:" for i in range(400))[5:] + " pass",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_code_that_never_ends(bomb: str, tmp_path: Path) -> None:
    """One error, in seconds of the processor."""
    root = module("__torch__.Policy", {"weight": tensor()})
    code = ("class Policy(Module):\n  def forward(self, x: Tensor) -> Tensor:\n    "
            f"{BOMBS[bomb]}\n    return torch.linear(x, self.weight, None)\n")
    content = zipped([
        ("a/data.pkl", program(root)), ("a/constants.pkl", program(())),
        ("a/code/__torch__.py", code.encode()), ("a/data/0", NUMBERS.tobytes())])
    started = time.process_time()
    with refused():
        load(content, tmp_path, action="continuous", observation={"x": 3})
    assert time.process_time() - started < 10


def test_two_pickles_in_one_archive(tmp_path: Path) -> None:
    content = zipped([("a/data.pkl", program(sequential())), ("b/data.pkl", program(sequential())),
                      ("a/data/0", NUMBERS.tobytes())])
    with refused(FileFormatError, "one data.pkl"):
        load(content, tmp_path)


def test_a_module_that_contains_itself(tmp_path: Path) -> None:
    inside = Raw(b"ctorch.nn.modules.container\nSequential\n)\x81q\x01"
                 + mapping({"_modules": mapping({"0": Raw(b"h\x01")})}) + b"b")
    with refused(FileFormatError, "deeper"):
        load(checkpoint(inside), tmp_path)


def test_parts_that_are_there_two_to_the_thirtieth_times(tmp_path: Path) -> None:
    value: Any = mapping({"w": tensor()})
    content = value
    for depth in range(12):
        content = Raw(content + b"q" + bytes([depth + 10]) + b"0" + mapping(
            {str(i): Raw(b"h" + bytes([depth + 10])) for i in range(8)}))
    with refused(FileFormatError, "more parts"):
        load(checkpoint(content), tmp_path)


def test_an_object_that_is_no_module(tmp_path: Path) -> None:
    with refused(UnsupportedError, "no module"):
        load(checkpoint(module("gymnasium.Env", {"x": 1})), tmp_path)


def test_optimizers_are_not_the_policy() -> None:
    found = parameters({"model": {"w": np.ones(2)}, "optimizer": {"w": np.ones(3)},
                        "optim_state": {"a": np.ones(3)}, "lr_scheduler": {"b": np.ones(3)}}, "x")
    assert list(found.weights) == ["model.w"]


def saved(arrays: dict[str, Any], **header: Any) -> bytes:
    entries, blocks, end = {}, b"", 0
    for name, array in arrays.items():
        entries[name] = {"dtype": "F32", "shape": list(array.shape),
                         "data_offsets": [end, end + array.nbytes]}
        blocks += array.tobytes()
        end += array.nbytes
    text = json.dumps({**entries, **header}).encode()
    return struct.pack("<Q", len(text)) + text + blocks


ARRAYS = {"actor.0.weight": np.ones((3, 2), np.float32), "actor.0.bias": np.ones(3, np.float32)}
ENTRY = {"dtype": "F32", "shape": [1], "data_offsets": [36, 40]}


@pytest.mark.parametrize("header", [
    {"a": ENTRY}, {"a": {**ENTRY, "data_offsets": [32, 36]}}, {"a": 5}, {"a": {"dtype": "F32"}},
    {"a": {**ENTRY, "shape": [-1]}}, {"a": {**ENTRY, "shape": [2**62, 2**62]}},
    {"a": {**ENTRY, "data_offsets": [0, 0], "shape": [0]}, "b": {**ENTRY, "dtype": "F8"}},
    {"a": {**ENTRY, "data_offsets": [36, 2**60]}}, {"a": {**ENTRY, "data_offsets": ["0", "4"]}},
    {"actor.0.bias": {**ENTRY, "shape": [3], "data_offsets": [0, 12]}},
], ids=str)
def test_safetensors_whose_header_lies(header: dict[str, Any], tmp_path: Path) -> None:
    with refused():
        load(saved(ARRAYS, **header), tmp_path)


def test_safetensors_cut_and_changed(tmp_path: Path) -> None:
    content = saved(ARRAYS)
    load(content, tmp_path)
    for end in range(len(content)):
        with refused():
            load(content[:end], tmp_path)
    with refused():
        load(content + b"\0", tmp_path)
    generator = random.Random(1)
    for _ in range(300):
        changed = bytearray(content)
        changed[generator.randrange(len(changed))] = generator.randrange(256)
        try:
            load(bytes(changed), tmp_path)
        except PufferEdgeError as error:
            assert "\x1b" not in str(error)


@pytest.mark.filterwarnings("ignore:`torch.jit", "ignore::DeprecationWarning")
def test_scripts_cut_and_changed(tmp_path: Path) -> None:
    path = tmp_path / "script.pt"
    torch.jit.script(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ELU())).save(str(path))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    load(path.read_bytes(), tmp_path, action="continuous")
    generator = random.Random(2)
    for name in members:
        for _ in range(8):
            changed = bytearray(members[name])
            for _ in range(3):
                if changed:
                    changed[generator.randrange(len(changed))] = generator.randrange(256)
            content = zipped({**members, name: bytes(changed)}.items())
            try:
                load(content, tmp_path, action="continuous")
            except PufferEdgeError as error:
                assert str(error)


def test_stubs_keep_what_they_are(tmp_path: Path) -> None:
    """The canary of the tests above is worth something: the payload is in the tree, unrun."""
    tree = load_checkpoint(checkpoint(sequential(_forward_hooks=system("true"))), where="x")
    assert tree.state["_forward_hooks"].name == "system"
    assert tree.state["_forward_hooks"].arguments == ("true",)
