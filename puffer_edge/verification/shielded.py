# SPDX-License-Identifier: MIT
"""A policy behind its shield, on this computer or an emulated core, as a policy of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array, Array32
from puffer_edge.artefact.interface import Interface
from puffer_edge.errors import StepError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Discrete, Program
from puffer_edge.shield.checking import choices_of
from puffer_edge.shield.reference import Shielded
from puffer_edge.shield.shield import FAULTS, NOVELTY, Shield
from puffer_edge.templates import template

FILE = "shielded.h"
NAME = "shielded"


@dataclass(frozen=True)
class Steps:
    """What a shield is fed with.

    Attributes:
        observations: [T, n] float32.
        now_us, seen_us, token_us: [T] uint32, when a step begins, when its observation was
            measured, and when the watchdog's token is asked for.
        reset: [T] bool, before which steps all is reset.
    """

    observations: Array32
    now_us: Array
    seen_us: Array
    token_us: Array
    reset: Array

    def records(self) -> list[bytes]:
        """Each step as ``shielded_obs_t``."""
        times = np.stack([self.now_us, self.seen_us, self.token_us], axis=1).astype("<u4")
        return [row.astype("<f4").tobytes() + time.tobytes()
                for row, time in zip(self.observations, times, strict=True)]


def write_header(folder: Path, code: Mapping[str, bytes], program: Program, shield: Shield,
                 name: str) -> Path:
    """Writes the header of the two as one policy, and those that it stands on."""
    for file, content in code.items():
        if file.endswith(".h"):
            (folder / file).write_bytes(content)
    parts = [{"name": part, "choices": isinstance(head, Discrete),
              "size": len(head.sizes) if isinstance(head, Discrete) else head.size}
             for part, head in program.contract.heads.items()]
    path = folder / FILE
    path.write_text(template("puffer_edge.verification.harness", "shielded.h.j2").render(
        name=name, falls_back=shield.falls_back, parts=parts,
        observations=program.contract.observation_size), encoding="utf-8")
    return path


def interface(program: Program) -> Interface:
    """The sizes of what goes in and out."""
    action = len(choices_of(program))
    return Interface(NAME, 4 * (program.contract.observation_size + 3),
                     4 * (2 * action + 2 + len(FAULTS)), ())


def fallback(program: Program) -> Any:
    """The harness' fallback in numpy."""
    choices = np.array(choices_of(program))

    def give(seen: Array32) -> Array:
        bits = int(seen.view(np.uint32)[0])
        near = np.resize(seen, len(choices)).astype(np.float64)
        return np.where(choices > 0, (bits & 7) - 1, near)

    return give


def oracle(program: Program, shield: Shield, steps: Steps) -> list[bytes]:
    """Each step's ``shielded_action_t``, by numpy."""
    interpreter = Interpreter(program)

    def act(seen: Array32) -> tuple[Array, Array | None] | None:
        try:
            outputs = interpreter.step(seen)
        except StepError:
            return None
        action = program.act(outputs)
        parts = [action[part] for part in action.dtype.names] if action.dtype.names else [action]
        flat = np.concatenate([np.asarray(part, np.float64).reshape(-1) for part in parts])
        return flat, outputs.get(NOVELTY)

    shielded = Shielded(shield, act, choices_of(program), fallback(program))
    choices, found = shielded.choices, []
    for i, seen in enumerate(steps.observations):
        if steps.reset[i]:
            interpreter.reset()
            shielded.reset()
        faults = shielded.step(seen, int(steps.now_us[i]), int(steps.seen_us[i]))
        token = shielded.token(int(steps.token_us[i]))
        found.append(_bytes(shielded.action, choices) + _bytes(shielded.wanted, choices)
                     + np.array([faults, token, *shielded.counts], "<u4").tobytes())
    return found


def _bytes(action: Array, choices: Array) -> bytes:
    return b"".join(np.array(value, "<i4" if size else "<f4").tobytes()
                    for value, size in zip(action, choices, strict=True))
