"""The command line: parses, calls the library, prints. Exit codes are those of ``errors.py``."""

from __future__ import annotations

import json
import shlex
import sys
import warnings
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from puffer_edge.arguments import layers, numbers, sensor_counts, takes_load_options
from puffer_edge.errors import PolicyWarning, PufferEdgeError, UnconfirmedError, UsageError
from puffer_edge.version import VERSION

if TYPE_CHECKING:
    from puffer_edge.frontends.options import LoadOptions
    from puffer_edge.verification.originals import SecondReading

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Compiles trained reinforcement-learning policies to small, allocation-free, proved C.",
    epilog="Exit codes: 0 good, 1 failure, 2 wrong usage, 3 unreadable file, 4 unsupported, "
           "5 output not writable, 6 verification failed, 7 something to install is missing, "
           "8 something assumed that --strict refuses, 9 not judged under --strict.")

PolicyFile = Annotated[Path, typer.Argument(help="Policy file, as the trainer saved it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Strict = Annotated[bool, typer.Option(
    "--strict", help="Refuse what is assumed and not confirmed by --accept (for CI).")]
Trust = Annotated[bool, typer.Option(
    "--trust", help="Take code that is not what this version makes of the artefact's program. "
                    "Only for artefacts of people whose code you would run.")]
NoNative = Annotated[bool, typer.Option(
    "--no-native", help="Compile nothing for this computer.")]


@app.command()
@takes_load_options()
def export(
    policy: PolicyFile,
    output: Annotated[Path | None, typer.Option(
        "--output", "-o", help="Directory of the artefact; ./STEM-TARGET of the policy file's "
                               "stem by default.")] = None,
    target: Annotated[str, typer.Option(
        help="See `puffer-edge targets`; or rpi, micropython, onnx, tflite.")
    ] = "cortex-m",
    name: Annotated[str, typer.Option(
        help="Stem of the C names; made from the policy file's stem by default.")] = "",
    seed: Annotated[int, typer.Option(help="Seed of the test vectors.")] = 0,
    scheme: Annotated[str, typer.Option(
        help="float32, float16, int8, int8x16, int16, or auto (int8, int16 where it must be).")
    ] = "float32",
    calibrate: Annotated[str, typer.Option(
        help="For integers: an .npz of observations, env:CartPole-v1, or bounds:LOW:HIGH.")] = "",
    steps: Annotated[int, typer.Option(
        help="Steps to play in env:ID; half of them calibrate, half judge.")] = 4000,
    observe: Annotated[str, typer.Option(
        help="Elements of the environment's observation that the policy sees, as in 0,2.")] = "",
    layer: Annotated[list[str] | None, typer.Option(
        help="Scheme of a single layer, as decoder=int16; may be repeated.")] = None,
    observer: Annotated[str, typer.Option(
        help="Ranges of integers from what was seen: minmax, percentile or mse.")] = "minmax",
    min_agreement: Annotated[float, typer.Option(
        help="Share of equal greedy actions that the scheme auto must reach.")] = 0.99,
    counts: Annotated[list[str] | None, typer.Option(
        help="What a sensor's integers count, as SCALE:OFFSET or FIELD=SCALE:OFFSET (observation "
             "= count * scale + offset); may be repeated.")] = None,
    board: Annotated[str, typer.Option(
        help="For micropython: pico, pico2, esp32, esp32-c3, stm32f4, nrf52, microbit or unix.")
    ] = "",
    kernels: Annotated[str, typer.Option(
        help="For micropython: bytecode, unrolled, viper or thumb; the fastest by default.")] = "",
    no_original: Annotated[bool, typer.Option(
        "--no-original", help="Do not let the library that owns the format run the policy beside "
                              "ours.")] = False,
    run_original: Annotated[bool, typer.Option(
        "--run-original", help="Run it also where its loader can run code that is in the file "
                               "(.pt2, TorchScript). Only for files that you trust.")] = False,
    module: Annotated[str, typer.Option(
        help="Your own class with a forward for the file's weights, as package.module:Class or "
             "FILE.py:Class: it is the second reader of a checkpoint that no library owns, and "
             "the first where its names are not known.")] = "",
    strict: Strict = False, as_json: Json = False, *, options: LoadOptions,
) -> None:
    """Writes a policy for a device: code, manifest and test vectors, in a directory.

    A core of `puffer-edge targets` (cortex-m, riscv32, host...) gets one C header, rpi libraries
    for Linux with a loader in Python, micropython Python modules with weights, onnx and tflite one
    model file.
    """
    from puffer_edge import api, printing
    from puffer_edge.artefact.directory import read_manifest

    readings: list[SecondReading] = []
    with printing.working(f"Exporting {policy.name}", quiet=as_json) as progress:
        directory = api.export(policy, output, target=target, name=name, seed=seed,
                               scheme=scheme, calibrate=calibrate, steps=steps,
                               observe=numbers(observe, int),
                               layers=layers(layer or []), observer=observer,
                               min_agreement=min_agreement,
                               counts=sensor_counts(counts or []), board=board, kernels=kernels,
                               strict=strict, original=_original(no_original, run_original),
                               second_reader=readings.append, progress=progress, options=options,
                               **({"module": module} if module else {}))
    manifest = read_manifest(directory)
    if as_json:
        _print_json(manifest)
    else:
        printing.exported(directory, manifest, readings)


@app.command()
@takes_load_options(without=("accept",))
def verify(
    directory: Annotated[Path, typer.Argument(help="Directory that export wrote.")],
    target: Annotated[str, typer.Option(
        help="Another target than the one exported for.")] = "",
    toolchain: Annotated[str, typer.Option(help="zig (from pip), gcc or clang.")] = "zig",
    emulator: Annotated[str, typer.Option(help="unicorn (from pip) or qemu.")] = "unicorn",
    optimize: Annotated[str, typer.Option(help="Optimisation flag of the compiler.")] = "-O2",
    reference: Annotated[Path | None, typer.Option(
        help="An .npz with observations and the trainer's own logits, mean or actions for them.")
    ] = None,
    original: Annotated[Path | None, typer.Option(
        help="The policy file that was exported: the library that owns its format runs it beside "
             "the artefact. With the same options as export.")] = None,
    run_original: Annotated[bool, typer.Option(
        "--run-original", help="Also where that library can run code of the file.")] = False,
    min_agreement: Annotated[float, typer.Option(
        help="Share of greedy actions that must be the float policy's.")] = 0.95,
    max_error: Annotated[float | None, typer.Option(
        help="Mean error of a continuous action in integers, as a part of its deviation: by "
             "default 0.04 where a layer is int8, else 0.01.")] = None,
    strict: Annotated[bool, typer.Option(
        "--strict", help="Exit with 9 where there is too little evidence to judge.")] = False,
    no_native: NoNative = False, trust: Trust = False,
    as_json: Json = False, *, options: LoadOptions,
) -> None:
    """Compiles an artefact, runs it on the host and on the emulated target, and judges it."""
    from puffer_edge import api, printing

    with printing.working(f"Verifying {directory}", quiet=as_json) as progress:
        report = api.verify(directory, original=original, run_original=run_original,
                            load_options=options, target=target, toolchain=toolchain,
                            emulator=emulator, optimize=optimize, reference=reference,
                            min_agreement=min_agreement, max_error=max_error, trust=trust,
                            native=not no_native, progress=progress)
    if as_json:
        _print_json(report.to_json())
    else:
        printing.verified(report)
    if not report.passed:
        raise typer.Exit(6)
    if strict and report.undecided:
        raise typer.Exit(9)


@app.command()
def firmware(
    directory: Annotated[Path, typer.Argument(help="Directory that export wrote.")],
    board: Annotated[str, typer.Option(help="As for export.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="An empty or new directory.")],
    trust: Trust = False, as_json: Json = False,
) -> None:
    """Writes an example around an artefact, ready to build (C) or to copy (MicroPython)."""
    from puffer_edge import printing
    from puffer_edge.firmware.project import project

    files = project(directory, board, output, trust=trust)
    if as_json:
        _print_json({"directory": str(output), "files": files})
    else:
        printing.firmware(output, files)


@app.command()
def flash(
    directory: Annotated[Path, typer.Argument(help="Directory that export wrote.")],
    board: Annotated[str, typer.Option(help="As for export.")],
    port: Annotated[str, typer.Option(help="Serial port; the only one by default.")] = "",
    dry_run: Annotated[bool, typer.Option(
        "--dry-run", help="Only says what would be copied.")] = False,
    trust: Trust = False, as_json: Json = False,
) -> None:
    """Copies a MicroPython artefact to a board, runs its self-test there, and times a step."""
    from dataclasses import asdict

    from puffer_edge import printing
    from puffer_edge.firmware import flash as flashing

    wanted = flashing.plan(directory, board, trust=trust)
    if dry_run:
        sizes = {name: len(content) for name, content in wanted.files.items()}
        if as_json:
            _print_json({"board": board, "port": port, "files": sizes})
        else:
            printing.flash_plan(wanted.title, port, sizes)
        return
    with printing.working(f"Flashing {wanted.title}", quiet=as_json) as progress:
        done = flashing.flash(wanted, port, progress)
    if as_json:
        _print_json(asdict(done))
    else:
        printing.flashed(wanted.title, done)
    if done.wrong:
        raise typer.Exit(6)


@app.command()
@takes_load_options(without=("keep_value", "observation", "accept"))
def run(
    policy: Annotated[Path, typer.Argument(help="Directory that export wrote, or a policy file.")],
    env: Annotated[str, typer.Option("--env", help="Environment of gymnasium, as CartPole-v1.")],
    backend: Annotated[str, typer.Option(
        help="native, numpy, micropython, torch, onnxruntime or tflite; native by default.")] = "",
    episodes: Annotated[int, typer.Option(help="How many.")] = 100,
    compare: Annotated[Path | None, typer.Option(
        help="The float policy, which then plays the same seeds; the options below are its.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the first episode.")] = 100_000,
    observe: Annotated[str, typer.Option(
        help="Elements of the observation that the policy sees, as in 0,2; all by default.")] = "",
    processes: Annotated[int, typer.Option(help="How many; 0 for one per processor.")] = 0,
    min_agreement: Annotated[float, typer.Option(
        help="Share of the actions that must be those of --compare.")] = 0.95,
    no_native: NoNative = False, trust: Trust = False, as_json: Json = False, *,
    options: LoadOptions,
) -> None:
    """Plays a policy, and fails where it does not play like the float policy."""
    from puffer_edge import printing
    from puffer_edge.playing import play
    from puffer_edge.runtimes.loading import read_program

    given = {"options": options}
    program = read_program(policy, {} if policy.is_dir() else given, trust=trust)
    other = None if compare is None else read_program(compare, given)
    backend = _interpreted(backend) if no_native else backend
    with printing.working(f"Playing {env}", quiet=as_json) as progress:
        match = play(program, env, compare=other, backend=backend or None, episodes=episodes,
                     seed=seed, observe=numbers(observe, int), processes=processes,
                     least=min_agreement, progress=progress)
    if as_json:
        _print_json(match.to_json())
    else:
        printing.played(str(policy), str(compare), env, match)
    if match.failures:
        raise typer.Exit(6)


@app.command()
def bench(
    policy: Annotated[Path, typer.Argument(help="Directory that export wrote, or a policy file.")],
    backends: Annotated[str, typer.Option(
        help="Which back ends, as in native,onnxruntime; all by default.")] = "",
    seconds: Annotated[float, typer.Option(help="How long to measure each back end.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of the observations.")] = 0,
    no_native: NoNative = False, trust: Trust = False, as_json: Json = False,
) -> None:
    """Measures how fast each back end runs a policy on this computer."""
    from puffer_edge import printing
    from puffer_edge.benchmarking import bench as measure
    from puffer_edge.runtimes import BACKENDS
    from puffer_edge.runtimes.loading import read_program

    program = read_program(policy, trust=trust)
    chosen = tuple(filter(None, backends.split(",")))
    if no_native:
        chosen = tuple(_interpreted(name) for name in chosen) or tuple(
            name for name in BACKENDS if name != "native")
    with printing.working(f"Measuring {policy}", quiet=as_json) as progress:
        found = measure(program, backends=chosen,
                        seconds=seconds, seed=seed, progress=progress)
    if as_json:
        _print_json([measurement.to_json() for measurement in found])
    else:
        printing.measured(str(policy), found)


@app.command()
@takes_load_options()
def inspect(
    policy: PolicyFile,
    strict: Strict = False, as_json: Json = False, *, options: LoadOptions,
) -> None:
    """Shows what a policy file is and what export would make of it."""
    from puffer_edge import api, printing

    found = api.inspect(policy, options, strict=strict)
    if as_json:
        _print_json(found.to_json())
    else:
        printing.inspected(policy, found)


@app.command()
def targets(as_json: Json = False) -> None:
    """Lists what a policy can be exported for."""
    from dataclasses import asdict

    from puffer_edge import printing
    from puffer_edge.targets import TARGETS

    if as_json:
        _print_json({name: asdict(target) for name, target in TARGETS.items()})
    else:
        printing.listed(TARGETS)


@app.command()
def check(
    paths: Annotated[list[Path] | None, typer.Argument(
        help="Python files and directories; the working directory by default.")] = None,
    port: Annotated[str, typer.Option(
        help="Port of MicroPython: rp2 (the default), esp32, esp8266, stm32, samd, unix...")] = "",
    mpy_version: Annotated[str, typer.Option(help="Version of MicroPython, as in 1.24.")] = "",
    select: Annotated[str, typer.Option(
        help="Rules, or beginnings of their codes, to report, as in PE1,PE401.")] = "",
    ignore: Annotated[str, typer.Option(help="Rules not to report.")] = "",
    output_format: Annotated[str, typer.Option(
        "--format", help="text, json, sarif or github.")] = "text",
    explain: Annotated[str, typer.Option(
        help="Print what a rule is about, as in PE401, or a list of all.")] = "",
    execute: Annotated[bool, typer.Option(
        "--run", help="Also import the files in MicroPython for WebAssembly (needs node), and call "
                      "their marked functions under a locked heap. Only for files that you would "
                      "run.")] = False,
) -> None:
    """Checks Python files for MicroPython: syntax, modules, meaning, and allocation.

    Exit codes: 0 clean, 1 findings, 2 wrong usage or a file that cannot be checked.
    """
    from puffer_edge.subset import command

    if explain:
        typer.echo(command.explain(explain))
        return
    text, code = command.run(paths or [Path()], output_format, execute,
                             port=port, mpy_version=mpy_version,
                             select=command.codes(select), ignore=command.codes(ignore))
    if text:
        typer.echo(text)
    if code:
        raise typer.Exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"puffer-edge {VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option(
        "--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: an error of ours is a message and an exit code, never a traceback.

    Args:
        arguments: of the command line; the process's by default.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    for stream in sys.stdout, sys.stderr:
        if isinstance(stream, TextIOWrapper):  # a terminal may not know the letters of a path
            stream.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():  # what they say is printed with the notes
            warnings.simplefilter("ignore", PolicyWarning)
            app(arguments)
    except PufferEdgeError as error:
        from puffer_edge import printing

        if isinstance(error, UnconfirmedError):
            error.hint = ("give the options that decide, or confirm, if all that is right:\n"
                          + shlex.join(["puffer-edge", *confirming(arguments, error.codes)]))
        printing.failed(error)
        sys.exit(error.exit_code)


def confirming(arguments: Sequence[str], codes: Sequence[str]) -> list[str]:
    """The same arguments, with which --strict passes."""
    command, *rest = arguments  # before the rest, which may hold a --
    return [command, *(word for code in codes for word in ("--accept", code)), *rest]


def _interpreted(backend: str) -> str:
    """The back end under --no-native."""
    if backend == "native":
        raise UsageError("--no-native and the back end native exclude each other",
                         hint="leave out one of them")
    return backend or "numpy"


def _original(never: bool, run: bool) -> str:
    if never and run:
        raise UsageError("--no-original and --run-original do not fit each other")
    return "never" if never else "run" if run else ""


def _print_json(data: Any) -> None:
    typer.echo(json.dumps(data, indent=2))
