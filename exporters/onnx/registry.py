# SPDX-License-Identifier: MIT
"""Which emitter writes which op."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from puffer_edge.exporters.by_op import adding_to
from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.ir import Op

Emitter = Callable[[Graph, Any], None]

EMITTERS: dict[type[Op], Emitter] = {}
"""Emitter by op; filled by :func:`emits`."""

emits = adding_to(EMITTERS)
"""Decorator that puts a function ``(graph, op)`` into :data:`EMITTERS`."""
