# SPDX-License-Identifier: MIT
"""What is made of a log: observations to calibrate with, a unit test in C, messages of MCAP."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.blackbox.reading import STATUSES, Record
from puffer_edge.blackbox.replaying import Moment
from puffer_edge.errors import MissingDependencyError, OutputError, UsageError
from puffer_edge.ir import Program
from puffer_edge.quantization.integer_input import IntegerInput
from puffer_edge.quantization.recording import Recording
from puffer_edge.templates import template


def recording(records: Iterable[Record], given: IntegerInput | None) -> Recording:
    """Finite observations as floats; an episode begins at a reset, and where steps are missing.

    Raises:
        UsageError: there are none.
    """
    rows, reset, last = [], [], -1
    for record in records:
        row = record.observation.astype(np.float32)
        if record.integers:
            assert given is not None  # the reader refuses such records
            row = (record.observation * given.scale + given.offset).astype(np.float32)
        if not np.isfinite(row).all():
            continue
        rows.append(row)
        reset.append(record.fresh or record.sequence != last + 1)
        last = record.sequence
    if not rows:
        raise UsageError("the log holds no observation to calibrate with")
    return Recording(np.stack(rows), np.array(reset))


def archive(recorded: Recording) -> bytes:
    """An .npz that ``--calibrate`` takes."""
    file = io.BytesIO()
    np.savez(file, observations=recorded.observations, reset=recorded.reset)
    return file.getvalue()


@dataclass(frozen=True)
class Window:
    """The last steps that were computed one after another, for a test."""

    moments: tuple[Moment, ...]

    @staticmethod
    def of(moments: Iterable[Moment], most: int) -> Window:
        """At most so many of them.

        Raises:
            UsageError: there are none.
        """
        kept: list[Moment] = []
        for moment in moments:
            if kept and (not (moment.follows or moment.record.fresh)
                         or moment.record.integers != kept[-1].record.integers):
                kept.clear()
            kept.append(moment)
            del kept[:-most]
        if not kept:
            raise UsageError("no step of the log can be computed, so there is nothing to test")
        return Window(tuple(kept))


def unit_test(window: Window, program: Program, name: str) -> str:
    """A test in C: the log's observations, and the bits that the oracle gives for them."""
    moments, first = window.moments, window.moments[0]
    integers = first.record.integers
    computed = [{**moment.outputs,
                 **{f"action {part}": array for part, array in moment.action.items()}}
                for moment in moments]
    good = next((found for found in computed if found), {})  # refused steps have nothing
    rows = {key: [found.get(key, np.zeros_like(array)) for found in computed]
            for key, array in good.items()}
    checked = [_table(key.replace(" ", "_"), np.stack(arrays)) for key, arrays in rows.items()]
    for table, key in zip(checked, rows, strict=True):
        part = key.removeprefix("action ")
        table["read"] = f"action.{part}" if part != key else f"{name}_{key}(&policy)"
    own = integers and any(array.dtype.itemsize < 4 for array in first.record.action.values())
    return template("puffer_edge.blackbox", "replay_test.c.j2").render(
        name=name, NAME=name.upper(), steps=len(moments), first=first.record.sequence,
        last=moments[-1].record.sequence, q="_q" if integers else "", action_q="_q" if own else "",
        observation=_table("observation", np.stack([m.record.observation for m in moments])),
        fresh=", ".join(str(int(m.record.fresh)) for m in moments),
        status=", ".join(str(int(m.status)) for m in moments), checked=checked,
        states=[] if first.record.fresh else [
            _table(f"state_{i}", first.state[state.input].reshape(1, -1))
            for i, state in enumerate(program.states)])


def _table(name: str, rows: Array) -> dict[str, Any]:
    """Rows of numbers as C, floats by their bits."""
    rows = np.ascontiguousarray(rows)
    floats = np.issubdtype(rows.dtype, np.floating)
    numbers = rows.view(np.uint32) if floats else rows
    form = "0x{:08x}u" if floats else "{}"
    return {"name": name, "size": rows.shape[1],
            "type": "uint32_t" if floats else f"{rows.dtype}_t",
            "lines": [", ".join(form.format(number) for number in row) for row in numbers.tolist()]}


def to_mcap(records: Iterable[Record], program: Program, name: str) -> bytes:
    """Messages in JSON on the topic /NAME/step, by the device's clock.

    Raises:
        MissingDependencyError: the package mcap is not installed.
    """
    try:
        from mcap.writer import Writer
    except ImportError:
        raise MissingDependencyError("a log in MCAP needs the package mcap",
                                     hint="pip install mcap") from None
    file = io.BytesIO()
    writer = Writer(file)
    writer.start("", "puffer-edge")
    schema = writer.register_schema(f"{name}_step", "jsonschema", json.dumps(_schema()).encode())
    channel = writer.register_channel(f"/{name}/step", "json", schema)
    now, last = 0, None
    for record in records:
        now += 0 if last is None else (record.time - last) % (1 << 32)
        last = record.time
        writer.add_message(channel, now * 1000, _message(record, program), now * 1000,
                           record.sequence)
    writer.finish()
    return file.getvalue()


def _message(record: Record, program: Program) -> bytes:
    observation, at = {}, 0
    for part in program.contract.observation:
        observation[part.name] = _plain(record.observation[at:at + part.size])
        at += part.size
    return json.dumps({
        "sequence": record.sequence, "status": STATUSES[record.status], "reset": record.fresh,
        "faults": record.faults,
        "observation": observation,
        **{what: {name: _plain(array) for name, array in getattr(record, what).items()}
           for what in ("outputs", "action", "applied")}}, allow_nan=False).encode()


def _plain(numbers: Array) -> list[Any]:
    """Numbers as JSON has them, which has no NaN and no infinity."""
    return [None if isinstance(number, float) and not np.isfinite(number) else number
            for number in numbers.tolist()]


def _schema() -> dict[str, Any]:
    numbers = {"type": "object", "additionalProperties": {"type": "array", "items": {
        "type": ["number", "null"]}}}
    return {"type": "object", "properties": {
        "sequence": {"type": "integer"}, "status": {"type": "string"}, "reset": {"type": "boolean"},
        "faults": {"type": "integer"},
        "observation": numbers, "outputs": numbers, "action": numbers, "applied": numbers}}


def put(content: bytes, path: Path) -> None:
    """Writes a file whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"cannot be written: {error.strerror}", where=str(path)) from error

