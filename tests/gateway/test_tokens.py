"""Tokens: who gets one, and which ones open the door."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from cli.credentials import GatewaySecrets, NoToken, ensure_gateway_secrets, fetch_token
from gateway.changes import Changes
from gateway.partners.books import Books, Held
from gateway.partners.file import load_partners
from gateway.partners.signing import SigningKeys
from gateway.partners.tokens import Tokens
from in_turn import in_turn
from shared.ids import new_id
from tests.gateway.conftest import Door

FORM = {"grant_type": "client_credentials"}


async def test_a_client_gets_a_token_of_ten_minutes_by_basic(door: Door) -> None:
    answer = await door.ask_token("alpha")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 600)
    assert body["scope"] == "credentials:write enrollments:read events:read households:read imports:write"
    keys = (await door.client.get("/.well-known/jwks.json")).json()["keys"]
    assert [sorted(key) for key in keys] == [["alg", "crv", "kid", "kty", "use", "x", "y"]]
    token = jwt.decode(body["access_token"], ECKey.import_key(keys[0]), algorithms=["ES256"])
    assert token.header == {"alg": "ES256", "typ": "at+jwt", "kid": keys[0]["kid"]}
    assert (token.claims["iss"], token.claims["aud"], token.claims["sub"]) == ("tekamoul", "tekamoul", "alpha")
    assert token.claims["exp"] - token.claims["iat"] == 600
    assert (
        token.claims["jti"]
        != jwt.decode(
            (await door.ask_token("alpha")).json()["access_token"], ECKey.import_key(keys[0]), algorithms=["ES256"]
        ).claims["jti"]
    )


@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/client/token"])
async def test_a_client_gets_a_token_by_post_at_both_addresses(door: Door, path: str) -> None:
    answer = await door.client.post(path, data={**FORM, **door.credentials["beta"]})

    assert answer.status_code == 200


async def test_scope_narrows_what_the_token_may_do(door: Door) -> None:
    narrow = await door.ask_token("alpha", scope="enrollments:read")

    assert narrow.json()["scope"] == "enrollments:read"
    headers = {"Authorization": f"Bearer {narrow.json()['access_token']}"}
    refused = await door.client.get("/v1/events", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")


@in_turn(
    ("form", "auth", "status", "error"),
    [
        ({"grant_type": "client_credentials"}, ("alpha", "wrong"), 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, ("nobody", "wrong"), 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, None, 401, "invalid_client"),
        ({"grant_type": "password"}, "right", 400, "unsupported_grant_type"),
        ({"scope": "events:read"}, "right", 400, "invalid_request"),
        ({"grant_type": "client_credentials", "client_secret": "x"}, "right", 400, "invalid_request"),
        ({"grant_type": "client_credentials", "client_id": "beta"}, "right", 400, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": "households:write"}, "right", 400, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": "internal"}, "right", 400, "invalid_scope"),
    ],
)
async def test_refused_token_requests_answer_as_rfc_6749_says(
    door: Door, form: dict[str, str], auth: Any, status: int, error: str
) -> None:
    given = ("alpha", door.credentials["alpha"]["client_secret"]) if auth == "right" else auth

    answer = await door.client.post("/oauth2/token", data=form, auth=given, headers={"Accept-Language": "ar"})

    body = answer.json()
    assert (answer.status_code, body["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"
    assert body["error_description"].isascii()
    assert any("\u0600" <= letter <= "\u06ff" for letter in body["title"])
    assert ("www-authenticate" in answer.headers) == (status == 401 and auth is not None)


@in_turn(
    ("content", "kind"),
    [
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"grant_type=client_credentials&grant_type=client_credentials", "application/x-www-form-urlencoded"),
        (b"grant_type=client_credentials&x=" + b"a" * 20_000, "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
    ],
)
async def test_what_is_not_one_clear_form_is_refused(door: Door, content: bytes, kind: str) -> None:
    own = door.credentials["alpha"]

    answer = await door.client.post(
        "/oauth2/token", content=content, headers={"Content-Type": kind}, auth=("alpha", own["client_secret"])
    )

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_ten_wrong_secrets_in_a_minute_stop_that_client_and_no_other(door: Door) -> None:
    for _ in range(10):
        assert (await door.client.post("/oauth2/token", data=FORM, auth=("alpha", "guess"))).status_code == 401

    eleventh = await door.ask_token("alpha")

    assert (eleventh.status_code, eleventh.json()["code"]) == (429, "too_many_failures")
    assert 1 <= int(eleventh.headers["retry-after"]) <= 60
    assert (await door.ask_token("beta")).status_code == 200


def _encode(header: dict[str, Any], claims: dict[str, Any], key: ECKey) -> str:
    from joserfc.jws import JWSRegistry, serialize_compact

    registry = JWSRegistry(algorithms=["ES256"], strict_check_header=False)
    return serialize_compact(header, json.dumps(claims).encode(), key, algorithms=["ES256"], registry=registry)


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = [json.dumps(part).encode() for part in (header, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def _forgeries(secrets: GatewaySecrets, credential: str) -> dict[str, str]:
    ours = ECKey.import_key(json.loads(Path(secrets.env["TEKAMOUL_SIGNING_KEY_FILE"]).read_text()))
    theirs = ECKey.generate_key("P-256", private=True)
    moment = int(time.time())
    header = {"alg": "ES256", "typ": "at+jwt", "kid": ours.kid}
    claims = {
        "iss": "tekamoul",
        "aud": "tekamoul",
        "sub": "alpha",
        "iat": moment,
        "exp": moment + 600,
        "jti": "1",
        "scope": "enrollments:read",
        "credential": credential,
    }
    good = _encode(header, claims, ours)
    first, _, rest = good.partition(".")
    payload, _, signature = rest.partition(".")
    richer = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "beta"}).encode()).rstrip(b"=").decode()
    return {
        "good": good,
        "expired": _encode(header, {**claims, "iat": moment - 700, "exp": moment - 100}, ours),
        "other audience": _encode(header, {**claims, "aud": "elsewhere"}, ours),
        "other issuer": _encode(header, {**claims, "iss": "elsewhere"}, ours),
        "no expiry": _encode(header, {key: value for key, value in claims.items() if key != "exp"}, ours),
        "unknown partner": _encode(header, {**claims, "sub": "nobody"}, ours),
        "another key": _encode(header, claims, theirs),
        "jku": _encode({**header, "jku": "https://elsewhere.example/keys"}, claims, ours),
        "x5u": _encode({**header, "x5u": "https://elsewhere.example/cert"}, claims, ours),
        "embedded key": _encode({**header, "jwk": theirs.as_dict(private=False)}, claims, theirs),
        "no type": _encode({"alg": "ES256", "kid": ours.kid}, claims, ours),
        "alg none": _unsigned({**header, "alg": "none"}, claims),
        "alg HS256": _unsigned({**header, "alg": "HS256"}, claims) + "AAAA",
        "tampered": f"{first}.{richer}.{signature}",
        "cut": f"{first}.{payload}",
        "nonsense": "%%%",
        "deep header": base64.urlsafe_b64encode(b"[" * 2900).decode().rstrip("=") + ".e30.x",
        "long": "a" * 5000,
    }


def _credential_of(headers: dict[str, str]) -> str:
    """By which credential the partner got its token, as the token says."""
    payload = headers["Authorization"].split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["credential"])


async def test_only_our_own_whole_valid_tokens_open_the_door(door: Door) -> None:
    forgeries = _forgeries(door.secrets, _credential_of(await door.as_("alpha")))
    good = forgeries.pop("good")

    opened = await door.client.get("/registry/v1/echo", headers={"Authorization": f"Bearer {good}"})
    assert opened.status_code == 200
    for path in ("/registry/v1/echo", "/v1/events"):
        for name, token in forgeries.items():
            answer = await door.client.get(path, headers={"Authorization": f"Bearer {token}"})
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), name
            assert answer.headers["www-authenticate"] == "Bearer"
    assert len(door.registry.seen) == 1 + door_looks(door)


def door_looks(door: Door) -> int:
    """Requests that the gateway itself made to see whether the registry is ready."""
    return sum(1 for one in door.registry.seen if one["path"].startswith("/health/"))


@in_turn("authorization", [None, "", "Bearer", "Basic YWxwaGE6eA==", "bearer\tx"])
async def test_no_bearer_token_is_401(door: Door, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization is not None else {}

    answer = await door.client.get("/registry/v1/echo", headers=headers)

    assert answer.status_code == 401


async def test_a_services_internal_token_does_not_open_the_door(door: Door) -> None:
    async with door.running.client("registry") as client:
        assert (await client.get("/registry/v1/echo")).status_code == 401
        assert (await client.get("/v1/events")).status_code == 401


def test_a_verified_token_is_forgotten_when_it_ends_and_the_memory_is_bounded(
    gateway_secrets: GatewaySecrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    partners = load_partners(Path(gateway_secrets.env["TEKAMOUL_PARTNERS_FILE"]))
    books = Books(sandbox=False)
    held = Held(new_id(), "alpha", b"1" * 32, None, None, datetime(2026, 1, 1, tzinfo=UTC), None)
    books.keep(partners, {held.id: held}, frozenset())
    keys = SigningKeys(Path(gateway_secrets.env["TEKAMOUL_SIGNING_KEY_FILE"]))
    changes = Changes([])
    changes._read_at = time.monotonic()  # as after a reading
    tokens = Tokens(keys, books, "tekamoul", changes)
    monkeypatch.setattr("gateway.partners.tokens.VERIFIED_TOKENS", 3)
    issued = [tokens.issue(partners["alpha"], frozenset({"events:read"}), held.id) for _ in range(5)]

    for token in issued:
        assert tokens.verify(token)[1].permissions == {"events:read"}

    assert len(tokens._verified) == 3
    start = time.time()
    assert max(one.until for one in tokens._verified.values()) <= start + 30
    monkeypatch.setattr("time.time", lambda: start + 606)
    with pytest.raises(Exception, match="unauthenticated"):
        tokens.verify(issued[-1])


def test_secrets_are_made_once_private_and_grow_with_the_partners(tmp_path: Path, partners_file: Path) -> None:
    first = ensure_gateway_secrets(tmp_path)
    before = json.loads(first.credentials_file.read_text())
    key = Path(first.env["TEKAMOUL_SIGNING_KEY_FILE"]).read_text()

    partners_file.write_text(partners_file.read_text() + "\n[gamma]\n")
    second = ensure_gateway_secrets(tmp_path)

    after = json.loads(second.credentials_file.read_text())
    assert sorted(after) == ["alpha", "beta", "gamma", "keeper", "mute", "tight"]
    assert {name: after[name] for name in before} == before
    assert Path(second.env["TEKAMOUL_SIGNING_KEY_FILE"]).read_text() == key
    assert len(after["gamma"]["client_secret"]) >= 43
    hashes = json.loads(Path(second.env["TEKAMOUL_CLIENT_SECRETS_FILE"]).read_text())
    assert sorted(hashes) == sorted(after)
    assert after["gamma"]["client_secret"] not in json.dumps(hashes)
    assert oct((tmp_path / "secrets").stat().st_mode & 0o777) == "0o700"
    assert {oct(file.stat().st_mode & 0o777) for file in (tmp_path / "secrets").iterdir()} == {"0o600"}


async def test_the_command_line_fetches_a_token(door: Door, tmp_path: Path) -> None:
    token = await fetch_token(door.url, door.secrets.credentials_file, "alpha")

    assert (await door.client.get("/v1/events", headers={"Authorization": f"Bearer {token}"})).status_code == 200
    with pytest.raises(NoToken, match="no partner nobody"):
        await fetch_token(door.url, door.secrets.credentials_file, "nobody")
    with pytest.raises(NoToken, match="does not answer"):
        await fetch_token("http://127.0.0.1:1", door.secrets.credentials_file, "alpha")
    with pytest.raises(NoToken, match="cannot be read"):
        await fetch_token(door.url, tmp_path / "absent.json", "alpha")
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"alpha": {"client_id": "alpha", "client_secret": "wrong"}}))
    with pytest.raises(NoToken, match="HTTP 401"):
        await fetch_token(door.url, wrong, "alpha")
