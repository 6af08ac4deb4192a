# SPDX-License-Identifier: MIT
"""The JSON of a ``.pt2`` graph -> Exported, by torch's ``_export/serde/schema.py``, version 8."""

from __future__ import annotations

import json
from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.aten.exported import (
    Call,
    Exported,
    Port,
    Ref,
    Result,
    Weight,
)
from puffer_edge.readers.text import printable

Json = dict[str, Any]

_DTYPES = {1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32",
           8: "float64", 12: "bool", 13: "bfloat16"}
_PLAIN = {"as_bool": (bool,), "as_float": (float, int), "as_int": (int,), "as_string": (str,)}


def read_graph(module: Json, arrays: dict[str, Array], where: str) -> Exported:
    """The Exported of a GraphModule.

    Args:
        module: by the schema; what does not fit raises KeyError, TypeError or ValueError.
        arrays: weights and constants by their names in the state_dict.
        where: for messages.

    Raises:
        UnsupportedError: it holds something other than tensors and ops.
    """
    graph, signature = module["graph"], module["signature"]
    if any(map(graph.get, ("custom_obj_values", "sym_float_values"))):
        raise UnsupportedError("its graph holds custom objects", where=where)
    metas = graph["tensor_values"]
    ports, weights, numbers, names = [], {}, {}, {}
    for spec in signature["input_specs"]:
        ((kind, body),) = spec.items()
        if kind == "user_input":
            ref = _argument(body["arg"])
            if not isinstance(ref, Ref):
                continue
            sizes = _port_sizes(metas[ref.name]["sizes"], f"{where}, {printable(ref.name)}")
            ports.append(Port(ref.name, sizes, dtype_of(metas[ref.name]["dtype"])))
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
    dtypes = {name: dtype_of(meta["dtype"]) for name, meta in metas.items()}
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
        return Ref(str(item)) if form == "as_name" else _plain(form, item)
    if kind in ("as_sym_ints", "as_sym_floats", "as_sym_bools"):
        return [_argument({kind[:-1]: item}) for item in value]
    if kind == "as_scalar_type":
        return dtype_of(value)
    if kind in _PLAIN:
        return _plain(kind, value)
    if kind in ("as_ints", "as_floats", "as_bools"):
        return [_plain(kind[:-1], item) for item in value]
    if kind in ("as_memory_format", "as_layout", "as_device"):
        return kind
    raise ValueError(f"an argument of kind {kind}")


def _plain(kind: str, value: Any) -> Any:
    if kind == "as_float" and value in ("Infinity", "-Infinity"):  # JSON has no number for it
        return float(value)
    # bool is an int to Python, not to the schema; a size beyond 64 bits is none.
    if type(value) not in _PLAIN[kind] or (type(value) is int and abs(value) >= 1 << 63):
        raise ValueError(f"{kind} holds something else")
    return value


def dtype_of(code: Any) -> str:
    """The name of a dtype by its number in the schema."""
    return _DTYPES.get(code, f"torch type {printable(str(code))}")


def integers(sizes: list[Json]) -> tuple[int, ...]:
    """Sizes that are plain numbers; an expression is a ValueError, and never evaluated."""
    return tuple(_plain("as_int", n["as_int"]) for n in sizes)


def _port_sizes(sizes: list[Json], place: str) -> tuple[int, ...]:
    """The shape of an input or output; a dynamic first dimension is a batch of 1."""
    if any("as_int" not in n for n in sizes[1:]):
        raise UnsupportedError("it has a dynamic dimension", where=place,
                               hint="export with fixed sizes; only the batch may be dynamic")
    return integers([n if "as_int" in n else {"as_int": 1} for n in sizes])


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
