# SPDX-License-Identifier: MIT
"""Policy file -> Program; one file per source, chosen by content and never by extension."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.frontends.options import LoadOptions, spelled
from puffer_edge.ir import Program


def _onnx(path: Path, options: LoadOptions) -> Program:
    from puffer_edge.frontends.onnx import load_onnx

    return load_onnx(path, options)


def _pt2(path: Path, options: LoadOptions) -> Program:
    from puffer_edge.frontends.torch_export import load_pt2

    return load_pt2(path, options)


def _stable_baselines3(path: Path, options: LoadOptions) -> Program:
    from puffer_edge.frontends.stable_baselines3 import load_zip

    return load_zip(path, options)


def _torch_checkpoint(path: Path, options: LoadOptions) -> Program:
    from puffer_edge.frontends.state_dict import load_checkpoint_file

    return load_checkpoint_file(path, options)


def _pufferlib_weights(path: Path, options: LoadOptions) -> Program:
    from puffer_edge.frontends.pufferlib_weights import load_weights

    return load_weights(path, options)


def _torch_script(path: Path, options: LoadOptions) -> Program:
    from puffer_edge.frontends.torchscript.load import load_torch_script

    return load_torch_script(path, options)


def _safetensors(path: Path, options: LoadOptions) -> Program:
    from puffer_edge.frontends.state_dict import load_safetensors_file

    return load_safetensors_file(path, options)


def _tflite(path: Path, options: LoadOptions) -> Program:
    from puffer_edge.frontends.tflite import load_tflite

    return load_tflite(path, options)


def _hdf5(path: Path, options: LoadOptions) -> Program:
    from puffer_edge.frontends.hdf5 import load_hdf5_file

    return load_hdf5_file(path, options)


def _keras(path: Path, options: LoadOptions) -> Program:
    from puffer_edge.frontends.keras import load_keras_file

    return load_keras_file(path, options)


def _d3rlpy(path: Path, options: LoadOptions) -> Program:
    from puffer_edge.frontends.d3rlpy import load_d3_file

    return load_d3_file(path, options)


def _flax(path: Path, options: LoadOptions) -> Program:
    from puffer_edge.frontends.flax import load_flax_file

    return load_flax_file(path, options)


FRONTENDS: dict[str, Callable[[Path, LoadOptions], Program]] = {
    "d3rlpy": _d3rlpy,
    "flax": _flax,
    "hdf5": _hdf5,
    "keras": _keras,
    "onnx": _onnx,
    "pt2": _pt2,
    "pufferlib_weights": _pufferlib_weights,
    "safetensors": _safetensors,
    "stable_baselines3": _stable_baselines3,
    "tflite": _tflite,
    "torch_script": _torch_script,
    "torch_checkpoint": _torch_checkpoint,
}
"""Front end by the kind that ``detect`` finds; each imports what it needs when it is called."""


_GRAPHS = ("hdf5", "keras", "onnx", "pt2", "torch_script", "tflite")
_OF_WEIGHTS = ("safetensors", "torch_checkpoint")
"""Their front end looks for statistics beside the weights, too."""
_SIZES = ("config", "hidden_size", "num_layers")
_OF_NO_USE: dict[str, tuple[str, ...]] = {
    "d3rlpy": ("states", "activation", "vec_normalize", *_SIZES, "key_map"),
    "flax": ("states", "vec_normalize", *_SIZES, "key_map"),
    "hdf5": ("states", "activation", "vec_normalize", *_SIZES, "key_map"),
    "keras": ("states", "activation", "vec_normalize", *_SIZES, "key_map"),
    "module": ("activation", "vec_normalize", *_SIZES, "key_map"),
    "onnx": ("activation", "vec_normalize", *_SIZES, "key_map"),
    "pt2": ("activation", "vec_normalize", *_SIZES, "key_map"),
    "pufferlib_weights": ("normaliser", "states", "vec_normalize", "key_map"),
    "safetensors": ("states", "vec_normalize", *_SIZES),
    "tflite": ("activation", "vec_normalize", *_SIZES, "key_map"),
    "torch_script": ("states", "vec_normalize", "activation", *_SIZES, "key_map"),
    "stable_baselines3": ("normaliser", "states", *_SIZES, "key_map"),
    "torch_checkpoint": ("states", "vec_normalize", *_SIZES[1:]),
}
"""Options that a kind of file, or a module, has no place for: an error, as the user counts on them.
"""


def load_file(path: Path, options: LoadOptions) -> Program:
    """The Program of a policy file of any supported kind.

    Raises:
        FileFormatError: the file is missing, damaged or hostile.
        UnsupportedError: the file is of a kind, or has a structure, that is not supported.
        UsageError: the options do not fit the file.
    """
    from puffer_edge.frontends.detect import detect
    from puffer_edge.frontends.observation_statistics import normalised_by

    kind = detect(path)
    frontend = FRONTENDS.get(str(kind))
    if frontend is None:
        raise UnsupportedError(f"{kind} files are not supported yet", where=str(path),
                               hint="export the policy to ONNX and give that file")
    refuse_useless(options, kind, str(path))
    # Of a graph, only what is wanted is read; of weights, a value head is dropped with its size.
    program = frontend(path, options if kind in _GRAPHS else replace(options, keep_value=True))
    return program if kind in _OF_WEIGHTS else normalised_by(program, options.normaliser)


def refuse_useless(options: LoadOptions, kind: str, where: str) -> None:
    """Raises UsageError for an option that this kind of policy has no place for."""
    what, hint = f"this kind of file ({kind})", "leave the option out"
    if kind == "module":
        what, hint = "a module", f"{hint}: what a module computes is what its forward says"
    for name in _OF_NO_USE[kind]:
        if getattr(options, name) not in (None, ()):
            raise UsageError(f"{spelled(name)} is of no use for {what}", where=where, hint=hint)


__all__ = ["FRONTENDS", "LoadOptions", "load_file"]
