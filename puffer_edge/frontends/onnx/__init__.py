# SPDX-License-Identifier: MIT
"""ONNX -> Program: a dictionary of small lowerings, one function per op type."""

from __future__ import annotations

from puffer_edge.frontends.onnx.load import load_onnx

__all__ = ["load_onnx"]
