# SPDX-License-Identifier: MIT
"""A log of a policy in C is the oracle's in every bit; whatever is changed in it is named."""

from __future__ import annotations

import io
import json
import re
import shutil
import struct
import subprocess
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.blackbox.reading import log_of
from puffer_edge.blackbox.replaying import Replay
from puffer_edge.cli import main
from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.quantization.recording import record
from tests import zoo
from tests.blackbox.logs import (
    SMALL,
    START,
    STRICT,
    exported,
    flags,
    layout,
    sound,
    stored,
    written,
)
from tests.tools import need

CASES = [("lstm", "floats"), ("hybrid_int8", "both")]
MORE = [("mlp", "floats"), ("masked", "floats"), ("states_swap", "floats"), ("hybrid", "floats"),
        ("lstm_2_layers", "floats"), ("conv", "floats"), ("lstm_int8", "only"),
        ("continuous_int16", "only"), ("continuous_int8", "integers"), ("masked_int8", "both"),
        ("gru_2_layers_mixed", "both"), ("min_gru_2_layers_int8x16", "both"),
        ("stacked_int16", "only"), ("attention_int8", "both")]


@pytest.mark.parametrize("case,kind", [
    *CASES, *(pytest.param(*each, marks=pytest.mark.exhaustive) for each in MORE)])
def test_a_log_is_the_oracles_in_every_bit(case: str, kind: str) -> None:
    need("gcc")
    folder = sound(case, 60, kind)
    found = puffer_edge.replay(folder / "log.bin", folder / "a")
    assert found.damages == () and found.difference is None and found.skipped == 0
    assert 20 <= found.equal <= 24 and found.last == 60
    assert puffer_edge.replay(folder / "log.txt", folder / "a") == found


def test_a_log_of_the_beginning_and_one_of_nothing(tmp_path: Path) -> None:
    need("gcc")
    directory = sound("lstm") / "a"
    found = puffer_edge.replay(written(directory, tmp_path, 3), directory)
    assert (found.equal, found.first, found.last) == (3, 1, 3)
    head = bytearray((tmp_path / "log.bin").read_bytes()[:START])
    (tmp_path / "cut.bin").write_bytes(head)
    found = puffer_edge.replay(tmp_path / "cut.bin", directory)
    assert found.steps == 0 and len(found.damages) == 1
    assert "the record of step 1 (slot 0) and the 2 behind it" in found.damages[0]
    head[13 * 4] = 1  # the next record is the first
    (tmp_path / "empty.bin").write_bytes(head)
    found = puffer_edge.replay(tmp_path / "empty.bin", directory)
    assert found.steps == 0 and found.damages == ()


def replayed(content: bytes) -> tuple[tuple[str, ...], Replay]:
    log = log_of(content, layout("lstm", SMALL))
    run = Replay(stored("lstm"), None, log)
    run.run()
    return log.damages, run


def places(size: int, case: str = "lstm") -> list[tuple[int, int, str]]:
    """Begin and end of every record and state of a log, with what it is."""
    plan = layout(case, SMALL)
    record, block = 4 * plan.record_words(False), 4 * plan.block_words(False)
    found, first = [], block - plan.every * record
    for slot in range(plan.steps):
        at = START + slot // plan.every * block
        if slot % plan.every == 0:
            found.append((at, at + first, "state"))
        at += first + slot % plan.every * record
        found.append((at, at + record, "record"))
    assert found[-1][1] == size
    return found


def test_every_damaged_record_is_named_and_all_others_are_computed() -> None:
    content = (sound("lstm") / "log.bin").read_bytes()
    whole = replayed(content)[1].equal
    for at, end, kind in places(len(content)):
        sequence, = struct.unpack_from("<I", content, at)
        for place in (at + 5, end - 1):
            changed = bytearray(content)
            changed[place] ^= 0x10
            damages, run = replayed(bytes(changed))
            what = f"the {'record of' if kind == 'record' else 'state before'} step {sequence} "
            assert len(damages) == 1 and damages[0].startswith(what), damages
            assert "checksum" in damages[0] and run.difference is None
            lost = kind == "record"
            assert whole - 5 <= run.equal <= whole - lost


def test_a_cut_log_says_what_did_not_come() -> None:
    content = (sound("lstm") / "log.bin").read_bytes()
    for cut in range(START, len(content), 97):
        damages, run = replayed(content[:cut])
        assert damages and all("did not come" in each for each in damages)
        assert run.difference is None


def repaired(content: bytes, at: int, end: int, place: int, data: bytes) -> bytes:
    changed = bytearray(content)
    changed[at + place:at + place + len(data)] = data
    changed[end - 4:end] = struct.pack("<I", zlib.crc32(changed[at:end - 4]))
    return bytes(changed)


def test_the_first_number_that_differs_is_named() -> None:
    content = (sound("lstm") / "log.bin").read_bytes()
    plan = layout("lstm", SMALL)
    records = sorted((struct.unpack_from("<I", content, at)[0], at, end)
                     for at, end, kind in places(len(content)) if kind == "record")
    sequence, at, end = records[9]
    observation = 4 * plan.observation_words(False)
    logits = 12 + observation
    kinds = {
        "the output logits, element 1": (logits + 4, struct.pack("<f", 0.123)),
        "the action": (logits + 4 * sum(part.words for part in plan.outputs), b"\x07\0\0\0"),
        "the status": (8, b"\x01"),
        "the output logits, element 0": (12, struct.pack("<f", 7.5)),  # it saw something else
    }
    for said, (place, data) in kinds.items():
        _, run = replayed(repaired(content, at, end, place, data))
        assert run.difference is not None and run.equal == 9
        assert str(run.difference).startswith(f"step {sequence}: {said}"), run.difference
    assert "op " in str(run.difference) and "Gemm" in str(run.difference)
    # what the plant got is not what the policy gave: it may be anything
    _, run = replayed(repaired(content, at, end, end - at - 8, b"\x05"))
    assert run.difference is None


def test_a_state_that_differs_and_a_reset_that_was_not_told() -> None:
    content = (sound("lstm") / "log.bin").read_bytes()
    states = [(struct.unpack_from("<I", content, at)[0], at, end)
              for at, end, kind in places(len(content)) if kind == "state"
              and not content[end + 9] & 1]  # of a step that no reset is before
    sequence, at, end = sorted(states)[1]
    _, run = replayed(repaired(content, at, end, 4 + 4 * 3, struct.pack("<f", 0.5)))
    assert run.difference is not None and run.difference.element == 3
    assert f"step {sequence}: state 0 before it, element 3, of op" in str(run.difference)
    assert "LSTMCell" in run.difference.layer and "changed between" in run.difference.hint
    _, run = replayed(repaired(content, at, end, 4, bytes(end - at - 8)))
    assert run.difference is not None and "was reset" in run.difference.hint
    damages, _ = replayed(repaired(content, at, end, 4, struct.pack("<f", float("nan"))))
    assert damages and "never remembers" in damages[0]
    fresh = [(place, stop) for place, stop, kind in places(len(content)) if kind == "record"
             and content[place + 9] & 1]
    at, end = fresh[-1]
    _, run = replayed(repaired(content, at, end, 9, b"\0"))
    assert run.difference is not None and "was reset" in run.difference.hint


def test_other_lines_lost_lines_and_several_logs_in_the_text_of_a_port() -> None:
    text = (sound("lstm") / "log.txt").read_text()
    binary = (sound("lstm") / "log.bin").read_bytes()
    whole = replayed(binary)[1].equal
    lines = text.splitlines()
    mixed = "\r\n".join(f"{line}\r\nI (12) motor: {i}" for i, line in enumerate(lines))
    assert replayed(mixed.encode()) [1].equal == whole
    glued = text.replace("PELG 00000040", "temperature 20 PELG 00000040")
    assert replayed(glued.encode())[1].equal == whole
    twice = text + text.replace("\nPELG 00000060", "\nPALG 00000060")
    damages, run = replayed(twice.encode())  # of the last one, whose line is lost
    assert 0 < len(damages) <= 3 and run.equal < whole
    for index in range(3, len(lines), 7):
        damages, run = replayed("\n".join(lines[:index] + lines[index + 1:]).encode())
        assert damages and all("did not come" in each for each in damages)
        assert run.difference is None
        line = lines[index]
        broken = [*lines[:index], line[:20] + ("0" if line[20] != "0" else "1") + line[21:],
                  *lines[index + 1:]]
        damages, run = replayed("\n".join(broken).encode())
        assert damages[0].startswith(f"line {index + 1} is damaged") and run.difference is None


def test_a_few_lines_make_no_large_memory() -> None:
    text = (sound("lstm") / "log.txt").read_text().splitlines()[1:4]
    place = 0x3FFFFFE0
    crc = zlib.crc32(b"\1" * 32, zlib.crc32(place.to_bytes(4, "little")))
    text.append(f"PELG {place:08x} {'01' * 32} {crc:08x}")
    tracemalloc.start()
    damages, _ = replayed("\n".join(text).encode())
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    assert "too far away" in damages[0]


def test_what_is_no_log_or_one_of_another_policy() -> None:
    content = (sound("lstm") / "log.bin").read_bytes()
    for wrong, said in (
            (b"", "no log"), (b"hello", "no log"), (content[4:], "no log"),
            (content[:40], "damaged"), (b"PELG 00000000 00 12345678\n", "damaged"),
            (bytes([content[0], *content[1:20], content[20] ^ 1, *content[21:]]), "damaged")):
        with pytest.raises(FileFormatError, match=said):
            replayed(wrong)
    assert replayed(b"booting\n" + content)[1].difference is None  # bytes of a port

    def head(word: int, value: int) -> bytes:
        words = list(struct.unpack_from("<12I", content))
        words[word] = value
        plain = struct.pack("<12I", *words)
        return plain + struct.pack("<I", zlib.crc32(plain)) + content[52:]

    for word, said in ((1, "format 9"), (2, "another policy"), (4, "another robot's contract"),
                       (5, "'steps'"), (11, "'record'")):
        with pytest.raises(FileFormatError, match=said):
            replayed(head(word, 9))
    with pytest.raises(FileFormatError, match="another policy"):
        log_of(content, layout("mlp", SMALL))


def test_a_device_of_the_other_byte_order() -> None:
    """As a big-endian processor would have it: words and floats alike have four bytes."""
    content = (sound("lstm") / "log.bin").read_bytes()
    words = np.frombuffer(content, "<u4").astype(">u4")
    swapped = bytearray(words.tobytes())
    swapped[48:52] = struct.pack(">I", zlib.crc32(bytes(swapped[:48])))
    for at, end, _ in places(len(content)):
        swapped[end - 4:end] = struct.pack(">I", zlib.crc32(bytes(swapped[at:end - 4])))
    damages, run = replayed(bytes(swapped))
    assert damages == () and run.difference is None and run.equal >= 20


def test_a_unit_test_in_c_observations_and_mcap(tmp_path: Path) -> None:
    need("gcc")
    folder = sound("lstm")
    puffer_edge.replay(folder / "log.bin", folder / "a", npz=tmp_path / "seen.npz",
                       unit_test=tmp_path / "t.c", mcap=tmp_path / "log.mcap", steps=9)
    command = ["gcc", *STRICT, "-std=c99", f"-I{folder / 'a'}", str(tmp_path / "t.c")]
    subprocess.run([*command, str(folder / "a" / "policy.c"), "-o", str(tmp_path / "t")],
                   check=True, timeout=60)
    assert subprocess.run([tmp_path / "t"], timeout=60, check=False).returncode == 0
    shutil.copytree(folder / "a", tmp_path / "b")
    header = tmp_path / "b" / "policy.h"
    changed = re.sub(r"(zoo_w0\[\d+\] PUFFER_EDGE_FLASH = \{\n +)-?\d+\.", r"\g<1>9.",
                     header.read_text(), count=1)
    assert changed != header.read_text()
    header.write_text(changed)
    command[-2] = f"-I{tmp_path / 'b'}"
    subprocess.run([*command, str(tmp_path / "b" / "policy.c"), "-o", str(tmp_path / "t")],
                   check=True, timeout=60)
    said = subprocess.run([tmp_path / "t"], timeout=60, check=False, capture_output=True, text=True)
    assert said.returncode == 1 and re.fullmatch(r"step 5\d differs\n", said.stdout)
    seen = record(str(tmp_path / "seen.npz"), zoo.program("lstm"))
    assert len(seen.observations) == 24 and seen.reset[0] and seen.reset.sum() < 9
    _messages(tmp_path / "log.mcap")


def _messages(path: Path) -> None:
    from mcap.reader import make_reader

    reader = make_reader(io.BytesIO(path.read_bytes()))
    found = [(channel.topic, message) for _, channel, message in reader.iter_messages()]
    assert {topic for topic, _ in found} == {"/zoo/step"}
    said = [json.loads(message.data) for _, message in found]
    assert [each["sequence"] for each in said] == list(range(37, 61))
    times = np.diff([message.log_time for _, message in found])
    assert (times == 1_000_000).all()  # through the wrap of the clock, too
    assert all(len(each["observation"]["obs"]) == 6 for each in said)


def run(arguments: list[str]) -> int:
    try:
        main(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_the_command_and_its_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]
                                        ) -> None:
    folder = sound("lstm")
    content = (folder / "log.bin").read_bytes()
    at, end, _ = next(each for each in places(len(content)) if each[2] == "record")
    (tmp_path / "damaged").write_bytes(content[:at + 9] + b"\xff" + content[at + 10:])
    (tmp_path / "other").write_bytes(repaired(content, at, end, 12, b"\1\1\1\1"))
    for log, code, said in ((folder / "log.txt", 0, "are the oracle's in every bit"),
                            (tmp_path / "damaged", 3, "damaged: the record of step"),
                            (tmp_path / "other", 6, "differs: step"),
                            (tmp_path / "missing", 3, "cannot be read")):
        assert run(["replay", str(log), str(folder / "a")]) == code
        output = capsys.readouterr()
        assert said in " ".join((output.out + output.err).split())
    assert run(["replay", str(tmp_path / "other"), str(folder / "a"), "--json"]) == 6
    assert json.loads(capsys.readouterr().out)["difference"]["what"] == "the output logits"
    exported_plainly = tmp_path / "plain"
    puffer_edge.export(zoo.program("lstm"), exported_plainly, name="zoo")
    with pytest.raises(UsageError, match="without a black box"):
        puffer_edge.replay(folder / "log.bin", exported_plainly)


def test_sizes_that_cannot_be(tmp_path: Path) -> None:
    for size in ((0, 1), (4, 5), (1 << 25, 1), (-3, 1), "many", (4, 2, 1)):
        with pytest.raises(UsageError):
            puffer_edge.export(zoo.program("lstm"), tmp_path / "a", black_box=size)
    with pytest.raises(UsageError, match="ask for fewer"):
        puffer_edge.export(zoo.program("lstm"), tmp_path / "a", black_box=1 << 24)
    with pytest.raises(UsageError, match="takes no black_box"):
        puffer_edge.export(zoo.program("lstm"), tmp_path / "a", black_box=9, target="onnx")
    with pytest.raises(UsageError, match=r"does not fit .* of RAM"):
        puffer_edge.export(zoo.program("lstm"), tmp_path / "a", black_box=9999, board="pico")
    assert not (tmp_path / "a").exists()


def test_a_box_is_part_of_the_artefact_and_changes_nothing_else(tmp_path: Path) -> None:
    exported("lstm", tmp_path / "a", 20)
    puffer_edge.export(zoo.program("lstm"), tmp_path / "b", name="zoo")
    assert (tmp_path / "a" / "policy.h").read_bytes() == (tmp_path / "b" / "policy.h").read_bytes()
    manifest = json.loads((tmp_path / "a" / "policy.json").read_text())
    assert manifest["black_box"] == {"steps": 20, "every": 4, "bytes": layout(
        "lstm", SMALL).bytes(False)}
    for wrong in (0, -4, 1 << 40):
        (tmp_path / "a" / "policy.json").write_text(json.dumps(
            {**manifest, "black_box": {**manifest["black_box"], "steps": wrong}}))
        with pytest.raises(FileFormatError):
            puffer_edge.runtimes.load(tmp_path / "a")
    (tmp_path / "a" / "policy.json").write_text(json.dumps(manifest))
    header = tmp_path / "a" / "policy_blackbox.h"
    header.write_text(header.read_text() + "\n")
    with pytest.raises(FileFormatError):
        puffer_edge.runtimes.load(tmp_path / "a")


def test_the_serial_port_of_an_emulated_board(tmp_path: Path) -> None:
    need("make", "arm-none-eabi-gcc", "qemu-system-arm")
    from puffer_edge.firmware.project import project
    from tests.blackbox.logs import PROBE

    directory = sound("lstm") / "a"
    project(directory, "stm32f4", tmp_path / "p")
    built = subprocess.run(["make", "-C", str(tmp_path / "p")], capture_output=True, text=True,
                           timeout=120, check=True)
    assert "warning" not in built.stderr
    subprocess.run(["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16",
                    "-mfloat-abi=hard", "-std=c99", "-O2", *flags(directory, 60, "floats"),
                    str(PROBE), "policy.c", "startup.c", "-nostartfiles", "--specs=nosys.specs",
                    "-T", "link.ld", "-o", "p.elf"], cwd=tmp_path / "p", check=True, timeout=120)
    done = subprocess.run(
        ["qemu-system-arm", "-M", "netduinoplus2", "-nographic", "-monitor", "none", "-serial",
         "stdio", "-semihosting-config", "enable=on,target=native", "-kernel", "p.elf"],
        cwd=tmp_path / "p", capture_output=True, timeout=120, check=True)
    (tmp_path / "port.txt").write_bytes(done.stdout)
    found = puffer_edge.replay(tmp_path / "port.txt", directory)
    assert found.damages == () and found.difference is None and found.equal == 24
