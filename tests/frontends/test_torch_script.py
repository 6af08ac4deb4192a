"""TorchScript archives against torch, which runs the same file.

The bound on the difference is that of ``tests/error_bound.py``, derived from the operations.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends import LoadOptions, load_file
from tests.frontends.agreement import agree
from tests.frontends.script_models import CONSTRUCTS, Model, make
from tests.frontends.torch_models import constant_differences

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit", "ignore::DeprecationWarning",
                                        "ignore::torch.jit.TracerWarning")
CONTINUOUS = LoadOptions(action="continuous")


def read(model: Model, directory: Path) -> float | None:
    """How loose the bound is that a model agrees within; None where it was refused."""
    path = directory / "policy.pt"
    model.script.save(str(path))
    try:
        program = load_file(path, CONTINUOUS)
    except UnsupportedError:
        return None
    assert program.contract.observation_size == model.size, model.text
    reference = torch.jit.load(str(path)).eval()
    return agree(program, reference, constant_differences(program, model.policy), model.size)


def check(seeds: range, directory: Path) -> tuple[Counter[str], Counter[str], list[float]]:
    """What the modules of some seeds have, what of it was read, and how loose the bounds were."""
    there, found, loose = Counter[str](), Counter[str](), []
    for seed in seeds:
        model = make(seed, directory)
        bound = read(model, directory)
        there.update(model.constructs)
        if bound is not None:
            found.update(model.constructs)
            loose.append(bound)
    return there, found, loose


def test_random_modules_are_read_as_torch_runs_them(tmp_path: Path) -> None:
    _, found, loose = check(range(1000, 1012), tmp_path)
    assert found["scripted"] and found["traced"] and len(loose) >= 10
    assert np.median(loose) < 1e-2  # a bound that allows anything would prove nothing


@pytest.mark.exhaustive
def test_two_hundred_random_modules(tmp_path: Path) -> None:
    there, found, loose = check(range(200), tmp_path)
    assert all(there[name] >= 20 for name in CONSTRUCTS), there
    assert all(found[name] >= 0.8 * there[name] for name in CONSTRUCTS), (there, found)
    assert np.median(loose) < 1e-2
