# SPDX-License-Identifier: MIT
"""Who runs the original of which file: one row per owner of a format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Owner:
    """The library that owns a format.

    Attributes:
        module: file of this package that runs it.
        package: what has to be installed.
        title: what it is called.
        kinds: of files, as ``frontends.detect`` calls them.
        sources: how the Program's source begins, where the kind alone does not tell the owner.
        runs_code: its loader can run what is in the file, so the user has to ask for it.
    """

    module: str
    package: str
    title: str
    kinds: tuple[str, ...]
    sources: tuple[str, ...] = ("",)
    runs_code: bool = False


_CHECKPOINTS = ("torch_checkpoint", "safetensors")
USERS = Owner("users_module", "torch", "your module in torch", _CHECKPOINTS)
"""Of the class that the user names with --module."""
LIVE = Owner("live", "torch", "your module in torch", ())
"""Of a module that the user handed over."""
OWNERS: tuple[Owner, ...] = (
    Owner("onnx", "onnxruntime", "onnxruntime", ("onnx",)),
    Owner("tflite", "ai_edge_litert", "LiteRT", ("tflite",)),
    Owner("torch_export", "torch", "torch.export", ("pt2",), runs_code=True),
    Owner("torch_script", "torch", "TorchScript in torch", ("torch_script",), runs_code=True),
    Owner("stable_baselines3", "stable_baselines3", "Stable-Baselines3", ("stable_baselines3",)),
    Owner("rsl_rl", "torch", "rsl_rl's layers in torch", _CHECKPOINTS, ("rsl_rl checkpoint",)),
    Owner("pufferlib", "torch", "PufferLib's layers in torch", _CHECKPOINTS,
          ("PufferLib 3.0 state_dict, Default policy", "PufferLib 1 or 2 state_dict, Default")),
)


def owner_of(kind: str, source: str) -> Owner | None:
    """The owner of a file; None where no library owns it.

    Args:
        kind: of the file.
        source: of the Program that was made of it.
    """
    return next((owner for owner in OWNERS if kind in owner.kinds
                 and source.startswith(owner.sources)), None)
