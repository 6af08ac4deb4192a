# SPDX-License-Identifier: MIT
"""Program -> C -> extension module, compiled once and kept in the user's cache folder."""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import io
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

from puffer_edge.cache import built, forget
from puffer_edge.errors import MissingDependencyError, VerificationError
from puffer_edge.exporters.c import header_of
from puffer_edge.exporters.c.shim import DECLARATIONS, shim
from puffer_edge.ir import Program
from puffer_edge.targets import HOST
from puffer_edge.toolchains import Toolchain, find_toolchain

NAME = "policy"
FLAGS = ("-std=gnu99", "-O3", "-ffp-contract=off", "-fno-trapping-math", "-fPIC", "-shared", "-w",
         "-fvisibility=hidden")
"""Nobody looks at what traps: so GCC computes both sides of a choice, and makes vectors of what it
would need masks for otherwise. No result changes; it is clang's default."""


def build(program: Program) -> Any:
    """The extension module (``.ffi``, ``.lib``) of a float32-in Program.

    Raises:
        MissingDependencyError: cffi, Python's headers or a C compiler are not installed.
        UnsupportedError: an op cannot be exported to C.
        VerificationError: the compiler refuses.
    """
    if importlib.util.find_spec("cffi") is None:
        raise MissingDependencyError("the native back end needs cffi",
                                     hint="pip install 'puffer-edge[native]'")
    include = sysconfig.get_paths()["include"]
    if not (Path(include) / "Python.h").is_file():
        raise MissingDependencyError("Python's C headers are not installed",
                                     hint="sudo apt install python3-dev")
    compiler = _compiler()
    text = header_of(program, NAME, wide=True)
    source = shim(program, text, NAME)
    command = [*compiler.command(HOST), *_machine(compiler), *FLAGS, "-I", include]
    key = hashlib.sha256("\0".join([
        source, sys.version, sys.platform, _processor(), *command]).encode()).hexdigest()[:24]
    name = f"_puffer_edge_{key}"
    file = f"{name}{sysconfig.get_config_var('EXT_SUFFIX') or '.so'}"

    def compile_to(library: Path) -> None:
        _compile(name, source, command, compiler, library)

    return _import(name, built(file, compile_to))


def _compile(name: str, source: str, command: list[str], compiler: Toolchain,
             library: Path) -> None:
    import cffi

    builder = cffi.FFI()
    builder.cdef(DECLARATIONS)
    builder.set_source(name, source)
    with tempfile.TemporaryDirectory(prefix="puffer-edge-") as work:
        file = Path(work) / f"{name}.c"
        with redirect_stdout(io.StringIO()):  # some versions tell what they write
            builder.emit_c_code(str(file))
        compiler.run([*command, str(file), "-o", str(library)], library,
                     f"{compiler.name} does not compile the policy")


def _import(name: str, path: Path) -> Any:
    loader = importlib.machinery.ExtensionFileLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    try:
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
    except ImportError as error:
        forget(path)
        raise VerificationError(f"the compiled policy cannot be loaded: {error}",
                                where=str(path)) from error
    return module


@cache
def _compiler() -> Toolchain:
    """gcc, clang or zig, whichever is there first."""
    for name in ("gcc", "clang", "zig"):
        found = find_toolchain(name)
        try:
            found.command(HOST)
        except MissingDependencyError:
            continue
        return found
    raise MissingDependencyError("the native back end needs a C compiler",
                                 hint="pip install ziglang, or sudo apt install gcc")


def _machine(compiler: Toolchain) -> tuple[str, ...]:
    """Flags for this very processor: what is built here runs here.

    ``PUFFER_EDGE_MARCH`` names another one, as the compiler does, to measure what that would take.
    """
    intel = platform.machine().lower() in ("x86_64", "amd64")
    wanted = os.environ.get("PUFFER_EDGE_MARCH") or "native"
    return ((f"-march={wanted}",) if intel and compiler.name != "zig" else
            (f"-mcpu={wanted.replace('-', '_')}",))


def compiler_version() -> str:
    """The first line of what the compiler says of itself."""
    done = subprocess.run([*_compiler().command(HOST)[:1], "--version"], capture_output=True,
                          text=True, check=False)
    return (done.stdout.splitlines() or [_compiler().name])[0]


@cache
def _processor() -> str:
    """What tells this processor from another one that shares the cache folder."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return "".join(sorted({line for line in lines if line.startswith(("flags", "Features"))}))
