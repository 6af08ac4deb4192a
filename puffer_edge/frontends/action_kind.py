"""Whether a graph's outputs are choices or a continuous action: one rule for all graph front ends.

Choices only where something says so: as a continuous action the outputs are given raw, in the order
of the file, and nothing is lost; as choices all but the largest is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Builder

Kind = Literal["discrete", "continuous"]


@dataclass(frozen=True)
class Evidence:
    """What a file tells of its action's kind.

    Attributes:
        kind: discrete only where it is certain.
        why: in words, for the note.
        certain: it is no assumption.
    """

    kind: Kind = "continuous"
    why: str = "nothing marks the outputs as logits"
    certain: bool = False


def action_kind(builder: Builder, options: LoadOptions, evidence: Evidence) -> Kind:
    """The kind by the user's options, else by the evidence; warns where the two differ."""
    given = asked(options)
    if given is None and evidence.certain:
        builder.note("stated", f"the action is {evidence.kind}: {evidence.why}")
    elif given is None:
        builder.assume("action-kind", f"the action is {evidence.kind}, given raw in the file's "
                       f"order: {evidence.why}; --action decides", "--action")
    elif evidence.certain and given != evidence.kind:
        builder.note("warning", f"the options say that the action is {given}, which contradicts "
                                f"the file: {evidence.why}")
    return given or evidence.kind


def asked(options: LoadOptions) -> Kind | None:
    """The kind that the options say, or that the others of them imply."""
    if options.action is not None:
        return options.action
    if options.action_sizes:
        return "discrete"
    if options.action_low or options.action_high or options.squash is not None:
        return "continuous"
    return None
