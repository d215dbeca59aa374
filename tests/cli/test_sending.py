"""`tekamoul import`: a file sent in pieces over any line, checked or applied, and what became of its rows."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from cli import uploading
from cli.credentials import GatewaySecrets, ensure_gateway_secrets
from cli.gateway_client import GatewayClient
from cli.main import app
from cli.sending import Sending, kind_of, send, service_of
from running import Running, Services

ROW = "MR032{number:07};Sidi Ould Ely;4;1800\n"
HEADER = "N° registre social;Nom complet;Nbre personnes;Montant\n"
LIST = HEADER + "MR0320000001;Sidi;4;1800\nMR0320000002;[bold]Zeinabou;5;-3\n"


class Paper(Console):
    """A terminal that is read afterwards."""

    def __init__(self) -> None:
        super().__init__(file=io.StringIO(), width=200)

    @property
    def text(self) -> str:
        assert isinstance(self.file, io.StringIO)
        return self.file.getvalue()


@pytest.fixture
async def csa(services: Services) -> Running:
    return await services.start("programs-csa")


@pytest.fixture
async def door(services: Services, csa: Running) -> dict[str, str]:
    """The ready file of a platform of which the gateway and csa's programs run."""
    secrets: GatewaySecrets = ensure_gateway_secrets(services.folder)
    gateway = await services.start(
        "gateway",
        signing_key_file=Path(secrets.env["TEKAMOUL_SIGNING_KEY_FILE"]),
        client_secrets_file=Path(secrets.env["TEKAMOUL_CLIENT_SECRETS_FILE"]),
    )
    return {"gateway_url": gateway.url, "credentials_file": str(secrets.credentials_file)}


def el_maouna(file: Path, partner: str = "csa", **more: Any) -> Sending:
    return Sending(file, partner, "/programs/csa", "EL_MAOUNA", **more)


async def imports(door: dict[str, str]) -> list[dict[str, Any]]:
    async with GatewayClient(door["gateway_url"], Path(door["credentials_file"]), "csa", "en") as client:
        found: list[dict[str, Any]] = (await client.get("/programs/csa/v1/imports"))["items"]
        return found


async def test_a_file_is_sent_and_its_row_problems_printed(door: dict[str, str], tmp_path: Path) -> None:
    file, paper = tmp_path / "list.csv", Paper()
    file.write_text(LIST)

    status = await send(door, el_maouna(file), "en", console=paper)

    assert status == 0
    assert "list.csv" in paper.text and "Accepted" in paper.text
    for word in ("3", "amount", "-3", "error", "negative amount"):
        assert word in paper.text


async def test_a_dry_run_prints_what_would_happen_and_the_faulty_rows_are_kept(
    door: dict[str, str], tmp_path: Path
) -> None:
    file, faults, paper = tmp_path / "list.csv", tmp_path / "faults.csv", Paper()
    file.write_text(LIST)

    status = await send(door, el_maouna(file, dry_run=True, error_file=faults), "en", console=paper)
    again = await send(door, el_maouna(file, dry_run=True), "en", console=Paper())

    assert (status, again) == (0, 0)
    assert "Only checked: nothing was applied." in paper.text and "negative amount" in paper.text
    assert faults.read_text("utf-8-sig").splitlines()[1].startswith("MR0320000002;[bold]Zeinabou;5;-3;3;amount;")
    [checked] = await imports(door)
    assert (checked["status"], checked["accepted"], checked["rejected"]) == ("checked", 1, 1)


async def test_a_mapping_goes_with_the_file(door: dict[str, str], tmp_path: Path) -> None:
    file, paper = tmp_path / "list.csv", Paper()
    file.write_text("Foyer;Qui;Combien;Somme\nMR0320000001;Sidi;4;1800\n")
    mapping = {"Foyer": "household_number", "Qui": "name", "Combien": "household_size", "Somme": "amount"}

    assert await send(door, el_maouna(file), "en", console=Paper()) == 1
    assert await send(door, el_maouna(file, mapping=json.dumps(mapping)), "en", console=paper) == 0
    assert (await imports(door))[0]["accepted"] == 1


async def test_a_file_nobody_can_read_is_one_line_and_status_1(door: dict[str, str], tmp_path: Path) -> None:
    file, paper = tmp_path / "list.xlsx", Paper()
    file.write_bytes(b"PK\x03\x04 not really")

    status = await send(door, el_maouna(file), "en", console=paper)

    assert status == 1
    assert "list.xlsx: " in paper.text and "Traceback" not in paper.text


@pytest.mark.parametrize(
    ("partner", "kind", "said"),
    [("wfp", "EL_MAOUNA", "Refused: "), ("nobody", "EL_MAOUNA", "knows no partner nobody")],
)
async def test_who_may_not_send_is_told_so(
    door: dict[str, str], tmp_path: Path, partner: str, kind: str, said: str
) -> None:
    file, paper = tmp_path / "list.csv", Paper()
    file.write_text(LIST)

    assert await send(door, el_maouna(file, partner), "en", console=paper) == 1
    assert said in paper.text


# The line in Néma


@contextlib.asynccontextmanager
async def cutting_line(url: str, after: list[int]) -> AsyncIterator[str]:
    """A line to `url` whose connections are cut after so many bytes each, the later ones never."""
    where = urlsplit(url)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: float) -> None:
        with contextlib.suppress(ConnectionError):
            while left > 0 and (piece := await reader.read(16_384)):
                left -= len(piece)
                writer.write(piece)
                await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(where.hostname, where.port)
        left = after.pop(0) if after else float("inf")
        out = asyncio.create_task(carry(reader, there_writer, left))
        back = asyncio.create_task(carry(there_reader, writer, float("inf")))
        await asyncio.wait({out, back}, return_when=asyncio.FIRST_COMPLETED)
        for one in (writer, there_writer):
            one.close()
        await asyncio.gather(out, back, return_exceptions=True)

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


async def test_a_cut_line_costs_no_byte_that_had_arrived(
    door: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "FIRST_PIECE", 128 << 10)
    file, paper = tmp_path / "list.csv", Paper()
    file.write_text(HEADER + "".join(ROW.format(number=number) for number in range(1, 12_001)))
    assert file.stat().st_size > 400_000
    asked: list[int] = []
    plain = GatewayClient.once

    async def counted(self: GatewayClient, method: str, path: str, **more: Any) -> Any:
        answer = await plain(self, method, path, **more)
        if method == "PATCH":
            asked.append(int(answer.request.headers["Upload-Offset"]))
        return answer

    monkeypatch.setattr(GatewayClient, "once", counted)
    async with cutting_line(door["gateway_url"], [2_000_000, 90_000, 60_000, 200_000]) as line:
        status = await send({**door, "gateway_url": line}, el_maouna(file), "en", console=paper)

    [sent] = await imports(door)
    assert (status, sent["accepted"], sent["size"]) == (0, 12_000, file.stat().st_size)
    assert asked == sorted(set(asked))


async def test_the_command_run_again_goes_on_where_the_first_one_died(door: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(HEADER + "".join(ROW.format(number=number) for number in range(1, 12_001)))
    said = el_maouna(file).said
    starts: list[int] = []

    class Died(Exception):
        pass

    def die(done: int, of: int) -> None:
        if done > 200_000:
            raise Died

    def listen(done: int, of: int) -> None:
        starts.append(done)

    async with GatewayClient(door["gateway_url"], Path(door["credentials_file"]), "csa", "en") as client:
        with pytest.raises(Died):
            await uploading.upload(client, "/programs/csa", file, said, die)
        import_id = await uploading.upload(client, "/programs/csa", file, said, listen)
        again = await uploading.upload(client, "/programs/csa", file, said, listen)

    assert starts[0] > 200_000
    assert again == import_id
    assert len(await imports(door)) == 1


# The command


def test_a_kind_leads_to_the_service_that_takes_it() -> None:
    assert service_of("households") == "/registry"
    assert service_of("EL_MAOUNA") == "/programs/csa"
    assert service_of("HEALTH_INSURANCE") == "/programs/taazour"
    assert service_of("EL_MAOUNA.deliveries") == "/programs/csa"
    assert service_of("NOTHING") is None


def test_a_programs_file_is_its_list_or_what_it_reports() -> None:
    assert kind_of("list", "EL_MAOUNA") == "EL_MAOUNA"
    assert kind_of("deliveries", "EL_MAOUNA") == "EL_MAOUNA.deliveries"
    assert kind_of("households", "") == "households"


def test_a_kind_nobody_takes_is_refused_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEKAMOUL_LANG", "en")
    file = tmp_path / "list.csv"
    file.write_text(LIST)
    ready = {
        "gateway_url": "http://127.0.0.1:1",
        "credentials_file": "none",
        "services": {"programs-csa": "", "registry": ""},
    }
    (tmp_path / "ready.json").write_text(json.dumps(ready))

    done = CliRunner().invoke(app, ["import", "NOTHING", str(file), "--partner", "csa", "--data-dir", str(tmp_path)])

    assert done.exit_code == 1
    assert "No kind of file is called NOTHING." in done.output


def test_the_command_takes_kind_and_file() -> None:
    shown = typer.main.get_command(app).commands["import"]  # type: ignore[attr-defined]

    assert [one.name for one in shown.params if one.param_type_name == "argument"] == ["kind", "file"]
