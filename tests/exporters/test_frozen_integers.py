# SPDX-License-Identifier: MIT
"""The integers that files of other runtimes get are those of the version before.

Each op of ``frozen_integers.json`` has its name and eight digits of everything that its numbers
depend on. Where a change is meant, it is told in CHANGELOG.md, and the file is written anew:

    python -m tests.exporters.test_frozen_integers
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from puffer_edge.exporters.formats import FORMATS
from puffer_edge.quantization.calibration import calibrate
from tests import zoo
from tests.support.frozen import frozen

FILE = Path(__file__).with_name("frozen_integers.json")
CASES = ("attention", "conv", "conv_1d", "experts", "gru", "joined", "layer_norms", "lstm",
         "lstm_2_layers", "min_gru", "mlp", "moved", "residual", "stacked")
SCHEMES = {"onnx": ("int8",), "tflite": ("int8", "int8x16")}


def made(target: str, scheme: str, case: str) -> str:
    """What the file computes, as a Program that rounds."""
    prepared = FORMATS[target].prepare(zoo.program(case))
    x = 2 * np.random.default_rng(6).standard_normal(
        (32, prepared.contract.observation_size)).astype(np.float32)
    ranges = calibrate(prepared, x, np.arange(32) % 8 == 0)
    return "; ".join(frozen(FORMATS[target].rounded(prepared, scheme, ranges)))


@pytest.mark.parametrize(("target", "scheme"), [
    (target, scheme) for target, schemes in SCHEMES.items() for scheme in schemes])
def test_integers_stay(target: str, scheme: str) -> None:
    pytest.importorskip("onnx" if target == "onnx" else "flatbuffers")
    then = json.loads(FILE.read_text(encoding="utf-8"))[f"{target} {scheme}"]
    for case in CASES:
        assert made(target, scheme, case).split("; ") == then[case].split("; "), case


if __name__ == "__main__":
    FILE.write_text(json.dumps({
        f"{target} {scheme}": {case: made(target, scheme, case) for case in CASES}
        for target, schemes in SCHEMES.items() for scheme in schemes}, indent=1) + "\n",
        encoding="utf-8")
