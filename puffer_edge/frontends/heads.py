"""The contract of a policy from what its file and its user say; shared by all front ends."""

from __future__ import annotations

from puffer_edge.errors import UsageError
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Builder, Continuous, Contract, Discrete, Field


def discrete(builder: Builder, options: LoadOptions, width: int) -> Discrete:
    """Categorical heads over ``width`` logits.

    Raises:
        UsageError: the sizes given do not add up to the width.
    """
    if not options.action_sizes:
        builder.note("assumed", f"one discrete action of {width} choices; give --action-sizes "
                                "if the logits are those of several heads")
        return Discrete((width,))
    if sum(options.action_sizes) != width or min(options.action_sizes) < 1:
        raise UsageError(
            f"the action sizes {options.action_sizes} do not add up to the {width} logits",
            hint="give the environment's action_space.nvec, as in --action-sizes 3,3,2")
    return Discrete(options.action_sizes)


def continuous(builder: Builder, options: LoadOptions, size: int, *, squash: bool = False,
               low: tuple[float, ...] = (), high: tuple[float, ...] = ()) -> Continuous:
    """A continuous head.

    Args:
        builder: takes the notes.
        options: the user's bounds win over the file's.
        size: elements of the action.
        squash: what the algorithm does unless the user says otherwise.
        low: bounds that the file holds, if any.
        high: the same above.

    Raises:
        UsageError: bounds missing where a squashed action needs them, or of a wrong length.
    """
    squash = squash if options.squash is None else options.squash
    low = _spread(options.action_low, size, "low") or low
    high = _spread(options.action_high, size, "high") or high
    if bool(low) != bool(high):
        raise UsageError("an action bound is missing",
                         hint="give both --action-low and --action-high")
    if any(not a < b for a, b in zip(low, high, strict=True)):
        raise UsageError(f"the action bounds {low} are not below {high}")
    if not low:
        builder.note("assumed", "the action is not clipped: the file holds no bounds; give "
                                "--action-low and --action-high of the environment")
    return Continuous(size, squash=squash, low=low, high=high, rescale=squash and bool(low))


def observation(builder: Builder, options: LoadOptions, size: int) -> tuple[Field, ...]:
    """Fields of an observation of ``size`` elements: the user's, or one called obs.

    Raises:
        UsageError: the user's fields do not fill the observation.
    """
    if not options.observation:
        return (Field("obs", (size,)),)
    total = sum(field.size for field in options.observation)
    if total != size:
        raise UsageError(f"the observation fields have {total} elements, the policy takes {size}")
    return options.observation


def contract(builder: Builder, options: LoadOptions, observation_size: int,
             action: Discrete | Continuous, *, sampled: bool = False) -> Contract:
    """Observation and action together; notes a trainer that samples when it plays."""
    if sampled:
        builder.note("assumed", "the trainer samples its actions when it plays; the artefact "
                                "takes the most likely one")
    return Contract(observation(builder, options, observation_size), action, sampled)


def _spread(bounds: tuple[float, ...], size: int, side: str) -> tuple[float, ...]:
    if len(bounds) == 1:
        return bounds * size
    if len(bounds) not in (0, size):
        raise UsageError(f"{len(bounds)} {side} bounds for {size} actions",
                         hint="give one bound for all elements or one for each")
    return bounds
