# SPDX-License-Identifier: MIT
"""report.html in a real browser: ``make page`` runs it, with Debian's chromium and chromedriver.

What it took pictures of lies in ``build/page``, which CI keeps.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import puffer_edge
from puffer_edge.page import parts
from puffer_edge.page.writing import add
from tests.page.worlds import REPLAY, WORLDS, difference, episodes
from tests.tools import need

pytestmark = pytest.mark.exhaustive
ROOT = Path(__file__).parents[2]
POLICIES = ROOT / "examples" / "policies"
KEPT = ROOT / "build" / "page"
AXE = "node_modules/axe-core/axe.min.js"
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="session")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled recurrent policy in int8, verified and played, as from the command line."""
    folder = tmp_path_factory.mktemp("browser") / "cartpole"
    puffer_edge.export(POLICIES / "cartpole_puffer_lstm.pt", folder, scheme="int8",
                       calibrate="env:CartPole-v1", observe=(0, 2), board="nucleo-f411re")
    puffer_edge.verify(folder, page=True)
    match = puffer_edge.play(folder, "CartPole-v1", episodes=16, observe=(0, 2), processes=1,
                             compare=POLICIES / "cartpole_puffer_lstm.pt")
    add(folder, "played", parts.played(match.to_json(), "CartPole-v1", (0, 2), "puffer-edge run"))
    return folder


@pytest.fixture(scope="session")
def pages(artefact: Path) -> dict[str, Path]:
    """Pages of several kinds: integers, floats, continuous actions, no environment."""
    found = {"int8": artefact / "report.html"}
    for name, options in (("acrobot_sb3.zip", {}), ("cartpole_sb3.zip", {}), ("pendulum_sb3.zip", {
            "vec_normalize": POLICIES / "pendulum_vecnormalize.pkl"})):
        folder = artefact.with_name(name.split("_")[0] + "_float")
        puffer_edge.export(POLICIES / name, folder, **options)
        puffer_edge.verify(folder, native=False, page=True)
        found[folder.name] = folder / "report.html"
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    selenium = pytest.importorskip("selenium.webdriver", exc_type=ImportError)
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("chromium is not installed")
    need("chromedriver")
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--window-size=1000,1000", "--hide-scrollbars", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = selenium.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.set_script_timeout(60)
    KEPT.mkdir(parents=True, exist_ok=True)
    yield driver
    driver.quit()


def opened(browser: Any, page: Path) -> None:
    """Loads a page and waits for its player."""
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(page.as_uri())
    found = asked(browser, "return pufferEdge.then((player) => String(player.error || ''));")
    assert found == ""


def asked(browser: Any, script: str, *arguments: Any) -> Any:
    """What a script gives, promises included."""
    return browser.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        f"Promise.resolve((async (...given) => {{ {script} }})(...arguments))"
        ".then(done, (error) => done('error: ' + error));", *arguments)


def requests(browser: Any) -> list[str]:
    """What the page asked for since it was loaded, itself left out."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [event["params"]["request"]["url"] for event in events
            if event["method"] == "Network.requestWillBeSent"]
    return [url for url in sent if not url.endswith("report.html") and url != "data:,"]


def test_no_error_no_request_and_no_wrong_step(browser: Any, pages: dict[str, Path]) -> None:
    for name, page in pages.items():
        opened(browser, page)
        assert browser.get_log("browser") == [], name
        assert requests(browser) == [], name
        wrong = asked(browser, "return (await pufferEdge).wrong;")
        assert wrong == [0] * (2 if name == "int8" else 1), name
        said = browser.find_element("id", "selftest").text
        assert said.count("0 steps wrong") == len(wrong)


def test_an_error_and_a_request_would_be_seen(browser: Any, artefact: Path, tmp_path: Path) -> None:
    """What looks for them is not blind; and the page's own policy of content keeps a request in."""
    text = (artefact / "report.html").read_text()
    page = tmp_path / "report.html"
    page.write_text(text.replace("<main", '<img src="https://example.org/x.png" alt=""><main', 1))
    browser.get(page.as_uri())
    log = browser.get_log("browser")
    assert any("Content Security Policy" in entry["message"] for entry in log)
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
    page.write_text(bare)
    browser.get_log("performance")
    browser.get(page.as_uri())
    assert requests(browser) == ["https://example.org/x.png"]
    browser.get_log("browser")


@pytest.mark.parametrize("seed", [0, 7, 100_000])
def test_cartpole_reaches_500_in_integers_and_floats(browser: Any, artefact: Path, seed: int
                                                     ) -> None:
    opened(browser, artefact / "report.html")
    found = asked(browser, "const {policies} = await pufferEdge; return policies.map((policy) => "
                  "[policy.title, new Game(policy, 'CartPole-v1', [0, 2], given[0]).play().steps"
                  "]);", seed)
    assert found == [["int8", 500], ["float32, the original", 500]]


def test_the_page_plays_what_run_plays(browser: Any, pages: dict[str, Path]) -> None:
    """The returns of seeds are those of gymnasium and the same C on this computer."""
    wanted = {"acrobot_float": "Acrobot-v1", "cartpole_float": "CartPole-v1",
              "pendulum_float": "Pendulum-v1"}
    for name, identity in wanted.items():
        match = puffer_edge.play(pages[name].parent, identity, episodes=3, seed=5, processes=1)
        opened(browser, pages[name])
        found = asked(browser, "const {policies: [policy]} = await pufferEdge;"
                      "return [5, 6, 7].map((seed) => new Game(policy, given[0], [], seed).play()"
                      ".total);", identity)
        assert found == pytest.approx(match.ours.returns.tolist(), abs=1e-3), name


def test_the_buttons_play_and_a_push_moves_the_pole(browser: Any, artefact: Path) -> None:
    opened(browser, artefact / "report.html")
    state = "return (await pufferEdge).controls.games.map((game) => game.state);"
    find = browser.find_element
    before = asked(browser, state)
    find("id", "right").click()
    pushed = asked(browser, state)
    assert [row[3] for row in pushed] == pytest.approx([row[3] + 0.6 for row in before])
    canvas = browser.find_elements("css selector", "canvas")[1]
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'});", canvas)
    picture = browser.execute_script("return arguments[0].toDataURL();", canvas)
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser).move_to_element_with_offset(canvas, -60, 0).click().perform()
    assert [row[3] for row in asked(browser, state)] == pytest.approx([row[3] for row in before])
    find("id", "once").click()
    assert browser.execute_script("return arguments[0].toDataURL();", canvas) != picture
    assert "step 1, return 1" in find("id", "figures-0").text
    find("id", "play").click()
    asked(browser, "await new Promise((done) => setTimeout(done, 500));")
    find("id", "play").click()
    assert int(re.findall(r"step (\d+)", find("id", "figures-1").text)[0]) > 3
    find("id", "restart").click()
    assert asked(browser, state) == before


def test_sliders_and_the_recording(browser: Any, artefact: Path) -> None:
    opened(browser, artefact / "report.html")
    browser.execute_script("const select = document.getElementById('environment'); "
                           "select.value = ''; select.dispatchEvent(new Event('change'));")
    sliders = browser.find_elements("css selector", "#sliders input")
    assert len(sliders) == 2
    browser.execute_script("arguments[0].value = arguments[0].max; "
                           "arguments[0].dispatchEvent(new Event('input'));", sliders[1])
    assert "by hand; action 1" in browser.find_element("id", "figures-0").text
    for step in range(3):
        browser.find_element("id", "once").click()
        assert f"step {step}; action" in browser.find_element("id", "figures-1").text


@pytest.mark.parametrize("name", WORLDS)
def test_environments_are_gymnasiums_over_10000_steps(browser: Any, artefact: Path, name: str
                                                      ) -> None:
    asked_for, answers = episodes(name, 10_000)
    opened(browser, artefact / "report.html")
    found = asked(browser, f"{REPLAY}\nreturn JSON.stringify(replay(given[0], given[1]));", name,
                  asked_for)
    assert difference(json.loads(found), answers, 1000) <= 1e-6


def test_a_hostile_name_is_text(browser: Any, artefact: Path, tmp_path: Path) -> None:
    from puffer_edge.page.render import render
    from tests.page.test_page import HOSTILE, everywhere

    report = json.loads((artefact / "report.json").read_text())
    page = tmp_path / "report.html"
    page.write_text(render(everywhere(report, HOSTILE)))
    browser.get(page.as_uri())
    assert browser.get_log("browser") == []  # not even an attempt that was refused
    assert HOSTILE in browser.execute_script("return document.body.textContent;")
    assert browser.execute_script("return document.querySelectorAll('img').length;") == 0


def test_pictures(browser: Any, pages: dict[str, Path]) -> None:
    """Light, dark and narrow, to be looked at; nothing is wider than the screen; two pages."""
    for name, width, scheme in (("light", 1000, "light"), ("dark", 1000, "dark"),
                                ("narrow", 360, "light")):
        for kind, page in pages.items():
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
                "features": [{"name": "prefers-color-scheme", "value": scheme}]})
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False})
            opened(browser, page)
            size = browser.execute_script(
                "const page = document.documentElement;"
                "return [page.scrollWidth, page.scrollHeight];")
            assert size[0] <= width, (name, kind)
            picture = browser.execute_cdp_cmd("Page.captureScreenshot", {
                "captureBeyondViewport": True,
                "clip": {"x": 0, "y": 0, "width": width, "height": size[1], "scale": 1}})["data"]
            (KEPT / f"{kind}-{name}.png").write_bytes(base64.b64decode(picture))
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    for kind, page in pages.items():
        opened(browser, page)
        printed = base64.b64decode(browser.execute_cdp_cmd(
            "Page.printToPDF", {"preferCSSPageSize": True})["data"])
        (KEPT / f"{kind}.pdf").write_bytes(printed)
        assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 2, kind


def test_the_keyboard_reaches_everything(browser: Any, artefact: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    opened(browser, artefact / "report.html")
    wanted = browser.execute_script(
        "return [...document.querySelectorAll('a[href], button, select, input, summary,"
        "[tabindex=\"0\"]')].filter((each) => each.checkVisibility()).length;")
    reached = set()
    for _ in range(wanted + 1):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(browser.switch_to.active_element.id)
    assert len(reached) >= wanted


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Any, pages: dict[str, Path], scheme: str) -> None:
    axe = [path for path in (Path(folder) / AXE for folder in (
        os.environ.get("VIRTUAL_ENV", ""), ROOT / ".venv", ROOT)) if path.is_file()]
    if not axe:
        pytest.skip("axe-core is not installed; `make page` brings it where npm is")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": scheme}]})
    for page in pages.values():
        opened(browser, page)
        browser.execute_script("for (const each of document.querySelectorAll('details'))"
                               " each.open = true;")
        browser.execute_script(axe[0].read_text())
        found = asked(browser, "return await axe.run();")
        assert found["passes"] and serious(found) == []
    browser.execute_script("document.querySelector('main').append(new Image());")
    assert [name for name, _ in serious(asked(browser, "return await axe.run();"))] == ["image-alt"]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def serious(found: Any) -> list[tuple[str, str]]:
    """Violations that matter, each with the first element that has it."""
    return [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]
            if each["impact"] in SERIOUS]
