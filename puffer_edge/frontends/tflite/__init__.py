# SPDX-License-Identifier: MIT
"""TFLite -> Program: a dictionary of small lowerings, one function per operator."""

from __future__ import annotations

from puffer_edge.frontends.tflite.load import load_tflite

__all__ = ["load_tflite"]
