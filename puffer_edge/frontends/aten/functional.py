# SPDX-License-Identifier: MIT
"""In-place ops become plain ones: ``y = relu_(x)`` is ``y = relu(x)``, and x means y from then on.

torch.export keeps ``nn.ReLU(inplace=True)``, ``self.hidden.copy_(h)`` and the like as they are
written. A write is renamed here where it covers a whole tensor; a write to a part of one (through a
slice or a view) is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.aten.exported import Call, Exported, Ref, substitute
from puffer_edge.readers.text import printable

_SAME = frozenset(("alias", "detach", "lift_fresh_copy", "lift"))
"""Ops whose output is the input itself, under another name."""

_PARTS = frozenset((
    "as_strided", "chunk", "contiguous", "diagonal", "expand", "expand_as", "flatten", "getitem",
    "movedim", "narrow", "permute", "reshape", "select", "slice", "split", "split_with_sizes",
    "squeeze", "swapaxes", "t", "to", "transpose", "type_as", "unbind", "unflatten", "unsqueeze",
    "view", "view_as"))
"""Ops whose output is, or may be, a window on the input's memory."""


def functional(exported: Exported, where: str) -> Exported:
    """The same graph without in-place ops.

    Raises:
        UnsupportedError: a write goes to a part of a tensor, or a part is read after a write.
    """
    now: dict[str, str] = {}  # a name -> the name under which its content is found now
    owner: dict[str, str] = {}  # a name -> the tensor whose memory it uses
    parts: set[str] = set()
    written: dict[str, list[str]] = {}  # owner -> parts that were taken before a write
    calls = []

    def renamed(ref: Ref) -> Ref:
        return Ref(now.get(ref.name, ref.name))

    for call in exported.calls:
        for name in call.refs:
            if name in written.get(owner.get(name, name), ()):
                raise _refusal(call, name, where)
        refs = [v for v in call.arguments.values() if isinstance(v, Ref)]
        target = owner.get(refs[0].name, refs[0].name) if refs else ""
        arguments = {key: substitute(value, renamed) for key, value in call.arguments.items()}
        if call.mutates and call.op[:-1] not in _SAME:
            if not refs or refs[0].name in parts:
                raise _refusal(call, refs[0].name if refs else "nothing", where)
            call = replace(call, target=_plain(call))
            (result,) = call.outputs
            same = [n for n, o in owner.items() if o == target]
            written.setdefault(target, []).extend(n for n in same if n in parts)
            now.update((name, result) for name in (target, *same) if name not in parts)
            owner[result] = target
        elif call.op.removesuffix("_") in _SAME | _PARTS and refs:
            call = replace(call, target=_plain(call)) if call.mutates else call
            for name in call.outputs:
                owner[name] = target
                if call.op in _PARTS or refs[0].name in parts:
                    parts.add(name)
        calls.append(replace(call, arguments=arguments))
    mutated: Mapping[str, str] = {
        **{name: now[name] for name in exported.weights if name in now},
        **{old: now.get(new, new) for old, new in exported.mutated.items()}}
    results = tuple(replace(r, name=now.get(r.name, r.name)) for r in exported.results)
    return replace(exported, calls=tuple(calls), results=results, mutated=mutated)


def _plain(call: Call) -> str:
    return call.target.replace(f".{call.op}.", f".{call.op[:-1]}.")


def _refusal(call: Call, name: str, where: str) -> UnsupportedError:
    return UnsupportedError(
        f"{call.target} meets {printable(name)}, a part of a tensor that is written in place",
        where=f"{where}, {printable(call.layer)}" if call.layer else where,
        hint="write y = f(x) instead of changing x, or save "
             "exported_program.run_decompositions({})")
