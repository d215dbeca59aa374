"""Sessions at the dashboard: how many, how long they rest, and how people see and end their own."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime

import httpx
from sqlalchemy import text

from gateway.operators.roles import PERMISSIONS
from tests.gateway.conftest import Door
from tests.gateway.people import HOME, NEW, OWN, PASSWORD, add, browser, enter, sign_in, word_of

FRAGMENT, ENDING, SESSIONS = "/dashboard/fragment", f"{OWN}/sessions", "/v1/sign-in/sessions"


async def rested(door: Door, minutes: float) -> None:
    """As if nobody had asked for anything for so long."""
    async with door.running.platform.database.transaction() as tx:
        await tx.execute(text(f"UPDATE operator_sessions SET seen_at = seen_at - {minutes} * interval '1 minute'"))


async def seen(door: Door) -> list[datetime]:
    async with door.running.platform.database.transaction() as tx:
        return list(await tx.scalars(text("SELECT seen_at FROM operator_sessions ORDER BY began_at")))


async def test_a_session_that_rests_ends_but_for_the_screen_that_is_watched(door: Door) -> None:
    for role in PERMISSIONS:
        name = role.replace("_", "-")
        await add(door, name, role, **({"partner": "alpha"} if role == "partner_viewer" else {}))
        async with browser(door) as client:
            await enter(client, name, {})
            begin = "/dashboard/partners/alpha" if role == "partner_viewer" else HOME
            await rested(door, 29.5)
            assert (await client.get(begin)).status_code == 200, role
            await rested(door, 29.5)  # the request before counted
            assert (await client.get(begin)).status_code == 200, role
            await rested(door, 30.5)
            assert ((await client.get(begin)).status_code == 200) == (role == "operator"), role


async def test_what_a_page_asks_for_by_itself_keeps_no_session_awake(door: Door) -> None:
    await add(door, "zeinab", "auditor")
    async with browser(door) as client:
        await enter(client, "zeinab", {})
        await rested(door, 29)
        (before,) = await seen(door)
        assert (await client.get(FRAGMENT)).status_code == 200
        async with client.stream("GET", "/dashboard/stream") as stream:
            assert stream.status_code == 200
        assert await seen(door) == [before]
        await rested(door, 2)
        assert (await client.get(FRAGMENT)).status_code == 401
        assert (await client.get(HOME)).status_code == 303


async def test_a_use_is_written_down_once_a_minute(door: Door) -> None:
    await add(door)
    async with browser(door) as client:
        await sign_in(client)
        (first,) = await seen(door)
        await client.get(HOME)
        assert await seen(door) == [first]
        await rested(door, 1.1)
        await client.get(HOME)
        (later,) = await seen(door)
        assert later > first


async def test_one_has_five_sessions_and_the_next_ends_the_oldest(door: Door) -> None:
    await add(door)
    await add(door, "brahim")
    clients = [browser(door) for _ in range(7)]
    try:
        for client in clients[:6]:
            assert (await sign_in(client)).status_code == 303
        await sign_in(clients[6], "brahim")
        open_ = [(await client.get(HOME)).status_code for client in clients]
        assert open_ == [303, 200, 200, 200, 200, 200, 200]
        # Many at the same moment count one another.
        await asyncio.gather(*(sign_in(client) for client in clients[:6]))
        async with door.running.platform.database.transaction() as tx:
            held = "SELECT operator, count(*) FROM operator_sessions GROUP BY operator ORDER BY operator"
            assert [tuple(row) for row in await tx.execute(text(held))] == [("amina", 5), ("brahim", 1)]
    finally:
        await asyncio.gather(*(client.aclose() for client in clients))


async def test_signing_in_again_ends_the_session_that_the_browser_had(door: Door) -> None:
    await add(door)
    await add(door, "brahim")
    async with browser(door) as client:
        await sign_in(client)
        first = dict(client.cookies)
        await sign_in(client, "brahim")
        assert client.cookies["tekamoul_session"] != first["tekamoul_session"]
    async with browser(door, Cookie=f"tekamoul_session={first['tekamoul_session']}") as old:
        assert (await old.get(HOME)).status_code == 303
    async with door.running.platform.database.transaction() as tx:
        assert list(await tx.scalars(text("SELECT operator FROM operator_sessions"))) == ["brahim"]


async def test_people_see_their_sessions_and_end_them_with_their_password(door: Door) -> None:
    await add(door)
    await add(door, "brahim")
    async with browser(door, **{"Accept-Language": "en"}) as here, browser(door) as there, browser(door) as other:
        await sign_in(there)
        await sign_in(here)
        await sign_in(other, "brahim")
        told = (await here.get(SESSIONS)).json()
        assert [(one["here"], one["address"]) for one in told] == [(True, "127.0.0.1"), (False, "127.0.0.1")]
        page = await here.get(OWN)
        shown = re.findall(r'name="session" value="([0-9a-f]{64})"', page.text)
        assert shown == [one["id"] for one in told]
        assert page.text.count("(this browser)") == 1
        form = {"csrf": word_of(page.text), "session": shown[1]}
        foreign = (await other.get(SESSIONS)).json()[0]["id"]
        for change, status, said in (
            ({"proof": NEW}, 403, "The present password is wrong."),
            ({}, 403, "The present password is wrong."),
            ({"proof": PASSWORD, "csrf": "x"}, 403, "form_foreign"),
            ({"proof": PASSWORD, "session": foreign}, 404, "not_found"),
            ({"proof": PASSWORD, "session": "x"}, 404, "not_found"),
        ):
            answer = await here.post(ENDING, data=form | change)
            assert (answer.status_code, said in answer.text) == (status, True), change
        assert (await there.get(HOME)).status_code == 200
        done = await here.post(ENDING, data=form | {"proof": PASSWORD})
        assert (done.status_code, done.headers["location"]) == (303, f"{OWN}?done=session")
        assert "The session has ended." in (await here.get(done.headers["location"])).text
        assert [(await client.get(HOME)).status_code for client in (here, there, other)] == [200, 303, 200]

        # The same as JSON, with one's own session.
        here.headers["Tekamoul-Csrf"] = form["csrf"]
        end = f"{SESSIONS}/{shown[0]}/end"
        wrong: httpx.Response = await here.post(end, json={"proof": NEW})
        assert (wrong.status_code, wrong.json()["code"]) == (403, "password_wrong")
        assert (await here.post(f"{SESSIONS}/{foreign}/end", json={"proof": PASSWORD})).status_code == 404
        assert (await here.post(f"{SESSIONS}/zz/end", json={"proof": PASSWORD})).status_code == 422
        assert (await here.post(end, json={"proof": PASSWORD})).status_code == 204
        assert (await here.get(SESSIONS)).status_code == 401
        assert (await other.get(HOME)).status_code == 200
    assert (await door.get(SESSIONS)).status_code == 404  # a system has none


async def test_with_a_second_factor_a_code_ends_a_session(door: Door) -> None:
    await add(door, "zeinab", "steward")
    kept: dict[str, list[str]] = {}
    async with browser(door, **{"Accept-Language": "en"}) as client:
        await enter(client, "zeinab", kept)
        page = (await client.get(OWN)).text
        found = re.search(r'name="session" value="([0-9a-f]{64})"', page)
        assert found is not None
        form = {"csrf": word_of(page), "session": found.group(1)}
        refused = await client.post(ENDING, data=form | {"proof": PASSWORD})
        assert (refused.status_code, "The code is wrong" in refused.text) == (403, True)
        # A code that was good for an act which was refused is still good.
        nothing = await client.post(ENDING, data=form | {"session": "0" * 64, "proof": kept["zeinab"][0]})
        assert nothing.status_code == 404
        assert (await client.post(ENDING, data=form | {"proof": kept["zeinab"][0]})).status_code == 303
        assert (await client.get(HOME)).status_code == 303
