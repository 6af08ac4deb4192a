# SPDX-License-Identifier: MIT
"""Behind a shield a log says what it found, which steps it held back, and both actions."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import puffer_edge
from puffer_edge.artefact import program_file
from puffer_edge.blackbox import Size, layout_of
from puffer_edge.blackbox.reading import STATUSES, read_log
from puffer_edge.blackbox.replaying import Replay
from puffer_edge.blackbox.writing import to_mcap
from puffer_edge.shield import Wish
from puffer_edge.shield.wish import TermWish
from tests import zoo
from tests.blackbox.logs import STRICT
from tests.tools import need

SOURCE = """
#include "policy_blackbox.h"
#include <stdio.h>
#include <string.h>
static zoo_t policy;
static zoo_shield_t shield;
static zoo_blackbox_t box;
static zoo_obs_t obs;
static zoo_action_t action;
static void put(void *file, char letter) { (void)fputc(letter, (FILE *)file); }
int main(void)
{
    float *x = (float *)(void *)&obs;
    uint32_t i;
    uint32_t k;
    zoo_blackbox_start(&box);
    zoo_blackbox_reset(&box, &policy);
    zoo_shield_reset(&shield);
    for (i = 0; i < 60u; i++) {
        for (k = 0; k < ZOO_OBS_SIZE; k++) {
            x[k] = (float)(int32_t)((i * 7u + k * 3u) % 11u) * 0.125f;
        }
        if (i % 10u == 3u) x[i % ZOO_OBS_SIZE] = 50.0f;
        if (i % 10u == 7u) memset(x, 0xff, sizeof *x);
        (void)zoo_blackbox_shield_step(&box, &policy, &shield, &obs, i * 1000u, i * 1000u, &action);
    }
    zoo_blackbox_text(&box, put, stdout);
    return 0;
}
"""


def test_what_a_shield_did(tmp_path: Path) -> None:
    need("gcc")
    wish = Wish(first="safe", terms=(TermWish("obs", low=-3.0, high=3.0),))
    directory = puffer_edge.export(zoo.program("lstm"), tmp_path / "a", name="zoo",
                                   black_box=(60, 5), shield=wish)
    (tmp_path / "main.c").write_text(SOURCE)
    subprocess.run(["gcc", "-std=c99", *STRICT, f"-I{directory}", "main.c", "-o", "main",
                    str(directory / "policy.c")], cwd=tmp_path, check=True, timeout=60)
    log = subprocess.run(["./main"], cwd=tmp_path, timeout=60, check=True, capture_output=True)
    (tmp_path / "log").write_bytes(log.stdout)
    program = program_file.from_bytes((directory / "program.npz").read_bytes())
    found = read_log(tmp_path / "log", layout_of(program, Size(60, 5)))
    run = Replay(program, None, found).run()
    assert run.difference is None and found.damages == ()
    assert (run.untaken, run.equal) == (12, 48)
    said = [json.loads(message) for message in _messages(to_mcap(found, program, "zoo"))]
    held = [each["sequence"] - 1 for each in said if each["status"] == STATUSES[254]]
    assert held == [i for i in range(60) if i % 10 in (3, 7)]
    assert {each["faults"] for each in said if each["sequence"] % 10 == 8} == {3}
    assert all(each["applied"] == each["action"] for each in said if not each["faults"])
    assert any(each["applied"] != each["action"] for each in said if each["faults"])


def _messages(content: bytes) -> list[bytes]:
    from mcap.reader import make_reader

    reader = make_reader(io.BytesIO(content))
    return [message.data for _, _, message in reader.iter_messages()]
