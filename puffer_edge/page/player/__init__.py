# SPDX-License-Identifier: MIT
"""The policy that plays in the page: its C as WebAssembly, environments and controls."""
