# SPDX-License-Identifier: MIT
"""Runs a policy on simavr: a whole AVR with its flash, memory, timers and serial port."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from puffer_edge.errors import UsageError, VerificationError
from puffer_edge.verification.emulators.machine import Checked, StepResult, check_observation
from puffer_edge.verification.emulators.simavr import TIMEOUT, Simavr, flash_of, integer
from puffer_edge.verification.harness import ImageBuilder

HEAD = struct.Struct("<iIH")
"""Status, cycles and stack of a step, as harness/avr.c writes them."""
HEADER = 4
"""Bytes before the policy's memory and the records."""


class SimavrMachine:
    """One policy on one AVR; every ``run`` is a boot, or several where flash is too small.

    Args:
        builder: gives the images; its target must name an AVR.
        timeout: seconds within which the self-test, and then each step, must end.

    Raises:
        MissingDependencyError: simavr, avr-gcc or pyelftools is not installed.
        UsageError: the target is no AVR.
        VerificationError: the policy does not fit into flash or memory.
    """

    def __init__(self, builder: ImageBuilder, *, timeout: float = TIMEOUT) -> None:
        target = builder.target
        if target.simavr_mcu is None:
            raise UsageError(f"{target.title} is not run on simavr",
                             hint=f"use the emulator {target.emulators[0]}")
        self.spec = builder.spec
        self._builder = builder
        self._stack_peak = 0
        self._where = f"{self.spec.name} on simavr's {target.simavr_mcu}"
        self._simavr = Simavr(target.simavr_mcu, timeout=timeout, where=self._where)
        self._flash = flash_of(builder.firmware.path, target)

    def run(self, observations: Sequence[bytes], reset_at: Collection[int] = (0,)
            ) -> list[StepResult]:
        """Boots, then steps through the observations, resetting before those in ``reset_at``.

        The policy always starts reset; what does not fit into flash at once carries on in another
        boot with the policy's memory.

        Raises:
            UsageError: an observation has the wrong size.
            VerificationError: a fault, a stack that meets the variables, or no end in time.
        """
        resets = {0, *reset_at}
        records = []
        for index, observation in enumerate(observations):
            check_observation(self.spec, observation)
            records.append(bytes([index in resets]) + observation)
        size = HEAD.size + self._builder.action_bytes + 4 * self.spec.n_outputs
        policy, results = b"", []
        for part in self._parts(records):
            said = self._simavr.boot(self._flash, b"s" + struct.pack(
                "<HB", len(part), bool(policy)) + policy + b"".join(part))
            if len(said) < size * len(part):
                raise VerificationError(f"{len(said) // size} of {len(part)} steps came back",
                                        where=self._where)
            results += [self._result(said[size * index:][:size]) for index in range(len(part))]
            policy = said[size * len(part):]
        return results

    def selftest(self) -> int:
        """The policy's own self-test: 0 when every vector matches bit for bit."""
        image = self._builder.selftest_firmware.path
        return integer(self._simavr.boot(flash_of(image, self._builder.target)))

    def check(self) -> Checked:
        """Looks for damaged weights."""
        said = self._simavr.boot(self._flash, b"c")
        return Checked(integer(said), cycles=int.from_bytes(said[4:8], "little") or None)

    def stack_used(self) -> int:
        """The deepest stack of all steps so far, in bytes."""
        return self._stack_peak

    def _parts(self, records: list[bytes]) -> Iterator[list[bytes]]:
        """Records, as many at once as fit behind the image and the policy's memory."""
        room = self._flash.size - len(self._flash.image) - HEADER - self._builder.target.ram_bytes
        most = min(room // (1 + self.spec.obs_bytes), 0xFFFF)
        if most < 1:
            raise VerificationError("no observation fits into flash beside the policy",
                                    where=self._where)
        for start in range(0, len(records), most):
            yield records[start:start + most]

    def _result(self, record: bytes) -> StepResult:
        status, cycles, stack = HEAD.unpack_from(record)
        self._stack_peak = max(self._stack_peak, stack)
        end = HEAD.size + self._builder.action_bytes
        gap, unused = self.spec.action_gap
        return StepResult(
            status=status,
            action=record[HEAD.size:HEAD.size + gap] + bytes(unused) + record[HEAD.size + gap:end],
            outputs=np.frombuffer(record, "<f4", offset=end).astype(np.float32),
            instructions=None, cycles=cycles or None)
