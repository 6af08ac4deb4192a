# SPDX-License-Identifier: MIT
"""What a child process is asked to run, and what it tells: JSON and arrays, no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.readers.npz import read_npz

JOB, GIVEN, FOUND, FAILURE = "job.json", "given.npz", "found.npz", "failure.txt"
"""Files of the folder that parent and child share."""


@dataclass(frozen=True)
class Job:
    """Which original to run.

    Attributes:
        owner: module of this package that runs it.
        path: of the policy file, absolute.
        shape: of our Program's input, a batch of 1 included.
        parts: shapes of the observation's fields, in order.
        states: names of the inputs that our reader takes for recurrent state.
        state_shapes: their shapes.
        pairs: (input, output) of state that the user named.
        told: what our reader says it dropped, as text.
        frame_stack: frames that the policy stacks itself; 1 for none.
        frame_repeat: those before the first are the first itself, in place of zeros.
        masked: elements at the observation's end that are a mask which the original does not take.
        activation: the user's, where the file does not hold it.
        vec_normalize: path of the statistics, absolute; empty for none.
        mean, deviation, clip: of statistics that the user gave beside the file; the original takes
            ``clip((x - mean) / deviation, -clip, clip)``. Empty for none; a clip of 0 is none.
        size: elements that the original's observation has.
        width: elements of the raw action.
        low, high: bounds of a continuous action.
        own_action: the library's action is to be compared, too: the user changed nothing of it.
        module: ``package.module:Class`` or ``FILE.py:Class`` of the user's own code.
    """

    owner: str
    path: str
    shape: tuple[int, ...] = ()
    parts: tuple[tuple[int, ...], ...] = ()
    states: tuple[str, ...] = ()
    state_shapes: tuple[tuple[int, ...], ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    told: str = ""
    frame_stack: int = 1
    frame_repeat: bool = False
    masked: int = 0
    activation: str = ""
    vec_normalize: str = ""
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    clip: float = 0.0
    size: int = 0
    width: int = 0
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    own_action: bool = True
    module: str = ""

    def to_json(self) -> str:
        """As text."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Job:
        """From :meth:`to_json`."""
        plain = json.loads(text)
        for each in fields(Job):
            if isinstance(plain[each.name], list):
                plain[each.name] = tuple(tuple(part) if isinstance(part, list) else part
                                         for part in plain[each.name])
        return Job(**plain)


@dataclass(frozen=True)
class Trajectory:
    """What an original did, step by step, with the state carried.

    Attributes:
        judge: who ran it, with its version.
        observations: [T, n], as the original understood them (whole numbers where it takes them).
        reset: [T] bool; true where it started anew before the step.
        outputs: [T, size] by name, in the original's order, before sampling and argmax; new state
            is not among them.
        before, after: [T, size] by name; the state before and after each step, where it is visible.
        actions: [T, size] the library's own deterministic action; None where it has none.
        scales: step of the integers that an output of a quantised graph is made of, by name.
        random: outputs that were others when the same steps were run once more; not in ``outputs``.
    """

    judge: str
    observations: Array
    reset: Array
    outputs: Mapping[str, Array]
    before: Mapping[str, Array] = field(default_factory=dict)
    after: Mapping[str, Array] = field(default_factory=dict)
    actions: Array | None = None
    scales: Mapping[str, float] = field(default_factory=dict)
    random: tuple[str, ...] = ()

    def save(self, path: Path) -> None:
        """Writes an .npz; names, which a file chose, are in a text and no members' names."""
        text = json.dumps({"judge": self.judge, "outputs": list(self.outputs),
                           "states": list(self.before), "scales": dict(self.scales),
                           "random": self.random})
        arrays: dict[str, Any] = {
            "names": np.frombuffer(text.encode(), np.uint8),
            "observations": self.observations, "reset": self.reset,
            **{f"output_{i}": array for i, array in enumerate(self.outputs.values())},
            **{f"before_{i}": array for i, array in enumerate(self.before.values())},
            **{f"after_{i}": self.after[name] for i, name in enumerate(self.before)}}
        if self.actions is not None:
            arrays["actions"] = self.actions
        np.savez(path, **arrays)

    @staticmethod
    def load(path: Path) -> Trajectory:
        """From :meth:`save`.

        Raises:
            FileFormatError: the file is damaged, as that of a child which was stopped.
            ValueError, KeyError: it holds something else.
        """
        arrays = read_npz(path, "what the original gave", "try again")
        names = json.loads(arrays["names"].tobytes())

        def of(kind: str, listed: list[str]) -> dict[str, Array]:
            return {name: arrays[f"{kind}_{i}"] for i, name in enumerate(listed)}
        return Trajectory(names["judge"], arrays["observations"], arrays["reset"],
                          of("output", names["outputs"]), of("before", names["states"]),
                          of("after", names["states"]), arrays.get("actions"), names["scales"],
                          tuple(names["random"]))
