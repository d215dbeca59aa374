"""The partners' pages: in three languages, without scripts, and to each person what her role may read."""

from __future__ import annotations

import re
from typing import Any

import pytest

from running import second_process, until
from tests.gateway.conftest import Door
from tests.gateway.directory.conftest import SignedIn

OVERVIEW, DIRECTORY, TRAFFIC = "/dashboard/partners/alpha", "/dashboard/partners/alpha/directory", "/dashboard/traffic"
MOST_BYTES = 120_000
SECTIONS = ("quota", "hours", "refusals", "agreements", "keys", "disclosures")


async def test_the_pages_say_the_same_in_three_languages_and_run_nothing(door: Door, signed_in: SignedIn) -> None:
    for path in ("/registry/v1/echo", "/registry/v1/households"):
        await door.get(path)

    async def counted() -> bool:
        told: dict[str, Any] = (await door.get("/v1/overview")).json()
        return sum(one["requests"] for one in told["hours"] if one["service"] == "registry") >= 2

    await until(counted, what="two requests to be counted")
    said = {
        ("ar", OVERVIEW): ("الحصة والاستعمال", "تنتهي قريبا", "10 أيام", "ألف"),
        ("fr", OVERVIEW): ("Quota et consommation", "finit bientôt", "10 jours", "Alpha"),
        ("en", OVERVIEW): ("Quota and use", "ends soon", "10 days", "Alpha"),
        ("ar", DIRECTORY): ("بموجب اتفاقية", "لا اتفاقية تسمح بها"),
        ("fr", DIRECTORY): ("sous un accord", "aucun accord ne le permet"),
        ("en", DIRECTORY): ("under an agreement", "no agreement allows it"),
        ("ar", TRAFFIC): ("من طلب ماذا", "السجل الاجتماعي"),
        ("fr", TRAFFIC): ("Qui a demandé quoi", "Registre social"),
        ("en", TRAFFIC): ("Who called what", "Social registry"),
    }
    async with signed_in("auditor") as person:
        for (language, path), words in said.items():
            query = {"lang": language} | ({"service": "registry"} if path == DIRECTORY else {})
            page = await person.get(path, params=query)
            assert (page.status_code, page.headers["content-language"]) == (200, language), page.text
            direction = "rtl" if language == "ar" else "ltr"
            assert f'<html lang="{language}" dir="{direction}">' in page.text
            for word in words:
                assert word in page.text.replace("\N{NO-BREAK SPACE}", " "), (language, path, word)
            assert not re.search(r"<script|<style| style=| on[a-z]+=|://|\{\{", page.text)
            assert len(page.content) < MOST_BYTES
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert page.headers["cache-control"] == "no-store"
            ids = re.findall(r'\bid="([^"]+)"', page.text)
            assert len(ids) == len(set(ids))
        overview = (await person.get(OVERVIEW)).text
        assert 'href="/docs/errors/named_agreement_needed"' in overview
        assert [one for one in SECTIONS if f'<section class="panel" id="{one}"' in overview] == list(SECTIONS)


async def test_each_role_sees_what_it_may_and_a_viewer_one_partner(door: Door, signed_in: SignedIn) -> None:
    found: dict[str, Any] = {}
    for role in ("operator", "steward", "security_officer", "auditor"):
        async with signed_in(role) as person:
            page = (await person.get(OVERVIEW)).text
            asked = [(await person.get(one)).status_code for one in (TRAFFIC, DIRECTORY, "/dashboard/partners/nobody")]
            shown = [one for one in SECTIONS if f'<section class="panel" id="{one}"' in page]
            found[role] = (len(shown), "keys" in shown, asked)
            assert (f'href="{DIRECTORY}"' in page) is (asked[1] == 200), role  # nobody is led where she may not go
            led = await person.get("/dashboard/partners")
            assert (led.status_code, led.headers["location"]) == (303, TRAFFIC)
    assert found == {
        "operator": (3, False, [200, 403, 404]),
        "steward": (5, True, [200, 200, 404]),
        "security_officer": (6, True, [200, 200, 404]),
        "auditor": (6, True, [200, 200, 404]),
    }
    async with signed_in("partner_viewer", "alpha") as viewer:
        led = await viewer.get("/dashboard/partners")
        assert (led.status_code, led.headers["location"]) == (303, OVERVIEW)
        own = await viewer.get(OVERVIEW)
        assert [one for one in SECTIONS if f'<section class="panel" id="{one}"' in own.text] == list(SECTIONS)
        assert 'href="/dashboard"' not in own.text
        assert (await viewer.get(DIRECTORY)).status_code == 200
        others, nobodys = [await viewer.get(f"/dashboard/partners/{one}") for one in ("beta", "nobody")]
        assert (others.status_code, nobodys.status_code) == (404, 404)
        same = [{key: it for key, it in one.json().items() if key != "trace_id"} for one in (others, nobodys)]
        assert same[0] == same[1]
        for path in (TRAFFIC, "/dashboard"):
            assert (await viewer.get(path)).status_code == 403, path


async def test_whoever_has_not_signed_in_is_led_to_and_a_viewer_begins_with_its_partner(
    door: Door, signed_in: SignedIn
) -> None:
    for path in (OVERVIEW, DIRECTORY, TRAFFIC, "/dashboard/partners"):
        led = await door.client.get(path)
        assert (led.status_code, led.headers["location"]) == (303, "/dashboard/sign-in"), path
        assert (await door.get(path)).status_code == 303  # a partner's token opens no page
    async with signed_in("partner_viewer", "alpha") as viewer:
        form = {"name": "partner-viewer-alpha", "password": "une-longue-phrase-1"}
        again = await viewer.post("/dashboard/sign-in", data=form)
        assert again.headers["location"] == "/dashboard/partners"


async def test_the_filters_of_both_pages(door: Door, signed_in: SignedIn) -> None:
    await door.get("/registry/v1/echo")
    await door.get("/programs/csa/v1/echo", "beta")

    async def counted() -> bool:
        async with signed_in("operator") as person:
            items = (await person.get("/v1/traffic/partners")).json()["items"]
        return {("alpha", "registry"), ("beta", "programs-csa")} <= {(one["partner"], one["service"]) for one in items}

    await until(counted, what="both requests to be counted", every=0.5)
    async with signed_in("steward") as person:

        async def rows(path: str, **asked: Any) -> list[str]:
            page = await person.get(path, params={"lang": "en"} | asked)
            assert page.status_code == 200, page.text
            return re.findall(r'<th scope="row" role="rowheader">(.*?)</th>', page.text, re.DOTALL)

        every = (await person.get(TRAFFIC, params={"lang": "en"})).text
        for partner in ("alpha", "beta", "keeper", "mute", "tight"):  # also who never called
            assert f'href="/dashboard/partners/{partner}"' in every
        assert "suspended" not in every
        async with signed_in("security_officer") as officer:
            assert (await officer.post("/v1/partners/mute/suspend", json={"reason": "a test"})).status_code == 200

            async def told() -> bool:
                page = (await person.get("/dashboard/partners/mute", params={"lang": "en"})).text
                return 'id="suspended"' in page and "suspended" in (await person.get(TRAFFIC)).text

            await until(told, what="the suspension to be told")
        of_beta = await rows(TRAFFIC, partner="beta", service="", hours="24")
        assert len(of_beta) == 1
        assert "/dashboard/partners/beta" in of_beta[0]
        assert await rows(TRAFFIC, partner="beta", service="registry", hours="1") == []
        assert len(await rows(TRAFFIC, partner="", service="programs-csa", hours="168")) == 1
        of_csa = await rows(DIRECTORY, service="programs-csa", access="")
        assert of_csa
        assert all("/programs/csa/v1/" in one for one in of_csa)
        assert (
            0
            < len(await rows(DIRECTORY, service="registry", access="agreement"))
            < len(await rows(DIRECTORY, service="registry", access=""))
        )
        for wrong in ({"hours": "0"}, {"hours": "x"}, {"partner": "../x"}, {"service": "<b>"}):
            assert (await person.get(TRAFFIC, params=wrong)).status_code == 422, wrong
        assert (await person.get(DIRECTORY, params={"access": "all"})).status_code == 422


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x>'])
async def test_a_partners_name_is_text(door: Door, signed_in: SignedIn, name: str) -> None:
    names = {"ar": name, "fr": name, "en": name}
    limits = {"requests_per_second": 1, "burst": 1, "concurrent": 1}
    new = {"id": "gamma", "names": names, "permissions": ["events:read"], "limits": limits}
    async with signed_in("security_officer") as officer:
        assert (await officer.post("/v1/partners", json=new)).status_code == 201

        async def known() -> bool:
            return (await officer.get("/dashboard/partners/gamma")).status_code == 200

        await until(known, what="the new partner to be known")
        for path in ("/dashboard/partners/gamma", "/dashboard/partners/gamma/directory", TRAFFIC):
            page = (await officer.get(path)).text
            assert name not in page
            assert "&lt;" in page


async def test_on_the_real_platform_nothing_is_tried_and_a_sandbox_knows_none_of_its_partners(
    door: Door, signed_in: SignedIn
) -> None:
    asked = {"method": "GET", "path": "/registry/v1/households"}
    door.registry.seen.clear()
    async with signed_in("security_officer") as officer:
        word = {"csrf": officer.headers["Tekamoul-Csrf"]}
        for answer in (
            await officer.get(f"{OVERVIEW}/try", params=asked),
            await officer.post(f"{OVERVIEW}/try", params=asked, data=word),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "not_a_sandbox")
        directory = (await officer.get(DIRECTORY, params={"lang": "en"})).text
        assert "/try?" not in directory
        assert "Trying out is possible in the sandbox alone" in directory
        sandbox = await second_process(door.running, sandbox=True)
        try:
            for path in (OVERVIEW, DIRECTORY, f"{OVERVIEW}/try"):
                there = await officer.get(f"{sandbox.url}{path}", params=asked)
                assert there.status_code == 404, path
            sent = await officer.post(f"{sandbox.url}{OVERVIEW}/try", params=asked, data=word)
            assert sent.status_code == 404
        finally:
            await sandbox.stop()
    assert [one for one in door.registry.seen if one["path"].startswith("/v1/")] == []
