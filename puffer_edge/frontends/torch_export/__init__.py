# SPDX-License-Identifier: MIT
"""Modules and ``.pt2`` files -> Program, by torch.export and without it."""

from __future__ import annotations

from puffer_edge.frontends.torch_export.load import load_module, load_pt2

__all__ = ["load_module", "load_pt2"]
