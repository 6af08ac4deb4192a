"""Program -> a MicroPython module, its weights, and the runtime that both need."""

from __future__ import annotations

from pathlib import Path

from puffer_edge import __version__, storage
from puffer_edge.errors import UsageError
from puffer_edge.exporters import artifact, manifest, vectors
from puffer_edge.exporters.c.text import identifier, stem
from puffer_edge.exporters.micropython import compiled, small, source
from puffer_edge.exporters.micropython.boards import find_board, find_grade
from puffer_edge.exporters.micropython.kernels import read
from puffer_edge.ir import Program
from puffer_edge.planning import plan
from puffer_edge.quantization.integer_input import Counts, float_prelude, integer_input
from puffer_edge.quantization.pipeline import Quantized
from puffer_edge.quantization.schemes import FLOATING
from puffer_edge.targets import MICROPYTHON

RUNTIME = "policy_runtime.py"


def export(program: Program, directory: Path, *, name: str, seed: int = 0, scheme: str,
           policy_file: Path | None = None, judge: Quantized | None = None,
           counts: Counts | None = None, board: str = "", kernels: str = "") -> None:
    """Writes an artefact for MicroPython; equal inputs give equal bytes.

    Args:
        program: in integers.
        directory: see :func:`puffer_edge.exporters.artifact.write`.
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
    texts = small.modules(written.functions) if chosen.small else {RUNTIME: read(RUNTIME)}
    texts |= {"policy.py": written.policy,
              "selftest.py": source.selftest(given, name, integer_tests, chosen)}
    if written.kernels:
        texts["policy_kernels.py"] = written.kernels
    sources = {name: text.encode("ascii") for name, text in texts.items()}
    compiled_modules = compiled.modules(sources, chosen.arch) if chosen.compiled else {}
    modules = {**sources, **compiled_modules}
    shipped = sorted(name for name in modules if name.endswith(
        ".mpy" if compiled_modules else ".py"))
    files = {
        **modules, "weights.bin": written.weights,
        "main.py": source.example(given.program, name).encode("ascii"),
        "manifest.py": "".join(f'module("{name}", opt=3)\n' for name in sorted(sources)).encode(),
        "package.json": artifact.as_json({
            "version": __version__, "urls": [[name, name] for name in (*shipped, "weights.bin")]}),
        "vectors.npz": tests.to_bytes(), "vectors_q.npz": integer_tests.to_bytes(),
        "program.npz": storage.to_bytes(program)}
    if judge is not None:
        files["judge.npz"] = vectors.judged_by(
            judge.held_back.observations, judge.held_back.reset, judge.reference, judge.measure)
    description = manifest.build(
        program, plan(program, first=given.replaced), name=name, target=MICROPYTHON,
        scheme=scheme, constant_bytes=len(written.weights), ram=written.ram, source=policy_file,
        files=files, integers=given, quantization=judge.description if judge else None)
    description["micropython"] = {
        "board": chosen.name, "kernels": grade, "modules": list(shipped),
        "kernel_bytes": len(compiled_modules.get("policy_kernels.mpy", b""))}
    artifact.write(directory, {**files, artifact.MANIFEST: artifact.as_json(description)})

