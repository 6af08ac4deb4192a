# SPDX-License-Identifier: MIT
"""The version of this package, which artefacts are marked with."""

VERSION = "0.2.0"
