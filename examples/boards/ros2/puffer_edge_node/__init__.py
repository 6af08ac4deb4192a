# SPDX-License-Identifier: MIT
"""A node that runs a policy."""
