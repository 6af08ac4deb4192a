# SPDX-License-Identifier: MIT
"""TFLite files in tflite-runtime 2.14, which boards have: Python 3.11 at most, and numpy 1."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from puffer_edge.exporters import tflite
from puffer_edge.exporters.formats import halved
from puffer_edge.interpreter import Interpreter
from puffer_edge.quantization.calibration import calibrate
from tests import zoo
from tests.error_bound import ErrorBound

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("run_tflite_runtime.py")
STEPS = 20


def _python() -> Path:
    """The interpreter that `.ci/run` makes, or that PUFFER_EDGE_TFLITE_PYTHON names."""
    return Path(os.environ.get("PUFFER_EDGE_TFLITE_PYTHON", ROOT / ".venv-tflite/bin/python"))


@pytest.mark.skipif(not _python().exists(), reason="there is no tflite-runtime; .ci/run brings it")
def test_every_scheme_in_every_resolver(tmp_path: Path) -> None:
    expected, limits = {}, {}
    for case in zoo.CASES:
        for scheme in tflite.SCHEMES:
            program = zoo.program(case)
            program = halved(program) if scheme == "float16" else program
            prepared = tflite.prepare(program)
            x = zoo.permitted(program, np.random.default_rng(1).standard_normal(
                (STEPS, program.contract.observation_size)).astype(np.float32))
            ranges = (calibrate(prepared, x, np.arange(STEPS) == 0)
                      if scheme in tflite.CALIBRATED else None)
            name = f"{case}-{scheme}"
            (tmp_path / f"{name}.tflite").write_bytes(tflite.write(prepared, scheme, ranges))
            np.savez(tmp_path / f"{name}.npz", observations=x,
                     **{f"state_{i}": state.initial for i, state in enumerate(program.states)})
            oracle, bound = Interpreter(program), ErrorBound(program)
            rows = [(bound.step(oracle.values(row))["logits"], oracle.step(row)["logits"])
                    for row in x]
            limits[name], expected[name] = map(np.stack, zip(*rows, strict=True))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    subprocess.run([_python(), SCRIPT, tmp_path], check=True, env=environment, timeout=120)
    found = sorted(tmp_path.glob("*.npy"))
    assert len(found) == 3 * len(expected)
    for path in found:
        name = path.name.split(".")[0]
        error = np.abs(np.load(path).astype(np.float64) - expected[name])
        if name.endswith(("float32", "float16")):
            assert np.all(error <= limits[name]), path.name
        else:
            # Weights of 8 bits are off by 1/254 of the largest; a wrong kernel by a whole range. A
            # norm divides by the spread of three numbers, which may be a third of their size.
            normed = name.startswith(("layer_norms", "experts", "attention"))
            share = 0.09 if normed else 0.03
            if name.startswith("joined"):
                # Parts 500 times smaller than others have one scale with them, as TFLite knows no
                # other way: what is lost there is no fault of a kernel, and all must lose the same.
                reference = np.load(tmp_path / f"{name}.reference.npy")
                error = np.abs(np.load(path).astype(np.float64) - reference)
            assert error.max() <= share * max(1.0, np.abs(expected[name]).max()), path.name
