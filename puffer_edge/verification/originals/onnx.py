# SPDX-License-Identifier: MIT
"""ONNX graphs, quantised ones too, in onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.verification.originals.job import Job
from puffer_edge.verification.originals.original import Original, Unjudged, cut, sizes_of
from puffer_edge.verification.originals.pairing import paired

_DTYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16,
           "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(int16)": np.int16,
           "tensor(int8)": np.int8, "tensor(uint8)": np.uint8, "tensor(bool)": np.bool_}


def open_original(job: Job) -> Original:
    """The graph of a file."""
    return OnnxOriginal(job)


class OnnxOriginal(Original):
    """A session; what our reader takes for state is carried by names that belong together."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        import onnxruntime

        self.judge = f"onnxruntime {onnxruntime.__version__}"
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # The graph as it is written: fused forms are approximations of it.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.add_session_config_entry("session.x64quantprecision", "1")
        self.session = onnxruntime.InferenceSession(job.path, options,
                                                    providers=["CPUExecutionProvider"])
        inputs, outputs = self.session.get_inputs(), self.session.get_outputs()
        if unknown := [port.type for port in inputs if port.type not in _DTYPES]:
            raise Unjudged(f"an input is a {unknown[0]}")
        self.dtypes = {port.name: _DTYPES[port.type] for port in inputs}
        self.shapes = {port.name: tuple(n if isinstance(n, int) and n > 0 else 1
                                        for n in port.shape) for port in inputs}
        self.names = [port.name for port in outputs]
        named = {*job.states, *(before for before, _ in job.pairs)}
        states = {port.name: port.shape for port in inputs if port.name in named}
        self.pairs = paired(states, {port.name: port.shape for port in outputs}, dict(job.pairs))
        self.observed, self.batch = self._observed(job, list(states))
        self.scales = _scales(job.path)
        self.reset()

    def _observed(self, job: Job, states: list[str]) -> tuple[list[str], int]:
        """The inputs that the observation is made of, and how often it is given at once."""
        free = [name for name in self.shapes if name not in states]
        wanted = job.size
        fewer = [name for name in free if f"input {name}:" not in job.told]
        for names in (free, fewer):
            shapes = [self.shapes[name] for name in names]
            total = sum(sizes_of(shapes))
            batch = min((shape[0] for shape in shapes if shape), default=1)
            if total == wanted:
                return names, 1
            if total == batch * wanted:
                return names, batch
        raise Unjudged(f"its inputs {', '.join(free)} are not {wanted} numbers")

    def meant(self, observation: Array) -> Array:
        """See :class:`Original`."""
        parts = [_whole(part, self.dtypes[name])
                 for name, part in self._parts(observation).items()]
        return np.concatenate([np.asarray(part, np.float32).reshape(-1) for part in parts])

    def reset(self) -> None:
        """See :class:`Original`."""
        self.memory: dict[str, Array] = {
            name: np.zeros(self.shapes[name], self.dtypes[name]) for name in self.pairs}

    def step(self, observation: Array) -> dict[str, Array]:
        """See :class:`Original`."""
        feeds: dict[str, Any] = {
            name: np.zeros(shape, self.dtypes[name]) for name, shape in self.shapes.items()}
        for name, part in self._parts(observation).items():
            feeds[name] = np.repeat(part, self.batch, 0).astype(self.dtypes[name]).reshape(
                self.shapes[name])
        found = dict(zip(self.names, self.session.run(None, {**feeds, **self.memory}),
                         strict=True))
        self.memory = {name: found.pop(after).reshape(self.shapes[name])
                       for name, after in self.pairs.items()}
        return {name: array.reshape(self.batch, -1)[0] if self.batch > 1 else array
                for name, array in found.items() if isinstance(array, np.ndarray)}

    def state(self) -> dict[str, Array]:
        """See :class:`Original`."""
        return dict(self.memory)

    def _parts(self, observation: Array) -> dict[str, Array]:
        shapes = [self.shapes[name] for name in self.observed]
        if self.batch > 1:
            shapes = [(1, *shape[1:]) for shape in shapes]
        return dict(zip(self.observed, cut(observation, shapes), strict=True))


def _whole(part: Array, dtype: Any) -> Array:
    """The nearest numbers that a dtype holds, and float32 too."""
    if dtype is np.bool_:
        return part > 0
    if not np.issubdtype(dtype, np.integer):
        return part
    limits = np.iinfo(dtype)
    return np.clip(np.rint(part), max(limits.min, -(1 << 24)), min(limits.max, 1 << 24))


def _scales(path: str) -> dict[str, float]:
    """Steps of the outputs of a graph in QDQ form, by name; empty for a float graph."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path, load_external_data=False).graph
    if not any(node.op_type in ("DequantizeLinear", "QLinearMatMul", "MatMulInteger")
               for node in graph.node):
        return {}
    constants = {tensor.name: tensor for tensor in graph.initializer}
    quantised = {node.output[0]: node for node in graph.node if node.op_type == "DequantizeLinear"}
    scales = {}
    for output in graph.output:
        node = quantised.get(output.name)
        if node is not None and node.input[1] in constants:
            scales[output.name] = float(np.max(numpy_helper.to_array(constants[node.input[1]])))
    return scales
