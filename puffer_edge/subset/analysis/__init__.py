# SPDX-License-Identifier: MIT
"""Follows functions that must not allocate: classes of values, ranges of integers."""
