# SPDX-License-Identifier: MIT
"""A class of the user's, ``package.module:Class`` or ``FILE.py:Class``, with the file's weights.

It is the user's code, named by the user, and is imported as such.
"""

from __future__ import annotations

import inspect
from pathlib import Path

from puffer_edge.frontends.into_module import fill_module, named_module
from puffer_edge.verification.originals.job import Job
from puffer_edge.verification.originals.modules import Argument, ModuleOriginal
from puffer_edge.verification.originals.original import Original


def open_original(job: Job) -> Original:
    """The class of the job with the weights of its file.

    Its forward takes the observation, then what our reader calls state by the same names.
    """
    module = fill_module(named_module(job.module), Path(job.path))
    shapes = dict(zip(job.states, job.state_shapes, strict=True))
    more = [Argument(name, shapes[name]) for name in inspect.signature(module.forward).parameters
            if name in shapes]
    return ModuleOriginal(module, [Argument("observation", job.shape), *more], job)
