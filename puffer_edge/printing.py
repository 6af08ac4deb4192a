"""Results as tables that a person can read; the only file that knows rich."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from puffer_edge.errors import PufferEdgeError

if TYPE_CHECKING:
    from puffer_edge.benchmarking import Measurement
    from puffer_edge.firmware.flash import Flashed
    from puffer_edge.inspection import Inspection
    from puffer_edge.playing import Match
    from puffer_edge.targets import Target
    from puffer_edge.verification.originals import SecondReading
    from puffer_edge.verification.report import Report

_console = Console(highlight=False)
_errors = Console(stderr=True, highlight=False)
_COLOURS = {"passed": "green", "failed": "bold red", "not checked": "yellow",
            "not judged": "bold yellow",
            "assumed": "yellow", "warning": "bold yellow", "dropped": "cyan", "folded": "cyan",
            "stated": "cyan", "quantised": "green"}
_LAST = ("assumed", "warning")
"""Kinds of notes that can be dangerous: printed after the others, the worst last."""


@contextmanager
def working(title: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A spinner on stderr while something runs; yields a function that says what is being done."""
    if quiet:
        yield lambda text: None
        return
    with _errors.status(escape(title)) as status:
        yield lambda text: status.update(escape(f"{title}: {text}"))


def failed(error: PufferEdgeError) -> None:
    """Prints an error: where, what, and what to do."""
    where = f"{error.where}: " if error.where else ""
    _errors.print(f"[bold red]error:[/] {escape(where + error.what)}", soft_wrap=True)
    if error.hint:
        _errors.print(f"[bold]hint:[/]  {escape(error.hint)}", soft_wrap=True)


def exported(directory: Path, manifest: Mapping[str, Any],
             readings: Sequence[SecondReading] = ()) -> None:
    """Prints what export wrote, and the command that comes next, ready to be pasted."""
    shown = str(directory) if directory.is_absolute() else os.path.join(".", directory)
    _console.print(f"written to [bold]{escape(shown)}{os.sep}[/]", soft_wrap=True)
    memory = manifest["memory"]
    main = "policy.h" if "policy.h" in manifest["files"] else "policy.py"
    table = Table(title=escape(f"{directory}/{main}"), title_justify="left", show_header=False)
    table.add_row("policy", escape(f"{manifest['name']}: {manifest['source']['kind']}"))
    table.add_row("observation", ", ".join(
        f"{field['name']}{field['shape']}" for field in manifest["observation"]["fields"]))
    if "normaliser" in manifest["observation"]:
        table.add_row("", "raw values, which the policy normalises itself")
    table.add_row("action", _action(manifest["action"]))
    table.add_row("multiply-accumulates", f"{manifest['macs']:,} per step")
    table.add_row("scheme", manifest["scheme"])
    table.add_row("weights (flash)", f"{memory['weights_bytes']:,} bytes")
    table.add_row("struct (RAM)", f"{memory['struct_bytes']:,} bytes, of it arena "
                                  f"{memory['arena_bytes']:,} "
                                  f"(unshared {memory['arena_without_sharing_bytes']:,})")
    if built := manifest.get("micropython"):
        size = f", {built['kernel_bytes']:,} bytes of .mpy" if built["kernel_bytes"] else ""
        table.add_row("kernels", escape(f"{built['kernels']} for the board {built['board']}{size}"))
    _console.print(table)
    if "quantization" in manifest:
        _quantized(manifest["quantization"])
    for reading in readings:
        read_again(reading)
    _notes(manifest["notes"])
    _console.print(f"next: [bold]puffer-edge verify {escape(shlex.quote(shown))}[/]",
                   soft_wrap=True)


def read_again(reading: SecondReading) -> None:
    """Prints who judged what was read, and what came of it."""
    colour = "green" if reading.verdict == "agrees" else "bold yellow"
    _console.print(f"[{colour}]second reader[/]: {escape(str(reading))}", soft_wrap=True)


def firmware(directory: Path, files: list[str]) -> None:
    """Prints what firmware wrote."""
    _console.print(escape(f"{directory}: {', '.join(files)}"))
    _console.print(escape(f"now: make -C {directory}"))


def flash_plan(title: str, port: str, sizes: Mapping[str, int]) -> None:
    """Prints what flash would copy."""
    table = Table(title=escape(f"to {title} on {port or 'its port'}"), title_justify="left")
    table.add_column("file")
    table.add_column("bytes", justify="right")
    for name, size in sizes.items():
        table.add_row(escape(name), f"{size:,}")
    _console.print(table)
    _console.print("main.py only where there is none; then the self-test would run")


def flashed(title: str, done: Flashed) -> None:
    """Prints what the board said."""
    _console.print(escape(f"{title} on {done.port}"))
    _console.print("self-test: good" if not done.wrong else
               f"self-test: {done.wrong} steps gave other numbers")
    if done.microseconds is not None:
        _console.print(f"one step: {done.microseconds:,} microseconds")
    _console.print("main.py: an example" if done.example else "main.py: yours, left alone")


def verified(report: Report) -> None:
    """Prints a report."""
    from puffer_edge.verification.report import LABELS, shown

    title = (f"{report.name} on {report.target}, {report.toolchain} {report.optimize}, "
             f"{report.emulator}")
    table = Table(title=escape(title), title_justify="left")
    table.add_column("check")
    table.add_column("verdict")
    table.add_column("detail", overflow="fold")
    for check in report.checks:
        table.add_row(check.name, f"[{_COLOURS[check.verdict]}]{check.verdict}[/]",
                      escape(check.detail))
    _console.print(table)
    figures = Table(show_header=False)
    figures.add_column()
    figures.add_column(justify="right")
    for key, value in report.measurements.items():
        figures.add_row(LABELS.get(key, key), shown(value))
    _console.print(figures)
    _notes(report.notes)
    if report.reading:
        _console.print(f"second reader: {escape(report.reading)}", soft_wrap=True)
    for check in report.undecided:
        _console.print(f"[{_COLOURS[check.verdict]}]not judged:[/] "
                       f"{escape(f'{check.name}: {check.detail}')}", soft_wrap=True)
    _console.print("[bold red]not verified[/]" if not report.passed else
                   "[bold yellow]verified, but for what was not judged[/]" if report.undecided else
                   "[bold green]verified[/]")


def inspected(policy: Path, found: Inspection) -> None:
    """Prints an inspection."""
    _console.print(f"[bold]{escape(str(policy))}[/]: {escape(found.source)}")
    fields = ", ".join(f"{name} {shape}" for name, shape in found.observation.items())
    _console.print(f"observation {escape(fields)}; action {_action(found.action)}")
    if found.states:
        states = ", ".join(f"{name} {shape}" for name, shape in found.states.items())
        _console.print(escape(f"state {states}"))
    table = Table(title="what export writes", title_justify="left")
    for column in ("op", "layer", "input", "output", "activation"):
        table.add_column(column, overflow="fold")
    for column in ("parameters", "MACs"):
        table.add_column(column, justify="right")
    for layer in found.layers:
        table.add_row(layer.op, escape(ascii(layer.layer)[1:-1]), _shapes(layer.input_shapes),
                      _shapes(layer.output_shapes), layer.activation or "",
                      f"{layer.parameters:,}", f"{layer.macs:,}")
    table.add_section()
    table.add_row("", "", "", "", "", f"{found.parameters:,}", f"{found.macs:,}")
    _console.print(table)
    sizes = Table(title="estimated for a Cortex-M (verify measures)", title_justify="left")
    sizes.add_column("scheme")
    sizes.add_column("flash, bytes", justify="right")
    sizes.add_column("RAM, bytes", justify="right")
    for estimate in found.estimates:
        sizes.add_row(estimate.scheme, f"{estimate.flash:,}", f"{estimate.ram:,}")
    _console.print(sizes)
    if found.metadata:
        texts = Table(title="beside the policy in the file", title_justify="left")
        texts.add_column("name", overflow="fold")
        texts.add_column("text", overflow="fold")
        for name, text in found.metadata.items():
            texts.add_row(escape(ascii(name)[1:-1]), escape(ascii(text[:400])[1:-1]))
        _console.print(texts)
    _notes([note.to_json() for note in found.notes])


def listed(targets: Mapping[str, Target]) -> None:
    """Prints the targets."""
    table = Table()
    for column in ("target", "core", "float", "emulated by"):
        table.add_column(column)
    for name, target in targets.items():
        emulators = [emulator for emulator, present in
                     (("unicorn", target.unicorn_cpu), ("qemu", target.qemu_machine)) if present]
        table.add_row(name, target.title, "FPU" if target.hard_float else "software",
                      ", ".join(emulators) or "runs natively")
    _console.print(table)


def _quantized(found: Mapping[str, Any]) -> None:
    layers = Table(title="error of the action that each layer adds", title_justify="left")
    for column in ("layer", "scheme"):
        layers.add_column(column, overflow="fold")
    layers.add_column("mean error", justify="right")
    for row in found["layers"]:
        layers.add_row(escape(ascii(row["layer"])[1:-1]), row["scheme"], f"{row['error']:.2g}")
    _console.print(layers)
    ranges = Table(title="ranges, and what the held-back half was", title_justify="left")
    ranges.add_column("value", overflow="fold")
    for column in ("integers stand for", "held back", "bits", "clipped", "in steps"):
        ranges.add_column(column, justify="right")
    for row in found["ranges"]:
        ranges.add_row(escape(ascii(row["value"])[1:-1]), f"{row['low']:.3g} to {row['high']:.3g}",
                       f"{row['smallest']:.3g} to {row['largest']:.3g}", str(row["bits"]),
                       f"{row['clipped']:.2%}", f"{row['steps']:.2%}")
    _console.print(ranges)


def _notes(notes: Sequence[Mapping[str, Any]]) -> None:
    """Facts first, then what is assumed, then warnings; an assumption with its code."""
    def danger(note: Mapping[str, Any]) -> int:
        return -1 if note.get("accepted") or note["kind"] not in _LAST else _LAST.index(
            note["kind"])

    for note in sorted(notes, key=danger):
        kind, code = note["kind"], escape(f" [{note['code']}]") if note.get("code") else ""
        colour = "green" if note.get("accepted") else _COLOURS[kind]
        kind = "accepted" if note.get("accepted") else kind
        _console.print(f"[{colour}]{kind}{code}[/]: {escape(note['text'])}", soft_wrap=True)


def _action(action: Mapping[str, Any]) -> str:
    if action["kind"] == "hybrid":
        return f"{_action(action['continuous'])}; {_action(action['discrete'])}"
    if action["kind"] == "discrete":
        return "discrete, " + " x ".join(f"{size} choices" for size in action["sizes"])
    how = [word for word in ("squash", "rescale") if action[word]]
    bounds = f"in [{min(action['low'])}, {max(action['high'])}]" if action["low"] else "unbounded"
    return " ".join(["continuous,", str(action["size"]), "elements,", bounds, *how])


def _shapes(shapes: list[list[int]]) -> str:
    return ", ".join("x".join(map(str, shape)) for shape in shapes)


def played(policy: str, compared: str, environment: str, match: Match) -> None:
    """Prints returns, and how they compare."""
    table = Table(title=escape(environment), title_justify="left")
    for column in ("policy", "episodes", "mean return", "95 % interval", "min", "max"):
        table.add_column(column, justify="left" if column == "policy" else "right")
    rows = [(policy, match.ours)] + ([] if match.theirs is None else [(compared, match.theirs)])
    for name, episodes in rows:
        low, high = episodes.interval
        table.add_row(escape(name), str(len(episodes.returns)), f"{episodes.mean:.6g}",
                      f"{low:.6g} .. {high:.6g}", f"{episodes.returns.min():.6g}",
                      f"{episodes.returns.max():.6g}")
    _console.print(table)
    _played_by(match, policy, compared)
    if match.theirs is None:
        return
    low, high = match.difference
    _console.print(f"paired difference {low:.6g} .. {high:.6g}, equal actions "
                   f"{match.ours.agreement:.2%}")
    for failure in match.failures:
        _console.print(f"[{_COLOURS['failed']}]failed:[/] {escape(failure)}")
    if not match.failures:
        _console.print(f"[{_COLOURS['passed']}]passed[/]")


def _played_by(match: Match, policy: str, compared: str) -> None:
    """Which code played, and what the comparison cannot see."""
    for name, backend in zip((policy, compared), match.backends, strict=False):
        how = {"native": "its C code, compiled for this computer (native)",
               "numpy": "the interpreter in numpy, which gives the bits of the C code; the C code "
                        "itself did not run (it needs a compiler and cffi: pip install cffi)",
               }.get(backend, backend)
        _console.print(escape(f"{name} played by {how}"))
    if match.theirs is not None:
        _console.print(escape(f"{compared} is what puffer-edge reads in it, in float32; the "
                              "trainer's own code has no part in this comparison"))
    for text in match.shared:
        _console.print(f"[{_COLOURS['assumed']}]both assume:[/] {escape(text)}")


def measured(policy: str, found: list[Measurement]) -> None:
    """Prints what each back end took."""
    table = Table(title=escape(policy), title_justify="left")
    for column in ("back end", "median us", "p99 us", "jitter us", "memory", "model", "ratio"):
        table.add_column(column, justify="left" if column == "back end" else "right")
    for row in found:
        if not row.missing:
            table.add_row(row.backend, f"{row.median:.2f}", f"{row.p99:.2f}", f"{row.jitter:.2f}",
                          "-" if row.memory is None else f"{row.memory / 1024:,.0f} KiB",
                          f"{row.size / 1024:,.1f} KiB",
                          "-" if row.ratio is None else f"{row.ratio:.2f}")
    _console.print(table)
    _console.print("ratio: onnxruntime's median over this one's; all behind Policy, one thread")
    for row in found:
        if row.missing:
            _console.print(f"{row.backend}: {escape(row.missing)}")
