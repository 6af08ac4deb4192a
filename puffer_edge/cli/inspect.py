"""``puffer-edge inspect`` and ``puffer-edge targets``: before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from puffer_edge.cli.load_options import takes_load_options
from puffer_edge.cli.shared import Json, PolicyFile, Strict

if TYPE_CHECKING:
    from puffer_edge.frontends.options import LoadOptions


@takes_load_options()
def inspect(
    policy: PolicyFile,
    strict: Strict = False, as_json: Json = False, *, options: LoadOptions,
) -> None:
    """Shows what a policy file is and what export would make of it."""
    from puffer_edge import api
    from puffer_edge.cli.printing.console import say_json
    from puffer_edge.cli.printing.inspected import inspected

    found = api.inspect(policy, options, strict=strict)
    if as_json:
        say_json(found.to_json())
    else:
        inspected(policy, found)


def targets(as_json: Json = False) -> None:
    """Lists every target of export, and every board."""
    from puffer_edge.cli.printing.console import say_json
    from puffer_edge.cli.printing.listed import as_data, listed

    if as_json:
        say_json(as_data())
    else:
        listed()
