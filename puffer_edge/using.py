# SPDX-License-Identifier: MIT
"""The public functions that use a policy: play, bench, contract, doctor, fit, check..."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from puffer_edge.arguments import LoadArguments, PolicySource
from puffer_edge.errors import UsageError
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.loading import DEFAULTS
from puffer_edge.signatures import public

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from puffer_edge.benchmarking import Measurement
    from puffer_edge.firmware.flash import Flashed
    from puffer_edge.fitting import Fitted, Trainer
    from puffer_edge.ir import Program
    from puffer_edge.playing import Match
    from puffer_edge.quantization.recording import Observations
    from puffer_edge.robot import RobotContract
    from puffer_edge.sizing import Comparison, Row
    from puffer_edge.subset.checking import Report as Findings
    from puffer_edge.verification.estimating import Estimate

LARGEST_LOG = 16 << 20
"""Bytes that are read of what a board printed."""


@public()
def contract(file: str | PathLike[str], *, rate: float = 0.0) -> RobotContract:
    """What lies between a policy and a robot: order, scales and histories of the observation.

    Args:
        file: ``contract.toml``; ``deploy.yaml`` of unitree_rl_lab; ``config.yaml`` of rl_sar, with
            its ``base.yaml`` in the folder above; LEAPP's YAML; or ONNX with a robot's metadata.
        rate: steps per second, where the file does not tell.

    Returns:
        What ``export(contract=...)`` takes.

    Raises:
        PufferEdgeError: the file is damaged, of an unknown kind, or contradicts itself.
    """
    from puffer_edge.robot.reading import read_contract

    return read_contract(Path(file), rate=rate)


@public(LoadArguments.__annotations__, DEFAULTS)
def play(policy: PolicySource, env: str, *, compare: PolicySource | None = None,
         backend: str = "", episodes: int = 100, seed: int = 100_000,
         observe: Sequence[int] = (), processes: int = 0, min_agreement: float = 0.95,
         native: bool = True, trust: bool = False,
         progress: Callable[[str], None] = lambda text: None,
         options: LoadOptions | None = None, **changes: Unpack[LoadArguments]) -> Match:
    """Plays a policy in an environment, and compares it with the float policy: ``run``.

    Args:
        policy: the directory of an artefact, a policy file, or a Program.
        env: an id that ``gymnasium.make`` knows.
        compare: the float policy, which then plays the same seeds.
        backend: of ``policy``; ``native`` by default.
        episodes: how many.
        seed: of the first; the others follow.
        observe: elements of the flattened observation that the policy sees; all by default.
        processes: how many; 0 for one per processor.
        min_agreement: share of the actions that must be those of ``compare``.
        native: compile for this computer; without, the interpreter plays.
        trust: see :func:`puffer_edge.runtimes.load`.
        progress: is told what is being done.
        options: what policy files do not hold, see :func:`puffer_edge.load`.
        changes: single ones of them by name.

    Returns:
        Returns, steps and agreement; ``failures`` is empty where the policy plays like the other.

    Raises:
        UsageError: the environment is unknown or does not fit the policy.
        MissingDependencyError: gymnasium or the back end is not installed.
    """
    from puffer_edge import playing

    _refuse_useless((policy, compare), options, changes)
    program = _program(policy, options, changes, trust)
    other = None if compare is None else _program(compare, options, changes, trust)
    if not native:
        backend = interpreted(backend)
    return playing.play(program, env, compare=other, backend=backend or None, episodes=episodes,
                        seed=seed, observe=tuple(observe), processes=processes,
                        least=min_agreement, progress=progress)


@public(LoadArguments.__annotations__, DEFAULTS)
def bench(policy: PolicySource, *, backends: str | Sequence[str] = (), seconds: float = 1.0,
          seed: int = 0, native: bool = True, trust: bool = False,
          progress: Callable[[str], None] = lambda text: None,
          options: LoadOptions | None = None, **changes: Unpack[LoadArguments]
          ) -> list[Measurement]:
    """Times single steps of a policy on this computer.

    Args:
        policy: the directory of an artefact, a policy file, or a Program.
        backends: which; all by default. One that is not installed gets a reason for its figures.
        seconds: of each back end.
        seed: of the observations, which are normal random numbers.
        native: compile for this computer.
        trust: see :func:`puffer_edge.runtimes.load`.
        progress: is told what is being done.
        options: what a policy file does not hold, see :func:`puffer_edge.load`.
        changes: single ones of them by name.

    Raises:
        UsageError: no such back end, or no time.
    """
    from puffer_edge import benchmarking
    from puffer_edge.runtimes import BACKENDS

    _refuse_useless((policy,), options, changes)
    chosen = (backends,) if isinstance(backends, str) else tuple(backends)
    if not native:
        chosen = tuple(interpreted(name) for name in chosen) or tuple(
            name for name in BACKENDS if name != "native")
    return benchmarking.bench(_program(policy, options, changes, trust), backends=chosen,
                              seconds=seconds, seed=seed, progress=progress)


@public(LoadArguments.__annotations__, DEFAULTS)
def doctor(policy: PolicySource, *, rate: float = 0.0, boards: str | Sequence[str] = (),
           schemes: str | Sequence[str] = (), calibrate: Observations | None = None,
           steps: int = 4000, progress: Callable[[str], None] = lambda text: None,
           options: LoadOptions | None = None, **changes: Unpack[LoadArguments]) -> list[Row]:
    """Which boards a policy fits on, in which scheme, and what would make it fit.

    Args:
        policy: the directory of an artefact, a policy file, or a Program.
        rate: steps per second that it should run at; none by default.
        boards: names; all by default.
        schemes: names; all by default. One that has no form for the policy is left out.
        calibrate: for integers, as of :func:`puffer_edge.export`; made up by default, as only
            ranges depend on it.
        steps: to play in ``env:<id>``.
        progress: is told what is being done.
        options: what a policy file does not hold, see :func:`puffer_edge.load`.
        changes: single ones of them by name.

    Returns:
        A row per board and scheme: flash, RAM, stack, time, and whether that is there.

    Raises:
        UsageError: there is no such board or scheme.
        UnsupportedError: no scheme has a form for the policy.
        MissingDependencyError: zig, unicorn or pyelftools is not installed.
    """
    from puffer_edge import sizing
    from puffer_edge.boards import boards as known
    from puffer_edge.boards import find_board
    from puffer_edge.quantization.recording import source_of

    named = [*filter(None, boards.split(","))] if isinstance(boards, str) else list(boards)
    chosen = [find_board(name) for name in named] or list(known().values())
    wanted = (schemes,) if isinstance(schemes, str) else tuple(schemes)
    _refuse_useless((policy,), options, changes)
    return sizing.examine(_program(policy, options, changes, False), chosen,
                          schemes=wanted or sizing.ALL_SCHEMES, rate=rate,
                          calibrate=source_of(calibrate), steps=steps, progress=progress)


@public(LoadArguments.__annotations__, DEFAULTS)
def fit(policy: PolicySource, env: str = "", directory: str | PathLike[str] | None = None, *,
        board: str = "pico", flash: int = 0, ram: int = 0, us: float = 0.0,
        integers: bool = False, data: Observations | None = None,
        schemes: str | Sequence[str] = (), widths: Sequence[int] = (),
        depths: Sequence[int] = (), activations: str | Sequence[str] = (),
        cells: str | Sequence[str] = (), observation_bits: Sequence[int] = (),
        trials: int = 12, episodes: int = 200, tolerance: float = 0.02, seed: int = 0,
        workers: str | int = "", storage: str = "", observe: Sequence[int] = (),
        vector: str = "", trainer: Trainer | None = None,
        progress: Callable[[str], None] = lambda text: None,
        options: LoadOptions | None = None, **changes: Unpack[LoadArguments]) -> Fitted:
    """Makes a policy that fits a board, and exports the cheapest that plays as well.

    Args:
        policy: the directory of an artefact, a policy file, or a Program; in floats.
        env: an id that ``gymnasium.make`` knows.
        directory: of the artefact; the search is kept, and goes on, in ``<directory>.search``.
        board: of ``puffer_edge.boards``.
        flash: bytes that there are; what the board leaves by default (0).
        ram: alike, with the stack.
        us: microseconds that a step may take; 0 for any.
        integers: only the step from integers counts (``step_q``).
        data: recorded observations in place of ``env``; agreement judges, nothing is played.
        schemes: of students; float32, int8, int8x16 and int16 by default.
        widths: of a hidden layer; 4, 8, 16 and 32 by default.
        depths: hidden layers; 1 and 2 by default, 0 is a linear policy.
        activations: relu, hard_tanh, tanh; the first two by default.
        cells: gru, lstm, min_gru, or none; the first two where the policy remembers.
        observation_bits: 16, 8, or both; 16 by default.
        trials: students that are trained, at most.
        episodes: of the verdict, on seeds that the search never used; at least 200.
        tolerance: part of the return over random play that may be lost.
        seed: of everything random; one worker finds the same with the same seed.
        workers: a number of processes, or ``tcp://HOST:PORT`` of a dask scheduler.
        storage: URL of a database that several calls share, on one computer or many.
        observe: elements of the flattened observation that the policy sees; all by default.
        vector: many environments in one, of ``vectors.KINDS``; single ones by default.
        trainer: that makes students; torch by default.
        progress: is told what is being done.
        options: what a policy file does not hold, see :func:`puffer_edge.load`.
        changes: single ones of them by name.

    Returns:
        The table and the best, exported and verified; not ``passed`` where none is as good.

    Raises:
        UsageError: nothing can fit the budget (it names the nearest), or the environment differs.
        MissingDependencyError: optuna, torch or gymnasium is not installed.
    """
    from puffer_edge.fitting.command import run

    _refuse_useless((policy,), options, changes)
    program = _program(policy, options, changes, False)
    return run(program, policy, env, directory, board=board, flash=flash, ram=ram, us=us,
               integers=integers, data=data, schemes=schemes, widths=widths, depths=depths,
               activations=activations, cells=cells, observation_bits=observation_bits,
               trials=trials, episodes=episodes, tolerance=tolerance, seed=seed,
               workers=str(workers), storage=storage, observe=observe, vector=vector,
               trainer=trainer, progress=progress)


@public()
def flash(directory: str | PathLike[str], board: str, *, port: str = "", trust: bool = False,
          progress: Callable[[str], None] = lambda text: None) -> Flashed:
    """Copies a MicroPython artefact to a board, runs its self-test there, and times a step.

    Args:
        directory: what export wrote.
        board: as of export; :func:`puffer_edge.firmware.flash.plan` says what would be copied.
        port: serial port; the only one by default.
        trust: copy the code that lies there, also where this version would not write it.
        progress: is told what is being done.

    Returns:
        What the board said; ``wrong`` is 0 where the self-test is good.

    Raises:
        UsageError: the artefact is not for the board, or there is not exactly one port.
        MissingDependencyError: mpremote is not installed.
        OutputError: the board does not answer.
    """
    from puffer_edge.firmware import flash as flashing

    return flashing.flash(flashing.plan(Path(directory), board, trust=trust), port, progress)


@public()
def step_time(directory: str | PathLike[str], board: str, *, trust: bool = False
              ) -> Estimate | None:
    """How long a step takes on a board: an estimate, never a measurement.

    Args:
        directory: what export wrote.
        board: of ``puffer-edge boards``.
        trust: take the code that lies there, also where this version would not write it.

    Returns:
        Cycles and microseconds with their range; None where there is no model: of MicroPython,
        and of cores without a table.

    Raises:
        UsageError: there is no such board.
        FileFormatError: the artefact is damaged.
        MissingDependencyError: the compiler or the emulator is not installed.
    """
    from puffer_edge import sizing
    from puffer_edge.boards import find_board

    return sizing.step_time(Path(directory), find_board(board), trust=trust)


@public()
def report_time(log: str | PathLike[str] | None = None,
                directory: str | PathLike[str] | None = None, *, board: str = "", text: str = "",
                trust: bool = False) -> Comparison:
    """Compares the time of a step that a board printed with the estimate: ``report-time``.

    Args:
        log: a file of what the board printed, as the examples of ``firmware`` and ``flash`` do.
        directory: what export wrote, where the log has no estimate or another is wanted.
        board: of ``puffer-edge boards``, with ``directory``.
        text: the log itself, without a file.
        trust: take the code that lies there, also where this version would not write it.

    Raises:
        FileFormatError: there is no such file, or no line of it tells the time of a step.
        UsageError: there is no such board, or only one of both is named.
        MissingDependencyError: the compiler or the emulator is not installed.
    """
    from puffer_edge import sizing
    from puffer_edge.boards import find_board
    from puffer_edge.readers.regular_file import read_file

    if (directory is None) != (not board):
        raise UsageError("an estimate needs the artefact and the board",
                         hint="give both, or neither where the log has an estimate")
    said = text if log is None else read_file(Path(log), LARGEST_LOG).decode("ascii", "replace")
    if directory is None:
        return sizing.compare(said)
    told = step_time(directory, board, trust=trust)
    if told is None:
        return sizing.compare(said)
    return sizing.compare(said, (told.microseconds(told.least), told.microseconds(told.most)),
                          find_board(board).core.clock)


@public()
def check(paths: str | PathLike[str] | Sequence[str | PathLike[str]] = (), *, port: str = "",
          mpy_version: str = "", board: str = "", firmware: str = "",
          select: str | Sequence[str] = (), ignore: str | Sequence[str] = (),
          exclude: Sequence[str] = (), fail_on: str = "", baseline: str | PathLike[str] = "",
          fix: bool = False, no_cache: bool = False, run: bool = False) -> Findings:
    """Checks Python files for MicroPython: syntax, modules, meaning, and allocation.

    Args:
        paths: files and directories; the working directory by default.
        port: of MicroPython, as rp2; of the nearest pyproject.toml by default.
        mpy_version: as 1.24.
        board: as MicroPython names it, RPI_PICO_W, or people do.
        firmware: whose it is: openmv, m5stack, pimoroni.
        select: rules, or beginnings of their codes, to report.
        ignore: those not to report.
        exclude: patterns of files and directories to pass over.
        fail_on: the least severity that gives exit code 1: error, warning, or info by default.
        baseline: a file whose findings are left out.
        fix: rewrite what has another spelling in both Pythons, and report the rest.
        no_cache: check files again that have not changed.
        run: import the files in MicroPython for WebAssembly, too, and call their marked functions
            under a locked heap; only for files that you would run.

    Returns:
        Findings, and files that could not be checked.

    Raises:
        UsageError: an option or the configuration is wrong.
        MissingDependencyError: node or MicroPython is needed and not installed.
    """
    from puffer_edge.subset import command
    from puffer_edge.subset.baseline import leave_out

    given = [paths] if isinstance(paths, str | PathLike) else list(paths) or ["."]
    found = command.report(
        [Path(path) for path in given], run, not no_cache, fix, port=port, board=board,
        mpy_version=mpy_version, firmware=firmware, select=_codes(select), ignore=_codes(ignore),
        exclude=tuple(exclude), fail_on=fail_on)
    if baseline:
        leave_out(found, Path(baseline))
    return found


def interpreted(backend: str) -> str:
    """The back end where nothing may be compiled for this computer."""
    if backend == "native":
        raise UsageError("--no-native and the back end native exclude each other",
                         hint="leave out one of them")
    return backend or "numpy"


def _program(policy: Any, options: LoadOptions | None, changes: Any, trust: bool) -> Program:
    """Of an artefact or Program, which takes no options, or of a policy file, which does."""
    from puffer_edge.runtimes.loading import read_program

    if _read_already(policy):
        return read_program(policy, trust=trust)
    return read_program(policy, {"options": options, **changes})


def _read_already(policy: Any) -> bool:
    from puffer_edge.artefact.replacing import restore
    from puffer_edge.ir import Program

    return isinstance(policy, Program) or (isinstance(policy, str | PathLike) and (
        restore(Path(policy)) or Path(policy).is_dir()))


def _refuse_useless(policies: tuple[Any, ...], options: LoadOptions | None, changes: Any) -> None:
    if (changes or options not in (None, LoadOptions())) and all(
            policy is None or _read_already(policy) for policy in policies):
        raise UsageError("only a policy file takes options of load",
                         hint="an artefact and a Program are read already")


def _codes(given: str | Sequence[str]) -> tuple[str, ...]:
    from puffer_edge.subset import command

    return command.codes(given if isinstance(given, str) else ",".join(given))
