"""Signing in for the first time, in a real browser: in each language, on a phone and on a desk, by everyone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from tests.gateway.conftest import Door
from tests.gateway.directory.test_in_a_browser import CHROMIUM, PHONE, WIDE, violations
from tests.gateway.people import NEW, OWN, SIGN_IN, SIGN_OUT, code_of


@pytest.mark.parametrize(
    ("language", "width", "scheme"), [("ar", PHONE, "light"), ("fr", WIDE, "dark"), ("en", WIDE, "light")]
)
async def test_a_person_finds_her_way_in(door: Door, tmp_path: Path, language: str, width: int, scheme: str) -> None:
    async with door.running.client("host") as host:
        new = {"name": "zeinab", "role": "security_officer"}
        first = (await host.post("/v1/operators", json=new)).json()["first_password"]
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
        page = await (await browser.new_context(**options)).new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(door.url) else None)

        async def looked_at(name: str) -> None:
            assert await page.locator("html").get_attribute("lang") == language, name
            assert await violations(page) == [], name
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} sideways"
            await page.screenshot(path=tmp_path / f"{name}-{language}.png", full_page=True)

        await page.goto(f"{door.url}{SIGN_IN}?lang={language}")
        await sent(page, name="zeinab", password=first)
        await looked_at("first_password")
        await sent(page, password=NEW)
        await looked_at("factor")
        secret = (await page.locator("#secret").inner_text()).replace(" ", "")
        await sent(page, code=code_of(secret))
        await looked_at("recovery_codes")
        codes = await page.locator("#codes code").all_inner_texts()
        assert len(codes) == 10
        await page.locator('main a[href="/dashboard"]').click()
        await page.goto(f"{door.url}{SIGN_OUT}")
        await page.locator(f'a[href="{OWN}"]').click()
        await looked_at("own")
        await page.goto(f"{door.url}{OWN}/factor")
        await looked_at("own_factor")
        await page.context.clear_cookies(name=re.compile("tekamoul_session"))
        await page.goto(f"{door.url}{SIGN_IN}?lang={language}")
        await sent(page, name="zeinab", password=NEW)
        await looked_at("code")
        await sent(page, code=codes[0])
        assert page.url == f"{door.url}/dashboard"
        await browser.close()

    assert complaints == []


async def sent(page: Page, **fields: str) -> None:
    """Fill in the form of the page, and send it."""
    for name, value in fields.items():
        await page.locator(f"#{name}").fill(value)
    await page.locator("form.sign button").click()
    await page.wait_for_load_state()
