"""The kind of the action, where neither the user nor the policy tells it."""

from __future__ import annotations

from dataclasses import replace

from puffer_edge.frontends.assumptions import assumed
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.torch_export.exported import Exported
from puffer_edge.ir import Note


def with_kind(options: LoadOptions, exported: Exported) -> tuple[LoadOptions, list[Note]]:
    """The options with a continuous action where nothing says otherwise, and a note of that.

    Scripts and whole modules are what robots run: rsl_rl and Isaac Lab export them.
    """
    given = (options.action, options.action_sizes, options.action_low, options.action_high)
    if any(map(bool, given)) or options.squash is not None or any(
            call.op in ("argmax", "log_softmax") for call in exported.calls):
        return options, []
    return replace(options, action="continuous"), [assumed(
        "action-kind", "the action is continuous, given raw: nothing says that the outputs are "
        "logits; give --action discrete if they are, or action values", "--action")]
