# SPDX-License-Identifier: MIT
"""Policies to emulate, what they must compute, and images that are built once per session."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from puffer_edge.artefact.interface import Interface
from puffer_edge.targets import find_target
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.emulators.machine import Machine
from puffer_edge.verification.emulators.opening import open_machine
from puffer_edge.verification.harness import ImageBuilder

FOLDER = Path(__file__).parent
LANDER = Interface("lander", 32, 4, (("logits", 4),))
PROBE = Interface("probe", 8, 4, (("arithmetic", 4), ("compared", 6)))

Build = Callable[..., ImageBuilder]
Run = Callable[..., Machine]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """build(target, toolchain="zig", spec=LANDER, header=lander.h, **options), once each."""

    @cache
    def built(
        target: str,
        toolchain: str = "zig",
        spec: Interface = LANDER,
        header: Path | None = None,
        **options: str,
    ) -> ImageBuilder:
        return ImageBuilder(
            header or FOLDER / f"{spec.name}.h",
            spec,
            find_target(target),
            find_toolchain(toolchain),
            tmp_path_factory.mktemp(f"{spec.name}-{target}-{toolchain}"),
            **options,
        )

    return built


@pytest.fixture
def run_on() -> Iterator[Run]:
    """run_on(builder, emulator="unicorn"): a machine that ends with the test."""
    with ExitStack() as machines:

        def opened(builder: ImageBuilder, emulator: str = "unicorn") -> Machine:
            return machines.enter_context(open_machine(builder, emulator))

        yield opened


class Lander:
    """The sample policy in numpy: the same float32 operations in the same order."""

    def __init__(self) -> None:
        source = (FOLDER / "lander.h").read_text()
        tables = re.findall(r"static const float lander_(\w+)\[\d+\] = \{([^}]*)\}", source)
        values = {
            name: np.array([float(x.rstrip("f")) for x in re.findall(r"[-+.\de]+f", text)], "f4")
            for name, text in tables
        }
        self.w_in = values["w_in"].reshape(8, 8)
        self.w_state = values["w_state"].reshape(8, 8)
        self.b_state, self.b_out = values["b_state"], values["b_out"]
        self.w_out = values["w_out"].reshape(4, 8)
        self.reset()

    def reset(self) -> None:
        self.state = np.zeros(8, np.float32)

    def step(self, observation: np.ndarray) -> np.ndarray:
        total = self.b_state.copy()
        for weights, vector in ((self.w_in, observation), (self.w_state, self.state)):
            for k in range(8):
                total += weights[:, k] * vector[k]
        total = np.clip(total, np.float32(-3), np.float32(3))
        square = total * total
        nine, limit = np.float32(9), np.float32(27)
        self.state = total * (limit + square) / (limit + nine * square)
        logits = self.b_out.copy()
        for k in range(8):
            logits += self.w_out[:, k] * self.state[k]
        assert logits.dtype == np.float32
        return logits


@pytest.fixture
def lander() -> Lander:
    return Lander()


def edited_lander(folder: Path, old: str, new: str) -> Path:
    """A copy of lander.h with one planted fault."""
    source = (FOLDER / "lander.h").read_text()
    assert old in source
    header = folder / "lander.h"
    header.write_text(source.replace(old, new, 1))
    return header
