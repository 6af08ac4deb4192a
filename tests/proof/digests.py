# SPDX-License-Identifier: MIT
"""What every machine must say of a case: the interpreter's digests, and those of compiled C."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

import puffer_edge
from puffer_edge.artefact.opening import Subject
from puffer_edge.errors import StepError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.integer_input import integer_input
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import SCHEMES
from puffer_edge.targets import HOST, TARGETS, Target
from puffer_edge.toolchains import Toolchain, Zig, find_toolchain
from puffer_edge.toolchains.gcc import Gcc
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine
from puffer_edge.verification.harness import ImageBuilder
from tests import zoo
from tests.support.cores import EMULATED, ON_QEMU
from tests.tools import need

EPISODE = 1000
"""Steps from one reset to the next."""

LIMIT = 1 << 40
"""Instructions of a whole proof; unlike a step it has no natural one."""

PROGRAMS = {"host": "gcc", "riscv32": "riscv64-unknown-elf-gcc", "ppc": "powerpc-linux-gnu-gcc"}
"""GCC, where it is not that for Cortex-M."""

BIG_ENDIAN = {"mips": "mips-linux-musleabihf", "ppc": "powerpc-linux-musleabihf"}
"""Zig's target by the name of the emulator, qemu-<name>."""

LINUX = {**{core: (f"qemu-{core}", "-target", triple) for core, triple in BIG_ENDIAN.items()},
         "aarch64": ("qemu-aarch64", "-target", "aarch64-linux-musl"),
         "aarch64-sdot": ("qemu-aarch64", "-target", "aarch64-linux-musl", "-mcpu=cortex_a76")}
"""The emulator of programs of another kind of Linux, and Zig's flags for them."""


class CrossGcc(Gcc):
    """Debian's GCC for programs of a big-endian Linux."""

    programs: ClassVar = {"host": ("powerpc-linux-gnu-gcc", "gcc-powerpc-linux-gnu")}

    def command(self, target: Target) -> list[str]:
        return [*super().command(target), "-static"]


class Cross(Zig):
    """Zig for programs of another kind of Linux, linked with a libc of its own."""

    def __init__(self, machine: str) -> None:
        self._flags = [*LINUX[machine][1:], "-static"]

    def command(self, target: Target) -> list[str]:
        return [*super().command(target)[:-1], *self._flags]


@dataclass(frozen=True)
class Machine:
    """Where a case is run, and what compiled it."""

    core: str
    toolchain: str
    optimize: str
    emulator: Literal["unicorn", "qemu"] = "qemu"
    """Who runs an image without a system; QEMU is some seven times faster in long runs."""

    def __str__(self) -> str:
        return f"{self.core} {self.toolchain} {self.optimize}"

    def digests(self, subject: Subject, steps: int, directory: Path) -> np.ndarray:
        """Digests after each step, [steps] uint32."""
        builder = ImageBuilder(
            subject.directory / "policy.h", subject.spec, TARGETS.get(self.core, HOST),
            self._compiler(), directory, optimize=self.optimize, proof_steps=steps,
            proof_episode=EPISODE)
        if builder.target.unicorn_cpu is not None and self.emulator == "unicorn":
            core = UnicornMachine(builder.proof)
            core.call("edge_prove", limit=LIMIT)
            return np.frombuffer(core.read("edge_digests", 4 * steps), "<u4")
        bare = builder.target is not HOST
        image = builder.proof_firmware if bare else builder.proof
        command = [*self._qemu(builder.target), str(image.path)]
        if command[1:]:
            need(command[0])
        # Into a file: QEMU loses what a pipe that is full does not take.
        with (directory / "digests.txt").open("w+") as said:
            subprocess.run(command, stdout=said, stderr=subprocess.STDOUT, check=True, timeout=600)
            said.seek(0)
            return np.array([int(line, 16) for line in said], np.uint32)

    def _qemu(self, target: Target) -> list[str]:
        """What runs the program whose name follows; nothing where this computer does."""
        if target.qemu_machine is not None:
            return ["qemu-system-arm", "-M", target.qemu_machine, "-nographic",
                    "-semihosting-config", "enable=on,target=native", "-kernel"]
        return [] if self.core == "host" else [LINUX.get(self.core, (f"qemu-{self.core}",))[0]]

    def _compiler(self) -> Toolchain:
        if self.toolchain == "gcc":
            need(PROGRAMS.get(self.core, "arm-none-eabi-gcc"))
        if self.core in LINUX:
            return CrossGcc() if self.toolchain == "gcc" else Cross(self.core)
        return find_toolchain(self.toolchain)


MACHINES = [
    Machine(core, toolchain, optimize)
    for core in ("host", *dict.fromkeys((*EMULATED, *ON_QEMU)), *LINUX)
    for toolchain in ("gcc", "zig")
    if toolchain == "zig" or core not in LINUX or core == "ppc"
    for optimize in ("-O0", "-O2", "-O3")]


POLICIES = {
    f"{name}_{scheme}": (name, scheme)
    for name in ("cartpole_puffer_lstm", "cartpole_sb3", "pendulum_sb3")
    for scheme in SCHEMES}
"""The bundled policies, by name and scheme; the last has a normaliser with a clip."""

CASES = [*zoo.QUANTIZED, *POLICIES]


@cache
def integer_program(case: str) -> Program:
    """The Program of a case of the zoo, or of a whole policy."""
    if case not in POLICIES:
        return zoo.program(case)
    name, scheme = POLICIES[case]
    folder = Path(__file__).parents[2] / "examples" / "policies"
    normalise = folder / "pendulum_vecnormalize.pkl" if name == "pendulum_sb3" else None
    (file,) = (path for path in folder.glob(f"{name}.*") if path.suffix in (".pt", ".zip"))
    prepared = optimize(puffer_edge.load(file, vec_normalize=normalise), fuse=False)
    with np.load(folder / f"{name}_reference.npz") as data:
        observations = data["observations"]
    seen = calibrate(prepared, observations, np.arange(len(observations)) == 0)
    return quantize(prepared, seen, SCHEMES[scheme])


@cache
def programs(case: str) -> dict[str, Program]:
    """The Program of each way in."""
    program = integer_program(case)
    given = integer_input(program)
    return {"float": program} | ({} if given is None else {"integers": given.program})


def comparable(case: str, entry: str, machine: Machine) -> bool:
    """Whether the machine has this way in, and its digests are those of this computer.

    Words of a hybrid action's struct can hold two numbers of 16 bits, whose order is the
    processor's.
    """
    hybrid = len(integer_program(case).contract.heads) > 1
    return entry in programs(case) and not (
        hybrid and entry == "integers" and machine.core in BIG_ENDIAN)


@cache
def expected(case: str, entry: str, steps: int) -> np.ndarray:
    """The interpreter's digests, [steps] uint32."""
    program = programs(case)[entry]
    observations = noise(program, steps)
    interpreter = Interpreter(program)
    action, raw = np.zeros(program.action_shape, program.action_dtype), np.zeros(0, np.float32)
    h, digests = 0, []
    for step, observation in enumerate(observations):
        if step % EPISODE == 0:
            interpreter.reset()
            raw = np.zeros(sum(program.values[name].size for name in program.outputs), np.float32)
        status = 0
        try:
            outputs = interpreter.step(observation)
            action = program.act(outputs)
            raw = np.concatenate([outputs[name] for name in program.output_names])
        except StepError as error:  # a mask without a choice: all is as before
            status = error.status
        for word in [status, *_words(action), *_words(raw.astype(np.float32))]:
            h = (h ^ word) * 16777619 & 0xFFFFFFFF
            h ^= h >> 15
        digests.append(h)
    return np.array(digests, np.uint32)


def noise(program: Program, steps: int) -> np.ndarray:
    """The observations that proof.c makes, [steps, n]."""
    n, dtype = program.contract.observation_size, program.values[program.input].dtype
    h = np.arange(steps * n, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(1)
    h = (h ^ h >> 16) * np.uint32(0x85EBCA6B)
    h = (h ^ h >> 13) * np.uint32(0xC2B2AE35)
    h ^= h >> 16
    if dtype == "float32":
        h = h & np.uint32(0x807FFFFF) | (120 + (h >> 23 & 15)) << 23
        return h.astype(np.uint32).view(np.float32).reshape(steps, n)
    bits = np.iinfo(dtype).bits
    values = h.astype(f"uint{bits}").astype(dtype) >> (h >> 16 & (bits - 1)).astype(dtype)
    return values.astype(dtype).reshape(steps, n)


def _words(values: np.ndarray) -> list[int]:
    """Elements as 32-bit words: the bits of floats, integers with their sign."""
    if values.dtype.names:
        return np.frombuffer(values.tobytes(), np.uint32).tolist()
    if values.dtype != np.float32:
        values = values.astype(np.int32)
    return values.view(np.uint32).tolist()
