# SPDX-License-Identifier: MIT
"""Policies with an action mask inside of their graph, in every way that trainers write it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import TensorProto, helper

SIZES = (3, 2)
"""Choices of the heads; the mask has an element for each."""
OBSERVATION = 4
WIDTH = sum(SIZES)
LOWEST = float(np.finfo(np.float32).min)


def _node(kind: str, inputs: str, output: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], **attributes)


def _where(value: float) -> Callable[[], tuple[list[onnx.NodeProto], dict[str, object]]]:
    def nodes() -> tuple[list[onnx.NodeProto], dict[str, object]]:
        return [_node("Cast", "mask", "bool", to=TensorProto.BOOL),
                _node("Where", "bool l penalty", "y")], {"penalty": np.float32(value)}
    return nodes


def _greater() -> tuple[list[onnx.NodeProto], dict[str, object]]:
    return [_node("Greater", "mask half", "bool"), _node("Where", "bool l penalty", "y")], {
        "half": np.float32(0.5), "penalty": np.float32(-1e8)}


def _equal_zero() -> tuple[list[onnx.NodeProto], dict[str, object]]:
    return [_node("Equal", "mask zero", "forbidden"),
            _node("Where", "forbidden penalty l", "y")], {
        "zero": np.float32(0), "penalty": np.float32(-1e10)}


def _log(with_clip: bool) -> Callable[[], tuple[list[onnx.NodeProto], dict[str, object]]]:
    def nodes() -> tuple[list[onnx.NodeProto], dict[str, object]]:
        made = [_node("Log", "mask", "log")]
        if with_clip:
            made.append(_node("Clip", "log lowest", "clipped"))
        else:
            made = [_node("Add", "mask tiny", "more"), _node("Log", "more", "clipped")]
        return [*made, _node("Add", "l clipped", "y")], {
            "lowest": np.float32(LOWEST), "tiny": np.float32(1e-45)}
    return nodes


def _subtracted() -> tuple[list[onnx.NodeProto], dict[str, object]]:
    return [_node("Sub", "one mask", "not"), _node("Mul", "not huge", "penalty"),
            _node("Sub", "l penalty", "y")], {"one": np.float32(1), "huge": np.float32(1e9)}


def _added() -> tuple[list[onnx.NodeProto], dict[str, object]]:
    return [_node("Sub", "mask one", "less"), _node("Mul", "less huge", "penalty"),
            _node("Add", "l penalty", "y")], {"one": np.float32(1), "huge": np.float32(1e9)}


def _sb3() -> tuple[list[onnx.NodeProto], dict[str, object]]:
    return [_node("Sub", "mask one", "less"), _node("Mul", "less huge", "penalty"),
            _node("Mul", "l mask", "kept"), _node("Add", "kept penalty", "y")], {
        "one": np.float32(1), "huge": np.float32(1e8)}


def _per_head(kind: str) -> Callable[[], tuple[list[onnx.NodeProto], dict[str, object]]]:
    """Probabilities of each head times its part of the mask, then normalised (ML-Agents)."""
    def nodes() -> tuple[list[onnx.NodeProto], dict[str, object]]:
        made, ends = [], []
        for head in range(len(SIZES)):
            made += [_node("Slice", f"l from{head} to{head} axis", f"l{head}"),
                     _node("Slice", f"mask from{head} to{head} axis", f"m{head}")]
            if kind == "exp":
                made += [_node("ReduceMax", f"l{head} axis", f"top{head}"),
                         _node("Sub", f"l{head} top{head}", f"d{head}"),
                         _node("Exp", f"d{head}", f"p{head}")]
            else:
                made.append(_node("Softmax", f"l{head}", f"p{head}", axis=1))
            made += [_node("Add", f"p{head} epsilon", f"e{head}"),
                     _node("Mul", f"e{head} m{head}", f"k{head}"),
                     _node("ReduceSum", f"k{head} axis", f"s{head}"),
                     _node("Div", f"k{head} s{head}", f"n{head}")]
            if kind == "mlagents":
                made += [_node("Add", f"n{head} epsilon", f"a{head}"),
                         _node("Log", f"a{head}", f"o{head}")]
            ends.append(f"{'o' if kind == 'mlagents' else 'n'}{head}")
        starts = np.cumsum([0, *SIZES])
        return [*made, _node("Concat", " ".join(ends), "y", axis=1)], {
            "epsilon": np.float32(1e-7), "axis": np.array([1], np.int64),
            **{f"from{i}": np.array([starts[i]], np.int64) for i in range(len(SIZES))},
            **{f"to{i}": np.array([starts[i + 1]], np.int64) for i in range(len(SIZES))}}
    return nodes


IDIOMS = {
    "where_1e9": _where(-1e9), "where_lowest": _where(LOWEST), "where_inf": _where(-np.inf),
    "greater": _greater, "equal_zero": _equal_zero, "log_clip": _log(True),
    "log_tiny": _log(False), "subtracted": _subtracted, "added": _added, "sb3": _sb3,
    "softmax_product": _per_head("softmax"), "exp_product": _per_head("exp"),
    "mlagents": _per_head("mlagents"),
}


def model(idiom: str, *, joint: bool = False, opset: int = 18, reach: float = 1.0,
          logits: Callable[[], tuple[list[onnx.NodeProto], dict[str, object]]] | None = None
          ) -> bytes:
    """One hidden layer, logits, and a mask.

    Args:
        idiom: a key of :data:`IDIOMS`; empty with ``logits``.
        joint: the mask is the first part of the one input.
        opset: version of the operators.
        reach: magnitude of the logits.
        logits: another way to get ``y`` from ``l`` and ``mask``.
    """
    random = np.random.default_rng(7)
    made, constants = (logits or IDIOMS[idiom])()
    weights = {"w0": random.standard_normal((8, OBSERVATION)), "b0": random.standard_normal(8),
               "w1": reach * random.standard_normal((WIDTH, 8)),
               "b1": reach * random.standard_normal(WIDTH)}
    nodes = [_node("Gemm", "x w0 b0", "h", transB=1), _node("Tanh", "h", "t"),
             _node("Gemm", "t w1 b1", "l", transB=1), *made]
    inputs = {"x": OBSERVATION, "mask": WIDTH}
    if joint:
        nodes = [_node("Slice", "obs zeros width ones", "mask"),
                 _node("Slice", "obs width end ones", "x"), *nodes]
        constants |= {"zeros": np.zeros(1, np.int64), "ones": np.ones(1, np.int64),
                      "width": np.array([WIDTH], np.int64),
                      "end": np.array([WIDTH + OBSERVATION], np.int64)}
        inputs = {"obs": WIDTH + OBSERVATION}
    used = {name for node in nodes for name in node.input}
    arrays = {name: np.asarray(array, np.float32 if name in weights else None)
              for name, array in {**weights, **constants}.items() if name in used}
    graph = helper.make_graph(
        [*nodes, _node("Identity", "y", "logits")], "masked",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size])
         for name, size in inputs.items()],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, WIDTH])],
        [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)],
                             ir_version=8).SerializeToString()
