# SPDX-License-Identifier: MIT
"""The autoencoder of MLPerf Tiny in int8 beside what others measured on boards.

    python benchmarks/mlperf_tiny.py

The net is that of mlcommons/tiny's anomaly detection, 640-128-128-128-128-8-128-128-128-128-640
with ReLU, 264,192 multiply-accumulates; its weights are made up here, which takes the same time.
Ours are estimates (puffer_edge/timing), from no wait to every wait that may be; theirs are
measured: MLPerf Tiny v1.1, github.com/mlcommons/tiny_results_v1.1 at c32ef94.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from nets import Net

import puffer_edge

SIZES = (128, 128, 128, 128, 8, 128, 128, 128, 128)
MEASURED = {
    "nucleo-l4r5zi": {"Plumerai": 246.8, "Bosch": 176.7, "ST X-CUBE-AI 8.1": 145.8,
                      "microTVM with CMSIS-NN": 116.2, "microTVM": 85.3},
    "nucleo-f746zg": {"the fastest": 585.0}, "nucleo-u575zi": {"the fastest": 272.0},
    "nucleo-g0b1re": {"the fastest": 21.5}, "nrf5340-dk": {"the fastest": 159.0}}
"""Inferences per second, by board and who submitted."""


def main() -> None:
    net = Net(640)
    x = net.x
    for size in SIZES:
        x = net.linear(x, size, "relu")
    program = net.program(continuous=True, mean=net.linear(x, 640))
    assert program.macs == 264_192
    seen = np.random.default_rng(1).standard_normal((200, 640)).astype(np.float32)
    print("| board | measured, per second | cycles | ours, cycles, estimated | likely | "
          "per second, likely |")
    print("|---|---|--:|--:|--:|--:|")
    for name, measured in MEASURED.items():
        with tempfile.TemporaryDirectory() as folder:
            where = puffer_edge.export(program, Path(folder) / "a", board=name, scheme="int8",
                                       calibrate=seen)
            told = puffer_edge.step_time(where, name)
        assert told is not None
        for who, rate in measured.items():
            print(f"| {name} | {who} {rate} | {told.hertz / rate:,.0f} | {told.least:,} to "
                  f"{told.most:,} | {told.likely:,} | {told.hertz / told.likely:,.1f} |")


if __name__ == "__main__":
    main()
