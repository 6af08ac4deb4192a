# SPDX-License-Identifier: MIT
"""Float Program -> integer Program: calibration, schemes, and the proof of the range."""
