# SPDX-License-Identifier: MIT
"""What a shell completes after ``--target``, ``--board`` and the like."""

from __future__ import annotations


def targets(incomplete: str) -> list[str]:
    """Names of targets that begin so."""
    from puffer_edge.targets import EXPORTED

    return [name for name in EXPORTED if name.startswith(incomplete)]


def boards(incomplete: str) -> list[str]:
    """Names of boards that begin so."""
    from puffer_edge.boards import boards as known
    from puffer_edge.exporters.micropython.boards import profiles

    return [name for name in sorted({*known(), *profiles()}) if name.startswith(incomplete)]


def frameworks(incomplete: str) -> list[str]:
    """Names of frameworks that begin so."""
    from puffer_edge.firmware.frameworks import FRAMEWORKS

    return [name for name in FRAMEWORKS if name.startswith(incomplete)]


def schemes(incomplete: str) -> list[str]:
    """Names of schemes that begin so."""
    from puffer_edge.quantization.schemes import FLOATING, SCHEMES

    return [name for name in (*FLOATING, *SCHEMES, "auto") if name.startswith(incomplete)]


def backends(incomplete: str) -> list[str]:
    """Names of back ends that begin so."""
    from puffer_edge.runtimes import BACKENDS

    return [name for name in BACKENDS if name.startswith(incomplete)]


def codes(incomplete: str) -> list[str]:
    """Codes of assumptions that begin so."""
    from puffer_edge.frontends.assumptions import ASSUMPTIONS

    return [code for code in ASSUMPTIONS if code.startswith(incomplete)]


def activations(incomplete: str) -> list[str]:
    """Names of activations that begin so."""
    from puffer_edge.ir.functions import FUNCTIONS

    return [name for name in ("none", *FUNCTIONS) if name.startswith(incomplete)]
