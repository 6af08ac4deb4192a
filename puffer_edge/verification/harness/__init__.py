# SPDX-License-Identifier: MIT
"""The C around a policy that lets an emulator call it, and how it is built."""

from puffer_edge.verification.harness.build import Image, ImageBuilder

__all__ = ["Image", "ImageBuilder"]
