# SPDX-License-Identifier: MIT
"""``puffer-edge export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from puffer_edge.cli.completion import boards, schemes
from puffer_edge.cli.load_options import takes_load_options
from puffer_edge.cli.shared import (
    INTEGERS,
    MICROPYTHON,
    Json,
    PolicyFile,
    Strict,
    TargetName,
    option,
)
from puffer_edge.cli.values import layers, numbers, sensor_counts, sequence, steps_and_states
from puffer_edge.errors import UsageError
from puffer_edge.naming import stem_from

if TYPE_CHECKING:
    from puffer_edge.frontends.options import LoadOptions
    from puffer_edge.verification.originals import SecondReading


@takes_load_options()
def export(
    policy: PolicyFile,
    more: Annotated[list[Path] | None, typer.Argument(
        metavar="[MORE]", help="Further policy files, for --compose.")] = None,
    target: TargetName = "",
    output: Annotated[Path | None, option(
        "--output", "-o", metavar="DIR",
        help="Directory of the artefact; ./STEM-TARGET of the policy file by default.")] = None,
    name: Annotated[str, option(
        metavar="STEM", help="Stem of the C names; made from the policy file's by default.")] = "",
    seed: Annotated[int, option(metavar="N", help="Seed of the test vectors; 0 by default.")] = 0,
    scheme: Annotated[str, option(
        metavar="SCHEME", panel=INTEGERS, autocompletion=schemes,
        help="float32, float16, int8, int8x16, int16 or auto; by default the file's own.")] = "",
    calibrate: Annotated[str, option(
        metavar="WHAT", panel=INTEGERS,
        help=".npz or .npy of observations, env:CartPole-v1, or bounds:LOW:HIGH.")] = "",
    steps: Annotated[int, option(
        metavar="N", panel=INTEGERS,
        help="Steps to play in env:ID; half calibrate, half judge; 4000 by default.")] = 4000,
    observe: Annotated[str, option(
        metavar="N,N", panel=INTEGERS,
        help="Elements of the environment's observation that the policy sees, as 0,2.")] = "",
    layer: Annotated[list[str] | None, option(
        metavar="NAME=SCHEME", panel=INTEGERS,
        help="Scheme of a single layer, as decoder=int16; may be repeated.")] = None,
    observer: Annotated[str, option(
        metavar="HOW", panel=INTEGERS,
        help="How ranges are made: minmax (by default), percentile or mse.")] = "minmax",
    min_agreement: Annotated[float, option(
        metavar="SHARE", panel=INTEGERS,
        help="Of equal greedy actions, for the scheme auto; 0.95 by default.")] = 0.95,
    counts: Annotated[list[str] | None, option(
        metavar="COUNTS", panel=INTEGERS,
        help="[FIELD=]SCALE:OFFSET: observation = count * scale + offset; repeatable.")] = None,
    board: Annotated[str, option(
        metavar="BOARD", autocompletion=boards,
        help="Board, of `puffer-edge boards`, or a .toml file; any board by default.")] = "",
    kernels: Annotated[str, option(
        metavar="GRADE", panel=MICROPYTHON,
        help="bytecode, unrolled, viper or thumb; the fastest of the board by default.")] = "",
    url: Annotated[str, option(
        metavar="URL", panel=MICROPYTHON,
        help="Where the files will lie: package.json names them in full, for mip.")] = "",
    helium_float: Annotated[bool, option(
        "--helium-float", help="Sum floats by Helium (cortex-m55): fast, numbers below 1e-38 are 0."
    )] = False,
    contract: Annotated[Path | None, option(
        metavar="FILE", help="Of the robot: contract.toml, or what `puffer-edge contract` reads."
    )] = None,
    shield: Annotated[Path | None, option(
        metavar="FILE", help="shield.toml: what an observation and an action may be, and what else."
    )] = None,
    black_box: Annotated[str, option(
        metavar="STEPS", help="Keep so many steps in RAM for `puffer-edge replay`; 256:8: and "
                              "every 8th state.")] = "",
    weights: Annotated[str, option(
        metavar="WHERE", help="code, by default, or blob:N: a file for slots of flash, number N."
    )] = "code",
    compose: Annotated[str, option(
        metavar="HOW", help="pipeline[:JOINS]: each file sees what the one before gives; "
                            "switch[:keep].")] = "",
    no_original: Annotated[bool, option(
        "--no-original", help="Do not let the library that owns the format run the policy, too."
    )] = False,
    run_original: Annotated[bool, option(
        "--run-original", help="Let it also where it can run code that is in the file (.pt2...)."
    )] = False,
    module: Annotated[str, option(
        metavar="CLASS", help="Your class for the file's weights: package.module:Class or "
                              "FILE.py:Class.")] = "",
    strict: Strict = False, as_json: Json = False, *, options: LoadOptions,
) -> None:
    """Writes a policy for a device: code, manifest and test vectors, in a directory.

    A core of `puffer-edge targets` gets one C header, rpi libraries for Linux with a loader in
    Python, micropython Python modules with weights, onnx and tflite one model file.
    """
    from puffer_edge import api, composed
    from puffer_edge.artefact.directory import read_manifest
    from puffer_edge.cli.printing.console import say_json, working
    from puffer_edge.cli.printing.exported import exported
    from puffer_edge.exporters.aiming import DEFAULT

    readings: list[SecondReading] = []
    with working(f"Exporting {policy.name}", quiet=as_json) as progress:
        asked = _original(no_original, run_original)
        whole: Any = policy
        rest: dict[str, Any] = {"options": options, "module": module or None}
        if _composed(compose, more or [], module):
            last = (more or [policy])[-1]
            whole = composed.compose(
                [policy, *(more or [])], **_composing(compose), original=asked, seed=seed,
                second_reader=readings.append, progress=progress, options=options)
            rest = {"accept": options.accept}
            name = name or stem_from(last.stem)
            output = output or api.default_directory(last, board or target or DEFAULT)
        directory = api.export(whole, output, target=target, name=name, seed=seed,
                               scheme=scheme, calibrate=calibrate, steps=steps,
                               observe=numbers(observe, int),
                               layers=layers(layer or []), observer=observer,
                               min_agreement=min_agreement,
                               counts=sensor_counts(counts or []), board=board, kernels=kernels,
                               url=url, helium_float=helium_float, contract=contract, shield=shield,
                               black_box=steps_and_states(black_box), weights=sequence(weights),
                               strict=strict, original=asked,
                               second_reader=readings.append, progress=progress, **rest)
    manifest = read_manifest(directory)
    if as_json:
        say_json(manifest)
    else:
        exported(directory, manifest, readings)


def _composed(how: str, more: list[Path], module: str) -> bool:
    """Whether several files become one policy."""
    if bool(how) != bool(more):
        raise UsageError("several policy files and --compose belong together",
                         hint="puffer-edge export estimator.onnx actor.onnx --compose pipeline")
    if how and module:
        raise UsageError("--module is of no use with --compose")
    return bool(how)


def _composing(how: str) -> dict[str, Any]:
    """The arguments of ``compose``."""
    kind, _, said = how.partition(":")
    if kind == "pipeline":
        return {"how": kind, "join": said}
    if kind == "switch" and said in ("", "keep", "reset"):
        return {"how": kind, "change": said or "reset"}
    raise UsageError(f"--compose {how[:40]!a} is no way to compose policies",
                     hint="pipeline, pipeline:latent=mean,obs[0:45]=history[225:270], switch, or "
                          "switch:keep")


def _original(never: bool, run: bool) -> Literal["", "never", "run"]:
    if never and run:
        raise UsageError("--no-original and --run-original do not fit each other")
    return "never" if never else "run" if run else ""
