# SPDX-License-Identifier: MIT
"""SpaceTree against a recursive flatten, element by element, at 100,000 elements.

Run by ``python benchmarks/flatten.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces

from puffer_edge.spaces import SpaceTree


def recursive(space: Any, value: Any) -> list[float]:
    if isinstance(space, spaces.Dict):
        return [x for key in space for x in recursive(space[key], value[key])]
    return [float(x) for x in np.asarray(value).reshape(-1)]


def fastest(run: Callable[[], object], times: int) -> float:
    """Seconds of the fastest of several runs."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def main() -> None:
    space = spaces.Dict({f"sensor_{i}": spaces.Dict({
        "image": spaces.Box(0, 255, (100, 90), np.uint8),
        "range": spaces.Box(-1, 1, (1000,))}) for i in range(10)})
    space.seed(0)
    tree, observation = SpaceTree(space), space.sample()
    out = np.empty(tree.size, np.float32)
    slow = fastest(lambda: recursive(space, observation), 5)
    for name, run in {"flatten": lambda: tree.flatten(observation, out),
                      "pack": lambda: tree.pack(observation)}.items():
        ours = fastest(run, 50)
        print(f"{name}: {ours * 1e6:.0f} us; recursive: {slow * 1e6:.0f} us; "
              f"ratio {slow / ours:.0f}")


if __name__ == "__main__":
    main()
