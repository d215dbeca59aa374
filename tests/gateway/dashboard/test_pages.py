"""The page as served: three languages, nothing from elsewhere, nothing inline, small."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest

from browser.observations import a_bad_night, healthy
from browser.source import HandMade, dashboard_app
from gateway.dashboard.assets import FOLDER, VENDORED, integrity, load_assets
from gateway.dashboard.observation import Observation
from gateway.dashboard.words import WORDS, Writer
from shared.identity import api_routes, permission_of
from shared.text import LANGUAGES, Language

MOST_BYTES = 250_000


@pytest.fixture
def source() -> HandMade:
    return HandMade()


@pytest.fixture
async def client(source: HandMade) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=dashboard_app(source))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


def test_the_screen_is_for_operators_and_its_files_for_all(source: HandMade) -> None:
    routes = {one.path: permission_of(one) for one in api_routes(dashboard_app(source).routes)}

    assert routes.pop("/dashboard/static/{name:path}") == "open"
    assert set(routes) == {"/dashboard", "/dashboard/fragment", "/dashboard/stream"}
    assert set(routes.values()) == {"dashboard:read"}


@pytest.mark.parametrize(
    ("language", "direction", "sentence"),
    [
        ("ar", "rtl", "لا جواب من المطابقة."),
        ("fr", "ltr", "Pas de réponse de «\u202fRapprochement\u202f»."),
        ("en", "ltr", "No answer from Matching."),
    ],
)
async def test_the_page_says_what_is_wrong_in_the_language_asked_for(
    client: httpx.AsyncClient, source: HandMade, language: str, direction: str, sentence: str
) -> None:
    source.make = a_bad_night

    answer = await client.get("/dashboard", params={"lang": language})

    assert answer.status_code == 200
    assert answer.headers["content-language"] == language
    assert f'<html lang="{language}" dir="{direction}">' in answer.text
    assert f'role="status">{sentence}</span></h2>' in answer.text
    assert 'data-state="degraded"' in answer.text
    assert re.findall(r'data-code="(\w+)" data-part="([\w-]+)"', answer.text) == [
        ("silent", "matching"),
        ("not_ready", "programs-men"),
        ("old_outbox", "programs-masef"),
        ("dead_letters", "programs-taazour"),
        ("stuck", "programs-csa"),
        ("restarted", "registry"),
    ]


async def test_the_language_is_remembered_and_the_browsers_is_the_first_guess(client: httpx.AsyncClient) -> None:
    first = await client.get("/dashboard", headers={"Accept-Language": "de, ar;q=0.8"})
    await client.get("/dashboard", params={"lang": "en"})
    later = await client.get("/dashboard", headers={"Accept-Language": "ar"})

    assert (first.headers["content-language"], later.headers["content-language"]) == ("ar", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_exists_in_its_language(language: Language) -> None:
    write = Writer(language)

    for name, text in WORDS.items():
        said = write.text(text)
        assert said.strip(), name
        assert ("\u0600" <= max(said) <= "\u06ff") is (language == "ar"), name


async def test_nothing_comes_from_elsewhere_and_nothing_is_inline(client: httpx.AsyncClient) -> None:
    answer = await client.get("/dashboard")

    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    loaded = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert all(address.startswith(("/", "#")) and not address.startswith("//") for address in loaded)
    assert " style=" not in answer.text
    assert "<style" not in answer.text
    assert not re.search(r"<script(?![^>]*\ssrc=)", answer.text)
    assert not re.search(r"\son\w+=", answer.text)


async def test_every_script_and_stylesheet_carries_the_fingerprint_of_what_is_served(
    client: httpx.AsyncClient,
) -> None:
    text = (await client.get("/dashboard")).text
    tags = re.findall(r"<(?:script|link rel=\"stylesheet\")[^>]+>", text)

    assert len(tags) == 5
    for tag in tags:
        address, expected = re.search(r'(?:src|href)="([^"]+)"', tag), re.search(r'integrity="([^"]+)"', tag)
        assert address and expected
        served = await client.get(address[1])
        assert integrity(served.content) == expected[1]


def test_vendored_files_are_the_reviewed_ones() -> None:
    found = {
        path.relative_to(FOLDER).as_posix(): integrity(path.read_bytes())
        for path in (FOLDER / "vendor").iterdir()
        if path.suffix in (".js", ".woff2", ".css")
    }

    assert found == VENDORED


async def test_page_scripts_styles_and_fonts_together_are_small(client: httpx.AsyncClient, source: HandMade) -> None:
    source.make = a_bad_night
    page = await client.get("/dashboard", params={"lang": "ar"})

    total = len(page.content) + sum(len(asset.gzipped or asset.body) for asset in load_assets().values())

    assert total < MOST_BYTES


async def test_assets_are_compressed_kept_and_limited_to_what_exists(client: httpx.AsyncClient) -> None:
    script = await client.get("/dashboard/static/vendor/htmx.min.js")
    again = await client.get("/dashboard/static/vendor/htmx.min.js", headers={"If-None-Match": script.headers["etag"]})
    outside = await client.get("/dashboard/static/..%2Froutes.py")

    assert script.headers["content-encoding"] == "gzip"
    assert "immutable" in script.headers["cache-control"]
    assert (again.status_code, outside.status_code) == (304, 404)


async def test_a_look_that_stopped_is_told_as_stale(client: httpx.AsyncClient, source: HandMade) -> None:
    source.make = lambda at: healthy(at - timedelta(seconds=25))

    text = (await client.get("/dashboard/fragment", params={"lang": "en"})).text

    assert 'data-state="stale"' in text
    assert "may no longer be true" in text


async def test_before_the_first_look_the_page_still_answers(client: httpx.AsyncClient, source: HandMade) -> None:
    source.make = None

    text = (await client.get("/dashboard", params={"lang": "fr"})).text

    assert "Rien d&#39;observé encore" in text
    assert 'id="parts"' not in text


def nothing_published(at: datetime) -> Observation:
    return replace(healthy(at), publishing=(), receiving=(), history=())


@pytest.mark.parametrize("make", [healthy, a_bad_night, nothing_published])
@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_fragment_is_the_same_while_nothing_happens(
    client: httpx.AsyncClient, source: HandMade, make: Callable[[datetime], Observation], language: str
) -> None:
    seen = make(datetime.now().astimezone())
    source.make = lambda _: seen

    first = await client.get("/dashboard/fragment", params={"lang": language})
    second = await client.get("/dashboard/fragment", params={"lang": language})

    assert first.status_code == 200
    assert re.sub(r"\d+", "", first.text) == re.sub(r"\d+", "", second.text)


async def test_conservation_shows_its_numbers_and_a_tick_or_what_is_missing(
    client: httpx.AsyncClient, source: HandMade
) -> None:
    def with_a_loss(at: datetime) -> Observation:
        seen = healthy(at)
        first, *others = seen.receiving
        return replace(seen, receiving=(replace(first, handled=first.handled or 0, published=483), *others))

    source.make = with_a_loss
    text = (await client.get("/dashboard/fragment", params={"lang": "en"})).text

    row = re.search(r'id="out-registry".*?</tr>', text, re.DOTALL)
    assert row
    assert re.findall(r'class="figure"[^>]*>([\d:,]+)<', row[0])[:5] == ["483", "480", "0", "0", "0"]
    assert "3 missing" in row[0]
    fine = re.search(r'id="out-matching".*?</tr>', text, re.DOTALL)
    assert fine and "agrees" in fine[0]
