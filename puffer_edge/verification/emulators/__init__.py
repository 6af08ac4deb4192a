# SPDX-License-Identifier: MIT
"""Machines that run a built policy: Unicorn, QEMU and this computer."""
