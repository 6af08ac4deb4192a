# SPDX-License-Identifier: MIT
"""The C artefact as a module of this interpreter, through cffi in API mode.

A step reads the caller's observation and writes the caller's action; C allocates nothing. Buffers
are checked when they are first seen and then known by identity, so that a control loop that reuses
its arrays pays for one C call.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.arrays import Array
from puffer_edge.exporters.c.lanes import looked_at_by_turns
from puffer_edge.ir import Program, Status
from puffer_edge.ir.status import refusal
from puffer_edge.runtimes.native_build import build
from puffer_edge.runtimes.policy import Policy

NOTHING = object()
"""No array that anybody has, None included."""


class Backend(Policy):
    """Runs what ``exporters.c`` makes of the Program."""

    backend = "native"

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._module = build(program)
        self._ffi, lib = self._module.ffi, self._module.lib
        self._step, self._batch, self._reset = lib.edge_step, lib.edge_step_batch, lib.edge_reset
        self._size = int(lib.edge_size())
        self._policy = self._ffi.new("char[]", self._size)
        self._reset(self._policy)
        # Kept while they are in use: numpy resizes no array that somebody refers to.
        self._obs: Any = NOTHING
        self._obs_memory: Any = None
        self._out: Any = NOTHING
        self._out_memory: Any = None
        self._own = np.zeros(self.action_shape, self.action_dtype)
        self._own_memory = self._ffi.from_buffer(self._own)
        self._lane_memory: Any = None
        self._lane_count = 0
        self._stepped = False
        self._by_turns = looked_at_by_turns(program)

    @property
    def outputs(self) -> dict[str, Array]:
        """Raw outputs of the last step by name, flat; a copy."""
        if not self._stepped:
            return {}
        program, found = self.program, {}
        for index, name in enumerate(program.output_names):
            value = program.values[program.outputs[index]]
            memory = self._module.lib.edge_output(self._policy, index)
            found[name] = np.frombuffer(self._ffi.buffer(memory, value.nbytes),
                                        value.dtype).copy()
        return found

    @property
    def model_size(self) -> int:
        """Bytes of the compiled module."""
        return Path(self._module.__file__).stat().st_size

    def reset(self, lane: int | None = None) -> None:
        """Forgets everything, or what one lane of :meth:`step_batch` remembers."""
        self._check_open()
        if lane is not None:
            self._lane(lane, self._lane_count)
            self._reset(self._lane_memory + lane * self._size)
            return
        self._reset(self._policy)
        for index in range(self._lane_count):
            self._reset(self._lane_memory + index * self._size)

    def step(self, obs: npt.ArrayLike, out: Array | None = None) -> Any:
        """One step; see :meth:`Policy.step`."""
        if obs is not self._obs:
            self._take(obs)
        if out is None:
            if status := self._step(self._policy, self._obs_memory, self._own_memory):
                raise refusal(status)
            self._stepped = True
            return self._own[()] if self._one_choice else self._own.copy()
        if out is not self._out:
            self._out, self._out_memory = NOTHING, None
            room = self._room(out, self.action_shape)
            self._out_memory = self._ffi.from_buffer(room, require_writable=True)
            self._out = room
        if status := self._step(self._policy, self._obs_memory, self._out_memory):
            raise refusal(status)
        self._stepped = True
        return out

    def step_batch(self, obs: npt.ArrayLike, out: Array | None = None) -> Array:
        """One step of each lane; see :meth:`Policy.step_batch`."""
        self._check_open()
        x = self._taken_batch(obs)  # C looks at the numbers
        lanes = len(x)
        actions = self._room(out, (lanes, *self.action_shape))
        memory = self._lane_memory
        if lanes != self._lane_count:
            memory = self._ffi.new("char[]", max(lanes * self._size, 1))
            for index in range(lanes):
                self._reset(memory + index * self._size)
        found = actions.copy() if out is not None and self._by_turns else actions
        status = self._batch(memory, self._ffi.from_buffer(x),
                             self._ffi.from_buffer(found, require_writable=True), lanes)
        if status not in (Status.BAD_OBSERVATION, Status.NO_CHOICE):  # else nothing has happened
            self._lane_memory, self._lane_count = memory, lanes
            if found is not actions:
                actions[...] = found
        if status:
            raise refusal(status)
        return actions

    def close(self) -> None:
        """Gives the buffers back; no step is possible afterwards."""
        super().close()
        self._obs = self._out = NOTHING
        self._obs_memory = self._out_memory = self._lane_memory = None
        self._lane_count = 0

    def _take(self, obs: npt.ArrayLike) -> None:
        """Lends an observation's memory to C, or that of a copy in float32."""
        self._obs, self._obs_memory = NOTHING, None
        self._check_open()
        if (isinstance(obs, np.ndarray) and obs.dtype == np.float32 and obs.flags.c_contiguous
                and obs.size == self.observation_size):
            self._obs_memory = self._ffi.from_buffer(obs)
            self._obs = obs
        else:
            self._obs_memory = self._ffi.from_buffer(
                self._checked(obs, (self.observation_size,)))

    def _fresh(self) -> Any:
        raise NotImplementedError  # the state is C's

    def _evaluate(self, state: Any, x: Array) -> tuple[dict[str, Array], Any]:
        raise NotImplementedError
