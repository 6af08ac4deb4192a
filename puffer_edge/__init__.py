"""puffer-edge: a compiler for trained reinforcement-learning policies.

The public API is three functions::

    program = puffer_edge.load("policy.pt")
    puffer_edge.export(program, "build/policy", target="cortex-m")
    report = puffer_edge.verify("build/policy")

They are imported on first use, so that ``import puffer_edge`` stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from puffer_edge.api import export, inspect, load, verify

__version__ = "0.1.0"
__all__ = ["__version__", "export", "inspect", "load", "verify"]


def __getattr__(name: str) -> Any:
    if name in {"export", "inspect", "load", "verify"}:
        from puffer_edge import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
