# SPDX-License-Identifier: MIT
"""A box in memory that outlives a reset goes on, also when the reset came in a record."""

from __future__ import annotations

import subprocess
from pathlib import Path

import puffer_edge
from tests.blackbox.logs import STRICT, sound
from tests.tools import need

SOURCE = """
#include "policy_blackbox.h"
#include <stdio.h>
#include <string.h>
static zoo_t policy;
static zoo_blackbox_t box;
static zoo_obs_t obs;
static zoo_action_t action;
static void put(void *file, uint8_t byte) { (void)fputc(byte, (FILE *)file); }
static uint32_t begin(void)
{
    const uint32_t found = zoo_blackbox_resume(&box);
    zoo_blackbox_reset(&box, &policy);
    return found;
}
static void run(uint32_t steps)
{
    uint32_t i;
    for (i = 0; i < steps; i++) {
        float *x = (float *)(void *)&obs;
        x[i % ZOO_OBS_SIZE] += 0.125f;
        (void)zoo_blackbox_step(&box, &policy, &obs, &action, i);
    }
}
int main(void)
{
    FILE *file;
    zoo_blackbox_record_t *torn;
    memset(&box, 0xa5, sizeof box); /* as after power on */
    if (begin() != 0u) return 1;
    run(30u);
    if (begin() != 24u) return 2;
    run(2u);
    torn = &box.block[2].record[3]; /* of the 12th step of this round: begun, and not whole */
    torn->sequence = 36u;
    torn->time ^= 1u;
    if (begin() != 23u) return 3;
    run(1u);
    box.head[2] ^= 1u; /* of another policy */
    box.head[12] ^= 1u;
    file = fopen("other.bin", "wb");
    zoo_blackbox_binary(&box, put, file);
    (void)fclose(file);
    box.head[2] ^= 1u;
    box.head[12] ^= 1u;
    file = fopen("log.bin", "wb");
    zoo_blackbox_binary(&box, put, file);
    (void)fclose(file);
    box.head[2] ^= 1u;
    if (begin() != 0u) return 4;
    memset(&box, 0, sizeof box); /* never started */
    run(2u);
    return box.next == 3u && box.head[0] != 0u ? 0 : 5;
}
"""


def test_a_box_that_outlives_a_reset(tmp_path: Path) -> None:
    need("gcc")
    directory = sound("lstm") / "a"
    (tmp_path / "main.c").write_text(SOURCE)
    subprocess.run(["gcc", "-std=c99", *STRICT, f"-I{directory}", "main.c", "-o", "main",
                    str(directory / "policy.c")], cwd=tmp_path, check=True, timeout=60)
    assert subprocess.run(["./main"], cwd=tmp_path, timeout=60, check=False).returncode == 0
    found = puffer_edge.replay(tmp_path / "log.bin", directory)
    assert found.difference is None and found.last == 33
    assert found.damages == ("the record of step 12 (slot 11) is damaged: its checksum is another",)
