"""private_key_jwt: partners that show an assertion signed with their own key, and change their keys by themselves."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.partners import commands
from gateway.partners.models import RevokedToken
from in_turn import in_turn
from tests.gateway.conftest import Door
from tests.gateway.partners.conftest import claims_of, form_of, pair, signed

FORM = {"grant_type": "client_credentials"}


async def add_key(client: httpx.AsyncClient, key: Any, path: str = "/v1/partners/alpha/keys") -> httpx.Response:
    return await client.post(path, json={"public_key": key.as_dict(private=False)})


@pytest.mark.parametrize("kind", ["EC", "OKP"])
async def test_a_signed_assertion_gets_a_token_once_in_all_processes(
    door: Door, second: httpx.AsyncClient, officer: httpx.AsyncClient, kind: str
) -> None:
    key = pair(kind)
    added = await add_key(officer, key)
    assert (added.status_code, added.json()["kid"]) == (201, key.thumbprint())

    # Asked at once of a process that has not been told of the key yet.
    answer = await second.post("/oauth2/token", data=form_of(signed(key, claims_of("alpha"))))
    assert (answer.status_code, answer.json()["expires_in"]) == (200, 600)
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await door.client.get("/registry/v1/echo", headers=headers)).status_code == 200

    variants: dict[str, dict[str, Any]] = {
        "the key named": {"header": {"kid": key.thumbprint()}},
        "aud in a list": {"claims": lambda: {"aud": ["tekamoul"]}},
        "the token's address as aud": {"claims": lambda: {"aud": "tekamoul/oauth2/token"}},
        "without iat": {"claims": lambda: {"iat": None}},
        "with nbf": {"claims": lambda: {"nbf": int(time.time())}},
        "a clock four seconds ahead": {"claims": lambda: {"iat": int(time.time()) + 4, "exp": int(time.time()) + 63}},
        "a clock four seconds behind": {"claims": lambda: {"exp": int(time.time()) - 3}},
        "the older name of Ed25519": {"header": {"alg": "EdDSA" if kind == "OKP" else "ES256"}},
        "another type": {"header": {"typ": "client-authentication+jwt"}},
        "client id beside it": {"form": {"client_id": "alpha"}},
        "a narrower scope": {"form": {"scope": "events:read"}},
    }
    for name, one in variants.items():
        assertion = signed(key, claims_of("alpha", **one.get("claims", dict)()), **one.get("header", {}))
        answer = await door.client.post("/oauth2/client/token", data=form_of(assertion, **one.get("form", {})))
        assert answer.status_code == 200, f"{name}: {answer.text}"

    # Twenty at once, half to each process, with one and the same assertion: one token.
    assertion = signed(key, claims_of("alpha"))
    clients = [door.client, second] * 5
    answers = await asyncio.gather(*(one.post("/oauth2/token", data=form_of(assertion)) for one in clients))
    assert sorted(one.status_code for one in answers) == [200] + [401] * 9


@in_turn(
    ("form", "error"),
    [
        ({"client_assertion": "a.b.c"}, "invalid_request"),
        ({"client_assertion": "a.b.c", "client_assertion_type": "saml2-bearer"}, "invalid_request"),
        ({"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "invalid_request"),
        ({**form_of("a.b.c"), "client_secret": "x", "client_id": "alpha"}, "invalid_request"),
    ],
)
async def test_what_is_not_one_clear_way_to_show_oneself_is_refused(
    door: Door, form: dict[str, str], error: str
) -> None:
    answer = await door.client.post("/oauth2/token", data={**FORM, **form})

    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_a_partner_changes_its_key_and_its_secret_without_a_failed_call(
    door: Door, officer: httpx.AsyncClient
) -> None:
    old, new = pair(), pair("OKP")
    first = (await add_key(officer, old)).json()
    answer = await door.client.post("/oauth2/token", data=form_of(signed(old, claims_of("alpha"))))
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    failed: list[int] = []
    done = asyncio.Event()
    signing = [old]

    async def keep_calling() -> None:
        while not done.is_set():
            key = signing[0]
            own = await door.client.post("/oauth2/token", data=form_of(signed(key, claims_of("alpha"))))
            token = own.json().get("access_token", "")
            call = await door.client.get("/registry/v1/echo", headers={"Authorization": f"Bearer {token}"})
            failed.extend(code for code in (own.status_code, call.status_code) if code != 200)

    calling = asyncio.create_task(keep_calling())
    own = await door.client.post(
        "/v1/credentials/keys", json={"public_key": new.as_dict(private=False)}, headers=headers
    )
    assert (own.status_code, own.json()["state"], own.json()["added_by"]) == (201, "good", "alpha")
    signing[0] = new  # type: ignore[assignment]
    await asyncio.sleep(0.3)
    answer = await door.client.post("/oauth2/token", data=form_of(signed(new, claims_of("alpha"))))
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    gone = await door.client.post(f"/v1/credentials/{first['id']}/revoke", headers=headers)
    assert gone.json()["state"] == "revoked"
    rotated = await door.client.post("/v1/credentials/rotate-secret", json={"overlap_hours": 1}, headers=headers)
    assert rotated.status_code == 201
    for secret in (door.credentials["alpha"]["client_secret"], rotated.json()["client_secret"]):
        assert (await door.client.post("/oauth2/token", data=FORM, auth=("alpha", secret))).status_code == 200
    done.set()
    await calling
    assert failed == []

    # Nothing of another partner's, and no secret is told again.
    beta = await door.as_("beta")
    assert (await door.client.get("/v1/credentials", headers=beta)).status_code == 403
    theirs = (await officer.get("/v1/partners/beta/credentials")).json()[0]["id"]
    unknown = await door.client.post(f"/v1/credentials/{first['id'][:-4]}ffff/revoke", headers=headers)
    foreign = await door.client.post(f"/v1/credentials/{theirs}/revoke", headers=headers)
    assert (foreign.status_code, foreign.json()["code"]) == (404, unknown.json()["code"])
    listed = (await door.client.get("/v1/credentials", headers=headers)).text
    assert rotated.json()["client_secret"] not in listed


async def test_only_a_usable_public_key_is_taken_and_none_twice(door: Door, officer: httpx.AsyncClient) -> None:
    key, edwards = ECKey.generate_key("P-256", private=True), OKPKey.generate_key("Ed25519", private=True)
    public = key.as_dict(private=False)
    wrong: dict[str, Any] = {
        "private": key.as_dict(private=True),
        "private, Ed25519": edwards.as_dict(private=True),
        "RSA": RSAKey.generate_key(2048).as_dict(private=False),
        "P-384": ECKey.generate_key("P-384").as_dict(private=False),
        "secp256k1": {**public, "crv": "secp256k1"},
        "X25519": {**edwards.as_dict(private=False), "crv": "X25519"},
        "symmetric": {"kty": "oct", "k": "c2VjcmV0"},
        "off the curve": {**public, "y": public["x"]},
        "short": {**edwards.as_dict(private=False), "x": "AAAA"},
        "an address of a certificate": {**public, "x5u": "https://elsewhere.example"},
        "a certificate": {**public, "x5c": ["MIIB"]},
        "for encryption": {**public, "use": "enc"},
        "x a number": {**public, "x": 1},
        "nothing": {},
    }
    for name, one in wrong.items():
        answer = await officer.post("/v1/partners/alpha/keys", json={"public_key": one})
        assert (answer.status_code, answer.json()["code"]) == (422, "key_unusable"), name

    assert (await add_key(officer, key)).status_code == 201
    assert (await add_key(officer, key)).json()["code"] == "key_known"
    assert (await add_key(officer, key, "/v1/partners/nobody/keys")).status_code == 404
    codes = [(await add_key(officer, pair("OKP"))).status_code for _ in range(9)]
    assert codes == [201] * 8 + [409]  # with its secret ten, the most


async def test_a_partner_with_keys_only_shows_no_secret(door: Door, officer: httpx.AsyncClient) -> None:
    key = pair()
    await add_key(officer, key)

    assert (await officer.patch("/v1/partners/alpha", json={"key_only": True})).json()["key_only"] is True

    assert (await door.client.post("/oauth2/token", data=form_of(signed(key, claims_of("alpha"))))).status_code == 200
    own = ("alpha", door.credentials["alpha"]["client_secret"])
    assert (await door.client.post("/oauth2/token", data=FORM, auth=own)).status_code == 401


async def test_used_assertions_and_withdrawn_tokens_are_forgotten_once_they_have_ended(door: Door) -> None:
    database, moment = door.running.platform.database, datetime.now(UTC)
    async with database.transaction() as tx:
        for jti, ends in (("ended", moment - timedelta(minutes=2)), ("good", moment + timedelta(minutes=1))):
            assert await commands.use_assertion(tx, "alpha", jti, ends)
            await commands.revoke_token(tx, "alpha", jti, ends)
    async with database.transaction() as tx:
        await commands.forget_ended(tx, moment)
    async with database.transaction() as tx:
        assert not await commands.use_assertion(tx, "alpha", "good", moment)
        assert await commands.use_assertion(tx, "alpha", "ended", moment)
        assert await tx.get(RevokedToken, "good") is not None
        assert await tx.get(RevokedToken, "ended") is None
        assert await commands.use_assertion(tx, "beta", "good", moment)  # each partner names its own
