# SPDX-License-Identifier: MIT
"""What a policy did on a device: how its log lies in memory, read strictly, and computed again."""

from __future__ import annotations

from puffer_edge.blackbox.layout import Form, Layout, Part, Size, layout_of

__all__ = ["Form", "Layout", "Part", "Size", "layout_of"]
