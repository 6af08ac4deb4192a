# SPDX-License-Identifier: MIT
"""The heap that export tells, beside what MicroPython for 32-bit Arm really takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from puffer_edge.exporters.micropython.heap import heap
from puffer_edge.ir import Program
from tests import zoo
from tests.micropython.artefacts import program
from tests.micropython.test_armhf import exported, lstm, mlp
from tests.support.armhf import need_armhf, run_armhf

LOAD = """
import gc
gc.collect()
free, before = gc.mem_free(), gc.mem_alloc()
from policy import Policy
policy = Policy()
policy.reset()
policy.step()
gc.collect()
print("heap", free, gc.mem_alloc() - before)
"""


def smallest(folder: Path, kept: int) -> int:
    """Bytes that were free before the import, in the smallest heap in which it loads."""
    low, high, free = kept, 8 * kept + 65536, 0
    while high - low > 1024:
        middle = (low + high) // 2
        code, said = run_armhf(folder, LOAD, middle)
        if code == 0 and said.startswith("heap"):
            high, free = middle, int(said.split()[1])
        else:
            low = middle
    return free


@pytest.mark.parametrize(("made", "scheme", "kernels", "compiled"), [
    ("mlp", "int8", "bytecode", True),
    *[pytest.param(made, scheme, kernels, compiled, marks=pytest.mark.exhaustive)
      for made in ("mlp", "gru_2_layers", "conv_groups", "attention", "small", "lstm")
      for scheme in ("int8", "int16") for kernels in ("bytecode", "viper")
      for compiled in (True, False)
      if (made, scheme, kernels, compiled) != ("mlp", "int8", "bytecode", True)]])
def test_the_heap_is_what_export_says(made: str, scheme: str, kernels: str, compiled: bool,
                                      tmp_path: Path) -> None:
    """What is told is enough, and not much more."""
    need_armhf()
    larger = {"small": mlp, "lstm": lstm}
    policy: Program = (zoo.in_integers(larger[made](), scheme) if made in larger
                       else program(f"{made}_{scheme}"))
    exported(policy, tmp_path / "a", kernels, compiled=compiled, scheme=scheme)
    about = json.loads((tmp_path / "a" / "policy.json").read_text())["micropython"]
    told = about["heap"]["mpy" if compiled else "source"]
    code, said = run_armhf(tmp_path / "a", LOAD, 8 << 20)
    assert code == 0, said
    machine_code = about["kernel_bytes"] if compiled else 0  # outside of the unix port's heap
    kept = int(said.split()[2]) + machine_code
    needed = smallest(tmp_path / "a", kept) + machine_code
    assert 0.9 * kept <= told["kept"] <= 1.35 * kept, (kept, told)
    assert needed <= told["needed"] + 1024 and told["needed"] <= 1.5 * needed, (needed, told)


def test_the_parts_of_an_estimate() -> None:
    """Arrays and machine code count once where they stay, all other code as fitted; no form needs
    less while it is loaded than it keeps."""
    def told(arrays: int = 0, **sizes: int) -> dict[str, dict[str, int]]:
        files = {name.replace("__", "."): bytes(size) for name, size in sizes.items()}
        return heap({"policy.py": bytes(1000), **files}, arrays)

    assert set(told()) == {"source"} and set(told(policy__mpy=10)) == {"source", "mpy"}
    small, large = told(), told(arrays=5000)
    assert large["source"]["kept"] - small["source"]["kept"] == 5000
    assert large["source"]["needed"] - small["source"]["needed"] == 5000
    compiled, filled = told(policy__mpy=1000), told(5000, policy__mpy=1000)
    assert filled["mpy"]["kept"] - compiled["mpy"]["kept"] == 5000
    assert 5000 < filled["mpy"]["needed"] - compiled["mpy"]["needed"] < 6000  # in pieces
    native = told(policy__mpy=1000, policy_kernels__mpy=700)
    assert native["mpy"]["kept"] - compiled["mpy"]["kept"] == 700
    assert native["mpy"]["needed"] - compiled["mpy"]["needed"] == 2 * 700  # read, then placed
    for name in ("policy_runtime", "policy_robot"):
        more = told(policy__mpy=1000, **{f"{name}__mpy": 400})
        assert more["mpy"]["kept"] > compiled["mpy"]["kept"] + 400
        longer = told(**{f"{name}__py": 3000})
        assert longer["source"]["kept"] == pytest.approx(4 * small["source"]["kept"], abs=2)
        # The largest file is compiled alone.
        assert longer["source"]["needed"] == pytest.approx(3 * small["source"]["needed"], abs=2)
    for form in told(10_000_000, policy__mpy=1).values():
        assert form["needed"] >= form["kept"]
