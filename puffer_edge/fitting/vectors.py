# SPDX-License-Identifier: MIT
"""Environments that come many in one: gymnasium's vectors and PufferLib's.

They begin new episodes by themselves, each in its own way (gymnasium's AutoresetMode), with random
numbers that depend on what was played before. So that every episode keeps a seed of its own, of a
lane only the first episode after a reset is played: group ``g`` of ``count`` lanes is reset with
the seed ``g * count``, which gymnasium and PufferLib give on to lane i as ``g * count + i``; an
environment that draws for all its lanes together draws the same for each policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.environments import MASK, Spaces, ask, number
from puffer_edge.errors import MissingDependencyError, UsageError
from puffer_edge.fitting.beside import Waiting
from puffer_edge.ir import Contract


class Vector:
    """A crowd that is one object.

    Args:
        kind: a key of :data:`KINDS`.
        identity: an id of gymnasium.
        observe: elements of the flattened observation that the policy sees; all by default.
        contract: of the policy.
        count: lanes.

    Raises:
        UsageError: it cannot be made, or the policy's observation or action is another.
        MissingDependencyError: a library is not installed.
    """

    def __init__(self, kind: str, identity: str, observe: tuple[int, ...], contract: Contract,
                 count: int) -> None:
        if kind not in KINDS:
            raise UsageError(f"there are no vectors {kind!a:.60}",
                             hint=f"choose one of {', '.join(KINDS)}")
        self._made, self.count, self._contract = _make(kind, identity, count), count, contract
        try:
            lanes = getattr(self._made, "num_envs", count)
            if lanes != count:
                raise UsageError(f"{count} environments {identity!r} are {lanes} lanes: several "
                                 "agents of one environment do not play for themselves")
            self.spaces = Spaces(self._made.single_observation_space,
                                 self._made.single_action_space, observe)
            self.spaces.check(contract)
        except BaseException:
            self.close()
            raise
        mode = (getattr(self._made, "metadata", None) or {}).get("autoreset_mode")
        self._waits = getattr(mode, "name", "") == "DISABLED"
        self._ended = np.zeros(count, bool)

    def begin(self, waiting: Waiting, idle: Sequence[bool]) -> dict[int, tuple[int, int, Array]]:
        """See :meth:`Crowd.begin`: all wait for the last, then those of one group begin."""
        if not waiting or not all(idle):
            return {}
        group = waiting[-1][1] // self.count
        begun: dict[int, tuple[int, int]] = {}
        while waiting and waiting[-1][1] // self.count == group:
            if waiting[-1][1] % self.count in begun:
                break
            number, seed = waiting.pop()
            begun[seed % self.count] = number, seed
        observations, info = ask(self._made, "reset", seed=group * self.count)
        self._ended[:] = False
        seen = self._flat(observations, info, begun)
        return {lane: (*episode, seen[lane]) for lane, episode in begun.items()}

    def step(self, actions: Mapping[int, Any]) -> dict[int, tuple[Array, float, bool]]:
        """See :meth:`Crowd.step`; what the other lanes do, see and get is of no account."""
        from gymnasium.vector.utils import concatenate, create_empty_array

        if self._waits and self._ended.any():  # these would not be stepped
            ask(self._made, "reset", options={"reset_mask": self._ended.copy()})
        space, some = self._made.single_action_space, next(iter(actions.values()))
        batch = concatenate(space, [actions.get(lane, some) for lane in range(self.count)],
                            create_empty_array(space, self.count))
        observations, rewards, terminated, truncated, info = ask(self._made, "step", batch)
        self._ended = np.asarray(terminated, bool) | np.asarray(truncated, bool)
        seen = self._flat(observations, info, actions)
        return {lane: (seen[lane], number(rewards[lane]), bool(self._ended[lane]))
                for lane in actions}

    def close(self) -> None:
        """Closes it."""
        self._made.close()

    def _flat(self, observations: Any, info: Any, lanes: Iterable[int]) -> dict[int, Array]:
        """What those lanes see."""
        from gymnasium.vector.utils import iterate

        each = (observations if isinstance(observations, np.ndarray)
                else list(iterate(self._made.observation_space, observations)))
        masks = info.get(MASK) if isinstance(info, dict) else None
        return {lane: self.spaces.flat(each[lane], self._contract,
                                       {} if masks is None else {MASK: masks[lane]})
                for lane in lanes}


def _make(kind: str, identity: str, count: int) -> Any:
    try:
        import gymnasium  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError("gymnasium is not installed",
                                     hint="pip install gymnasium") from error
    try:
        return KINDS[kind](identity, count)
    except (MissingDependencyError, UsageError):
        raise
    except Exception as error:  # gymnasium raises many kinds, environments any
        raise UsageError(f"the environment {identity!r} cannot be made: {error}") from error


def _gymnasium(mode: str | None) -> Callable[[str, int], Any]:
    def make(identity: str, count: int) -> Any:
        import gymnasium

        return gymnasium.make_vec(identity, count, vectorization_mode=mode)
    return make


def _pufferlib(identity: str, count: int) -> Any:
    import gymnasium

    try:
        from pufferlib import emulation, vector
    except ImportError as error:
        raise MissingDependencyError("PufferLib is not installed",
                                     hint="pip install pufferlib") from error
    made = vector.make(emulation.GymnasiumPufferEnv, backend="Serial", num_envs=count,
                       env_kwargs={"env_creator": gymnasium.make, "env_args": [identity]})
    one = made.driver_env
    if one.is_obs_emulated and one.observation_space.dtype == np.uint8:
        made.close()
        raise UsageError("PufferLib gives these observations as bytes of a record",
                         where=identity, hint="choose another of --vector")
    return made


KINDS: dict[str, Callable[[str, int], Any]] = {
    "gymnasium": _gymnasium(None), "sync": _gymnasium("sync"), "async": _gymnasium("async"),
    "native": _gymnasium("vector_entry_point"), "pufferlib": _pufferlib}
"""What makes vectors: gymnasium as it likes, one after another, in processes, by the environment's
own code; and PufferLib."""
