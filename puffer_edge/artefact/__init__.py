# SPDX-License-Identifier: MIT
"""The artefact: its directory, manifest, test vectors and stored Program; written and opened."""
