# SPDX-License-Identifier: MIT
"""Ops whose result looks at their input's memory, and how a write to it comes back to that."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from puffer_edge.frontends.torchscript.schemas import Schema, schemas
from puffer_edge.frontends.torchscript.values import Shapes, Tensor

SAME_INPUT = frozenset(("dropout", "feature_dropout"))
"""Give their argument ``input`` itself, after training."""

CONVERTING = frozenset(("to", "type_as"))
"""Give their argument itself where its dtype is right already, and no copy is asked for."""

OTHER_FLOATS = frozenset(("bfloat16", "float16", "float64"))
"""Are float32 here; so where a module has any, which one a tensor has is not known."""

MAYBE_COPIES = frozenset(("_reshape_alias", "contiguous", "flatten", "reshape", "reshape_as"))
"""Copy where the memory is not in order, which the code does not tell."""

IN_PLACE = frozenset(("squeeze_", "swapaxes_", "swapdims_", "t_", "transpose_", "unsqueeze_"))
"""Change what a tensor's memory means; no policy does so."""

_SAME = frozenset(("alias", "detach", "lift", "to", "type_as", "contiguous")) | SAME_INPUT
_SHAPES = frozenset(("squeeze", "unflatten", "unsqueeze", "view", "view_as"))
_SWAPS = frozenset(("mT", "swapaxes", "swapdims", "t", "transpose"))


_LISTS = frozenset(("chunk", "dsplit", "hsplit", "split", "split_with_sizes", "tensor_split",
                    "unbind", "unsafe_chunk", "unsafe_split", "vsplit"))


def parts(op: str, arguments: dict[str, Any], recorder: Shapes
          ) -> list[tuple[Schema, dict[str, Any]]] | None:
    """The single views that an op gives a list of; None for another op."""
    if op not in _LISTS:
        return None
    x: Tensor = arguments["self"]
    shape = recorder.shape(x)
    dim = int(arguments.get("dim", {"hsplit": min(1, len(shape) - 1), "dsplit": 2}.get(op, 0)))
    if not -len(shape) <= dim < len(shape):
        raise recorder.refuse(f"{op}: there is no dimension {dim} of {len(shape)}")
    size = shape[dim]
    if op == "unbind":
        (schema,) = (s for s in schemas()["select"] if s.overload == "int")
        return [(schema, {"self": x, "dim": dim, "index": i}) for i in range(size)]
    each = _sizes(arguments, size)
    if sum(each) != size or min(each, default=0) < 1:
        raise recorder.refuse(f"{op}: its sizes do not add up to {size}")
    starts = [sum(each[:index]) for index in range(len(each))]
    (schema,) = (s for s in schemas()["slice"] if s.overload == "Tensor")
    return [(schema, {"self": x, "dim": dim, "start": start, "end": start + n, "step": 1})
            for start, n in zip(starts, each, strict=True)]


def _sizes(arguments: dict[str, Any], size: int) -> list[int]:
    """Of the parts of an axis."""
    if "sections" in arguments:
        count = max(int(arguments["sections"]), 1)
        return [size // count + (index < size % count) for index in range(count)]
    if "indices" in arguments:
        ends = [0, *(range(size)[:end].stop for end in arguments["indices"]), size]
        return [b - a for a, b in pairwise(ends)]
    if "chunks" in arguments:
        wished: Any = max(-(-size // max(int(arguments["chunks"]), 1)), 1)
    else:
        wished = arguments["split_sizes" if "split_sizes" in arguments else "split_size"]
    if isinstance(wished, list):
        return wished
    return [min(wished, size - start) for start in range(0, size, wished)] if wished > 0 else []


def inverse(target: str, rest: dict[str, Any], base: Tensor, new: Tensor, recorder: Shapes
            ) -> tuple[str, dict[str, Any]] | None:
    """The call that gives the base's content after its view has got a new one.

    None: the new content is the base's own.

    Raises:
        UnsupportedError: the view is of another kind.
    """
    op = target.split(".")[1]
    if op in _SAME:
        return None
    if op in ("slice", "select", "narrow"):
        given = {"self": base, "src": new, **{k: v for k, v in rest.items() if k != "self"}}
        if op == "narrow":
            given["end"] = given["start"] + given.pop("length")
        name = "select_scatter" if op == "select" else "slice_scatter"
        return f"aten.{name}.default", given
    if op in _SHAPES:
        return "aten.reshape.default", {"self": new, "shape": list(recorder.shape(base))}
    if op in _SWAPS:
        return target, {**rest, "self": new}
    if op == "permute":
        dims = [d % len(rest["dims"]) for d in rest["dims"]]
        return target, {"self": new, "dims": [dims.index(i) for i in range(len(dims))]}
    raise recorder.refuse(f"an in-place op writes through {op}",
                          "write y = f(x) instead of changing x in place")
