# SPDX-License-Identifier: MIT
"""The cores that tests run on, told by the targets themselves: a new target is tested as well."""

from __future__ import annotations

from puffer_edge.targets import TARGETS, Target


def named(targets: list[Target]) -> list[str]:
    return [target.name for target in targets]


_CORES = [target for name, target in TARGETS.items() if name == target.name]
EMULATED = named([target for target in _CORES if target.unicorn_cpu])
CORTEX = named([target for target in _CORES if target.isa == "thumb"])
AVR = named([target for target in _CORES if target.simavr_mcu])
ON_QEMU = named([target for target in _CORES if target.qemu_machine])
BOTH = [core for core in ON_QEMU if core in EMULATED]
