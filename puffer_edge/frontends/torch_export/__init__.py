"""torch.export graphs -> Program: a dictionary of small lowerings, one function per ATen op."""

from __future__ import annotations

from puffer_edge.frontends.torch_export.load import load_module, load_pt2

__all__ = ["load_module", "load_pt2"]
