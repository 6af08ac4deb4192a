# SPDX-License-Identifier: MIT
"""A number that is put among integers or booleans loses its fraction: torch judges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import puffer_edge  # noqa: E402
from puffer_edge.errors import UnsupportedError  # noqa: E402
from puffer_edge.frontends.aten.exported import Call, Ref  # noqa: E402
from puffer_edge.frontends.aten.lower import lower_call  # noqa: E402
from puffer_edge.frontends.graph.graph import Graph  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402
from puffer_edge.ir import Builder  # noqa: E402

PLACE = torch.tensor([[1]])
PUT: dict[str, Callable[[Any, float], Any]] = {
    "fill": lambda k, value: k.clone().fill_(value),
    "full_like": lambda k, value: torch.full_like(k, value),
    "index_fill": lambda k, value: k.index_fill(1, PLACE[0], value),
    "masked_fill": lambda k, value: k.masked_fill(k > 0, value),
    "scatter": lambda k, value: k.scatter(1, PLACE, value)}
X = torch.tensor([[0.5, -1.0, 2.0]])


class Putting(torch.nn.Module):
    def __init__(self, put: Callable[[Any], Any]) -> None:
        super().__init__()
        self.layer, self.put = torch.nn.Linear(3, 3), put

    def forward(self, x: Any) -> Any:
        y = self.layer(x)
        return y + self.put(y > 0)


def program(put: Callable[[Any], Any], how: str, folder: Path) -> tuple[Any, Any]:
    torch.manual_seed(1)
    module = Putting(put).eval()
    path = folder / ("policy.pt" if how == "trace" else "policy.pt2")
    if how == "trace":
        torch.jit.trace(module, X).save(str(path))
    else:
        torch.export.save(torch.export.export(module, (X,)), str(path))
    return puffer_edge.load(path, action="continuous"), module


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("how", ["trace", "export"])
@pytest.mark.parametrize("op", PUT)
def test_as_torch(op: str, how: str, tmp_path: Path) -> None:
    """Integers are cut towards zero; of booleans anything but 0 is True."""
    for dtype, value in ((torch.int64, 2.75), (torch.int64, -2.75), (torch.bool, 2.75)):
        ours, module = program(lambda mask, kind=dtype, number=value: PUT[op](
            mask.to(kind), number).float(), how, tmp_path)
        with torch.no_grad():
            right = module(X).numpy().reshape(-1)
        (found,) = Interpreter(ours).step(X.numpy().reshape(-1)).values()
        np.testing.assert_allclose(found, right, rtol=1e-6, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("how", ["trace", "export"])
def test_a_tensor_with_a_fraction_is_refused(how: str, tmp_path: Path) -> None:
    """torch cuts it, too; of floats it is taken as it is."""
    value = torch.tensor(2.75)
    with pytest.raises(UnsupportedError, match="among integers"):
        program(lambda mask: mask.to(torch.int64).masked_fill(mask, value), how, tmp_path)
    ours, module = program(lambda mask: mask.float().masked_fill(mask, value), how, tmp_path)
    with torch.no_grad():
        right = module(X).numpy().reshape(-1)
    (found,) = Interpreter(ours).step(X.numpy().reshape(-1)).values()
    np.testing.assert_allclose(found, right, rtol=1e-6, atol=1e-6)


def test_what_has_no_integer_is_refused() -> None:
    """torch refuses it, too, so no file of its own has it; of booleans it is True."""
    for dtype in ("int64", "bool"):
        call = Call("aten.full_like.default", {"input": Ref("x"), "fill_value": float("inf")},
                    ("y",), False, "")
        graph = Graph(Builder("by hand"), "by hand")
        graph.bind("x", np.zeros(2, dtype))
        kinds = {"x": dtype, "y": dtype}
        if dtype == "bool":
            lower_call(call, graph, {}, kinds)
            found = graph.operands["y"]
            assert isinstance(found, np.ndarray) and found.all()
        else:
            with pytest.raises(UnsupportedError, match="inf among integers"):
                lower_call(call, graph, {}, kinds)
