# SPDX-License-Identifier: MIT
"""One step of an archive's function, followed from the inputs to the results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import PufferEdgeError, UnsupportedError
from puffer_edge.frontends.aten.exported import Exported, Port, Result, Weight
from puffer_edge.frontends.torchscript.archive import Archive
from puffer_edge.frontends.torchscript.arguments import (
    Argument,
    arguments,
    names_of,
    takes_parts,
)
from puffer_edge.frontends.torchscript.attributes import Objects
from puffer_edge.frontends.torchscript.code import Code
from puffer_edge.frontends.torchscript.evaluate import MAX_STEPS, Evaluator
from puffer_edge.frontends.torchscript.recorder import Recorder, StateFound
from puffer_edge.frontends.torchscript.values import Method, Parts, RecordValue, Tensor
from puffer_edge.readers.text import printable

MAX_STATES = 64
MAX_DEPTH, MAX_RESULTS = 3, 64
"""Of what forward returns."""

_RESETS = ("reset", "reset_memory", "reset_hidden_state", "reset_hidden_states", "reset_history",
           "reset_state", "reset_states")


@dataclass(frozen=True)
class Trace:
    """A step.

    Attributes:
        exported: its graph.
        recorder: with the scratch graph.
        trained: the module was saved in training mode, and its code looks at that.
    """

    exported: Exported
    recorder: Recorder
    trained: bool


class Tracer:
    """Follows the functions of an archive; what it learns about state is kept for the next time.

    Args:
        archive: what was read.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._code = Code(archive.code, archive.where)
        self._states: set[str] = set()
        self._varying: set[str] = set()
        self._begun: dict[str, dict[str, tuple[int, ...]]] = {}
        self._takes_parts = False
        self._needed: list[Argument] = []
        self._optional: list[Argument] = []
        self._budget = iter(range(MAX_STEPS))

    def inputs(self) -> list[str]:
        """Names of the tensors that forward needs; arguments with defaults keep them.

        None for a dictionary of observations: its parts show when the code takes them.

        Raises:
            UnsupportedError: it takes something else, or there is no forward.
        """
        evaluator, _, _ = self._fresh(sizing=False)
        function = self._method(evaluator, "forward").function
        self._takes_parts = takes_parts(function)
        self._needed, self._optional = arguments(function, self._archive.where)
        return names_of(self._needed)

    @property
    def optional(self) -> list[Argument]:
        """Arguments of tensors that forward may be called without."""
        return self._optional

    @property
    def begun(self) -> tuple[str, ...]:
        """Attributes that are None in the file, and that forward makes tensors."""
        return tuple(self._begun)

    def first_step(self, shapes: dict[str, tuple[int, ...]]) -> Trace:
        """The step in which those are None still, and of which nothing stays."""
        return self._followed(shapes, sizing=False, forgetting=True)

    def follow(self, shapes: dict[str, tuple[int, ...]], *, sizing: bool = False) -> Trace:
        """One step of forward.

        Args:
            shapes: of its inputs, by name; with those of arguments that have defaults, or without.
            sizing: raise the first size that a layer wants another of.

        Raises:
            UnsupportedError: something is not supported.
            FileFormatError: the code does not fit itself or the shapes.
            SizeWanted, ShapeWanted: where ``sizing``.
            PartWanted: it takes a part of a dictionary that is not among them.
        """
        return self._followed(shapes, sizing=sizing, forgetting=False)

    def _followed(self, shapes: dict[str, tuple[int, ...]], *, sizing: bool, forgetting: bool
                  ) -> Trace:
        for _ in range(MAX_STATES + 1):
            evaluator, objects, recorder = self._fresh(sizing=sizing, forgetting=forgetting)
            inputs = [recorder.input(name, shape) for name, shape in shapes.items()]
            ports = tuple(Port(name, shape, "float32") for name, shape in shapes.items())
            try:
                names = [tensor.name for tensor in inputs]
                by_name = dict(zip(shapes, inputs, strict=True))
                named = {argument.name: argument.value(by_name)
                         for argument in (*self._needed, *self._optional)
                         if set(argument.tensors) <= by_name.keys()}
                taken = names_of([*self._needed, *self._optional])
                given = [Parts((name, tensor) for name, tensor in by_name.items()
                               if name not in taken)] if self._takes_parts else []
                result = evaluator.call(self._method(evaluator, "forward"), given, named)
            except StateFound as found:
                name = found.args[0]
                if name.startswith("?"):  # None in the file
                    self._begun[name[1:]] = found.args[1]
                    self._states.update(found.args[1])
                    continue
                (self._varying if name.startswith("=") else self._states).add(name.lstrip("="))
                continue
            after = self._after(evaluator, objects, recorder)
            ports = tuple(Port(n, p.shape, p.dtype) for n, p in zip(names, ports, strict=True))
            weights = objects.weights | {
                name: Weight(name, array) for name, array in recorder.literals.items()}
            exported = Exported(ports, tuple(_results(result, recorder, ())), weights,
                                tuple(recorder.calls), after, {}, recorder.dtypes)
            return Trace(exported, recorder, evaluator.trained)
        raise UnsupportedError(f"it has more than {MAX_STATES} tensors of state",
                               where=self._archive.where)

    def at_reset(self) -> dict[str, Array]:
        """What the module's own method for it sets the state to; nothing where there is none."""
        evaluator, objects, recorder = self._fresh(sizing=False)
        for name in _RESETS:
            method = evaluator.method(self._root, name)
            arguments = method.function.node.args if method else None
            if method is None or arguments is None or (
                    len(arguments.args) - len(arguments.defaults) != 1):
                continue
            try:
                evaluator.call(method, [], {})
                after = self._after(evaluator, objects, recorder)
            except (PufferEdgeError, StateFound):
                return {}
            found = {name: recorder.graph.operands[new] for name, new in after.items()}
            return {name: np.asarray(value) for name, value in found.items()
                    if not isinstance(value, str)}
        return {}

    def _fresh(self, *, sizing: bool, forgetting: bool = False
               ) -> tuple[Evaluator, Objects, Recorder]:
        archive = self._archive
        objects = Objects(archive.where)
        self._root = objects.make(archive.root, "")
        constants = [objects.make(value, f"CONSTANTS.c{index}")
                     for index, value in enumerate(archive.constants)]
        for path, shapes in self._begun.items():
            if not forgetting:
                objects.begin(path, shapes)
        states = self._states & objects.weights.keys()
        recorder = Recorder(objects.weights, objects.tensors, states, archive.where,
                            sizing=sizing)
        evaluator = Evaluator(self._code, constants, recorder, self._varying, self._budget,
                              forgetting=forgetting, lenient=sizing)
        return evaluator, objects, recorder

    def _method(self, evaluator: Evaluator, name: str) -> Method:
        method = evaluator.method(self._root, name)
        if method is None:
            raise UnsupportedError(f"the module has no {name}", where=self._archive.where,
                                   hint="save a module with a forward function")
        return method

    def _after(self, evaluator: Evaluator, objects: Objects, recorder: Recorder
               ) -> dict[str, str]:
        """Name of each state -> name of its next value."""
        if any(tuple(map(id, now)) != tuple(map(id, then)) for now, then in evaluator.kept):
            raise recorder.refuse("it changes a list of the module, which a later step would find "
                                  "changed", "let it be a buffer")
        set_anew = {first.name for first, _ in evaluator.assigned.values()}
        shared = sorted(self._states & (objects.shared | (objects.tied & set_anew)))
        if shared:
            raise UnsupportedError(
                "forward writes to a tensor whose memory is also another one's",
                where=f"{self._archive.where}, {printable(shared[0])}", hint="clone it before")
        last = {}
        for name in sorted(self._states & objects.tensors.keys()):
            last[name] = objects.tensors[name]
        for first, tensor in evaluator.assigned.values():
            names = [name for name, other in objects.tensors.items() if other is first]
            if names:  # else it was None, and is forgotten
                last[names[0]] = tensor
        roots = [id(_root(tensor)) for tensor in last.values()]
        foreign = {id(t) for name, t in objects.tensors.items() if t is not last.get(name)}
        if recorder.wrote and (len(set(roots)) < len(roots) or foreign & set(roots)):
            raise UnsupportedError("two tensors of state come to lie in the same memory",
                                   where=self._archive.where, hint="clone them")
        return {name: recorder.read(tensor) for name, tensor in last.items()}


def _root(tensor: Tensor) -> Tensor:
    while tensor.base is not None:
        tensor = tensor.base
    return tensor


def _results(value: Any, recorder: Recorder, path: tuple[str, ...]) -> list[Result]:
    """The leaves of what forward returns."""
    if len(path) > MAX_DEPTH:
        raise recorder.refuse("its results lie too deeply in each other")
    if isinstance(value, Tensor):
        return [Result(recorder.read(value), path, recorder.shape(value))]
    if isinstance(value, RecordValue):
        items = list(zip(value.record.fields, value, strict=True))
    elif isinstance(value, dict):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list | tuple):
        items = [(str(index), item) for index, item in enumerate(value)]
        if len(items) > MAX_RESULTS:
            raise recorder.refuse("it has more results than any policy")
    else:
        return [Result("", path)]
    return [leaf for key, item in items for leaf in _results(item, recorder, (*path, key))]
