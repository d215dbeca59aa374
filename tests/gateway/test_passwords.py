"""Passwords: which are refused, the first one that a person is given, and how she changes her own."""

from __future__ import annotations

import re

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from gateway.operators.passwords import is_weak
from gateway.operators.tokens import readable
from tests.gateway.conftest import Door
from tests.gateway.people import (
    HOME,
    NEW,
    OWN,
    PASSWORD,
    SIGN_IN,
    SIGN_OUT,
    add,
    browser,
    choose,
    enter,
    sign_in,
    word_of,
)

STEP = f"{SIGN_IN}/password"


@pytest.mark.parametrize(
    ("password", "weak"),
    [
        ("short-one-1", True),
        ("long-enough-1", False),
        ("a" * 40, True),
        ("my-name-is-Amina-1", True),
        ("x1" * 120, True),
        # Found where passwords were stolen, as they are in SecLists' lists of the most common ones.
        ("123456789012", True),
        ("Qwertyuiop123", True),
        ("passwordpassword", True),
        ("1q2w3e4r5t6y", True),
        # The platform's own words, in either script.
        ("vive-Taazour-2026!", True),
        ("elmaouna-csa-7351", True),
        ("تكافل-للجميع-أبدا", True),
        ("اختبار-طويل-بلا-اسم", False),
        ("half a letter \ud800 is no letter", False),
    ],
)
def test_a_weak_password_is_told(password: str, weak: bool) -> None:
    assert is_weak(password, "amina") is weak


@given(st.text(min_size=12, max_size=200), st.sampled_from(["tekavoul", "TEMWINE", "المعونة", "amina", "Nouakchott"]))
def test_no_letters_around_a_refused_word_make_it_good(around: str, word: str) -> None:
    middle = len(around) // 2
    assert is_weak(around[:middle] + word + around[middle:], "amina")


def test_a_first_password_is_random_and_can_be_read_out() -> None:
    drawn = {readable(5) for _ in range(1000)}

    assert len(drawn) == 1000
    assert all(re.fullmatch(r"([a-z2-7]{4}-){4}[a-z2-7]{4}", one) for one in drawn)
    assert {letter for one in drawn for letter in one} == set("abcdefghijklmnopqrstuvwxyz234567-")


async def test_a_first_password_is_told_once_and_leads_only_to_choosing_another(door: Door) -> None:
    async with door.running.client("host") as officer:
        added = await officer.post("/v1/operators", json={"name": "amina", "role": "operator"})
        first = added.json()["first_password"]
        assert re.fullmatch(r"([a-z2-7]{4}-){4}[a-z2-7]{4}", first)
        assert first not in (await officer.get("/v1/operators")).text
        by_account = await officer.post("/v1/operators", json={"name": "b", "role": "operator"})
        assert by_account.status_code == 422  # a name of one letter
        body = {"name": "brahim", "role": "operator", "account": "brahim@institution"}
        assert (await officer.post("/v1/operators", json=body)).json()["first_password"] is None

    async with browser(door, **{"Accept-Language": "fr"}) as client:
        led = await sign_in(client, password=first)
        assert (led.status_code, led.headers["location"]) == (303, STEP)
        cookie = led.headers["set-cookie"]
        halfway = re.fullmatch(
            r"tekamoul_sign_in=([\w-]{43}); Path=/dashboard/sign-in; Max-Age=600; HttpOnly; SameSite=Lax", cookie
        )
        assert halfway is not None, cookie
        # It is no session, under no name.
        for name in ("tekamoul_session", "tekamoul_sign_in"):
            as_session = {"Cookie": f"{name}={halfway.group(1)}"}
            assert (await client.get(HOME, headers=as_session)).status_code == 303
            assert (await client.get("/v1/traffic", headers=as_session)).status_code == 401

        page = await client.get(STEP)
        assert page.status_code == 200
        assert "Choisir un mot de passe" in page.text
        assert "<script" not in page.text
        csrf = word_of(page.text)
        for form, refused in (
            ({"csrf": "x", "password": NEW}, (403, "form_foreign")),
            ({"password": NEW}, (403, "form_foreign")),
        ):
            answer = await client.post(STEP, data=form)
            assert (answer.status_code, answer.json()["code"]) == refused
        for weak in ("motdepasse", first, "tekavoul-2026-long", "123456789012"):
            answer = await client.post(STEP, data={"csrf": csrf, "password": weak})
            assert answer.status_code == 422, weak
            assert "Mot de passe trop faible" in answer.text
        done = await client.post(STEP, data={"csrf": csrf, "password": NEW})
        assert (done.status_code, done.headers["location"]) == (303, HOME)
        assert (await client.get(HOME)).status_code == 200
        # The first one is worth nothing any more, and the step cannot be taken again.
        assert (await client.post(STEP, data={"csrf": csrf, "password": PASSWORD})).status_code == 403
        assert (await client.get(STEP)).headers["location"] == SIGN_IN
    async with browser(door) as client:
        assert (await sign_in(client, password=first)).status_code == 401
        assert (await sign_in(client, password=NEW)).headers["location"] == HOME


async def test_a_first_password_and_its_step_end(door: Door) -> None:
    async with door.running.client("host") as officer:
        first = (await officer.post("/v1/operators", json={"name": "amina", "role": "operator"})).json()[
            "first_password"
        ]
        database = door.running.platform.database
        async with browser(door) as client:
            await sign_in(client, password=first)
            csrf = word_of((await client.get(STEP)).text)
            async with database.transaction() as tx:
                left = await tx.scalar(text("SELECT password_until - now() FROM operators"))
                await tx.execute(text("UPDATE operator_sign_ins SET ends_at = now() - interval '1 second'"))
            assert 2.99 < left.total_seconds() / 86_400 <= 3
            assert (await client.get(STEP)).status_code == 303
            assert (await client.post(STEP, data={"csrf": csrf, "password": NEW})).status_code == 403

            await sign_in(client, password=first)
            csrf = word_of((await client.get(STEP)).text)
            async with database.transaction() as tx:
                await tx.execute(text("UPDATE operators SET password_until = now() - interval '1 second'"))
            assert (await client.post(STEP, data={"csrf": csrf, "password": NEW})).status_code == 403
            assert (await sign_in(client, password=first)).status_code == 401

            # Another one; whoever is disabled on the way does not arrive.
            again = (await officer.post("/v1/operators/amina/first-password")).json()["first_password"]
            await sign_in(client, password=again)
            csrf = word_of((await client.get(STEP)).text)
            assert (await officer.post("/v1/operators/amina/disable")).status_code == 200
            assert (await client.post(STEP, data={"csrf": csrf, "password": NEW})).status_code == 403


async def test_nobody_but_the_host_says_which_password_somebody_has(door: Door) -> None:
    await add(door, "zeinab", "security_officer")
    async with browser(door) as client:
        await enter(client, "zeinab", {})
        client.headers["Tekamoul-Csrf"] = word_of((await client.get(SIGN_OUT)).text)
        body = {"name": "amina", "role": "operator"}
        refused = await client.post("/v1/operators", json=body | {"password": PASSWORD})
        assert (refused.status_code, refused.json()["pointer"]) == (422, "/password")
        first = (await client.post("/v1/operators", json=body)).json()["first_password"]
    async with browser(door) as other:
        assert (await choose(other, first)).headers["location"] == HOME


async def test_a_person_changes_her_password_and_her_other_sessions_end(door: Door) -> None:
    await add(door)
    async with browser(door, **{"Accept-Language": "en"}) as here, browser(door) as there:
        await sign_in(here)
        await sign_in(there)
        page = await here.get(OWN)
        csrf = word_of(page.text)
        assert "My way in" in page.text
        form = {"csrf": csrf, "old": PASSWORD, "new": NEW}
        for change, status, told in (
            ({"csrf": "x"}, 403, "form_foreign"),
            ({"old": NEW}, 403, "The present password is wrong."),
            ({"new": PASSWORD}, 422, "too weak"),
            ({"new": "short"}, 422, "too weak"),
        ):
            answer = await here.post(f"{OWN}/password", data=form | change)
            assert (answer.status_code, told in answer.text) == (status, True), change
        assert (await there.get(HOME)).status_code == 200
        done = await here.post(f"{OWN}/password", data=form)
        assert (done.status_code, done.headers["location"]) == (303, f"{OWN}?done=password")
        assert "your other sessions have ended" in (await here.get(done.headers["location"])).text
        assert (await there.get(HOME)).status_code == 303
        assert (await sign_in(there)).status_code == 401

        # The same as JSON.
        here.headers["Tekamoul-Csrf"] = csrf
        answers = {
            "password_wrong": await here.post("/v1/sign-in/password", json={"old": PASSWORD, "new": "x" * 20}),
            "password_weak": await here.post("/v1/sign-in/password", json={"old": NEW, "new": "x" * 20}),
        }
        assert {code: answer.json()["code"] for code, answer in answers.items()} == {code: code for code in answers}
        back = {"old": NEW, "new": "une-troisième-phrase"}
        assert (await here.post("/v1/sign-in/password", json=back)).status_code == 204
        assert (await here.get(HOME)).status_code == 200
        del here.headers["Tekamoul-Csrf"]
        foreign = await here.post("/v1/sign-in/password", json=back)
        assert (foreign.status_code, foreign.json()["code"]) == (403, "form_foreign")


async def test_whoever_sits_at_anothers_session_cannot_guess_the_password_without_end(door: Door) -> None:
    await add(door)
    async with browser(door) as client:
        await sign_in(client)
        csrf = word_of((await client.get(OWN)).text)
        form = {"csrf": csrf, "old": "guess", "new": NEW}
        codes = [(await client.post(f"{OWN}/password", data=form)).status_code for _ in range(6)]
        assert codes == [403] * 5 + [429]
        late = await client.post(f"{OWN}/password", data=form | {"old": PASSWORD})
        assert (late.status_code, int(late.headers["retry-after"]) >= 1) == (429, True)


async def test_a_system_and_whoever_has_an_account_alone_have_no_password_to_change(door: Door) -> None:
    body = {"old": PASSWORD, "new": NEW}
    system = await door.client.post("/v1/sign-in/password", json=body, headers=await door.as_("alpha"))
    nobody = await door.client.post("/v1/sign-in/password", json=body)
    assert (system.status_code, nobody.status_code) == (404, 401)
    led: httpx.Response = await door.client.get(OWN)
    assert (led.status_code, led.headers["location"]) == (303, SIGN_IN)
