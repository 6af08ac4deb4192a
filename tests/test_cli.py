# SPDX-License-Identifier: MIT
"""The command line: exit codes, one clear error and no traceback, nothing left behind."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from puffer_edge.cli import main

ROOT = Path(__file__).parents[1]
POLICIES = ROOT / "examples" / "policies"
LSTM = POLICIES / "cartpole_puffer_lstm.pt"


def cli(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "puffer_edge", *map(str, arguments)], cwd=cwd, check=False,
        capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"})


def fails(code: int, words: str, *arguments: object, cwd: Path) -> str:
    """Runs a command that must fail with one error and leave ``cwd`` as it was."""
    before = sorted(str(path) for path in cwd.rglob("*"))
    done = cli(*arguments, cwd=cwd)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert words in done.stderr
    assert done.stderr.count("error:") == 1
    assert sorted(str(path) for path in cwd.rglob("*")) == before
    return done.stderr


def test_help_and_version() -> None:
    assert "export" in cli("--help").stdout
    assert cli("--version").stdout.startswith("puffer-edge ")
    export = " ".join(cli("export", "--help").stdout.split("Arguments")[0].split())
    assert all(word in export for word in ("C header", "rpi", "micropython", "onnx", "tflite"))


def test_errors_call_options_as_they_were_typed(tmp_path: Path) -> None:
    zipped = POLICIES / "cartpole_sb3.zip"
    fails(2, "--map is of no use", "inspect", zipped, "--map", "a.toml",
          cwd=tmp_path)
    fails(2, "--state is of no use", "inspect", zipped, "--state", "h:h2",
          cwd=tmp_path)


def test_targets_are_listed() -> None:
    listed = json.loads(cli("targets", "--json").stdout)
    assert {"cortex-m", "cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33",
            "cortex-m55", "riscv32", "host"} <= set(listed)
    assert "Cortex-M4" in cli("targets").stdout


def test_the_main_job(tmp_path: Path) -> None:
    """Export, verify and compare with torch's own logits, as a user would."""
    out = tmp_path / "cartpole"
    exported = cli("export", LSTM, "--target", "cortex-m", "-o", out)
    assert exported.returncode == 0, exported.stderr
    assert "assumed" in exported.stdout
    with np.load(POLICIES / "cartpole_puffer_lstm_reference.npz") as data:
        np.savez(tmp_path / "reference.npz", **data)
    verified = cli("verify", out, "--json", "--reference", tmp_path / "reference.npz")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    report = json.loads(verified.stdout)
    assert report["passed"]
    assert report["measurements"]["reference_error"] < 1e-4
    shown = cli("verify", out)
    assert "verified" in shown.stdout and "instructions per step" in shown.stdout


def test_inspect(tmp_path: Path) -> None:
    found = json.loads(cli("inspect", LSTM, "--json").stdout)
    assert found["source"].startswith("PufferLib 3.0")
    assert [layer["op"] for layer in found["layers"]] == ["Gemm", "LSTMCell", "Gemm"]
    assert any(note["kind"] == "dropped" and "value head" in note["text"]
               for note in found["notes"])
    assert "LSTMCell" in cli("inspect", LSTM).stdout


def test_a_failed_verification_has_its_exit_code(tmp_path: Path) -> None:
    out = tmp_path / "a"
    assert cli("export", LSTM, "-o", out).returncode == 0
    text = (out / "policy.h").read_text()
    start = text.index("_w0[")
    (out / "policy.h").write_text(text[:start] + text[start:].replace("0.", "0.0", 1))
    assert cli("verify", out, "--target", "host").returncode == 3  # whose code it is nobody knows
    done = cli("verify", out, "--target", "host", "--trust")
    assert done.returncode == 6
    assert "not verified" in done.stdout


def test_missing_file(tmp_path: Path) -> None:
    fails(3, "no_such.pt", "export", "no_such.pt", "-o", "out", cwd=tmp_path)


@pytest.mark.parametrize("length", [0, 1, 4, 100, 5000, -1])
def test_truncated_file(length: int, tmp_path: Path) -> None:
    (tmp_path / "policy.pt").write_bytes(LSTM.read_bytes()[:length])
    fails(3, "policy.pt", "export", "policy.pt", "-o", "out", cwd=tmp_path)


@pytest.mark.parametrize(("content", "codes"), [
    (b"hello, this is a text file", (3, 4)),
    (b"\x89PNG\r\n\x1a\n" + bytes(100), (3, 4)),
    (b"\x80\x04N.", (3, 4)),
    (b"MZ" + bytes(200), (3, 4)),
])
def test_wrong_kind_of_file(content: bytes, codes: tuple[int, ...], tmp_path: Path) -> None:
    (tmp_path / "policy.pt").write_bytes(content)
    done = cli("export", "policy.pt", "-o", "out", cwd=tmp_path)
    assert done.returncode in codes, done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["policy.pt"]


def save(path: Path, **changes: object) -> None:
    """A small PufferLib state_dict with changes; None removes a tensor."""
    torch = pytest.importorskip("torch")
    weights = {
        "encoder.0.weight": torch.ones(4, 3), "encoder.0.bias": torch.zeros(4),
        "decoder.weight": torch.ones(5, 4), "decoder.bias": torch.zeros(5),
        "value.weight": torch.ones(1, 4), "value.bias": torch.zeros(1), **changes}
    torch.save({key: value for key, value in weights.items() if value is not None}, path)


def test_nan_weights(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    save(tmp_path / "policy.pt", **{"decoder.bias": torch.full((5,), float("nan"))})
    fails(3, "decoder.bias", "export", "policy.pt", "-o", "out", cwd=tmp_path)


def test_missing_tensor(tmp_path: Path) -> None:
    save(tmp_path / "policy.pt", **{"decoder.bias": None})
    fails(3, "decoder.bias", "export", "policy.pt", "-o", "out", cwd=tmp_path)


def test_unknown_layers(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    save(tmp_path / "policy.pt", **{"transformer.weight": torch.ones(2, 2)})
    fails(4, "transformer.weight", "export", "policy.pt", "-o", "out", cwd=tmp_path)


def test_action_sizes_must_add_up(tmp_path: Path) -> None:
    save(tmp_path / "policy.pt")
    fails(2, "do not add up", "export", "policy.pt", "--action-sizes", "2,2", "-o", "out",
          cwd=tmp_path)
    assert cli("export", "policy.pt", "--action-sizes", "2,3", "-o", "out",
               cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("name", ['"; system("', "../../x", "for", "naïve", "Int", "a\nb"])
def test_hostile_policy_names(name: str, tmp_path: Path) -> None:
    fails(2, "cannot name a policy", "export", LSTM, "--name", name, "-o", "out", cwd=tmp_path)


def test_a_policy_is_called_as_its_file(tmp_path: Path) -> None:
    """... with -o too, made safe; policy where no name can be made of it."""
    for stem, name in {'"; system("': "system", "policy": "policy", "-n": "n", "2024": "policy",
                       "f\u00fcr": "f_r", "for": "policy", "A b": "a_b"}.items():
        file = tmp_path / f"{stem}.pt"
        file.write_bytes(LSTM.read_bytes())
        done = cli("export", "-o", "out", "--", file.name, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert f"{name}_step(" in (tmp_path / "out" / "policy.h").read_text()


@pytest.mark.parametrize("stem", ["policy", "my $policy's; #1", "-n", "[b]x"])
def test_the_command_of_the_readme(stem: str, tmp_path: Path) -> None:
    """No other option: the first line says where it is, the last one, pasted, verifies it."""
    file = tmp_path / f"{stem}.pt"
    file.write_bytes(LSTM.read_bytes())
    for _ in range(2):  # an artefact of ours is replaced
        done = cli("export", "--target", "host", "--", file.name, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        first, *_, last = done.stdout.rstrip().splitlines()
        assert first == f"written to ./{stem}-host/"
    assert last.startswith("next: puffer-edge verify ")
    (tmp_path / "puffer-edge").write_text(f'#!/bin/sh\nexec {sys.executable} -m puffer_edge "$@"\n')
    (tmp_path / "puffer-edge").chmod(0o755)
    pasted = subprocess.run(
        ["sh", "-c", last.removeprefix("next: ")], cwd=tmp_path, check=False, capture_output=True,
        text=True, env={**os.environ, "PYTHONPATH": str(ROOT),
                        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"})
    assert pasted.returncode == 0 and "verified" in pasted.stdout, pasted.stdout + pasted.stderr
    (tmp_path / f"{stem}-host" / "notes.txt").write_text("mine")
    fails(5, "notes.txt", "export", "--target", "host", "--", file.name, cwd=tmp_path)


def test_strict_prints_the_command_that_passes(tmp_path: Path) -> None:
    file = tmp_path / "my policy.pt"
    file.write_bytes(LSTM.read_bytes())
    words = ["export", "--strict", "-o", "out", "--", file.name]
    said = fails(8, "activation: the encoder's activation is the exact GELU", *words, cwd=tmp_path)
    *_, command = said.rstrip().splitlines()
    program, *passing = shlex.split(command)
    assert program == "puffer-edge"
    assert cli("inspect", "--strict", "--", file.name, cwd=tmp_path).returncode == 8
    done = cli(*passing, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "accepted [activation]" in done.stdout and "assumed" not in done.stdout
    notes = json.loads((tmp_path / "out" / "policy.json").read_text())["notes"]
    assert {note["code"]: note["accepted"] for note in notes if note["kind"] == "assumed"} == {
        "activation": True, "action-heads": True}
    assert all(note["option"] and note["text"] for note in notes if note["kind"] == "assumed")
    assert cli("export", "--activation", "gelu", "--action-sizes", "2", *words[1:], cwd=tmp_path
               ).returncode == 0  # what the user says is not assumed
    fails(2, "action-kind", *words[:1], "--accept", "activations", *words[1:], cwd=tmp_path)


def test_hostile_tensor_names(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    save(tmp_path / "policy.pt", **{'*/ "; system("x"); \u202e\n': torch.ones(2, 2)})
    message = fails(4, "layers that PufferLib", "export", "policy.pt", "-o", "out", cwd=tmp_path)
    assert "\u202e" not in message


def test_unwritable_output(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    fails(5, "file", "export", LSTM, "-o", "file", cwd=tmp_path)
    fails(5, "file", "export", LSTM, "-o", "file/below", cwd=tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    fails(5, "no artefact", "export", LSTM, "-o", "mine", cwd=tmp_path)


def test_unsupported_op(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Det", ["obs"], ["logits"])], "g",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, tmp_path / "policy.bin")
    fails(4, "Det", "export", "policy.bin", "-o", "out", cwd=tmp_path)


@pytest.mark.parametrize("arguments", [
    ("--action", "maybe"), ("--action-sizes", "2,x"), ("--state", "h"), ("--observation", "a"),
    ("--activation", "wobble"), ("--target", "z80"), ("--observation", "a:1,b:2"),
    ("--seed", "-1"), ("--action-sizes", ","), ("--observation", "a:1,a:1"),
    ("--observation", "a:-1,b:3"), ("--observation", "for:2"), ("--name", "size"),
    # What the policy has no place for is an error: the user counts on it.
    ("--action", "continuous"), ("--action-low", "-1"), ("--action-high", "1"),
    ("--vec-normalize", "x.pkl"), ("--state", "h:c"), ("--accept", "no-such-code"),
])
def test_wrong_options(arguments: tuple[str, str], tmp_path: Path,
                       capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["export", str(LSTM), *arguments, "-o", str(tmp_path / "out")])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and said.count("error:") == 1, said
    assert arguments[0] != "--target" or "hint" in said
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_no_artefact(tmp_path: Path) -> None:
    fails(3, "no artefact", "verify", tmp_path, cwd=tmp_path)


@pytest.mark.parametrize("arguments", [("--action-sizes", "1"), ("--action", "discrete"),
                                       ("--action-low", "nan", "--action-high", "1")])
def test_wrong_options_of_a_continuous_policy(arguments: tuple[str, ...], tmp_path: Path) -> None:
    fails(2, "action", "export", POLICIES / "pendulum_sb3.zip", *arguments, "-o", "out",
          "--vec-normalize", POLICIES / "pendulum_vecnormalize.pkl", cwd=tmp_path)


@pytest.mark.parametrize("name", ["loop", "a" * 300, "."])
def test_odd_outputs(name: str, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    fails(5, name[:9], "export", LSTM, "-o", name, cwd=tmp_path)


def test_odd_names_are_printed(tmp_path: Path) -> None:
    """Neither rich's markup nor letters that the terminal lacks end in a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "puffer_edge", "export", str(LSTM), "-o", "\u00fc/[/x]"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert "\\xfc/[/x]" in done.stdout
    shown = cli("inspect", LSTM, "--observation", "[/x]:2")
    assert shown.returncode == 0 and "[/x]" in shown.stdout


@pytest.mark.parametrize("hash_seed", ["0", "1", "2"])
def test_bytes_do_not_depend_on_the_hash_seed(hash_seed: str, tmp_path: Path) -> None:
    for seed, out in ("123", "a"), (hash_seed, "b"):
        subprocess.run(
            [sys.executable, "-m", "puffer_edge", "export", str(LSTM), "-o", out, "--name", "pole"],
            cwd=tmp_path, check=True, capture_output=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed})
    for file in ("policy.h", "policy.json", "vectors.npz"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_bare_weights_with_the_settings_of_the_run(tmp_path: Path) -> None:
    """What is missing is asked for; with the settings and the sizes the file is a policy."""
    weights = tmp_path / "0000000000100000.bin"
    floats = 16 * 6 + 16 * 5 + 2 * 48 * 16
    weights.write_bytes(np.random.default_rng(1).normal(0, 0.1, floats).astype("<f4").tobytes())
    (tmp_path / "env.ini").write_text("[policy]\nhidden_size = 16\nnum_layers = 2.9\n")
    said = fails(2, "read in", "inspect", weights, "--hidden-size", "16", cwd=tmp_path)
    assert "--observation" in said and "--config" in said
    found = cli("inspect", weights, "--config", tmp_path / "env.ini", "--observation", "obs:6",
                "--action-sizes", "4", "--json")
    assert found.returncode == 0, found.stderr
    plain = json.loads(found.stdout)
    assert plain["source"] == "PufferLib 4 native weights, MinGRU"
    assert plain["states"] == {"min_gru_0": [1, 16], "min_gru_1": [1, 16]}
    assert "num_layers 2.9 counts as 2" in str(plain["notes"])


def test_the_unit_of_an_observation_reaches_the_header(tmp_path: Path) -> None:
    done = cli("export", LSTM, "--observation", "gyro:2:rad/s", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "rad/s" in (tmp_path / "out" / "policy.h").read_text()
    fields = json.loads((tmp_path / "out" / "policy.json").read_text())["observation"]["fields"]
    assert [field["unit"] for field in fields] == ["rad/s"]


def test_a_map_for_names_that_say_nothing(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    policy = tmp_path / "policy.pt"
    torch.save({"x.weight": torch.ones(3, 2), "x.bias": torch.ones(3), "q": torch.ones(2)}, policy)
    said = fails(4, "no known family", "inspect", policy, cwd=tmp_path)
    assert "x.weight [3, 2]" in said and "--map" in said and "module=" in said
    (tmp_path / "keys.toml").write_text('action = "discrete"\noutput = "x"\nignore = ["q"]\n')
    done = cli("export", policy, "--map", tmp_path / "keys.toml", "-o", tmp_path / "out",
               "--frame-stack", "2", "--action-mask")
    assert done.returncode == 0, done.stderr
    assert "float obs[1];" in (tmp_path / "out" / "policy.h").read_text()
