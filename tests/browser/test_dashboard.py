"""The dashboard in a real browser: readable by everyone, on any screen, and honest when it hears nothing."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Dashboard
from browser.observations import a_bad_night, healthy
from gateway.dashboard.observation import Observation

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
WIDE, PHONE = 1280, 320
SILENT_MS = 16_000

Scheme = Literal["light", "dark"]
Opener = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, dashboard: Dashboard) -> Iterator[Opener]:
    """Opens the dashboard in a new, empty profile, and fails the test on any complaint of the browser."""
    complaints: list[str] = []
    contexts = []

    def open_page(language: str = "en", *, scheme: Scheme = "light", width: int = WIDE, scripts: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
            bypass_csp=False,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda fault: complaints.append(str(fault)))
        page.on(
            "request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(dashboard.url) else None
        )
        page.goto(f"{dashboard.url}/dashboard?lang={language}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    # One test is about a gateway that is gone: the browser and htmx may say so.
    assert [one for one in complaints if not one.startswith(("Failed to load", "[object Event]"))] == []


def violations(page: Page) -> list[dict[str, Any]]:
    """Serious and critical findings of axe-core. It is evaluated by the debugger: the page's policy stays in force."""
    page.evaluate(AXE.read_text())
    found: list[dict[str, Any]] = page.evaluate("axe.run(document).then(result => result.violations)")
    return [
        {"id": one["id"], "nodes": [node["html"][:160] for node in one["nodes"]][:3]}
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("make", [healthy, a_bad_night])
@pytest.mark.parametrize("width", [WIDE, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["ar", "fr"])
def test_everyone_can_read_it(
    opened: Opener,
    dashboard: Dashboard,
    tmp_path: Path,
    make: Callable[[datetime], Observation],
    width: int,
    scheme: Scheme,
    language: str,
) -> None:
    dashboard.source.make = make
    page = opened(language, scheme=scheme, width=width)

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "it scrolls sideways"
    picture = tmp_path / f"{make.__name__}-{language}-{scheme}-{width}.png"
    page.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 10_000


def test_a_fault_appears_and_goes_without_a_reload(opened: Opener, dashboard: Dashboard) -> None:
    page = opened("fr")
    sentence = page.locator("#sentence")
    expect(sentence).to_contain_text("Tout fonctionne")

    dashboard.source.make = a_bad_night
    expect(sentence).to_contain_text("Pas de réponse de", timeout=15_000)
    expect(page.locator("[data-code=silent] h3")).to_contain_text("Rapprochement")

    dashboard.source.make = healthy
    expect(sentence).to_contain_text("Tout fonctionne", timeout=15_000)


def test_the_keyboard_reaches_the_languages_and_the_pause(opened: Opener, dashboard: Dashboard) -> None:
    page = opened("ar")
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.getAttribute('hreflang')"))
        if reached[-1] == "pause":
            break

    assert reached[-4:] == ["ar", "fr", "en", "pause"]
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "where the keyboard is must be seen"

    page.keyboard.press("Enter")
    expect(page.locator("#pause")).to_have_text("استئناف التحديث")
    dashboard.source.make = a_bad_night
    page.wait_for_timeout(1_500)
    expect(page.locator("#verdict")).to_have_attribute("data-state", "ok")

    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_have_attribute("data-state", "degraded")
    expect(page.locator("#paused")).to_be_hidden()


def test_a_table_opened_by_the_operator_stays_open(opened: Opener, dashboard: Dashboard) -> None:
    page = opened("en")
    page.locator("#twin summary").click()

    dashboard.source.make = a_bad_night
    expect(page.locator("#verdict")).to_have_attribute("data-state", "degraded")

    expect(page.locator("#twin table")).to_be_visible()


def test_silence_of_the_gateway_is_told(opened: Opener, dashboard: Dashboard) -> None:
    page = opened("fr")
    expect(page.locator("#silent")).to_be_hidden()

    dashboard.stop()

    expect(page.locator("#silent")).to_contain_text("Pas de nouvelles de la passerelle", timeout=SILENT_MS)
    expect(page.locator("html")).to_have_class("is-silent")


def test_without_scripts_the_page_is_complete(opened: Opener, dashboard: Dashboard) -> None:
    dashboard.source.make = a_bad_night
    page = opened("en", scripts=False)

    expect(page.locator("#sentence")).to_have_text("No answer from Matching.")
    expect(page.locator("#part-registry")).to_contain_text("ready")


def test_every_link_inside_the_page_leads_somewhere(opened: Opener, dashboard: Dashboard) -> None:
    dashboard.source.make = a_bad_night
    page = opened("en")

    lost = page.evaluate(
        '[...document.querySelectorAll(\'a[href^="#"], use[href^="#"]\')]'
        ".map(one => one.getAttribute('href')).filter(one => !document.querySelector(one))"
    )

    assert json.dumps(lost) == "[]"
