"""Story 6: a payment officer uploads the agent's report in old MRO, and is warned about the unit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from cli.credentials import fetch_token
from journeys.asking import enrollments
from shared.clock import now
from whole_platform import LoadedPlatform, WholePlatform

HEADER = "N° Ménage;Nom;Montant;Statut;Date de paiement;N° reçu"
PAID = 12
"""Lines of the report: enough to tell whose file it is."""


async def test_a_payment_report_in_old_ouguiya_is_warned_about(loaded: LoadedPlatform) -> None:
    platform, today = loaded.platform, now().date()
    quarter = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    people = [one for one in await enrollments(platform, "TEKAVOUL") if one["status"] == "enrolled"]
    enrolled = [one for one in people if one["household_number"]]
    async with officer(platform) as client:
        cycle = await begin(client, quarter.isoformat())
        # 3,600 a quarter for each household, whatever its size.
        assert (cycle["due"] + cycle["held"], cycle["value_from"]) == (len(people), "2024-01-01")
        lines = [
            f"{one['household_number']};{one['name']};36 000;مدفوع;{today:%d/%m/%Y};AG-{place}"
            for place, one in enumerate(enrolled[:PAID])
        ]
        report = "\r\n".join([HEADER, *lines]).encode()

        warned = await send(client, report, "MRU")
        assert (warned["accepted"], warned["rejected"]) == (0, PAID)
        told = (await client.get(f"v1/imports/{warned['id']}/issues", headers={"Accept-Language": "fr"})).json()[
            "items"
        ]
        assert {(one["field"], one["code"]) for one in told} == {("amount", "wrong_unit")}
        assert "dix fois ce qui est dû" in told[0]["reason"] and "l'unité déclarée est MRU" in told[0]["reason"]

        right = await send(client, report, "MRO")
        assert (right["accepted"], right["rejected"], right["warnings"]) == (PAID, 0, 0)
        found = (await client.get(f"v1/cycles/{cycle['id']}/reconciliation")).json()
        assert (found["entitlements"]["delivered"], found["delivered_mru"]) == (PAID, f"{3600 * PAID}.00")
        ledger = (await client.get("v1/ledger", params={"enrollment_id": enrolled[0]["id"]})).json()["items"]
        assert [(one["kind"], one["balance_mru"]) for one in ledger] == [("entitled", "3600.00"), ("delivered", "0.00")]


@asynccontextmanager
async def officer(platform: WholePlatform) -> AsyncIterator[httpx.AsyncClient]:
    token = await fetch_token(platform.gateway_url, platform.door.credentials_file, "taazour")
    async with httpx.AsyncClient(
        base_url=f"{platform.gateway_url}/programs/taazour/",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
        trust_env=False,
    ) as client:
        yield client


async def begin(client: httpx.AsyncClient, starts_on: str) -> dict[str, Any]:
    begun = await client.post("v1/cycles", json={"program": "TEKAVOUL", "starts_on": starts_on})
    assert begun.status_code == 202, begun.text
    return await over(client, f"v1/cycles/{begun.json()['id']}", "issuing")


async def send(client: httpx.AsyncClient, report: bytes, currency: str) -> dict[str, Any]:
    about = {"kind": "TEKAVOUL.deliveries", "filename": "rapport.csv", "currency": currency}
    sent = await client.post("v1/imports", params=about, content=report)
    assert sent.status_code == 202, sent.text
    return await over(client, f"v1/imports/{sent.json()['id']}", "received", "running")


async def over(client: httpx.AsyncClient, path: str, *under_way: str) -> dict[str, Any]:
    for _ in range(300):
        state: dict[str, Any] = (await client.get(path)).json()
        if state["status"] not in under_way:
            return state
        await asyncio.sleep(0.1)
    raise AssertionError(f"{path} did not end")
