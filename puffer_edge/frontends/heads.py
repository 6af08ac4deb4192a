# SPDX-License-Identifier: MIT
"""The contract of a policy from what its file and its user say; shared by all front ends."""

from __future__ import annotations

import numpy as np

from puffer_edge.errors import UsageError
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Builder, Continuous, Contract, Discrete, Field, Head, Hybrid

_LARGEST = float(np.finfo(np.float32).max)


def discrete(builder: Builder, options: LoadOptions, width: int) -> Discrete:
    """Categorical heads over ``width`` logits.

    Raises:
        UsageError: the sizes given do not add up to the width.
    """
    if not options.action_sizes:
        builder.assume("action-heads", f"one discrete action of {width} choices; give "
                       "--action-sizes if the logits are those of several heads", "--action-sizes")
        return Discrete((width,))
    if sum(options.action_sizes) != width or min(options.action_sizes) < 1:
        raise UsageError(
            f"the action sizes {options.action_sizes} do not add up to the {width} logits",
            hint="give the environment's action_space.nvec, as in --action-sizes 3,3,2")
    return Discrete(options.action_sizes)


def continuous(builder: Builder, options: LoadOptions, size: int, *, squash: bool = False,
               low: tuple[float, ...] = (), high: tuple[float, ...] = (),
               rescale: bool = False) -> Continuous:
    """A continuous head.

    Args:
        builder: takes the notes.
        options: the user's bounds win over the file's.
        size: elements of the action.
        squash: what the algorithm does unless the user says otherwise.
        low: bounds that the file holds, if any.
        high: the same above.
        rescale: map [-1, 1] onto the bounds also where the action is not squashed.

    Raises:
        UsageError: bounds missing or infinite where a squashed action needs them, of a wrong
            length, or in the wrong order.
    """
    squash = squash if options.squash is None else options.squash
    stated = low, high
    low = _spread(options.action_low, size, "low") or low
    high = _spread(options.action_high, size, "high") or high
    if all(stated) and stated != (low, high):
        builder.note("warning", "the bounds given contradict the file, which says "
                                f"{_shown(stated[0])} to {_shown(stated[1])}")
    if bool(low) != bool(high):
        raise UsageError("an action bound is missing",
                         hint="give both --action-low and --action-high")
    if any(not a < b for a, b in zip(low, high, strict=True)):
        raise UsageError(f"the action bounds {low} are not below {high}",
                         hint="give --action-low and --action-high of the environment")
    # An infinite bound, as gymnasium.spaces.Box has for an open side, never binds.
    low, high = (tuple(max(-_LARGEST, min(_LARGEST, bound)) for bound in side)
                 for side in (low, high))
    if all(bound == -_LARGEST for bound in low) and all(bound == _LARGEST for bound in high):
        low = high = ()
    elif squash and max(map(abs, (*low, *high))) == _LARGEST:
        raise UsageError("a squashed action needs finite bounds, on both sides",
                         hint="give --action-low and --action-high, or --no-squash")
    if not low:
        builder.assume("action-bounds", "the action is not clipped: no finite bounds are known; "
                       "give --action-low and --action-high of the environment", "--action-low")
    return Continuous(size, squash=squash, low=low, high=high,
                      rescale=(squash or rescale) and bool(low))


def observation(builder: Builder, options: LoadOptions, size: int) -> tuple[Field, ...]:
    """Fields of an observation of ``size`` elements: the user's, or one called obs.

    Raises:
        UsageError: the user's fields do not fill the observation.
    """
    if not options.observation:
        return (Field("obs", (size,)),)
    names = [field.name for field in options.observation]
    if len(set(names)) < len(names) or min(field.size for field in options.observation) < 1:
        raise UsageError("the observation fields need different names and sizes of at least 1")
    total = sum(field.size for field in options.observation)
    if total != size:
        raise UsageError(f"the observation fields have {total} elements, the policy takes {size}")
    return options.observation


def contract(builder: Builder, options: LoadOptions, observation_size: int,
             action: Head | Hybrid, *, sampled: bool = False) -> Contract:
    """Observation and action together; notes a trainer that samples when it plays.

    Raises:
        UsageError: an option is about the other kind of action, or the fields do not fit.
    """
    if isinstance(action, Hybrid):
        kind, other = "hybrid", {f"action={options.action}": options.action is not None}
    elif isinstance(action, Discrete):
        kind, other = "discrete", {
            "action=continuous": options.action == "continuous",
            "action-low": bool(options.action_low), "action-high": bool(options.action_high),
            "squash": options.squash is not None}
    else:
        kind, other = "continuous", {"action=discrete": options.action == "discrete",
                                     "action-sizes": bool(options.action_sizes)}
    if wrong := [name for name, given in other.items() if given]:
        raise UsageError(f"the policy's action is {kind}: --{wrong[0]} does not fit",
                         hint=f"leave out --{', --'.join(wrong)}")
    if sampled:
        builder.note("stated", "the trainer samples its actions when it plays; the artefact "
                               "takes the most likely one")
    return Contract(observation(builder, options, observation_size), action, sampled)


def _shown(bounds: tuple[float, ...]) -> str:
    return (f"{bounds[0]:g}" if len(set(bounds)) == 1
            else f"({', '.join(f'{bound:g}' for bound in bounds[:8])})")


def _spread(bounds: tuple[float, ...], size: int, side: str) -> tuple[float, ...]:
    if len(bounds) == 1:
        return bounds * size
    if len(bounds) not in (0, size):
        raise UsageError(f"{len(bounds)} {side} bounds for {size} actions",
                         hint="give one bound for all elements or one for each")
    return bounds
