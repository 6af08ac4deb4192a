# SPDX-License-Identifier: MIT
"""Runs and judges MicroPython artefacts."""
