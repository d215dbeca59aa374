"""The second factor: whose role needs one, how it is taken up, shown and lost, and how a guesser is slowed down."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from gateway.operators import factors
from gateway.operators.factors import FactorKey, code_at, step_of, typed
from gateway.operators.roles import PERMISSIONS
from running import second_process
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
    code_of,
    enter,
    offered,
    recovery_codes,
    sign_in,
    word_of,
)

FACTOR, CODE, OWN_FACTOR = f"{SIGN_IN}/factor", f"{SIGN_IN}/code", f"{OWN}/factor"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [  # RFC 6238, appendix B, SHA1: the last six of its eight figures
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    secret, moment = b"12345678901234567890", datetime.fromtimestamp(seconds, UTC)

    assert code_at(secret, seconds // 30) == code
    for aside in (-30, 0, 30) if seconds > 90 else (0, 30):
        assert step_of(secret, code, datetime.fromtimestamp(seconds + aside, UTC), after=0) == seconds // 30
    for aside in (-61, 61) if seconds > 90 else (61,):
        assert step_of(secret, code, datetime.fromtimestamp(seconds + aside, UTC), after=0) is None
    assert step_of(secret, code, moment, after=seconds // 30) is None  # it was shown already
    assert factors.shown(secret) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    address = "otpauth://totp/Tekamoul:amina?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tekamoul"
    assert factors.address(secret, "amina") == address


@pytest.mark.parametrize("said", ["123456", "123 456", " 123-456\t", "١٢٣٤٥٦", "۱۲۳ ۴۵۶"])
def test_a_code_is_understood_in_the_figures_of_either_script(said: str) -> None:
    assert typed(said) == "123456"
    assert factors.is_code(typed(said))


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_code_or_is_not(said: str) -> None:
    assert factors.is_code(typed(said)) == bool(re.fullmatch("[0-9]{6}", typed(said)))


def test_a_secret_opens_only_under_its_key_for_its_purpose_and_whole(tmp_path: Path) -> None:
    files = [tmp_path / "one.key", tmp_path / "two.key"]
    for file, letter in zip(files, (b"1", b"2"), strict=True):
        file.write_bytes(letter * 32)
    key, other = (FactorKey(file) for file in files)
    secret = factors.new_secret()
    sealed = key.seal(secret, "of amina")

    assert key.open(sealed, "of amina") == secret
    assert secret not in sealed
    assert key.seal(secret, "of amina") != sealed
    assert key.open(sealed, "of brahim") is None
    assert other.open(sealed, "of amina") is None
    for place in range(len(sealed)):
        assert key.open(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :], "of amina") is None
    for short in (b"", sealed[:11], sealed[:27]):
        assert key.open(short, "of amina") is None


async def test_whose_role_reads_or_decides_has_no_session_without_a_second_factor(door: Door) -> None:
    needing = {"steward", "security_officer", "auditor"}
    for role in PERMISSIONS:
        name = role.replace("_", "-")
        await add(door, name, role, **({"partner": "alpha"} if role == "partner_viewer" else {}))
        async with browser(door) as client:
            led = await sign_in(client, name)
            assert (led.headers["location"] == FACTOR) == (role in needing), role
            assert ((await client.get(HOME)).status_code == 303) == (role in needing), role
            assert ((await client.get("/v1/overview")).status_code == 401) == (role in needing), role


async def test_a_factor_is_taken_up_and_every_code_opens_once(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    await add(door, "zeinab", "security_officer")
    async with browser(door, **{"Accept-Language": "fr"}) as client, browser(door) as other:
        await sign_in(client, "zeinab")
        await sign_in(other, "zeinab")
        page = await client.get(FACTOR)
        secret, form = offered(page.text)
        assert "Votre rôle demande un second facteur" in page.text
        assert "<script" not in page.text
        assert "style=" not in page.text
        assert f"otpauth://totp/Tekamoul:zeinab?secret={secret}" in page.text
        elsewhere = offered((await other.get(FACTOR)).text)[1]["offer"]
        now = code_of(secret)
        wrong = {
            "a code of another secret": ({"code": "000000" if now != "000000" else "000001"}, 403, "Le code est faux"),
            "no code": ({"code": ""}, 403, "Le code est faux"),
            "offered at another browser": ({"code": now, "offer": elsewhere}, 403, "form_foreign"),
            "offered by nobody": ({"code": now, "offer": "AAAA"}, 403, "form_foreign"),
            "no letters of an offer": ({"code": now, "offer": "é"}, 403, "form_foreign"),
            "another page": ({"code": now, "csrf": "x"}, 403, "form_foreign"),
        }
        for what, (change, status, told) in wrong.items():
            answer = await client.post(FACTOR, data=form | change)
            assert (answer.status_code, told in answer.text) == (status, True), what
            assert "tekamoul_session" not in answer.headers.get("set-cookie", ""), what
        done = await client.post(FACTOR, data=form | {"code": now})
        codes = recovery_codes(done.text)
        assert done.status_code == 200
        assert len(set(codes)) == 10
        assert all(re.fullmatch(r"([a-z2-7]{4}-){5}[a-z2-7]{4}", one) for one in codes)
        assert (await client.get(HOME)).status_code == 200
        assert (await client.post(FACTOR, data=form | {"code": now})).status_code == 403  # the step is done

        # The other browser had the password alone: now it must show the factor.
        assert (await other.get(FACTOR)).headers["location"] == SIGN_IN
        csrf = word_of((await other.get(CODE)).text)
        for used in (now, "000000", "", codes[0][:-1], "x" * 40):
            answer = await other.post(CODE, data={"csrf": csrf, "code": used})
            assert answer.status_code == 403, used
        await forget_failures(door)
        following = code_of(secret, 1)
        opened = await other.post(CODE, data={"csrf": csrf, "code": following})
        assert (opened.status_code, opened.headers["location"]) == (303, HOME)
        assert (await other.get(HOME)).status_code == 200

    async with browser(door) as client:
        await sign_in(client, "zeinab")
        csrf = word_of((await client.get(CODE)).text)
        assert (await client.post(CODE, data={"csrf": csrf, "code": following})).status_code == 403
        typed_otherwise = codes[3].upper().replace("-", " ")
        assert (await client.post(CODE, data={"csrf": csrf, "code": typed_otherwise})).status_code == 303
        await sign_in(client, "zeinab")
        csrf = word_of((await client.get(CODE)).text)
        assert (await client.post(CODE, data={"csrf": csrf, "code": codes[3]})).status_code == 403
        assert (await client.post(CODE, data={"csrf": csrf, "code": codes[4]})).status_code == 303

    # Neither the secret nor a code lies in the database or in a line of the log.
    async with door.running.platform.database.transaction() as tx:
        held = (await tx.execute(text("SELECT o::text FROM operators o"))).scalars().all()
        held += (await tx.execute(text("SELECT c::text FROM operator_recovery_codes c"))).scalars().all()
    lines = capsys.readouterr().out
    assert len(held) == 1 + 8
    for one in (secret, PASSWORD, now, *codes):
        assert one not in str(held)
        assert one not in lines
    assert lines.count('"recovery_code_used"') == 2
    assert '"left": 9' in lines


async def test_whoever_has_the_password_cannot_guess_the_code(door: Door) -> None:
    await add(door, "zeinab", "auditor")
    kept: dict[str, list[str]] = {}
    async with browser(door) as client:
        await enter(client, "zeinab", kept)
    async with browser(door) as guesser:
        codes = []
        for guess in range(6):
            await sign_in(guesser, "zeinab")  # a new sign-in each time begins no new count
            csrf = word_of((await guesser.get(CODE)).text)
            codes.append((await guesser.post(CODE, data={"csrf": csrf, "code": f"{guess:06d}"})).status_code)
        assert codes == [403] * 5 + [429]
        late = await guesser.post(CODE, data={"csrf": csrf, "code": kept["zeinab"][0]})  # the right one, too, must wait
        assert late.status_code == 429
        assert "<form" in late.text
        async with door.running.platform.database.transaction() as tx:
            waiting = "UPDATE sign_in_failures SET failures = 40, last_at = now() WHERE failures >= 5"
            await tx.execute(text(waiting))
        assert 890 <= int((await guesser.post(CODE, data={"csrf": csrf, "code": "1"})).headers["retry-after"]) <= 900
        await forget_failures(door)
        assert (await guesser.post(CODE, data={"csrf": csrf, "code": kept["zeinab"][0]})).status_code == 303


async def test_a_first_password_and_a_factor_follow_one_another(door: Door) -> None:
    async with door.running.client("host") as officer:
        new = {"name": "zeinab", "role": "steward"}
        first = (await officer.post("/v1/operators", json=new)).json()["first_password"]
        kept: dict[str, list[str]] = {}
        async with browser(door) as client:
            chosen = await choose(client, first, NEW, "zeinab")
            assert chosen.headers["location"] == FACTOR
            assert (await client.get(HOME)).status_code == 303
            await enter(client, "zeinab", kept, NEW)
            assert (await client.get(HOME)).status_code == 200
        # A first password again does not get around the factor.
        again = (await officer.post("/v1/operators/zeinab/first-password")).json()["first_password"]
        async with browser(door) as client:
            assert (await sign_in(client, "zeinab", again)).headers["location"] == CODE
            assert (await client.get(f"{SIGN_IN}/password")).headers["location"] == SIGN_IN
            csrf = word_of((await client.get(CODE)).text)
            at_password = {"csrf": csrf, "password": PASSWORD}
            assert (await client.post(f"{SIGN_IN}/password", data=at_password)).status_code == 403
            shown = await client.post(CODE, data={"csrf": csrf, "code": kept["zeinab"][0]})
            assert shown.headers["location"] == f"{SIGN_IN}/password"
            assert (await client.post(f"{SIGN_IN}/password", data=at_password)).headers["location"] == HOME


async def test_an_operator_may_have_a_factor_and_changes_it_by_the_one_before(door: Door) -> None:
    await add(door)
    async with browser(door, **{"Accept-Language": "en"}) as client, browser(door) as there:
        await sign_in(client)
        await sign_in(there)
        assert "You have no second factor." in (await client.get(OWN)).text
        secret, form = offered((await client.get(OWN_FACTOR)).text)
        form["code"] = code_of(secret)
        for change, told in (
            ({"proof": NEW}, "The present password is wrong."),
            ({}, "The present password is wrong."),
            ({"proof": PASSWORD, "code": "12345"}, "The code is wrong"),
            ({"proof": PASSWORD, "csrf": "x"}, "form_foreign"),
        ):
            answer = await client.post(OWN_FACTOR, data=form | change)
            assert (answer.status_code, told in answer.text) == (403, True), change
        done = await client.post(OWN_FACTOR, data=form | {"proof": PASSWORD})
        codes = recovery_codes(done.text)
        assert (done.status_code, len(codes)) == (200, 10)
        assert (await client.get(HOME)).status_code == 200
        assert (await there.get(HOME)).status_code == 303  # other sessions end
        assert "10 recovery codes are left" in (await client.get(OWN)).text
        assert (await sign_in(there)).headers["location"] == CODE

        # Another one in its place: the password is not enough any more.
        second, form = offered((await client.get(OWN_FACTOR)).text)
        form["code"] = code_of(second)
        refused = await client.post(OWN_FACTOR, data=form | {"proof": PASSWORD})
        assert (refused.status_code, "The code is wrong" in refused.text) == (403, True)
        done = await client.post(OWN_FACTOR, data=form | {"proof": codes[0]})
        assert len(recovery_codes(done.text)) == 10
        await sign_in(there)
        csrf = word_of((await there.get(CODE)).text)
        for old in (code_of(secret, 1), codes[1]):
            assert (await there.post(CODE, data={"csrf": csrf, "code": old})).status_code == 403
        assert (await there.post(CODE, data={"csrf": csrf, "code": code_of(second, 1)})).status_code == 303


async def test_a_lost_factor_is_taken_away_by_somebody_else(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    await add(door, "zeinab", "security_officer")
    await add(door, "amina", "auditor")
    kept: dict[str, list[str]] = {}
    async with browser(door) as officer, browser(door) as client:
        await enter(officer, "zeinab", kept)
        await enter(client, "amina", kept)
        officer.headers["Tekamoul-Csrf"] = word_of((await officer.get(SIGN_OUT)).text)
        listed = {one["name"]: one["factor_added_at"] for one in (await officer.get("/v1/operators")).json()}
        assert None not in listed.values()
        own = await officer.post("/v1/operators/zeinab/take-factor")
        assert (own.status_code, own.json()["pointer"]) == (422, "/name")
        assert (await officer.post("/v1/operators/nobody/take-factor")).status_code == 404
        taken = await officer.post("/v1/operators/amina/take-factor")
        assert (taken.status_code, taken.json()["factor_added_at"]) == (200, None)
        assert (await client.get(HOME)).status_code == 303
        assert (await sign_in(client, "amina")).headers["location"] == FACTOR  # the next one must be taken up
        assert (await officer.post("/v1/operators/amina/take-factor")).status_code == 200  # again changes nothing
        lines = capsys.readouterr().out
        assert lines.count('"operator_factor_taken"') == 1
        assert '"by": "operator:zeinab"' in lines
    async with door.running.client("host") as host:
        assert (await host.post("/v1/operators/zeinab/take-factor")).status_code == 200  # who holds the platform's key
    async with door.running.platform.database.transaction() as tx:
        assert await tx.scalar(text("SELECT count(*) FROM operator_recovery_codes")) == 0


async def test_under_another_key_recovery_codes_still_open(
    door: Door, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await add(door, "zeinab", "steward")
    async with browser(door) as client:
        await sign_in(client, "zeinab")
        secret, form = offered((await client.get(FACTOR)).text)
        codes = recovery_codes((await client.post(FACTOR, data=form | {"code": code_of(secret)})).text)
        other = tmp_path / "another.key"
        other.write_bytes(b"k" * 32)
        door.gateway.state.factor_key = FactorKey(other)
        await sign_in(client, "zeinab")
        csrf = word_of((await client.get(CODE)).text)
        assert (await client.post(CODE, data={"csrf": csrf, "code": code_of(secret, 1)})).status_code == 403
        assert '"factor_unreadable"' in capsys.readouterr().out
        assert (await client.post(CODE, data={"csrf": csrf, "code": codes[0]})).status_code == 303


async def test_a_code_shown_to_two_processes_at_once_opens_once(door: Door) -> None:
    await add(door, "zeinab", "auditor")
    kept: dict[str, list[str]] = {}
    async with browser(door) as client:
        await enter(client, "zeinab", kept)
    second = await second_process(door.running)
    try:
        clients = [browser(door), httpx.AsyncClient(base_url=second.url, trust_env=False, timeout=20)]
        words = []
        for client in clients:
            await sign_in(client, "zeinab")
            words.append(word_of((await client.get(CODE)).text))
        one, other = (
            client.post(CODE, data={"csrf": csrf, "code": kept["zeinab"][0]})
            for client, csrf in zip(clients, words, strict=True)
        )
        answers = await asyncio.gather(one, other)
        assert sorted(answer.status_code for answer in answers) == [303, 403]
        for client in clients:
            await client.aclose()
    finally:
        await second.stop()


async def forget_failures(door: Door) -> None:
    """As if the wait was over."""
    async with door.running.platform.database.transaction() as tx:
        await tx.execute(text("DELETE FROM sign_in_failures"))


def test_a_step_is_thirty_seconds() -> None:
    moment = int(time.time()) // 30 * 30
    assert {factors.step_at(datetime.fromtimestamp(moment + one, UTC)) for one in (0, 29)} == {moment // 30}
