"""A service that lies about its file: the gateway reads it first, and nothing of what is wrong leaves."""

from __future__ import annotations

import asyncio
import errno
import io
import zipfile
from collections.abc import Sequence

import httpx
import pytest
import xlsxwriter

from gateway.files import looking, spooling
from running import status_of
from shared.disclosing import FileTold
from shared.ids import new_id
from tests.gateway.conftest import Door

PATH = "/v1/people/7/file"
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GOOD = b"household_number,size\nMR0110000001,5\nMR0110000002,4\n"
TOLD = ("household_number", "size")
ID = str(new_id())


async def give(
    door: Door, content: bytes, media: str = CSV, told: Sequence[str] | None = TOLD, rows: int = 2, **headers: str
) -> httpx.Response:
    """What alpha gets of a file, of which the service says this."""
    said = FileTold.of(content, rows, told).header() if told is not None else {}
    door.registry.answers[PATH], door.registry.kind = content, media
    door.registry.headers = said | {"ETag": '"1"', "Accept-Ranges": "bytes"}
    return await door.get(f"/registry{PATH}", headers=headers)


def workbook(*rows: Sequence[str]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for line, row in enumerate(rows):
            sheet.write_row(line, 0, row)
    return file.getvalue()


def bomb() -> bytes:
    """A workbook of 60 KB whose sheet unpacks to 50 MB of rows."""
    row = b'<row r="1"><c r="A1" t="inlineStr"><is><t>size</t></is></c></row>'
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(["size"]))) as before,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            content = before.read(name)
            if name == "xl/worksheets/sheet1.xml":
                head, _, rest = content.partition(b"<sheetData>")
                content = head + b"<sheetData>" + row + b" " * (50 << 20) + rest[rest.index(b"</sheetData>") :]
            after.writestr(name, content)
    return file.getvalue()


async def test_a_file_leaves_only_as_its_service_says_it_is(door: Door) -> None:
    given = await give(door, GOOD)
    assert (given.status_code, given.content, given.headers["content-type"]) == (200, GOOD, CSV)

    with_b = GOOD.replace(b"size", b"N\xc2\xb0 m\xc3\xa9nage")
    lies = [
        await give(door, GOOD, told=("household_number",)),  # and a column that it does not name
        await give(door, GOOD, told=(*TOLD, "nni")),
        await give(door, GOOD, rows=3),
        await give(door, GOOD.replace(b"5", ID.encode())),
        await give(door, GOOD.replace(b"5", ID.encode()), told=None),
        await give(door, b"size,remark\n5,\n4,Sidi\n", told=("size",)),
        await give(door, workbook(["size"], [ID]), XLSX, told=("size",), rows=1),
        await give(door, b'{"size": 5}', "application/json", told=("size",), rows=1),
    ]
    unread = [
        await give(door, GOOD.replace(b"size", b"nni")),
        await give(door, with_b),
        await give(door, GOOD[:-1] + b",1\n"),
        await give(door, workbook(["size"], ["5"])[:-40], XLSX, told=("size",), rows=1),
        await give(door, bomb(), XLSX, told=("size",), rows=0),
        await give(door, GOOD, XLSX),
        await give(door, b"<p>MR0110000001</p>", "text/html"),
        await give(door, b"", ""),
    ]
    assert [(one.status_code, one.json()["code"]) for one in lies] == [(500, "answer_held_back")] * len(lies)
    assert [(one.status_code, one.json()["code"]) for one in unread] == [(500, "file_unreadable")] * len(unread)
    assert not [one for one in (*lies, *unread) if "MR0110" in one.text or ID in one.text]
    assert (await status_of(door.client))["to_decide"]["answers_held_back"] == len(lies)
    for language, word in (("ar", "قراءة"), ("fr", "lire"), ("en", "read")):
        told = await give(door, GOOD, XLSX, **{"Accept-Language": language})
        assert word in told.json()["title"]


async def test_an_answer_about_people_that_should_be_json_is_no_file(door: Door) -> None:
    door.registry.answers["/v1/people"], door.registry.kind = GOOD, CSV

    answer = await door.get("/registry/v1/people")

    assert answer.status_code == 500
    assert "MR0110000001" not in answer.text


async def test_the_digest_of_other_bytes_is_a_lie(door: Door) -> None:
    door.registry.answers[PATH], door.registry.kind = GOOD, CSV
    door.registry.headers = FileTold.of(GOOD.replace(b"5", b"6"), 2, TOLD).header()

    assert (await door.get(f"/registry{PATH}")).json()["code"] == "answer_held_back"


async def test_a_range_is_of_the_whole_that_was_looked_at(door: Door) -> None:
    size, whole = len(GOOD), await give(door, GOOD)
    middle = await give(door, GOOD, Range="bytes=5-20")
    rest = await give(door, GOOD, Range=f"bytes={size - 9}-", **{"If-Range": '"1"'})
    changed = await give(door, GOOD, Range="bytes=1-2", **{"If-Range": '"another"'})
    beyond = await give(door, GOOD, Range=f"bytes={size}-")
    lie = await give(door, GOOD, told=("size",), Range="bytes=0-9")

    assert (whole.status_code, int(whole.headers["Content-Length"])) == (200, size)
    assert (middle.status_code, middle.content) == (206, GOOD[5:21])
    assert middle.headers["Content-Range"] == f"bytes 5-20/{size}"
    assert (rest.status_code, rest.content) == (206, GOOD[-9:])
    assert (changed.status_code, changed.content) == (200, GOOD)
    assert (beyond.status_code, beyond.json()["code"]) == (416, "range_not_satisfiable")
    assert lie.json()["code"] == "answer_held_back"
    assert not [one for asked in door.registry.seen for one in asked["headers"] if one[0] in ("range", "if-range")]


async def test_where_no_file_can_be_written_nothing_leaves(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(content: bytearray) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    class Full:
        def __init__(self, **_: str) -> None:
            self.name, self.write = "/nowhere", full

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            return None

    monkeypatch.setattr(spooling.tempfile, "NamedTemporaryFile", Full)
    answer = await give(door, GOOD)

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_the_same_bytes_are_read_once(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await give(door, GOOD)).status_code == 200
    monkeypatch.setitem(looking.READERS, "text/csv", None)  # type: ignore[arg-type]
    monkeypatch.delitem(looking.READERS, "text/csv")

    assert (await give(door, GOOD, Range="bytes=0-3")).status_code == 206
    assert (await give(door, GOOD, told=("size",))).json()["code"] == "answer_held_back"
    assert (await give(door, GOOD + b"MR0110000003,4\n", rows=3)).json()["code"] == "file_unreadable"


async def test_a_reader_that_takes_too_long_is_ended_and_too_many_are_told_to_wait(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "LOOK_SECONDS", 0.001)
    assert (await give(door, GOOD)).json()["code"] == "file_unreadable"
    monkeypatch.setattr(looking, "LOOK_SECONDS", 60.0)
    monkeypatch.setattr(looking, "MOST_WAITING", 1)
    both = await asyncio.gather(give(door, GOOD), give(door, GOOD))
    assert sorted(one.status_code for one in both) == [200, 503]
    assert next(one for one in both if one.status_code == 503).headers["retry-after"]
