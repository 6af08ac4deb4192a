# SPDX-License-Identifier: MIT
"""report.html: its numbers are report.json's, a stranger's text stays text, and nothing is fetched.

The page is read with Python's own parser of HTML, which shares no code with what wrote it.
"""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.artefact.opening import read_subject
from puffer_edge.artefact.program_file import from_bytes
from puffer_edge.exporters.c import layout_of
from puffer_edge.page.markup import tag
from puffer_edge.page.reading import Place
from puffer_edge.page.render import as_script_data, render
from puffer_edge.page.writing import add, kept, size_of, write_page
from puffer_edge.verification.describing import along, memory_map
from puffer_edge.verification.recorded import Recorded
from tests import zoo

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e&lt;/**/{{ 7 * 7 }}'
VOID = {"meta", "link", "br", "input"}


class Page(HTMLParser):
    """What a browser would see: elements, shown text, and the numbers with their sources."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.numbers: list[tuple[str, str, str]] = []  # pointer, exact, shown
        self.others = ""  # the text that is no number of the report
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append((tag, dict(attrs)))

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        name, attributes = self._open[-1] if self._open else ("", {})
        if name in ("style", "script"):
            return
        self.text += data
        if pointer := attributes.get("data-from"):
            exact = attributes.get("value") or attributes.get("data-value")
            self.numbers.append((pointer, exact or "", data))
        else:
            self.others += f"{data}\n"


def at(report: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        report = report[int(step)] if isinstance(report, list) else report[step]
    return report


def close_to(shown: str, value: float) -> bool:
    """Whether a number for a person is that number, to the digits that are shown."""
    number = float(shown.replace(",", "").replace(" %", "")) / (100 if shown.endswith("%") else 1)
    if isinstance(value, int):
        return number == value
    return math.isclose(number, value, rel_tol=6e-4, abs_tol=6e-5 if "%" in shown else 0)


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An LSTM in integers, verified on the emulated core alone, with its page."""
    folder = tmp_path_factory.mktemp("page") / "lstm"
    program = zoo.program("lstm")
    observations = np.random.default_rng(0).standard_normal(
        (60, program.contract.observation_size)).astype(np.float32)
    puffer_edge.export(program, folder, target="cortex-m", scheme="int8", calibrate=observations)
    puffer_edge.verify(folder, native=False, page=True, command="puffer-edge verify 'a b'")
    add(folder, "played", PLAYED)
    return folder


PLAYED = {
    "environment": "CartPole-v1", "command": "puffer-edge run x --env CartPole-v1",
    "policy": {"episodes": 3, "mean": 401.25, "interval": [390.5, 412.0], "returns": [400.0, 500.0],
               "agreement": 0.9875},
    "compared": {"episodes": 3, "mean": 402.75, "interval": [391.5, 413.0],
                 "returns": [402.0, 500.0], "agreement": None},
    "difference": [-3.5, 2.25], "failures": [],
    "histogram": {"low": 400.0, "high": 500.0, "policy": [1, 0, 2], "compared": [0, 1, 2]}}


def test_every_number_is_the_reports(artefact: Path) -> None:
    report = json.loads((artefact / "report.json").read_text())
    written = Page((artefact / "report.html").read_text())
    report["quantization"]["layers"] = [{"layer": "encoder", "scheme": "int8", "error": 0.0125}]
    page = Page(render(report))
    assert len(page.numbers) > 150
    for pointer, exact, shown in page.numbers + written.numbers:
        value = at(report, pointer)
        assert float(exact) == value and close_to(shown, value), (pointer, exact, shown)
    words = " ".join(strings(report)) + " SHA-256 CRC-32 int16 95 %"
    known = set(re.findall(r"\d+", words))
    assert set(re.findall(r"\d+", page.others + written.others)) <= known
    for part in ("What it is", "Which boards it fits", "Plays like the original",
                 "Ranges of every layer", "Error that each layer adds", "Memory map of the arena",
                 "Cost per layer", "Checks", "puffer-edge verify 'a b'", "401.2"):
        assert part in page.text
    order = [[attributes["id"] for name, attributes in each.elements if name == "section"]
             for each in (page, written)]
    assert order[0] == ["identity", "boards", "playing", "ranges", "errors", "memory", "costs",
                        "checks"]
    assert order[1] == ["identity", "boards", "playing", "player", "ranges", "memory", "costs",
                        "checks"]  # layers have no names in this policy
    assert all(check["name"] in page.text for check in report["checks"])


def strings(plain: Any) -> list[str]:
    if isinstance(plain, dict):
        return [text for key, part in plain.items() for text in (key, *strings(part))]
    if isinstance(plain, list):
        return [text for part in plain for text in strings(part)]
    return [plain] if isinstance(plain, str) else []


def test_a_changed_number_would_be_found(artefact: Path) -> None:
    """The test above is not one that cannot fail."""
    report = json.loads((artefact / "report.json").read_text())
    page = Page((artefact / "report.html").read_text())
    report["measurements"]["flash_code_bytes"] += 1
    wrong = [pointer for pointer, exact, _ in page.numbers if float(exact) != at(report, pointer)]
    assert wrong == ["/measurements/flash_code_bytes"]


def test_nothing_is_fetched_and_it_is_small(artefact: Path) -> None:
    text = (artefact / "report.html").read_text()
    assert len(text) < 300_000  # of it 70,000 are WebAssembly
    page = Page(text)
    for name, attributes in page.elements:
        for key in ("src", "href", "xlink:href", "action", "srcset", "data", "poster"):
            found = attributes.get(key)
            assert found is None or found.startswith(("#", "data:,")), (name, found)
        assert not any(key.startswith("on") or key == "style" for key in attributes), name
    assert "url(" not in text and "@import" not in text
    (policy,) = [attributes["content"] or "" for name, attributes in page.elements
                 if attributes.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ") and "unsafe-inline" not in policy


def test_it_can_be_read_aloud(artefact: Path) -> None:
    page = Page((artefact / "report.html").read_text())
    pictures = [attributes for name, attributes in page.elements if name == "svg"]
    assert pictures and all(each["role"] == "img" and each["aria-label"] for each in pictures)
    assert sum(name == "figure" for name, _ in page.elements) == sum(
        name == "details" for name, _ in page.elements) - 1  # all measurements
    assert ("html", {"lang": "en"}) in page.elements
    names = [name for name, _ in page.elements]
    assert names.count("h1") == 1 and names.count("caption") == names.count("table")


def everywhere(plain: Any, text: str) -> Any:
    """The same data with other text in every place of text but those that choose."""
    if isinstance(plain, dict):
        return {key: everywhere(part, text) for key, part in plain.items()}
    if isinstance(plain, list):
        return [everywhere(part, text) for part in plain]
    return text if isinstance(plain, str) else plain


@pytest.mark.parametrize("text", [HOSTILE, "</title></style></script><svg onload=alert(1)>",
                                  "'\" onmouseover=alert(1) x=", "]]>--><b>"])
def test_a_strangers_text_is_text(artefact: Path, text: str) -> None:
    report = json.loads((artefact / "report.json").read_text())
    clean, page = Page(render(report)), Page(render(everywhere(report, text)))
    assert text in page.text and "49" not in page.others
    for kinds in ("script", "img", "b", "style", "iframe"):
        count = [sum(name == kinds for name, _ in each.elements) for each in (clean, page)]
        assert count[0] == count[1]
    assert not any(key.startswith("on") for _, attributes in page.elements for key in attributes)


def test_text_of_keys_and_markup_is_text() -> None:
    report = {"name": HOSTILE, "shield": {HOSTILE: 1, "faults": [{HOSTILE: 2}]},
              "fit": {HOSTILE: "x"}, "tools": {HOSTILE: HOSTILE}, "checks": [{"name": "x"}],
              "measurements": {HOSTILE: 3}}
    page = Page(render(report))
    assert page.text.count(HOSTILE) >= 5
    assert sum(name == "script" for name, _ in page.elements) == 1
    assert tag("b", HOSTILE, id=HOSTILE).count("<") == 2
    assert not set("<>&") & set(as_script_data({HOSTILE: "</script><!--"}))
    assert json.loads(as_script_data({"x": HOSTILE})) == {"x": HOSTILE}


@pytest.mark.parametrize("value", [None, 5, "text", [], {}, [[1]], {"x": [None]}, True, 1e400,
                                   float("nan"), [{"returns": 5, "value": {}}]])
def test_a_damaged_report_is_shown_as_it_is(artefact: Path, value: Any) -> None:
    report = json.loads((artefact / "report.json").read_text())
    Page(render(dict.fromkeys([*report, "bench", "doctor", "fit", "shield"], value)))
    inside = {key: dict.fromkeys(report[key], value) for key in report
              if isinstance(report[key], dict)}
    Page(render({**report, **inside}))


def test_parts_of_others_are_kept_while_the_artefact_is_the_same(artefact: Path, tmp_path: Path
                                                                 ) -> None:
    assert kept(artefact) == {"played": PLAYED}
    for content in (b"[]", b"{", b'{"about": 5}', b"[" * 100_000, b"\xff"):
        (tmp_path / "report.json").write_bytes(content)
        (tmp_path / "policy.json").write_bytes(b"{}")
        assert kept(tmp_path) == {}
    write_page(tmp_path, {"about": {"manifest": "another"}, "played": PLAYED})
    assert kept(tmp_path) == {} and kept(tmp_path / "nowhere") == {}


def test_the_map_of_memory_is_the_plan(artefact: Path) -> None:
    """What is alive at once lies apart, but for what is made in place, and all fits."""
    subject = read_subject(artefact)
    program = from_bytes((artefact / "program.npz").read_bytes())
    plan = layout_of(program, "int8", None, subject.manifest["target"])
    found = memory_map(program, plan)
    assert found["bytes"] == subject.manifest["memory"]["arena_bytes"] == plan.arena
    assert max(each["offset"] + each["bytes"] for each in found["values"]) <= plan.arena
    assert {each["name"] for each in found["values"] if each["kind"] == "value"} == set(
        plan.offsets)
    assert sum(each["kind"] == "scratch" for each in found["values"]) == len(plan.scratch)
    for one in found["values"]:
        for two in found["values"]:
            meet = (one["offset"] < two["offset"] + two["bytes"]
                    and two["offset"] < one["offset"] + one["bytes"])
            if one["name"] < two["name"] and meet and two["first"] <= one["last"] and (
                    one["first"] <= two["last"]):
                assert one["offset"] == two["offset"]  # the same block
                assert one["last"] == two["first"] or two["last"] == one["first"]


def test_agreement_along_the_recording(artefact: Path) -> None:
    subject = read_subject(artefact)
    width = sum(output["size"] for output in subject.manifest["outputs"])
    reference = np.tile([3.0, 1.0, *[0.0] * (width - 2)], (100, 1))
    raw = np.zeros((100, width))
    raw[:50, 0] = raw[50:, 1] = 9
    recorded = Recorded(np.zeros((100, 1)), np.zeros(100, bool), reference)
    parts = along(subject, recorded, raw)
    assert [part["agreement"] for part in parts] == [1.0] * 5 + [0.0] * 5
    assert [part["start"] for part in parts] == list(range(0, 100, 10))
    assert all(part["margin"] == 2.0 for part in parts)


def test_the_page_of_a_deep_policy_is_small(artefact: Path) -> None:
    report = json.loads((artefact / "report.json").read_text())
    report["layers"] *= 100
    report["quantization"]["ranges"] *= 100
    report["memory_map"]["values"] *= 100
    text = render(report)
    assert len(text) < 300_000 and text.count("report.json has all") >= 3
    said = size_of(artefact / "report.html")
    page = (artefact / "report.html").read_text()
    assert said.startswith(f"report.html: {len(page):,} bytes, of which ")
    (tmp := artefact / "plain.html").write_text(render(report))
    assert size_of(tmp) == f"plain.html: {len(text):,} bytes"
    tmp.unlink()


def test_places() -> None:
    place = Place({"a/b": [{"x~": 0.5}]})
    assert place["a/b"][0]["x~"].pointer == "/a~1b/0/x~0"
    assert place["a/b"][0]["x~"].share.text == "50.00 %"
    assert not place["none"]["there"][3] and place["none"].text == "-"
