# SPDX-License-Identifier: MIT
"""The stubs of data.pkl -> objects with attributes; their tensors become weights of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.aten.exported import Weight
from puffer_edge.frontends.torchscript.values import (
    AttributeDict,
    AttributeList,
    Module,
    Tensor,
)
from puffer_edge.readers.pickle_data import Stub
from puffer_edge.readers.text import printable

MAX_DEPTH = 24
MAX_PARTS = 50_000
_BUILT = ("build_intlist", "build_tensorlist", "build_doublelist", "build_boollist",
          "restore_type_tag")


class Objects:
    """Makes the objects of an archive, each stub once.

    Args:
        where: the archive, for messages.

    Attributes:
        weights: of all tensors, by name in the graph, which is their name in the module.
        tensors: the same tensors, as places of memory.
        shared: names of tensors that lie in the same memory as another one.
        tied: names of tensors that several attributes are.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._left = MAX_PARTS
        self._modules: dict[int, Module] = {}
        self._tensors: dict[int, Tensor] = {}
        self._same: dict[Any, Tensor] = {}
        self._places: dict[int, str] = {}
        self.weights: dict[str, Weight] = {}
        self.tensors: dict[str, Tensor] = {}
        self.shared: set[str] = set()
        self.tied: set[str] = set()

    def make(self, value: Any, path: str) -> Any:
        """The value of an attribute.

        Args:
            value: from the pickle.
            path: its name from the root.

        Raises:
            FileFormatError: the tree is deeper or larger than any policy.
            UnsupportedError: a tensor is of a kind that policies do not have.
        """
        self._left -= 1
        if self._left < 0 or path.count(".") > MAX_DEPTH:
            raise FileFormatError("its objects are deeper or more than those of any policy",
                                  where=self._where)
        if isinstance(value, np.ndarray):
            return self._tensor(value, path)
        if isinstance(value, Stub):
            return self._object(value, path)
        if isinstance(value, list):
            return AttributeList(self.make(v, f"{path}.{i}") for i, v in enumerate(value))
        if isinstance(value, tuple):
            return tuple(self.make(v, f"{path}.{i}") for i, v in enumerate(value))
        if isinstance(value, dict):
            return AttributeDict((k, self.make(v, f"{path}.{k}")) for k, v in value.items())
        return value

    def begin(self, path: str, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Lets an attribute that is None in the file be zeros.

        Args:
            path: of the attribute.
            shapes: of the tensor of this name, or of those of a tuple by theirs.
        """
        place, _, attribute = path.rpartition(".")
        for module in self._modules.values():
            if module.path == place and module.attributes.get(attribute, self) is None:
                for name, shape in shapes.items():
                    self.tensors[name] = Tensor(name)
                    self.weights[name] = Weight(name, np.zeros(shape, np.float32))
                made = tuple(self.tensors[name] for name in shapes)
                module.attributes[attribute] = made[0] if path in shapes else made

    def _object(self, stub: Stub, path: str) -> Any:
        if stub.module == "torch.jit._pickle" and stub.name in _BUILT and stub.arguments:
            return self.make(stub.arguments[0], path)
        if id(stub) not in self._modules:
            module = Module(path, f"{stub.module}.{stub.name}")
            self._modules[id(stub)] = module
            if isinstance(stub.state, dict):
                start = f"{path}." if path else ""
                module.attributes.update(
                    (k, self.make(v, f"{start}{k}")) for k, v in stub.state.items())
        return self._modules[id(stub)]

    def _tensor(self, array: Array, path: str) -> Tensor:
        if id(array) in self._tensors:  # the arrays live as long as the tree that holds them
            self.tied.add(self._tensors[id(array)].name)
            return self._tensors[id(array)]
        if array.dtype.kind not in "fiub" or array.dtype == np.float16:
            raise UnsupportedError(f"it is of {array.dtype}, not float32",
                                   where=f"{self._where}, {printable(path)}",
                                   hint="convert the policy with policy.float() and save it again")
        place = int(array.__array_interface__["data"][0])
        key = (place, array.shape, array.strides, str(array.dtype)) if array.size else path
        if key in self._same:  # one tensor under two names
            tensor = self._same[key]
            self.tied.add(tensor.name)
        else:
            name = path
            while name in self.weights:
                name += "_"
            tensor = self._same[key] = self.tensors[name] = Tensor(name)
            if array.size and self._places.setdefault(place, name) != name:
                self.shared |= {name, self._places[place]}
            exact = array.astype(np.float32) if array.dtype == np.float64 else array
            self.weights[name] = Weight(path, exact)
        self._tensors[id(array)] = tensor
        return tensor
