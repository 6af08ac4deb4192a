# SPDX-License-Identifier: MIT
"""Tests of shields."""
