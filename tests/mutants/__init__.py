# SPDX-License-Identifier: MIT
"""Small planted faults, and whether the tests of their own room find them: ``make mutants``.

A test that passes whatever the code does proves nothing. Each mutation changes one comparison,
sign, constant or connective in a copy of the tree; then the tests of the room run that reach the
changed line. One that survives either changes nothing, or shows a test that is missing.
"""
