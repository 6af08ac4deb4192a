# SPDX-License-Identifier: MIT
"""The policy that plays in the page: its bits are the oracle's, its environments gymnasium's.

Run in node here; ``make page`` does the same in a browser.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.artefact.opening import read_subject
from puffer_edge.errors import MissingDependencyError
from puffer_edge.exporters.regenerating import read_code
from puffer_edge.page.player import building
from puffer_edge.page.player.building import WASM, build
from puffer_edge.page.render import render
from puffer_edge.page.writing import add
from puffer_edge.toolchains.zig import Zig
from tests import zoo
from tests.page.worlds import REPLAY, SCRIPTS, WORLDS, difference, episodes, sources
from tests.tools import need

READ = "const input = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n"
SAY = "process.stdout.write(JSON.stringify(answer));\n"


def run(script: str, given: object) -> Any:
    """What a script makes of plain data in node."""
    need("node")
    done = subprocess.run(["node", "-e", script], input=json.dumps(given), capture_output=True,
                          text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def compare(name: str, steps: int) -> float:
    asked, answers = episodes(name, steps)
    script = sources() + REPLAY + READ + "const answer = replay(input.name, input.asked);\n" + SAY
    return difference(run(script, {"name": name, "asked": asked}), answers, 1000)


@pytest.mark.parametrize("name", WORLDS)
def test_environments_are_gymnasiums(name: str) -> None:
    """... over whole episodes from the same seeds, never put back on gymnasium's state."""
    assert compare(name, 600) <= 1e-6


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", WORLDS)
def test_environments_are_gymnasiums_over_10000_steps(name: str) -> None:
    assert compare(name, 10_000) <= 1e-6


def test_random_numbers_are_numpys() -> None:
    seeds = [0, 1, 100_000, 2**32 - 1, 2**32, 2**53 - 1]
    script = (SCRIPTS / "random.js").read_text() + READ + (
        "const answer = input.map((seed) => { const random = new Random(seed);"
        " return [...Array(40)].map(() => random.uniform(-3, 5)); });\n") + SAY
    found = run(script, seeds)
    for seed, numbers in zip(seeds, found, strict=True):
        assert numbers == np.random.default_rng(seed).uniform(-3, 5, 40).tolist()


def test_the_pages_policy_gives_the_oracles_bits(tmp_path: Path) -> None:
    """Choices beside continuous numbers, after one another in the action's struct."""
    need("node")
    puffer_edge.export(zoo.program("hybrid"), tmp_path / "a", target="cortex-m")
    subject = read_subject(tmp_path / "a")
    vectors = subject.vectors
    player = build(subject, read_code(tmp_path / "a", subject.manifest))
    assert player.size > 1000 and player.missing == ""
    script = (SCRIPTS / "policy.js").read_text() + READ + (
        "Policy.open(input.policy).then((policy) => { const wrong = policy.selftest();"
        " const steps = input.observations.map((row, i) => {"
        " if (input.reset[i]) policy.reset(); return policy.step(row); });"
        " const answer = {wrong, steps}; " + SAY + "});\n")
    found = run(script, {"policy": player.data["policies"][0],
                         "observations": vectors.observations.tolist(),
                         "reset": vectors.reset.tolist()})
    assert found["wrong"] == 0 and len(found["steps"]) == len(vectors.observations)
    for index, step in enumerate(found["steps"]):
        assert step["status"] == 0
        for output, ours in zip(vectors.outputs.values(), step["outputs"], strict=True):
            assert np.array_equal(np.float32(ours), output[index])
        action = vectors.actions[index]
        assert step["action"] == [*action["continuous"].tolist(), *action["discrete"].tolist()]


def test_without_zig_the_page_says_how_to_get_the_player(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    puffer_edge.export(zoo.program("hybrid"), tmp_path / "a", target="cortex-m")

    def missing(self: object) -> list[str]:
        raise MissingDependencyError("the compiler zig is not installed", hint="")

    monkeypatch.setattr(Zig, "driver", missing)
    page = add(tmp_path / "a", "bench", {"rows": []}).read_text()
    assert "pip install &#39;puffer-edge[emulator]&#39;" in page
    assert "player-data" not in page and len(page) < 300_000
    report = json.loads((tmp_path / "a" / "report.json").read_text())
    assert report["passed"] is None and "Not verified yet" in page


def test_other_artefacts_have_no_player(tmp_path: Path) -> None:
    puffer_edge.export(zoo.program("mlp"), tmp_path / "a", target="micropython", scheme="int8",
                       kernels="bytecode", calibrate=np.tile(np.eye(6, dtype=np.float32), (9, 1)))
    subject = read_subject(tmp_path / "a")
    player = build(subject, {})
    assert not player.data and "export the policy for cortex-m" in player.missing
    assert player.missing.split(";")[0] in render({}, player)


def test_what_does_not_compile_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    puffer_edge.export(zoo.program("mlp"), tmp_path / "a", target="cortex-m")
    subject = read_subject(tmp_path / "a")
    monkeypatch.setattr(building, "LARGEST", 10)
    assert "larger" in build(subject, read_code(tmp_path / "a", subject.manifest)).missing
    assert "does not compile" in build(subject, {"policy.h": b"#error no\n"}).missing
    assert WASM.zig_target.startswith("wasm32")
