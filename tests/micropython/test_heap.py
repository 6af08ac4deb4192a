# SPDX-License-Identifier: MIT
"""step() and reset() allocate nothing, and the proof of that can fail in both of its ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from puffer_edge.verification.micropython.interpreters import run_webassembly
from tests.micropython.artefacts import export, session
from tests.tools import need_micropython


@pytest.mark.parametrize("case", ["mlp_int8", "mlp_int16", "mlp_mixed",
                                  "lstm_2_layers_int8x16", "lstm_int16",
                                  "continuous_int8", "multi_discrete_int8",
                                  "conv_strides_int8", "conv_groups_int16", "moved_int8",
                                  "layer_norms_int16"])
def test_a_step_allocates_nothing(case: str, tmp_path: Path) -> None:
    need_micropython()
    export(case, tmp_path / "a")
    gained, locked = session(tmp_path / "a", tmp_path / "run").heap_proof(run_webassembly)
    assert (gained, locked) == (0, "0")


@pytest.mark.parametrize(("planted", "ways"), [
    ("self.log.append([1])", {"gained", "locked"}),    # kept
    ("[1]", {"gained", "locked"}),                     # garbage
    ("(1 << 29) * 2 + self.action[0]", {"gained", "locked"}),  # a long integer
])
def test_a_planted_allocation_is_found(planted: str, ways: set[str], tmp_path: Path) -> None:
    need_micropython()
    export("mlp_int8", tmp_path / "a")
    work = session(tmp_path / "a", tmp_path / "run")
    policy = work.folder / "policy.py"
    policy.write_text(policy.read_text() + f"""
        self.log = []

    def step(self):
        for op in self._ops:
            op()
        {planted}
""")
    gained, locked = work.heap_proof(run_webassembly)
    found = {way for way, bad in (("gained", gained > 0),
                                  ("locked", locked.startswith("MemoryError"))) if bad}
    assert found == ways
