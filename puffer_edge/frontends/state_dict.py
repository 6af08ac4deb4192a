"""Checkpoints of torch.save: finds the family whose keys these are."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends import pufferlib, pufferlib4
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.text import printable
from puffer_edge.ir import Program

StateDict = dict[str, npt.NDArray[Any]]


class Family(Protocol):
    """A module that knows the state_dicts of one trainer."""

    def matches(self, weights: StateDict) -> bool:
        """Whether the keys are this family's."""

    def load_state_dict(self, weights: StateDict, options: LoadOptions, *, where: str) -> Program:
        """The Program of such a state_dict."""


FAMILIES: tuple[Family, ...] = (pufferlib4, pufferlib)
"""Asked in this order."""


def load_checkpoint_file(path: Path, options: LoadOptions) -> Program:
    """The Program of a ``.pt`` file that holds a state_dict of a known family.

    Raises:
        FileFormatError: the file is damaged or holds something else.
        UnsupportedError: the keys are those of no known family.
    """
    from puffer_edge.frontends.readers.torch_checkpoint import flat_state_dict, load_checkpoint

    where = str(path)
    weights = flat_state_dict(load_checkpoint(path, where=where), where)
    for family in FAMILIES:
        if family.matches(weights):
            return family.load_state_dict(weights, options, where=where)
    keys = ", ".join(f"{printable(key)} {list(weights[key].shape)}" for key in list(weights)[:8])
    raise UnsupportedError(
        f"the state_dict is of no known family; its first keys are {keys}", where=where,
        hint="build the policy's torch module, load the state_dict into it and give the module "
             "to puffer_edge.load(), or export it to ONNX or with torch.export")
