# SPDX-License-Identifier: MIT
"""``python -m puffer_edge``: the command line."""

from puffer_edge.cli import main

main()
