# SPDX-License-Identifier: MIT
"""Errors speak of options as whoever called writes them, on the command line and in Python."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
import typer

import puffer_edge
from puffer_edge.cli import app
from puffer_edge.cli.load_options import _LOAD
from puffer_edge.errors import UsageError
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.loading import load
from puffer_edge.wording import from_command_line, in_callers_words

POLICIES = Path(__file__).parents[2] / "examples" / "policies"


@pytest.mark.parametrize(("text", "python"), [
    ("give --frame-stack 4, too", "give frame_stack=4, too"),
    ("leave out --frame-stack, and more", "leave out frame_stack=, and more"),
    ("as in --action-sizes 3,3,2", "as in action_sizes=(3, 3, 2)"),
    ("give --action continuous if the", 'give action="continuous" if the'),
    ("give --action if the outputs are", "give action= if the outputs are"),
    ("--no-squash.", "squash=False."),
    ("--scheme int8, int8x16", 'scheme="int8", int8x16'),
    ("--state h_in:h_out; the outputs", 'states=[("h_in", "h_out")]; the outputs'),
    ("--observation image:4x84x84", 'observation={"image": (4, 84, 84)}'),
    ("--observation obs:N", 'observation={"obs": N}'),
    ("--counts gyro=1:0", 'counts={"gyro": (1, 0)}'),
    ("--layer decoder=int16", 'layers={"decoder": "int16"}'),
    ("with --map keys.toml, which", 'with key_map="keys.toml", which'),
    ("--vec-normalize FILE, or --vec-normalize none",
     'vec_normalize=FILE, or vec_normalize="none"'),
    ("--accept activation goes on", 'accept=["activation"] goes on'),
    *[(text, text) for text in ("`puffer-edge check --explain all` lists them",
                                "pip install --user 'puffer-edge[torch]'", "a -- b, x--y")]])
def test_options_read_as_the_caller_writes_them(text: str, python: str) -> None:
    assert in_callers_words(text) == python
    with from_command_line():
        assert in_callers_words(text) == text


def test_hints_are_what_python_takes() -> None:
    """What stands in a hint runs: it is no word of the command line in disguise."""
    said = in_callers_words("--observation gyro:3,speed:1 --frame-stack 4")
    call = ast.parse(f"dict({said.replace(' frame', ', frame')})", mode="eval").body
    assert isinstance(call, ast.Call)
    assert {word.arg: ast.literal_eval(word.value) for word in call.keywords} == {
        "observation": {"gyro": 3, "speed": 1}, "frame_stack": 4}
    with pytest.raises(UsageError) as error:
        puffer_edge.load(POLICIES / "cartpole_sb3.zip", key_map="a.toml")
    assert "key_map= is of no use" in error.value.what and "--" not in str(error.value)


def test_every_option_in_a_text_is_one_of_a_command() -> None:
    """Texts of rooms that know nothing of the command line name no option that is gone."""
    options = {name for command in typer.main.get_command(app).commands.values()  # type: ignore[attr-defined]
               for each in command.params for name in (*each.opts, *each.secondary_opts)}
    root = Path(puffer_edge.__file__).parent
    for room in ("frontends", "quantization", "exporters", "firmware", "runtimes"):
        for path in (root / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    named = set(re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", node.value))
                    assert named <= {*options, "--help", "--version"}, path


def test_options_are_parameters_of_the_same_name() -> None:
    """As typed on the command line, but for what may be repeated: Python takes it at once."""
    fields = set(LoadOptions.__dataclass_fields__)
    assert {{"state": "states"}.get(name, name) for name in _LOAD} == fields
    assert fields | {"module", "example", "observation_shape"} == set(
        inspect.signature(load).parameters) - {"policy", "options", "strict"}


@pytest.mark.parametrize(("words", "hint"), [
    ({"freme_stack": 4}, "did you mean frame_stack="), ({"state": ()}, "did you mean states="),
    ({"zzz": 1}, "it takes policy, options, strict, activation")])
def test_a_wrong_keyword_names_the_nearest_right_one(words: dict[str, object], hint: str) -> None:
    with pytest.raises(UsageError, match=r"load\(\) takes no") as error:
        puffer_edge.load("policy.pt", **words)  # type: ignore[arg-type]
    assert error.value.hint.startswith(hint)
    with pytest.raises(UsageError, match="missing a required argument"):
        puffer_edge.load()  # type: ignore[call-arg]
