"""Signing in with an account at the institution's own issuer: a real one, made in the test."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import HttpUrl

from gateway.operators.oidc import issuer_of
from gateway.partners.file import NotConfigured
from running import Running, StoppedAtOnce, second_process
from tests.gateway.conftest import Door
from tests.gateway.people import code_of, offered

CLIENT, SECRET = "tekamoul-dashboard", "a-secret-of-the-test-issuer"
BACK = "/dashboard/sign-in/back"


@dataclass
class TestIssuer:
    """An OpenID provider: it hands out one code for each authorization, and an identity for each code."""

    __test__ = False

    url: str
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one"}, private=True))
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    signs_with: ECKey | None = None
    discovery: dict[str, Any] = field(default_factory=dict)

    def authorize(self, address: str) -> str:
        """What the person's browser is sent back with, once the person has signed in there."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = secrets.token_urlsafe(16)
        self.asked[code] = query
        return f"{urlsplit(query['redirect_uri']).path}?code={code}&state={query['state']}"

    def app(self) -> FastAPI:
        made = FastAPI()

        @made.get("/.well-known/openid-configuration")
        async def discovery() -> dict[str, Any]:
            return {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                **self.discovery,
            }

        @made.get("/keys")
        async def keys() -> dict[str, Any]:
            return {"keys": [self.key.as_dict(private=False)]}

        @made.post("/token")
        async def token(request: Request, response: Response) -> dict[str, Any]:
            form = dict(parse_qsl((await request.body()).decode()))
            query, code_verifier, redirect_uri = (
                self.asked.pop(form["code"], None),
                form["code_verifier"],
                form["redirect_uri"],
            )
            ours = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            digest = hashlib.sha256(code_verifier.encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            right = query is not None and (query["code_challenge"], query["redirect_uri"]) == (challenge, redirect_uri)
            if not right or query is None or request.headers["authorization"] != f"Basic {ours}":
                response.status_code = 400
                return {"error": "invalid_grant"}
            moment = int(time.time())
            claims = {"iss": self.url, "aud": CLIENT, "sub": "amina@institution", "iat": moment, "exp": moment + 60}
            claims |= {"nonce": query["nonce"], **self.changes}
            key = self.signs_with or self.key
            header = {"alg": "ES256", "kid": key.kid or "one"}
            return {"id_token": jwt.encode(header, claims, key, algorithms=["ES256"]), "access_token": "x"}

        return made


@dataclass
class Accounts:
    """A gateway that knows the issuer, and the issuer."""

    gateway: Running
    issuer: TestIssuer

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.gateway.url, trust_env=False, timeout=20)

    async def sign_in(self, client: httpx.AsyncClient) -> httpx.Response:
        begun = await client.get("/dashboard/sign-in/account")
        assert begun.status_code == 303, begun.text
        return await client.get(self.issuer.authorize(begun.headers["location"]))


@pytest.fixture
async def accounts(door: Door, tmp_path: Path) -> AsyncIterator[Accounts]:
    listening = socket.create_server(("127.0.0.1", 0))
    issuer = TestIssuer(f"http://127.0.0.1:{listening.getsockname()[1]}")
    serving = StoppedAtOnce(uvicorn.Config(issuer.app(), log_config=None, access_log=False))
    task = asyncio.create_task(serving.serve(sockets=[listening]))
    file = tmp_path / "oidc-secret"
    file.write_text(SECRET)
    file.chmod(0o600)
    gateway = await second_process(
        door.running,
        public_url=HttpUrl("http://127.0.0.1:1"),
        oidc_issuer=issuer.url,
        oidc_client_id=CLIENT,
        oidc_client_secret_file=file,
        oidc_two_factors="mfa urn:example:two",
    )
    async with door.running.client("host") as officer:
        body = {"name": "amina", "role": "operator", "account": "amina@institution"}
        assert (await officer.post("/v1/operators", json=body)).status_code == 201
        assert (await officer.post("/v1/operators", json={**body, "name": "other"})).json()["pointer"] == "/account"
    yield Accounts(gateway, issuer)
    await gateway.stop()
    serving.told.set()
    await task


async def test_a_person_signs_in_with_her_account_once(accounts: Accounts) -> None:
    async with accounts.browser() as client:
        page = await client.get("/dashboard/sign-in", headers={"Accept-Language": "fr"})
        assert "Entrer avec le compte de votre institution" in page.text
        begun = await client.get("/dashboard/sign-in/account")
        asked = {name: one[0] for name, one in parse_qs(urlsplit(begun.headers["location"]).query).items()}
        assert (asked["response_type"], asked["scope"], asked["code_challenge_method"]) == ("code", "openid", "S256")
        assert asked["redirect_uri"] == f"http://127.0.0.1:1{BACK}"
        cookie = begun.headers["set-cookie"]
        assert "; Path=/dashboard/sign-in; Max-Age=600; HttpOnly; SameSite=Lax" in cookie
        back = accounts.issuer.authorize(begun.headers["location"])
        entered = await client.get(back)
        assert (entered.status_code, entered.headers["location"]) == (303, "/dashboard")
        assert (await client.get("/dashboard")).status_code == 200
        assert (await client.get(back)).status_code == 401  # the code and the attempt are used up


async def test_only_the_issuers_own_proof_for_this_attempt_opens(accounts: Accounts) -> None:
    moment, issuer = int(time.time()), accounts.issuer
    for name, changes in {
        "another issuer": {"iss": "https://elsewhere.example"},
        "for another client": {"aud": "another"},
        "for two": {"aud": [CLIENT, "another"]},
        "ended": {"exp": moment - 60},
        "another attempt's": {"nonce": "x" * 43},
        "of nobody here": {"sub": "brahim@institution"},
        "of no text": {"sub": 7},
        "of half a letter": {"sub": "a\x00"},
    }.items():
        issuer.changes = changes
        async with accounts.browser() as client:
            assert (await accounts.sign_in(client)).status_code == 401, name
            assert (await client.get("/dashboard")).status_code == 303, name
    issuer.changes = {}
    issuer.signs_with = ECKey.generate_key("P-256", {"kid": "one"}, private=True)
    async with accounts.browser() as client:
        assert (await accounts.sign_in(client)).status_code == 401
    # The issuer has changed its key: the new one is asked for.
    issuer.key = issuer.signs_with = ECKey.generate_key("P-256", {"kid": "two"}, private=True)
    async with accounts.browser() as client:
        assert (await accounts.sign_in(client)).status_code == 303

    # An answer without our attempt, with another's, or with a word of the state changed.
    async with accounts.browser() as client, accounts.browser() as other:
        first = await client.get("/dashboard/sign-in/account")
        await other.get("/dashboard/sign-in/account")
        back = issuer.authorize(first.headers["location"])
        async with accounts.browser() as stranger:
            assert (await stranger.get(back)).status_code == 401
        assert (await other.get(back)).status_code == 401
        assert (await client.get(back + "x")).status_code == 401
        assert (await client.get(f"{BACK}?error=access_denied&state=x")).status_code == 401
        assert (await client.get(back)).status_code == 303


async def test_the_issuer_is_believed_for_two_factors_only_where_it_says_so(accounts: Accounts, door: Door) -> None:
    async with door.running.client("host") as officer:
        body = {"name": "zeinab", "role": "auditor", "account": "zeinab@institution"}
        assert (await officer.post("/v1/operators", json=body)).status_code == 201
    for said, led in (
        ({"amr": ["pwd", "mfa"]}, "/dashboard"),
        ({"acr": "urn:example:two"}, "/dashboard"),
        ({"amr": ["pwd"], "acr": "urn:example:one"}, "/dashboard/sign-in/factor"),
        ({"amr": "mfa"}, "/dashboard/sign-in/factor"),  # it is a list
        ({"acr": ["mfa"]}, "/dashboard/sign-in/factor"),
        ({}, "/dashboard/sign-in/factor"),
    ):
        accounts.issuer.changes = {"sub": "zeinab@institution", **said}
        async with accounts.browser() as client:
            begun = await client.get("/dashboard/sign-in/account")
            assert "acr_values=mfa+urn%3Aexample%3Atwo" in begun.headers["location"]
            entered = await client.get(accounts.issuer.authorize(begun.headers["location"]))
            assert (entered.status_code, entered.headers["location"]) == (303, led), said
            assert ((await client.get("/dashboard")).status_code == 200) == (led == "/dashboard"), said

    # A factor of our own in the place of the issuer's, and from then on it is asked for.
    async with accounts.browser() as client:
        await accounts.sign_in(client)
        secret, form = offered((await client.get("/dashboard/sign-in/factor")).text)
        done = await client.post("/dashboard/sign-in/factor", data=form | {"code": code_of(secret)})
        assert (done.status_code, (await client.get("/dashboard")).status_code) == (200, 200)
        assert (await accounts.sign_in(client)).headers["location"] == "/dashboard/sign-in/code"
        accounts.issuer.changes |= {"amr": ["mfa"]}
        assert (await accounts.sign_in(client)).headers["location"] == "/dashboard"


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": "http://169.254.169.254/latest"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
    ],
)
async def test_an_issuer_that_leads_elsewhere_is_not_followed(accounts: Accounts, discovery: dict[str, Any]) -> None:
    accounts.issuer.discovery = discovery
    async with accounts.browser() as client:
        answer = await client.get("/dashboard/sign-in/account", headers={"Accept-Language": "en"})

    assert answer.status_code == 503
    assert "account service does not answer" in answer.text


async def test_without_an_issuer_there_is_no_such_page(door: Door) -> None:
    for path in ("/dashboard/sign-in/account", BACK):
        assert (await door.client.get(path)).status_code == 404
    assert "sign-in/account" not in (await door.client.get("/dashboard/sign-in")).text


async def test_half_an_issuer_stops_the_start(door: Door) -> None:
    settings = door.running.platform.settings.model_copy(update={"oidc_issuer": "https://accounts.example"})

    with pytest.raises(NotConfigured, match="TEKAMOUL_OIDC_CLIENT_ID"):
        issuer_of(settings)  # type: ignore[arg-type]
