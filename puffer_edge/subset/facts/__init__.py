# SPDX-License-Identifier: MIT
"""What is known of files and firmwares, without running anything."""
