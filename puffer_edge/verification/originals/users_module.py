"""A class of the user's, ``package.module:Class`` or ``FILE.py:Class``, with the file's weights.

It is the user's code, named by the user, and is imported as such.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

from puffer_edge.errors import UsageError
from puffer_edge.frontends.into_module import fill_module
from puffer_edge.verification.originals.job import Job
from puffer_edge.verification.originals.modules import Argument, ModuleOriginal
from puffer_edge.verification.originals.original import Original


def open_original(job: Job) -> Original:
    """The class of the job with the weights of its file."""
    module = fill_module(made(job.module), Path(job.path))
    return ModuleOriginal(module, [Argument("observation", job.shape)], job)


def made(named: str) -> Any:
    """An object of the class, made without arguments.

    Raises:
        UsageError: there is no such class, or it cannot be made so.
    """
    place, colon, name = named.rpartition(":")
    if not colon or not name.isidentifier():
        raise UsageError(f"--module {named!r} is not package.module:Class or FILE.py:Class")
    try:
        kind = getattr(_imported(place), name)
    except (ImportError, OSError, SyntaxError, AttributeError) as error:
        raise UsageError(f"the class {named} cannot be imported: {error}",
                         hint="give --module package.module:Class or FILE.py:Class") from error
    try:
        return kind()
    except TypeError as error:
        raise UsageError(f"the class {named} cannot be made without arguments: {error}",
                         hint="name a function of no arguments that returns the module") from error


def _imported(place: str) -> Any:
    path = Path(place)
    if path.suffix != ".py":
        return importlib.import_module(place)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ImportError(f"there is no file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
