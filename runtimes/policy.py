# SPDX-License-Identifier: MIT
"""Policy: the one interface over every way of running a policy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.arrays import Array
from puffer_edge.errors import StepError, UnsupportedError, UsageError
from puffer_edge.ir import Contract, Discrete, Program, Status
from puffer_edge.ir.status import check_finite


class Policy(ABC):
    """A policy with its state; also a context manager that closes it.

    A back end says how one step is computed (:meth:`_fresh`, :meth:`_evaluate`), or, where it is
    faster, replaces the public methods. NaN and infinities in the observation, in what would be
    remembered or in the outputs, and a mask that forbids every choice, are a StepError that changes
    neither state nor action.

    Attributes:
        backend: its name.
        contract: observation and action.
        outputs: raw outputs of the last :meth:`step` by name, flat; empty before the first.
        robot: hash of the robot's contract that the artefact was exported for; empty without.
    """

    backend = ""
    robot = ""

    def __init__(self, program: Program) -> None:
        if program.values[program.input].dtype != "float32":
            raise UnsupportedError("the policy does not take float32 observations")
        self.program = program
        self.contract: Contract = program.contract
        self.observation_size = program.contract.observation_size
        # What a gymnasium environment takes: of a single choice, the number itself.
        self._one_choice = isinstance(program.contract.action, Discrete) and (
            program.action_shape == (1,))
        self.action_shape: tuple[int, ...] = () if self._one_choice else program.action_shape
        self.action_dtype: np.dtype[Any] = program.action_dtype
        self._outputs: dict[str, Array] = {}
        self._state: Any = None
        self._lanes: list[Any] = []
        self._closed = False

    @property
    def outputs(self) -> dict[str, Array]:
        """Raw outputs of the last step by name, flat; a copy."""
        return {name: array.copy() for name, array in self._outputs.items()}

    @property
    def model_size(self) -> int:
        """Bytes that the back end loads: weights, and code where it is compiled."""
        return sum(array.nbytes for array in self.program.constants.values())

    def reset(self, lane: int | None = None) -> None:
        """Forgets everything, or what one lane of :meth:`step_batch` remembers."""
        self._check_open()
        if lane is None:
            self._state, self._lanes = self._fresh(), [self._fresh() for _ in self._lanes]
        else:
            self._lanes[self._lane(lane, len(self._lanes))] = self._fresh()

    def step(self, obs: npt.ArrayLike, out: Array | None = None) -> Any:
        """One step.

        Args:
            obs: as many finite numbers as the contract says, any shape; float32 is not converted.
            out: where the action goes: an array of ``action_shape`` and ``action_dtype``, [heads]
                int32 or [size] float32, C-contiguous; of a single choice [] or [1]; of a hybrid
                action, one record with the fields continuous and discrete.

        Returns:
            The action, as ``env.step`` of gymnasium takes it: ``out``, or a new array; of a single
            choice without ``out`` an int32. With ``out``, native allocates nothing.

        Raises:
            StepError: the observation, the new state or an output is not finite, or the mask
                forbids every choice of a head; state and action are as before, and ``outputs``
                those of the last good step.
            UsageError: the size or dtype is wrong, or it is closed.
        """
        self._check_open()
        x = self._checked(obs, (self.observation_size,))
        if self.contract.mask is not None:
            self.contract.mask.check(x)
        action = self._room(out, self.action_shape)
        if self._state is None:
            self._state = self._fresh()
        self._outputs, self._state = self._accepted(self._state, x)
        action[...] = self.program.act(self._outputs).reshape(action.shape)
        return action[()] if out is None and self._one_choice else action

    def step_batch(self, obs: npt.ArrayLike, out: Array | None = None) -> Array:
        """One step of each of several independent lanes, which remember apart from :meth:`step`.

        Args:
            obs: [lanes, n]; another number of lanes than before starts all of them anew.
            out: [lanes, *action_shape] of ``action_dtype``, C-contiguous; of a single choice
                [lanes] or [lanes, 1].

        Returns:
            The actions, as a vectorised environment takes them.

        Raises:
            StepError: an observation is not finite, and no lane has advanced; or the state or an
                output of a lane would not be, which keeps its state and its row of ``out``, while
                the others have advanced.
            UsageError: as of :meth:`step`; no lane has advanced then.
        """
        self._check_open()
        x = self._checked_batch(obs)
        lanes = len(x)
        actions = self._room(out, (lanes, *self.action_shape))
        if len(self._lanes) != lanes:
            self._lanes = [self._fresh() for _ in range(lanes)]
        refused: StepError | None = None
        for lane in range(lanes):
            try:
                found, self._lanes[lane] = self._accepted(self._lanes[lane], x[lane])
            except StepError as error:
                refused = refused or error
                continue
            actions[lane] = self.program.act(found).reshape(actions.shape[1:])
        if refused is not None:
            raise refused
        return actions

    def close(self) -> None:
        """Gives back what the back end holds; no step is possible afterwards."""
        self._closed = True

    def __enter__(self) -> Policy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    @abstractmethod
    def _fresh(self) -> Any:
        """The state after a reset."""

    @abstractmethod
    def _evaluate(self, state: Any, x: Array) -> tuple[dict[str, Array], Any]:
        """Raw outputs, flat, and the next state; x is [n] float32, finite."""

    def _accepted(self, state: Any, x: Array) -> tuple[dict[str, Array], Any]:
        """The same, of a step that is not refused."""
        outputs, after = self._evaluate(state, x)
        check_finite(self._remembered(after), Status.BAD_STATE)
        check_finite(outputs.values(), Status.BAD_OUTPUT)
        return outputs, after

    def _remembered(self, state: Any) -> Iterable[Array]:
        """The arrays of a state."""
        return map(np.asarray, state.values() if isinstance(state, dict) else state)

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("the policy is closed", hint="load it again")

    def _lane(self, lane: int, lanes: int) -> int:
        if not 0 <= lane < lanes:
            raise UsageError(f"there is no lane {lane} among {lanes}",
                             hint="step_batch makes the lanes")
        return lane

    def _checked(self, obs: npt.ArrayLike, shape: tuple[int, ...]) -> Array:
        """The observation as C-contiguous float32 of that shape, finite."""
        x = self._taken(obs, shape)
        check_finite([x], Status.BAD_OBSERVATION)
        return x

    def _taken(self, obs: npt.ArrayLike, shape: tuple[int, ...]) -> Array:
        """The observation as C-contiguous float32 of that shape."""
        try:
            given = np.asarray(obs)
        except ValueError as error:
            raise UsageError(f"the observation is no array: {error}") from error
        if given.dtype.kind not in "fiub":
            raise UsageError(f"the observation is of dtype {given.dtype}", hint="give float32")
        with np.errstate(over="ignore"):
            x = np.ascontiguousarray(given, np.float32)
        size = int(np.prod(shape))
        if x.size != size:
            lanes = f", {shape[0]} lanes of {shape[1]}" if len(shape) == 2 else ""
            raise UsageError(f"the observation has {x.size} elements, the policy takes {size}"
                             f"{lanes}", hint="give an array [lanes, n]" if lanes else "")
        return x.reshape(shape)

    def _checked_batch(self, obs: npt.ArrayLike) -> Array:
        """[lanes, n], finite, and masks leave a choice."""
        x = self._taken_batch(obs)
        check_finite([x], Status.BAD_OBSERVATION)
        if self.contract.mask is not None:
            for row in x:
                self.contract.mask.check(row)
        return x

    def _taken_batch(self, obs: npt.ArrayLike) -> Array:
        """[lanes, n] as C-contiguous float32."""
        if (isinstance(obs, np.ndarray) and obs.dtype == np.float32 and obs.flags.c_contiguous
                and obs.ndim == 2 and len(obs) and obs.shape[1] == self.observation_size):
            return obs
        sized = isinstance(obs, list | tuple) or (isinstance(obs, np.ndarray) and obs.ndim)
        lanes = len(obs) if sized else 0  # type: ignore[arg-type]
        if not lanes:
            raise UsageError("the observations have no lanes", hint="give an array [lanes, n]")
        return self._taken(obs, (lanes, self.observation_size))

    def _room(self, out: Array | None, shape: tuple[int, ...]) -> Array:
        if out is None:
            return np.empty(shape, self.action_dtype)
        shapes = (shape, (*shape, 1)) if self._one_choice else (shape,)
        if (not isinstance(out, np.ndarray) or out.shape not in shapes
                or out.dtype != self.action_dtype or not out.flags.c_contiguous
                or not out.flags.writeable):
            raise UsageError(f"out must be a writeable C-contiguous array {list(shape)} of "
                             f"{self.action_dtype}")
        return out
