"""Resumable uploads through the door: addresses right as seen from outside, larger bodies for pieces alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from cli.credentials import GatewaySecrets, ensure_gateway_secrets, fetch_token
from running import Services, until
from uploading import TUS, begin, located, offset_of, send_piece

UNDER = "/programs/csa/v1/uploads"
ROWS = "".join(f"MR032{number:07};Sidi Ould Ely;4;1800\n" for number in range(1, 601))
LIST = ("N° registre social;Nom complet;Nbre personnes;Montant\n" + ROWS + "MR0320000900;Zeinabou;5;-3\n").encode()


@pytest.fixture
async def csa(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """The food security commission before a gateway with its own programs behind it."""
    secrets: GatewaySecrets = ensure_gateway_secrets(services.folder)
    await services.start("programs-csa")
    gateway = await services.start(
        "gateway",
        signing_key_file=Path(secrets.env["TEKAMOUL_SIGNING_KEY_FILE"]),
        client_secrets_file=Path(secrets.env["TEKAMOUL_CLIENT_SECRETS_FILE"]),
    )
    token = await fetch_token(gateway.url, secrets.credentials_file, "csa")
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers, timeout=30, trust_env=False) as client:
        yield client


async def test_a_file_goes_through_the_door_in_pieces_and_is_followed_as_a_stream(csa: httpx.AsyncClient) -> None:
    made = await begin(csa, len(LIST), under=UNDER, kind="EL_MAOUNA", filename="liste.csv")
    where = located(made)
    first = await send_piece(csa, where, 0, LIST[:9000])
    assert await offset_of(csa, where) == 9000
    last = await send_piece(csa, where, 9000, LIST[9000:])
    told = []
    async with csa.stream("GET", f"/programs/csa/v1/imports/{last.headers['upload-import']}/events") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        told = [json.loads(line[6:]) async for line in events.aiter_lines() if line.startswith("data: ")]

    assert where == f"{csa.base_url}{UNDER}/{made.json()['id']}"
    assert (first.status_code, last.status_code, last.headers["tus-resumable"]) == (204, 204, "1.0.0")
    assert told[-1]["status"] == "completed" and told[-1]["percent"] == 100
    assert (told[-1]["accepted"], told[-1]["rejected"], told[-1]["lines_total"]) == (600, 1, 602)
    assert [one["lines_done"] for one in told] == sorted(one["lines_done"] for one in told)


async def test_pieces_alone_may_be_large(csa: httpx.AsyncClient) -> None:
    where = located(await begin(csa, 20 << 20, under=UNDER, kind="EL_MAOUNA", filename="liste.csv"))

    large = await send_piece(csa, where, 0, b"x" * (8 << 20))
    too_large = await send_piece(csa, where, 8 << 20, b"x" * ((8 << 20) + 1))
    elsewhere = await csa.post("/programs/csa/v1/enrolled", content=b"x" * (1 << 20))

    assert (large.status_code, too_large.status_code, elsewhere.status_code) == (204, 413, 413)
    assert await offset_of(csa, where) == 8 << 20


async def test_options_and_delete_pass_the_door(csa: httpx.AsyncClient) -> None:
    where = located(await begin(csa, 9, under=UNDER, kind="EL_MAOUNA", filename="liste.csv"))

    offered = await csa.options(UNDER)
    gone = await csa.delete(where, headers=TUS)

    assert offered.headers["tus-extension"] == "creation,creation-with-upload,expiration,checksum,termination"
    assert (gone.status_code, (await csa.head(where, headers=TUS)).status_code) == (204, 404)


async def test_the_error_file_comes_through_the_door(csa: httpx.AsyncClient) -> None:
    sent = await csa.post(
        "/programs/csa/v1/imports", params={"kind": "EL_MAOUNA", "filename": "liste.csv"}, content=LIST
    )
    path = f"/programs/csa/v1/imports/{sent.json()['id']}"

    async def completed() -> bool:
        return bool((await csa.get(path)).json()["status"] == "completed")

    await until(completed, what="the import to end")
    file = await csa.get(f"{path}/error-file", params={"format": "csv"})

    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''liste-tekamoul.csv"
    assert file.content.decode("utf-8-sig").splitlines()[1].startswith("MR0320000900;Zeinabou;5;-3;602;amount;")
