# SPDX-License-Identifier: MIT
"""The parts of the page, a file each, in the order of :data:`page.render.SECTIONS`."""
