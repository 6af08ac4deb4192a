# SPDX-License-Identifier: MIT
"""Runs a policy on this computer, in a process of its own.

A child process and not a library in ours: a policy that crashes or hangs gives an error here.
"""

from __future__ import annotations

import contextlib
import struct
import subprocess
import weakref
from types import TracebackType

import numpy as np

from puffer_edge import processes
from puffer_edge.arrays import Array
from puffer_edge.errors import VerificationError
from puffer_edge.verification.emulators.machine import (
    SteppingMachine,
    StepResult,
    check_observation,
)
from puffer_edge.verification.emulators.watchdog import Watchdog
from puffer_edge.verification.harness import Image

TIMEOUT = 10.0  # seconds for one command
CHUNK = 1000  # steps of a loop that are one reply


class HostMachine(SteppingMachine):
    """One policy in a child process; also a context manager that ends it.

    Args:
        image: ``ImageBuilder.image`` for the target ``host``.
        timeout: seconds after which a command has failed to end.

    Raises:
        VerificationError: the program cannot be started.
    """

    def __init__(self, image: Image, *, timeout: float = TIMEOUT) -> None:
        self.spec = image.spec
        self._timeout = timeout
        try:
            self._process = processes.start(
                [str(image.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:  # say, a temporary folder mounted noexec
            raise VerificationError(
                f"the policy cannot be started: {error.strerror}", where=str(image.path)
            ) from error
        self._finalizer = weakref.finalize(self, _end, self._process)
        self.reset()

    def __enter__(self) -> HostMachine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the child process."""
        self._finalizer()

    def reset(self) -> None:
        """Puts the policy into its initial state."""
        self._command(b"r", 0)

    def step(self, observation: bytes) -> StepResult:
        """One step; ``observation`` holds the bytes of ``<name>_obs_t``.

        Raises:
            UsageError: the observation has the wrong size.
            VerificationError: the process died, or did not answer in time.
        """
        check_observation(self.spec, observation)
        action_end = 4 + self.spec.action_bytes
        reply = self._command(b"s" + observation, action_end + 4 * self.spec.n_outputs)
        return StepResult(
            status=struct.unpack_from("=i", reply)[0],
            action=reply[4:action_end],
            outputs=np.frombuffer(reply, dtype=np.float32, offset=action_end).copy(),
            instructions=None,
        )

    def selftest(self) -> int:
        """The policy's own self-test: 0 when every vector matches bit for bit."""
        result: int = struct.unpack("=i", self._command(b"t", 4))[0]
        return result

    def loop(self, observations: Array, steps: int) -> tuple[Array, Array]:
        """Steps through the observations again and again, from a reset; much faster than ``run``.

        Args:
            observations: [n, ...], each as many bytes as ``<name>_obs_t`` has.
            steps: how many steps in all.

        Returns:
            All raw outputs, [steps, m] float32, and for each state its smallest and largest number,
            cut to an integer, and how often an element lay at an end of its type: [states, 3].

        Raises:
            UsageError: an observation has the wrong size.
            VerificationError: the process died, or did not answer in time.
        """
        check_observation(self.spec, observations[0].tobytes())
        self.reset()
        width = self.spec.n_outputs
        request = b"l" + struct.pack("=II", len(observations), steps) + observations.tobytes()
        parts = []
        for start in range(0, steps, CHUNK):  # each in time: a slow policy is no dead one
            size = min(CHUNK, steps - start) * 4 * width
            parts.append(np.frombuffer(self._command(request, size), np.float32))
            request = b""
        extremes = np.frombuffer(self._command(b"", 12 * len(self.spec.states)), np.int32)
        return np.concatenate(parts).reshape(steps, width), extremes.reshape(-1, 3)

    def check(self) -> None:
        """None: the self-test does it."""
        return None

    def stack_used(self) -> None:
        """None: the stack of a process is not measured."""
        return None

    def _command(self, request: bytes, reply_bytes: int) -> bytes:
        process = self._process

        def exchange() -> bytes:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(request)
            process.stdin.flush()
            found: bytes = process.stdout.read(reply_bytes)
            return found

        watchdog = Watchdog(process, self._timeout)
        try:
            reply = watchdog.guard(exchange)
        except (OSError, ValueError):  # a pipe that the child's death has broken
            reply = b""
            reply_bytes = max(reply_bytes, 1)
        if len(reply) < reply_bytes:
            processes.end(process)
            code = process.returncode
            raise VerificationError(
                f"a call does not end within {self._timeout:g} s"
                if watchdog.bitten
                else f"the policy ends its process with code {code}",
                where=f"{self.spec.name} on this computer",
            )
        return reply


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    processes.end(process)
