# SPDX-License-Identifier: MIT
"""What goes onto a Raspberry Pi gives the oracle's bits there, and its loader is safe to use."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import platform
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge import runtimes
from puffer_edge.artefact.opening import read_subject
from puffer_edge.errors import FileFormatError, MissingDependencyError, UnsupportedError
from puffer_edge.exporters import formats, rpi
from puffer_edge.exporters.rpi.companions import ORIGINAL
from puffer_edge.exporters.rpi.processors import LEVEL, PROCESSORS
from puffer_edge.targets import RPI
from puffer_edge.toolchains.zig import Zig
from puffer_edge.verification.demands import Demands
from puffer_edge.verification.job import Job
from puffer_edge.verification.report import Report
from puffer_edge.verification.verifiers.rpi import check_companions
from tests import zoo
from tests.support.exporting import write_artefact
from tests.tools import need

AARCH64 = "/usr/aarch64-linux-gnu", "aarch64-linux-gnu"
ARMHF = "/usr/arm-linux-gnueabihf", "arm-linux-gnueabihf"
MACHINES = {"aarch64": ("qemu-aarch64", "cortex-a53", *AARCH64),
            "aarch64-dotprod": ("qemu-aarch64", "max", *AARCH64),
            "armv7": ("qemu-arm", "cortex-a7", *ARMHF)}
"""Emulator and its processor, the machine's C library (Debian's libc6-arm64-cross and
libc6-armhf-cross), zig's name."""
CASES = [("lstm", "float32"), ("lstm", "int8"), ("lstm", "int16"), ("continuous", "int8x16")]
POLICIES = Path(__file__).parents[2] / "examples" / "policies"
FIND_SPEC = importlib.util.find_spec
ON_LINUX = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="the libraries are for Linux")


@pytest.fixture(scope="module", params=CASES, ids=" ".join)
def artefact(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    policy, scheme = request.param
    directory = tmp_path_factory.mktemp("pi") / "lander"
    found = zoo.program(policy if scheme == "float32" else f"{policy}_{scheme}")
    write_artefact(found, directory, target="rpi", name="lander", scheme=scheme)
    return directory


@pytest.fixture(scope="module", params=MACHINES)
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    emulator, cpu, root, triple = MACHINES[request.param]
    need(emulator)
    if not Path(root).is_dir():
        pytest.skip(f"there is no C library in {root}")
    runner = tmp_path_factory.mktemp("runner") / request.param
    zig = Zig()
    linker, = Path(root, "lib").glob("ld-linux-*.so.?")
    zig.run([*zig.driver(), "-target", triple, "-O1", "-nostdlib", "-fPIE", "-pie",
             f"-Wl,--dynamic-linker,/lib/{linker.name}",
             str(Path(__file__).with_name("runner.c")), f"{root}/lib/libc.so.6",
             "-o", str(runner)], runner, "the runner does not compile")
    return request.param, [emulator, "-cpu", cpu, "-L", root, str(runner)]


def test_the_same_bits_on_the_emulated_processor(artefact: Path, machine: Any) -> None:
    name, command = machine
    if not (artefact / rpi.library_of(name)).is_file():
        assert name == "aarch64-dotprod"
        assert '"scheme": "float32"' in (artefact / "policy.json").read_text()
        return  # floats have no such library
    manifest = json.loads((artefact / "policy.json").read_text())
    with np.load(artefact / "vectors.npz") as vectors:
        output = manifest["outputs"][0]
        raw, actions = vectors[f"output_{output['name']}"], vectors["actions"]
        observations, reset = vectors["observations"], vectors["reset"]
    assert len(raw) >= 16
    given = b"".join(bytes([int(flag)]) + x.tobytes()
                     for flag, x in zip(reset, observations, strict=True))
    bad = observations[0].copy()
    bad[0] = np.nan
    done = subprocess.run(
        [*command, str(artefact / rpi.library_of(name)), str(observations[0].nbytes),
         str(actions[0].nbytes), str(raw[0].nbytes)],
        input=given + b"\0" + bad.tobytes(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = b"".join(b"\0" + action.tobytes() + row.tobytes()
                        for action, row in zip(actions, raw, strict=True))
    assert done.stdout[: len(expected)] == expected
    refused = b"\1" + actions[-1].tobytes() + raw[-1].tobytes()
    assert done.stdout[len(expected):] == refused


@pytest.mark.parametrize(("emulator", "cpu", "level"), [
    ("qemu-x86_64", "qemu64", 0), ("qemu-x86_64", "Nehalem", 0), ("qemu-x86_64", "max", 1),
    ("qemu-aarch64", "cortex-a53", 0), ("qemu-aarch64", "max", 1)])
def test_a_library_says_whether_the_faster_one_runs_here(emulator: str, cpu: str, level: int,
                                                         tmp_path: Path) -> None:
    need(emulator)
    machine = emulator.removeprefix("qemu-")
    root = AARCH64[0] if machine == "aarch64" else "/"
    libc = Path(root) / ("lib/libc.so.6" if machine == "aarch64" else "nowhere")
    start, leave = {
        "x86_64": ("call begin", '__asm__ volatile("syscall" :: "a"(60), "D"((long)found));'),
        "aarch64": ("bl begin", 'register long x0 __asm__("x0") = found, x8 __asm__("x8") = 93;\n'
                    '__asm__ volatile("svc 0" :: "r"(x0), "r"(x8));')}[machine]
    more: list[str] = ["-static"]
    if machine == "aarch64":
        if not libc.is_file():
            pytest.skip(f"there is no C library in {root}")
        more = [str(libc), "-fPIE", "-pie", "-Wl,--dynamic-linker,/lib/ld-linux-aarch64.so.1"]
    source, program = tmp_path / "level.c", tmp_path / "level"
    source.write_text(f"#include <stdint.h>\n{LEVEL}\n"
                      f'__asm__(".globl _start\\n_start: {start}\\n");\nvoid begin(void);\n'
                      f"void begin(void)\n{{\n    const int found = edge_level();\n"
                      f"    {leave}\n}}\n")
    zig, processor = Zig(), PROCESSORS[machine]
    zig.run([*zig.driver(), "-target", processor.triple, f"-mcpu={processor.cpu}", "-O2", "-w",
             "-nostdlib", str(source), *more, "-o", str(program)], program,
            "the question does not compile")
    done = subprocess.run([emulator, "-cpu", cpu, "-L", root, str(program)], check=False)
    assert done.returncode == level


def loader(artefact: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Runs code beside the artefact in a Python that cannot see this project."""
    return subprocess.run([sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, "
                           f"{str(artefact)!r}); sys.dont_write_bytecode = True\n{code}"],
                          capture_output=True, text=True, check=False)


@ON_LINUX
@pytest.mark.parametrize("every", [True, False], ids=["the best library", "the least"])
def test_the_loader_gives_the_same_bits(artefact: Path, every: bool, tmp_path: Path) -> None:
    place = shutil.copytree(artefact, tmp_path / "a")
    if not every:
        manifest = json.loads((place / "policy.json").read_text())
        better = {rpi.library_of(name) for name in PROCESSORS if "-" in name}
        manifest["files"] = {name: digest for name, digest in manifest["files"].items()
                             if name not in better}
        (place / "policy.json").write_text(json.dumps(manifest))
    done = loader(place, """
import numpy as np, json
from policy import Policy
policy = Policy()
with np.load(sys.path[0] + "/vectors.npz") as vectors:
    name = policy.manifest["outputs"][0]["name"]
    batch = []
    for x, reset, raw, action in zip(vectors["observations"], vectors["reset"],
                                     vectors["output_" + name], vectors["actions"]):
        if reset:
            policy.reset()
        out = np.empty_like(action)
        assert policy.step(x, out) is out
        assert out.tobytes() == action.tobytes() == policy.step_batch(x[None]).tobytes()
        assert policy.outputs[name].tobytes() == raw.tobytes()
    kept, memory = out.copy(), policy.outputs[name].tobytes()
    for wrong in (x[:-1], np.full_like(x, np.nan)):
        for call in (lambda: policy.step(wrong, out), lambda: policy.step_batch(wrong[None])):
            try:
                call()
            except ValueError:
                continue
            raise SystemExit("a bad observation was taken")
    assert out.tobytes() == kept.tobytes() and policy.outputs[name].tobytes() == memory
assert not any("puffer" in name for name in sys.modules)
print("good")
""")
    assert done.stdout == "good\n", done.stderr


@ON_LINUX
def test_lanes_of_the_loader_are_policies_of_their_own(artefact: Path) -> None:
    done = loader(artefact, """
import numpy as np
from policy import Policy
both, alone = Policy(), [Policy(), Policy()]
for step in range(6):
    x = np.random.default_rng(step).standard_normal((2, both.observation_size))
    together = both.step_batch(x)
    assert together.tobytes() == b"".join(one.step(row).tobytes()
                                          for one, row in zip(alone, x))
    if step == 3:
        both.reset(lane=1)
        alone[1].reset()
print("good")
""")
    assert done.stdout == "good\n", done.stderr


@ON_LINUX
def test_a_changed_library_is_not_loaded(tmp_path: Path) -> None:
    puffer_edge.export(zoo.program("mlp"), tmp_path / "a", target="rpi")
    for path in (tmp_path / "a").glob("*.so"):
        path.write_bytes(path.read_bytes() + b"x")
    done = loader(tmp_path / "a", "from policy import Policy; Policy()")
    assert "not the file that was exported" in done.stderr


def test_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        puffer_edge.export(zoo.program("mlp"), tmp_path / name, target="rpi", name="lander")
    names = {path.name for path in (tmp_path / "a").iterdir()}
    there = {*PROCESSORS} - {"aarch64-dotprod"}  # floats have none
    assert {*map(rpi.library_of, there), rpi.LOADER} <= names
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


@ON_LINUX
def test_it_is_an_artefact_like_any_other(tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    puffer_edge.export(zoo.program("mlp"), tmp_path / "a", target="rpi")
    report = puffer_edge.verify(tmp_path / "a")
    assert report.passed and any("shipped" in check.name for check in report.checks)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(platform, "machine", lambda: "mips")
        found = puffer_edge.verify(tmp_path / "a").checks
    skipped, = [check for check in found if "shipped" in check.name]
    assert skipped.verdict == "not checked" and "mips" in skipped.detail
    with runtimes.load(tmp_path / "a", "numpy") as policy:
        assert policy.step(np.zeros(policy.observation_size)).shape == policy.action_shape


@ON_LINUX
@pytest.mark.parametrize(("scheme", "wanted"), [
    ("float32", {"policy.onnx", "policy.tflite"}),
    pytest.param("float16", {"policy.onnx", "policy.tflite", ORIGINAL},
                 marks=pytest.mark.exhaustive),
    ("int8", {"policy.onnx", "policy.tflite", ORIGINAL}),
    pytest.param("int8x16", {"policy.tflite", ORIGINAL}, marks=pytest.mark.exhaustive),
    ("int16", {ORIGINAL})])
def test_files_of_other_runtimes_come_along(scheme: str, wanted: set[str], tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that have the scheme; verify and load run these very files."""
    policy = POLICIES / "cartpole_puffer_lstm.pt"
    recording = POLICIES / "cartpole_puffer_lstm_reference.npz"
    artefact = puffer_edge.export(
        policy, tmp_path / "a", target="rpi", scheme=scheme,
        calibrate="" if scheme in ("float32", "float16") else str(recording))
    present = {path.name for path in artefact.iterdir()}
    others = {each.file for each in formats.FORMATS.values()}
    assert present & (others | {ORIGINAL}) == wanted
    report = puffer_edge.verify(artefact)
    assert report.passed, report.to_markdown()
    words = " ".join(check.name for check in report.checks)
    for each in formats.FORMATS.values():
        assert (f"in {each.backend}" in words) == (each.file in wanted)
        if each.file in wanted:
            with runtimes.load(artefact, each.backend) as theirs, \
                    runtimes.load(artefact, "numpy") as ours, np.load(recording) as data:
                assert theirs.model_size == (artefact / each.file).stat().st_size
                rows = data["observations"][:50]
                same = [np.array_equal(theirs.step(x), ours.step(x)) for x in rows]
            assert np.mean(same) >= 0.95  # of two roundings that each have their own
    if wanted - {ORIGINAL}:
        packages = {"onnxruntime", "ai_edge_litert", "tflite_runtime"}
        monkeypatch.setattr("importlib.util.find_spec", lambda name, *rest: None if name.split(
            ".")[0] in packages else FIND_SPEC(name, *rest))
        last = Report("a", "rpi", "zig", "unicorn", "-O2")
        check_companions(Job(read_subject(artefact), {}, RPI, Demands(0.9)), last)
        assert {check.verdict for check in last.checks if "is made of" not in check.name} == {
            "not checked"}


def test_an_op_without_a_form_elsewhere_leaves_the_file_out(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> bytes:
        raise UnsupportedError("no form")

    for name, each in formats.FORMATS.items():
        monkeypatch.setitem(formats.FORMATS, name, replace(each, write=refuse))
    puffer_edge.export(zoo.program("mlp"), tmp_path / "a", target="rpi")
    present = {path.name for path in (tmp_path / "a").iterdir()}
    assert rpi.LOADER in present and not present & {each.file for each in formats.FORMATS.values()}


@ON_LINUX
def test_verify_runs_the_library_that_is_shipped(tmp_path: Path) -> None:
    """A library that computes another policy, its hash made good, is found out."""
    puffer_edge.export(zoo.program("mlp"), tmp_path / "a", target="rpi", name="lander")
    other = rpi.libraries(zoo.program("mlp").with_ops(
        zoo.program("mlp").ops, {name: 1.5 * array for name, array in
                                 zoo.program("mlp").constants.items()}))
    manifest = json.loads((tmp_path / "a" / "policy.json").read_text())
    for name, content in other.items():
        (tmp_path / "a" / name).write_bytes(content)
        manifest["files"][name] = hashlib.sha256(content).hexdigest()
    (tmp_path / "a" / "policy.json").write_text(json.dumps(manifest))
    with pytest.raises(FileFormatError, match=r"libpolicy-.*other code"):
        puffer_edge.verify(tmp_path / "a")
    report = puffer_edge.verify(tmp_path / "a", trust=True)
    failed = [check.name for check in report.checks if check.verdict == "failed"]
    assert failed == ["the library that is shipped gives the oracle's bits"]


def test_without_zig_it_says_what_to_install(tmp_path: Path,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: (
        None if name == "ziglang" else real(name, *rest)))
    with pytest.raises(MissingDependencyError, match="pip install"):
        puffer_edge.export(zoo.program("mlp"), tmp_path / "a", target="rpi")
    assert not (tmp_path / "a").exists()
