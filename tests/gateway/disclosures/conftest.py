"""A chain in a database of the gateway's, without a gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from joserfc.jwk import ECKey
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from cli.verifying import Verified, verify
from gateway.disclosures.disclosure import Disclosure
from gateway.disclosures.sealing import Sealer
from gateway.disclosures.writing import append
from running import drop_later, fresh_database
from servers import RunningServers
from shared.disclosure_chain import Seal
from tests.gateway.conftest import PARTNERS

GUARD = """
[guard]
names = { ar = "حارس", fr = "Gardien", en = "Guard" }
permissions = ["disclosures:read", "disclosures:decide", "break-glass:open"]
limits = { requests_per_second = 1000, burst = 1000, concurrent = 100 }

[clinic]
names = { ar = "مستوصف", fr = "Dispensaire", en = "Clinic" }
permissions = ["enrollments:read", "break-glass:open"]
limits = { requests_per_second = 1000, burst = 1000, concurrent = 100 }
"""
"""The partner whose data-protection officer watches over the log, and one that may read nobody but in an emergency."""


@pytest.fixture
def partners_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "partners.toml"
    file.write_text(PARTNERS + GUARD)
    monkeypatch.setenv("TEKAMOUL_PARTNERS_FILE", str(file))
    return file


def disclosure(**changed: Any) -> Disclosure:
    """What csa is told of one household; `changed` says otherwise."""
    values: dict[str, Any] = {
        "partner": "csa", "route": "GET /registry/v1/households/{household_id}", "request": "0af7651916cd43dd8448eb211c80319c",
        "official": "A-7", "case": "C-2026/12", "purpose": "shock_response", "legal_basis": "Protocole n° 7/2026; loi 2017-020",
        "agreement": "CSA-2026-01", "version": 2, "subject_kind": "household", "subject": "H-1",
        "attributes": ("commune", "head_name", "size"),
    } | changed  # fmt: skip
    return Disclosure(**values)


@dataclass
class Log:
    """One database's log."""

    url: str
    connection: asyncpg.Connection[Any]
    key: ECKey

    async def add(self, *rows: Disclosure) -> int:
        async with self.connection.transaction():
            return await append(self.connection, rows)

    async def seal(self) -> list[Seal]:
        """Seal all there is."""
        engine = create_async_engine(self.url.replace("postgresql://", "postgresql+asyncpg://"))
        async with AsyncSession(engine) as tx, tx.begin():
            made = await Sealer(lambda: self.key).seal_due(tx, timedelta(0))
        await engine.dispose()
        return made

    async def tamper(self, statement: str, *values: Any) -> None:
        """As somebody does who owns the database: no trigger of ours stops her."""
        async with self.connection.transaction():
            await self.connection.execute("SET LOCAL session_replication_role = replica")
            await self.connection.execute(statement, *values)

    async def verified(self, **asked: Any) -> Verified:
        return await verify(self.connection, {self.key.kid or "": self.key}, **asked)

    async def rows(self, statement: str = "SELECT * FROM disclosures ORDER BY position") -> Sequence[asyncpg.Record]:
        return await self.connection.fetch(statement)


@pytest.fixture
async def chain(servers: RunningServers) -> AsyncIterator[Log]:
    url = await fresh_database(servers, "gateway")
    connection = await asyncpg.connect(url, server_settings={"timezone": "UTC"})
    yield Log(url, connection, ECKey.generate_key("P-256", auto_kid=True))
    await connection.close()
    drop_later(servers, [url])
