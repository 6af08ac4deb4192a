"""Runs and judges MicroPython artefacts."""
