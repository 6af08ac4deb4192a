# SPDX-License-Identifier: MIT
"""Reads what verification needs of an ELF file: segments, sections and symbols."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puffer_edge.errors import MissingDependencyError


@dataclass(frozen=True)
class Section:
    """A section that takes memory on the target; ``kind`` says of which sort."""

    name: str
    kind: str  # "code", "constants", "data" (initialised, in flash and RAM) or "zeroed"
    size: int


@dataclass(frozen=True)
class Elf:
    """An ELF file.

    Attributes:
        segments: where loaded bytes *run* (virtual address), and the bytes.
        loaded: where they lie in flash (physical address), and the bytes.
        sections: the sections that take memory on the target.
        symbols: defined symbols and their values (a Thumb function's has bit 0 set).
        functions: addresses and names of the functions, ascending.
        undefined: names that the file needs and does not define.
    """

    segments: tuple[tuple[int, bytes], ...]
    sections: tuple[Section, ...]
    symbols: dict[str, int]
    functions: tuple[tuple[int, str], ...]
    undefined: frozenset[str]
    loaded: tuple[tuple[int, bytes], ...] = ()

    def function_at(self, address: int) -> str:
        """The name of the function around an address, or an empty string."""
        index = bisect.bisect_right(self.functions, (address, "\U0010ffff")) - 1
        return self.functions[index][1] if index >= 0 else ""


def read_elf(path: Path) -> Elf:
    """Reads an object or an image.

    Raises:
        MissingDependencyError: pyelftools is not installed.
    """
    try:
        from elftools.elf.elffile import ELFFile
    except ImportError as missing:
        raise MissingDependencyError(
            "the package pyelftools is not installed", hint="pip install 'puffer-edge[emulator]'"
        ) from missing
    symbols: dict[str, int] = {}
    functions = []
    objects: dict[int, int] = {}
    undefined = set()
    with path.open("rb") as stream:
        file = ELFFile(stream)
        table = file.get_section_by_name(".symtab")
        for symbol in table.iter_symbols() if table is not None else ():
            kind = symbol["st_info"]["type"]
            if not symbol.name:
                continue
            if symbol["st_shndx"] == "SHN_UNDEF":
                undefined.add(symbol.name)
                continue
            # Locals may share a name; the harness looks up globals only.
            if symbol["st_info"]["bind"] != "STB_LOCAL":
                symbols[symbol.name] = symbol["st_value"]
            if kind == "STT_OBJECT" and isinstance(symbol["st_shndx"], int):
                where = symbol["st_shndx"]
                objects[where] = objects.get(where, 0) + symbol["st_size"]
            if kind == "STT_FUNC":
                functions.append((symbol["st_value"] & ~1, symbol.name))
        segments = tuple(
            (segment["p_vaddr"], segment.data())
            for segment in file.iter_segments("PT_LOAD")
            if segment["p_filesz"]
        )
        loaded = tuple(
            (segment["p_paddr"], segment.data())
            for segment in file.iter_segments("PT_LOAD")
            if segment["p_filesz"]
        )
        sections = tuple(
            part
            for index, section in enumerate(file.iter_sections())
            if section["sh_flags"] & _ALLOCATED and section["sh_size"]
            for part in _parts(section, objects.get(index, 0))
        )
    return Elf(segments, sections, symbols, tuple(sorted(functions)), frozenset(undefined), loaded)


_WRITABLE, _ALLOCATED, _EXECUTABLE = 1, 2, 4  # SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR


def _parts(section: Any, constants: int) -> list[Section]:
    """A section; where it holds code, the objects in it apart, as on an AVR."""
    kind, size = _kind(section), section["sh_size"]
    if kind != "code" or not constants:
        return [Section(section.name, kind, size)]
    return [Section(section.name, kind, size - constants),
            Section(section.name, "constants", constants)]


def _kind(section: Any) -> str:
    flags = section["sh_flags"]
    if section["sh_type"] == "SHT_NOBITS":
        return "zeroed"
    if flags & _EXECUTABLE:
        return "code"
    return "data" if flags & _WRITABLE else "constants"
