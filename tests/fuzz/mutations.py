# SPDX-License-Identifier: MIT
"""Changes of sound inputs that keep their outer structure, so that readers get far into them."""

from __future__ import annotations

import io
import json
import pickletools
import re
import struct
import zipfile
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

NUMBERS = (0, 1, -1, 2, 7, 127, 128, 255, 256, 1 << 15, 1 << 16, (1 << 31) - 1, -(1 << 31), 1 << 31,
           1 << 32, 1 << 40, (1 << 63) - 1, 1 << 63, -(1 << 63), 1 << 70, 10 ** 400)
VALUES: tuple[Any, ...] = (*NUMBERS, 0.5, 1e308, float("nan"), float("inf"), True, False, None, "",
                           "a", "1", "../x", "\x1b[31m", "*/ x; /*", "$(x)", "a" * 5000, [], {},
                           [[]], [0] * 300, {"a": {}})
TOKENS = re.compile(r"\w+|\s+|.", re.S)


def number(random: Random) -> int:
    """A number at the edge of some type."""
    return random.choice(NUMBERS) + random.choice((0, 0, 0, 1, -1))


def raw(random: Random, content: bytes) -> bytes:
    """Bytes set, flipped, inserted, deleted, copied; a cut."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 6)):
        at, size = random.randrange(len(changed) + 1), random.randint(1, 8)
        match random.randrange(6):
            case 0:
                changed[at:at + 1] = bytes([random.randrange(256)])
            case 1 if at < len(changed):
                changed[at] ^= 1 << random.randrange(8)
            case 2:
                changed[at:at] = random.randbytes(size)
            case 3:
                del changed[at:at + size]
            case 4:
                start = random.randrange(len(changed) + 1)
                changed[at:at] = changed[start:start + size]
            case 5 if random.random() < 0.2:
                del changed[at:]
    return bytes(changed)


def words(random: Random, content: bytes) -> bytes:
    """Aligned numbers of 1, 2, 4 or 8 bytes, as flatbuffers and headers have them."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 4)):
        size = random.choice((1, 2, 4, 4, 8))
        at = random.randrange(max(len(changed) // size, 1)) * size
        before = int.from_bytes(changed[at:at + size], "little")
        value = random.choice((number(random), before + random.choice((-4, -1, 1, 4)),
                               random.randrange(len(changed) + 8)))
        if at + size <= len(changed):
            changed[at:at + size] = (value % (1 << 8 * size)).to_bytes(size, "little")
    return bytes(changed)


def tree(random: Random, value: Any) -> Any:
    """Some places of a JSON text: other values, values of other places, missing, doubled."""
    changed = deepcopy(value)
    for _ in range(random.randint(1, 3)):
        places = list(_places(changed))
        if not places:
            return random.choice(VALUES)
        container, key = random.choice(places)
        other, name = random.choice(places)
        match random.randrange(5):
            case 0 | 1:
                container[key] = deepcopy(random.choice(VALUES))
            case 2:
                container[key] = deepcopy(other[name])
            case 3:
                del container[key]
            case 4 if isinstance(container, list):
                container.insert(key, deepcopy(other[name]))
            case 4:
                container[str(random.choice(VALUES))[:50]] = container[key]
    return changed


def _places(value: Any) -> Any:
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def as_json(value: Any) -> bytes:
    """JSON, with numbers of any length."""
    return json.dumps(value).encode()


def text(random: Random, source: str) -> str:
    """Tokens of a text, exchanged, deleted, doubled, or numbers in their place."""
    tokens = TOKENS.findall(source) or [" "]
    for _ in range(random.randint(1, 5)):
        at, other = random.randrange(len(tokens) + 1), random.randrange(max(len(tokens), 1))
        match random.randrange(5):
            case 0:
                tokens[at:at + 1] = tokens[other:other + 1]
            case 1:
                del tokens[at:at + random.randint(1, 3)]
            case 2:
                tokens[at:at] = tokens[other:other + random.randint(1, 30)]
            case 3:
                tokens[at:at + 1] = [str(number(random))]
            case 4:
                tokens[at:at] = [random.choice("()[]{}:,.=*-+\"'#\n\\")]
    return "".join(tokens)


def names(random: Random, source: str) -> str:
    """Names and numbers of a text, in each other's place, so that it can still be parsed."""
    tokens = TOKENS.findall(source)
    places = [i for i, token in enumerate(tokens) if token[0].isalnum()]
    for _ in range(random.randint(1, 8) if places else 0):
        at, other = random.choice(places), random.choice(places)
        tokens[at] = random.choice((tokens[other], str(abs(number(random)))))
    return "".join(tokens)


def instructions(random: Random, pickled: bytes) -> bytes:
    """Instructions of a pickle, exchanged, deleted, doubled, or with other arguments."""
    starts = [position for _, _, position in pickletools.genops(pickled)]
    parts = [pickled[a:b] for a, b in zip(starts, [*starts[1:], len(pickled)], strict=True)]
    codes = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]
    for _ in range(random.randint(1, 5)):
        at, other = random.randrange(len(parts) + 1), random.randrange(max(len(parts), 1))
        match random.randrange(6):
            case 0:
                parts[at:at + 1] = parts[other:other + 1]
            case 1:
                del parts[at:at + random.randint(1, 3)]
            case 2:
                parts[at:at] = parts[other:other + random.randint(1, 12)]
            case 3:
                value = number(random) % (1 << 32)
                parts[at:at + 1] = [b"J" + struct.pack("<I", value)]
            case 4:
                parts[at:at] = [random.choice(codes) + random.randbytes(random.choice((0, 1, 4)))]
            case 5 if at < len(parts):
                parts[at] = raw(random, parts[at])
    return b"".join(parts)


def members(content: bytes) -> dict[str, bytes]:
    """The members of a zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(entries: dict[str, bytes]) -> bytes:
    """A sound zip, its CRCs those of the members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def member(random: Random, content: bytes, suffix: str,
           change: Callable[[Random, bytes], bytes]) -> bytes:
    """One member of a zip changed, whose name ends so; in one of twenty, the zip's own bytes."""
    if random.random() < 0.05:
        return raw(random, content)
    entries = members(content)
    name = random.choice([name for name in entries if name.endswith(suffix)])
    return zipped(entries | {name: change(random, entries[name])})


def message(random: Random, proto: Any) -> None:
    """Fields of a protobuf message, found by its own description."""
    places = list(_messages(proto, 0))
    for _ in range(random.randint(1, 4)):
        owner = random.choice(places)
        fields = owner.ListFields()
        if not fields:
            continue
        field, value = random.choice(fields)
        try:
            if field.is_repeated if hasattr(field, "is_repeated") else field.label == 3:
                _repeated(random, field, value)
            elif field.cpp_type == field.CPPTYPE_MESSAGE or random.random() < 0.2:
                owner.ClearField(field.name)
            else:
                setattr(owner, field.name, _scalar(random, field, value))
        except (ValueError, TypeError):
            continue  # a number that the field's type does not have


def _messages(proto: Any, depth: int) -> Any:
    yield proto
    for field, value in proto.ListFields():
        if field.cpp_type == field.CPPTYPE_MESSAGE and depth < 8:
            repeated = field.is_repeated if hasattr(field, "is_repeated") else field.label == 3
            for part in value if repeated else [value]:
                yield from _messages(part, depth + 1)


def _repeated(random: Random, field: Any, values: Any) -> None:
    at = random.randrange(len(values))
    match random.randrange(3):
        case 0:
            del values[at]
        case 1:
            if field.cpp_type == field.CPPTYPE_MESSAGE:
                values.add().CopyFrom(values[at])
            else:
                values.append(values[at])
        case 2 if field.cpp_type != field.CPPTYPE_MESSAGE:
            values[at] = _scalar(random, field, values[at])


def _scalar(random: Random, field: Any, value: Any) -> Any:
    if isinstance(value, bytes):
        return raw(random, value)[:100_000]
    if isinstance(value, str):
        return random.choice(("", "a", "y", "observation", "\x1b[31m", value + value, value[:1]))
    return random.choice((number(random), value + 1, value - 1, random.randint(-20, 20)))
