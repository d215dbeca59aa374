"""A page of the dashboard that is refused is told on a page, in the person's language; a program reads problem+json."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape

import httpx
import pytest

from in_turn import in_turn
from shared.database import Database
from tests.gateway.conftest import Door
from tests.gateway.people import HOME, SIGN_OUT, add, browser, sign_in

FROM_A_BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
UNKNOWN = "/dashboard/partners/nobody"
REASONS = {
    "ar": ("rtl", "لا يوجد شيء بهذا المعرّف.", "تعذر عرض الصفحة"),
    "fr": ("ltr", "Rien n'existe sous cet identifiant.", "Page non affichée"),
    "en": ("ltr", "Nothing exists under this id.", "Page not shown"),
}


def assert_told_on_a_page(answer: httpx.Response, status: int, language: str, code: str) -> None:
    assert (answer.status_code, answer.headers["content-language"]) == (status, language)
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert f'href="/docs/errors/{code}"' in answer.text
    assert re.search(r"<bdi>[0-9a-f]{32}</bdi>", answer.text)  # by which the logs know the request
    assert "<script" not in answer.text


@in_turn("language", list(REASONS))
async def test_what_is_not_there_is_told_in_the_language_of_the_person(
    watcher: httpx.AsyncClient, language: str
) -> None:
    direction, reason, title = REASONS[language]

    answer = await watcher.get(UNKNOWN, headers=FROM_A_BROWSER | {"Accept-Language": language})

    assert_told_on_a_page(answer, 404, language, "not_found")
    assert f'<html lang="{language}" dir="{direction}">' in answer.text
    assert reason in unescape(answer.text)
    assert f"<h1>{title}</h1>" in answer.text
    assert 'href="/dashboard"' in answer.text


@pytest.fixture
async def watcher(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    await add(door)
    async with browser(door) as client:
        await sign_in(client)
        yield client


async def test_the_language_chosen_before_wins_over_the_browsers(watcher: httpx.AsyncClient) -> None:
    await watcher.get(HOME, params={"lang": "fr"})

    told = await watcher.get(UNKNOWN, headers=FROM_A_BROWSER | {"Accept-Language": "ar"})
    asked = await watcher.get(UNKNOWN, params={"lang": "en"}, headers=FROM_A_BROWSER)

    assert_told_on_a_page(told, 404, "fr", "not_found")
    assert_told_on_a_page(asked, 404, "en", "not_found")


async def test_every_kind_of_refusal_is_told_so(watcher: httpx.AsyncClient) -> None:
    asked = {"headers": FROM_A_BROWSER | {"Accept-Language": "en"}}
    refused = {
        "not_permitted": (403, await watcher.get("/dashboard/partners/alpha/directory", **asked)),
        "invalid_request": (422, await watcher.get("/dashboard/traffic", params={"hours": "long"}, **asked)),
        "form_foreign": (403, await watcher.post(SIGN_OUT, data={"csrf": "x"}, **asked)),
        "not_found": (404, await watcher.get("/dashboard/no-such-page", **asked)),
    }
    assert "Your role does not include this page." in refused["not_permitted"][1].text
    for code, (status, answer) in refused.items():
        assert_told_on_a_page(answer, status, "en", code)
    # Refused before it comes to any page.
    assert_told_on_a_page(await watcher.get("/dashboard/%00", **asked), 404, "en", "not_found")


async def test_while_the_database_is_away_a_person_is_told_on_a_page_when_to_come_again(
    door: Door, watcher: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = door.running.platform
    away = Database(platform.settings.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:1/none"}))
    monkeypatch.setattr(platform, "database", away)
    answer = await watcher.get(HOME, headers=FROM_A_BROWSER | {"Accept-Language": "ar"})
    monkeypatch.undo()
    await away.close()

    assert_told_on_a_page(answer, 503, "ar", "unavailable")
    assert answer.headers["retry-after"] == "5"


async def test_a_program_reads_problem_json_and_so_does_whoever_asks_the_api(watcher: httpx.AsyncClient) -> None:
    for address, headers in (
        (UNKNOWN, {"Accept": "*/*"}),
        (UNKNOWN, {"Accept": "application/json"}),
        ("/v1/operators/nobody", FROM_A_BROWSER),
    ):
        answer = await watcher.get(address, headers=headers)
        assert answer.headers["content-type"] == "application/problem+json", address
