# SPDX-License-Identifier: MIT
"""The pages that are made of the code, so that they cannot say anything else than it does.

MkDocs calls ``on_files`` before it renders; what is made lies nowhere in the tree.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
COPIES = {
    "project/specification.md": "SPECIFICATION.md",
    "project/architecture.md": "ARCHITECTURE.md",
    "project/changelog.md": "CHANGELOG.md",
    "project/contributing.md": "CONTRIBUTING.md",
}


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages that are made."""
    made = {"reference/cli.md": cli(), "reference/check.md": rules(),
            "reference/errors.md": errors(), "reference/boards.md": boards(),
            **{page: copied(ROOT / source) for page, source in COPIES.items()}}
    for page, text in made.items():
        files.append(File.generated(config, page, content=text))
    return files


def cli() -> str:
    """The help of every command."""
    from typer.main import get_command

    from puffer_edge.cli import app

    group: Any = get_command(app)
    text = ["# Command line", "", "What `puffer-edge COMMAND --help` says.", ""]
    for name in ("", *sorted(group.commands)):
        text += [f"## {name or 'puffer-edge'}", "", "```text",
                 _said([*([name] if name else []), "--help"], 100).rstrip(), "```", ""]
    return "\n".join(text)


def rules() -> str:
    """Every rule of ``check`` with its examples, which the tests run in the interpreter."""
    from puffer_edge.subset import RULES

    text = ["# Rules of check", "",
            "Each example is run in MicroPython by the tests: the first shows what goes wrong, the "
            "second what to write.", ""]
    for rule in sorted(RULES.values(), key=lambda rule: rule.code):
        text += [f"## {rule.code} {rule.name}", "", rule.reason, "", f"Instead: {rule.instead}", "",
                 "```python", rule.bad.strip("\n"), "```", "", "```python",
                 rule.good.strip("\n"), "```", ""]
    return "\n".join(text)


def errors() -> str:
    """The tree of errors, and what every place that raises one says, with its cure."""
    from puffer_edge import errors as tree

    classes = {name: each for name, each in vars(tree).items()
               if isinstance(each, type) and issubclass(each, tree.PufferEdgeError)}
    said: dict[str, set[tuple[str, str]]] = {name: set() for name in classes}
    for path in sorted((ROOT / "puffer_edge").rglob("*.py")):
        for name, what, hint in _raised(ast.parse(path.read_text(encoding="utf-8"))):
            if name in said and what.strip(".: "):
                said[name].add((what, hint))
    text = ["# Errors and cures", "",
            "What stands for a name or a number in a message is `...` here.", ""]
    for name, each in classes.items():
        text += [f"## {name}", "", (each.__doc__ or "").strip().split("\n")[0], "",
                 f"Exit code {each.exit_code}.", ""]
        if said[name]:
            text += ["| message | what to do |", "|---|---|"]
            text += [f"| {_cell(what)} | {_cell(hint)} |" for what, hint in sorted(said[name])]
            text.append("")
    return "\n".join(text)


def _raised(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    for node in ast.walk(tree):
        call = node.exc if isinstance(node, ast.Raise) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.args:
            hint = next((each.value for each in call.keywords if each.arg == "hint"), None)
            yield call.func.id, _text(call.args[0]), _text(hint) if hint else ""


def _text(node: ast.expr) -> str:
    """A message as far as the code tells it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "..."
                       for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    return "..."


def boards() -> str:
    """What the commands ``boards`` and ``targets`` print."""
    from typer.main import get_command

    from puffer_edge.cli import app

    group: Any = get_command(app)
    text = ["# Boards and targets", ""]
    for name in ("boards", "targets"):
        if name in group.commands:
            text += [f"## puffer-edge {name}", "", "```text", _said([name], 140).rstrip(), "```",
                     ""]
    return "\n".join(text)


def _said(arguments: list[str], width: int) -> str:
    """What a command prints."""
    from typer.testing import CliRunner

    from puffer_edge.cli import app
    from puffer_edge.cli.printing import console

    console._console.width = width
    result = CliRunner().invoke(app, arguments, prog_name="puffer-edge")
    assert result.exit_code == 0, result.output
    return result.output


def copied(source: Path) -> str:
    """A document of the tree's top, whose links lead to the site's pages or to the repository."""
    pages = {target: page for page, target in COPIES.items()}

    def led(link: re.Match[str]) -> str:
        target = link[2]
        if target.startswith(("http", "#")):
            return link[0]
        if target in pages:
            return f"{link[1]}({Path(pages[target]).name})"
        if target.startswith("docs/"):
            return f"{link[1]}(../{target[5:]})"
        return f"{link[1]}(https://github.com/puffer-edge/puffer-edge/blob/main/{target})"
    text = source.read_text(encoding="utf-8")
    return re.sub(r"(\[[^\]]*\])\(([^)\s]+)\)", led, text)


def _cell(text: str) -> str:
    flat = " ".join(text.split()).replace("|", "\\|")
    return re.sub(r"([<>*_])", r"\\\1", flat)
