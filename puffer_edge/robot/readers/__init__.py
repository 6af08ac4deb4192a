# SPDX-License-Identifier: MIT
"""Files that tell a contract: our own TOML, and what trainers write."""
