# SPDX-License-Identifier: MIT
"""The names of the ways to run a policy on a computer, each of a module ``<name>_backend``."""

BACKENDS = ("native", "numpy", "micropython", "torch", "onnxruntime", "tflite")
"""Every back end; without a choice the first that is installed runs."""
