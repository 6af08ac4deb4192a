# SPDX-License-Identifier: MIT
"""Calls in the code: ops of torch on tensors are recorded, what is left is computed at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.aten.lower import RANDOM
from puffer_edge.frontends.torchscript import plain
from puffer_edge.frontends.torchscript.follower import Follower
from puffer_edge.frontends.torchscript.schemas import SCALAR_TYPES, schemas
from puffer_edge.frontends.torchscript.sizes import PartWanted
from puffer_edge.frontends.torchscript.values import (
    AttributeDict,
    AttributeList,
    Device,
    Parts,
    Tensor,
    Varying,
)
from puffer_edge.readers.text import printable

_FIT = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError)
_NUMBERS = {"bool": bool, "float": float, "int": int, "str": str}
_CODES = {name: code for code, name in SCALAR_TYPES.items()}
_SIZES = frozenset(("dim", "is_complex", "is_contiguous", "is_floating_point", "item", "len",
                    "numel", "size"))
_ITEMS = frozenset(("Bool", "Float", "FloatImplicit", "Int", "IntImplicit", "ScalarImplicit"))


def special(evaluator: Follower, name: str, given: list[Any]) -> Any:
    """A call of Python's own: ``int(x)``, ``getattr(self, "0")``, ``range(3)``."""
    try:
        if name == "getattr":
            owner, attribute = given
            return evaluator.get(owner, str(attribute))
        if name == "print":
            return None
        if any(isinstance(item, Varying) for item in given):
            return next(item for item in given if isinstance(item, Varying))
        if name == "range":
            return range(*given)
        (value,) = given
        value = evaluator.number(value) if isinstance(value, Tensor) else value
        if not isinstance(value, bool | int | float | str):
            raise TypeError(type(value).__name__)
        return _NUMBERS[name](value)
    except _FIT as error:
        raise evaluator.error(f"{name} of something else ({printable(str(error))})") from None


def torch_op(evaluator: Follower, op: str, given: list[Any], named: dict[str, Any]) -> Any:
    """``torch.op(...)``."""
    values = [*given, *named.values()]
    if op in ("__is__", "__isnot__") and len(given) == 2:
        return (given[0] is given[1]) == (op == "__is__")
    if op in ("warn", "manual_seed"):
        return None
    if op in _MODES:
        return False
    if op == "device":
        return Device(str(given[0]))
    if op == "tensor" or op == "as_tensor":
        return _literal(evaluator, given, named)
    if given and isinstance(given[0], Tensor) and (op in _SIZES or op in _ITEMS):
        return _measure(evaluator, op, given)
    if any(map(_holds_tensor, values)) and not (op in _LISTS and not isinstance(given[0], Tensor)):
        return _recorded(evaluator, op, given, named)
    if plain.known(op):
        return plain_op(evaluator, op, values)
    return _recorded(evaluator, op, given, named)


_WEIGHT = 10
"""Steps that an op counts for: it takes as long."""

_MODES = frozenset(("is_autocast_cpu_enabled", "is_autocast_enabled", "is_grad_enabled",
                    "is_scripting"))
_LISTS = frozenset(("__contains__", "__getitem__", "append", "clear", "copy", "extend", "get",
                    "insert", "items", "keys", "len", "list", "pop", "reverse", "select", "slice",
                    "values", "_set_item"))


def other_op(evaluator: Follower, name: str, given: list[Any], named: dict[str, Any], *,
             lenient: bool) -> Any:
    """``ops.prim.name(...)``, and ops of libraries."""
    space, _, op = name.partition(".")
    first = given[0] if given else None
    if space == "aten":
        return torch_op(evaluator, op, given, named)
    if space == "prim":
        if op == "RaiseException":
            if lenient:
                return None
            raise evaluator.recorder.refuse(
                f"its forward raises an error: {printable(str(first), 200)}",
                "give the right size with --observation")
        if op == "dtype" and isinstance(first, Tensor):
            return _CODES[evaluator.recorder.dtype(first)]
        if op == "NumToTensor" and type(first) in (int, float, bool):
            return evaluator.recorder.literal(_array(first, None))
        if op == "data":
            return torch_op(evaluator, "detach", given, {})
        if op == "shape":
            return torch_op(evaluator, "size", given, {})
        if op in ("device", "layout"):
            return Device("cpu")
        if op == "type" and isinstance(first, Device):
            return "cpu"
        if op in ("is_cuda", "requires_grad", "is_quantized", "is_sparse", "is_mkldnn", "is_xpu",
                  "is_nested", "is_cpu", "is_meta"):
            return False
        if op in ("unchecked_unwrap_optional",):
            return first
        if plain.known(op):
            return torch_op(evaluator, op, given, named)
    raise evaluator.recorder.refuse(f"the op {printable(name)} is not supported",
                                    "save the module before it is optimised for a device")


def plain_op(evaluator: Follower, op: str, values: list[Any]) -> Any:
    """An op on numbers, texts, lists and dictionaries."""
    varying = [value for value in values if isinstance(value, Varying)]
    if varying:
        return varying[0]
    if isinstance(values[0] if values else None, AttributeList | AttributeDict) and (
            op in plain.CHANGES):
        raise evaluator.recorder.refuse("it changes a list of the module, which a later step "
                                        "would find changed", "let it be a buffer")
    if isinstance(values[0] if values else None, Parts):
        if op not in ("select", "__getitem__") or not isinstance(values[1], str):
            raise evaluator.recorder.refuse("it does more with the dictionary of observations than "
                                            "taking its parts")
        if values[1] not in values[0]:
            raise PartWanted(values[1])
    try:
        return plain.compute(op, values)
    except _FIT as error:
        raise evaluator.error(f"torch.{printable(op)} of something else "
                              f"({printable(str(error))})") from None


def _holds_tensor(value: Any) -> bool:
    """Whether it is a tensor, or a list of some; the same list can be in it many times."""
    seen: set[int] = set()
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, Tensor):
            return True
        if isinstance(item, list | tuple) and id(item) not in seen:
            seen.add(id(item))
            left.extend(item)
    return False


def _recorded(evaluator: Follower, op: str, given: list[Any], named: dict[str, Any]) -> Any:
    recorder = evaluator.recorder
    evaluator.spend(_WEIGHT)
    if op.rstrip("_") in RANDOM:
        raise recorder.refuse(f"{op} gives random numbers", "give a policy whose forward returns "
                                                            "the logits or the mean")
    varying = [value for value in (*given, *named.values()) if isinstance(value, Varying)]
    if varying:
        raise recorder.refuse(f"a tensor depends on {varying[0].what}, a number that changes from "
                              "step to step", "let it be a buffer")
    overloads = schemas().get(op, ())
    if not overloads:
        raise recorder.refuse(f"the op {printable(op)} is not supported", "wrap the policy so "
                              "that forward does without it; ARCHITECTURE.md says how to add an op")
    problem = ""
    for schema in overloads:
        try:
            arguments = schema.bind(given, named)
        except TypeError as error:
            problem = problem or str(error)
            continue
        return recorder.call(schema, arguments)
    raise recorder.refuse(f"{printable(op)} with these arguments is not supported "
                          f"({printable(problem)})")


def _measure(evaluator: Follower, op: str, given: list[Any]) -> Any:
    tensor, recorder = given[0], evaluator.recorder
    if op in _ITEMS or op == "item":
        return evaluator.number(tensor)
    if op in ("is_contiguous", "is_complex"):
        return op == "is_contiguous"
    if op == "is_floating_point":
        return recorder.dtype(tensor).startswith("float")
    shape = recorder.shape(tensor)
    if op == "size" and len(given) == 1:
        return list(shape)
    if op == "dim":
        return len(shape)
    if op == "numel":
        return recorder.elements(tensor)
    index = 0 if op == "len" else given[1]
    if type(index) is not int or not -len(shape) <= index < len(shape):
        raise evaluator.error("a tensor has no such dimension")
    return shape[index]


def _literal(evaluator: Follower, given: list[Any], named: dict[str, Any]) -> Tensor:
    """``torch.tensor(data, dtype=...)``: numbers in lists."""
    data = given[0] if given else named.get("data")
    dtype = named.get("dtype", given[1] if len(given) > 1 else None)
    if isinstance(data, Tensor):
        return data
    try:
        return evaluator.recorder.literal(_array(data, dtype))
    except (TypeError, ValueError, OverflowError, UnsupportedError):
        raise evaluator.recorder.refuse("a tensor of other things than numbers") from None


def _array(data: Any, dtype: Any) -> np.ndarray[Any, Any]:
    array = np.asarray(data)
    if array.dtype.kind not in "fib" or array.size > plain.MAX_SIZE:
        raise ValueError("no numbers")
    name = SCALAR_TYPES.get(dtype, "") if dtype is not None else (
        "float32" if array.dtype.kind == "f" else str(array.dtype))
    if name in ("float16", "bfloat16", ""):
        raise ValueError(name)
    return array.astype("float32" if name == "float64" else name)
