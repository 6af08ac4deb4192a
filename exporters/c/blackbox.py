# SPDX-License-Identifier: MIT
"""``policy_blackbox.h``: what a policy saw and did, kept in RAM for ``puffer-edge replay``."""

from __future__ import annotations

from typing import Any

import numpy as np

from puffer_edge.blackbox import Form, Layout, Part, layout_of
from puffer_edge.blackbox.layout import FAILED, FRESH, INTEGERS, UNTAKEN, words
from puffer_edge.errors import UsageError
from puffer_edge.exporters.c.kernels import source
from puffer_edge.exporters.licence import in_c
from puffer_edge.exporters.request import ExportRequest
from puffer_edge.ir import Program
from puffer_edge.robot.identity import identity
from puffer_edge.shield.shield import OF_OBSERVATION, Shield
from puffer_edge.templates import template

FILE = "policy_blackbox.h"
LARGEST = 1 << 30
"""Bytes of a box."""


def box_of(request: ExportRequest, integers: Program | None) -> Layout | None:
    """The box that is asked for; ``integers``: the policy with an observation in integers.

    Raises:
        UsageError: it would be larger than any memory.
    """
    if request.black_box is None:
        return None
    found = layout_of(request.program, request.black_box, integers,
                      identity(request.contract) if request.contract else "")
    if found.bytes(False) >= LARGEST:
        raise UsageError(f"a black box of {request.black_box.steps:,} steps of this policy takes "
                         f"{found.bytes(False):,} bytes", hint="ask for fewer steps")
    return found


def about_box(box: Layout | None) -> dict[str, Any]:
    """What the manifest says of it; the bytes are of the largest build."""
    return {} if box is None else {"black_box": {
        "steps": box.size.steps, "every": box.size.every, "bytes": box.bytes(False)}}


def blackbox_header(layout: Layout, name: str, below: str, shield: Shield | None = None) -> str:
    """The text of the header.

    Args:
        layout: of the box.
        name: of the policy.
        below: the header that it includes.
        shield: which that one, or one below it, has.
    """
    NAME, both = name.upper(), layout.integers is not None
    builds = (True, False) if both else (False,)
    first = layout.head(False)
    head = [*(f"0x{word:08x}u" for word in first[:5]), *(f"{word}u" for word in first[5:8]),
            f"{NAME}_BLACKBOX_OBSERVATION", f"{first[9]}u", f"{NAME}_BLACKBOX_ACTION",
            f"{NAME}_BLACKBOX_RECORD"]
    return in_c(template("puffer_edge.exporters.c", "blackbox.h.j2").render(
        name=name, NAME=NAME, below=below, q="_q" if both else "", steps=f"{layout.size.steps:,}",
        bytes=" or ".join(f"{layout.bytes(only):,}" for only in reversed(builds)),
        record=4 * layout.record_words(builds[0]), state=4 * words(layout.states),
        slots=f"{layout.steps}u", every=layout.every, blocks=layout.steps // layout.every,
        forms=[{"condition": f"#if defined({NAME}_INTEGER_ONLY)" if only
                else "#else" if both else "",
                "observation": f"{layout.observation_words(only)}u",
                "action": f"{layout.action_words(only)}u",
                "record": f"{layout.record_words(only)}u"} for only in builds],
        head=head, outputs=_placed(layout.outputs), outputs_words=words(layout.outputs),
        states=_placed(layout.states), state_words=words(layout.states), fresh_flag=FRESH,
        integers_flag=INTEGERS, untaken=UNTAKEN, failed=FAILED,
        refused="" if shield is None else f"0x{OF_OBSERVATION & ~shield.reacting.counted:03x}u",
        crc=source("crc32").strip().replace('#include "base.h"\n', ""),
        kinds=[_kind(form) for form in (layout.integers, layout.floats) if form is not None]))


def _kind(form: Form) -> dict[str, Any]:
    floats = form.observation.dtype == "float32"
    own = any(part.dtype not in ("int32", "float32") for part in form.action)
    return {"floats": floats, "q": "" if floats else "_q", "action_q": "_q" if own else "",
            "parts": _placed(form.action), "observation_bytes": _bytes(form.observation)}


def _placed(parts: tuple[Part, ...]) -> list[dict[str, Any]]:
    """Each with the word that it begins at."""
    found, at = [], 0
    for part in parts:
        found.append({"name": part.name, "at": f"{at}u", "bytes": _bytes(part)})
        at += part.words
    return found


def _bytes(part: Part) -> str:
    return f"{part.size * np.dtype(part.dtype).itemsize}u"
