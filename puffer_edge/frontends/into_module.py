# SPDX-License-Identifier: MIT
"""A file of weights and the torch module that the user built for them."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import MissingDependencyError, UnsupportedError, UsageError
from puffer_edge.frontends.detect import detect
from puffer_edge.readers.parameters import parameters
from puffer_edge.readers.safetensors import load_safetensors
from puffer_edge.readers.text import printable
from puffer_edge.readers.torch_checkpoint import load_checkpoint


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


def named_module(named: str) -> Any:
    """A module that the user names: ``package.module:Class`` or ``FILE.py:Class``.

    It is the user's own code, which is imported; the class, or a function, takes no arguments.

    Raises:
        UsageError: there is no such class, or it cannot be made so.
    """
    place, colon, name = named.rpartition(":")
    if not colon or not name.isidentifier():
        raise UsageError(f"--module {named!r} is not package.module:Class or FILE.py:Class")
    try:
        kind = getattr(_imported(place), name)
    except Exception as error:  # of the user's code, which may raise any
        raise UsageError(f"the class {named} cannot be imported: {error}",
                         hint="give --module package.module:Class or FILE.py:Class") from error
    try:
        return kind()
    except Exception as error:
        raise UsageError(f"the class {named} cannot be made without arguments: {error}",
                         hint="name a function of no arguments that returns the module") from error


def _imported(place: str) -> Any:
    path = Path(place)
    if path.suffix != ".py":
        here = os.getcwd()  # where the user's packages are, as for python -m
        sys.path.append(here)
        try:
            return importlib.import_module(place)
        finally:
            sys.path.remove(here)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ImportError(f"there is no file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _wrong(wanted: dict[str, tuple[int, ...]], weights: dict[str, Array], prefix: str) -> list[str]:
    return [f"{name} {list(shape)}" for name, shape in wanted.items()
            if prefix + name not in weights or weights[prefix + name].shape != shape]


def _described(weights: dict[str, Array]) -> list[str]:
    return [f"{printable(key)} {list(array.shape)}" for key, array in weights.items()]


def width(module: Any) -> tuple[int] | None:
    """Elements of a flat observation: what the first layer takes, if it is linear or recurrent.

    That forward takes so many is shown by running it.
    """
    for layer in module.modules():
        size = getattr(layer, "in_features", getattr(layer, "input_size", None))
        if isinstance(size, int):
            return (size,)
        if any(True for _ in layer.parameters(recurse=False)):
            return None
    return None
