# SPDX-License-Identifier: MIT
"""TorchScript by its printed code -> Program: parsed, never executed."""
