# SPDX-License-Identifier: MIT
"""10,000 random masks with logits of up to 1e4: no choice that is forbidden is taken or drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.masks.idioms import IDIOMS, model
from tests.masks.test_every_scheme import ALL, BACKENDS, check, in_scheme
from tests.masks.test_recognizing import load


@pytest.mark.exhaustive
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("scheme", ALL)
@pytest.mark.parametrize("idiom", IDIOMS)
def test_ten_thousand_masks(idiom: str, scheme: str, backend: str, tmp_path: Path) -> None:
    if (scheme, backend) == ("float32", "micropython"):
        pytest.skip("MicroPython takes integers")
    check(in_scheme(load(model(idiom, reach=1e4), tmp_path), scheme), backend, 10_000)
