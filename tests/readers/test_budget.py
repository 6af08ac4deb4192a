# SPDX-License-Identifier: MIT
"""Files that make much of little are refused before the machine notices.

Each file is exported by a process of its own, whose time and peak of memory the system measures.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends import LoadOptions
from puffer_edge.frontends.torch_export.load import load_pt2
from puffer_edge.readers import sample_factory_config, training_config
from puffer_edge.readers.budget import BYTES_PER_BYTE, FLOOR, PART, Budget
from tests.frontends.support import tflite
from tests.readers.forging import Raw, body, checkpoint, mapping, members, refused, tensor, zipped

MEGABYTE = 1 << 20
SECONDS, BYTES = 2.0, 500 * MEGABYTE
"""Beyond starting and reading the file; four times its size may be added to the memory."""

EXPORT = """
import resource, sys, time
from puffer_edge import cli, api
import numpy, json, zipfile
{imports}
start, code = time.process_time(), 0
try:
    cli.main()
except SystemExit as end:
    code = end.code
seconds = time.process_time() - start
try:  # getrusage gives what the parent had before the start, where that is more
    with open("/proc/self/status") as status:
        (peak,) = [int(line.split()[1]) for line in status if line.startswith("VmHWM")]
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
print("MEASURED", code, seconds, peak << 10)
"""

Make = Callable[[Path], list[str]]
MAKES: dict[str, tuple[Make, str, str]] = {}


def hostile(message: str, imports: str = "") -> Callable[[Make], Make]:
    """A file that a function writes; it gives the arguments of export.

    Args:
        message: a part of the error.
        imports: packages whose import is not a part of the time.
    """
    def register(make: Make) -> Make:
        MAKES[make.__name__] = make, message, imports
        return make

    return register


@hostile("more or larger arrays")
def tflite_tensors_of_one_buffer(folder: Path) -> list[str]:
    model, data = tflite.Model(), np.zeros((MEGABYTE, 2), np.float32)
    for _ in range(4_000):
        model.constant(data)
    x = model.tensor((1, 4))
    model.write(folder / "p.tflite", [x], [x])
    return ["p.tflite"]


@hostile("more or larger arrays")
def tflite_layers_of_one_weight(folder: Path) -> list[str]:
    model = tflite.Model()
    weight = model.constant(np.zeros((64, 64, 16, 64), np.float32))
    x = first = model.tensor((1, 64, 64, 64))
    for _ in range(500):
        x = model.add(3, [x, weight], (1, 1, 1, 64), 1, _1=1, _2=1)
    model.write(folder / "p.tflite", [first], [x])
    return ["p.tflite"]


@hostile("do not fit each other")
def tflite_operator_without_a_weight(folder: Path) -> list[str]:
    model = tflite.Model()
    x = model.tensor((1, 4))
    model.write(folder / "p.tflite", [x], [model.add(9, [x], (1, 4), 8, _0=0)])
    return ["p.tflite"]


@hostile("more parts")
def walk_through_keys_that_are_no_names(folder: Path) -> list[str]:
    """A list of one dictionary, again and again, whose keys are objects."""
    keys = b"}(" + b"".join(b"cm\nn\nN" for _ in range(12_000)) + b"uq\x01"
    again = Raw(b"](" + keys + b"h\x01" * 60 + b"e")
    value = mapping({str(i): Raw(again if not i else b"](" + b"h\x01" * 60 + b"e")
                     for i in range(300)})
    (folder / "p.pt").write_bytes(checkpoint(value))
    return ["p.pt"]


@hostile("more or larger arrays")
def one_tensor_of_many_names(folder: Path) -> list[str]:
    size = 8 * MEGABYTE
    again = {str(i): Raw(b"h\x01") for i in range(15_000)}
    value = mapping({"w": Raw(tensor(size=(size,), stride=(0,)) + b"q\x01"), **again})
    (folder / "p.pt").write_bytes(checkpoint(value))
    return ["p.pt"]


@hostile("unfolds to more")
def compressed_storages(folder: Path) -> list[str]:
    """A TorchScript archive may be compressed: 14 times 50 MB of zeros."""
    store = bytes(50 * MEGABYTE)
    again = [tensor(Raw(b"(" + body("storage") + b"ctorch\nFloatStorage\n" + body(str(i))
                        + body("cpu") + body(len(store) // 4) + b"tQ"), size=(1,), stride=(1,))
             for i in range(14)]
    root = Raw(b"c__torch__\nM\n)\x81" + mapping(dict(zip("abcdefghijklmn", again, strict=True)))
               + b"b")
    with zipfile.ZipFile(folder / "p.pt", "w") as archive:
        for path, content in members(b"\x80\x02" + root + b".", {}):
            archive.writestr(path, content)
        archive.writestr("a/constants.pkl", b"\x80\x02).")
        archive.writestr("a/code/__torch__.py", "class M(Module):\n  pass\n")
        for i in range(14):
            archive.writestr(f"a/data/{i}", store, zipfile.ZIP_DEFLATED, 1)
    return ["p.pt"]


def pt2(folder: Path, config: dict[str, Any], data: bytes) -> list[str]:
    empty = json.dumps({"config": {}}).encode()
    graph = {"schema_version": {"major": 8}, "graph_module": {}}
    (folder / "p.pt2").write_bytes(zipped([
        ("p/archive_format", b"pt2"), ("p/byteorder", b"little"),
        ("p/models/model.json", json.dumps(graph).encode()),
        ("p/data/weights/model_weights_config.json", json.dumps({"config": config}).encode()),
        ("p/data/constants/model_constants_config.json", empty), ("p/data/weights/w", data)]))
    return ["p.pt2"]


def strided(sizes: list[int], strides: list[int], offset: int) -> dict[str, Any]:
    return {"path_name": "w", "use_pickle": False, "tensor_meta": {
        "dtype": 7, "sizes": [{"as_int": n} for n in sizes],
        "strides": [{"as_int": n} for n in strides], "storage_offset": {"as_int": offset}}}


@hostile("more or larger arrays", "import puffer_edge.frontends.torch_export.load")
def pt2_views_of_stride_0(folder: Path) -> list[str]:
    return pt2(folder, {str(i): strided([1 << 22], [0], i) for i in range(600)}, bytes(2400))


def test_a_member_is_read_once_whatever_has_views_of_it(tmp_path: Path) -> None:
    pt2(tmp_path, {str(i): strided([1], [1], i) for i in range(2_000)}, bytes(10 * MEGABYTE))
    with refused(match="not as torch.export writes it"):  # the graph is empty
        load_pt2(tmp_path / "p.pt2", LoadOptions())


@hostile("an integer is larger")
def huge_integer_of_a_pickle(folder: Path) -> list[str]:
    (folder / "p.pt").write_bytes(checkpoint(mapping({
        "w": tensor(), "n": Raw(b"\x8b" + (1_000_000).to_bytes(4, "little") + b"\x01" * 1_000_000)
    })))
    return ["p.pt"]


@pytest.mark.parametrize("digits", [400, 4_000, 400_000])
def test_huge_integers_of_settings(digits: int, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    number = "1" + "0" * digits
    path.write_text(f'{{"nonlinearity": "elu", "obs_scale": {number}}}')
    with refused(FileFormatError):
        sample_factory_config.load_config(path)
    path.write_text(f'{{"policy": {{"hidden_size": {number}}}}}')
    with refused(FileFormatError):
        training_config.load_config(path)
    path.with_suffix(".ini").write_text(f"[policy]\nhidden_size = {number}\n")
    with refused(FileFormatError):
        training_config.load_config(path.with_suffix(".ini"))


def onnx_graph(folder: Path, nodes: list[tuple[str, list[str], str]], **weights: Any) -> list[str]:
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node(op, inputs, [output]) for op, inputs, output in nodes], "g",
        [helper.make_tensor_value_info("obs", kind, [1, 4])],
        [helper.make_tensor_value_info(nodes[-1][2], kind, ["n", "m"])],
        [onnx.numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    (folder / "p.onnx").write_bytes(model.SerializeToString())
    return ["p.onnx"]


@hostile("no policy needs that", "import onnx")
def onnx_expand(folder: Path) -> list[str]:
    return onnx_graph(folder, [("Expand", ["one", "shape"], "w"), ("Add", ["obs", "w"], "y")],
                      one=np.ones(1, np.float32), shape=np.array([1 << 28, 4]))


@hostile("no policy needs that", "import onnx")
def onnx_expand_of_the_observation(folder: Path) -> list[str]:
    return onnx_graph(folder, [("Expand", ["obs", "shape"], "y")], shape=np.array([1 << 28, 4]))


@hostile("no policy needs that", "import onnx")
def onnx_constant_of_shape(folder: Path) -> list[str]:
    return onnx_graph(folder, [("ConstantOfShape", ["shape"], "w"), ("Add", ["obs", "w"], "y")],
                      shape=np.array([1 << 28, 4]))


@hostile("no policy needs that", "import onnx")
def onnx_tile(folder: Path) -> list[str]:
    return onnx_graph(folder, [("Tile", ["obs", "repeats"], "y")], repeats=np.array([1 << 28, 1]))


@hostile("no policy needs that", "import onnx")
def onnx_many_constants(folder: Path) -> list[str]:
    nodes = [("ConstantOfShape", ["shape"], f"w{i}") for i in range(30)]
    sums = [("Add", ["w0" if i == 1 else f"s{i - 1}", f"w{i}"], f"s{i}") for i in range(1, 30)]
    return onnx_graph(folder, [*nodes, *sums, ("Add", ["obs", "s29"], "y")],
                      shape=np.array([1 << 20, 4]))


@hostile("no policy needs that", "import onnx")
def onnx_chain_of_casts(folder: Path) -> list[str]:
    """A weight of the file as float64, float32, float64, ..., each of which is kept."""
    onnx = pytest.importorskip("onnx")
    nodes = [("Cast", [f"w{i}"], f"w{i + 1}") for i in range(400)]
    arguments = onnx_graph(folder, [*nodes, ("Add", ["obs", "w400"], "y")],
                           w0=np.ones((1 << 18, 4), np.float32))
    model = onnx.load(folder / "p.onnx")
    for i, node in enumerate(model.graph.node[:400]):
        node.attribute.append(onnx.helper.make_attribute("to", 1 if i % 2 else 11))
    onnx.save(model, folder / "p.onnx")
    return arguments


@hostile("no policy needs that", "import onnx")
def onnx_range(folder: Path) -> list[str]:
    return onnx_graph(folder, [("Range", ["a", "b", "c"], "w"), ("Add", ["obs", "w"], "y")],
                      a=np.int64(0), b=np.int64(1 << 30), c=np.int64(1))


@hostile("no policy needs that", "import onnx")
def onnx_chain_of_doublings(folder: Path) -> list[str]:
    nodes = [("Concat", [f"w{i}", f"w{i}"], f"w{i + 1}") for i in range(30)]
    onnx = pytest.importorskip("onnx")
    arguments = onnx_graph(folder, [*nodes, ("Add", ["obs", "w30"], "y")],
                           w0=np.ones((1, 4), np.float32))
    model = onnx.load(folder / "p.onnx")
    for node in model.graph.node[:30]:
        node.attribute.append(onnx.helper.make_attribute("axis", 0))
    onnx.save(model, folder / "p.onnx")
    return arguments


@pytest.mark.parametrize("name", MAKES)
def test_a_file_is_refused_within_its_budget(name: str, tmp_path: Path) -> None:
    make, message, imports = MAKES[name]
    arguments = make(tmp_path)
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    before = sorted(tmp_path.iterdir())
    run = subprocess.run(
        [sys.executable, "-c", EXPORT.format(imports=imports), "export", *arguments, "--output",
         "out"], cwd=tmp_path, text=True, capture_output=True, timeout=60)
    assert "Traceback" not in run.stderr, run.stderr
    assert run.stderr.count("error:") == 1, run.stderr
    code, seconds, peak = run.stdout.split("MEASURED")[1].split()
    assert int(code) in (3, 4) and message in run.stderr, run.stderr
    assert float(seconds) < SECONDS
    assert int(peak) < BYTES + 4 * size
    assert sorted(tmp_path.iterdir()) == before, "something was left behind"


def test_the_budget_is_a_multiple_of_the_size_with_a_floor() -> None:
    for size in (0, 1000, 1 << 24):
        budget = Budget(size, "p")
        budget.array(((BYTES_PER_BYTE * size + FLOOR - 3 * PART) // 4,))
        budget.parts(1)
        budget.copy(0)
        with pytest.raises(FileFormatError, match="more parts"):
            budget.parts()
