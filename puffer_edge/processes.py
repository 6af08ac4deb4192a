# SPDX-License-Identifier: MIT
"""Child processes that end with us, whatever ends us, and whose time grows with the load.

A process that is killed cannot clean up. So one helper, a shell that does nothing but read a pipe
of ours, is told of every child, and kills them and what they started when the pipe closes. On Linux
it also looks for processes with our token in their environment: those that were started while we
died, and those that left their group.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from puffer_edge.errors import ToolError

GRACE = 20.0
"""How many times longer than its limit a child may take at most, on a busy computer."""

VARIABLE = "PUFFER_EDGE_STARTED_BY"
"""Environment variable with the tokens of all that started a process, directly or not."""

# Its list is a text, as POSIX shells have none: "+ 12" starts a group of processes, "- 12" ends it,
# "q" is our orderly end.
_KEEPER = """
trap '' INT HUP TERM QUIT
groups=" "
while read -r what group; do
  case $what in
    +) groups="$groups$group " ;;
    -) groups="${groups%%" $group "*} ${groups#*" $group "}" ;;
    q) break ;;
  esac
done
for group in $groups; do kill -9 -"$group"; done 2>/dev/null
[ "$what" = q ] && exit
for turn in 1 2 3 4 5; do
  for file in $(grep -lsF "$1" /proc/[0-9]*/environ); do
    process=${file#/proc/}
    kill -9 "${process%/environ}"
  done
  sleep 0.1
done 2>/dev/null
"""


def start(command: Sequence[str], *, env: Mapping[str, str] | None = None, **options: Any
          ) -> subprocess.Popen[Any]:
    """A child that is killed when this process ends; other arguments as of ``Popen``.

    It leads a group of its own, so that Ctrl-C reaches us alone; end it with :func:`end`.

    Raises:
        OSError: it cannot be started.
    """
    keeper = _keeper()
    if keeper is None:
        return subprocess.Popen(command, env=env, **options)
    environment = dict(os.environ if env is None else env)
    environment[VARIABLE] = f"{environment.get(VARIABLE, '')} {keeper.token}".strip()
    process = subprocess.Popen(command, env=environment, start_new_session=True, **options)
    keeper.groups.add(process.pid)
    keeper.tell(f"+ {process.pid}")
    return process


def end(process: subprocess.Popen[Any]) -> None:
    """Kills a child and what it started, as far as they still run; waits for it."""
    keeper = _keeper()
    if keeper is None:
        process.kill()
    elif process.pid in keeper.groups:  # else its number may be somebody else's by now
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        keeper.groups.remove(process.pid)
        keeper.tell(f"- {process.pid}")
    process.wait()


def run(command: Sequence[str], *, seconds: float, what: str, **options: Any
        ) -> subprocess.CompletedProcess[str]:
    """Runs a tool to its end and keeps what it says, as ``subprocess.run`` does.

    Args:
        command: program and arguments.
        seconds: within which it ends on an idle computer; see :func:`patience`.
        what: the tool, for the message.
        options: of ``Popen``.

    Raises:
        ToolError: it cannot be started, or does not end in time.
    """
    begun = time.monotonic()
    try:
        process = start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE, text=True, errors="replace", **options)
    except OSError as error:
        raise ToolError(f"{what} cannot be started: {error.strerror or error}") from error
    with process:
        try:
            while True:
                left = begun + patience(seconds) - time.monotonic()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    said, complained = process.communicate(timeout=min(max(left, 0.0), 5.0))
                    break
                if left <= 0:
                    raise too_late(what, time.monotonic() - begun)
        finally:
            end(process)
    return subprocess.CompletedProcess(command, process.returncode, said, complained)


def too_late(what: str, seconds: float) -> ToolError:
    """The error of a tool that does not end."""
    return ToolError(f"{what} does not end within {seconds:.0f} s",
                     hint="where this computer is very busy, try again when it is not")


def patience(seconds: float) -> float:
    """A limit of time for this moment: as much longer as processes wait for a processor."""
    if not hasattr(os, "getloadavg"):
        return seconds
    return seconds * min(max(os.getloadavg()[0] / (os.cpu_count() or 1), 1.0), GRACE)


@dataclass(frozen=True)
class _Keeper:
    """The helper: our end of its pipe, our token, and the groups that it was told of."""

    pipe: int
    token: str
    groups: set[int] = field(default_factory=set)

    def tell(self, line: str) -> None:
        with contextlib.suppress(OSError):  # somebody killed it
            os.write(self.pipe, f"{line}\n".encode())


_keepers: dict[int, _Keeper | None] = {}
"""By our process number, as what was forked needs one of its own."""


def _keeper() -> _Keeper | None:
    """None where there is no POSIX shell; children may outlive us there."""
    us = os.getpid()
    if us not in _keepers:
        _keepers[us] = _start_keeper()
    return _keepers[us]


def _start_keeper() -> _Keeper | None:
    shell = shutil.which("sh")
    if shell is None or not hasattr(os, "killpg"):
        return None
    reading, writing = os.pipe()
    keeper = _Keeper(writing, secrets.token_hex(16))
    try:
        process = subprocess.Popen(
            [shell, "-c", _KEEPER, "keeper", keeper.token], stdin=reading, cwd="/",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    except OSError:
        os.close(writing)
        return None
    finally:
        os.close(reading)
    process.returncode = 0  # nobody waits for it: it outlives us by a moment
    atexit.register(keeper.tell, "q")
    return keeper
