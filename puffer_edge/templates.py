# SPDX-License-Identifier: MIT
"""The one set-up of Jinja for all that is generated: C, Python, linker scripts, Makefiles."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment, Template


def template(package: str, path: str) -> Template:
    """A template that lies in a package, by its path there.

    What it is given is text that is safe where it goes (see ``naming``), so nothing is escaped; a
    name that is not given is an error.
    """
    return _environment(package).get_template(path)


def html_template(package: str, path: str) -> Template:
    """The same for a page: all text is escaped, but what is markup already."""
    return _environment(package, html=True).get_template(path)


@cache
def _environment(package: str, html: bool = False) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(loader=PackageLoader(package, "."), undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
                       autoescape=html)
