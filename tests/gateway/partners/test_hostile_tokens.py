"""The hostile corpus: more than a hundred tokens and as many assertions, each refused, all with the same answer."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from gateway.limits import Failures
from shared.identity import Caller
from tests.gateway.conftest import Door
from tests.gateway.partners.conftest import claims_of, form_of, pair, signed
from tests.gateway.partners.hostile import hostile, made, plain
from tests.gateway.partners.test_obeying import token_of

TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
"""The same for all, so that the trace id in the answer does not tell two answers apart."""


async def test_no_hostile_token_opens_the_door_and_all_are_answered_alike(door: Door) -> None:
    ours = ECKey.import_key(json.loads(Path(door.secrets.env["TEKAMOUL_SIGNING_KEY_FILE"]).read_text()))
    claims = json.loads(_payload(await token_of(door, "alpha")))
    beta = json.loads(_payload(await token_of(door, "beta")))
    header = {"alg": "ES256", "typ": "at+jwt", "kid": ours.kid}
    corpus = hostile(ours, header, claims, int(time.time()), longest=4096)
    corpus |= {
        "typ missing": made({"alg": "ES256", "kid": ours.kid}, claims, ours, "ES256"),
        "typ of an assertion": made({**header, "typ": "JWT"}, claims, ours, "ES256"),
        "kid missing": made({"alg": "ES256", "typ": "at+jwt"}, claims, ours, "ES256"),
        "scope missing": made(header, {k: v for k, v in claims.items() if k != "scope"}, ours, "ES256"),
        "credential missing": made(header, {k: v for k, v in claims.items() if k != "credential"}, ours, "ES256"),
        "credential unknown": made(header, {**claims, "credential": str(beta["jti"])}, ours, "ES256"),
        "credential of another partner": made(header, {**claims, "credential": beta["credential"]}, ours, "ES256"),
        "bound to a certificate": made(header, {**claims, "cnf": {"x5t#S256": "A" * 43}}, ours, "ES256"),
        "a services' internal token": door.running.key.token(_internal()),
        "an assertion": signed(pair(), claims_of("alpha")),
        "the secret itself": door.credentials["alpha"]["client_secret"],
    }
    good = made(header, claims, ours, "ES256")
    # Another process's clock may be up to 5 s ahead of ours, or behind.
    now = int(time.time())
    corpus["made in five minutes"] = made(header, {**claims, "iat": now + 300, "exp": now + 900}, ours, "ES256")
    for name, skewed in {"ahead": {"iat": now + 4}, "behind": {"iat": now - 602, "exp": now - 2}}.items():
        token = made(header, {**claims, **skewed}, ours, "ES256")
        answer = await door.client.get("/v1/credentials", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, name
    assert len(corpus) >= 100
    baseline: dict[str, bytes] = {}

    for path in ("/registry/v1/echo", "/v1/events"):
        for name, token in corpus.items():
            answer = await door.client.get(
                path, headers={**TRACE, "Authorization": f"Bearer {token}".encode("latin-1")}
            )
            assert answer.status_code == 401, f"{path}: {name}: {answer.status_code}"
            assert answer.headers["www-authenticate"] == "Bearer", name
            assert answer.content == baseline.setdefault(path, answer.content), name
        assert (await door.client.get(path, headers={"Authorization": f"Bearer {good}"})).status_code == 200

    reached = [one for one in door.registry.seen if not one["path"].startswith("/health/")]
    assert len(reached) == 1  # the good one


async def test_no_hostile_assertion_gets_a_token_and_all_are_answered_alike(
    door: Door, officer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Failures, "MOST", 10_000)
    key, other, edwards = pair(), pair(), pair("OKP")
    kids: dict[str, str] = {}
    for name, partner, one in (("key", "alpha", key), ("other", "beta", other), ("edwards", "alpha", edwards)):
        body = {"public_key": one.as_dict(private=False)}
        added = await officer.post(f"/v1/partners/{partner}/keys", json=body)
        assert added.status_code == 201, added.text
        kids[name] = added.json()["kid"]
    revoked, waiting = pair(), pair()
    body = {"public_key": revoked.as_dict(private=False)}
    gone = (await officer.post("/v1/partners/alpha/keys", json=body)).json()["id"]
    await officer.post(f"/v1/partners/alpha/credentials/{gone}/revoke")
    body = {"public_key": waiting.as_dict(private=False), "not_before": "2999-01-01T00:00:00Z"}
    await officer.post("/v1/partners/alpha/keys", json=body)

    moment = int(time.time())
    header = {"alg": "ES256", "typ": "JWT", "kid": kids["key"]}
    claims = claims_of("alpha")

    def with_claims(**changes: Any) -> str:
        return signed(key, claims_of("alpha", **changes))

    used = with_claims()
    assert (await door.client.post("/oauth2/token", data=form_of(used))).status_code == 200
    assert isinstance(key, ECKey)
    corpus = hostile(key, header, claims, moment, longest=4096)
    corpus |= {
        "used before": used,
        "good for ten minutes": with_claims(exp=moment + 600),
        "good for ever": with_claims(exp=2**39),
        "exp infinite": with_claims(exp=1e300),
        "exp true": with_claims(exp=True),
        "ended ten seconds ago": with_claims(exp=moment - 10),
        "made ten minutes ago": with_claims(iat=moment - 600),
        "made in five minutes": with_claims(iat=moment + 300),
        "good in five minutes": with_claims(nbf=moment + 300),
        "jti short": with_claims(jti="1234567"),
        "jti long": with_claims(jti="j" * 201),
        "jti a number": with_claims(jti=12345678),
        "jti empty": with_claims(jti=""),
        "aud two": with_claims(aud=["tekamoul", "https://elsewhere.example"]),
        "aud the token endpoint of another": with_claims(aud="https://elsewhere.example/oauth2/token"),
        "iss another partner": with_claims(iss="beta"),
        "sub another partner": with_claims(sub="beta"),
        "another partner's, our key": signed(key, claims_of("beta")),
        "our claims, another partner's key": signed(other, claims_of("alpha")),
        "our claims, another partner's key by its name": signed(other, claims_of("alpha"), kid=kids["other"]),
        "the other key's name": signed(key, claims_of("alpha"), kid=kids["edwards"]),
        "EdDSA under the name of the P-256 key": signed(edwards, claims_of("alpha"), kid=kids["key"]),
        "a revoked key": signed(revoked, claims_of("alpha")),
        "a key that is not good yet": signed(waiting, claims_of("alpha")),
        "an access token": await token_of(door, "alpha"),
        "client id with a line break": with_claims(iss="alpha\nbeta", sub="alpha\nbeta"),
        "client id long": with_claims(iss="a" * 900, sub="a" * 900),
        "client id half a letter": made(header, b'{"sub":"\\ud800","iss":"\\ud800"}', key, "ES256"),
    }
    baseline = await door.client.post("/oauth2/token", data=form_of(signed(pair(), claims_of("alpha"))))
    assert (baseline.status_code, baseline.json()["error"]) == (401, "invalid_client")
    assert len(corpus) >= 100

    # Together: each makes the gateway look for news, which it does five times a second at the most.
    asked = (door.client.post("/oauth2/token", data=form_of(assertion)) for assertion in corpus.values())
    for name, answer in zip(corpus, await asyncio.gather(*asked), strict=True):
        assert (answer.status_code, answer.content) == (401, baseline.content), name
    withdrawing = await door.client.post("/oauth2/revoke", data=form_of(used, token="x"))
    assert (withdrawing.status_code, withdrawing.content) == (401, baseline.content)
    mismatch = form_of(with_claims(), client_id="beta")
    assert (await door.client.post("/oauth2/token", data=mismatch)).content == baseline.content
    assert (await door.client.post("/oauth2/token", data=form_of(with_claims()))).status_code == 200


def _payload(token: str) -> bytes:
    return plain(token.split(".")[1])


def _internal() -> Caller:
    return Caller("alpha", frozenset({"enrollments:read"}))
