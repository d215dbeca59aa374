"""People who sign in, as the tests do it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time
from typing import Any

import httpx

from tests.gateway.conftest import Door

PASSWORD, NEW = "une-longue-phrase-1", "une-autre-phrase-2"  # of these tests alone
HOME, SIGN_IN, SIGN_OUT, OWN = "/dashboard", "/dashboard/sign-in", "/dashboard/sign-out", "/dashboard/own"


async def add(door: Door, name: str = "amina", role: str = "operator", **more: Any) -> httpx.Response:
    """Somebody with a password that is chosen already."""
    async with door.running.client("host") as host:
        return await host.post("/v1/operators", json={"name": name, "role": role, "password": PASSWORD, **more})


def browser(door: Door, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=door.url, timeout=20, trust_env=False, headers=headers)


async def sign_in(client: httpx.AsyncClient, name: str = "amina", password: str = PASSWORD) -> httpx.Response:
    return await client.post(SIGN_IN, data={"name": name, "password": password})


def word_of(page: str) -> str:
    """The word that only a page of this session knows."""
    found = re.search(r'name="csrf" value="([\w-]{43})"', page)
    assert found is not None, page
    return found.group(1)


def code_of(secret: str, steps: int = 0) -> str:
    """The code of an authenticator that has the secret (base32), so many steps from now: RFC 6238 and 4226, as they are written."""
    key = base64.b32decode(secret)
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + steps), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def offered(page: str) -> tuple[str, dict[str, str]]:
    """The secret that a page offers for an authenticator, and the form that takes it up."""
    secret, sealed = re.search(r'id="secret">([A-Z2-7 ]+)<', page), re.search(r'name="offer" value="([^"]+)"', page)
    assert secret is not None
    assert sealed is not None
    return secret.group(1).replace(" ", ""), {"csrf": word_of(page), "offer": sealed.group(1)}


def recovery_codes(page: str) -> list[str]:
    return re.findall(r"<li><code>([a-z2-7-]+)</code></li>", page)


async def enter(client: httpx.AsyncClient, name: str, kept: dict[str, list[str]], password: str = PASSWORD) -> None:
    """Sign in whole: whose role needs a second factor takes one up; a recovery code shows it where that was done before.

    `kept`: the recovery codes, by name.
    """
    led = await sign_in(client, name, password)
    assert led.status_code == 303, led.text
    if (step := led.headers["location"]) == f"{SIGN_IN}/factor":
        secret, form = offered((await client.get(step)).text)
        done = await client.post(step, data=form | {"code": code_of(secret)})
        assert done.status_code == 200, done.text
        kept[name] = recovery_codes(done.text)
    elif step == f"{SIGN_IN}/code":
        form = {"csrf": word_of((await client.get(step)).text), "code": kept[name].pop()}
        done = await client.post(step, data=form)
        assert done.status_code == 303, done.text


async def choose(client: httpx.AsyncClient, first: str, new: str = NEW, name: str = "amina") -> httpx.Response:
    """Sign in with a first password, and choose another."""
    led = await sign_in(client, name, first)
    assert (led.status_code, led.headers["location"]) == (303, f"{SIGN_IN}/password")
    page = await client.get(f"{SIGN_IN}/password")
    return await client.post(f"{SIGN_IN}/password", data={"csrf": word_of(page.text), "password": new})
