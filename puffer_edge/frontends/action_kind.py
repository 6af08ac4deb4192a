# SPDX-License-Identifier: MIT
"""Whether a graph's outputs are choices or a continuous action: one rule for all graph front ends.

Choices only where something says so: as a continuous action the outputs are given raw, in the order
of the file, and nothing is lost; as choices all but the largest is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
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


_EXPORTERS = {name: "rsl_rl" for name in (
    "_OnnxPolicyExporter", "_TorchPolicyExporter", "PolicyExporterLSTM", "PolicyExporterGRU")}
"""Classes of Isaac Lab and legged_gym that save the mean of rsl_rl's policies."""
_ROBOTS = frozenset(("action_scale", "joint_names"))
"""Metadata of Isaac Lab, mjlab and BeyondMimic: an action is a target of joints."""
_OURS = "puffer_edge.contract"


def by_exporter(name: str) -> Evidence | None:
    """What the class tells that a file is of."""
    trainer = _EXPORTERS.get(name.rpartition(".")[2])
    return None if trainer is None else Evidence(
        "continuous", f"the class is an exporter of {trainer}, whose policies are Gaussian", True)


def by_metadata(texts: Mapping[str, str]) -> Evidence | None:
    """What the metadata of a file tell, ours or those of robots' exporters."""
    try:
        kind = json.loads(texts.get(_OURS, "{}"))["action"]["kind"]
    except (ValueError, RecursionError, TypeError, KeyError):
        kind = None
    if kind in ("discrete", "continuous"):
        return Evidence(kind, "the metadata say so", True)
    if not _ROBOTS.isdisjoint(texts):
        return Evidence("continuous", "the metadata are those of a robot's joints", True)
    return None


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
