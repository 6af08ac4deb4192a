# SPDX-License-Identifier: MIT
"""Names in a stranger's metadata reach a terminal as printable ASCII of some length."""

from __future__ import annotations

import pytest

from puffer_edge.errors import FileFormatError
from puffer_edge.robot.contract import Term
from puffer_edge.robot.readers.keys import Table
from puffer_edge.robot.readers.leapp import _ports
from puffer_edge.robot.readers.metadata import sized

STEERING = "\x1b[31mred" + "x" * 5000


@pytest.mark.parametrize("unknown", [1, 2])
def test_terms_whose_size_cannot_be_told(unknown: int) -> None:
    terms = [Term(f"{STEERING}{i}", "sensor", 0) for i in range(unknown)]
    with pytest.raises(FileFormatError) as caught:
        sized(terms, 0, "policy.onnx")
    assert caught.value.what.isprintable() and len(caught.value.what) < 400


def test_networks_of_leapp() -> None:
    models = Table({STEERING: {"inputs": [{"name": 5}]}}, "policy.yaml", "models")
    with pytest.raises(FileFormatError) as caught:
        list(_ports(models, Table({"inputs": {}}, "policy.yaml"), "inputs"))
    assert caught.value.what.isprintable() and len(caught.value.what) < 400
