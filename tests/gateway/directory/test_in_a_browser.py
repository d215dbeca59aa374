"""The partners' pages in a real browser: readable by everyone, on a phone and on a desk, without a call to elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from tests.gateway.conftest import Door
from tests.gateway.directory.conftest import SignedIn
from tests.gateway.directory.test_overview import recorded

AXE = Path(__file__).parents[2] / "browser" / "vendor" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
WIDE, PHONE = 1280, 360
PAGES = {
    "overview": "/dashboard/partners/alpha",
    "directory": "/dashboard/partners/alpha/directory?service=registry",
    "traffic": "/dashboard/traffic",
}


async def violations(page: Page) -> list[dict[str, Any]]:
    """Serious and critical findings of axe-core. It is evaluated by the debugger: the page's policy stays in force."""
    await page.evaluate(AXE.read_text())
    found: list[dict[str, Any]] = await page.evaluate("axe.run(document).then(result => result.violations)")
    return [
        {"id": one["id"], "nodes": [node["html"][:160] for node in one["nodes"]][:3]}
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


async def a_busy_day(door: Door) -> None:
    """Requests of alpha and beta over the last day, some of them refused."""
    now = datetime.now(UTC)
    rows: list[dict[str, Any]] = []
    for hour in range(24):
        at = now - timedelta(hours=hour, minutes=1)
        for service, count in (("registry", 3 + hour % 5), ("programs-csa", 2)):
            rows += [{"at": at, "service": service, "theirs": 0.05 + 0.01 * hour}] * count
        rows.append({"at": at, "partner": "beta", "service": "programs-csa"})
        if hour % 6 == 0:
            rows.append({"at": at, "status": 403, "fault": "purpose_needed"})
            rows.append({"at": at, "partner": "beta", "status": 503, "fault": "unavailable"})
    await recorded(door, *rows)


async def opened(browser: Browser, door: Door, session: str, complaints: list[str], **options: Any) -> Page:
    context = await browser.new_context(**options)
    await context.add_cookies([{"name": "tekamoul_session", "value": session, "url": door.url}])
    page = await context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda fault: complaints.append(str(fault)))
    page.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(door.url) else None)
    return page


async def test_everyone_can_read_them(door: Door, signed_in: SignedIn, tmp_path: Path) -> None:
    await a_busy_day(door)
    complaints: list[str] = []
    async with signed_in("auditor") as person, async_playwright() as playwright:
        session = person.cookies["tekamoul_session"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width, scheme in ((WIDE, "light"), (PHONE, "light"), (PHONE, "dark")):
            options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
            page = await opened(browser, door, session, complaints, **options)
            for language in ("ar", "fr"):
                for name, address in PAGES.items():
                    await page.goto(f"{door.url}{address}{'&' if '?' in address else '?'}lang={language}")
                    where = f"{name}-{language}-{scheme}-{width}"
                    assert await violations(page) == [], where
                    assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{where} sideways"
                    await page.screenshot(path=tmp_path / f"{where}.png", full_page=True)
            await page.context.close()
        await browser.close()
    assert complaints == []
    assert len(list(tmp_path.glob("*-*.png"))) == 18


async def test_the_keyboard_and_the_forms_work_without_scripts(door: Door, signed_in: SignedIn) -> None:
    await a_busy_day(door)
    complaints: list[str] = []
    async with signed_in("steward") as person, async_playwright() as playwright:
        session = person.cookies["tekamoul_session"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await opened(browser, door, session, complaints, java_script_enabled=False)
        await page.goto(f"{door.url}/dashboard/traffic?lang=en")
        await page.select_option("#partner", "beta")
        await page.get_by_role("button", name="Show").press("Enter")
        rows = page.locator("tbody tr")
        await rows.first.wait_for()
        assert {await one.locator("th").inner_text() for one in await rows.all()} == {"Beta"}
        await page.get_by_role("link", name="Beta").first.click()
        await page.get_by_role("heading", name="Quota and use").wait_for()
        await page.get_by_role("link", name="Service directory").click()
        await page.select_option("#access", "open")
        await page.get_by_role("button", name="Show").click()
        await page.get_by_text("by the permission alone").nth(1).wait_for()
        await page.get_by_role("link", name="العربية").click()
        assert "service=" in page.url  # what was chosen stays
        assert "access=open" in page.url
        assert await page.locator("html").get_attribute("dir") == "rtl"
        await browser.close()
    assert complaints == []
