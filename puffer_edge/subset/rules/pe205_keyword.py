# SPDX-License-Identifier: MIT
"""Keyword arguments that MicroPython's functions do not take."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule

LACKING = {"from_bytes": {"signed", "byteorder"}, "zip": {"strict"}, "round": {"ndigits"},
           "enumerate": set(), "sum": {"start"}, "int": {"base"}, "pow": {"base", "exp", "mod"},
           "split": {"sep", "maxsplit"}, "rsplit": {"sep", "maxsplit"}, "splitlines": {"keepends"},
           "decode": {"encoding", "errors"}, "encode": {"encoding", "errors"},
           "str": {"object", "encoding", "errors"}, "bytes": {"encoding", "errors"},
           "bytearray": {"encoding", "errors"}, "print": {"flush"},
           "open": {"newline", "errors", "closefd", "opener"}}
METHODS = {"split", "rsplit", "splitlines", "decode", "encode", "from_bytes"}
OF_ANYTHING = {"decode": LACKING["decode"], "encode": LACKING["encode"],
               "rsplit": LACKING["rsplit"]}
"""Methods that are only those of strings, as far as anybody has seen."""
OF_MODULES = {"json.dumps": {"indent", "sort_keys", "ensure_ascii", "default", "cls", "skipkeys",
                             "check_circular", "allow_nan"},
              "json.loads": {"object_hook", "cls", "parse_float", "parse_int", "parse_constant",
                             "object_pairs_hook"},
              "re.sub": {"count", "flags"}, "re.match": {"flags"}, "re.search": {"flags"},
              "re.compile": {"flags"}, "re.Pattern.sub": {"repl", "string", "count"},
              "re.Pattern.split": {"string", "maxsplit"}, "struct.pack_into": {"offset"},
              "struct.unpack_from": {"offset", "buffer"}, "os.listdir": {"path"},
              "collections.deque": {"maxlen", "iterable"},
              "collections.namedtuple": {"defaults", "rename", "module"},
              "asyncio.create_task": {"name", "context"}}
OF_MODULES |= {name.removesuffix("s"): OF_MODULES[name] for name in ("json.dumps", "json.loads")}
TO_BYTES = (1, 29)
"""The first version whose int.to_bytes() takes keywords."""


@rule("PE205", "no-keyword", ast.Call,
      reason="The function takes the argument by position only, or not at all: TypeError.",
      instead="give it by position.",
      bad="x = 'a b'.split(sep=' ')", good="x = 'a b'.split(' ')")
def check(node: ast.Call, file: File) -> Iterable[Hit]:
    name, lacking = _called(node, file)
    for keyword in node.keywords:
        if keyword.arg in lacking and not is_guarded(node, file):
            yield node, f"{name}() takes no keyword {keyword.arg!r} in MicroPython"
    if (name == "collections.deque" and len(node.args) < 2 and not is_guarded(node, file)
            and not node.keywords and not any(isinstance(argument, ast.Starred)
                                              for argument in node.args)):
        yield node, "MicroPython's deque() takes an iterable and the largest length"
    if (name == "rsplit" and len(node.args) > 1 and isinstance(node.args[0], ast.Constant)
            and node.args[0].value is None and not is_guarded(node, file)):
        yield node, "rsplit(None, n) is not implemented in MicroPython"


def _called(node: ast.Call, file: File) -> tuple[str, Collection[str]]:
    """The name of what is called, and the keywords that it lacks."""
    if isinstance(node.func, ast.Attribute):
        name = node.func.attr
        if name == "to_bytes" and file.names.version < TO_BYTES:
            return name, {"length", "byteorder", "signed"}
        kind = file.dotted(node.func.value) or file.type_of(node.func.value) or ""
        if name in METHODS and kind.startswith("builtins."):
            return name, LACKING[name]
        if kind == "re.Pattern":
            return name, OF_MODULES.get(f"{kind}.{name}", ())
        if name in OF_ANYTHING and not kind:
            return name, OF_ANYTHING[name]
    elif isinstance(node.func, ast.Name) and file.is_builtin(node.func):
        return node.func.id, LACKING.get(node.func.id, ())
    dotted = file.dotted(node.func) or ""
    for prefix in ("", "u"):
        known = OF_MODULES.get(dotted.removeprefix(prefix))
        if known and dotted.split(".")[0] not in file.local_modules:
            return dotted, known
    return "", ()
