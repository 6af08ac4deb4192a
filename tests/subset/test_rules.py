# SPDX-License-Identifier: MIT
"""Every rule reports its bad example and passes its good one."""

from __future__ import annotations

import re

import pytest

from puffer_edge.subset import RULES, Config, check_source

NOT_EVERYWHERE = {"PE105", "PE107"}
"""Syntax that only a newer Python parses; an older one says that the file is not Python."""

PORTS = {"PE607": "unix"}
VERSIONS = {"PE115": "1.20"}


@pytest.mark.parametrize("code", RULES)
def test_the_bad_example_is_reported(code: str) -> None:
    report = check_source(RULES[code].bad, Config(
        port=PORTS.get(code, "rp2"), mpy_version=VERSIONS.get(code, "1.29")))
    if code in NOT_EVERYWHERE and report.problems:
        assert report.exit_code == 2
    else:
        assert report.exit_code == 1
        assert code in {finding.code for finding in report.findings}


@pytest.mark.parametrize("code", RULES)
def test_the_good_example_is_clean(code: str) -> None:
    report = check_source(RULES[code].good)
    assert report.exit_code == 0, report


@pytest.mark.parametrize("code", RULES)
def test_a_rule_that_is_ignored_says_nothing(code: str) -> None:
    report = check_source(RULES[code].bad, Config(ignore=(code,)))
    assert code not in {finding.code for finding in report.findings}


@pytest.mark.parametrize("code", RULES)
def test_every_rule_is_explained(code: str) -> None:
    rule = RULES[code]
    assert re.fullmatch(r"PE[1-6]\d\d", code)
    assert rule.reason.endswith(".") and rule.instead.endswith(".")
    assert all(part in rule.explain() for part in (code, rule.reason, rule.instead))
