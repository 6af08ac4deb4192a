# SPDX-License-Identifier: MIT
"""Policy files in the exact format of each trainer, and what the trainer's network gives for them.

``ROWS`` is what the table of docs/reference/formats.md is made of (``table.py``). The tests load
each row's file, compare with the network, export and verify.
"""

from __future__ import annotations

from tests.frontends.support import (
    containers,
    d3rlpy,
    flax_models,
    graphs,
    keras_models,
    pufferlib,
    rltools,
    scripts,
    stable_baselines3,
    tflite,
    trainers,
    vision,
)
from tests.frontends.support.row import Row

ROWS: tuple[Row, ...] = (
    *pufferlib.ROWS, *vision.ROWS, *stable_baselines3.ROWS, *trainers.ROWS, *scripts.ROWS,
    *containers.ROWS, *d3rlpy.ROWS, *graphs.ROWS, *rltools.ROWS, *keras_models.ROWS,
    *flax_models.ROWS,
    *tflite.ROWS)
