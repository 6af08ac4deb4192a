# SPDX-License-Identifier: MIT
"""Keras models -> Program: a dictionary of small lowerings, one function per layer."""

from __future__ import annotations

from puffer_edge.frontends.keras.load import load_keras, load_keras_file

__all__ = ["load_keras", "load_keras_file"]
