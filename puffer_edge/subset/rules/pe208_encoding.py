# SPDX-License-Identifier: MIT
"""Encodings other than UTF-8 and ASCII, and what to do with what does not fit."""

from __future__ import annotations

import ast
import codecs
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule

KNOWN = {"utf-8", "utf8", "ascii"}
CHECKED = (1, 29)
"""The first version that looks at the encoding; those before it take all for UTF-8."""


@rule("PE208", "encoding", ast.Call,
      reason="utf-8, utf8 and ascii are all encodings, in this spelling from 1.29 on: LookupError; "
             "before 1.29 the argument is ignored, and so is errors=.",
      instead="utf-8; bytes(map(ord, text)) for latin-1.",
      bad="x = b'\\xe9'.decode('latin-1')", good="x = b'caf\\xc3\\xa9'.decode('utf-8')")
def check(node: ast.Call, file: File) -> Iterable[Hit]:
    name, places = _places(node, file)
    if not name or not places or (file.names.version >= CHECKED and is_guarded(node, file)):
        return
    encoding = _text(places[0])
    kind = _codec(encoding) if encoding is not None else None
    if kind is None:
        return
    if kind not in ("utf-8", "ascii"):
        if file.names.version < CHECKED and _is_the_same(_text_of(node), kind):
            return
        yield node, f"MicroPython has no encoding {encoding!r}, only utf-8 and ascii"
    elif encoding not in KNOWN and file.names.version >= CHECKED:
        yield node, f"MicroPython spells the encoding {kind!r}, not {encoding!r}"
    elif kind == "ascii" and not _is_ascii(node) and file.names.version < CHECKED:
        yield node, "MicroPython encodes as UTF-8 what is not ASCII"
    else:
        errors = _text(places[1]) if len(places) > 1 else None
        harmless = name == "encode" and kind == "utf-8" and not (errors or "").startswith("surrog")
        if errors not in (None, "strict") and not harmless and not (
                _text_of(node) is not None and _is_ascii(node)) and not (
                name == "decode" and errors in ("ignore", "replace")
                and file.names.version >= CHECKED):
            yield node, f"MicroPython's {name}() does not know errors {errors!r}: UnicodeError"


def _places(node: ast.Call, file: File) -> tuple[str, list[ast.expr]]:
    """What is done, and the arguments from the encoding on."""
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("decode", "encode"):
        return node.func.attr, node.args
    if file.is_builtin(node.func, "str"):
        return "decode", node.args[1:]
    if file.is_builtin(node.func, "bytes", "bytearray"):
        return "encode", node.args[1:]
    return "", []


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _codec(encoding: str) -> str | None:
    try:
        return codecs.lookup(encoding).name
    except (LookupError, ValueError):
        return None


def _text_of(node: ast.Call) -> str | bytes | None:
    """The text, where it is written out."""
    text = node.func.value if isinstance(node.func, ast.Attribute) else node.args[0]
    value = text.value if isinstance(text, ast.Constant) else None
    return value if isinstance(value, str | bytes) else None


def _is_the_same(text: str | bytes | None, codec: str) -> bool:
    """Whether a text is the same in a codec and in UTF-8."""
    try:
        return (text.encode(codec) == text.encode() if isinstance(text, str) else
                text is not None and text.decode(codec) == text.decode())
    except (UnicodeError, LookupError):
        return False


def _is_ascii(node: ast.Call) -> bool:
    """False where the text is written out and is not ASCII."""
    text = _text_of(node)
    return text is None or text.isascii()
