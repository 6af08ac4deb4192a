# SPDX-License-Identifier: MIT
"""Options in the words of whoever called: ``--frame-stack 4`` or ``frame_stack=4``.

Texts are written once, with options as the command line has them. Whoever calls from Python reads
what Python takes; commands of ``puffer-edge`` stay what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = {"map": "key_map", "state": "states", "layer": "layers"}
"""Options that Python takes by another name: what may be repeated, it takes at once."""
SWITCHES = {"squash": "squash=True", "no-squash": "squash=False", "no-native": "native=False",
            "no-original": 'original="never"', "run-original": "run_original=True",
            "keep-value": "keep_value=True", "action-mask": "action_mask=True",
            "trust": "trust=True", "strict": "strict=True", "dry-run": "dry_run=True"}
"""Options without a value."""
WORDS = {"action": ("discrete", "continuous"), "vec-normalize": ("none",), "normaliser": ("none",),
         "frame-stack-reset": ("zeros", "repeat")}
"""Values of options that also stand without one, before any word; others take the next word."""
_NO_VALUE = ("and", "or", "if", "with", "of", "for", "to", "too", "as", "in", "that", "is", "are",
             "says", "decides", "describes", "names", "exports", "judges", "which", "puts")
_COMMAND = r"(?:puffer-edge|npm install|pip install)(?: [\w./{}@'\[\],-]+)*"
_TOKEN = r"""'[^']*'|"[^"]*"|-?[^\s,;()'"`]+(?:,[^\s,;()'"`]+)*"""
_OPTION = re.compile(rf"(?P<command>{_COMMAND})|(?<![\w-])--(?P<name>[a-z]+(?:-[a-z]+)*)"
                     rf"(?:[ =](?P<value>{_TOKEN}))?")
_from_command_line = False


@contextmanager
def from_command_line() -> Iterator[None]:
    """While it lasts, texts are in the command line's words."""
    global _from_command_line
    before, _from_command_line = _from_command_line, True
    try:
        yield
    finally:
        _from_command_line = before


def in_callers_words(text: str) -> str:
    """A text whose options are in the words of whoever called."""
    if _from_command_line or "--" not in text:
        return text
    return _OPTION.sub(_in_python, text)


def _in_python(found: re.Match[str]) -> str:
    if found["command"]:
        return found[0]
    name, value = found["name"], found["value"] or ""
    rest = found[0][len(f"--{name}"):]
    if name in SWITCHES:
        return SWITCHES[name] + in_callers_words(rest)
    end = re.search(r"[.:]*$", value)
    value, stop = value[:end.start()] if end else value, end[0] if end else ""
    keyword = NAMES.get(name, name.replace("-", "_"))
    if not value or not _is_value(name, value):
        return f"{keyword}={in_callers_words(rest)}"
    return f"{keyword}={_literal(keyword, value)}{stop}"


def _is_value(name: str, word: str) -> bool:
    if name in WORDS:
        return word in WORDS[name] or word.isupper()
    if re.fullmatch("[a-z]+", word):
        return name in _NAMED and word not in _NO_VALUE
    return True


_NAMED = ("target", "board", "scheme", "kernels", "observer", "activation", "backends", "backend",
          "name", "accept", "output", "toolchain", "emulator", "env", "original", "calibrate")
"""Options whose values are words."""


def _literal(keyword: str, text: str) -> str:
    """A value as Python writes it; a word in capitals stands for one."""
    text = text.strip("'\"")
    if keyword == "observation":
        return "{" + ", ".join(f'"{field}": {_tuple(size.split("x"))}' for field, _, size in (
            part.partition(":") for part in text.split(","))) + "}"
    if keyword == "layers":
        layer, _, scheme = text.rpartition("=")
        return f'{{"{layer}": {_plain(scheme)}}}'
    if keyword == "counts":
        field, _, pair = text.rpartition("=")
        return f'{{"{field}": {_tuple(pair.split(":"))}}}'
    if keyword == "states":
        return "[(" + ", ".join(f'"{name}"' for name in text.split(":")) + ")]"
    if keyword in ("accept", "backends"):
        return f"[{', '.join(map(_plain, text.split(',')))}]"
    return _tuple(text.split(",")) if re.fullmatch(r"-?[\d.]+(,-?[\d.]+)+", text) else _plain(text)


def _tuple(parts: list[str]) -> str:
    return _plain(parts[0]) if len(parts) == 1 else f"({', '.join(map(_plain, parts))})"


def _plain(text: str) -> str:
    return text if re.fullmatch(r"-?[\d.]+(e-?\d+)?|[A-Z][A-Z_]*", text) else f'"{text}"'
