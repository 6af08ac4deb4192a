"""A file of weights and the torch module that the user built for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import MissingDependencyError, UnsupportedError, UsageError
from puffer_edge.frontends.detect import detect
from puffer_edge.frontends.readers.parameters import parameters
from puffer_edge.frontends.readers.safetensors import load_safetensors
from puffer_edge.frontends.readers.torch_checkpoint import load_checkpoint
from puffer_edge.frontends.text import printable

Array = npt.NDArray[Any]


def fill_module(module: Any, path: Path) -> Any:
    """The module with the file's weights, in eval mode.

    The module's names are looked for as they are, then below each prefix that the file has.

    Raises:
        FileFormatError: the file is damaged.
        UnsupportedError: the file holds no state_dict.
        UsageError: the weights are not those of the module.
    """
    where = str(path)
    kind = detect(path)
    if kind not in ("torch_checkpoint", "safetensors"):
        raise UnsupportedError(f"{kind} files hold more than weights", where=where,
                               hint="load them without a module")
    try:
        import torch
    except ImportError as error:
        raise MissingDependencyError("a module needs torch",
                                     hint="pip install 'puffer-edge[torch]'") from error
    if not isinstance(module, torch.nn.Module):
        raise UsageError(f"module is a {type(module).__name__}, not a torch.nn.Module")
    tree: Any = (load_safetensors(path) if kind == "safetensors"
                 else load_checkpoint(path, where=where))
    weights = parameters(tree, where).weights
    wanted = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    prefixes = {""} | {key[: -len(name)] for name in list(wanted)[:1] for key in weights
                       if key.endswith(f".{name}")}
    best = min(sorted(prefixes), key=lambda p: len(_wrong(wanted, weights, p)))
    if wrong := _wrong(wanted, weights, best):
        raise UsageError(
            f"{len(wrong)} of the module's {len(wanted)} tensors are not in the file: "
            f"{', '.join(wrong[:6])}", where=where,
            hint=f"the file has {', '.join(_described(weights)[:8])}")
    state = {name: torch.from_numpy(np.array(weights[best + name])) for name in wanted}
    module.load_state_dict(state)
    return module.eval()


def _wrong(wanted: dict[str, tuple[int, ...]], weights: dict[str, Array], prefix: str) -> list[str]:
    return [f"{name} {list(shape)}" for name, shape in wanted.items()
            if prefix + name not in weights or weights[prefix + name].shape != shape]


def _described(weights: dict[str, Array]) -> list[str]:
    return [f"{printable(key)} {list(array.shape)}" for key, array in weights.items()]
