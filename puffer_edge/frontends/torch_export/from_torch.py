# SPDX-License-Identifier: MIT
"""torch.nn.Module -> Exported, by torch.export."""

from __future__ import annotations

import warnings
from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.errors import MissingDependencyError, UnsupportedError, UsageError
from puffer_edge.frontends.aten.exported import (
    Call,
    Exported,
    Port,
    Ref,
    Result,
    Sharing,
    Weight,
)
from puffer_edge.readers.text import printable


def import_torch() -> Any:
    """The package torch.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import torch
    except ImportError:
        raise MissingDependencyError(
            "PyTorch is needed to read a torch.nn.Module",
            hint="pip install 'puffer-edge[torch]', or export the policy to ONNX") from None
    return torch


def trace(module: Any, example: tuple[Any, ...], where: str) -> Any:
    """The ExportedProgram of a module in evaluation mode; the module is left as it was.

    Raises:
        UnsupportedError: torch.export cannot trace it.
    """
    torch = import_torch()
    if type(module).forward.__module__.startswith(("stable_baselines3.", "sb3_contrib.")):
        # Whether its sampling can be traced depends on settings of torch's distributions.
        raise UnsupportedError("forward samples an action and gives its value, too", where=where,
                               hint=_TRAINERS_OWN)
    modes = [(part, part.training) for part in module.modules()]
    try:
        # Without gradients, a torch.no_grad() inside forward leaves no trace in the graph.
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.export.export(module.eval(), example, strict=False)
    except Exception as error:  # whatever the user's forward or the tracer raises
        raise UnsupportedError(
            f"torch.export failed: {_first_line(error)}", where=where, hint=_hint(module, error)
        ) from error
    finally:
        for part, training in modes:
            part.training = training


_TRAINERS_OWN = (
    "this is a policy of Stable-Baselines3: give the zip that model.save() wrote, or a module "
    "whose forward returns policy.action_net(policy.mlp_extractor.forward_actor("
    "policy.extract_features(obs)))")


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return printable(lines[0] if lines else type(error).__name__, 300)


def _hint(module: Any, error: Exception) -> str:
    if "istribution" in str(error):
        return "a distribution is no tensor: wrap the policy so that forward returns its logits"
    if hasattr(module, "get_action_and_value"):
        return ("wrap the agent in a module whose forward(obs) returns agent.actor(obs), the "
                "logits or the mean, as CleanRL's get_action_and_value samples")
    if type(error).__name__ == "NotImplementedError" or "missing" in str(error):
        return "wrap the policy in a module whose forward(obs, *state) returns (logits, *state)"
    return ("control flow that depends on data cannot be traced: wrap the policy in a module "
            "whose forward(obs, *state) returns (logits, *state) without it")


def read_program(program: Any, where: str) -> Exported:
    """The Exported of a torch ExportedProgram.

    Raises:
        UnsupportedError: it holds something other than tensors and ops.
    """
    torch = import_torch()
    sharing = Sharing()
    ports, weights, numbers, calls = [], {}, {}, []
    dtypes: dict[str, str] = {}
    nodes = {node.name: node for node in program.graph.nodes}
    buffers: dict[str, str] = {}
    for spec in program.graph_signature.input_specs:
        name, kind = spec.arg.name, spec.kind.name
        if kind == "USER_INPUT":
            value = nodes[name].meta.get("val") if name in nodes else None
            if isinstance(value, torch.Tensor):
                ports.append(Port(name, _sizes(value.shape, name, where), _dtype(value.dtype)))
            else:
                numbers[name] = getattr(spec.arg, "value", None)
        elif kind in ("PARAMETER", "BUFFER", "CONSTANT_TENSOR"):
            buffers[spec.target] = name
            weights[name] = Weight(spec.target, _array(program, spec.target, sharing, where))
        else:
            raise UnsupportedError(f"an input of kind {kind}", where=where)
    for node in program.graph.nodes:
        value = node.meta.get("val")
        if isinstance(value, torch.Tensor):
            dtypes[node.name] = _dtype(value.dtype)
        if node.op == "call_function":
            calls.append(_call(node))
        elif node.op == "get_attr":
            raise UnsupportedError(
                f"control flow inside the graph ({printable(str(node.target))})", where=where,
                hint="wrap the policy so that forward has no branches on data")
    mutated: dict[str, str] = {}
    results: list[Result] = []
    paths = _paths(torch, program)
    for spec in program.graph_signature.output_specs:
        kind = spec.kind.name
        if kind == "USER_OUTPUT":
            value = nodes[spec.arg.name].meta["val"] if spec.arg.name in nodes else None
            name = spec.arg.name if isinstance(value, torch.Tensor) else ""
            results.append(Result(name, paths[len(results)], tuple(getattr(value, "shape", ()))))
        elif kind == "BUFFER_MUTATION":
            mutated[buffers[spec.target]] = spec.arg.name
        elif kind != "USER_INPUT_MUTATION":
            raise UnsupportedError(f"an output of kind {kind}", where=where)
    return Exported(tuple(ports), tuple(results), weights, tuple(calls), mutated, numbers, dtypes)


def _call(node: Any) -> Call:
    target = node.target
    schema = getattr(target, "_schema", None)
    if schema is None:  # operator.getitem, operator.mul of sizes...
        names = [f"x{index}" for index in range(len(node.args))]
        label = getattr(target, "__name__", str(target))
    else:
        names = [argument.name for argument in schema.arguments]
        label = str(target)
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    path = stack[-1][0] if stack else ""
    arguments = {**dict(zip(names, node.args, strict=False)), **node.kwargs}
    return Call(label, {key: _argument(value) for key, value in arguments.items()},
                (node.name,), False, path)


def _argument(value: Any) -> Any:
    torch = import_torch()
    if isinstance(value, torch.fx.Node):
        return Ref(value.name)
    if isinstance(value, list | tuple):
        return [_argument(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return _dtype(value) if isinstance(value, torch.dtype) else str(value)


def _dtype(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def _sizes(shape: Any, name: str, where: str) -> tuple[int, ...]:
    if all(isinstance(n, int) for n in shape):
        return tuple(shape)
    raise UnsupportedError(f"input {name} has a dynamic size", where=where)


def _array(program: Any, name: str, sharing: Sharing, where: str) -> Array:
    torch = import_torch()
    tensor = program.state_dict.get(name)
    tensor = program.constants.get(name) if tensor is None else tensor
    if not isinstance(tensor, torch.Tensor) or tensor.layout != torch.strided:
        raise UnsupportedError("it is not a dense tensor", where=f"{where}, {printable(name)}")
    if tensor.dtype in (torch.bfloat16, torch.float16) or tensor.is_complex():
        raise UnsupportedError(f"it is of {_dtype(tensor.dtype)}, not float32",
                               where=f"{where}, {printable(name)}",
                               hint="convert the policy first: policy.float()")
    if tensor.device.type == "meta":
        raise UsageError("it has no data", where=f"{where}, {printable(name)}")
    key = (tensor.data_ptr(), tuple(tensor.shape), tuple(tensor.stride()), tensor.dtype)
    return sharing.get(key if tensor.numel() else name,
                       lambda: tensor.detach().cpu().contiguous().numpy().copy())


def _paths(torch: Any, program: Any) -> list[tuple[str, ...]]:
    """Where each output is found in what forward returns."""
    from torch.utils import _pytree

    spec = program.call_spec.out_spec
    tree = _pytree.tree_unflatten(list(range(spec.num_leaves)), spec)
    leaves, _ = _pytree.tree_flatten_with_path(tree)
    return [tuple(str(getattr(key, "key", getattr(key, "idx", getattr(key, "name", key))))
                  for key in path) for path, _ in leaves]
