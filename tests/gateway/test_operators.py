"""People who sign in to the dashboard: who gets in, what for, how long, and how a guesser is slowed down."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from pydantic import HttpUrl
from sqlalchemy import text

from gateway.operators.passwords import hashed, is_right
from gateway.operators.roles import PERMISSIONS
from running import second_process
from shared.database import Database
from tests.gateway.conftest import Door
from tests.gateway.people import HOME, NEW, PASSWORD, SIGN_IN, SIGN_OUT, add, browser, choose, enter, sign_in


async def test_a_person_signs_in_sees_the_screen_and_signs_out(door: Door) -> None:
    assert (await add(door)).status_code == 201
    async with browser(door) as client:
        led = await client.get(HOME)
        assert (led.status_code, led.headers["location"]) == (303, SIGN_IN)
        for part in ("/dashboard/fragment", "/dashboard/stream", "/dashboard/anything"):
            assert (await client.get(part)).status_code == 401, part
        assert (await client.get("/dashboard/static/dashboard.css")).status_code == 200
        assert (await client.get("/health/ready")).status_code in (200, 503)

        entered = await sign_in(client)
        assert (entered.status_code, entered.headers["location"]) == (303, HOME)
        cookie = entered.headers["set-cookie"]
        token = re.fullmatch(r"tekamoul_session=([\w-]{43}); Path=/; Max-Age=43200; HttpOnly; SameSite=Lax", cookie)
        assert token is not None, cookie
        page = await client.get(HOME, params={"lang": "en"})
        assert (page.status_code, page.headers["content-language"]) == (200, "en")
        assert 'href="/dashboard/sign-out"' in page.text
        assert (await client.get("/dashboard/fragment")).status_code == 200

        # The token itself lies nowhere in the database.
        async with door.running.platform.database.transaction() as tx:
            rows = (await tx.execute(text("SELECT encode(token_sha256, 'escape') FROM operator_sessions"))).all()
        assert len(rows) == 1
        assert token.group(1) not in str(rows)

        leaving = await client.get(SIGN_OUT, params={"lang": "fr"})
        assert "Vous êtes amina (Exploitant)." in leaving.text
        csrf = re.search(r'name="csrf" value="([\w-]{43})"', leaving.text)
        assert csrf is not None
        for wrong in ({}, {"csrf": "x"}, {"csrf": csrf.group(1)[:-1] + "é"}):
            refused = await client.post(SIGN_OUT, data=wrong)
            assert (refused.status_code, refused.json()["code"]) == (403, "form_foreign")
        kept = dict(client.cookies)
        left = await client.post(SIGN_OUT, data={"csrf": csrf.group(1)})
        assert (left.status_code, left.headers["location"]) == (303, SIGN_IN)
        assert "Max-Age=0" in left.headers["set-cookie"]
        again = await client.get(HOME, headers={"Cookie": f"tekamoul_session={kept['tekamoul_session']}"})
        assert again.status_code == 303  # the old cookie is worth nothing, in any process


@pytest.mark.parametrize(
    ("language", "direction", "refused"),
    [
        ("ar", "rtl", "الاسم أو كلمة المرور غير صحيح."),
        ("fr", "ltr", "Le nom ou le mot de passe est faux."),
        ("en", "ltr", "The name or the password is wrong."),
    ],
)
async def test_the_page_says_why_in_its_language_and_runs_no_script(
    door: Door, language: str, direction: str, refused: str
) -> None:
    await add(door)
    async with browser(door, **{"Accept-Language": language}) as client:
        page = await client.get(SIGN_IN)
        assert f'<html lang="{language}" dir="{direction}">' in page.text
        assert "<script" not in page.text
        assert "style=" not in page.text
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        wrong = await sign_in(client, password="une-longue-phrase-2")
        nobody = await sign_in(client, name="nobody")
        assert (wrong.status_code, nobody.status_code) == (401, 401)
        assert wrong.text == nobody.text
        assert refused in wrong.text
        assert 'value="amina"' not in wrong.text
        assert "set-cookie" not in wrong.headers


async def test_a_form_from_another_site_is_refused(door: Door) -> None:
    await add(door)
    async with browser(door) as client:
        for headers in (
            {"Origin": "https://elsewhere.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            data = {"name": "amina", "password": PASSWORD}
            answer = await client.post(SIGN_IN, data=data, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "form_foreign"), headers
        ours = {"Origin": door.url, "Sec-Fetch-Site": "same-origin"}
        data = {"name": "amina", "password": PASSWORD}
        assert (await client.post(SIGN_IN, data=data, headers=ours)).status_code == 303


async def test_a_guesser_waits_longer_after_each_attempt_and_others_do_not(door: Door) -> None:
    await add(door)
    await add(door, "brahim")
    async with browser(door) as client:
        codes = [(await sign_in(client, password=f"guess-number-{one}")).status_code for one in range(5)]
        assert codes == [401] * 5
        sixth = await sign_in(client)  # the right one, too, must wait
        assert (sixth.status_code, sixth.headers["retry-after"]) == (429, "1")
        assert (await sign_in(client, "brahim")).status_code == 303

        database = door.running.platform.database
        waits = []
        for failures in (6, 9, 40):
            async with database.transaction() as tx:
                await tx.execute(
                    text("UPDATE sign_in_failures SET failures = :n, last_at = now() WHERE failures >= 5"),
                    {"n": failures},
                )
            waits.append(int((await sign_in(client)).headers["retry-after"]))
        assert [abs(found - wanted) <= 1 for found, wanted in zip(waits, (2, 16, 900), strict=True)] == [True] * 3
        # Somewhere else the name is not locked: not by a stranger.
        second = await second_process(door.running)
        try:
            async with database.transaction() as tx:
                await tx.execute(text("UPDATE sign_in_failures SET last_at = now() - interval '16 minutes'"))
            async with httpx.AsyncClient(base_url=second.url, trust_env=False, timeout=20) as there:
                assert (await sign_in(there)).status_code == 303
        finally:
            await second.stop()
        assert (await sign_in(client, password="guess-once-more")).status_code == 401  # a success begins anew


async def test_a_role_is_what_a_person_may_do(door: Door) -> None:
    for role in PERMISSIONS:
        partner = {"partner": "alpha"} if role == "partner_viewer" else {}
        assert (await add(door, role.replace("_", "-"), role, **partner)).status_code == 201, role
    found: dict[str, list[int]] = {}
    for role in PERMISSIONS:
        async with browser(door) as client:
            await enter(client, role.replace("_", "-"), {})
            csrf = re.search(r'value="([\w-]{43})"', (await client.get(SIGN_OUT)).text)
            assert csrf is not None
            headers = {"Tekamoul-Csrf": csrf.group(1)}
            asked = [
                await client.get(HOME),
                await client.get("/v1/partners"),
                await client.post("/v1/partners/beta/suspend", json={"reason": "a test"}, headers=headers),
                await client.get("/v1/operators"),
                await client.get("/v1/events"),
                await client.get("/registry/v1/echo"),
            ]
            found[role] = [one.status_code for one in asked]
            if role == "security_officer":
                without = await client.post("/v1/partners/beta/resume")
                assert (without.status_code, without.json()["code"]) == (403, "form_foreign")
                assert (await client.post("/v1/partners/beta/resume", headers=headers)).status_code == 200

    # The screen, the partners, a change, the operators, the feed, a service. Nobody here reads anyone's data.
    assert found == {
        "operator": [200, 403, 403, 403, 403, 401],
        "steward": [200, 200, 403, 403, 403, 401],
        "security_officer": [200, 200, 200, 200, 403, 401],
        "auditor": [200, 200, 403, 403, 403, 401],
        "partner_viewer": [403, 403, 403, 403, 403, 401],
    }


async def test_whoever_is_disabled_or_has_a_new_password_is_out_at_once(door: Door) -> None:
    await add(door)
    async with browser(door) as client, door.running.client("host") as officer:
        await sign_in(client)
        assert (await client.get(HOME)).status_code == 200
        given = await officer.post("/v1/operators/amina/first-password")
        assert given.status_code == 201
        assert (await client.get(HOME)).status_code == 303
        assert (await sign_in(client)).status_code == 401
        await choose(client, given.json()["first_password"], NEW)
        assert (await client.get(HOME)).status_code == 200
        gone = await officer.post("/v1/operators/amina/disable")
        assert gone.json()["disabled_at"] is not None
        assert (await client.get(HOME)).status_code == 303
        assert (await sign_in(client, password=NEW)).status_code == 401
        assert [one["name"] for one in (await officer.get("/v1/operators")).json()] == ["amina"]
        for path in ("disable", "first-password"):
            assert (await officer.post(f"/v1/operators/nobody/{path}")).status_code == 404


async def test_a_session_ends_after_its_twelve_hours(door: Door) -> None:
    await add(door)
    async with browser(door) as client:
        await sign_in(client)
        async with door.running.platform.database.transaction() as tx:
            left = await tx.scalar(text("SELECT ends_at - now() FROM operator_sessions"))
            await tx.execute(text("UPDATE operator_sessions SET ends_at = now() - interval '1 second'"))
        assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)
        assert (await client.get(HOME)).status_code == 303


async def test_while_the_database_is_away_nobody_is_let_in_and_all_are_told_to_come_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(door)
    platform = door.running.platform
    away = Database(platform.settings.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:1/none"}))
    async with browser(door) as client:
        await sign_in(client)
        token = await door.as_("alpha")
        monkeypatch.setattr(platform, "database", away)
        asked = [
            await client.get(HOME),
            await sign_in(client),
            await client.get("/v1/partners"),
            await door.ask_token("beta"),
            await door.client.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=("beta", "wrong")),
        ]
        forwarded = await door.client.get("/registry/v1/echo", headers=token)
        monkeypatch.undo()
        assert [one.status_code for one in asked] == [503, 503, 503, 200, 503]
        assert {one.headers["retry-after"] for one in asked if one.status_code == 503} == {"5"}
        assert forwarded.status_code == 200  # the books are a few seconds old; after a minute they count for nothing
        assert (await client.get(HOME)).status_code == 200
    await away.close()


async def test_who_may_not_be_added_is_refused_with_the_reason(door: Door) -> None:
    await add(door)
    refused = {
        "operator_known": await add(door),
        "password_weak": await add(door, "brahim", password="short"),
        "invalid_request": await add(door, "brahim", "partner_viewer"),
    }
    assert {code: answer.json()["code"] for code, answer in refused.items()} == {code: code for code in refused}
    assert (await add(door, "brahim", "partner_viewer", partner="nobody")).json()["pointer"] == "/partner"
    assert (await add(door, "brahim", "king")).status_code == 422
    assert (await add(door, "Brahim\nlevel=info")).status_code == 422
    assert (await door.client.get("/v1/operators")).status_code == 401
    assert (await door.get("/v1/operators")).status_code == 403  # a partner


async def test_behind_tls_the_cookie_is_the_browsers_strictest(door: Door) -> None:
    await add(door)
    second = await second_process(door.running, public_url=HttpUrl("https://tekamoul.example"))
    try:
        async with httpx.AsyncClient(base_url=second.url, trust_env=False, timeout=20) as client:
            cookie = (await sign_in(client)).headers["set-cookie"]
    finally:
        await second.stop()

    assert re.fullmatch(
        r"__Host-tekamoul_session=[\w-]{43}; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure", cookie
    )


async def test_a_password_is_kept_as_argon2id_with_a_salt_of_its_own() -> None:
    first, second = await hashed(PASSWORD), await hashed(PASSWORD)

    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert await is_right(PASSWORD, first)
    assert not await is_right(PASSWORD + " ", first)
    assert not await is_right(PASSWORD, None)
    # A hash made by the reference implementation (phc-winner-argon2, its test vector of v=19, t=2, m=256, p=1).
    reference = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
    assert await is_right("password", reference)
    assert not await is_right("passwore", reference)
