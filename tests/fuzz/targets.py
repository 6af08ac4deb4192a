# SPDX-License-Identifier: MIT
"""What is fuzzed: sound inputs, and what reads them once they are changed."""

from __future__ import annotations

import ast
import io
import json
import shutil
import time
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import puffer_edge
from puffer_edge import api, runtimes
from puffer_edge.blackbox.reading import log_of
from puffer_edge.blackbox.replaying import Replay
from puffer_edge.blackbox.writing import recording as observations
from puffer_edge.blackbox.writing import to_mcap
from puffer_edge.errors import PufferEdgeError
from puffer_edge.exporters import regenerating
from puffer_edge.interpreter import Interpreter
from puffer_edge.readers import sample_factory_config, training_config
from puffer_edge.readers.vec_normalize import load_vec_normalize
from puffer_edge.subset import check_source
from tests import zoo
from tests.fuzz import mutations as change
from tests.fuzz.contracts import CONTRACTS
from tests.fuzz.engine import Target
from tests.fuzz.programs import changed_program
from tests.fuzz.recordings import RECORDINGS
from tests.fuzz.sources import source

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
TARGETS: dict[str, Target] = {}


def target(function: Target) -> Target:
    TARGETS[function.__name__] = function
    return function


def load(path: Path, content: bytes, **options: Any) -> None:
    """Reads a policy file and takes a step, as a user would."""
    path.write_bytes(content)
    program = puffer_edge.load(path, **options)
    size = program.contract.observation_size
    if size < 100_000 and program.macs < 10_000_000 and program.contract.mask is None:
        with np.errstate(all="ignore"):
            Interpreter(program).step(np.zeros(size, np.float32))


def json_bytes(random: Random, content: bytes) -> bytes:
    return change.as_json(change.tree(random, json.loads(content)))


def text_bytes(random: Random, content: bytes) -> bytes:
    return change.text(random, content.decode()).encode()


@target
def checkpoint(random: Random, folder: Path) -> None:
    content = (POLICIES / "cartpole_puffer_lstm.pt").read_bytes()
    load(folder / "p.pt", change.member(random, content, "data.pkl", change.instructions))


@target
def whole_module(random: Random, folder: Path) -> None:
    content = change.member(random, _module(), "data.pkl", change.instructions)
    load(folder / "p.pt", content, action="discrete")


@cache
def _module() -> bytes:
    import torch

    file = io.BytesIO()
    torch.manual_seed(0)
    torch.save(torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(),
                                   torch.nn.Linear(4, 2)), file)
    return file.getvalue()


@target
def legacy_checkpoint(random: Random, folder: Path) -> None:
    load(folder / "p.pt", change.raw(random, _legacy()), action="discrete", activation="tanh")


@cache
def _legacy() -> bytes:
    import torch

    file = io.BytesIO()
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    torch.save(net.state_dict(), file, _use_new_zipfile_serialization=False)
    return file.getvalue()


@target
def stable_baselines3(random: Random, folder: Path) -> None:
    entries = change.members((POLICIES / "cartpole_sb3.zip").read_bytes())
    if random.random() < 0.7:
        entries["data"] = json_bytes(random, entries["data"])
    else:
        entries["policy.pth"] = change.member(random, entries["policy.pth"], "data.pkl",
                                              change.instructions)
    load(folder / "p.zip", change.zipped(entries))


@target
def vec_normalize(random: Random, folder: Path) -> None:
    content = (POLICIES / "pendulum_vecnormalize.pkl").read_bytes()
    path = folder / "v.pkl"
    path.write_bytes(change.instructions(random, content))
    load_vec_normalize(path)


@target
def tflite(random: Random, folder: Path) -> None:
    content, options = _tflite(random.choice(("dense", "convolutional")))
    load(folder / "p.tflite", change.words(random, content), **options)


@cache
def _tflite(kind: str) -> tuple[bytes, dict[str, Any]]:
    from tests.frontends.support import tflite as written

    with TemporaryDirectory() as folder:
        made = getattr(written, kind)(Path(folder))
        return made.path.read_bytes(), made.options


@target
def onnx(random: Random, folder: Path) -> None:
    import onnx as library

    model = library.ModelProto.FromString(_onnx(random.choice(ONNX_CASES)))
    change.message(random, model)
    load(folder / "p.onnx", model.SerializeToString(), action="discrete")


ONNX_CASES = ("lstm", "mlp", "gru", "conv", "layer_normalization", "softmax", "slice", "gather",
              "concat", "reduce_mean", "pad")


@cache
def _onnx(case: str) -> bytes:
    name = case if case in zoo.CASES else random_case(case)
    with TemporaryDirectory() as folder:
        api.export(zoo.program(name), Path(folder) / "a", target="onnx", name="zoo")
        return next((Path(folder) / "a").glob("*.onnx")).read_bytes()


def random_case(case: str) -> str:
    """A float policy of the zoo in place of one that it does not have."""
    names = [name for name in zoo.CASES if "int" not in name and "mlp" in name]
    return names[sum(map(ord, case)) % len(names)]


@target
def torch_export(random: Random, folder: Path) -> None:
    content = change.member(random, _pt2(), ".json", json_bytes)
    load(folder / "p.pt2", content, action="discrete")


@cache
def _pt2() -> bytes:
    import torch

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4), torch.nn.ELU(),
                              torch.nn.Linear(4, 2))
    file = io.BytesIO()
    torch.export.save(torch.export.export(net, (torch.zeros(1, 3),)), file)
    return file.getvalue()


@target
def torchscript(random: Random, folder: Path) -> None:
    suffix, mutate = random.choice(((".py", text_bytes), (".py", text_bytes),
                                    (".pkl", change.instructions)))
    load(folder / "p.pt", change.member(random, _script(), suffix, mutate), action="discrete")


@cache
def _script() -> bytes:
    from tests.fuzz.scripted import scripted

    return scripted()


@target
def safetensors(random: Random, folder: Path) -> None:
    arrays = {"0.weight": np.ones((4, 3), np.float32), "0.bias": np.ones(4, np.float32),
              "2.weight": np.ones((2, 4), np.float32), "2.bias": np.ones(2, np.float32)}
    header, data = {}, b""
    for name, array in arrays.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = change.as_json(change.tree(random, header))
    size = len(text) if random.random() < 0.9 else change.number(random) % (1 << 64)
    load(folder / "p.safetensors", size.to_bytes(8, "little") + text + data, action="discrete",
         activation="tanh")


@target
def settings(random: Random, folder: Path) -> None:
    sound = {"nonlinearity": "elu", "obs_scale": 255.0, "obs_subtract_mean": 0.0,
             "policy": {"hidden_size": 128, "num_layers": 1}}
    path = folder / "config.json"
    path.write_bytes(json_bytes(random, change.as_json(sound)))
    reader = random.choice((sample_factory_config, training_config))
    reader.load_config(path)


@target
def program(random: Random, folder: Path) -> None:
    """What a stranger's program.npz says, through to C."""
    regenerating._made(MANIFEST, changed_program(random), compiled=False)


MANIFEST = {"target": "host", "tool": "", "name": "zoo", "scheme": "int8",
            "request": {"seed": 0, "counts": None}}


@target
def manifest(random: Random, folder: Path) -> None:
    directory = folder / "artefact"
    if not directory.exists():
        api.export(zoo.program("mlp"), directory, target="host", name="zoo")
        shutil.copy(directory / "policy.json", folder / "sound.json")
    (directory / "policy.json").write_bytes(
        json_bytes(random, (folder / "sound.json").read_bytes()))
    runtimes.load(directory, "numpy")


@target
def black_box(random: Random, folder: Path) -> None:
    """A log of a device: bytes, or the text of a serial port."""
    from tests.blackbox.logs import SMALL, layout, repaired, sound, stored

    if random.random() < 0.3:
        content = text_bytes(random, (sound("lstm") / "log.txt").read_bytes())
    else:
        mutate = random.choice((change.words, change.words, change.raw))
        content = mutate(random, (sound("lstm") / "log.bin").read_bytes())
        content = repaired(content) if random.random() < 0.7 else content
    log = log_of(content, layout("lstm", SMALL))
    Replay(stored("lstm"), None, log).run()
    to_mcap(log, stored("lstm"), "zoo")
    observations(log, None)


@target
def python_source(random: Random, folder: Path) -> None:
    """Sources for ``puffer-edge check``; a file that cannot be parsed is a problem it tells."""
    mutate = random.choice((change.text, change.names))
    report = check_source(mutate(random, "\n".join(random.choices(_sources(), k=2))))
    if report.problems:
        raise PufferEdgeError("not parsed")


@target
def grown_source(random: Random, folder: Path) -> None:
    """The same of sources by the grammar alone."""
    start = time.process_time()
    report = check_source(source(random))
    assert time.process_time() - start < CHECK_SECONDS
    if report.problems:
        raise PufferEdgeError("not parsed")


CHECK_SECONDS = 2.0
"""Of processor time that ``check`` may take for a file."""

for recording in RECORDINGS:
    target(recording)

for contract in CONTRACTS:
    target(contract)


@cache
def _sources() -> tuple[str, ...]:
    folder = Path(__file__).parents[2] / "runtimes" / "micropython"
    return tuple(ast.unparse(node) for path in sorted(folder.rglob("*.py"))
                 for node in ast.walk(ast.parse(path.read_text()))
                 if isinstance(node, ast.FunctionDef))
