# SPDX-License-Identifier: MIT
"""Modules that torch.save pickled whole: read by their tree, where their forward is known."""

from __future__ import annotations

from puffer_edge.frontends.whole_module.family import of_family
from puffer_edge.frontends.whole_module.load import load_whole_module, matches

__all__ = ["load_whole_module", "matches", "of_family"]
