# SPDX-License-Identifier: MIT
"""Fuzzers of everything that reads what a stranger may have written.

``python -m tests.fuzz --seconds 60 --seed 1 [TARGET...]`` runs them and tells counts.
"""
