# SPDX-License-Identifier: MIT
"""Runs a policy on QEMU's Cortex-M boards: another emulator, a whole image with its start-up."""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from puffer_edge import processes
from puffer_edge.errors import MissingDependencyError, UsageError, VerificationError
from puffer_edge.verification.emulators.machine import StepResult, check_observation
from puffer_edge.verification.emulators.watchdog import Watchdog
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.harness.build import INPUT_BYTES

PROGRAM = "qemu-system-arm"
TIMEOUT = 120.0  # seconds


class QemuMachine:
    """One policy on one board; every ``run`` is a boot.

    Args:
        builder: gives the firmware image; its target must name a QEMU machine.
        timeout: seconds within which the self-test, and then each step, must end.

    Raises:
        MissingDependencyError: ``qemu-system-arm`` is not installed.
        UsageError: QEMU has no board for the target.
    """

    def __init__(self, builder: ImageBuilder, *, timeout: float = TIMEOUT) -> None:
        target = builder.target
        if target.qemu_machine is None:
            raise UsageError(f"{target.title} is not run on QEMU", hint="use the emulator unicorn")
        program = shutil.which(PROGRAM)
        if program is None:
            raise MissingDependencyError(
                f"{PROGRAM} is not installed", hint="sudo apt install qemu-system-arm"
            )
        self.spec = builder.spec
        self._image = builder.firmware.path
        self._input_address = builder.input_address
        self._where = f"{self.spec.name} on QEMU's {target.qemu_machine}"
        self._timeout = timeout
        self._stack_peak = 0
        self._command = [program, "-M", target.qemu_machine, "-kernel", str(self._image)]
        self._command += ["-display", "none", "-monitor", "none", "-serial", "none"]
        self._command += ["-semihosting-config", "enable=on,target=native", "-icount", "shift=0"]

    def run(
        self, observations: Sequence[bytes], reset_at: Collection[int] = (0,)
    ) -> list[StepResult]:
        """Boots, then steps through the observations, resetting before those in ``reset_at``.

        The policy always starts reset. Each step runs several times, from the same state, to count
        its instructions exactly.

        Raises:
            UsageError: an observation has the wrong size, or all are more than 1 MB.
            VerificationError: a fault, or no end within the time.
        """
        resets = {0, *reset_at}
        records = []
        for index, observation in enumerate(observations):
            check_observation(self.spec, observation)
            records.append(bytes([index in resets]) + observation)
        lines = self._boot(len(records), b"".join(records))
        steps = [self._result(line) for line in lines if line.startswith("STEP ")]
        if len(steps) != len(records):
            raise VerificationError(
                f"{len(steps)} of {len(records)} steps came back", where=self._where
            )
        return steps

    def selftest(self) -> int:
        """The policy's own self-test: 0 when every vector matches bit for bit."""
        for line in self._boot(0, b""):
            if line.startswith("SELFTEST "):
                wrong: int = struct.unpack("<i", bytes.fromhex(line.split()[1]))[0]
                return wrong
        raise VerificationError("the self-test says nothing", where=self._where)

    def check(self) -> None:
        """None: the self-test does it."""
        return None

    def stack_used(self) -> int:
        """The deepest stack of all steps so far, in bytes."""
        return self._stack_peak

    def _boot(self, steps: int, records: bytes) -> list[str]:
        spec = self.spec
        sizes = struct.pack("<4I", steps, spec.obs_bytes, spec.action_bytes, 4 * spec.n_outputs)
        if len(sizes) + len(records) > INPUT_BYTES:
            raise UsageError(f"{steps} observations do not fit in {INPUT_BYTES} bytes at once")
        with tempfile.TemporaryDirectory(prefix="puffer-edge-") as folder:
            data = Path(folder) / "input.bin"
            data.write_bytes(sizes + records)
            loader = f"loader,file={str(data).replace(',', ',,')},force-raw=on"
            loader += f",addr={self._input_address:#x}"
            return self._listen([*self._command, "-device", loader])

    def _listen(self, command: list[str]) -> list[str]:
        """The lines that QEMU says, each of them in time."""
        lines = []
        process = processes.start(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        with process:
            assert process.stdout is not None
            watchdog = Watchdog(process, self._timeout)
            try:
                while line := watchdog.guard(process.stdout.readline):
                    lines.append(line)
                if not watchdog.bitten:
                    process.wait()
            finally:
                processes.end(process)
        if watchdog.bitten:
            raise VerificationError(
                f"a step does not end within {self._timeout:g} s", where=self._where
            )
        if process.returncode:
            said = "".join(lines).strip()[-300:]
            raise VerificationError(
                f"the firmware ends with code {process.returncode}: {said}", where=self._where
            )
        return lines

    def _result(self, line: str) -> StepResult:
        measured, action, outputs = (bytes.fromhex(part) for part in line.split()[1:])
        status, instructions, stack = struct.unpack("<iII", measured)
        self._stack_peak = max(self._stack_peak, stack)
        return StepResult(
            status=status,
            action=action,
            outputs=np.frombuffer(outputs, dtype="<f4").astype(np.float32),
            instructions=instructions or None,
        )
