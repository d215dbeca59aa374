"""A second gateway process on the same database, and partners' own keys."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey

from running import second_process
from tests.gateway.conftest import Door
from tests.gateway.partners.hostile import made

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
async def second(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another gateway process that shares the first one's database and keys."""
    running = await second_process(door.running)
    async with httpx.AsyncClient(base_url=running.url, timeout=20, trust_env=False) as client:
        yield client
    await running.stop()


@pytest.fixture
async def officer(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever holds the platform's own key: the command line on its host."""
    async with door.running.client("operator") as client:
        yield client


def pair(kind: str = "EC") -> ECKey | OKPKey:
    return ECKey.generate_key("P-256", private=True) if kind == "EC" else OKPKey.generate_key("Ed25519", private=True)


def claims_of(partner: str, **changes: Any) -> dict[str, Any]:
    """A good assertion's claims; a change to None leaves the claim out."""
    moment = int(time.time())
    claims: dict[str, Any] = {
        "iss": partner,
        "sub": partner,
        "aud": "tekamoul",
        "iat": moment,
        "exp": moment + 55,
        "jti": secrets.token_urlsafe(16),
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


def signed(key: ECKey | OKPKey, claims: dict[str, Any], **header: Any) -> str:
    algorithm = header.pop("alg", "ES256" if isinstance(key, ECKey) else "Ed25519")
    if algorithm == "EdDSA":
        return made({"alg": "EdDSA", "typ": "JWT", **header}, claims, key, "EdDSA")
    return jwt.encode({"alg": algorithm, "typ": "JWT", **header}, claims, key, algorithms=[algorithm])


def form_of(assertion: str, **more: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        **more,
    }
