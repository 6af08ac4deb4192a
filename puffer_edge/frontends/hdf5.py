# SPDX-License-Identifier: MIT
"""HDF5 files: finds out whose they are."""

from __future__ import annotations

from pathlib import Path

from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends import rltools
from puffer_edge.frontends.keras import load_keras
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Program
from puffer_edge.readers.hdf5 import load_hdf5
from puffer_edge.readers.keras_file import model_of_hdf5
from puffer_edge.readers.text import printable


def load_hdf5_file(path: Path, options: LoadOptions) -> Program:
    """The Program of an HDF5 file: RLtools' or Keras'.

    Raises:
        MissingDependencyError: h5py is not installed.
        FileFormatError: the file is damaged.
        UnsupportedError: it is of no known kind, or has layers that are not supported.
        UsageError: the options do not fit the policy.
    """
    file = load_hdf5(path)
    if rltools.matches(file):
        return rltools.load_rltools(file, options)
    if not {"model_config", "layer_names", "keras_version"}.isdisjoint(file.attributes[""]):
        return load_keras(model_of_hdf5(file), options)
    listed = ", ".join(printable(name, 40) for name in list(file.arrays)[:12])
    raise UnsupportedError(
        f"the HDF5 file is of no known kind; its data are {listed or 'none'}", where=str(path),
        hint="RLtools' checkpoints and Keras' models are read; export other policies to ONNX")
