# SPDX-License-Identifier: MIT
"""``.pt2`` files: the same Program as from the module, and nothing but an error from bad ones."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from puffer_edge.errors import FileFormatError, PufferEdgeError, UnsupportedError  # noqa: E402
from puffer_edge.frontends.torch_export import load_module, load_pt2  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402
from puffer_edge.ir import Program  # noqa: E402
from tests.frontends.torch_models import KEEP, Net  # noqa: E402

MODEL, WEIGHTS = "models/model.json", "data/weights/model_weights_config.json"


def recurrent() -> tuple[nn.Module, tuple[Any, ...]]:
    def forward(net: Any, x: Any, h: Any, c: Any) -> Any:
        y = net.body(x) * net.scale
        net.mean.mul_(0.5).add_(y, alpha=0.5)
        a, b = y.chunk(2, 1)
        h, c = net.cell(torch.cat([b, a], 1).relu_(), (h, c))
        return {"logits": net.pi(h + net.mean), "value": net.v(h)}, h, c

    torch.manual_seed(2)
    net = Net(forward, body=nn.Sequential(nn.Linear(6, 8), nn.ELU(inplace=True)),
              cell=nn.LSTMCell(8, 8), pi=nn.Linear(8, 3), v=nn.Linear(8, 1),
              scale=torch.rand(8), mean=torch.full((1, 8), 0.1))
    return net.eval(), (torch.zeros(1, 6), torch.zeros(1, 8), torch.zeros(1, 8))


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pt2") / "policy.pt2"
    module, example = recurrent()
    torch.export.save(torch.export.export(module, example, strict=False), path)
    return path


def rewritten(source: Path, target: Path, change: Callable[[dict[str, Any]], None],
              member: str = MODEL, **how: Any) -> Path:
    """The archive with one JSON member changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", **how) as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename.endswith("/" + member):
                content = json.loads(data)
                change(content)
                data = json.dumps(content).encode()
            new.writestr(info.filename, data)
    return target


def assert_same(a: Program, b: Program) -> None:
    left, right = Interpreter(a), Interpreter(b)
    assert a.output_names == b.output_names and a.contract == b.contract
    for x in np.random.default_rng(0).normal(size=(5, a.contract.observation_size)):
        for one, other in zip(left.step(x).values(), right.step(x).values(), strict=True):
            assert one.tobytes() == other.tobytes()


def test_round_trip(saved: Path) -> None:
    module, example = recurrent()
    program = load_pt2(saved, KEEP)
    assert_same(program, load_module(module, KEEP, example=example))
    assert program.output_names == ("logits", "value")
    assert len(program.states) == 3 and np.all(program.states[2].initial == np.float32(0.1))
    assert {op.layer for op in program.ops} >= {"body.0", "body.1", "cell", "pi", "v"}


@pytest.mark.filterwarnings("ignore:The tensor attributes")  # torch's own, of nn.LSTM
@pytest.mark.parametrize("layer", [
    nn.LSTM(6, 8, 2, batch_first=True), nn.Conv1d(1, 3, 3, padding="same"), nn.LayerNorm(6),
    nn.Sequential(nn.Flatten(), nn.Linear(6, 6), nn.BatchNorm1d(6),
                  nn.Hardtanh(-1, float("inf")))])
def test_round_trip_of_layers(layer: nn.Module, tmp_path: Path) -> None:
    def forward(net: Any, x: Any) -> Any:
        y = net.layer(x.unsqueeze(1))
        return y[0] if isinstance(y, tuple) else y

    module, example = Net(forward, layer=layer).eval(), (torch.zeros(1, 6),)
    torch.export.save(torch.export.export(module, example, strict=False), tmp_path / "x.pt2")
    assert_same(load_pt2(tmp_path / "x.pt2", KEEP), load_module(module, KEEP, example=example))


def test_a_dynamic_batch_is_one(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)).eval()
    program = torch.export.export(net, (torch.zeros(2, 6),), strict=False,
                                  dynamic_shapes=({0: torch.export.Dim("batch", min=1)},))
    torch.export.save(program, tmp_path / "x.pt2")
    assert_same(load_pt2(tmp_path / "x.pt2", KEEP),
                load_module(net, KEEP, example=(torch.zeros(1, 6),)))


def test_reading_needs_no_torch(saved: Path) -> None:
    code = ("import sys; from pathlib import Path; from puffer_edge.frontends import LoadOptions\n"
            "from puffer_edge.frontends.torch_export import load_pt2\n"
            f"load_pt2(Path({str(saved)!r}), LoadOptions())\n"
            "assert not {'torch', 'onnx', 'sympy'} & set(sys.modules)")
    subprocess.run([sys.executable, "-c", code], check=True,
                   cwd=Path(__file__).parents[2])


class Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


def test_pickles_in_the_archive_are_not_read(saved: Path, tmp_path: Path) -> None:
    marker, path = tmp_path / "marker", tmp_path / "x.pt2"
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(path, "w") as new:
        for info in old.infolist():
            bad = info.filename.endswith("sample_inputs/model.pt")
            new.writestr(info.filename, pickle.dumps(Bomb(marker)) if bad else old.read(info))
    assert_same(load_pt2(path, KEEP), load_pt2(saved, KEEP))
    assert not marker.exists()


def test_pickled_weights_are_refused(saved: Path, tmp_path: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        config["config"]["body.0.weight"]["use_pickle"] = True

    path = rewritten(saved, tmp_path / "x.pt2", change, WEIGHTS)
    with pytest.raises(FileFormatError, match=r"body\.0\.weight: it is pickled"):
        load_pt2(path, KEEP)


def test_expressions_are_not_evaluated(saved: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    code = {"as_expr": {"expr_str": f"__import__('pathlib').Path({str(marker)!r}).touch()",
                        "hint": {"as_int": 1}}}

    def batch(model: dict[str, Any]) -> None:
        model["graph_module"]["graph"]["tensor_values"]["inputs_0"]["sizes"][0] = code

    def width(model: dict[str, Any]) -> None:
        model["graph_module"]["graph"]["tensor_values"]["inputs_0"]["sizes"][1] = code

    assert_same(load_pt2(rewritten(saved, tmp_path / "x.pt2", batch), KEEP), load_pt2(saved, KEEP))
    with pytest.raises(UnsupportedError, match="dynamic"):
        load_pt2(rewritten(saved, tmp_path / "y.pt2", width), KEEP)
    assert not marker.exists()


@pytest.mark.parametrize(("key", "value"), [
    ("sizes", [{"as_int": 1 << 40}, {"as_int": 6}]), ("sizes", [{"as_int": -8}, {"as_int": 6}]),
    ("sizes", [{"as_int": 80}, {"as_int": 6}]), ("strides", [{"as_int": -6}, {"as_int": 1}]),
    ("strides", [{"as_int": 1 << 62}, {"as_int": 1}]), ("storage_offset", {"as_int": 1}),
    ("storage_offset", {"as_int": -1}), ("dtype", 99), ("dtype", [7]), ("sizes", None),
    ("sizes", [{"as_int": True}, {"as_int": 6}])])
def test_weights_must_fill_their_shape(saved: Path, tmp_path: Path, key: str, value: Any) -> None:
    def change(config: dict[str, Any]) -> None:
        config["config"]["body.0.weight"]["tensor_meta"][key] = value

    with pytest.raises((FileFormatError, UnsupportedError)):
        load_pt2(rewritten(saved, tmp_path / "x.pt2", change, WEIGHTS), KEEP)


def test_a_path_out_of_the_archive_is_no_member(saved: Path, tmp_path: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        config["config"]["body.0.weight"]["path_name"] = "../../../../etc/passwd"

    with pytest.raises(FileFormatError):
        load_pt2(rewritten(saved, tmp_path / "x.pt2", change, WEIGHTS), KEEP)


def test_weights_that_are_not_finite(tmp_path: Path) -> None:
    net = nn.Linear(6, 3)
    with torch.no_grad():
        net.weight[1, 2] = float("nan")
    torch.export.save(torch.export.export(net, (torch.zeros(1, 6),)), tmp_path / "x.pt2")
    with pytest.raises(FileFormatError, match="weight: the tensor holds NaN"):
        load_pt2(tmp_path / "x.pt2", KEEP)


def test_compressed_members_are_refused(saved: Path, tmp_path: Path) -> None:
    path = rewritten(saved, tmp_path / "x.pt2", lambda model: None,
                     compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(FileFormatError, match="compressed"):
        load_pt2(path, KEEP)


def test_other_versions_and_other_archives(saved: Path, tmp_path: Path) -> None:
    def change(model: dict[str, Any]) -> None:
        model["schema_version"]["major"] = 9

    with pytest.raises(UnsupportedError, match="schema version 9"):
        load_pt2(rewritten(saved, tmp_path / "x.pt2", change), KEEP)
    torch.save({"weight": torch.zeros(3)}, tmp_path / "y.pt")
    with pytest.raises(UnsupportedError, match="no archive of one"):
        load_pt2(tmp_path / "y.pt", KEEP)
    with pytest.raises(FileFormatError, match="cannot be read"):
        load_pt2(tmp_path / "none.pt2", KEEP)
    (tmp_path / "z.pt2").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(FileFormatError, match="archive is cut off or damaged"):
        load_pt2(tmp_path / "z.pt2", KEEP)


def test_truncated_files(saved: Path, tmp_path: Path) -> None:
    data, path = saved.read_bytes(), tmp_path / "x.pt2"
    for length in range(0, len(data), max(len(data) // 60, 1)):
        path.write_bytes(data[:length])
        # The sample inputs are an archive too: where the file ends in it, zipfile finds that one.
        with pytest.raises((FileFormatError, UnsupportedError)):
            load_pt2(path, KEEP)


def test_flipped_bits_are_found(saved: Path, tmp_path: Path) -> None:
    data, path = bytearray(saved.read_bytes()), tmp_path / "x.pt2"
    with zipfile.ZipFile(saved) as archive:
        infos = [i for i in archive.infolist() if "/data/weights/" in i.filename
                 or i.filename.endswith("model.json")]
    for info in infos:
        # Member data follow a header of 30 bytes, the name and the padding of torch's writer.
        head = info.header_offset
        start = head + 30 + int.from_bytes(data[head + 26 : head + 28], "little") + int.from_bytes(
            data[head + 28 : head + 30], "little")
        broken = bytearray(data)
        broken[start + info.file_size // 2] ^= 4
        path.write_bytes(broken)
        with pytest.raises(FileFormatError):
            load_pt2(path, KEEP)


def _spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = (value.items() if isinstance(value, dict) else enumerate(value)
             if isinstance(value, list) else ())
    return [path, *(spot for key, item in items for spot in _spots(item, (*path, key)))]


@settings(max_examples=150, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_the_graph_gives_a_program_or_an_error(
        data: st.DataObject, saved: Path, tmp_path: Path) -> None:
    """Whatever stands in one place of the JSON: no other exception, no other result."""
    odd = st.sampled_from([None, True, -1, 0, 1, 7, 1 << 70, 1.5, "", "x", "inputs_0", "\x1b[2J",
                           [], {}, [1], float("nan"), float("inf"), {"as_int": 3},
                           {"as_tensor": {"name": "inputs_0"}}])

    def change(model: dict[str, Any]) -> None:
        graph = model["graph_module"]
        spots = _spots({"graph": graph["graph"], "signature": graph["signature"],
                        "module_call_graph": graph["module_call_graph"]})
        *way, last = data.draw(st.sampled_from(spots[1:]))
        place: Any = graph
        for key in way:
            place = place[key]
        place[last] = copy.deepcopy(data.draw(odd))

    path = rewritten(saved, tmp_path / "x.pt2", change)
    try:
        program = load_pt2(path, KEEP)
    except PufferEdgeError as error:
        assert "\x1b" not in str(error)
    else:
        Interpreter(program).step(np.zeros(program.contract.observation_size, np.float32))
