"""A ``.pt2`` file -> Exported, without torch and without its loader.

``torch.export.load`` (read in torch 2.13) is not safe for a stranger's file, and cannot be made so
by refusing single members:

* ``data/sample_inputs/*.pt``, which every archive holds, goes to ``torch.load`` with weights_only,
  and when that fails *again without it* (``serialize.deserialize_torch_artifact``);
* weights and constants flagged ``use_pickle``, and objects named ``opaque_obj_*``, are unpickled;
  ``data/aotinductor/`` holds shared libraries, which are loaded;
* sizes given as expressions go to ``sympy.sympify``, which evaluates them as Python.

What a policy needs is none of that: the graph is JSON, and weights are raw bytes. So they are read
here, from stored members whose CRC is checked, and nothing else in the file is opened.
The layout is ``torch/export/pt2_archive``'s, the graph ``torch/_export/serde/schema.py``'s, major
version 8; minor versions only add fields.
"""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.onnx.graph import MAX_ELEMENTS
from puffer_edge.frontends.onnx.names import printable
from puffer_edge.frontends.readers.zip_archive import ZipArchive
from puffer_edge.frontends.torch_export.exported import (
    Array,
    Call,
    Exported,
    Port,
    Ref,
    Result,
    Sharing,
    Weight,
)

_DTYPES = {1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32",
           8: "float64", 12: "bool", 13: "bfloat16"}
_READABLE = frozenset(_DTYPES.values()) - {"float16", "bfloat16"}
_MAJOR = 8
_MAX_JSON = 1 << 26

Json = dict[str, Any]


def read_pt2(path: Path, where: str) -> Exported:
    """The graph and weights of a file that ``torch.export.save`` wrote (torch 2.9 and later).

    Raises:
        FileFormatError: it cannot be opened, is damaged, or holds pickled weights.
        UnsupportedError: its version or structure is not supported.
    """
    return _Reader(ZipArchive(path, where=where), where).read()


class _Reader:
    def __init__(self, archive: ZipArchive, where: str) -> None:
        self.archive = archive
        self.where = where
        self.sharing = Sharing()
        # Everything lies in a folder that is called like the file was.
        self.members = {name.partition("/")[2]: name for name in archive.names}

    def read(self) -> Exported:
        models = [name for name in self.members if name.startswith("models/")]
        if "archive_format" not in self.members or models != ["models/model.json"]:
            raise UnsupportedError(
                "it is no archive of one torch.export program", where=self.where,
                hint="save it with torch.export.save of torch 2.9 or later; an older file, or "
                     "one compiled by AOTInductor, cannot be read")
        model = self._json("models/model.json")
        version = model["schema_version"]["major"]
        if version != _MAJOR:
            raise UnsupportedError(f"its graph has schema version {printable(str(version))}; "
                                   f"{_MAJOR} is supported", where=self.where)
        module = model["graph_module"]
        graph, signature = module["graph"], module["signature"]
        if any(map(graph.get, ("custom_obj_values", "sym_float_values"))):
            raise UnsupportedError("its graph holds custom objects", where=self.where)
        arrays = {**self._tensors("weights"), **self._tensors("constants")}
        return _read_graph(module, graph, signature, arrays, self.where)

    def _json(self, name: str) -> Json:
        data = self.archive.read(self.members[name])
        if len(data) > _MAX_JSON:
            raise FileFormatError("the graph is too large", where=self.where)
        content = json.loads(data)
        if not isinstance(content, dict):
            raise TypeError(f"{name} is no object")
        return content

    def _tensors(self, kind: str) -> dict[str, Array]:
        config = self._json(f"data/{kind}/model_{kind}_config.json")["config"]
        return {name: self._tensor(f"data/{kind}/{meta['path_name']}", meta,
                                   f"{self.where}, {printable(name)}")
                for name, meta in config.items()}

    def _tensor(self, member: str, meta: Json, place: str) -> Array:
        if meta["use_pickle"] or meta["tensor_meta"] is None:
            raise FileFormatError("it is pickled, and unpickling could run any code", where=place,
                                  hint="save a program whose weights are plain tensors")
        tensor = meta["tensor_meta"]
        dtype = _DTYPES.get(tensor["dtype"], "an unknown dtype")
        if dtype not in _READABLE:
            raise UnsupportedError(f"it is of {dtype}, not float32", where=place,
                                   hint="convert the policy first: policy.float()")
        sizes, strides = _integers(tensor["sizes"]), _integers(tensor["strides"])
        (offset,) = _integers([tensor["storage_offset"]])
        if len(sizes) != len(strides) or min((*sizes, *strides, offset), default=0) < 0 or (
                prod(sizes) > MAX_ELEMENTS):
            raise FileFormatError(f"its shape {sizes} is not sound or too large", where=place)

        def make() -> Array:
            flat = np.frombuffer(self.archive.read(self.members[member]),
                                 np.dtype(dtype).newbyteorder("<"))
            last = offset + sum((n - 1) * s for n, s in zip(sizes, strides, strict=True))
            if prod(sizes) and last >= flat.size:
                raise FileFormatError("the data does not fill the shape", where=place)
            step = flat.dtype.itemsize
            window = np.lib.stride_tricks.as_strided(
                flat[offset:], sizes, [s * step for s in strides], writeable=False)
            return np.ascontiguousarray(window).astype(dtype).reshape(sizes)

        return self.sharing.get((member, sizes, strides, offset, dtype), make)


def _read_graph(module: Json, graph: Json, signature: Json, arrays: dict[str, Array], where: str
                ) -> Exported:
    metas = graph["tensor_values"]
    ports, weights, numbers, names = [], {}, {}, {}
    for spec in signature["input_specs"]:
        ((kind, body),) = spec.items()
        if kind == "user_input":
            ref = _argument(body["arg"])
            if not isinstance(ref, Ref):
                continue
            sizes = _port_sizes(metas[ref.name]["sizes"], f"{where}, {printable(ref.name)}")
            ports.append(Port(ref.name, sizes, _dtype(metas[ref.name]["dtype"])))
        elif kind == "constant_input":
            numbers[body["name"]] = next(iter(body["value"].values()))
        elif kind in ("parameter", "buffer", "tensor_constant"):
            name, target = body["arg"]["name"], body[f"{kind}_name"]
            names[target] = name
            weights[name] = Weight(target, arrays[target])
        else:
            raise UnsupportedError(f"an input of kind {printable(kind)}", where=where)
    mutated: dict[str, str] = {}
    results: list[Result] = []
    paths = _paths(module, len(signature["output_specs"]))
    for spec in signature["output_specs"]:
        ((kind, body),) = spec.items()
        if kind == "user_output":
            ref = _argument(body["arg"])
            name = ref.name if isinstance(ref, Ref) and ref.name in metas else ""
            sizes = _port_sizes(metas[name]["sizes"], where) if name else ()
            results.append(Result(name, paths[len(results)], sizes))
        elif kind == "buffer_mutation":
            mutated[names[body["buffer_name"]]] = body["arg"]["name"]
        elif kind != "user_input_mutation":
            raise UnsupportedError(f"an output of kind {printable(kind)}", where=where)
    dtypes = {name: _dtype(meta["dtype"]) for name, meta in metas.items()}
    return Exported(tuple(ports), tuple(results), weights, tuple(map(_call, graph["nodes"])),
                    mutated, numbers, dtypes)


def _call(node: Json) -> Call:
    target = str(node["target"]).removeprefix("torch.ops.")
    arguments = {str(item["name"]): _argument(item["arg"]) for item in node["inputs"]}
    outputs = [_argument(item) for item in node["outputs"]]
    unpacked = len(outputs) != 1
    if not unpacked and isinstance(outputs[0], list):
        outputs, unpacked = outputs[0], True
    names = tuple(out.name if isinstance(out, Ref) else "" for out in outputs)
    # "L__self__,,Policy;L__self___actor_0,actor.0,torch.nn.Linear": the innermost module is last.
    stack = str(node["metadata"].get("nn_module_stack", "")).split(";")[-1].split(",")
    return Call(target, arguments, names, unpacked, stack[1] if len(stack) > 2 else "")


def _argument(union: Json) -> Any:
    ((kind, value),) = union.items()
    if kind == "as_none":
        return None
    if kind == "as_tensor":
        return Ref(str(value["name"]))
    if kind == "as_tensors":
        return [Ref(str(item["name"])) for item in value]
    if kind == "as_optional_tensors":
        return [_argument(item) for item in value]
    if kind == "as_optional_tensor":
        return _argument(value)
    if kind in ("as_sym_int", "as_sym_float", "as_sym_bool"):
        ((form, item),) = value.items()
        return Ref(str(item)) if form == "as_name" else item
    if kind in ("as_sym_ints", "as_sym_floats", "as_sym_bools"):
        return [_argument({kind[:-1]: item}) for item in value]
    if kind == "as_scalar_type":
        return _dtype(value)
    if kind in ("as_int", "as_ints", "as_float", "as_floats", "as_bool", "as_bools", "as_string"):
        return value
    if kind in ("as_memory_format", "as_layout", "as_device"):
        return kind
    raise ValueError(f"an argument of kind {kind}")


def _dtype(code: Any) -> str:
    return _DTYPES.get(code, f"torch type {code}")


def _integers(sizes: list[Json]) -> tuple[int, ...]:
    if not all(isinstance(n.get("as_int"), int) for n in sizes):
        raise ValueError("a size is not a number")
    return tuple(n["as_int"] for n in sizes)


def _port_sizes(sizes: list[Json], place: str) -> tuple[int, ...]:
    """The shape of an input or output; a dynamic first dimension is a batch of 1."""
    if any("as_int" not in n for n in sizes[1:]):
        raise UnsupportedError("it has a dynamic dimension", where=place,
                               hint="export with fixed sizes; only the batch may be dynamic")
    return _integers([n if "as_int" in n else {"as_int": 1} for n in sizes])


def _paths(module: Json, count: int) -> list[tuple[str, ...]]:
    """Where each output is found in what forward returns, by the pytree's JSON."""
    for entry in module["module_call_graph"]:
        if entry["fqn"] == "" and entry["signature"]:
            _, tree = json.loads(entry["signature"]["out_spec"])
            return list(_leaves(tree, ()))
    return [(str(index),) for index in range(count)]


def _leaves(tree: Json, path: tuple[str, ...]) -> Any:
    if tree["type"] is None:
        yield path
        return
    children = tree["children_spec"]
    keys: Any = None
    if isinstance(tree["context"], str):
        try:
            keys = json.loads(tree["context"])
        except ValueError:
            keys = None
    if not isinstance(keys, list) or len(keys) != len(children):
        keys = range(len(children))
    for key, child in zip(keys, children, strict=True):
        yield from _leaves(child, (*path, str(key)))
