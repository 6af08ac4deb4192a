# SPDX-License-Identifier: MIT-0
"""Runs the policy beside this file on a Raspberry Pi, or another Linux computer. Needs numpy only.

    from policy import Policy
    policy = Policy()
    policy.reset()
    action = policy.step(observation)       # numpy array; a NaN or an infinity is a ValueError

Made by puffer-edge; the same for every policy.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import platform
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np

MACHINES = {("aarch64", 8): "aarch64", ("arm64", 8): "aarch64", ("x86_64", 8): "x86_64",
            ("armv7l", 4): "armv7", ("armv8l", 4): "armv7", ("aarch64", 4): "armv7"}
"""The library for what the kernel calls the processor and for the bytes of Python's pointers: a
64-bit kernel may run a 32-bit system."""

FASTER = {"aarch64": "aarch64-dotprod", "x86_64": "x86_64-v3"}
"""The library for such a processor that has more, where the artefact has one."""

REFUSED = {1: "the observation holds NaN or infinite values",
           2: "the policy would remember NaN or infinite values: the observation is too large",
           3: "the policy's outputs would be NaN or infinite: the observation is too large",
           4: "the mask forbids every choice of a head"}
"""What a status other than 0 says; state and action are as before then."""


def _size(action: Any) -> int:
    """Elements of an action, or of a part of a hybrid one."""
    return len(action["sizes"]) if action["kind"] == "discrete" else int(action["size"])


class Policy:
    """The policy with its state. Use one object per thread.

    Args:
        directory: where policy.json and the libraries are; that of this file by default.

    Attributes:
        manifest: the content of policy.json.
        observation_size: numbers of an observation.
        action_size: elements of an action.

    Raises:
        OSError: there is no library for this processor, or it is not the one that was exported.
    """

    def __init__(self, directory: str | Path | None = None) -> None:
        folder = Path(directory) if directory is not None else Path(__file__).resolve().parent
        self.manifest: dict[str, Any] = json.loads((folder / "policy.json").read_text("utf-8"))
        key = platform.machine().lower(), struct.calcsize("P")
        if sys.platform != "linux" or key not in MACHINES:
            raise OSError(f"there is no library for {sys.platform} on {key[0]}, {8 * key[1]} bits")
        library = self._open(folder, MACHINES[key])
        better = FASTER.get(MACHINES[key], "")
        if f"libpolicy-{better}.so" in self.manifest["files"] and library.edge_level():
            library = self._open(folder, better)
        self._library = library
        library.edge_size.restype = ctypes.c_size_t
        library.edge_output.restype = ctypes.c_void_p
        pointer = ctypes.c_void_p
        library.edge_reset.argtypes = [pointer]
        library.edge_step.argtypes = [pointer, pointer, pointer]
        library.edge_step_batch.argtypes = [pointer, pointer, pointer, ctypes.c_int]
        library.edge_output.argtypes = [pointer, ctypes.c_int]
        action = self.manifest["action"]
        self.observation_size: int = self.manifest["observation"]["size"]
        parts = [(name, action[name]) for name in ("continuous", "discrete") if name in action]
        fields = [(name, part["dtype"], (_size(part),)) for name, part in parts]
        self.action_size: int = sum(_size(part) for _, part in parts) or _size(action)
        self._dtype = np.dtype(fields) if fields else np.dtype(action["dtype"])
        self._one_choice = action["kind"] == "discrete" and self.action_size == 1
        self._shape: tuple[int, ...] = () if fields or self._one_choice else (self.action_size,)
        self._bytes: int = library.edge_size()
        self._memory = ctypes.create_string_buffer(self._bytes)
        self._lanes = ctypes.create_string_buffer(1)
        self._count = 0
        library.edge_reset(self._memory)

    def _open(self, folder: Path, name: str) -> Any:
        """The library of that name, if it is the one that was exported."""
        path = folder / f"libpolicy-{name}.so"
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != self.manifest["files"].get(path.name):
            raise OSError(f"{path} is not the file that was exported; copy the artefact again")
        return ctypes.CDLL(str(path))

    @property
    def outputs(self) -> dict[str, Any]:
        """Raw outputs of the last step by name."""
        found = {}
        for index, output in enumerate(self.manifest["outputs"]):
            dtype = np.dtype(output["dtype"])
            found[output["name"]] = np.frombuffer(ctypes.string_at(
                self._library.edge_output(self._memory, index), output["size"] * dtype.itemsize),
                dtype)
        return found

    def reset(self, lane: int | None = None) -> None:
        """Forgets everything, or what one lane of step_batch remembers."""
        if lane is not None and not 0 <= lane < self._count:
            raise ValueError(f"there is no lane {lane} among {self._count}")
        if lane is None:
            self._library.edge_reset(self._memory)
        for index in range(self._count) if lane is None else (lane,):
            self._library.edge_reset(ctypes.byref(self._lanes, index * self._bytes))

    def step(self, obs: Any, out: Any = None) -> Any:
        """One step: [observation_size] numbers to [action_size] int32 choices or float32.

        A single choice is one int32, as gymnasium takes it; ``out`` may be [] or [1] then.
        A hybrid action is one record: action["continuous"] and action["discrete"].

        Raises:
            ValueError: a wrong size, or NaN or infinity in the observation, in what would be
                remembered or in the outputs; state and action are as before then.
        """
        x = self._checked(obs, self.observation_size)
        action = self._room(out, self._shape)
        status = self._library.edge_step(self._memory, x.ctypes.data, action.ctypes.data)
        if status:
            raise ValueError(REFUSED.get(status, f"status {status}"))
        return action[()] if out is None and self._one_choice else action

    def step_batch(self, obs: Any, out: Any = None) -> Any:
        """One step of each of several independent lanes: [lanes, observation_size].

        Raises:
            ValueError: as of step. Where only the numbers that a lane computes are not finite, that
                lane keeps its state and its row of ``out``, and the others have advanced.
        """
        lanes = len(obs)
        x = self._checked(obs, lanes * self.observation_size)
        if not lanes or not np.isfinite(x).all():
            raise ValueError("the observations hold NaN or infinite values, or nothing")
        action = self._room(out, (lanes, *self._shape))
        if lanes != self._count:
            self._lanes, self._count = ctypes.create_string_buffer(lanes * self._bytes), lanes
            for lane in range(lanes):
                self.reset(lane)
        status = self._library.edge_step_batch(self._lanes, x.ctypes.data, action.ctypes.data,
                                               lanes)
        if status:
            raise ValueError(REFUSED.get(status, f"status {status}"))
        return action

    def _checked(self, obs: Any, size: int) -> Any:
        x = np.ascontiguousarray(obs, np.float32)
        if x.size != size:
            raise ValueError(f"the observation has {x.size} elements, the policy takes {size}")
        return x

    def _room(self, out: Any, shape: tuple[int, ...]) -> Any:
        if out is None:
            return np.empty(shape, self._dtype)
        shapes = (shape, (*shape, 1)) if self._one_choice else (shape,)
        if (out.shape not in shapes or out.dtype != self._dtype or not out.flags.c_contiguous
                or not out.flags.writeable):
            raise ValueError(f"out must be a C-contiguous {self._dtype} array {list(shape)}")
        return out
