"""A programs service on a fresh database, and the files institutions send it."""

import io
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import pytest
import xlsxwriter  # type: ignore[import-untyped, unused-ignore]
from sqlalchemy import select

from running import Running, Services, until
from shared.outbox import OutboxRow

Start = Callable[[str], Awaitable[Running]]
Send = Callable[..., Awaitable[dict[str, Any]]]
Announced = Callable[[Running], Awaitable[list[dict[str, Any]]]]


@pytest.fixture
def start(services: Services) -> Start:
    """`await start("csa")` is the programs service of that institution."""

    async def start_institution(institution: str) -> Running:
        return await services.start(f"programs-{institution}")

    return start_institution


@pytest.fixture
def send() -> Send:
    """Send a file and wait until it is applied; the import's state, with its issues."""

    async def send_file(
        client: httpx.AsyncClient, kind: str, content: bytes, *, filename: str = "liste.csv", currency: str = "MRU"
    ) -> dict[str, Any]:
        sent = await client.post(
            "/v1/imports",
            params={"kind": kind, "filename": filename, "currency": currency},
            content=content,
            headers={"Accept-Language": "en"},
        )
        assert sent.status_code == 202, sent.text
        path = f"/v1/imports/{sent.json()['id']}"

        async def ended() -> dict[str, Any] | None:
            state: dict[str, Any] = (await client.get(path, headers={"Accept-Language": "en"})).json()
            return state if state["status"] in ("completed", "failed") else None

        state: dict[str, Any] = await until(ended, what="the import to end")
        issues = await client.get(f"{path}/issues", params={"limit": 200}, headers={"Accept-Language": "en"})
        return state | {"issues": issues.json()["items"]}

    return send_file


@pytest.fixture
def csv_file() -> Callable[..., bytes]:
    """Rows as a .csv."""

    def write(*rows: Sequence[object], delimiter: str = ";", encoding: str = "utf-8") -> bytes:
        lines = [delimiter.join("" if cell is None else str(cell) for cell in row) for row in rows]
        return ("\r\n".join(lines) + "\r\n").encode(encoding)

    return write


@pytest.fixture
def xlsx_file() -> Callable[..., bytes]:
    """Rows as an .xlsx; a cell `(text, n)` is merged over n columns."""

    def write(*rows: Sequence[Any]) -> bytes:
        memory = io.BytesIO()
        with xlsxwriter.Workbook(memory, {"in_memory": True}) as book:
            sheet = book.add_worksheet("Liste")
            for line, row in enumerate(rows):
                column = 0
                for cell in row:
                    if isinstance(cell, tuple):
                        text, span = cell
                        sheet.merge_range(line, column, line, column + span - 1, text)
                        column += span
                        continue
                    sheet.write(line, column, cell)
                    column += 1
        return memory.getvalue()

    return write


@pytest.fixture
def announced() -> Announced:
    """The batches of enrollment changes that a service has announced, oldest first."""

    async def read(running: Running) -> list[dict[str, Any]]:
        async with running.platform.database.transaction() as tx:
            rows = await tx.scalars(select(OutboxRow).order_by(OutboxRow.position))
            return [row.data for row in rows if row.type == "programs.enrollments.changed.v1"]

    return read
