"""A file of households sent in pieces, checked first, corrected, its columns named: all of it with the registry's rows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from running import Running, Services, until
from services.registry.rules.households import COLUMNS
from uploading import send_in_pieces

ENDED = ("completed", "failed", "checked", "cancelled")


def household(number: int, category: str = "poor") -> str:
    return (
        f"MR011{number:07},MR011-C01,Oum Essafya,{category},12.50,PMT-2024.1,2025-03-04,22334455,{1_000_000_000 + number},"
        f"head,Mohamed Ould Ahmed,محمد ولد أحمد,M,1980-12-31,year,,none"
    )


def a_file(*lines: str) -> bytes:
    return "\n".join([",".join(COLUMNS), *lines, ""]).encode()


@pytest.fixture
async def registry(services: Services) -> Running:
    return await services.start("registry")


@pytest.fixture
async def client(registry: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with registry.client("taazour") as client:
        client.headers["Accept-Language"] = "en"
        yield client


async def ended(client: httpx.AsyncClient, import_id: str) -> dict[str, Any]:
    async def state() -> dict[str, Any] | None:
        found: dict[str, Any] = (await client.get(f"/v1/imports/{import_id}")).json()
        return found if found["status"] in ENDED else None

    found: dict[str, Any] = await until(state, what="the import to end", seconds=60)
    return found


async def send(client: httpx.AsyncClient, content: bytes, **asked: Any) -> dict[str, Any]:
    params = {"kind": "households", "filename": "menages.csv", **asked}
    answer = await client.post("/v1/imports", params=params, content=content)
    assert answer.status_code == 202, answer.text
    return await ended(client, answer.json()["id"])


async def held(registry: Running) -> dict[str, int]:
    """Rows of everything an import of households may touch."""
    async with registry.platform.database.transaction() as tx:
        return {
            table: await tx.scalar(text(f"SELECT count(*) FROM {table}")) or 0
            for table in ("households", "individuals", "memberships", "changes", "past_states", "conflicts", "outbox")
        }


async def test_a_dry_run_counts_and_leaves_no_row_and_no_event(client: httpx.AsyncClient, registry: Running) -> None:
    await send(client, a_file(household(1), household(2)))
    before = await held(registry)

    checked = await send(
        client, a_file(household(1, "extreme_poor"), household(2), household(3), household(4, "rich")), dry_run=True
    )
    after = await held(registry)
    await client.post(f"/v1/imports/{checked['id']}/apply")
    applied = await ended(client, checked["id"])

    assert (checked["status"], checked["rejected"]) == ("checked", 1)
    assert after == before
    assert {name: applied[name] for name in ("accepted", "unchanged", "rejected")} == {
        name: checked[name] for name in ("accepted", "unchanged", "rejected")
    }
    assert (await held(registry))["households"] == before["households"] + 1


async def test_a_large_file_comes_in_pieces_and_is_read_by_a_process_of_its_own(
    client: httpx.AsyncClient, registry: Running
) -> None:
    content = a_file(*(household(number) for number in range(1, 8_001)))
    assert len(content) > 1 << 20

    import_id = await send_in_pieces(client, content, 300_000, kind="households", filename="menages.csv")
    state = await ended(client, import_id)

    assert (state["status"], state["accepted"], state["lines_total"]) == ("completed", 8_000, 8_001)
    assert (await held(registry))["households"] == 8_000


async def test_a_corrected_file_names_the_households_it_lacks_and_removes_none(
    client: httpx.AsyncClient, registry: Running
) -> None:
    first = await send(client, a_file(household(1), household(2), household(3)))

    corrected = await send(client, a_file(household(1), household(3)), supersedes=first["id"])

    [issue] = (await client.get(f"/v1/imports/{corrected['id']}/issues")).json()["items"]
    assert (issue["line"], issue["value"], issue["code"]) == (3, "MR0110000002", "missing_in_correction")
    assert issue["reason"] == (
        "stood on this line of the earlier file and no longer stands in the corrected one; nothing is removed"
    )
    assert (await client.get(f"/v1/imports/{first['id']}")).json()["status"] == "superseded"
    assert (await held(registry))["households"] == 3


async def test_a_column_nobody_knows_is_named_by_the_sender_and_remembered(client: httpx.AsyncClient) -> None:
    header = ",".join(COLUMNS).replace("commune_code", "lieu_dit_x")
    mapping = json.dumps({"lieu_dit_x": "commune_code"})

    failed = await send(client, "\n".join([header, household(1), ""]).encode())
    mapped = await send(client, "\n".join([header, household(2), ""]).encode(), mapping=mapping)
    following = await send(client, "\n".join([header, household(3), ""]).encode())

    assert (failed["status"], failed["failure_code"]) == ("failed", "missing_columns")
    assert (mapped["status"], mapped["accepted"]) == ("completed", 1)
    assert (following["accepted"], following["mapping"]) == (1, {"lieu_dit_x": "commune_code"})


async def test_the_faulty_lines_come_back_as_they_were(client: httpx.AsyncClient) -> None:
    sent = await send(client, a_file(household(1), household(2, "rich"), household(3)))

    file = await client.get(f"/v1/imports/{sent['id']}/error-file", params={"format": "csv"})

    header, line = file.content.decode("utf-8-sig").splitlines()
    assert header == ";".join([*COLUMNS, "Tekamoul: line", "Tekamoul: field", "Tekamoul: reason"])
    assert line.startswith(household(2, "rich").replace(",", ";") + ";3;vulnerability_category;")
