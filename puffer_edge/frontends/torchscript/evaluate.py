# SPDX-License-Identifier: MIT
"""Follows the code of an archive, statement by statement, as the syntax trees that they are.

Nothing is compiled or run: each kind of node has its meaning here, an op of torch is recorded, and
what is not known is refused with its line. Conditions and loops must depend on constants and sizes,
never on the observation, so one step is one straight list of ops.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.torchscript import ops
from puffer_edge.frontends.torchscript.code import Class, Code
from puffer_edge.frontends.torchscript.recorder import Recorder, StateFound
from puffer_edge.frontends.torchscript.values import (
    Function,
    Method,
    Module,
    Record,
    RecordValue,
    Tensor,
    Varying,
    tensors_of,
)
from puffer_edge.readers.text import printable

MAX_STEPS = 200_000
"""Of all evaluations of one file together; that of a policy has some hundred."""

MAX_CALLS = 40
_NOTHING = object()
_SPECIAL = frozenset(("annotate", "bool", "float", "getattr", "int", "isinstance", "print", "range",
                      "str", "unchecked_cast", "uninitialized"))
_TYPES: dict[str, type | tuple[type, ...]] = {
    "Dict": dict, "List": list, "NoneType": type(None), "None": type(None), "Tensor": Tensor,
    "Tuple": tuple, "bool": bool, "float": float, "int": int, "str": str}
_SPACES = ("CONSTANTS", "__torch__", "ops", "torch")
_CONDITION = ("wrap the policy so that forward does without it: torch.where takes both branches")


@dataclass
class _Frame:
    """A function that is being followed."""

    function: Function
    names: dict[str, Any] = field(default_factory=dict)


class Evaluator:
    """Follows functions of an archive.

    Args:
        code: its definitions.
        constants: what ``CONSTANTS.c0``, ``c1``... are.
        recorder: takes the ops.
        varying: paths of plain attributes that the code changes from step to step.
        budget: steps that are left, for all evaluators of one file.
        forgetting: an attribute that is None may become a tensor, which a next step forgets.
        lenient: go on behind ``raise``, to see which sizes the layers want.

    Attributes:
        assigned: tensors that attributes were given, by path: (the first, the last).
        kept: lists that attributes were given, with what they held then.
        trained: an object says that it is in training mode, and code asked for it.
    """

    def __init__(self, code: Code, constants: Sequence[Any], recorder: Recorder,
                 varying: set[str], budget: Iterator[int], *, forgetting: bool = False,
                 lenient: bool = False) -> None:
        self._code = code
        self._constants = constants
        self.recorder = recorder
        self._varying = varying
        self._lenient = lenient
        self._forgetting = forgetting
        self._budget = budget
        self._frames: list[_Frame] = []
        self.assigned: dict[str, tuple[Tensor, Tensor]] = {}
        self.kept: list[tuple[list[Any], tuple[Any, ...]]] = []
        self.trained = False

    def method(self, module: Module, name: str) -> Method | None:
        """A method of an object, if its class has it."""
        found = self._code.find(module.kind)
        function = found.methods.get(name) if isinstance(found, Class) else None
        return Method(module, function) if function else None

    def call(self, what: Any, given: Sequence[Any], named: dict[str, Any]) -> Any:
        """What a function or method returns.

        Raises:
            UnsupportedError: the code is sound but not supported.
            FileFormatError: it does not fit itself.
            StateFound: it changes something of the archive.
        """
        if isinstance(what, Record):
            value = RecordValue(given)
            value.record = what
            if len(given) != len(what.fields) or named:
                raise self.error(f"{what.name} has {len(what.fields)} fields")
            return value
        owner = what.owner if isinstance(what, Method) else None
        function = what.function if isinstance(what, Method) else what
        if not isinstance(function, Function):
            raise self.error("it calls what is no function")
        if len(self._frames) >= MAX_CALLS:
            raise self.recorder.refuse("its functions call each other too deeply")
        layer = self.recorder.layer
        frame = _Frame(function)
        if owner is not None:
            given, self.recorder.layer = [owner, *given], owner.path
        self._bind(frame, given, named)
        self._frames.append(frame)
        try:
            result = self._block(function.node.body)
        finally:
            self._frames.pop()
            self.recorder.layer = layer
        return None if result is _NOTHING else result

    def error(self, what: str) -> FileFormatError:
        """The error of code that does not fit itself; the caller raises it."""
        return FileFormatError(what, where=self.recorder.place,
                               hint="save the module again with torch.jit.save")

    def _bind(self, frame: _Frame, given: Sequence[Any], named: dict[str, Any]) -> None:
        arguments = frame.function.node.args
        names = [a.arg for a in arguments.args]
        defaults: list[Any] = [None] * (len(names) - len(arguments.defaults)) + list(
            arguments.defaults)
        if len(given) > len(names) or not named.keys() <= set(names[len(given):]):
            raise self.error(f"{frame.function.name} is called with other arguments")
        frame.names.update(zip(names, given, strict=False), **named)
        self._frames.append(frame)
        try:
            for name, default in zip(names, defaults, strict=True):
                if name not in frame.names:
                    if default is None:
                        raise self.error(f"{frame.function.name} misses {printable(name)}")
                    frame.names[name] = self._value(default)
        finally:
            self._frames.pop()

    # Statements.

    def _at(self, node: ast.stmt | ast.expr) -> None:
        self.recorder.file, self.recorder.line = self._frames[-1].function.file, node.lineno
        self.spend(1)

    def spend(self, steps: int) -> None:
        """Takes steps from the budget of the file.

        Raises:
            UnsupportedError: none are left.
        """
        if len(list(islice(self._budget, steps))) < steps:
            raise self.recorder.refuse("it takes more steps than any policy")

    def _block(self, body: Sequence[ast.stmt]) -> Any:
        for statement in body:
            self._at(statement)
            result = self._statement(statement)
            if result is not _NOTHING:
                return result
        return _NOTHING

    def _statement(self, node: ast.stmt) -> Any:
        if isinstance(node, ast.Assign):
            value = self._value(node.value)
            for target in node.targets:
                self._assign(target, value)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self._assign(node.target, self._value(node.value))
        elif isinstance(node, ast.Expr):
            self._value(node.value)
        elif isinstance(node, ast.Return):
            return None if node.value is None else self._value(node.value)
        elif isinstance(node, ast.If):
            return self._block(node.body if self.truth(self._value(node.test)) else node.orelse)
        elif isinstance(node, ast.While):
            while self.truth(self._value(node.test)):
                result = self._block(node.body)
                if result is not _NOTHING:
                    return result
                self._at(node)
        elif isinstance(node, ast.For):
            for item in self._items(self._value(node.iter)):
                self._assign(node.target, item)
                self._at(node)
                result = self._block(node.body)
                if result is not _NOTHING:
                    return result
        elif not isinstance(node, ast.Pass | ast.Import | ast.ImportFrom):
            raise self.recorder.refuse(f"the statement {type(node).__name__} is not supported")
        return _NOTHING

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self._frames[-1].names[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            values = list(value) if isinstance(value, tuple | list) else None
            if values is None or len(values) != len(target.elts):
                raise self.error("a result is taken apart into another number of parts")
            for part, item in zip(target.elts, values, strict=True):
                self._assign(part, item)
        elif isinstance(target, ast.Attribute):
            self._set(self._value(target.value), target.attr, value)
        elif isinstance(target, ast.Subscript):
            ops.plain_op(self, "_set_item", [
                self._value(target.value), self._value(target.slice), value])
        else:
            raise self.recorder.refuse("an assignment of this kind is not supported")

    def _set(self, module: Any, name: str, value: Any) -> None:
        if not isinstance(module, Module) or name not in module.attributes:
            raise self.error(f"it sets {printable(name)} of something that has none")
        path = f"{module.path}.{name}" if module.path else name
        before = module.attributes[name]
        new, old = tensors_of(value), tensors_of(before)
        if isinstance(value, list) and new:
            self.kept.append((value, tuple(value)))
        if new and new.keys() == old.keys() and isinstance(before, tuple) == isinstance(
                value, tuple):
            for place, tensor in new.items():
                first = self.assigned.get(path + place, (old[place], tensor))[0]
                self.recorder.assigned(first)
                self.assigned[path + place] = first, tensor
        elif before is None and new:
            if not self._forgetting:
                raise StateFound(f"?{path}", {path + place: self.recorder.shape(tensor)
                                              for place, tensor in new.items()})
        elif before is not value and path not in self._varying:
            if isinstance(before, int | float | bool | Varying) and isinstance(
                    value, int | float | bool | Varying):
                if before != value:
                    raise StateFound(f"={path}")
            else:
                raise self.recorder.refuse(
                    f"the attribute {printable(path)} becomes another kind of value",
                    "let it be a buffer of its final shape from the beginning")
        module.attributes[name] = value

    def truth(self, value: Any) -> bool:
        """A condition, which must be constant."""
        if isinstance(value, Tensor):
            value = self.number(value)
        if isinstance(value, Varying):
            raise self.recorder.refuse(f"a condition depends on {value.what}", _CONDITION)
        return bool(value)

    def number(self, tensor: Tensor) -> Any:
        """The one element of a constant tensor."""
        array = self.recorder.constant(tensor)
        if array is None:
            raise self.recorder.refuse(
                "it takes a number out of a tensor that differs from step to step", _CONDITION)
        if array.size != 1:
            raise self.error("it takes a number out of a tensor of several")
        return array.reshape(-1)[0].item()

    def _items(self, value: Any) -> Sequence[Any]:
        if isinstance(value, Varying):
            raise self.recorder.refuse(f"a loop depends on {value.what}", _CONDITION)
        if not isinstance(value, list | tuple | range | dict):
            raise self.error("it loops over what is no list")
        return list(value) if isinstance(value, dict) else value

    # Expressions.

    def _value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            return self._item(self._value(node.value), self._value(node.slice))
        if isinstance(node, ast.List):
            return [self._value(item) for item in node.elts]
        if isinstance(node, ast.Tuple):
            return tuple(self._value(item) for item in node.elts)
        if isinstance(node, ast.Dict) and None not in node.keys:
            return {self._value(k): self._value(v)  # type: ignore[arg-type]
                    for k, v in zip(node.keys, node.values, strict=True)}
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return ops.plain_op(self, "neg", [self._value(node.operand)])
        raise self.recorder.refuse(f"the expression {type(node).__name__} is not supported")

    def _name(self, name: str) -> Any:
        names = self._frames[-1].names
        if name in names:
            return names[name]
        if name in ("inf", "nan"):
            return float(name)
        raise self.error(f"there is no {printable(name)}")

    def _dotted(self, node: ast.expr) -> str:
        """``torch.nn`` of such a node, if it starts at a namespace and not at a variable."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in _SPACES or (
                node.id in self._frames[-1].names):
            return ""
        return ".".join([node.id, *reversed(parts)])

    def _attribute(self, node: ast.Attribute) -> Any:
        dotted = self._dotted(node)
        if dotted.startswith("CONSTANTS.c") and dotted[11:].isdecimal():
            index = int(dotted[11:])
            if index >= len(self._constants):
                raise self.error(f"there is no constant {index}")
            return self._constants[index]
        if dotted:
            found = self._code.find(dotted)
            if isinstance(found, Function | Record):
                return found
            raise self.recorder.refuse(f"{printable(dotted)} is not supported")
        return self.get(self._value(node.value), node.attr)

    def get(self, owner: Any, name: str) -> Any:
        """An attribute of an object or a named tuple."""
        if isinstance(owner, RecordValue) and name in owner.record.fields:
            return owner[owner.record.fields.index(name)]
        if not isinstance(owner, Module):
            raise self.error(f"it reads {printable(name)} of something that has none")
        path = f"{owner.path}.{name}" if owner.path else name
        if name == "training" and type(owner.attributes.get(name)) is bool:
            self.trained |= owner.attributes[name]
            return False
        if name in owner.attributes:
            value = owner.attributes[name]
            return Varying(path) if path in self._varying else value
        found = self._code.find(owner.kind)
        if isinstance(found, Class) and name in found.constants:
            return found.constants[name]
        method = self.method(owner, name)
        if method is None:
            raise self.error(f"{printable(owner.kind)} has no {printable(name)}")
        return method

    def _item(self, value: Any, index: Any) -> Any:
        if isinstance(value, Tensor):
            raise self.recorder.refuse("an index into a tensor, written with brackets")
        return ops.plain_op(self, "select", [value, index])

    def _is(self, value: Any, kind: ast.expr) -> bool:
        """Whether a value is of a type, or of one of several, as the code writes them."""
        if isinstance(kind, ast.List | ast.Tuple):
            return any(self._is(value, each) for each in kind.elts)
        name = ast.unparse(kind.value if isinstance(kind, ast.Subscript) else kind)
        if name not in _TYPES or isinstance(value, Varying):
            raise self.recorder.refuse(f"isinstance of {printable(ast.unparse(kind))} is not "
                                       "supported")
        if type(value) is bool and name != "bool":
            return False
        if not isinstance(value, _TYPES[name]):
            return False
        if isinstance(value, list) and isinstance(kind, ast.Subscript):
            return all(self._is(each, kind.slice) for each in value)
        return True

    def _call(self, node: ast.Call) -> Any:
        function = node.func
        dotted = self._dotted(function)
        name = function.id if isinstance(function, ast.Name) and (
            function.id not in self._frames[-1].names) else ""
        if name in ("annotate", "unchecked_cast", "uninitialized"):  # a type, and a value
            return self._value(node.args[1]) if len(node.args) > 1 else None
        if name == "isinstance":
            return self._is(self._value(node.args[0]), node.args[1])
        given = [self._value(item) for item in node.args]
        named = {k.arg: self._value(k.value) for k in node.keywords if k.arg}
        if name in _SPECIAL:
            return ops.special(self, name, given)
        self._at(node)
        space, _, rest = dotted.partition(".")
        if space == "torch":
            return ops.torch_op(self, rest, given, named)
        if space == "ops":
            return ops.other_op(self, rest, given, named, lenient=self._lenient)
        return self.call(self._value(function), given, named)
