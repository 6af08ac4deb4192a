# SPDX-License-Identifier: MIT
"""A forbidden choice is never taken or drawn: every idiom, scheme and way of running a policy.

The small form runs two idioms; ``tests/proof/test_masks.py`` all of them, 10,000 masks each.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from puffer_edge import runtimes
from puffer_edge.errors import StepError
from puffer_edge.ir import Program
from puffer_edge.ir.status import Status
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.integer_input import integer_input
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import SCHEMES
from puffer_edge.sampling import Sampler, never
from tests.masks.idioms import SIZES, model
from tests.masks.test_recognizing import CUTS, load, steps

ALL = ("float32", *SCHEMES)
BACKENDS = ("numpy", "native", "micropython")


def in_scheme(program: Program, scheme: str) -> Program:
    if scheme == "float32":
        return optimize(program)
    prepared = optimize(program, fuse=False)
    seen = steps(program, 64, 5)
    return quantize(prepared, calibrate(prepared, seen, np.arange(64) == 0), SCHEMES[scheme])


def check(program: Program, backend: str, count: int) -> None:
    """Every action is allowed, drawn ones included; a mask that forbids all is refused."""
    mask = program.contract.mask
    assert mask is not None
    drawn = (None if program.values[program.outputs[0]].dtype == "float32" else
             Sampler(SIZES, program.values[program.outputs[0]].quantization.scale, 1,
                     never(program)))
    with runtimes.load(program, backend) as policy:
        for x in steps(program, count, 9):
            flags = np.split(mask.allowed(x), CUTS)
            actions = [policy.step(x)]
            if drawn is not None:
                actions.append(drawn.act(policy.outputs["logits"]))
            for action in actions:
                assert all(part[choice] for part, choice in zip(flags, action, strict=True))
        x[mask.part] = 0
        with pytest.raises(StepError) as raised:
            policy.step(x)
        assert raised.value.status == Status.NO_CHOICE


@pytest.mark.parametrize("scheme", ALL)
@pytest.mark.parametrize("idiom", ["log_clip", "mlagents"])
def test_no_forbidden_choice(idiom: str, scheme: str, tmp_path: Path) -> None:
    program = in_scheme(load(model(idiom, reach=1e4), tmp_path), scheme)
    for backend in BACKENDS[: 2 if scheme == "float32" else 3]:
        check(program, backend, 60)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_policy_itself_is_no_worse_in_integers(scheme: str, tmp_path: Path) -> None:
    """A mask that is multiplied or added would cost the logits their bits."""
    program = load(model("added"), tmp_path)
    integers, floats = in_scheme(program, scheme), in_scheme(program, "float32")
    with runtimes.load(integers, "numpy") as ours, runtimes.load(floats, "numpy") as theirs:
        same = [np.array_equal(ours.step(x), theirs.step(x)) for x in steps(program, 200, 3)]
    assert np.mean(same) >= 0.97
    assert integer_input(integers) is not None
