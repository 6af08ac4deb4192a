# SPDX-License-Identifier: MIT
"""Rules of the formats that projects are written in: what is wrong with a folder, in words.

A rule names its source. Where a format's own tool can be installed, tests ask that, too.
"""
