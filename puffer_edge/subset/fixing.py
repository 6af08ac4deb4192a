# SPDX-License-Identifier: MIT
"""``check --fix``: another spelling of the same, in CPython and in MicroPython."""

from __future__ import annotations

import ast
import codecs
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.subset.checking import Beside, Report, hits, modules_of, python_files
from puffer_edge.subset.config import Config
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.source import Source, parse, read

ROUNDS = 10
"""Of repairs of one file; each removes at least one finding."""
Edit = tuple[int, int, str]
"""The first and the last place in the text, and what is put there."""
ORDERS = {"split": ("sep", "maxsplit"), "rsplit": ("sep", "maxsplit"), "splitlines": ("keepends",),
          "decode": ("encoding", "errors"), "encode": ("encoding", "errors"),
          "to_bytes": ("length", "byteorder"), "from_bytes": ("bytes", "byteorder"),
          "sum": ("iterable", "start"), "int": ("x", "base"), "round": ("number", "ndigits"),
          "pow": ("base", "exp", "mod"), "str": ("object", "encoding", "errors"),
          "bytes": ("source", "encoding", "errors"),
          "bytearray": ("source", "encoding", "errors"),
          "struct.unpack_from": ("format", "buffer", "offset"),
          "struct.pack_into": ("format", "buffer", "offset"), "os.listdir": ("path",)}
"""The order of what functions take, by position in both."""
SAME = {"IOError": "OSError", "EnvironmentError": "OSError"}
"""Names of one class."""


@dataclass(frozen=True)
class Text:
    """A source whose places are counted in characters."""

    text: str

    def span(self, node: ast.AST) -> tuple[int, int]:
        """The first and the last place of a node."""
        return (self._place(node.lineno, node.col_offset),  # type: ignore[attr-defined]
                self._place(node.end_lineno, node.end_col_offset))  # type: ignore[attr-defined]

    def _place(self, line: int, column: int) -> int:
        lines = re.split("(?<=\n)|(?<=\r)(?!\n)", self.text)
        before = lines[line - 1].encode()[:column].decode()
        return sum(map(len, lines[:line - 1])) + len(before)


def _keyword(node: ast.AST, text: Text) -> Iterable[Edit]:
    """``split(sep=x)`` -> ``split(x)``, where the order is that of the function."""
    if not isinstance(node, ast.Call):
        return
    name = ast.unparse(node.func)
    order = ORDERS.get(name, ORDERS.get(name.rpartition(".")[2], ()))
    given = [keyword.arg for keyword in node.keywords]
    if name == "print" and "flush" in given:
        yield from _without(node, "flush", text)
    elif given and tuple(given) == order[len(node.args):len(node.args) + len(given)] and not any(
            isinstance(argument, ast.Starred) for argument in node.args):
        for keyword in node.keywords:
            yield (text.span(keyword)[0], text.span(keyword.value)[0], "")


def _without(node: ast.Call, name: str, text: Text) -> Iterable[Edit]:
    """The call without a keyword whose value is written out, and the comma before it."""
    parts = sorted((*node.args, *node.keywords), key=lambda part: text.span(part))
    for index, part in enumerate(parts):
        if isinstance(part, ast.keyword) and part.arg == name and isinstance(
                part.value, ast.Constant):
            start = text.span(parts[index - 1])[1] if index else text.span(part)[0]
            yield (start, text.span(part)[1], "")


def _spelling(node: ast.AST, text: Text) -> Iterable[Edit]:
    """``'UTF-8'`` -> ``'utf-8'``."""
    for argument in getattr(node, "args", ()):
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            try:
                name = codecs.lookup(argument.value).name
            except (LookupError, ValueError):
                continue
            if name in ("utf-8", "ascii") and argument.value not in ("utf-8", "utf8", "ascii"):
                start, end = text.span(argument)
                quote = text.text[end - 1]
                if text.text[start:end] == quote + argument.value + quote:
                    yield (start, end, quote + name + quote)


def _number(node: ast.AST, text: Text) -> Iterable[Edit]:
    """``1if`` -> ``1 if``, ``0xF.real`` -> ``(0xF).real``."""
    start, end = text.span(node)
    if text.text[end:end + 1] == ".":
        yield (start, start, "(")
        yield (end, end, ")")
    else:
        yield (end, end, " ")


def _builtin(node: ast.AST, text: Text) -> Iterable[Edit]:
    if isinstance(node, ast.Name) and node.id in SAME:
        yield (*text.span(node), SAME[node.id])


def _future(node: ast.AST, text: Text) -> Iterable[Edit]:
    """``from __future__ import annotations`` -> nothing, where it is a line of its own."""
    if isinstance(node, ast.ImportFrom) and node.module == "__future__" and all(
            alias.name == "annotations" for alias in node.names):
        start, end = text.span(node)
        line = re.compile(r"[ \t]*(#[^\r\n]*)?(\r\n|\n|\r|$)").match(text.text, end)
        if line and (not start or text.text[start - 1] in "\r\n"):
            yield (start, line.end(), "")


def _group(node: ast.AST, text: Text) -> Iterable[Edit]:
    """``m.group()`` -> ``m.group(0)``, ``m[1]`` -> ``m.group(1)``."""
    if isinstance(node, ast.Call) and not node.args and not node.keywords:
        end = text.span(node)[1]
        yield (end - 1, end - 1, "0")
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        start, end = text.span(node.value)[1], text.span(node)[1]
        yield (start, end, f".group({ast.unparse(node.slice)})")


def _mark(node: ast.AST, text: Text) -> Iterable[Edit]:
    if text.text.startswith("\ufeff"):
        yield (0, 1, "")


FIXES: dict[str, Callable[[ast.AST, Text], Iterable[Edit]]] = {
    "PE112": _number, "PE113": _mark, "PE201": _future, "PE203": _builtin, "PE205": _keyword,
    "PE208": _spelling, "PE221": _group}
"""By the code of the rule whose findings they take away."""


def edited(file: File, hits: Iterable[tuple[str, ast.AST]]) -> str:
    """The text of a file without findings that have another spelling; itself where none has.

    Args:
        file: of which MicroPython's grammar is the host's, too.
        hits: code and node of findings.
    """
    text = Text(file.source.text)
    if text.text.startswith("\ufeff") and any(code == "PE113" for code, _ in hits):
        return text.text[1:]  # the columns of the first line count without it
    edits: list[Edit] = []
    for code, node in hits:
        found = list(FIXES[code](node, text)) if code in FIXES else []
        if found and not any((start < other[1] and other[0] < end) or (start, end) == other[:2]
                             for start, end, _ in found for other in edits):
            edits += found
    result = text.text
    for start, end, new in sorted(edits, reverse=True):
        result = result[:start] + new + result[end:]
    return result


def fix_paths(paths: Iterable[Path], config: Config) -> int:
    """Rewrites files; the number of findings that are gone.

    A file that MicroPython's grammar alone takes, or that would have other findings, stays.

    Raises:
        UsageError: the configuration is wrong, or a file cannot be written.
    """
    names, gone = config.firmware_names(), 0
    files = list(python_files(paths, config, Report()))
    beside, given = Beside((*config.modules, *config.known_modules)), modules_of(map(str, files))
    for path in files:
        try:
            source = parse(str(path), read(path))
        except FileFormatError:
            continue  # the report says so
        local = beside.modules(source.path)
        before = text = source.text
        for _ in range(ROUNDS):
            file = File(source, names, names.port, local, given_modules=given)
            wanted = hits(file, config)
            after = edited(file, wanted) if _is_plain(source) else source.text
            if after == source.text:
                break
            try:
                source = parse(str(path), after)
            except FileFormatError:
                break
            left = hits(File(source, names, names.port, local, given_modules=given), config)
            if len(left) >= len(wanted):
                break
            text = after
            gone += len(wanted) - len(left)
        if text != before:
            _write(path, text)
    return gone


def _is_plain(source: Source) -> bool:
    """Whether the host's Python takes a source as it is, so that places are those of the text."""
    try:
        ast.parse(source.text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _write(path: Path, text: str) -> None:
    try:
        path.write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=str(path)) from error
