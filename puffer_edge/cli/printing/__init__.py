# SPDX-License-Identifier: MIT
"""Results as tables that a person can read: one file per kind."""
