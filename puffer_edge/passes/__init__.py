# SPDX-License-Identifier: MIT
"""Program -> Program; one rewrite per file, each with the reason why it is right."""

from __future__ import annotations

from collections.abc import Callable

from puffer_edge.ir import Program
from puffer_edge.passes.canonicalize_affine import canonicalize_affine
from puffer_edge.passes.dead_code import remove_dead_code
from puffer_edge.passes.drop_value_head import drop_value_head
from puffer_edge.passes.fold_constant_parts import fold_constant_parts
from puffer_edge.passes.fold_constants import fold_constants
from puffer_edge.passes.fold_normalization import fold_normalization
from puffer_edge.passes.fuse_activations import fuse_activations
from puffer_edge.passes.join_linear import join_linear
from puffer_edge.passes.merge_linear import merge_linear
from puffer_edge.passes.recognize_functions import recognize_functions
from puffer_edge.passes.recognize_masks import recognize_masks
from puffer_edge.passes.recognize_norms import recognize_norms
from puffer_edge.passes.remove_identities import remove_identities
from puffer_edge.passes.reshape_states import reshape_states
from puffer_edge.passes.separate_results import separate_results
from puffer_edge.passes.split_activations import split_activations
from puffer_edge.passes.split_biases import split_biases
from puffer_edge.passes.split_states import split_states

Pass = Callable[[Program], Program]

PIPELINE: tuple[Pass, ...] = (
    remove_dead_code,       # nothing below should work on what nobody reads
    fold_constants,         # weights that are computed from weights become weights
    split_biases,           # kernels read biases where constants lie
    split_states,           # each layer carries its own state, so integers give it its own scale
    remove_identities,      # so that patterns below see neighbours
    reshape_states,         # a cell carries its own state, without a reshape between
    recognize_functions,    # GELU written as five ops becomes one, before its scalars are folded
    recognize_norms,        # a row over the root of its squares, in five ops, is one, too
    fold_constant_parts,    # what is joined to the inputs of a layer and never changes
    canonicalize_affine,    # (x - mean) / std in ops becomes one BatchNormalization
    fold_normalization,     # ... which disappears into a linear layer
    join_linear,            # several heads become one matrix
    merge_linear,           # two matrices in a row become one
    fuse_activations,       # one op less, and quantisation sees the range after the activation
    remove_dead_code,       # constants and ops that the folds left behind
    separate_results,       # a result must not be the observation, a constant or an old state
)


def optimize(program: Program, *, fuse: bool = True) -> Program:
    """The Program that is exported: every pass of :data:`PIPELINE`, in order.

    Args:
        program: as a front end made it.
        fuse: fuse all activations; quantisation wants to see the value before one, but for ReLU,
            which in integers is the lower end of a clamp.
    """
    for rewrite in PIPELINE:
        if rewrite is fuse_activations and not fuse:
            program = fuse_activations(split_activations(program, {"relu"}), {"relu"})
        else:
            program = rewrite(program)
    return program


__all__ = [
    "PIPELINE",
    "Pass",
    "canonicalize_affine",
    "drop_value_head",
    "fold_constant_parts",
    "fold_constants",
    "fold_normalization",
    "fuse_activations",
    "join_linear",
    "merge_linear",
    "optimize",
    "recognize_functions",
    "recognize_masks",
    "recognize_norms",
    "remove_dead_code",
    "remove_identities",
    "reshape_states",
    "separate_results",
    "split_activations",
    "split_biases",
    "split_states",
]
