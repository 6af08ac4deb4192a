# SPDX-License-Identifier: MIT
"""Where each value lives: one static arena, shared by values that are never alive together.

Values that may share memory by construction (a reshape and its input, an elementwise op and the
input it uses up) form a *block*. Blocks are placed first-fit under several orders of execution and
of placement, and the smallest arena wins; :attr:`Plan.lower_bound` says how far it could ever go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from puffer_edge.finiteness import unproved
from puffer_edge.ir import Op, Program
from puffer_edge.ir.observed import parts_of_observation
from puffer_edge.ir.ops import Reshape

ALIGNMENT = 4  # bytes; every block starts at a multiple
Memory = Callable[[Op], int]


@dataclass
class Block:
    """Memory of one or more values that share it.

    Attributes:
        size: bytes.
        first, last: indices of the ops that write it first and use it last.
        state: name of the state input that it is the storage of, if any.
    """

    size: int
    first: int
    last: int
    state: str = ""
    offset: int = -1
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """Addresses for every value of a Program.

    Attributes:
        ops: the order of execution.
        offsets: byte offset in the arena by value name.
        stored: value name -> state input whose storage it lives in.
        scratch: byte offset of an op's working memory, by index in ``ops``.
        arena: bytes of the arena.
        lower_bound: largest sum of live bytes at any op; no plan of this order can be smaller.
        unshared: bytes of the arena, had every value and all working memory a place of its own.
    """

    ops: tuple[Op, ...]
    offsets: dict[str, int]
    stored: dict[str, str]
    scratch: dict[int, int]
    arena: int
    lower_bound: int
    unshared: int


def _nothing(op: Op) -> int:
    return 0


def plan(program: Program, first: Sequence[Op] = (), more: Memory = _nothing) -> Plan:
    """The smallest of the plans tried for a Program.

    Args:
        program: what is planned.
        first: ops that are run before all others, in that order.
        more: bytes of working memory of an op beyond what any kernel of it needs.
    """
    orders = [(*first, *(op for op in ops if op not in first))
              for ops in (program.ops, _shortest_lives(program))]
    candidates = [_place(program, ops, key, more) for ops in orders for key in _PLACEMENTS]
    return min(candidates, key=lambda candidate: candidate.arena)


_PLACEMENTS: tuple[Callable[[Block], tuple[int, ...]], ...] = (
    lambda block: (-block.size, block.first),
    lambda block: (block.first, -block.size),
    lambda block: (-block.size * (block.last - block.first + 1), block.first),
    lambda block: (block.first - block.last, -block.size),
)


def _place(program: Program, ops: Sequence[Op], key: Callable[[Block], tuple[int, ...]],
           more: Memory) -> Plan:
    blocks, scratch = _blocks(program, ops, more)
    movable = [block for block in {id(b): b for b in blocks.values()}.values() if not block.state]
    movable += scratch.values()
    placed: list[Block] = []
    for block in sorted(movable, key=key):
        taken = sorted((other.offset, other.offset + other.size) for other in placed
                       if other.first <= block.last and block.first <= other.last)
        offset = 0
        for start, end in taken:
            if offset + block.size <= start:
                break
            offset = max(offset, _aligned(end))
        block.offset = offset
        placed.append(block)
    live = (sum(_aligned(b.size) for b in movable if b.first <= i <= b.last)
            for i in range(len(ops)))
    return Plan(
        ops=tuple(ops),
        offsets={name: b.offset for name, b in blocks.items() if not b.state},
        stored={name: b.state for name, b in blocks.items() if b.state},
        scratch={index: b.offset for index, b in scratch.items()},
        arena=max((_aligned(b.offset + b.size) for b in movable), default=0),
        lower_bound=max(live, default=0),
        unshared=sum(_aligned(program.values[name].nbytes)
                     for name, b in blocks.items() if not b.state)
        + sum(_aligned(b.size) for b in scratch.values()))


def _blocks(program: Program, ops: Sequence[Op],
            more: Memory) -> tuple[dict[str, Block], dict[int, Block]]:
    """Block of every value that is not constant, and of every op's scratch."""
    last_use = {name: index for index, op in enumerate(ops) for name in op.operands}
    # A step that may yet be refused must not have written into what is remembered.
    in_place = not unproved(program)
    end = len(ops)
    for name in program.results:  # read outside, after the step
        last_use[name] = end
    successor = _successors(program)
    blocks: dict[str, Block] = {}
    for state in program.states:
        # Storage of a state holds the old value as long as it is read, hence "last" below.
        blocks[state.input] = Block(program.values[state.input].nbytes, -1,
                                    last_use.get(state.input, -1), state.input, 0, [state.input])
    scratch: dict[int, Block] = {}
    observed = parts_of_observation(program)
    for index, op in enumerate(ops):
        if op.outputs[0] in observed or (isinstance(op, Reshape) and op.x not in blocks):
            continue  # a part of the observation or a constant: it lies where they do
        for name in op.outputs:
            size = program.values[name].nbytes
            shared = _shared(program, op, name, index, blocks, successor, in_place)
            block = shared or Block(size, index, index)
            block.last = max(block.last, last_use.get(name, index))
            block.names.append(name)
            blocks[name] = block
        needed = op.scratch(program.operands(op)) * 4 + more(op)
        if needed:
            scratch[index] = Block(needed, index, index)
    return blocks, scratch


def _shared(program: Program, op: Op, output: str, index: int, blocks: dict[str, Block],
            successor: dict[str, str], in_place: bool) -> Block | None:
    """The block of an input that this output may take over, or None; a state's if in_place."""
    if isinstance(op, Reshape):
        return blocks[op.x]  # the same bytes under another shape
    pairs = [(getattr(op, i), getattr(op, o)) for i, o in op.IN_PLACE]
    movable = {i for i, _ in op.IN_PLACE}
    # An operand that the kernel goes on reading while it writes, such as h of an LSTM cell.
    fixed = [blocks.get(getattr(op, i)) for i in op.INPUTS if i not in movable] if pairs else []
    for source, target in pairs:
        block = blocks.get(source)
        if target != output or block is None or block.last > index:
            continue
        if any(block is other for other in fixed):
            continue
        if program.values[source].nbytes != program.values[output].nbytes:
            continue
        if not block.state or (in_place and successor.get(output) == block.state):
            return block
    return None


def _successors(program: Program) -> dict[str, str]:
    """State input by the name of its new value, reshapes of that value included."""
    producers = program.producers()
    successors = {}
    for state in program.states:
        name = state.output
        successors[name] = state.input
        while isinstance(op := producers.get(name), Reshape):
            name = op.x
            successors[name] = state.input
    return successors


def _shortest_lives(program: Program) -> tuple[Op, ...]:
    """A topological order that always runs the ready op that frees the most memory."""
    readers: dict[str, int] = {}
    for op in program.ops:
        for name in op.operands:
            readers[name] = readers.get(name, 0) + 1
    for name in program.results:
        readers[name] = readers.get(name, 0) + 1
    made = {program.input, *program.constants, *(state.input for state in program.states)}
    waiting, order = list(program.ops), []

    def growth(op: Op) -> int:
        grown = sum(program.values[name].nbytes for name in op.outputs)
        freed = sum(program.values[name].nbytes for name in set(op.operands)
                    if readers[name] == 1 and name not in program.constants)
        return grown - freed

    while waiting:
        ready = [op for op in waiting if all(name in made for name in op.operands)]
        best = min(ready, key=growth)
        waiting.remove(best)
        order.append(best)
        made.update(best.outputs)
        for name in best.operands:
            readers[name] -= 1
    return tuple(order)


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
