"""The pages of the real, loaded platform in a real browser."""

import os
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from whole_platform import LoadedPlatform

ALL_IS_WELL = {"ar": "كل شيء يعمل", "fr": "Tout fonctionne", "en": "All is well"}
NAMED_WITHIN_MS = 15_000
BACK_WITHIN_MS = 60_000


@pytest.fixture(scope="module")
def session(loaded: LoadedPlatform) -> str:
    return loaded.platform.session()


@pytest.fixture
def page(loaded: LoadedPlatform, browser: Browser, session: str) -> Iterator[Page]:
    """A page that fails the test on any complaint of the browser or any request to elsewhere."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    home = loaded.platform.gateway_url
    context.add_cookies([{"name": "tekamoul_session", "value": session, "url": home}])
    made = context.new_page()
    made.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    made.on("pageerror", lambda fault: complaints.append(str(fault)))
    made.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(home) else None)
    yield made
    context.close()
    assert complaints == []


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_the_dashboard_shows_the_platform_as_it_stands(loaded: LoadedPlatform, page: Page, language: str) -> None:
    page.goto(f"{loaded.platform.gateway_url}/dashboard?lang={language}")

    expect(page.locator("#verdict")).to_have_attribute("data-state", "ok", timeout=NAMED_WITHIN_MS)
    expect(page.locator("#verdict")).to_contain_text(ALL_IS_WELL[language])
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
    for process in loaded.platform.ready["services"]:
        expect(page.get_by_text(process, exact=True).first).to_be_visible()


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_a_person_signs_in_and_out(loaded: LoadedPlatform, page: Page, language: str) -> None:
    page.context.clear_cookies()
    own = loaded.platform.operator()
    page.goto(f"{loaded.platform.gateway_url}/dashboard/sign-in?lang={language}")
    page.goto(f"{loaded.platform.gateway_url}/dashboard")  # leads back to the form, in the language chosen there

    expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
    page.locator("#name").fill(own["name"])
    page.locator("#password").fill(own["password"])
    page.locator("form button").click()
    expect(page.locator("#verdict")).to_be_visible()
    page.locator('a[href="/dashboard/sign-out"]').click()
    expect(page.locator("form")).to_contain_text("demo")
    page.locator("form button").click()
    expect(page.locator("#password")).to_be_visible()
    page.goto(f"{loaded.platform.gateway_url}/dashboard")
    expect(page.locator("#password")).to_be_visible()


def test_a_stopped_process_is_named_within_15_seconds_and_the_all_clear_follows(
    loaded: LoadedPlatform, page: Page
) -> None:
    page.goto(f"{loaded.platform.gateway_url}/dashboard?lang=en")
    expect(page.locator("#verdict")).to_have_attribute("data-state", "ok", timeout=NAMED_WITHIN_MS)
    stopped = loaded.platform.ready["pids"]["programs-men"]

    os.kill(stopped, signal.SIGSTOP)  # alive and silent: nobody restarts it, so only the screen can tell
    try:
        expect(page.locator("[data-code=silent]")).to_contain_text("Education", timeout=NAMED_WITHIN_MS)
    finally:
        os.kill(stopped, signal.SIGCONT)

    expect(page.locator("#verdict")).to_have_attribute("data-state", "ok", timeout=BACK_WITHIN_MS)


def test_the_documentation_lists_every_service_and_asks_nobody_else(loaded: LoadedPlatform, page: Page) -> None:
    page.goto(f"{loaded.platform.gateway_url}/docs")

    for section in ("registry: households", "programs: enrollments", "matching: links", "events"):
        expect(page.get_by_text(section, exact=True).first).to_be_visible(timeout=NAMED_WITHIN_MS)
