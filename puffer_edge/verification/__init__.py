# SPDX-License-Identifier: MIT
"""Builds, runs and judges an artefact."""
