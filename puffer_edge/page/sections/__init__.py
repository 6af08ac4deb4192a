# SPDX-License-Identifier: MIT
"""The parts of the page, a file each, in the order of ``page.render``."""
