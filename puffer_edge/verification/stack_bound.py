# SPDX-License-Identifier: MIT
"""How much stack a step takes at most: the deepest way through the calls of its image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from puffer_edge.toolchains.objdump import disassembled
from puffer_edge.verification.code_blocks import Block, blocks_of, read_usage
from puffer_edge.verification.dialects import DIALECTS
from puffer_edge.verification.elf import read_elf
from puffer_edge.verification.harness import ImageBuilder


@dataclass(frozen=True)
class StackBound:
    """A bound.

    Attributes:
        size: bytes; None where there is none.
        path: functions on the deepest way, outermost first; to what has no bound, where there is.
        reason: why there is none.
    """

    size: int | None
    path: tuple[str, ...] = ()
    reason: str = ""


def stack_bound(builder: ImageBuilder, function: str = "edge_step") -> StackBound:
    """That of a function of the measured image, the compiler's library included.

    Raises:
        MissingDependencyError: the core's disassembler, or pyelftools, is not installed.
        VerificationError: the policy does not compile or link.
    """
    image, isa = builder.policy_only.path, builder.target.isa
    blocks = blocks_of(disassembled(image, builder.target), isa,
                       read_usage(sorted(builder.directory.glob("*.su"))))
    return deepest(blocks, read_elf(image).symbols[function] & ~1, DIALECTS[isa].entry)


def deepest(blocks: Mapping[int, Block], root: int, entry: int = 0) -> StackBound:
    """The deepest way down from a block.

    Blocks of a loop are one, which pushes at each of its places once. Where a call leads back to
    where it came from there is recursion, which has no bound, as a pointer to a function has none.

    Args:
        blocks: by address.
        root: the first.
        entry: bytes that each call puts on the stack by itself.
    """
    known: dict[int, StackBound] = {}
    for loop in _loops(blocks, root):
        found = _below(blocks, loop, entry, known)
        known.update(dict.fromkeys(loop, found))
    whole = known[root]
    return StackBound(whole.size if whole.size is None else whole.size + entry,
                      tuple(dict.fromkeys(whole.path)), whole.reason)


def _below(blocks: Mapping[int, Block], loop: set[int], entry: int,
           known: Mapping[int, StackBound]) -> StackBound:
    """Of the blocks of a loop, or of one alone, where all that they lead to are known."""
    deepest_way, size = StackBound(0), 0
    name = blocks[min(loop)].function if min(loop) in blocks else f"{min(loop):#x}"
    for address in sorted(loop):
        block = blocks.get(address, Block(name, unknown="its code is not in the image"))
        if block.unknown:
            return StackBound(None, (name,), block.unknown)
        if block.calls & loop:
            return StackBound(None, (name,), "it calls itself")
        size += block.size
        for more, others in ((entry, block.calls), (0, block.jumps - loop)):
            for other in sorted(others):
                found = known[other]
                if found.size is None:
                    return StackBound(None, (name, *found.path), found.reason)
                if found.size + more > (deepest_way.size or 0):
                    deepest_way = StackBound(found.size + more, found.path)
    return StackBound(size + (deepest_way.size or 0), (name, *deepest_way.path))


def _loops(blocks: Mapping[int, Block], root: int) -> Iterator[set[int]]:
    """Strongly connected blocks, those first that the others lead to (Tarjan's algorithm)."""
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    none: Iterator[int] = iter(())
    work = [(root, none, True)]
    while work:
        address, left, new = work.pop()
        if new:
            order[address] = low[address] = len(order)
            path.append(address)
            on_path.add(address)
            block = blocks.get(address, Block(""))
            left = iter(sorted(block.calls | block.jumps))
        for other in left:
            if other not in order:
                work += [(address, left, False), (other, none, True)]
                break
            if other in on_path:
                low[address] = min(low[address], low[other])
        else:
            if low[address] == order[address]:
                loop = set()
                while address not in loop:
                    loop.add(path.pop())
                on_path -= loop
                yield loop
            elif work:
                above = work[-1][0]
                low[above] = min(low[above], low[address])
