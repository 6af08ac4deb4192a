# SPDX-License-Identifier: MIT
"""YAML of a stranger -> plain data. Tags of Python objects, which trainers write, make nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from puffer_edge.errors import FileFormatError, MissingDependencyError

_FLOAT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")
"""What C++'s readers take for a number; YAML 1.1 has a point and a sign in all of them."""
_ANCHORS = 100
"""Of a file; those of trainers have none."""
_DEPTH = 40


@dataclass(frozen=True)
class Unread:
    """What a tag stands for that is nothing to us, such as a slice of Python."""

    tag: str


def read_yaml(text: str, where: str) -> Any:
    """Dictionaries, lists, texts, numbers and booleans.

    Raises:
        FileFormatError: it is no YAML, or no file has so many anchors or such depth.
        MissingDependencyError: PyYAML is not installed.
    """
    try:
        import yaml  # type: ignore[import-untyped]
    except ImportError:
        raise MissingDependencyError(
            "YAML is read by PyYAML, which is not installed",
            hint="pip install 'puffer-edge[robot]', or write the contract as TOML") from None
    try:
        _refuse_excess(yaml, text, where)
        return yaml.load(text, Loader=_loader())
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, AttributeError,
            OverflowError) as error:
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise FileFormatError(f"this is not YAML: {problem:.200}{line}", where=where) from None


def _refuse_excess(yaml: Any, text: str, where: str) -> None:
    """Before anything is built: PyYAML's time grows with the square of the depth."""
    starts = (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken,
              yaml.BlockSequenceStartToken, yaml.BlockMappingStartToken)
    ends = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)
    anchors = depth = 0
    for token in yaml.scan(text):
        anchors += isinstance(token, yaml.AliasToken)
        depth += isinstance(token, starts) - isinstance(token, ends)
        if anchors > _ANCHORS:
            raise FileFormatError(f"has more than {_ANCHORS} references", where=where)
        if depth > _DEPTH:
            raise FileFormatError(f"has tables in tables, more than {_DEPTH}", where=where)


@cache
def _loader() -> Any:
    """Knows no tag but those of plain data."""
    import yaml

    loader: Any = type("Tolerant", (yaml.SafeLoader,), {})
    for begin in ("tag:", "!"):
        loader.add_multi_constructor(begin, lambda loader, suffix, node: Unread(node.tag))
    loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))
    return loader
