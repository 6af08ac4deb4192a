# SPDX-License-Identifier: MIT
"""Policy header -> objects -> images: what each emulator runs and what is measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from puffer_edge.artefact.interface import Interface
from puffer_edge.errors import UsageError
from puffer_edge.targets import Target
from puffer_edge.templates import template
from puffer_edge.toolchains.base import HOSTED, INCLUDE, Language, Toolchain

FOLDER = Path(__file__).parent
ROOTS = ("edge_reset", "edge_step", "edge_read_outputs", "edge_obs", "edge_action", "edge_outputs")
POLICY_SOURCES = ("harness", "policy", "selftest", "integer_only")
"""What is compiled in the language that is asked for; all else is C."""
STACK_BYTES = 64 << 10
# The upper half of the target's RAM: a copy of the policy, and the observations.
SAVED_BYTES = 1 << 20
INPUT_BYTES = 1 << 20


@dataclass(frozen=True)
class Image:
    """A linked policy: an ELF file, or for the host a program."""

    path: Path
    spec: Interface
    target: Target
    toolchain: str


@dataclass
class ImageBuilder:
    """Builds everything of one policy for one target with one compiler; each file at most once.

    Args:
        header: the generated ``policy.h``.
        spec: its sizes.
        target: the core.
        toolchain: the compiler.
        directory: where all intermediate files go; must exist.
        optimize: the optimisation flag.
        language: compile the policy as C or as C++.
        proof_steps, proof_episode: steps of :attr:`proof`, and after how many of them it resets.
        flash_bytes: size of the image's flash; the target's by default.

    Every property raises VerificationError when the compiler or linker refuses, and
    MissingDependencyError when it is not installed.
    """

    header: Path
    spec: Interface
    target: Target
    toolchain: Toolchain
    directory: Path
    optimize: str = "-O2"
    language: Language = "c"
    proof_steps: int = 1000
    proof_episode: int = 1000
    flash_bytes: int = 0
    _objects: dict[str, Path] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not self.header.is_file():
            raise UsageError("there is no such header", where=str(self.header))

    @cached_property
    def image(self) -> Image:
        """The policy with its self-test: what is run by calling symbols, or on the host."""
        if self.target.isa == "host":
            return self._link("policy", ["host_main", "harness", "policy", "selftest"], ())
        roots = (*ROOTS, "edge_selftest", "edge_check")
        return self._link("policy", ["harness", "policy", "selftest"], roots)

    @cached_property
    def proof(self) -> Image:
        """The policy with ``edge_prove``, which feeds it and digests what comes out (proof.c)."""
        roots = (*ROOTS, "edge_prove", "edge_digests")
        return self._link("proof", ["harness", "policy", "proof"], roots)

    @cached_property
    def proof_firmware(self) -> Image:
        """The same as an image that QEMU runs on its own, and that writes the digests."""
        roots = ("edge_boot",) if self.target.isa == "riscv32" else ("edge_vectors",)
        start = [] if self.target.isa == "riscv32" else ["startup"]
        objects = [*start, "proof_firmware", "harness", "policy", "proof"]
        return self._link("proof_firmware", objects, roots, entry="edge_boot")

    @cached_property
    def policy_only(self) -> Image:
        """The policy without its self-test: what is measured."""
        return self._link("measured", ["harness", "policy"], ROOTS)

    @cached_property
    def empty(self) -> Image:
        """The harness without a policy: what is subtracted."""
        return self._link("empty", ["empty"], ROOTS)

    @cached_property
    def firmware(self) -> Image:
        """A bootable image that steps through observations in memory (QEMU's boards, and AVR)."""
        if self.target.isa == "avr":
            return self._link("firmware", ["avr", "harness", "policy", "selftest"], ())
        objects = ["startup", "firmware", "harness", "policy", "selftest"]
        return self._link("firmware", objects, ("edge_vectors",), entry="edge_boot")

    @cached_property
    def selftest_firmware(self) -> Image:
        """A bootable image that calls nothing but the self-test (AVR)."""
        return self._link("selftest_firmware", ["avr_selftest", "policy", "selftest"], ())

    @property
    def ram_bytes(self) -> int:
        """Size of the image's RAM, the stack (64 KB) included."""
        return self.target.ram_bytes - SAVED_BYTES - INPUT_BYTES

    @property
    def saved_address(self) -> int:
        """Where the firmware keeps a copy of the policy: above the linked RAM."""
        return self.target.ram_origin + self.ram_bytes

    @property
    def input_address(self) -> int:
        """Where the firmware finds its observations."""
        return self.saved_address + SAVED_BYTES

    def compiled(self, name: str) -> Path:
        """The object of the harness source ``name``, compiled at most once."""
        if name not in self._objects:
            self._objects[name] = self._compile(self._source(name), name)
        return self._objects[name]

    @cached_property
    def _runtime(self) -> list[Path]:
        sources = self.toolchain.runtime(self.target)
        return [self._compile(source, source.stem) for source in sources]

    @property
    def action_bytes(self) -> int:
        """Size of the action on the target, which may need no word to begin at a word's address."""
        return self.spec.action_bytes - (self.spec.action_gap[1] if self.target.isa == "avr" else 0)

    def _source(self, name: str) -> Path:
        """The C file of that name: one of the harness, or rendered for this policy."""
        source = FOLDER / f"{name.removesuffix('_selftest')}.c"
        if not source.exists():
            form = "harness" if name == "empty" else name
            source = self.directory / f"{name}.c"
            source.write_text(
                template("puffer_edge.verification.harness", f"{form}.c.j2").render(
                    header="" if name == "empty" else self.header.name,
                    name=self.spec.name,
                    obs_bytes=self.spec.obs_bytes,
                    action_bytes=self.action_bytes,
                    outputs=self.spec.outputs,
                    n_outputs=self.spec.n_outputs,
                    states=self.spec.states,
                    integers=self.spec.integers,
                    q="_q" if self.spec.integers else "",
                    action_q="_q" if self.spec.own_action else "",
                ),
                encoding="utf-8",
            )
        return source

    def _compile(self, source: Path, name: str) -> Path:
        include = [self.header.resolve().parent]
        if self.target.isa not in HOSTED:
            include.append(INCLUDE)
        return self.toolchain.compile(
            source,
            self.target,
            self.directory / f"{name}.o",
            optimize=self.optimize,
            defines=self._defines(name),
            include_dirs=include,
            language=self.language if name in POLICY_SOURCES else "c",
        )

    def _defines(self, name: str) -> dict[str, str]:
        if name == "firmware":
            return {"EDGE_INPUT": f"{self.input_address}u", "EDGE_SAVED": f"{self.saved_address}u"}
        sizes = {
            "EDGE_OBS_BYTES": f"{self.spec.obs_bytes}u",
            "EDGE_ACTION_BYTES": f"{self.action_bytes}u",
            "EDGE_OUTPUTS_BYTES": f"{4 * self.spec.n_outputs}u",
        }
        if name == "proof_firmware":
            return {"EDGE_STEPS": f"{self.proof_steps}u"}
        if name == "avr":
            return sizes
        if name == "avr_selftest":
            return {"EDGE_SELFTEST": "1"}
        if name == "host_main":
            return sizes | {"EDGE_STATES": f"{len(self.spec.states)}u"}
        if name == "proof":
            return sizes | {
                "EDGE_OBS_SIZE": str(self.spec.obs_size),
                "EDGE_ACTION_SIZE": str(self.spec.action_size),
                "EDGE_STEPS": f"{self.proof_steps}u",
                "EDGE_EPISODE": f"{self.proof_episode}u",
            }
        return {}

    def _link(
        self, name: str, objects: list[str], roots: tuple[str, ...], entry: str = "edge_step"
    ) -> Image:
        script, flags = None, ["-Wl,--gc-sections"] if self.target.isa == "avr" else []
        output = self.directory / f"{name}{'.exe' if self.target.isa == 'host' else '.elf'}"
        if flags and roots:  # not a program: there is no main, and nothing starts it
            flags += ["-nostartfiles", f"-Wl,-e,{entry}", *(f"-Wl,-u,{root}" for root in roots)]
        if self.target.isa not in HOSTED:
            script = self.directory / f"{name}.ld"
            script.write_text(
                template("puffer_edge.verification.harness", "link.ld.j2").render(
                    entry=entry,
                    roots=roots,
                    flash_origin=self.target.flash_origin,
                    flash_bytes=self.flash_bytes or self.target.flash_bytes,
                    ram_origin=self.target.ram_origin,
                    ram_bytes=self.ram_bytes,
                    vectors_origin=self.target.vectors_origin,
                    stack_bytes=STACK_BYTES,
                    # Linux maps pages: one cannot be both code and constants.
                    page=4096 if name == "proof_firmware" else 1,
                ),
                encoding="utf-8",
            )
        files = [*(self.compiled(name) for name in objects), *self._runtime]
        path = self.toolchain.link(files, self.target, output, script=script, flags=flags)
        return Image(path, self.spec, self.target, self.toolchain.name)
