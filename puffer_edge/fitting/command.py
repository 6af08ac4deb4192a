# SPDX-License-Identifier: MIT
"""``fit`` as users call it: from names and numbers to what a search takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from puffer_edge.boards import find_board
from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.fitting.budget import Budget
from puffer_edge.fitting.candidate import Space
from puffer_edge.fitting.fitter import Settings, fit
from puffer_edge.fitting.practice import Practice
from puffer_edge.fitting.reporting import report, storage_of
from puffer_edge.fitting.result import Fitted
from puffer_edge.fitting.trainer import Trainer
from puffer_edge.fitting.vectors import KINDS
from puffer_edge.ir import Program
from puffer_edge.naming import stem_from
from puffer_edge.quantization.recording import Observations, record, source_of


def run(program: Program, policy: Any, env: str,
        directory: str | os.PathLike[str] | None, *, board: str, flash: int, ram: int, us: float,
        integers: bool, data: Observations | None, schemes: str | Sequence[str],
        widths: Sequence[int], depths: Sequence[int], activations: str | Sequence[str],
        cells: str | Sequence[str], observation_bits: Sequence[int], trials: int, episodes: int,
        tolerance: float, seed: int, workers: str, storage: str, observe: Sequence[int],
        vector: str, trainer: Trainer | None, progress: Callable[[str], None]) -> Fitted:
    """See :func:`puffer_edge.fit`; ``policy`` is what ``program`` was read from."""
    if any(value.quantization is not None for value in program.values.values()):
        raise UnsupportedError("the policy is in integers already",
                               hint="fit the policy file that it was exported from")
    if bool(env) == (data is not None):
        raise UsageError("where does the policy play?",
                         hint="give either --env CartPole-v1 or --data observations.npz")
    if vector and vector not in KINDS:
        raise UsageError(f"there are no vectors {vector!a:.60}",
                         hint=f"choose one of {', '.join(KINDS)}")
    budget = Budget(find_board(board), flash, ram, us, integers)
    source = Path(policy) if isinstance(policy, str | os.PathLike) else None
    path = Path(f"{source.stem if source else 'policy'}-{budget.board.name}"
                if directory is None else directory)
    settings = Settings(trials, verdict=episodes, tolerance=tolerance, seed=seed, workers=workers,
                        storage=storage or storage_of(path), together=bool(storage))
    where: Any = (Practice(env, tuple(observe), vector) if env
                  else record(source_of(data), program))
    if trainer is None:
        from puffer_edge.fitting.torch_trainer import TorchTrainer

        trainer = TorchTrainer()
    found = fit(program, where, budget, trainer, path, stem_from(path.name),
                space=_space(program, schemes, widths, depths, activations, cells,
                             observation_bits),
                settings=settings, progress=progress)
    report(found, path)
    return found


def _space(program: Program, schemes: str | Sequence[str], widths: Sequence[int],
           depths: Sequence[int], activations: str | Sequence[str], cells: str | Sequence[str],
           observation_bits: Sequence[int]) -> Space:
    space = Space(cells=("gru", "lstm") if program.states else ("",))
    given: dict[str, Any] = {
        "schemes": _several(schemes), "widths": tuple(widths), "depths": tuple(depths),
        "activations": _several(activations), "observation_bits": tuple(observation_bits),
        "cells": tuple("" if each == "none" else each for each in _several(cells))}
    return replace(space, **{name: value for name, value in given.items() if value})


def _several(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) and given else tuple(given)
