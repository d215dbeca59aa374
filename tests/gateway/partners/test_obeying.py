"""What one gateway process is told, all obey within a second; and the database, not the file, says who may call."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from cli.credentials import ensure_gateway_secrets
from running import second_process, until
from tests.gateway.conftest import Door, gateway_files

ECHO = "/registry/v1/echo"


async def status(client: httpx.AsyncClient, token: str, path: str = ECHO) -> int:
    return (await client.get(path, headers={"Authorization": f"Bearer {token}"})).status_code


async def token_of(door: Door, partner: str, secret: str | None = None, **form: str) -> str:
    secret = secret or door.credentials[partner]["client_secret"]
    form = {"grant_type": "client_credentials", **form}
    answer = await door.client.post("/oauth2/token", data=form, auth=(partner, secret))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def seconds_until(clients: list[httpx.AsyncClient], token: str, wanted: int) -> float:
    """How long it takes until each process answers so."""
    begun = time.monotonic()

    async def all_say_so() -> bool:
        return all([await status(client, token) == wanted for client in clients])

    await until(all_say_so, what=f"{wanted} from every process", every=0.01)
    return time.monotonic() - begun


async def test_a_revocation_is_obeyed_by_every_process_within_a_second(
    door: Door, second: httpx.AsyncClient, officer: httpx.AsyncClient
) -> None:
    clients = [door.client, second]
    taken: list[float] = []

    async def obeyed(token: str, wanted: int) -> None:
        taken.append(await seconds_until(clients, token, wanted))

    beta = await token_of(door, "beta")
    first, other = await token_of(door, "alpha"), await token_of(door, "alpha")
    assert [await status(client, first) for client in clients] == [200, 200]

    # One token alone, by its own partner.
    own = ("alpha", door.credentials["alpha"]["client_secret"])
    assert (await second.post("/oauth2/revoke", data={"token": beta}, auth=own)).status_code == 200
    assert (await second.post("/oauth2/revoke", data={"token": "nonsense"}, auth=own)).status_code == 200
    assert (await second.post("/oauth2/revoke", data={"token": first}, auth=own)).status_code == 200
    await obeyed(first, 401)
    assert [await status(client, token) for client in clients for token in (other, beta)] == [200] * 4

    # The partner as a whole, and back.
    answer = await officer.post("/v1/partners/alpha/suspend", json={"reason": "a stolen laptop"})
    assert (answer.status_code, answer.json()["suspended_because"]) == (200, "a stolen laptop")
    await obeyed(other, 401)
    refused = await second.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=own)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert await status(second, beta) == 200
    assert (await officer.post("/v1/partners/alpha/resume")).json()["suspended_at"] is None
    await obeyed(other, 200)

    # What it may do.
    assert (await officer.patch("/v1/partners/alpha", json={"permissions": ["imports:write"]})).status_code == 200

    async def narrower() -> bool:
        return await status(second, other, "/v1/events") == 403

    await until(narrower, what="the permission to be gone")

    # A secret: the token got with it goes, one got with another stays.
    rotated = (await officer.post("/v1/partners/alpha/rotate-secret", json={})).json()
    later = await token_of(door, "alpha", rotated["client_secret"])
    held = (await officer.get("/v1/partners/alpha/credentials")).json()
    assert [(one["kind"], one["state"]) for one in held] == [("secret", "good"), ("secret", "good")]
    (old,) = [one for one in held if one["id"] != rotated["credential"]["id"]]
    hours = datetime.fromisoformat(old["ends_at"]) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=55) < hours <= timedelta(hours=24)
    revoked = await officer.post(f"/v1/partners/alpha/credentials/{old['id']}/revoke")
    assert (revoked.status_code, revoked.json()["state"]) == (200, "revoked")
    await obeyed(other, 401)
    assert [await status(client, later) for client in clients] == [200, 200]
    assert (
        await door.client.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=own)
    ).status_code == 401

    assert sorted(taken)[1] < 1, taken  # a busy machine may make one of them wait


async def test_a_change_nobody_announced_is_seen_at_the_next_look(door: Door) -> None:
    token = await token_of(door, "alpha")
    assert await status(door.client, token) == 200

    async with door.running.platform.database.transaction() as tx:
        await tx.execute(text("UPDATE partners SET suspended_at = now() WHERE id = 'alpha'"))

    assert await seconds_until([door.client], token, 401) < 15


async def test_the_database_is_the_truth_and_a_file_adds_only_whom_it_does_not_know(
    door: Door, officer: httpx.AsyncClient
) -> None:
    changed = await officer.patch("/v1/partners/alpha", json={"limits": {**_limits(7)}})
    assert changed.json()["limits"] == _limits(7)
    file = Path(door.secrets.env["TEKAMOUL_PARTNERS_FILE"])
    renamed = file.read_text().replace(
        'names = { ar = "ألف", fr = "Alpha", en = "Alpha" }', 'names = { ar = "أ", fr = "A", en = "A" }'
    )
    file.write_text(renamed + '[gamma]\nnames = { ar = "ج", fr = "G", en = "G" }\npermissions = ["events:read"]\n')
    file.write_text(file.read_text() + "limits = { requests_per_second = 1, burst = 1, concurrent = 1 }\n")
    again = ensure_gateway_secrets(file.parent)

    third = await second_process(door.running, **{name: Path(file) for name, file in gateway_files(again).items()})
    try:
        async with third.client("operator") as client:
            found = (await client.get("/v1/partners")).json()["items"]
    finally:
        await third.stop()

    assert [one["id"] for one in found] == ["alpha", "beta", "gamma", "keeper", "mute", "tight"]
    alpha, gamma = found[0], found[2]
    assert (alpha["names"]["en"], alpha["limits"]["burst"], alpha["added_by"]) == ("Alpha", 7, "file")
    assert gamma["names"]["en"] == "G"
    door._tokens.clear()
    secret = json.loads(again.credentials_file.read_text())["gamma"]["client_secret"]

    async def known() -> bool:  # the first process hears of it, too
        answer = await door.client.post(
            "/oauth2/token", data={"grant_type": "client_credentials"}, auth=("gamma", secret)
        )
        return answer.status_code == 200

    await until(known, what="the new partner to be known")


def _limits(burst: int) -> dict[str, Any]:
    return {"requests_per_second": 1000.0, "burst": burst, "concurrent": 100}


async def test_a_sandbox_partner_and_a_real_one_never_meet(door: Door, officer: httpx.AsyncClient) -> None:
    new = {
        "id": "trial",
        "names": {"ar": "تجربة", "fr": "Essai", "en": "Trial"},
        "permissions": ["enrollments:read"],
        "limits": {"requests_per_second": 10, "burst": 10, "concurrent": 2},
        "sandbox": True,
    }
    assert (await officer.post("/v1/partners", json=new)).status_code == 201
    assert (await officer.post("/v1/partners", json=new)).json()["code"] == "partner_known"
    secret = (await officer.post("/v1/partners/trial/rotate-secret", json={})).json()["client_secret"]
    form = {"grant_type": "client_credentials"}
    sandbox = await second_process(door.running, sandbox=True)
    try:
        async with httpx.AsyncClient(base_url=sandbox.url, trust_env=False, timeout=20) as there:
            own = await there.post("/oauth2/token", data=form, auth=("trial", secret))
            assert own.status_code == 200
            token = own.json()["access_token"]
            assert await status(there, token) == 200
            # Its secret and its token are nothing at the real door, to the byte what an unknown client's are.
            refused = await door.client.post("/oauth2/token", data=form, auth=("trial", secret))
            unknown = await door.client.post("/oauth2/token", data=form, auth=("nobody", secret))
            assert (refused.status_code, refused.content) == (401, unknown.content)
            assert await status(door.client, token) == 401
            # And a real partner's are nothing in the sandbox.
            real = await token_of(door, "alpha")
            assert await status(there, real) == 401
            alpha = ("alpha", door.credentials["alpha"]["client_secret"])
            assert (await there.post("/oauth2/token", data=form, auth=alpha)).status_code == 401
    finally:
        await sandbox.stop()


async def test_a_process_that_cannot_read_its_books_believes_nobody_for_long(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await token_of(door, "alpha")
    monkeypatch.setattr(door.gateway._tokens._changes, "age", lambda: 61.0)

    answer = await door.client.get(ECHO, headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
