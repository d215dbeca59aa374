"""Imports: every row of an accepted file has its effect once, whenever the worker dies; no file holds up another."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from running import until
from shared import text
from shared.errors import NotPermitted
from shared.headers import Layout
from shared.http import OwnerUnavailable
from shared.identity import Caller
from shared.ids import new_id
from shared.importing.applying import import_worker, imports_waiting
from shared.importing.importer import Chunk, Issue, Outcome
from shared.importing.models import Import, ImportStatus
from shared.importing.receiving import Sent, receive, spooled
from shared.importing.routers import ROUTERS, take_files
from shared.outbox import record
from shared.platform import Platform
from shared.service import create_service
from shared.tables import UnreadableTable
from small_service import Note, NoteWritten, Small, beside, serving

WRONG = text.Text(ar="سطر خاطئ", fr="ligne fausse", en="a wrong line")
FILE = b"alpha\nbeta\n!bad\ngamma\ndelta\n"


class Lines:
    """One note a line, one line a chunk; lines that begin with `!` are refused."""

    def __init__(self) -> None:
        self.hang_at: int | None = None
        self.hanging = asyncio.Event()
        self.away = 0
        self.broken = False
        self.ended: list[tuple[UUID, int]] = []

    def refuse(self, by: Caller, kind: str) -> None:
        if kind != "notes":
            raise NotPermitted(permission=kind)

    def layout(self, kind: str) -> Layout | None:
        return None

    def keys(self, _: Import, chunk: Chunk) -> Iterator[tuple[int, str]]:
        yield chunk.last_line, chunk.rows[0]

    def chunks(self, _: Import, file: Path) -> Iterator[Chunk]:
        content = file.read_bytes()
        if content.startswith(b"\x00"):
            raise UnreadableTable("damaged_file")
        return (Chunk([line], number) for number, line in enumerate(content.decode().splitlines(), start=1))

    async def apply(self, tx: Any, _: Import, chunk: Chunk) -> Outcome:
        [line] = chunk.rows
        if self.away:
            self.away -= 1
            raise OwnerUnavailable("registry")
        if self.broken:
            raise ValueError(line)
        if line.startswith("!"):
            return Outcome(rejected=1, issues=[Issue(chunk.last_line, "text", line, "error", "wrong", WRONG)])
        note = Note(id=new_id(), text=line, version=1)
        tx.add(note)
        record(tx, NoteWritten(note_id=note.id))
        await tx.flush()
        if chunk.last_line == self.hang_at:
            self.hanging.set()
            await asyncio.sleep(60)
        return Outcome(accepted=1)

    async def completed(self, tx: Any, import_: Import) -> None:
        self.ended.append((import_.id, import_.accepted))


def app_of(small: Small, *workers: Any) -> Any:
    app = create_service(
        small.settings,
        title="Small",
        description="",
        routers=ROUTERS,
        migrations=small.migrations,
        workers=workers,
    )
    take_files(app, Lines())
    return app


def platform_of(small: Small) -> Platform:
    platform: Platform = app_of(small).state.platform
    return platform


async def stored(small: Small, content: bytes = FILE, kind: str = "notes", currency: str = "MRU") -> Import:
    file = small.folder / "upload"
    file.write_bytes(content)
    async with small.database.transaction() as tx:
        return await receive(tx, Sent("csa", kind, "x.csv", currency), file)


async def now_of(small: Small, import_: Import) -> Import:
    async with small.database.transaction() as tx:
        return await tx.get_one(Import, import_.id)


async def ended(small: Small, import_: Import) -> Import | None:
    found = await now_of(small, import_)
    return found if found.status in (ImportStatus.COMPLETED, ImportStatus.FAILED) else None


async def run_to_end(small: Small, importer: Lines, import_: Import) -> Import:
    platform = platform_of(small)
    async with beside(import_worker(importer)(platform)):
        found: Import = await until(lambda: ended(small, import_), what="the import to end")
    await platform.database.close()
    await platform.owners.close()
    return found


async def lines(small: Small) -> list[str]:
    return [row.text for row in await small.rows("SELECT text FROM notes ORDER BY id")]


async def test_good_rows_go_in_and_a_bad_one_is_reported_with_line_field_value_and_reason(small: Small) -> None:
    importer = Lines()
    import_ = await run_to_end(small, importer, await stored(small))

    assert import_.status == ImportStatus.COMPLETED
    assert importer.ended == [(import_.id, 4)]
    assert (import_.accepted, import_.rejected, import_.unchanged, import_.warnings) == (4, 1, 0, 0)
    assert import_.lines_done == 5 and import_.completed_at is not None
    assert await lines(small) == ["alpha", "beta", "gamma", "delta"]
    [issue] = await small.rows("SELECT line, field, value, severity, code, reason FROM import_issues")
    assert tuple(issue) == (3, "text", "!bad", "error", "wrong", {"ar": WRONG.ar, "fr": WRONG.fr, "en": WRONG.en})


@pytest.mark.parametrize("at", [1, 2, 4, 5])
async def test_a_worker_that_dies_in_a_chunk_is_followed_by_one_that_goes_on_there(small: Small, at: int) -> None:
    import_ = await stored(small)
    importer, platform = Lines(), platform_of(small)
    importer.hang_at = at
    async with beside(import_worker(importer)(platform)):
        await asyncio.wait_for(importer.hanging.wait(), 20)
    await platform.database.close()
    await platform.owners.close()
    before = await now_of(small, import_)
    assert before.lines_done == at - 1
    importer.hang_at = None

    after = await run_to_end(small, importer, import_)

    assert (after.status, after.accepted, after.rejected) == ("completed", 4, 1)
    assert await lines(small) == ["alpha", "beta", "gamma", "delta"]
    assert len(await small.rows("SELECT * FROM outbox")) == 4
    assert len(await small.rows("SELECT * FROM import_issues")) == 1


async def test_two_workers_on_one_file_give_each_row_its_effect_once(small: Small) -> None:
    import_ = await stored(small, "\n".join(f"line {n}" for n in range(60)).encode())
    platforms = [platform_of(small), platform_of(small)]
    async with beside(*(import_worker(Lines())(platform) for platform in platforms)):
        await until(lambda: ended(small, import_), what="the import to end")
    for platform in platforms:
        await platform.database.close()
        await platform.owners.close()

    assert (await now_of(small, import_)).accepted == 60
    assert len(await lines(small)) == 60


async def test_an_unreadable_file_fails_in_the_partners_words_and_holds_up_nobody(small: Small) -> None:
    unreadable, good = await stored(small, b"\x00\x01"), await stored(small)

    await run_to_end(small, Lines(), good)

    failed = await now_of(small, unreadable)
    assert failed.status == "failed"
    assert failed.failure is not None and failed.failure["code"] == "damaged_file"
    assert set(failed.failure) == {"code", "ar", "fr", "en"}
    assert (await now_of(small, good)).status == "completed"


async def test_a_fault_of_ours_fails_the_file_says_so_and_lets_it_be_sent_again(small: Small) -> None:
    importer = Lines()
    importer.broken = True
    failed = await run_to_end(small, importer, await stored(small, b"one\n"))
    importer.broken = False
    again = await stored(small, b"one\n")

    done = await run_to_end(small, importer, again)

    assert failed.failure is not None and failed.failure["code"] == "import_failed"
    assert again.id != failed.id
    assert (done.status, done.accepted) == ("completed", 1)


async def test_a_fault_of_the_surroundings_is_waited_out(small: Small) -> None:
    importer = Lines()
    importer.away = 1

    done = await run_to_end(small, importer, await stored(small))

    assert (done.status, done.accepted, done.rejected) == ("completed", 4, 1)


async def test_the_same_file_again_is_the_same_import_and_another_unit_is_another(small: Small) -> None:
    first, again = await stored(small), await stored(small)
    other_unit, other_kind = await stored(small, currency="MRO"), await stored(small, kind="others")

    assert again.id == first.id
    assert len({first.id, other_unit.id, other_kind.id}) == 3
    platform = platform_of(small)
    assert await imports_waiting(platform) == {"imports_waiting": 3}
    await platform.database.close()
    await platform.owners.close()


async def test_the_same_file_twice_at_once_is_one_import(small: Small) -> None:
    async with serving(app_of(small), **small.headers("imports:write", name="csa")) as client:
        asked = {"kind": "notes", "filename": "x.csv"}
        answers = await asyncio.gather(*(client.post("/v1/imports", params=asked, content=FILE) for _ in range(4)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await small.rows("SELECT * FROM imports")) == 1


async def test_a_large_file_is_kept_whole(small: Small) -> None:
    content = bytes(range(256)) * 10_000  # three parts
    import_ = await stored(small, content)

    parts = await small.rows("SELECT content FROM import_parts ORDER BY part")

    assert [len(part.content) for part in parts] == [1 << 20, 1 << 20, len(content) - (2 << 20)]
    assert b"".join(part.content for part in parts) == content
    assert import_.size == len(content)


async def test_a_stored_file_is_laid_out_on_disk_without_a_name_that_could_outlive_the_process(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "laid-out"))
    (tmp_path / "laid-out").mkdir()
    content = bytes(range(256)) * 10_000
    import_ = await stored(small, content)

    async with spooled(small.database, import_.id) as file:
        assert file.read_bytes() == content
        assert list((tmp_path / "laid-out").iterdir()) == []

    assert not file.exists()


# The routes


async def test_a_file_sent_is_followed_to_its_end_by_its_sender_alone(small: Small) -> None:
    app = app_of(small, import_worker(Lines()))
    async with serving(app, **small.headers("imports:write", name="csa")) as client:
        sent = await client.post("/v1/imports", params={"kind": "notes", "filename": "x.csv"}, content=FILE)
        path = f"/v1/imports/{sent.json()['id']}"

        async def done() -> bool:
            return bool((await client.get(path)).json()["status"] == "completed")

        await until(done, what="the import to end")
        state = (await client.get(path)).json()
        issues = {
            language: (await client.get(f"{path}/issues", headers={"Accept-Language": language})).json()["items"]
            for language in ("ar", "fr", "en")
        }
        listed = (await client.get("/v1/imports")).json()["items"]
        other = small.headers("imports:write", name="wfp")
        hidden = [await client.get(path, headers=other), await client.get(f"{path}/issues", headers=other)]
        others_list = (await client.get("/v1/imports", headers=other)).json()["items"]

    assert sent.status_code == 202
    assert (state["accepted"], state["rejected"], state["failure"]) == (4, 1, None)
    assert [issues[one][0]["reason"] for one in ("ar", "fr", "en")] == [WRONG.ar, WRONG.fr, WRONG.en]
    assert (issues["fr"][0]["line"], issues["fr"][0]["value"]) == (3, "!bad")
    assert [one["id"] for one in listed] == [sent.json()["id"]]
    assert [one.status_code for one in hidden] == [404, 404]
    assert others_list == []


async def test_one_key_never_swallows_a_second_file(small: Small) -> None:
    """A partner's program that reuses a key with another file must hear of it: the file would be lost in silence."""
    asked = {"kind": "notes", "filename": "x.csv"}
    headers = small.headers("imports:write", name="csa") | {"Idempotency-Key": "key-of-the-file"}
    async with serving(app_of(small), **headers) as client:
        first = await client.post("/v1/imports", params=asked, content=FILE)
        again = await client.post("/v1/imports", params=asked, content=FILE)
        other = await client.post("/v1/imports", params=asked, content=b"another\n")

    assert (first.status_code, again.content) == (202, first.content)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_kind_the_caller_may_not_send_is_refused_before_the_file_is_stored(small: Small) -> None:
    async with serving(app_of(small), **small.headers("imports:write", name="csa")) as client:
        refused = await client.post("/v1/imports", params={"kind": "secrets", "filename": "x.csv"}, content=FILE)
        nobody = await client.post(
            "/v1/imports", params={"kind": "notes", "filename": "x.csv"}, content=FILE, headers=small.headers()
        )

    assert (refused.status_code, nobody.status_code) == (403, 403)
    assert await small.rows("SELECT * FROM imports") == []


async def test_an_upload_past_the_limit_is_refused(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.importing.routes.LARGEST_BODY_BYTES", 1000)
    async with serving(app_of(small), **small.headers("imports:write")) as client:
        asked = {"kind": "notes", "filename": "x.csv"}
        at_the_limit = await client.post("/v1/imports", params=asked, content=b"x" * 1000)
        past = await client.post("/v1/imports", params=asked, content=b"x" * 1001)

    assert (at_the_limit.status_code, past.status_code) == (202, 413)
    assert past.json()["code"] == "body_too_large"
