# SPDX-License-Identifier: MIT
"""A copy of an artefact in a folder of its own, in which interpreters run."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.artefact.opening import Subject, heads_of
from puffer_edge.errors import VerificationError
from puffer_edge.exporters.micropython.boards import find_profile
from puffer_edge.exporters.micropython.kernels import portable, portable_policy
from puffer_edge.ir import Discrete

Runner = Callable[[Path, str], str]
"""``run_cpython`` or ``run_webassembly``."""
CARRIED = ("policy.py", "weights.bin", "selftest.py")
PROOF = re.compile(r"^gained (-?\d+)\nlocked (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Results:
    """What a policy gave.

    Attributes:
        outputs: [T, size] by name, in integers.
        actions: [T, heads] int16; of a continuous policy integers, or float32 where it took floats.
    """

    outputs: dict[str, Array]
    actions: Array


@dataclass(frozen=True)
class Session:
    """The folder.

    Args:
        subject: the artefact.
        code: its modules and weights by file name; see ``exporters.regenerating.read_code``.
        folder: empty; scripts and their data are written into it.
    """

    subject: Subject
    code: Mapping[str, bytes]
    folder: Path

    def __post_init__(self) -> None:
        for name, content in self.code.items():
            if name.endswith(".py") or name == "weights.bin":
                (self.folder / name).write_bytes(content)
        kernels = self.folder / "policy_kernels.py"
        built = self.subject.manifest.get("micropython", {})
        if kernels.is_file() and find_profile(built.get("board", "")).small:
            # which chooses nothing itself
            kernels.write_text(portable(kernels.read_text()))
            policy = self.folder / "policy.py"
            policy.write_text(portable_policy(policy.read_text()))
        for name in ("driver.py", "heap_proof.py"):
            shutil.copyfile(Path(__file__).with_name(name), self.folder / name)

    def run(self, runner: Runner, observations: Array, reset: Array) -> Results:
        """Runs the policy over observations, [T, n] float32 or integers.

        Raises:
            VerificationError: it raises an exception, or gives fewer results than steps.
        """
        floats = observations.dtype == np.float32
        kind = "float" if floats else "integer"
        files = {"plan.txt": f"{kind} {len(observations)}".encode(),
                 "resets.bin": reset.astype(np.uint8).tobytes(),
                 "observations.bin": observations.astype(
                     observations.dtype.newbyteorder("<")).tobytes()}
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        (self.folder / "results.bin").unlink(missing_ok=True)
        runner(self.folder, "driver.py")
        row = self._row(floats)
        content = (self.folder / "results.bin").read_bytes()
        if len(content) != len(observations) * row.itemsize:
            raise VerificationError("the policy gave fewer results than steps", where="driver.py")
        found = np.frombuffer(content, row)
        return Results({output["name"]: found[output["name"]] for output
                        in self.subject.manifest["outputs"]}, self._action(found))

    def selftest(self, runner: Runner) -> int:
        """Number of wrong steps that the policy's own self-test finds."""
        text = runner(self.folder, "selftest.py")
        if found := re.search(r"^selftest: (\d+) steps are wrong$", text, re.MULTILINE):
            return int(found.group(1))
        if not re.search("^selftest: good$", text, re.MULTILINE):
            raise VerificationError("the self-test said neither good nor wrong",
                                    where="selftest.py")
        return 0

    def heap_proof(self, runner: Runner) -> tuple[int, str]:
        """Bytes that 1,000 steps took, and the same (or an error) under a locked heap."""
        text = runner(self.folder, "heap_proof.py")
        found = PROOF.search(text)
        if found is None:
            raise VerificationError("the proof of the heap gave no result", where="heap_proof.py")
        return int(found.group(1)), found.group(2)

    def _action(self, found: Array) -> Array:
        """Of the rows: one array, or the records of a hybrid action."""
        names = list(heads_of(self.subject.manifest))
        parts = [found[f"{name} of the policy"] for name in names]
        if len(parts) == 1:
            return parts[0]
        action = np.zeros(len(found), [(name, part.dtype, part.shape[1:])
                                       for name, part in zip(names, parts, strict=True)])
        for name, part in zip(names, parts, strict=True):
            action[name] = part
        return action

    def _row(self, floats: bool) -> np.dtype[Any]:
        """Bytes of one step's results."""
        manifest = self.subject.manifest
        outputs = sorted(manifest["outputs"], key=lambda output: str(output["name"]))
        fields: list[tuple[str, str, tuple[int, ...]]] = [
            (output["name"], _LITTLE[output["dtype"]], (output["size"],)) for output in outputs]
        for part, head in heads_of(manifest).items():
            if isinstance(head, Discrete):
                fields.append((f"{part} of the policy", "<i2", (len(head.sizes),)))
            else:
                kind = "<f4" if floats else _LITTLE[manifest["outputs"][0]["dtype"]]
                fields.append((f"{part} of the policy", kind, (head.size,)))
        return np.dtype(fields)


_LITTLE = {"int8": "<i1", "int16": "<i2"}
