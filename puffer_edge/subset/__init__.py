# SPDX-License-Identifier: MIT
"""The MicroPython subset: tells, before the board does, what a file may not do there.

Rules of five kinds, one per file under ``rules/``: PE1xx syntax, PE2xx modules and names, PE3xx the
same code with another meaning, PE4xx allocation in functions marked ``# puffer-edge: no-alloc``,
PE5xx integers that can leave the small-integer range there, PE6xx viper and assembler.
"""

from puffer_edge.subset.checking import Problem, Report, check_paths, check_source
from puffer_edge.subset.config import Config
from puffer_edge.subset.finding import Finding
from puffer_edge.subset.rule import RULES, Rule

__all__ = ["RULES", "Config", "Finding", "Problem", "Report", "Rule", "check_paths", "check_source"]
