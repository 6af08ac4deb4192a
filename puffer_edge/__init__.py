# SPDX-License-Identifier: MIT
"""puffer-edge: a compiler for trained reinforcement-learning policies.

The commands of the command line are functions here, with the same options::

    program = puffer_edge.load("policy.pt")
    puffer_edge.inspect(program)
    puffer_edge.export(program, "build/policy", target="cortex-m")
    report = puffer_edge.verify("build/policy")
    match = puffer_edge.play("build/policy", "CartPole-v1", compare="policy.pt")
    with puffer_edge.runtimes.load("build/policy") as policy:
        action = policy.step(observation)

They are imported on first use, so that ``import puffer_edge`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from puffer_edge.version import VERSION as __version__

if TYPE_CHECKING:
    from puffer_edge import errors, runtimes, spaces
    from puffer_edge.api import calibrate, export, inspect, load, verify
    from puffer_edge.composed import compose
    from puffer_edge.errors import (
        FileFormatError,
        MissingDependencyError,
        OutputError,
        PolicyWarning,
        PufferEdgeError,
        StaleError,
        StepError,
        UnconfirmedError,
        UnsupportedError,
        UsageError,
        VerificationError,
    )
    from puffer_edge.firmware import firmware
    from puffer_edge.frontends.options import LoadOptions
    from puffer_edge.ir import Field, Program
    from puffer_edge.logs import replay
    from puffer_edge.quantization.recording import Recording
    from puffer_edge.runtimes.policy import Policy
    from puffer_edge.using import (
        bench,
        check,
        contract,
        doctor,
        fit,
        flash,
        play,
        report_time,
        step_time,
    )

_HOMES = {
    "api": "calibrate export inspect load verify",
    "composed": "compose",
    "logs": "replay",
    "using": "bench check contract doctor fit flash play report_time step_time",
    "errors": "FileFormatError MissingDependencyError OutputError PolicyWarning PufferEdgeError "
              "StaleError StepError UnconfirmedError UnsupportedError UsageError "
              "VerificationError",
    "frontends.options": "LoadOptions",
    "ir": "Field Program",
    "quantization.recording": "Recording",
    "runtimes.policy": "Policy",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}
_ROOMS = ("errors", "firmware", "runtimes", "spaces")
"""Modules; firmware can be called, too."""

__all__ = [
    "Field",
    "FileFormatError",
    "LoadOptions",
    "MissingDependencyError",
    "OutputError",
    "Policy",
    "PolicyWarning",
    "Program",
    "PufferEdgeError",
    "Recording",
    "StaleError",
    "StepError",
    "UnconfirmedError",
    "UnsupportedError",
    "UsageError",
    "VerificationError",
    "__version__",
    "bench",
    "calibrate",
    "check",
    "compose",
    "contract",
    "doctor",
    "errors",
    "export",
    "firmware",
    "fit",
    "flash",
    "inspect",
    "load",
    "play",
    "replay",
    "report_time",
    "runtimes",
    "spaces",
    "step_time",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"puffer_edge.{_HOME[name]}"), name)
    if name in _ROOMS:
        return import_module(f"puffer_edge.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
