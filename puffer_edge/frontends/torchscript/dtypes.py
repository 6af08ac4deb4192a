# SPDX-License-Identifier: MIT
"""The dtype of what an op gives: enough to tell floats from integers and booleans."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_BOOL = frozenset(("all", "any", "eq", "ge", "gt", "isfinite", "isinf", "isnan", "isneginf",
                   "isposinf", "le", "logical_and", "logical_not", "logical_or", "logical_xor",
                   "lt", "ne"))
_INDEX = frozenset(("argmax", "argmin", "argsort", "one_hot"))
_ORDERING = frozenset(("kthvalue", "max", "median", "min", "sort", "topk"))
"""Their second results are indices."""
_FIRST = frozenset(("_unsafe_index", "embedding", "fill", "gather", "index", "index_add",
                    "index_copy", "index_fill", "index_put", "index_select", "masked_fill",
                    "scatter", "scatter_add", "scatter_reduce", "take_along_dim"))
"""Their results are as what is taken from, or put to."""
_FACTORY = frozenset(("eye", "linspace", "ones", "rand", "randn", "scalar_tensor", "zeros"))
_FLOAT = frozenset(("atan", "atan2", "cos", "div", "divide", "mean", "true_divide", "exp", "log",
                    "sqrt", "rsqrt", "sigmoid", "sin", "tanh", "erf", "reciprocal"))
_ORDER = ("bool", "uint8", "int8", "int16", "int32", "int64", "float32")


def result_dtype(op: str, arguments: dict[str, Any], tensors: Iterable[str], place: int = 0
                 ) -> str:
    """The dtype of one of an op's results; every floating point is float32 here.

    Args:
        op: without namespace and overload.
        arguments: by the schema's names.
        tensors: dtypes of the tensors that it reads, in order.
        place: which of its results.
    """
    kinds = [_rounded(kind) for kind in tensors]
    if op in _BOOL:
        return "bool"
    if op in _INDEX or (place == 1 and op in _ORDERING):
        return "int64"
    if arguments.get("dtype") is not None:
        return _rounded(str(arguments["dtype"]))
    if op in _FACTORY:
        return "float32"
    if op in ("full", "arange"):
        numbers = [arguments.get(name) for name in ("fill_value", "start", "end", "step")]
        return _of_numbers([n for n in numbers if n is not None])
    if op in ("type_as", "to") and len(kinds) == 2:
        return kinds[1]
    if op == "where" or op in _FIRST:
        kinds = kinds[1:] if op == "where" else kinds[:1]
    most = max(kinds, key=_ORDER.index, default="float32")
    scalars = [v for name, v in arguments.items() if name in ("other", "self", "value")
               and isinstance(v, bool | int | float)]
    if scalars and op not in _FIRST and not (
            op.startswith("new_") or op.endswith(("_like", "_"))):
        most = max(most, _of_numbers(scalars), key=_ORDER.index)
    if op in _FLOAT and not arguments.get("rounding_mode") and most != "float32":
        return "float32"
    return "int64" if op == "sum" and most != "float32" else most


def _of_numbers(values: list[Any]) -> str:
    if any(isinstance(v, float) for v in values):
        return "float32"
    return "bool" if all(isinstance(v, bool) for v in values) else "int64"


def _rounded(kind: str) -> str:
    return kind if kind in _ORDER else "float32"
