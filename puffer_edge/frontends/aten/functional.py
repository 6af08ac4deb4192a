# SPDX-License-Identifier: MIT
"""In-place ops become plain ones: ``y = relu_(x)`` is ``y = relu(x)``, and x means y from then on.

torch.export keeps ``nn.ReLU(inplace=True)``, ``self.hidden.copy_(h)`` and ``x[:, 0] = y`` as they
are written. A write to a whole tensor gives it a new name; one through a view (a slice, a
transposition) gives what the view looks at new content, and views are made again when they are read
after that. A write through what may be a copy or a view is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.aten.exported import Call, Exported, Ref, substitute
from puffer_edge.readers.text import printable

_SAME = frozenset(("alias", "detach", "dropout", "feature_dropout", "lift"))
"""Ops whose output is the input itself, under another name."""

_CONVERTING = frozenset(("to", "type_as"))
"""The same, where the dtype is right already."""

_SHAPES = frozenset(("squeeze", "unflatten", "unsqueeze", "view", "view_as"))
_SWAPS = frozenset(("mT", "swapaxes", "swapdims", "t", "transpose"))
_WINDOWS = frozenset(("narrow", "select", "slice"))
_LISTS = frozenset(("chunk", "split", "split_with_sizes", "unbind", "unsafe_chunk",
                    "unsafe_split"))
_MAYBE_COPIES = frozenset(("contiguous", "flatten", "reshape", "reshape_as", "_reshape_alias"))
_OTHERS = frozenset(("as_strided", "diagonal", "expand", "expand_as", "movedim", "tensor_split"))
_VIEWS = (_SAME | _SHAPES | _SWAPS | _WINDOWS | _MAYBE_COPIES | _OTHERS | frozenset(("permute",)))


@dataclass(eq=False)
class _Place:
    """A tensor at one place of memory.

    Attributes:
        name: of its content now.
        base: the tensor that it is a window on.
        call: what made the window.
        part: which of several the call gave.
        seen: name of the base's content when ``name`` was read from it.
    """

    name: str
    base: _Place | None = None
    call: Call | None = None
    part: int = 0
    seen: str = ""


def functional(exported: Exported, where: str) -> Exported:
    """The same graph without in-place ops.

    Raises:
        UnsupportedError: a write goes through what may be a copy, or is read there afterwards.
    """
    if not any(call.mutates for call in exported.calls):
        return exported
    return _Memory(exported, where).exported()


class _Memory:
    """The graph that is rewritten, and where its tensors lie."""

    def __init__(self, exported: Exported, where: str) -> None:
        self._from, self._where = exported, where
        self._places: dict[str, _Place] = {}
        self._calls: list[Call] = []
        self._dtypes = dict(exported.dtypes)

    def exported(self) -> Exported:
        """All calls, rewritten."""
        for call in self._from.calls:
            self._follow(call)
        changed = {name: self._read(name) for name in self._from.weights}
        mutated: Mapping[str, str] = {
            **{name: now for name, now in changed.items() if now != name},
            **{old: self._read(new) for old, new in self._from.mutated.items()}}
        arrays = [id(weight.array) for weight in self._from.weights.values()]
        for name in mutated:
            if name in self._from.weights and arrays.count(id(self._from.weights[name].array)) > 1:
                raise UnsupportedError(
                    "forward writes to a tensor whose memory is also another one's", hint="clone "
                    "it before", where=f"{self._where}, {printable(name)}")
        results = tuple(replace(r, name=self._read(r.name)) for r in self._from.results)
        return replace(self._from, calls=tuple(self._calls), results=results, mutated=mutated,
                       dtypes=self._dtypes)

    def _place(self, name: str) -> _Place:
        return self._places.setdefault(name, _Place(name))

    def _follow(self, call: Call) -> None:
        op = call.op.removesuffix("_") if call.mutates else call.op
        first = next((v for v in call.arguments.values() if isinstance(v, Ref)), None)
        if op == "getitem" and first is not None and self._place(first.name).call is not None:
            whole, part = self._place(first.name), call.arguments.get("x1")
            if whole.call is not None and whole.call.op in _LISTS and isinstance(part, int):
                self._emit(call)
                self._places[call.outputs[0]] = _Place(
                    call.outputs[0], whole.base, whole.call, part, whole.seen)
                return
        target = _plain(call) if call.mutates else call.target
        self._emit(replace(call, target=target))
        if first is None:
            return
        base = self._place(first.name)
        if call.mutates and op in _VIEWS:  # detach_, unsqueeze_
            if op not in _SAME:
                raise self._refusal(call, first.name)
            self._places[call.outputs[0]] = base
        elif call.mutates:
            self._write(base, call.outputs[0], call)
            self._places[call.outputs[0]] = base
        elif op in _VIEWS or op in _LISTS or (op in _CONVERTING and self._keeps(call, first.name)):
            for part, name in enumerate(call.outputs):
                self._places[name] = _Place(name, base, call, part, base.name)

    def _keeps(self, call: Call, name: str) -> bool:
        """Whether a conversion gives its argument itself."""
        same = self._dtypes.get(name) == self._dtypes.get(call.outputs[0])
        return same and not call.arguments.get("copy")

    def _emit(self, call: Call) -> None:
        arguments = {key: substitute(value, lambda ref: Ref(self._read(ref.name)))
                     for key, value in call.arguments.items()}
        self._calls.append(replace(call, arguments=arguments))

    def _new(self, call: Call, target: str, arguments: Mapping[str, Any]) -> str:
        """Name of what a call of our own gives."""
        name = f"{call.outputs[0]}_again"
        while name in self._dtypes:
            name += "_"
        self._dtypes[name] = self._dtypes.get(call.outputs[0], "float32")
        self._calls.append(replace(call, target=target, arguments=arguments, outputs=(name,),
                                   unpacked=False))
        return name

    def _read(self, name: str) -> str:
        return self._content(self._place(name)) if name else name

    def _content(self, place: _Place) -> str:
        """The name of what a tensor holds now."""
        if place.base is None or place.call is None:
            return place.name
        now = self._content(place.base)
        if now != place.seen:
            call = place.call
            if call.op in _MAYBE_COPIES:
                raise self._refusal(call, place.name)
            place.name, place.seen = self._viewed(call, now, place.part), now
        return place.name

    def _viewed(self, call: Call, now: str, part: int) -> str:
        """The window once more, on new content."""
        first = next(k for k, v in call.arguments.items() if isinstance(v, Ref))
        name = self._new(call, call.target, {**call.arguments, first: Ref(now)})
        return self._new(call, "getitem", {"x0": Ref(name), "x1": part}
                         ) if call.op in _LISTS else name

    def _write(self, place: _Place, name: str, write: Call) -> None:
        """Gives a tensor new content, and so what it is a window on."""
        if place.base is None or place.call is None:
            place.name = name
            return
        base, call = place.base, place.call
        now = self._content(base)
        target, rest = _window(call, place.part)
        op = target.split(".")[1]
        if op in _SAME | _CONVERTING:
            new = name
        elif op in ("select_scatter", "slice_scatter"):
            new = self._new(call, target, {"self": Ref(now), "src": Ref(name), **rest})
        elif op in _SHAPES:
            new = self._new(call, "aten.view_as.default", {"self": Ref(name), "other": Ref(now)})
        elif op in _SWAPS or op == "permute":
            new = self._new(call, target, {"self": Ref(name), **rest})
        else:
            raise self._refusal(write, place.name)
        self._write(base, new, write)
        place.name, place.seen = name, self._content(base)

    def _refusal(self, call: Call, name: str) -> UnsupportedError:
        return UnsupportedError(
            f"{call.target} meets {printable(name)}, which may be a part or a copy of a tensor "
            "that is written in place",
            where=f"{self._where}, {printable(call.layer)}" if call.layer else self._where,
            hint="write y = f(x) instead of changing x, or save "
                 "exported_program.run_decompositions({})")


def _window(call: Call, part: int) -> tuple[str, dict[str, Any]]:
    """What brings a window's content back, and its arguments beside the tensors."""
    op = call.op
    rest = {k: v for k, v in call.arguments.items() if not isinstance(v, Ref)}
    dim = rest.get("dim", 0)
    if op == "unbind":
        return "aten.select_scatter.default", {"dim": dim, "index": part}
    if op in ("split", "split_with_sizes", "unsafe_split"):
        sizes: Any = rest["split_sizes" if "split_sizes" in rest else "split_size"]
        start = sum(sizes[:part]) if isinstance(sizes, list) else sizes * part
        size = sizes[part] if isinstance(sizes, list) else sizes
        return "aten.slice_scatter.default", {"dim": dim, "start": start, "end": start + size}
    if op == "narrow":
        rest["end"] = rest["start"] + rest.pop("length")
    if op == "permute":
        dims = [d % len(rest["dims"]) for d in rest["dims"]]
        rest = {"dims": [dims.index(i) for i in range(len(dims))]}
    if op in _WINDOWS:
        return f"aten.{'select' if op == 'select' else 'slice'}_scatter.default", rest
    return call.target, rest


def _plain(call: Call) -> str:
    return call.target.replace(f".{call.op}.", f".{call.op[:-1]}.")
