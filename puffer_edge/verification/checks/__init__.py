# SPDX-License-Identifier: MIT
"""What is looked at, a file per check: each is given what it needs and adds to the report."""
