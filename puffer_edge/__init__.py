"""puffer-edge: a compiler for trained reinforcement-learning policies.

The public API is four functions, and the ways of running a policy on a computer::

    program = puffer_edge.load("policy.pt")
    puffer_edge.inspect(program)
    puffer_edge.export(program, "build/policy", target="cortex-m")
    report = puffer_edge.verify("build/policy")
    with puffer_edge.runtimes.load("build/policy") as policy:
        action = policy.step(observation)

They are imported on first use, so that ``import puffer_edge`` stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from puffer_edge.version import VERSION as __version__

if TYPE_CHECKING:
    from puffer_edge import runtimes, spaces
    from puffer_edge.api import export, inspect, load, verify

__all__ = ["__version__", "export", "inspect", "load", "runtimes", "spaces", "verify"]


def __getattr__(name: str) -> Any:
    if name in {"export", "inspect", "load", "verify"}:
        from puffer_edge import api

        return getattr(api, name)
    if name in {"runtimes", "spaces"}:
        from importlib import import_module

        return import_module(f"puffer_edge.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
