# SPDX-License-Identifier: MIT
"""The order of a dict."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE302", "dict-order", ast.For, ast.comprehension, ast.Call,
      reason="A dict is not in the order of insertion.",
      instead="collections.OrderedDict, sorted(), or a tuple of pairs.",
      bad="d = {'b': 1, 'a': 2}\nfor k in d:\n    print(k)",
      good="d = {'b': 1, 'a': 2}\nfor k in sorted(d):\n    print(k)")
def check(node: ast.For | ast.comprehension | ast.Call, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.Call):
        wanted = file.is_builtin(node.func, "list", "tuple", "enumerate", "iter", "next", "zip")
        places = node.args if wanted else []
    else:
        places = [] if isinstance(node, ast.comprehension) and _gathered(node, file) else [
            node.iter]
    for place in places:
        if isinstance(node, ast.comprehension) and isinstance(
                file.parent(node), ast.SetComp | ast.DictComp):
            continue
        above = file.parent(node)
        if isinstance(above, ast.Subscript) and not isinstance(above.slice, ast.Constant):
            continue  # list(d.keys())[list(d.values()).index(x)]: the same order in both
        if isinstance(above, ast.Attribute) and above.attr in ("index", "count"):
            continue
        if isinstance(above, ast.Call) and file.is_builtin(above.func, *UNORDERED):
            continue
        if _is_dict(place, file) and not (isinstance(node, ast.For) and not _matters(node, file)):
            yield place, "a dict of MicroPython is not in the order of insertion"


def _gathered(node: ast.comprehension, file: File) -> bool:
    """Whether what a comprehension gives is used in any order."""
    above = file.parent(node)
    user = file.parent(above) if above is not None else None
    return isinstance(user, ast.Call) and file.is_builtin(user.func, *UNORDERED)


UNORDERED = ("all", "any", "dict", "frozenset", "len", "max", "min", "set", "sorted", "sum")
KEEPS = {"print", "append", "extend", "insert", "write", "send", "put", "join", "exec"}
"""Calls that leave something behind in the order in which they come."""


def _matters(loop: ast.For, file: File) -> bool:
    """Whether a loop may do something else in another order; sums and entries are the same."""
    for statement in loop.body:
        if isinstance(statement, ast.Break | ast.Return):
            return True  # below an if it ends a search
        for node in ast.walk(statement):
            if isinstance(node, ast.Yield | ast.YieldFrom | ast.Await):
                return True
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in KEEPS:
                    return True
            if isinstance(node, ast.Assign) and any(
                    isinstance(target, ast.Name) and not _is_of_one_round(target.id, loop, file)
                    for target in node.targets):
                return True  # the last one stays
            if isinstance(node, ast.AugAssign) and isinstance(node.value, ast.JoinedStr):
                return True
            if isinstance(node, ast.AugAssign) and isinstance(node.value, ast.Constant) and (
                    isinstance(node.value.value, str | bytes)):
                return True
    return False


def _is_of_one_round(name: str, loop: ast.For, file: File) -> bool:
    """Whether a local name is set before it is read in each round, and read in the loop alone."""
    scope = file.tree.scope_of(loop)
    if isinstance(scope.node, ast.Module) or name in scope.elsewhere:
        return False
    inside = {node for part in (loop.target, *loop.body) for node in ast.walk(part)}
    uses = [node for node in file.tree.nodes if isinstance(node, ast.Name) and node.id == name
            and file.tree.scope_of(node).find(name) is scope]
    first = next((statement for statement in loop.body if any(
        isinstance(node, ast.Name) and node.id == name for node in ast.walk(statement))), None)
    in_target = any(isinstance(node, ast.Name) and node.id == name
                    for node in ast.walk(loop.target))
    return isinstance(first, ast.Assign) and all(
        node in inside for node in uses if isinstance(node.ctx, ast.Load)) and (
        in_target or not any(isinstance(node, ast.Name) and node.id == name
                             for node in ast.walk(first.value)))


def _is_dict(node: ast.expr, file: File) -> bool:
    if (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("keys", "values", "items") and not node.args):
        node = node.func.value
    if isinstance(node, ast.Dict):
        return len(node.keys) > 1
    return isinstance(node, ast.Name) and file.type_of(node) == "builtins.dict"
