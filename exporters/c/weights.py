# SPDX-License-Identifier: MIT
"""Weights apart from code: what a blob holds, where, and what a firmware must be to take it."""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.artefact.vectors import Vectors
from puffer_edge.errors import UsageError
from puffer_edge.exporters.c.context import Context
from puffer_edge.exporters.c.kernels import source
from puffer_edge.exporters.c.text import wrapped
from puffer_edge.exporters.licence import in_c
from puffer_edge.ir import Discrete, Program
from puffer_edge.templates import template

FILE, BLOB = "policy_weights.h", "policy_weights.bin"
MAGIC, VERSION = 0x42574550, 1
HEADER = 16
"""Words: magic, version, bytes behind it, sequence, four hashes of two words (contract, layout,
scheme, code), CRC-32 of what is behind, two of 0, CRC-32 of the words before."""
TESTED = 8
"""Steps that a blob brings to test itself."""
HASHES = ("contract", "layout", "scheme", "code")
IMPLEMENTATION = "/* ==== implementation"
BUILT_IN = ("/* ---- check", "/* ---- self-test")
"""Where the code begins that is of what is built in."""


@dataclass(frozen=True)
class Part:
    """An array in the blob."""

    name: str
    ctype: str
    offset: int
    count: int


@dataclass(frozen=True)
class Weights:
    """What a blob holds, before anything is known of the firmware.

    Attributes:
        payload: the numbers, little-endian; then the steps of its test.
        parts: where each array lies.
        test: arrays of the test.
        hashes: first eight bytes of each, by name.
    """

    payload: bytes
    parts: tuple[Part, ...]
    test: tuple[Part, ...]
    hashes: dict[str, str]

    def blob(self, sequence: int) -> bytes:
        """Header and payload."""
        hashes = b"".join(bytes.fromhex(self.hashes[name]) for name in HASHES)
        head = struct.pack("<4I", MAGIC, VERSION, len(self.payload), sequence) + hashes
        head += struct.pack("<3I", zlib.crc32(self.payload), 0, 0)
        return head + struct.pack("<I", zlib.crc32(head)) + self.payload


def gathered(context: Context) -> tuple[bytes, tuple[Part, ...]]:
    """All numbers of a policy that were emitted, one array after another, each at a word."""
    arrays = [("learned", "int32_t", np.array(context.numbers, "<i4")),
              ("real", "float", np.array(context.reals, "<f4")),
              *((name, context.ctypes[name], array) for name, array in context.data)]
    return _packed(arrays)


def _packed(arrays: Sequence[tuple[str, str, Array]], start: int = 0,
            ) -> tuple[bytes, tuple[Part, ...]]:
    payload, parts = bytearray(), []
    for name, ctype, array in arrays:
        parts.append(Part(name, ctype, start + len(payload), len(array.reshape(-1))))
        data = array.astype(array.dtype.newbyteorder("<")).tobytes()
        payload += data + bytes(-len(data) % 4)
    return bytes(payload), tuple(parts)


def definitions(payload: bytes, parts: Sequence[Part], name: str) -> list[str]:
    """C: the numbers that are built in, and what the names of arrays stand for."""
    words = np.frombuffer(payload, "<u4")
    items = wrapped(f"0x{word:08x}u" for word in words.tolist())
    lines = [f"static const uint32_t {name}_built_in[{max(len(words), 1)}] = {{\n"
             f"{items or '    0'}\n}};"]
    for part in parts:
        at = f"((const {part.ctype} *)(const void *)(weights + {part.offset}u))"
        alone = part.name in ("learned", "real")  # single numbers, by their place
        lines.append(f"#define {name.upper()}_{part.name.upper()}(i) ({at}[i])" if alone else
                     f"#define {part.name} {at}")
    return lines


def complete(text: str, payload: bytes, parts: Sequence[Part], program: Program, tests: Vectors,
             scheme: str, contract: str) -> Weights:
    """The blob's content, once the header of the firmware is known.

    Args:
        text: of ``policy.h``.
        payload: what :func:`gathered` gave,
        parts: and where each array lies in it.
        program: the policy; with an observation in integers, where it takes one.
        tests: vectors of that program.
        scheme: of the export.
        contract: hash of the robot's contract, if there is one.

    Raises:
        UsageError: the vectors are too few.
    """
    steps = tests.first_episode(TESTED)
    if steps < min(TESTED, 2):
        raise UsageError("the policy refuses its test vectors, so its weights could not be tested")
    steps = min(steps, TESTED)
    arrays = {"observations": tests.observations} | {
        name: tests.outputs[name] for name in program.output_names[: len(program.contract.heads)]}
    found, test = _packed([(name, "", array[:steps]) for name, array in arrays.items()],
                          len(payload))
    interface, code = text.split(IMPLEMENTATION)
    for section in BUILT_IN:
        code = code.split(section)[0]
    code = re.sub(r"_built_in\[\d+\] = \{.*?\};", "", code, flags=re.S)
    layout = [(part.name, part.ctype, part.offset, part.count) for part in (*parts, *test)]
    said = {"contract": _plain(interface) + contract, "layout": f"{layout} {steps}",
            "scheme": scheme, "code": _plain(code)}
    return Weights(payload + found, tuple(parts), test, {
        name: hashlib.sha256(said[name].encode()).hexdigest()[:16] for name in HASHES})


def _plain(code: str) -> str:
    """C without comments, as those tell of the file that the weights are from."""
    return " ".join(re.sub(r"/\*.*?\*/", " ", code, flags=re.S).split())


def weights_header(weights: Weights, program: Program, name: str, below: str, *, integers: bool,
                   ) -> str:
    """The text of ``policy_weights.h``, which stands on the header ``below``."""
    steps = weights.test[0].count // program.contract.observation_size
    outputs = [{"name": part.name, "at": part.offset,
                "bytes": part.count // steps * np.dtype(tests_dtype(program, part.name)).itemsize}
               for part in weights.test[1:]]
    observation = program.values[program.input]
    return in_c(template("puffer_edge.exporters.c", "weights.h.j2").render(
        name=name, NAME=name.upper(), below=below, q="_q" if integers else "",
        action_q="_q" if integers and not isinstance(program.contract.action, Discrete) else "",
         steps=steps, outputs=outputs,
        observation={"at": weights.test[0].offset, "bytes": observation.nbytes},
        crc=source("crc32").strip().replace('#include "base.h"\n', ""),
        bytes=len(weights.payload), header=HEADER, magic=MAGIC, version=VERSION,
        hashes=[{"name": key, "NAME": key.upper(), "at": 4 + 2 * i, "words": struct.unpack(
            "<2I", bytes.fromhex(weights.hashes[key]))} for i, key in enumerate(HASHES)]))


def tests_dtype(program: Program, output: str) -> str:
    """Of a raw output."""
    return program.values[program.outputs[program.output_names.index(output)]].dtype


def about_weights(weights: Weights | None, sequence: int) -> dict[str, Any]:
    """What the manifest says of them."""
    return {} if weights is None else {"weights": {
        "sequence": sequence, "bytes": 4 * HEADER + len(weights.payload), **weights.hashes}}
