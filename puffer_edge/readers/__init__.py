# SPDX-License-Identifier: MIT
"""Strict readers of strangers' files: data comes out, or one error; nothing is ever executed."""
