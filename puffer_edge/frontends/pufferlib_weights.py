# SPDX-License-Identifier: MIT
"""PufferLib's bare float32 weights (.bin): native ones of version 4, exported ones of version 3.

Nothing in such a file tells its layers; their sizes come from the user and the run's settings, and
the number of floats must fit exactly one reading of them.

* Version 4 (a dump of the trainer's memory): encoder [H, obs], decoder [choices + 1, H] whose last
  row is the value, the log standard deviations of continuous actions, MinGRU [3H, H] per layer. No
  biases; each tensor starts at a multiple of 8 floats, the end may be cut off.
* Version 3 (``puffer export``): the parameters of the state_dict in their order, each shared one
  once, nothing between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

import numpy as np

from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.frontends import pufferlib, pufferlib4
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Program
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.training_config import TrainingConfig, load_config

DEFAULT_HIDDEN = 128
MAX_LAYERS = 16
MAX_ACTIONS = 64
"""Where the user does not give the choices, as many are tried."""
_HINT = ("give --observation obs:N and --action-sizes (--action continuous with a 1 per element), "
         "and --config config/<env>.ini of the run, or --hidden-size and --num-layers")


@dataclass(frozen=True)
class Reading:
    """One way to read the file.

    Attributes:
        version: 3 or 4.
        observation: inputs.
        hidden: width.
        layers: MinGRU layers (4), or 1 with and 0 without the LSTM (3).
        actions: choices of all heads, or elements of a continuous action.
        continuous: kind of the action.
    """

    version: int
    observation: int
    hidden: int
    layers: int
    actions: int
    continuous: bool

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the tensors, in the file's order."""
        return _native(self) if self.version == 4 else _exported(self)

    @property
    def offsets(self) -> tuple[list[int], int]:
        """Where each tensor starts, and where the last one ends."""
        step, starts, end = (8 if self.version == 4 else 1), [], 0
        for shape in self.shapes.values():
            start = -(-end // step) * step
            starts.append(start)
            end = start + prod(shape)
        return starts, end

    def fits(self, floats: int) -> bool:
        """Whether a file of this many floats can be read so."""
        _, end = self.offsets
        return end <= floats <= (-(-end // 8) * 8 if self.version == 4 else end)

    def __str__(self) -> str:
        kind = "elements" if self.continuous else "choices"
        depth = (f"{self.layers} MinGRU layers" if self.version == 4
                 else f"{'an' if self.layers else 'no'} LSTM")
        return (f"PufferLib {self.version}: {self.observation} inputs, width {self.hidden}, "
                f"{depth}, {self.actions} {kind}")


def load_weights(path: Path, options: LoadOptions) -> Program:
    """The Program of such a file.

    Raises:
        FileFormatError: a number is NaN or infinite, or the settings are damaged.
        UsageError: the sizes given do not fit the file, or several readings do.
    """
    where = str(path)
    numbers = np.frombuffer(read_file(path), "<f4").astype(np.float32)
    if not np.isfinite(numbers).all():
        raise FileFormatError("the weights hold NaN or infinite values", where=where,
                              hint="the training run has diverged; take an earlier checkpoint")
    config = load_config(options.config) if options.config else TrainingConfig(None, None)
    found = [r for r in _readings(options, config, len(numbers)) if r.fits(len(numbers))]
    reading = _choose(found, len(numbers), where)
    starts, _ = reading.offsets
    weights = {name: numbers[start : start + prod(shape)].reshape(shape)
               for start, (name, shape) in zip(starts, reading.shapes.items(), strict=True)}
    known = replace(options, action_sizes=() if reading.continuous else options.action_sizes)
    if reading.version == 4:
        fused = weights.pop("fused")
        decoder = "decoder.decoder_mean" if reading.continuous else "decoder.decoder"
        weights[f"{decoder}.weight"] = fused[:-1]
        weights["decoder.value_function.weight"] = fused[-1:]
        program = pufferlib4.load_state_dict(weights, known, where=where,
                                             source="PufferLib 4 native weights")
    else:
        program = pufferlib.load_state_dict(weights, known, where=where)
        program = replace(program, source=program.source.replace("state_dict", "flat weights"))
    for text in config.notes:
        program = program.noting("stated", text)
    return program.assuming("weights-layout", f"the {len(numbers)} numbers are read as {reading}",
                            "--hidden-size")


def _native(r: Reading) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "encoder.encoder.weight": (r.hidden, r.observation), "fused": (r.actions + 1, r.hidden)}
    if r.continuous:
        shapes["decoder.decoder_logstd"] = (1, r.actions)
    return shapes | {f"network.layers.{i}.weight": (3 * r.hidden, r.hidden)
                     for i in range(r.layers)}


def _exported(r: Reading) -> dict[str, tuple[int, ...]]:
    start = "policy." if r.layers else ""
    head = "decoder_mean" if r.continuous else "decoder"
    shapes: dict[str, tuple[int, ...]] = (
        {f"{start}decoder_logstd": (1, r.actions)} if r.continuous else {})
    for name, rows, columns in (("encoder.0", r.hidden, r.observation),
                                (head, r.actions, r.hidden), ("value", 1, r.hidden)):
        shapes |= {f"{start}{name}.weight": (rows, columns), f"{start}{name}.bias": (rows,)}
    if r.layers:
        gates = 4 * r.hidden
        shapes |= {"lstm.weight_ih_l0": (gates, r.hidden), "lstm.weight_hh_l0": (gates, r.hidden),
                   "lstm.bias_ih_l0": (gates,), "lstm.bias_hh_l0": (gates,)}
    return shapes


def _readings(options: LoadOptions, config: TrainingConfig, floats: int) -> Iterator[Reading]:
    """Every reading that the options and settings allow; what they leave open is tried."""
    hidden = options.hidden_size or config.hidden_size or DEFAULT_HIDDEN
    wanted = options.num_layers if options.num_layers is not None else config.num_layers
    observation = sum(field.size for field in options.observation)
    sizes = options.action_sizes
    # An action of one choice in every dimension is the trainer's way to say continuous.
    alone = bool(sizes) and sum(sizes) == len(sizes)
    for continuous in (False, True):
        if options.action == ("discrete" if continuous else "continuous") or (
                options.action is None and sizes and continuous != alone) or (
                continuous and sizes and not alone):
            continue
        for actions in [sum(sizes)] if sizes else range(1, MAX_ACTIONS + 1):
            for version, most in ((4, MAX_LAYERS), (3, 1)):
                for layers in range(most + 1) if wanted is None else [wanted]:
                    if layers <= most:
                        reading = Reading(version, 0, hidden, layers, actions, continuous)
                        yield from _sized(reading, observation, floats)


def _sized(reading: Reading, observation: int, floats: int) -> Iterator[Reading]:
    """The reading with its number of inputs: the user's, or those that may fill the file."""
    rest = (floats - reading.offsets[1]) // reading.hidden
    for inputs in [observation] if observation else range(max(rest - 1, 1), rest + 2):
        yield replace(reading, observation=inputs)


def _choose(found: list[Reading], floats: int, where: str) -> Reading:
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"no PufferLib policy of the sizes given has {floats} weights",
                         where=where, hint=_HINT)
    shown = "; ".join(map(str, found[:4]))
    raise UsageError(f"the {floats} weights can be read in {len(found)} ways: {shown}"
                     f"{'...' if len(found) > 4 else ''}", where=where, hint=_HINT)
