"""People who sign in, as the tests do it."""

from __future__ import annotations

import re
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


async def choose(client: httpx.AsyncClient, first: str, new: str = NEW, name: str = "amina") -> httpx.Response:
    """Sign in with a first password, and choose another."""
    led = await sign_in(client, name, first)
    assert (led.status_code, led.headers["location"]) == (303, f"{SIGN_IN}/password")
    page = await client.get(f"{SIGN_IN}/password")
    return await client.post(f"{SIGN_IN}/password", data={"csrf": word_of(page.text), "password": new})
