# SPDX-License-Identifier: MIT
"""Calls of torch's ops -> Program: a dictionary of small lowerings, one function per ATen op.

What ``torch_export``, ``torchscript`` and ``whole_module`` record is the same:
``exported.Exported``.
"""
