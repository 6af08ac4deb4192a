# SPDX-License-Identifier: MIT
"""The parameters of whatever a checkpoint holds: dictionaries in each other, tuples, whole modules.

A module that was pickled whole comes as an inert stub; its parameters, buffers and children lie in
its attributes, under the names that its state_dict would have. Nothing of its class is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.readers.budget import Budget
from puffer_edge.readers.left_out import class_of, only_trains
from puffer_edge.readers.numpy_pickle import PickledArray, array_of
from puffer_edge.readers.pickle_data import Stub
from puffer_edge.readers.text import printable

MAX_DEPTH = 16
MAX_PARTS = 20_000
_SAVE = "save the policy with torch.save(policy.state_dict(), path)"
_ACTIVATIONS = "torch.nn.modules.activation"
_HOOKS = ("_forward_hooks", "_forward_pre_hooks")
_NOT_THE_POLICY = ("optim", "scheduler", "scaler", "replay", "target_network")


@dataclass
class Parameters:
    """What a checkpoint holds.

    Attributes:
        weights: arrays by dotted name; ``module.`` and ``_orig_mod.`` are left out.
        classes: class of each pickled module by its dotted name, the root under ``""``.
        attributes: plain numbers and texts, None, and pairs of integers, by dotted name.
        hooked: dotted names of the modules whose forward is changed by a hook, or is their own.
        arrays: numpy arrays and other tensors beside the weights, such as statistics, by name.
        left_out: parts of the file that are none of these, by name: their classes, empty for
            what is known by its name.
    """

    weights: dict[str, Array] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    hooked: set[str] = field(default_factory=set)
    arrays: dict[str, Array] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def parameters(tree: Any, where: str) -> Parameters:
    """The parameters of a checkpoint; those of optimizers and the like are left out.

    Raises:
        FileFormatError: there is none, or a tensor holds NaN or infinity.
        UnsupportedError: the checkpoint is some other object, or a tensor is of a kind that
            policies do not have.
    """
    if isinstance(tree, Stub) and not _is_module(tree):
        raise UnsupportedError(
            f"the file holds an object that is no module, {_class_of(tree)}", where=where,
            hint="save its parameters instead: torch.save(policy.state_dict(), path)")
    found = Parameters()
    if isinstance(tree, np.ndarray) or not isinstance(tree, Stub | Mapping | list | tuple):
        raise FileFormatError("the file holds no state_dict", where=where, hint=_SAVE)
    # What was read is bounded by the reader; here, how often it is there under another name.
    budget = Budget(0, where)
    checked: set[int] = set()
    for path, value in _Walk(where, found, budget).parts(tree, ()):
        name = _name(path)
        if isinstance(value, np.ndarray):
            if id(value) in checked:
                budget.array(value.shape)
            else:
                _check(value, f"{where}: {printable(name)}")
            checked.add(id(value))
            if name in found.weights:
                raise FileFormatError("two tensors have this name without their prefixes",
                                      where=f"{where}: {printable(name)}")
            found.weights[name] = value
        elif isinstance(value, PickledArray):
            if id(value) in checked and value.value is not None:
                budget.array(value.value.shape, 8)
            checked.add(id(value))
            if (array := array_of(value)) is not None and np.isfinite(array).all():
                found.arrays[name] = array
            else:
                found.left_out[name] = ""
        elif isinstance(value, Stub):
            found.attributes[name] = value.name
        elif _is_plain(value):
            found.attributes[name] = value
        else:
            found.left_out[name] = type(value).__name__
    if not found.weights:  # a state_dict of numpy arrays
        found.weights = {name: array.astype(np.float32) for name, array in found.arrays.items()
                         if name.endswith((".weight", ".bias")) or array.ndim > 1}
        found.arrays = {n: a for n, a in found.arrays.items() if n not in found.weights}
    if not found.weights:
        raise FileFormatError("the file holds no state_dict", where=where, hint=_SAVE)
    return found


class _Walk:
    """Goes through a tree, each of whose parts may be there many times."""

    def __init__(self, where: str, found: Parameters, budget: Budget) -> None:
        self._where = where
        self._found = found
        self._left = MAX_PARTS
        self._budget = budget

    def parts(self, value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
        """Every leaf with its path."""
        self._left -= 1
        if len(path) > MAX_DEPTH or self._left < 0:
            raise FileFormatError("the checkpoint is deeper or has more parts than any policy",
                                  where=self._where)
        if isinstance(value, Stub) and value.module == _ACTIVATIONS and not value.called:
            yield path, value  # the class, as in a config
            return
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, Stub):
            children = self._of_module(value, path)
        elif isinstance(value, Mapping):
            children = dict(value)
        elif isinstance(value, list | tuple) and not _is_plain(value):
            children = dict(enumerate(value)) if len(value) <= 64 else {}
            if value and not children:
                self._found.left_out[_name(path)] = "list"
        else:
            yield path, value
            return
        self._budget.parts(len(children))
        for key, part in children.items():
            if not isinstance(key, str | int) or isinstance(key, bool):
                if isinstance(part, np.ndarray):
                    raise FileFormatError("a tensor has no name", where=self._where, hint=_SAVE)
            elif path or not any(word in str(key).lower() for word in _NOT_THE_POLICY):
                yield from self.parts(part, (*path, str(key)))
            else:
                self._found.left_out[str(key)] = ""

    def _of_module(self, stub: Stub, path: tuple[str, ...]) -> dict[Any, Any]:
        """Parameters, buffers, children and plain attributes; nothing of another object."""
        if stub.module.startswith("torch._utils") or stub.module == "torch":
            raise UnsupportedError(
                f"the tensor is of a kind that policies do not have, {_class_of(stub)}",
                where=f"{self._where}: {printable(_name(path))}",
                hint="convert the policy with policy.float() and save it again")
        if not _is_module(stub):
            # Settings, as an argparse.Namespace has them, and statistics: never a tensor.
            state = stub.state if path and isinstance(stub.state, Mapping) else {}
            read = {k: v for k, v in state.items()
                    if _is_plain(v) or isinstance(v, PickledArray | np.generic)
                    or (isinstance(v, Stub) and v.module == _ACTIVATIONS)}
            kind = class_of(stub)
            if only_trains(kind) and "MeanStd" not in kind:  # a space has numbers, too
                read = {k: v for k, v in read.items() if not isinstance(v, PickledArray)}
            if kind and not (only_trains(kind) and state and len(read) == len(state)):
                self._found.left_out[_name(path)] = kind
            return read
        self._found.classes[_name(path)] = f"{stub.module}.{stub.name}"
        if "forward" in stub.state or any(map(stub.state.get, _HOOKS)):
            self._found.hooked.add(_name(path))
        children: dict[Any, Any] = {k: v for k, v in stub.state.items() if _is_plain(v)}
        for key, value in stub.state.items():
            if not str(key).startswith("_") and key not in children and (kind := class_of(value)):
                self._found.left_out[_name((*path, str(key)))] = kind
        unsaved = stub.state.get("_non_persistent_buffers_set")
        for kind in ("_parameters", "_buffers", "_modules"):
            members = stub.state.get(kind)
            if isinstance(members, Mapping):
                children |= {k: v for k, v in members.items() if not (
                    kind == "_buffers" and isinstance(unsaved, set) and k in unsaved)}
        return children


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return 0 < len(value) <= 4 and all(type(part) is int for part in value)
    return value is None or type(value) in (float, bool) or (
        type(value) is int and abs(value) < 1 << 63) or (
        type(value) is str and len(value) < 100)


def _is_module(value: Stub) -> bool:
    return isinstance(value.state, Mapping) and "_modules" in value.state


def _name(path: tuple[str, ...]) -> str:
    parts = [part for part in ".".join(path).split(".") if part != "_orig_mod"]
    return ".".join(parts[1:] if parts[:1] == ["module"] and len(parts) > 1 else parts)


def _class_of(stub: Stub) -> str:
    return repr(printable(f"{stub.module}.{stub.name}"))


def _check(array: Array, where: str) -> None:
    with np.errstate(over="ignore"):
        if array.dtype.kind == "f" and not np.isfinite(array.astype(np.float32)).all():
            raise FileFormatError(
                "the tensor holds NaN or infinite values", where=where,
                hint="the training run has diverged; take an earlier checkpoint")
