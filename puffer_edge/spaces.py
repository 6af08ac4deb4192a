# SPDX-License-Identifier: MIT
"""SpaceTree: nested gymnasium observations to and from one flat buffer, leaf by leaf.

The layout is that of PufferLib's emulation: one aligned struct, a field per key in the space's own
order, ``f0, f1...`` for tuples, Discrete and MultiDiscrete as int32. What does not fit the space is
an error; nothing is ever filled with zeros.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import MissingDependencyError, UnsupportedError, UsageError
from puffer_edge.ir import Field

Key = str | int


@dataclass(frozen=True)
class Leaf:
    """One array of the tree.

    Attributes:
        path: keys from the root; a tuple's are numbers.
        dtype: of the elements in the buffer.
        shape: of the array.
        offset: of its first byte in the buffer.
        start: of its first element among the flattened floats.
        taken: dtype that an observation must have; None: any integer that the bounds allow.
        low, high: smallest and largest integers; None where the dtype alone decides.
        bounds: smallest and largest numbers that the space holds, infinite ones included.
    """

    path: tuple[Key, ...]
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int
    start: int
    taken: np.dtype[Any] | None
    low: Any = None
    high: Any = None
    bounds: tuple[Any, Any] = (-np.inf, np.inf)

    @cached_property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def title(self) -> str:
        """The path as a message shows it."""
        return _title(self.path)


class SpaceTree:
    """The leaves of a space and where each lies.

    Args:
        space: Dict, Tuple, Box, Discrete, MultiDiscrete or MultiBinary, nested as you like.

    Attributes:
        space: the same.
        dtype: of one observation in the buffer, ``numpy`` aligned.
        leaves: in order.
        nbytes: of one observation, padding included.
        size: of one observation as flattened floats.

    Raises:
        UnsupportedError: a space of another kind, or keys that are no texts.
        MissingDependencyError: gymnasium is not installed.
    """

    def __init__(self, space: Any) -> None:
        self.space = space
        self.dtype = _dtype(space, ())
        self._root = _branch(space, ())
        self.nbytes = self.dtype.itemsize
        self.leaves: tuple[Leaf, ...] = tuple(_leaves(space, self.dtype))
        self.size = sum(leaf.size for leaf in self.leaves)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The flattened floats as named fields: what the observation's struct in C is made of.

        Raises:
            UsageError: two leaves have the same name in C.
        """
        fields = tuple(
            Field(_identifier(leaf.path), leaf.shape or (1,)).bounded(*leaf.bounds)
            if leaf.size else Field(_identifier(leaf.path), leaf.shape) for leaf in self.leaves)
        names = [field.name for field in fields]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"two parts of the observation are called {name!r} in C",
                                 hint="name the fields with --observation")
        return fields

    def pack(self, observation: Any, out: Array | None = None) -> Array:
        """One observation as bytes.

        Args:
            observation: nested as the space is; keys, dtypes and shapes exactly the space's.
            out: [nbytes] uint8, C-contiguous; padding in it is not touched.

        Raises:
            UsageError: a key is missing or too many, a dtype, shape or number does not fit.
        """
        values = self._values(observation, ())
        buffer = np.zeros(self.nbytes, np.uint8) if out is None else self._bytes(out, ())
        for leaf, value in zip(self.leaves, values, strict=True):
            self._view(buffer, leaf, ())[...] = value
        return buffer

    def unpack(self, buffer: Array) -> Any:
        """The observation that :meth:`pack` wrote; arrays are views, Discrete becomes an int."""
        found = self._bytes(buffer, ())
        return self._nested({leaf.path: self._view(found, leaf, ()) for leaf in self.leaves})

    def flatten(self, observation: Any, out: Array | None = None) -> Array:
        """One observation as [size] float32, leaf after leaf: what a policy takes.

        Raises:
            UsageError: as of :meth:`pack`; also an integer that float32 cannot hold.
        """
        return self._flatten(self._values(observation, ()), (), out)

    def flatten_batch(self, observations: Any, out: Array | None = None) -> Array:
        """[n, size] float32 of arrays with one more axis in front, as vector environments give."""
        lanes = self._lanes(observations)
        return self._flatten(self._values(observations, (lanes,)), (lanes,), out)

    def pack_batch(self, observations: Any, out: Array | None = None) -> Array:
        """[n, nbytes] uint8 of arrays with one more axis in front."""
        batch = (self._lanes(observations),)
        values = self._values(observations, batch)
        buffer = (np.zeros((*batch, self.nbytes), np.uint8) if out is None
                  else self._bytes(out, batch))
        for leaf, value in zip(self.leaves, values, strict=True):
            self._view(buffer, leaf, batch)[...] = value
        return buffer

    def flatten_packed(self, buffer: Array) -> Array:
        """[..., nbytes] uint8, one or many observations, to [..., size] float32."""
        batch = np.shape(buffer)[:-1]
        found = self._bytes(buffer, batch)
        return self._flatten([self._view(found, leaf, batch) for leaf in self.leaves], batch, None)

    def unflatten(self, flat: Array) -> Any:
        """The observation of [size] floats, in the space's own dtypes.

        Raises:
            UsageError: the size is wrong, or a number is none of its leaf.
        """
        if np.shape(flat) != (self.size,):
            raise UsageError(f"{np.shape(flat)} is not the shape ({self.size},)")
        parts = {}
        for leaf in self.leaves:
            part = np.asarray(flat)[leaf.start : leaf.start + leaf.size].reshape(leaf.shape)
            with np.errstate(invalid="ignore"):
                value = part.astype(leaf.dtype)
            if leaf.dtype.kind in "iub" and not np.array_equal(value, part):
                raise UsageError("the numbers are no integers of the space", where=leaf.title)
            parts[leaf.path] = _checked(leaf, value if leaf.taken is None else
                                        value.astype(leaf.taken), ())
        return self._nested(parts)

    def _flatten(self, values: list[Array], batch: tuple[int, ...], out: Array | None) -> Array:
        flat = np.empty((*batch, self.size), np.float32) if out is None else out
        if flat.shape != (*batch, self.size) or flat.dtype != np.float32:
            raise UsageError(f"out must be float32 of shape {(*batch, self.size)}")
        for leaf, value in zip(self.leaves, values, strict=True):
            part = value.reshape(*batch, leaf.size)
            place = flat[..., leaf.start : leaf.start + leaf.size]
            if leaf.dtype == np.float64:
                with np.errstate(over="ignore"):
                    place[...] = part
            else:
                place[...] = part
            if part.dtype.kind in "iu" and part.itemsize > 2 and not (
                    np.array_equal(place.astype(np.float64), part)
                    and (np.abs(place) < 2.0**53).all()):  # float64 holds those exactly
                raise UsageError("an integer is too large for float32", where=leaf.title)
        return flat

    def _values(self, observation: Any, batch: tuple[int, ...]) -> list[Array]:
        found: list[Any] = []
        _collect(self._root, observation, found)
        return [_checked(leaf, value, batch)
                for leaf, value in zip(self.leaves, found, strict=True)]

    def _lanes(self, observations: Any) -> int:
        found: list[Any] = []
        _collect(self._root, observations, found)
        if not isinstance(found[0], np.ndarray) or not found[0].ndim:
            raise UsageError("the observations have no axis for the lanes")
        return len(found[0])

    def _bytes(self, buffer: Array, batch: tuple[int, ...]) -> Array:
        fits = (isinstance(buffer, np.ndarray) and buffer.dtype == np.uint8
                and buffer.shape == (*batch, self.nbytes) and buffer.flags.c_contiguous)
        if not fits:
            raise UsageError(f"the buffer must be C-contiguous uint8 of shape "
                             f"{(*batch, self.nbytes)}")
        return buffer

    def _view(self, buffer: Array, leaf: Leaf, batch: tuple[int, ...]) -> Array:
        inner, step = [], leaf.dtype.itemsize
        for size in reversed(leaf.shape):
            inner.append(step)
            step *= size
        return np.ndarray((*batch, *leaf.shape), leaf.dtype, buffer, leaf.offset,
                          (*buffer.strides[:-1], *reversed(inner)))

    def _nested(self, parts: Mapping[tuple[Key, ...], Array]) -> Any:
        from gymnasium import spaces

        def build(space: Any, path: tuple[Key, ...]) -> Any:
            if isinstance(space, spaces.Dict):
                return {key: build(part, (*path, key)) for key, part in space.items()}
            if isinstance(space, spaces.Tuple):
                return tuple(build(part, (*path, i)) for i, part in enumerate(space))
            return parts[path].item() if isinstance(space, spaces.Discrete) else parts[path]

        return build(self.space, ())


def _spaces() -> Any:
    try:
        from gymnasium import spaces
    except ImportError as error:
        raise MissingDependencyError("gymnasium is not installed",
                                     hint="pip install gymnasium") from error
    return spaces


def _dtype(space: Any, path: tuple[Key, ...]) -> np.dtype[Any]:
    spaces = _spaces()
    if isinstance(space, spaces.Dict | spaces.Tuple):
        items = (list(space.items()) if isinstance(space, spaces.Dict)
                 else [(f"f{i}", part) for i, part in enumerate(space)])
        if not items or not all(isinstance(key, str) and key for key, _ in items):
            raise UnsupportedError("a space has no parts, or keys that are no texts",
                                   where=repr(path))
        return np.dtype([(key, _dtype(part, (*path, key))) for key, part in items], align=True)
    if isinstance(space, spaces.Discrete):
        return np.dtype(np.int32)
    if isinstance(space, spaces.MultiDiscrete):
        return np.dtype((np.int32, space.nvec.shape))
    if isinstance(space, spaces.Box | spaces.MultiBinary):
        return np.dtype((space.dtype, space.shape))
    raise UnsupportedError(f"{type(space).__name__} is not supported", where=repr(path),
                           hint="use Dict, Tuple, Box, Discrete, MultiDiscrete or MultiBinary")


def _leaves(root: Any, dtype: np.dtype[Any]) -> Iterator[Leaf]:
    from gymnasium import spaces

    start = 0

    def visit(space: Any, dtype: np.dtype[Any], path: tuple[Key, ...],
              offset: int) -> Iterator[Leaf]:
        nonlocal start
        if isinstance(space, spaces.Dict | spaces.Tuple):
            assert dtype.fields is not None and dtype.names is not None
            keys: list[Key] = list(space) if isinstance(space, spaces.Dict) else [
                *range(len(space))]
            for key, name in zip(keys, dtype.names, strict=True):
                inner, at = dtype.fields[name][:2]
                yield from visit(space[key], inner, (*path, key), offset + at)
            return
        base, shape = dtype.subdtype or (dtype, ())
        taken: np.dtype[Any] | None = base
        low: Any = None
        high: Any = None
        if isinstance(space, spaces.Discrete):
            taken, low, high = None, int(space.start), int(space.start + space.n - 1)
        elif isinstance(space, spaces.MultiDiscrete):
            first = np.asarray(space.start, np.int64)
            taken, low, high = None, first, first + np.asarray(space.nvec, np.int64) - 1
        if low is not None and (np.min(low) < -(2**31) or np.max(high) >= 2**31):
            raise UnsupportedError("an integer of the space does not fit 32 bits",
                                   where=repr(path))
        bounds: tuple[Any, Any] = (low, high)
        if low is None:  # a Box has bounds of its own, a MultiBinary bits
            bounds = (space.low, space.high) if isinstance(space, spaces.Box) else (0, 1)
        leaf = Leaf(path, base, shape, offset, start, taken, low, high, bounds)
        start += leaf.size
        yield leaf

    yield from visit(root, dtype, (), 0)


@dataclass(frozen=True)
class _Branch:
    """A Dict or Tuple, made once so that a step asks gymnasium nothing."""

    where: str
    keys: tuple[Key, ...]
    parts: tuple[_Branch | None, ...]
    """None for a leaf."""
    named: bool


def _branch(space: Any, path: tuple[Key, ...]) -> _Branch | None:
    from gymnasium import spaces

    if not isinstance(space, spaces.Dict | spaces.Tuple):
        return None
    named = isinstance(space, spaces.Dict)
    keys: tuple[Key, ...] = tuple(space) if named else tuple(range(len(space)))
    return _Branch(_title(path), keys, tuple(_branch(space[key], (*path, key)) for key in keys),
                   named)


def _collect(branch: _Branch | None, value: Any, leaves: list[Any]) -> None:
    """Appends the leaves of an observation in order, every key accounted for."""
    if branch is None:
        leaves.append(value)
        return
    keys = branch.keys
    if branch.named:
        if not isinstance(value, dict | Mapping):
            raise UsageError(f"a {type(value).__name__} stands for a Dict", where=branch.where)
        if missing := [key for key in keys if key not in value]:
            raise UsageError(f"the key {missing[0]!r} is missing", where=branch.where)
        if len(value) != len(keys):
            extra = next(key for key in value if key not in keys)
            raise UsageError(f"the key {extra!r} is none of the space", where=branch.where)
    elif not isinstance(value, tuple | list) or len(value) != len(keys):
        raise UsageError(f"a tuple of {len(keys)} parts is wanted", where=branch.where)
    for key, part in zip(keys, branch.parts, strict=True):
        _collect(part, value[key], leaves)


def _title(path: tuple[Key, ...]) -> str:
    return "".join(f"[{key!r}]" for key in path) or "the observation"


def _checked(leaf: Leaf, value: Any, batch: tuple[int, ...]) -> Array:
    """A leaf's array, once its dtype, shape and numbers are the space's."""
    if not isinstance(value, np.ndarray | np.generic | int) or isinstance(value, bool):
        raise UsageError(f"a {type(value).__name__} is no array", where=leaf.title)
    array = np.asarray(value)
    good = array.dtype == leaf.taken if leaf.taken is not None else array.dtype.kind in "iu"
    if not good:
        raise UsageError(f"the dtype is {array.dtype}, not {leaf.taken or 'an integer'}",
                         where=leaf.title)
    if array.shape != (*batch, *leaf.shape):
        raise UsageError(f"the shape is {array.shape}, not {(*batch, *leaf.shape)}",
                         where=leaf.title)
    if leaf.low is not None and ((array < leaf.low) | (array > leaf.high)).any():
        raise UsageError("a number is none of the space's choices", where=leaf.title)
    return array


def _identifier(path: tuple[Key, ...]) -> str:
    parts = [f"f{key}" if isinstance(key, int) else key for key in path]
    name = re.sub(r"[^a-z0-9]+", "_", "_".join(parts).lower()).strip("_")
    return name if name[:1].isalpha() else f"obs_{name}".rstrip("_")
