# SPDX-License-Identifier: MIT
"""Program -> artefact: what a policy becomes on its target."""
