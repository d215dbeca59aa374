"""Our own keys: rotated by a command without a failed call, kept in memory where the file cannot be read."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.credentials import rotate_signing_key
from gateway.partners.file import NotConfigured
from gateway.partners.signing import SigningKeys
from running import until
from tests.gateway.conftest import Door
from tests.gateway.partners.test_obeying import status, token_of


def kid_of(token: str) -> str:
    header = token.split(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])


async def work_of(door: Door) -> dict[str, Any]:
    found: dict[str, Any] = (await door.client.get("/health/status?alone=true")).json()["work"]
    return found


async def test_our_key_rotates_without_a_failed_call_in_any_process(door: Door, second: httpx.AsyncClient) -> None:
    file = Path(door.secrets.env["TEKAMOUL_SIGNING_KEY_FILE"])
    before = await token_of(door, "alpha")
    own = ("alpha", door.credentials["alpha"]["client_secret"])
    clients, failed, seen, done = [door.client, second], [], set(), asyncio.Event()

    async def keep_calling() -> None:
        turn = 0
        while not done.is_set():
            turn += 1
            form = {"grant_type": "client_credentials"}
            got = await clients[turn % 2].post("/oauth2/token", data=form, auth=own)
            token = got.json().get("access_token", "..")
            seen.add(kid_of(token) if got.status_code == 200 else "none")
            # Shown to the other process at once, whose file may be the old one still.
            codes = [await status(clients[(turn + 1) % 2], one) for one in (token, before)]
            failed.extend(code for code in (got.status_code, *codes) if code != 200)

    calling = asyncio.create_task(keep_calling())
    new = rotate_signing_key(file)

    async def both_sign_with_it() -> bool:
        return new in seen and all([kid_of(await _token(client, own)) == new for client in clients])

    await until(both_sign_with_it, what="both processes to sign with the new key")
    done.set()
    await calling
    assert failed == []
    assert seen == {kid_of(before), new}
    keys = (await second.get("/.well-known/jwks.json")).json()["keys"]
    assert {one["kid"] for one in keys} == {kid_of(before), new}
    assert not any("d" in one for one in keys)

    # A file that is spoiled or gone changes nothing, and the health page says so until it is whole again.
    whole = file.read_text()
    assert "signing_keys_unreadable" not in await work_of(door)
    for spoil in (lambda: file.write_text("{}"), file.unlink):
        spoil()

        async def told() -> bool:
            return (await work_of(door)).get("signing_keys_unreadable") == 1

        await until(told, what="the health page to say so")
        assert await status(door.client, before) == 200
        assert kid_of(await token_of(door, "alpha")) == new
        file.write_text(whole)
        file.chmod(0o600)

        async def well() -> bool:
            return "signing_keys_unreadable" not in await work_of(door)

        await until(well, what="the health page to be at rest")


async def _token(client: httpx.AsyncClient, own: tuple[str, str]) -> str:
    answer = await client.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=own)
    return str(answer.json()["access_token"])


def test_a_key_signs_from_its_time_on_and_verifies_until_its_last_token_has_ended(
    gateway_secrets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(gateway_secrets.env["TEKAMOUL_SIGNING_KEY_FILE"])
    keys = SigningKeys(file)
    old, start = keys.signing().kid, time.time()

    new = rotate_signing_key(file, after=300)

    assert keys.look()
    assert keys.signing().kid == old  # every process is to have it before
    assert {one["kid"] for one in keys.public()["keys"]} == {old, new}
    monkeypatch.setattr("time.time", lambda: start + 301)
    assert keys.signing().kid == new
    assert keys.verifying(old) is not None
    monkeypatch.setattr("time.time", lambda: start + 300 + 600 + 5)  # the last token it signed has just ended
    assert keys.verifying(old) is not None
    monkeypatch.setattr("time.time", lambda: start + 300 + 662)
    assert keys.verifying(old) is None
    assert [one["kid"] for one in keys.public()["keys"]] == [new]
    rotate_signing_key(file)  # the one past its end is left out
    assert len(json.loads(file.read_text())["keys"]) == 2
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_store_of_keys_that_cannot_be_read_or_signs_with_nothing_stops_the_start(
    gateway_secrets: Any, tmp_path: Path
) -> None:
    file = Path(gateway_secrets.env["TEKAMOUL_SIGNING_KEY_FILE"])
    ours = json.loads(file.read_text())
    moment = int(time.time())
    for held in (
        {"keys": []},
        {"keys": [ours, ours]},
        {"keys": [{**ours, "nbf": moment + 60}]},
        {"keys": [{**ours, "exp": moment - 1}]},
        {"keys": ["x"]},
        [ours],
    ):
        file.write_text(json.dumps(held))
        with pytest.raises(NotConfigured, match="cannot be read"):
            SigningKeys(file)
    with pytest.raises(NotConfigured, match="No such file"):
        SigningKeys(tmp_path / "absent.json")
