"""Partners with an agreement between them, and people who sign in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.gateway.agreements.cases import example, write_examples
from tests.gateway.conftest import PARTNERS, Door
from tests.gateway.people import add, enter

SHARING = '"households:shared", "agreements:read", "agreements:write", "agreements:approve", '
DAYS_LEFT = 10

SignedIn = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def partners_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """keeper keeps the registry; alpha reads it under A-1, which ends in ten days; beta hears of alpha's program under B-FEED."""
    file = tmp_path / "partners.toml"
    file.write_text(PARTNERS.replace("permissions = [", f"permissions = [{SHARING}", 1))
    last = (datetime.now(UTC).date() + timedelta(days=DAYS_LEFT)).isoformat()
    folder = write_examples(
        tmp_path / "agreements",
        example("A-1", provider="keeper", not_after=last),
        example("A-MATCH", provider="keeper", operations=["match"]),
        example("B-1", provider="keeper", recipient="beta"),
        example(
            "B-FEED",
            provider="alpha",
            recipient="beta",
            operations=["subscribe"],
            attributes=[{"name": "program"}, {"name": "enrollment_status"}],
            population={"programs": ["FIRST"]},
        ),
    )
    monkeypatch.setenv("TEKAMOUL_PARTNERS_FILE", str(file))
    monkeypatch.setenv("TEKAMOUL_REGISTRY_KEEPER", "keeper")
    monkeypatch.setenv("TEKAMOUL_AGREEMENTS_FOLDER", str(folder))
    return file


@pytest.fixture
def signed_in(door: Door) -> SignedIn:
    """`async with signed_in("auditor") as client`: a person of that role at a browser; a partner viewer with `partner`."""

    kept: dict[str, list[str]] = {}

    @asynccontextmanager
    async def at_browser(role: str, partner: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        name = f"{role.replace('_', '-')}-{partner or 'all'}"
        added = await add(door, name, role, partner=partner)
        assert added.status_code in (201, 409), added.text
        async with httpx.AsyncClient(base_url=door.url, timeout=20, trust_env=False) as client:
            await enter(client, name, kept)
            client.headers["Tekamoul-Csrf"] = await csrf(client)
            yield client

    return at_browser


async def csrf(client: httpx.AsyncClient) -> str:
    """The word that a page of this session sends along."""
    found = re.search(r'name="csrf" value="([\w-]{43})"', (await client.get("/dashboard/sign-out")).text)
    assert found is not None
    return found.group(1)
