# SPDX-License-Identifier: MIT
"""What MicroPython's grammar takes and that of the host's Python does not, rewritten in place.

Quotes of an f-string inside of its expressions (the host: from 3.12), t-strings (from 3.14), a
generator among other arguments, a bare ``*`` at the end of parameters.
"""

from __future__ import annotations

import re
import sys

MOST = 50
"""Repairs of one file."""
_STRING = re.compile(r"([rbuft]{0,2})(\"\"\"|'''|\"|')", re.IGNORECASE)
_WORD = re.compile(r"\w+")


def repaired(text: str, error: SyntaxError, attempt: int) -> str | None:
    """The text with another spelling of what an error is about; None where there is none."""
    lines = text.split("\n")
    line, column = error.lineno or 0, (error.offset or 0) - 1
    if attempt < MOST and 0 < line <= len(lines) and column >= 0:
        if error.msg.startswith("Generator expression must be parenthesized"):
            end_line, end = error.end_lineno or line, (error.end_offset or 0) - 1
            if 0 < end_line <= len(lines) and (end_line, end) > (line, column):
                lines[end_line - 1] = lines[end_line - 1][:end] + ")" + lines[end_line - 1][end:]
                lines[line - 1] = lines[line - 1][:column] + "(" + lines[line - 1][column:]
                return "\n".join(lines)
        if error.msg == "named arguments must follow bare *":
            star = lines[line - 1].find("*", column)
            star = star if star >= 0 else lines[line - 1].rfind("*", 0, column)
            if star >= 0:
                lines[line - 1] = f"{lines[line - 1][:star]}*_{lines[line - 1][star + 1:]}"
                return "\n".join(lines)
    plain = Strings(text).rewritten() if sys.version_info < (3, 14) else text
    return plain if plain != text else None


class Strings:
    """A source whose f-strings and t-strings become f-strings that older Pythons read.

    Every character stays where it is; texts inside of their expressions may become underscores.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._out = list(text)

    def rewritten(self) -> str:
        """The source."""
        place = 0
        while place < len(self._text):
            place = self._step(place)
        return "".join(self._out)

    def _step(self, place: int) -> int:
        """The place behind a comment, a string, a word or a character."""
        if self._text[place] == "#":
            end = self._text.find("\n", place)
            return len(self._text) if end < 0 else end
        string = _STRING.match(self._text, place)
        if string is not None:
            kind = string[1].lower()
            if "f" not in kind and "t" not in kind:
                return self._plain(string.end(), string[2])
            for index in range(place, place + len(kind)):
                if self._out[index] in "tT":
                    self._out[index] = "f"
            return self._formatted(string.end(), string[2])
        word = _WORD.match(self._text, place)
        return word.end() if word else place + 1

    def _plain(self, place: int, quote: str) -> int:
        """The place behind a string without expressions."""
        while place < len(self._text) and not self._text.startswith(quote, place):
            place += 2 if self._text[place] == "\\" else 1
        return place + len(quote)

    def _formatted(self, place: int, quote: str) -> int:
        while place < len(self._text) and not self._text.startswith(quote, place):
            if self._text[place] == "\\" or self._text.startswith("{{", place):
                place += 2
            elif self._text[place] == "{":
                place = self._expression(place + 1, quote)
            else:
                place += 1
        return place + len(quote)

    def _expression(self, place: int, quote: str) -> int:
        """The place behind an expression and its format; other quotes inside of it."""
        depth = 0
        while place < len(self._text):
            mark = self._text[place]
            string = _STRING.match(self._text, place)
            if string is not None:
                end = self._plain(string.end(), string[2])
                if string[2][0] == quote[0] or "\\" in self._text[place:end]:
                    self._requote(string.end(), end - len(string[2]), string[2], quote)
                place = end
                continue
            if mark == "}" and not depth:
                return place + 1
            if mark == ":" and not depth:
                return self._format(place + 1, quote)
            depth += (mark in "([{") - (mark in ")]}")
            word = _WORD.match(self._text, place)
            place = word.end() if word else place + 1
        return place

    def _format(self, place: int, quote: str) -> int:
        while place < len(self._text) and self._text[place] != "}":
            place = (self._expression(place + 1, quote) if self._text[place] == "{"
                     else place + 1)
        return place + 1

    def _requote(self, first: int, last: int, inner: str, outer: str) -> None:
        """Gives a string in an expression the quote that the f-string around it does not have."""
        other = "'" if outer[0] == '"' else '"'
        for index in (*range(first - len(inner), first), *range(last, last + len(inner))):
            if index < len(self._out):
                self._out[index] = other
        for index in range(first, min(last, len(self._out))):
            if self._out[index] in "\\'\"{}":
                self._out[index] = "_"
