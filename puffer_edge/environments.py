# SPDX-License-Identifier: MIT
"""An environment of gymnasium as a policy sees it: flat observations in, flat actions out.

What records observations and what plays use this, so that both take every space alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import MissingDependencyError, UsageError
from puffer_edge.ir import Contract, Discrete, Hybrid
from puffer_edge.spaces import SpaceTree

MASK = "action_mask"
"""Where environments of gymnasium tell in their info which choices may be taken."""


class Spaces:
    """What an environment gives and takes, and how a policy sees it.

    Args:
        observation_space, action_space: of gymnasium, of one environment.
        observe: elements of the flattened observation that the policy sees; all by default.

    Raises:
        UnsupportedError: a space is of a kind that has no flat form.
        UsageError: an element is named that is not there.
    """

    def __init__(self, observation_space: Any, action_space: Any,
                 observe: tuple[int, ...] = ()) -> None:
        self.observation_space, self.action_space = observation_space, action_space
        self._tree = SpaceTree(observation_space)
        self._observe = list(observe)
        self._sizes = self._count()

    def check(self, contract: Contract) -> None:
        """Refuses a policy whose observation or action is not the environment's.

        Raises:
            UsageError: it says what each of them has.
        """
        sizes = self._sizes
        hidden = 0 if contract.mask is None else sum(contract.mask.sizes)
        wanted = contract.observation_size
        if not {wanted, wanted - hidden} & set(sizes.values()):
            raise UsageError(
                f"the environment gives {' or '.join(f'{n} {how}' for how, n in sizes.items())}, "
                f"the policy takes {wanted}",
                hint="choose those that it was trained with, as --observe 0,2")
        action = contract.action
        boxes, others = _by_kind(self.action_space)
        fits = (action.discrete.sizes == _choices(others)
                and action.continuous.size == _elements(boxes)
                if isinstance(action, Hybrid) else
                action.sizes == _choices(self.action_space) if isinstance(action, Discrete)
                else action.size == _elements(self.action_space))
        if not fits:
            raise UsageError(f"the policy's action, {action}, does not fit the environment's "
                             f"{self.action_space}", hint="say how it splits with --action-sizes"
                             if isinstance(action, Discrete) else "")

    def flat(self, observation: Any, contract: Contract,
             info: Mapping[str, Any] | None = None) -> Array:
        """An observation as the policy takes it, [n] float32.

        Numbers of Discrete and MultiDiscrete parts come one-hot where the policy takes that many.
        A mask that is no part of the observation comes from the environment's info.

        Args:
            observation: in its space's form.
            contract: of the policy.
            info: that came with it.

        Raises:
            UsageError: it does not fit its space, or holds NaN or infinite values.
        """
        if isinstance(observation, np.ndarray):  # dtypes are often not quite the space's
            with np.errstate(over="ignore", invalid="ignore"):
                flat = observation.astype(np.float32).reshape(-1)
        else:
            flat = self._tree.flatten(observation)
        mask, wanted = contract.mask, contract.observation_size
        outside = mask is not None and (wanted - sum(mask.sizes)) in self._sizes.values()
        size = wanted - sum(mask.sizes) if mask is not None and outside else wanted
        if size != self._sizes["numbers"]:
            flat = self._one_hot(flat)
        if self._observe:
            flat = flat[self._observe]
        if mask is not None and outside:
            flat = np.insert(flat, mask.start,
                             _mask(info or {}, mask.forbids, sum(mask.sizes)))
        if not np.isfinite(flat).all():
            raise UsageError("the environment gives NaN or infinite observations")
        return flat

    def clipped(self, action: Array) -> Array:
        """A flat action inside of the space's bounds; choices as they are.

        The record of a hybrid action becomes flat, too, in the order of the space's parts.
        """
        if action.dtype.names:
            action = self._joined(action)
        action = np.atleast_1d(action)
        low, high = self.bounds
        return action if low is None else np.clip(action, low, high)

    @property
    def bounds(self) -> tuple[Array | None, Array | None]:
        """Bounds of a continuous action, [n], choices beside it included; None for these alone."""
        leaves = list(_leaves(self.action_space))
        if not _by_kind(self.action_space)[0]:
            return None, None
        low, high = (np.concatenate([_bound(leaf, side) for leaf in leaves])
                     for side in ("low", "high"))
        return low, high

    def _joined(self, action: Array) -> Array:
        """A record of continuous and discrete numbers in the order of the space's parts."""
        parts, rest = [], {name: action[name] for name in ("continuous", "discrete")}
        for leaf in _leaves(self.action_space):
            name, size = "continuous", _elements([leaf])
            if size is None:
                name, size = "discrete", len(_choices([leaf]) or ())
            parts.append(rest[name][:size])
            rest[name] = rest[name][size:]
        return np.concatenate(parts).astype(np.float64)

    def nested(self, action: Array) -> Any:
        """A policy's flat action in the environment's own form, starts added."""
        value, rest = _nested(self.action_space, self.clipped(action))
        assert not rest.size
        return value

    def _count(self) -> dict[str, int]:
        """How many elements an observation may have, by what its Discrete parts are."""
        sizes = {"numbers": self._tree.size}
        hot = sum(_width(leaf.low, leaf.high, leaf.size) for leaf in self._tree.leaves)
        if hot != self._tree.size:
            sizes["one-hot"] = hot
        if self._observe:
            for size in sizes.values():
                if not -1 < min(self._observe) <= max(self._observe) < size:
                    raise UsageError(f"--observe names an element beyond the {size} that there "
                                     "are")
            sizes = dict.fromkeys(sizes, len(self._observe))
        return sizes

    def _one_hot(self, flat: Array) -> Array:
        parts = []
        for leaf in self._tree.leaves:
            part = flat[leaf.start : leaf.start + leaf.size]
            if leaf.low is None:
                parts.append(part)
                continue
            ends = np.broadcast_to(leaf.low, leaf.shape), np.broadcast_to(leaf.high, leaf.shape)
            for number, low, high in zip(part, *(end.reshape(-1) for end in ends), strict=True):
                parts.append((np.arange(low, high + 1) == number).astype(np.float32))
        return np.concatenate(parts)


class Environment(Spaces):
    """One environment.

    Args:
        identity: an id that ``gymnasium.make`` knows.
        observe: elements of the flattened observation that the policy sees; all by default.

    Raises:
        UsageError: it cannot be made.
        UnsupportedError: a space is of a kind that has no flat form.
        MissingDependencyError: gymnasium is not installed.
    """

    def __init__(self, identity: str, observe: tuple[int, ...] = ()) -> None:
        try:
            import gymnasium
        except ImportError as error:
            raise MissingDependencyError("gymnasium is not installed",
                                         hint="pip install gymnasium") from error
        try:
            self._made = gymnasium.make(identity)
        except Exception as error:  # gymnasium raises many kinds, environments any
            raise UsageError(f"the environment {identity!r} cannot be made: {error}") from error
        super().__init__(self._made.observation_space, self._made.action_space, observe)
        self._info: dict[str, Any] = {}

    def flat(self, observation: Any, contract: Contract,
             info: Mapping[str, Any] | None = None) -> Array:
        """See :meth:`Spaces.flat`; the info is by default that of the last step."""
        return super().flat(observation, contract, self._info if info is None else info)

    def reset(self, seed: int) -> Any:
        """The first observation of an episode."""
        observation, self._info = self._ask("reset", seed=seed)
        return observation

    def step(self, action: Any) -> tuple[Any, float, bool]:
        """Observation, reward, and whether the episode has ended."""
        observation, reward, terminated, truncated, self._info = self._ask("step", action)
        return observation, number(reward), bool(terminated or truncated)

    def close(self) -> None:
        """Closes it."""
        self._made.close()

    def _ask(self, method: str, *arguments: Any, **options: Any) -> Any:
        return ask(self._made, method, *arguments, **options)


def ask(made: Any, method: str, *arguments: Any, **options: Any) -> tuple[Any, ...]:
    """What an environment answers to ``reset`` or ``step``; any failure of its is one error."""
    try:
        found = tuple(getattr(made, method)(*arguments, **options))
    except Exception as error:  # environments raise any kind
        raise UsageError(f"the environment fails in {method}: "
                         f"{type(error).__name__}: {error}") from error
    wanted = 2 if method == "reset" else 5
    if len(found) != wanted:
        raise UsageError(f"the environment's {method} gives {len(found)} things, not {wanted}",
                         hint="it must have gymnasium's interface, not gym's")
    return found


def number(reward: Any) -> float:
    """An environment's reward, finite."""
    try:
        found = float(reward)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the environment's reward, {reward!r:.100}, is no number") from error
    if not np.isfinite(found):
        raise UsageError(f"the environment's reward is {found}")
    return found


def _mask(info: Mapping[str, Any], forbids: bool, size: int) -> Array:
    found = np.asarray(info.get(MASK, ()), np.float32).reshape(-1)
    if found.size != size:
        raise UsageError(f"the environment's info has no {MASK} of {size} choices",
                         hint="wrap the environment so that it has")
    return 1 - found if forbids else found


def _width(low: Any, high: Any, size: int) -> int:
    return size if low is None else int(np.sum(np.asarray(high) - np.asarray(low) + 1))


def _by_kind(space: Any) -> tuple[list[Any], list[Any]]:
    """The parts of an action space that are numbers, and the others."""
    leaves = _leaves(space)
    boxes = [leaf for leaf in leaves if _elements([leaf]) is not None]
    return boxes, [leaf for leaf in leaves if _elements([leaf]) is None]


def _bound(leaf: Any, side: str) -> Array:
    """One side of the bounds of a part; of choices, the first and the last."""
    sizes = _choices([leaf])
    if sizes is None:
        return np.asarray(getattr(leaf, side).reshape(-1))
    return np.array([0 if side == "low" else size - 1 for size in sizes])


def _leaves(space: Any) -> list[Any]:
    """The parts of a space, or of a list of such, that are no Dict or Tuple, in order."""
    from gymnasium import spaces

    if isinstance(space, list):
        return [leaf for part in space for leaf in _leaves(part)]
    if isinstance(space, spaces.Dict):
        return [leaf for part in space.values() for leaf in _leaves(part)]
    if isinstance(space, spaces.Tuple):
        return [leaf for part in space for leaf in _leaves(part)]
    return [space]


def _choices(space: Any) -> tuple[int, ...] | None:
    """Choices per head of a space of choices; None for any other."""
    from gymnasium import spaces

    found: list[int] = []
    for leaf in _leaves(space):
        if isinstance(leaf, spaces.Discrete):
            found.append(int(leaf.n))
        elif isinstance(leaf, spaces.MultiDiscrete):
            found += map(int, leaf.nvec.reshape(-1))
        elif isinstance(leaf, spaces.MultiBinary):
            found += [2] * int(np.prod(leaf.shape))
        else:
            return None
    return tuple(found)


def _elements(space: Any) -> int | None:
    """Elements of a space of real numbers; None for any other."""
    from gymnasium import spaces

    leaves = _leaves(space)
    if not all(isinstance(leaf, spaces.Box) and leaf.dtype.kind == "f" for leaf in leaves):
        return None
    return sum(int(np.prod(leaf.shape)) for leaf in leaves)


def _nested(space: Any, flat: Array) -> tuple[Any, Array]:
    """An action in its space's form, and what of the flat one is left."""
    from gymnasium import spaces

    if isinstance(space, spaces.Dict | spaces.Tuple):
        parts = []
        for part in space.values() if isinstance(space, spaces.Dict) else space:
            value, flat = _nested(part, flat)
            parts.append(value)
        return (dict(zip(space, parts, strict=True)) if isinstance(space, spaces.Dict)
                else tuple(parts)), flat
    if isinstance(space, spaces.Discrete):
        return int(flat[0]) + int(space.start), flat[1:]
    size = int(np.prod(space.shape))
    value = flat[:size].reshape(space.shape)
    if isinstance(space, spaces.MultiDiscrete):
        value = value + space.start
    return value.astype(space.dtype), flat[size:]
