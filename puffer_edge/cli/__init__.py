# SPDX-License-Identifier: MIT
"""The command line: parses, calls the library, prints. One file per command or two."""

from puffer_edge.cli.application import app, confirming, main

__all__ = ["app", "confirming", "main"]
