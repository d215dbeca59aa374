"""Snapshots through HTTP: made by the worker, read, fetched, compared, kept while somebody rests on them."""

import asyncio
import csv
import hashlib
import html
import io
from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from snapshot_cases import HOMES, fill, make, started
from sqlalchemy import func, select, update

from in_turn import in_turn
from matching_cases import Projection, id_of
from running import Running, Services, until
from services.matching.country_work import do_next
from services.matching.figures.computing import indicator_cells
from services.matching.figures.freezing import bytes_of, freeze, hash_of
from services.matching.models import Beneficiary
from services.matching.snapshots import commands, making
from services.matching.snapshots.comparing import COMPARING
from services.matching.snapshots.errors import (
    SameSnapshot,
    SnapshotEnded,
    SnapshotInUse,
    SnapshotNotFiled,
    SnapshotNotMade,
    TooManySnapshots,
)
from services.matching.snapshots.filing import FILING
from services.matching.snapshots.making import MAKING
from services.matching.snapshots.models import Snapshot, SnapshotCell, SnapshotPart
from services.matching.snapshots.notes import WORDS, indicators
from services.matching.snapshots.queries import SnapshotDamaged, frozen, refuse_unfiled
from services.matching.snapshots.schemas import ComparisonIn, SnapshotIn
from shared.clock import now
from shared.identity import Caller
from shared.ids import new_id
from shared.outbox import OutboxRow

TAAZOUR = Caller("taazour", frozenset({"snapshots:make"}), frozenset(), frozenset())


@pytest.fixture
async def matching(services: Services) -> Running:
    return await started(services)


@pytest.fixture
async def client(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with matching.client("taazour") as made:
        yield made


async def test_a_snapshot_is_made_and_its_figures_are_read_by_indicator(client: httpx.AsyncClient) -> None:
    made = await make(client)
    path = f"/v1/snapshots/{made['id']}/indicators"

    assert (made["status"], made["households"], made["people"]) == ("done", HOMES, HOMES * 5)
    assert (made["threshold"], made["step"], made["used_by"]) == (0.97, None, [])
    asked = {"indicator": "coverage", "by": "wilaya", "program": "TEKAVOUL", "unit": "people", "bound": "certain"}
    page = (await client.get(path, params=asked)).json()
    # 12 of 18 households of five in each of the two
    assert [(one["group"], one["numerator"], one["denominator"], one["value"]) for one in page["items"]] == [
        ("MR01", "60", "90", 2 / 3),
        ("MR03", "60", "90", 2 / 3),
    ]
    assert page["items"][0]["group_name"] == {"ar": None, "fr": "Hodh Ech Chargui"}
    assert (page["of"]["snapshot_id"], page["of"]["threshold"], page["of"]["households"]) == (made["id"], 0.97, HOMES)
    assert [note["code"] for note in page["methods"]] == ["coverage"]
    assert (page["of"]["day"], page["of"]["known_on"]) == (made["day"], made["known_on"])
    over_time = (
        await client.get(path, params={**asked, "by": "wilaya_month", "group": f"MR03|{made['day'][:7]}"})
    ).json()
    (last,) = over_time["items"]
    assert (last["numerator"], last["denominator"], last["group_name"]["fr"]) == ("60", "90", "Assaba")
    money = {"indicator": "benefit_incidence", "by": "wilaya", "program": "TEKAVOUL", "bound": "certain"}
    first = (await client.get(path, params=money)).json()["items"][0]
    # from the day of enrollment on: the same months in both
    assert (first["unit"], first["value"]) == ("money", 0.5)


async def test_of_an_earlier_day_it_is_said_that_not_all_is_of_that_day(client: httpx.AsyncClient) -> None:
    """Read today: 24 households of 36, of which nobody was enrolled a year before the day of enrollment."""
    today = now().date()
    earlier = await make(client, day="2019-06-30")

    found = (await client.get(f"/v1/snapshots/{earlier['id']}/indicators", params={"by": "total"})).json()
    page = await client.get(f"/v1/snapshots/{earlier['id']}/report", params={"format": "html", "language": "fr"})

    assert (earlier["day"], earlier["known_on"], earlier["households"]) == ("2019-06-30", today.isoformat(), HOMES)
    of = found["of"]
    assert (of["day"], of["known_on"]) == ("2019-06-30", today.isoformat())
    assert of["as_known"]["en"].startswith("Ages, enrollments, values, rules and baskets are those of the day;")
    assert of["as_known"]["fr"] in html.unescape(page.text)
    [enrolled] = [
        one
        for one in found["items"]
        if (one["indicator"], one["program"], one["unit"], one["bound"])
        == ("coverage", "TEKAVOUL", "households", "certain")
    ]
    assert (enrolled["numerator"], enrolled["denominator"]) == ("0", "36")


async def test_pages_go_on_where_the_one_before_ended(client: httpx.AsyncClient) -> None:
    made = await make(client)
    path = f"/v1/snapshots/{made['id']}/indicators"

    seen, cursor = [], None
    while True:
        page = (await client.get(path, params={"limit": 200, **({"cursor": cursor} if cursor else {})})).json()
        seen += [(one["indicator"], one["by"], one["group"], one["program"]) for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == made["cells"]
    assert {one[0] for one in seen} == set(indicators()) - {
        "overlap", "overlap_of_first", "overlap_of_second", "overlap_jaccard", "complementarity"
    }  # fmt: skip


async def test_small_groups_are_hidden_and_say_why_in_the_callers_language(
    client: httpx.AsyncClient, matching: Running
) -> None:
    await fill(Projection(matching.platform.database), range(101, 104), inside=0)
    async with matching.platform.database.transaction() as tx:
        await tx.execute(
            update(Beneficiary).where(Beneficiary.household_id == id_of("household 1")).values(active=False)
        )
    made = await make(client)
    asked = {"indicator": "coverage", "by": "category", "program": "TEKAVOUL", "unit": "households"}

    page = await client.get(f"/v1/snapshots/{made['id']}/indicators", params=asked, headers={"Accept-Language": "ar"})

    assert page.status_code == 200
    for one in page.json()["items"]:
        assert (one["value"] is None) == (one["reason"] is not None)
        assert one["because"] in (None, *(words.ar for words in WORDS.values()))


async def test_the_same_snapshot_gives_the_same_numbers_for_ever(client: httpx.AsyncClient, matching: Running) -> None:
    made = await make(client)
    await fill(Projection(matching.platform.database), range(200, 212), inside=300)  # the country goes on

    async with matching.platform.database.transaction() as tx:
        country = await frozen(tx, UUID(made["id"]))
        stored = await tx.scalars(
            select(SnapshotCell).where(SnapshotCell.snapshot_id == UUID(made["id"])).order_by(SnapshotCell.place)
        )
        rows = [
            (
                *(c.indicator, c.grouped_by, c.group, c.program, c.other, c.unit, c.bound),
                *(c.numerator, c.denominator, c.value, c.reason, c.overlap_class),
            )
            for c in stored
        ]
    cells = indicator_cells(country)

    assert hashlib.sha256(bytes_of(cells)).hexdigest() == made["cells_hash"]
    assert hash_of(freeze(country)).hex() == made["frames_hash"]
    assert rows == [cell[:12] for cell in cells]


async def test_what_was_tampered_with_is_not_read(client: httpx.AsyncClient, matching: Running) -> None:
    made = await make(client)
    async with matching.platform.database.transaction() as tx:
        kept = await tx.scalar(select(SnapshotPart.content).where(SnapshotPart.name == "standing"))
    for part, content, sound in (("standing", b"{}", False), ("standing", kept, True), ("terms", b"{}", False)):
        async with matching.platform.database.transaction() as tx:
            await tx.execute(update(SnapshotPart).where(SnapshotPart.name == part).values(content=content))
            with nullcontext() if sound else pytest.raises(SnapshotDamaged):
                await frozen(tx, UUID(made["id"]))


async def test_files_hold_every_figure(client: httpx.AsyncClient) -> None:
    made = await make(client)
    path = f"/v1/snapshots/{made['id']}/file"

    async def filed() -> bool:
        answer = await client.get(path)
        assert answer.status_code == 200 or answer.json()["code"] == "snapshot_not_filed"
        return answer.status_code == 200

    await until(filed, what="the files", seconds=60)
    text, book, parquet = [await client.get(path, params={"format": kind}) for kind in ("csv", "xlsx", "parquet")]

    rows = list(csv.DictReader(io.StringIO(text.content.decode("utf-8-sig"))))
    wanted = {"indicator": "coverage", "by": "total", "program": "TEKAVOUL", "unit": "households", "bound": "certain"}
    [one] = [row for row in rows if wanted.items() <= row.items()]
    assert (one["numerator"], one["denominator"], one["snapshot_id"], one["indicator_fr"]) == (
        "24",
        "36",
        made["id"],
        "Couverture",
    )
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.content)).get_sheet_by_index(0).to_python()
    assert len(rows) == len(sheet) - 1 == len(pl.read_parquet(io.BytesIO(parquet.content))) == made["cells"]
    again = await client.get(path, params={"format": "xlsx"})
    assert (again.content, again.headers["ETag"]) == (book.content, book.headers["ETag"])


async def test_methods_are_told_in_three_languages(client: httpx.AsyncClient) -> None:
    found = (await client.get("/v1/indicators")).json()

    assert len(found) == 28
    for one in found:
        assert all(len(one["method"][language]) > 20 for language in ("ar", "fr", "en")), one["code"]
        assert any("\u0600" <= letter <= "\u06ff" for letter in one["names"]["ar"])


async def test_asked_for_twice_under_one_key_is_one_snapshot_and_one_event(
    client: httpx.AsyncClient, matching: Running
) -> None:
    asked = [
        await client.post("/v1/snapshots", json={"note": "once"}, headers={"Idempotency-Key": str(id_of("a key"))})
        for _ in range(2)
    ]
    assert asked[0].content == asked[1].content

    async def announced() -> Any:
        async with matching.platform.database.transaction() as tx:
            return await tx.scalar(
                select(func.count()).select_from(OutboxRow).where(OutboxRow.type == "matching.snapshots.made.v1")
            )

    assert await until(announced, what="the event", seconds=60) == 1
    listed = (await client.get("/v1/snapshots")).json()["items"]
    assert [one["id"] for one in listed] == [asked[0].json()["id"]]


@in_turn(
    ("body", "code"),
    [
        ({"note": "x", "day": "2015-12-31"}, "snapshot_too_early"),
        ({"note": "x", "day": (now().date() + timedelta(days=2)).isoformat()}, "snapshot_in_future"),
        ({"note": ""}, "invalid_request"),
        ({"note": "x", "rows": 5}, "invalid_request"),
    ],
)
async def test_what_cannot_be_frozen_is_refused(client: httpx.AsyncClient, body: Any, code: str) -> None:
    answer = await client.post("/v1/snapshots", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_an_unknown_indicator_and_an_unknown_snapshot_are_refused(client: httpx.AsyncClient) -> None:
    made = await make(client)

    unknown = await client.get(f"/v1/snapshots/{made['id']}/indicators", params={"indicator": "happiness"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_indicator")
    assert "coverage" in unknown.text
    for path in ("", "/indicators", "/file"):
        assert (await client.get(f"/v1/snapshots/{new_id()}{path}")).status_code == 404
    assert (await client.post(f"/v1/snapshots/{new_id()}/cancel")).status_code == 404
    assert (await client.delete(f"/v1/snapshots/{new_id()}")).status_code == 404
    assert (await client.get(f"/v1/snapshot-comparisons/{new_id()}")).status_code == 404


async def test_one_who_may_only_read_makes_nothing(matching: Running) -> None:
    async with matching.client("csa", permissions=frozenset({"snapshots:read"})) as reader:
        assert (await reader.post("/v1/snapshots", json={"note": "x"})).status_code == 403
        assert (await reader.get("/v1/snapshots")).status_code == 200


class Quiet:
    """Matching's database without its workers, as the worker's functions see the platform."""

    def __init__(self, projection: Projection) -> None:
        self.database = projection.database


async def asked(projection: Projection, note: str = "x") -> UUID:
    async with projection.database.transaction() as tx:
        return (await commands.ask(tx, SnapshotIn(note=note), by=TAAZOUR)).id


async def status(projection: Projection, snapshot_id: UUID) -> tuple[str, int]:
    async with projection.database.transaction() as tx:
        found = await tx.get_one(Snapshot, snapshot_id)
        cells = await tx.scalar(
            select(func.count()).select_from(SnapshotCell).where(SnapshotCell.snapshot_id == snapshot_id)
        )
        return found.status, cells or 0


async def test_cancelled_while_it_is_computed_nothing_of_it_is_kept(
    projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(projection, range(1, 7), inside=6)
    snapshot_id = await asked(projection)
    step = making._step

    async def cancelled_at_storing(platform: Any, of: UUID, name: str) -> bool:
        if name == "storing":
            async with projection.database.transaction() as tx:
                await commands.cancel(tx, of)
        return await step(platform, of, name)

    monkeypatch.setattr(making, "_step", cancelled_at_storing)
    platform: Any = Quiet(projection)

    assert await do_next(platform, MAKING)
    assert await status(projection, snapshot_id) == ("cancelled", 0)
    assert not await do_next(platform, MAKING)
    assert not await do_next(platform, FILING)
    async with projection.database.transaction() as tx:
        with pytest.raises(SnapshotEnded):
            await commands.cancel(tx, snapshot_id)


async def test_one_cut_by_a_death_is_made_again_and_a_fault_is_told(
    projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(projection, range(1, 7), inside=6)
    platform: Any = Quiet(projection)
    cut, faulty = await asked(projection), await asked(projection)
    async with projection.database.transaction() as tx:
        await tx.execute(update(Snapshot).where(Snapshot.id == cut).values(status="running", step="computing"))

    assert await do_next(platform, MAKING)
    assert (await status(projection, cut))[0] == "done"
    async with projection.database.transaction() as tx:
        with pytest.raises(SnapshotNotFiled):
            await refuse_unfiled(tx, cut, "indicators.csv")
    assert [await do_next(platform, FILING), await do_next(platform, FILING)] == [True, False]

    def fault(_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(making, "indicator_cells", fault)
    assert await do_next(platform, MAKING)
    assert await status(projection, faulty) == ("failed", 0)


async def test_two_workers_make_one_snapshot_once(projection: Projection) -> None:
    await fill(projection, range(1, 7), inside=6)
    snapshot_id = await asked(projection)
    platform: Any = Quiet(projection)

    await asyncio.gather(do_next(platform, MAKING), do_next(platform, MAKING))

    assert (await status(projection, snapshot_id))[0] == "done"
    async with projection.database.transaction() as tx:
        made = select(func.count()).where(OutboxRow.type == "matching.snapshots.made.v1")
        assert await tx.scalar(made) == 1


async def test_no_more_than_a_few_wait(projection: Projection) -> None:
    for _ in range(commands.MOST_WAITING):
        await asked(projection)
    with pytest.raises(TooManySnapshots):
        await asked(projection)


async def test_a_snapshot_on_which_somebody_rests_is_not_deleted(projection: Projection) -> None:
    await fill(projection, range(1, 7), inside=6)
    snapshot_id, scenario = await asked(projection), new_id()
    database = projection.database
    async with database.transaction() as tx:
        with pytest.raises(SnapshotNotMade):
            await commands.use(tx, snapshot_id, "scenario", scenario)
        with pytest.raises(SnapshotNotMade):
            await commands.delete_snapshot(tx, snapshot_id)
    await do_next(Quiet(projection), MAKING)  # type: ignore[arg-type]
    async with database.transaction() as tx:
        for _ in range(2):
            await commands.use(tx, snapshot_id, "scenario", scenario)
    async with database.transaction() as tx:
        with pytest.raises(SnapshotInUse) as refusal:
            await commands.delete_snapshot(tx, snapshot_id)
        assert "scenario" in refusal.value.detail.en
    async with database.transaction() as tx:
        await commands.release(tx, "scenario", scenario)
        await commands.delete_snapshot(tx, snapshot_id)
    async with database.transaction() as tx:
        for table in (Snapshot, SnapshotCell, SnapshotPart):
            assert await tx.scalar(select(func.count()).select_from(table)) == 0


async def test_what_moved_between_two_snapshots_is_told_part_by_part(
    client: httpx.AsyncClient, matching: Running
) -> None:
    """24 of 36 are in TEKAVOUL; then 12 households enter, all enrolled: 36 of 48."""
    first = await make(client)
    await fill(Projection(matching.platform.database), range(200, 212), inside=300)
    second = await make(client, "second")
    body = {"before": first["id"], "after": second["id"]}

    asked = await client.post("/v1/snapshot-comparisons", json=body)
    assert asked.status_code == 202
    path = f"/v1/snapshot-comparisons/{asked.json()['id']}"

    async def done() -> Any:
        found = (await client.get(path)).json()
        return found if found["status"] == "done" else None

    found = await until(done, what="the comparison", seconds=60)
    assert found["moved"]["households_entered"] == 12
    assert found["moved"]["households_left"] == 0
    [coverage] = [
        one
        for one in found["figures"]
        if (one["indicator"], one["program"], one["unit"], one["bound"])
        == ("coverage", "TEKAVOUL", "households", "certain")
    ]
    assert (coverage["before"], coverage["after"]) == (pytest.approx(2 / 3), 0.75)
    assert coverage["steps"] == pytest.approx(
        {"households": 0.0833, "enrollments": 0, "links": 0, "values": 0, "rules": 0, "baskets": 0}, abs=1e-4
    )
    again = await client.post("/v1/snapshot-comparisons", json=body)
    assert again.json()["id"] == found["id"]
    assert [one["id"] for one in (await client.get("/v1/snapshot-comparisons")).json()["items"]] == [found["id"]]
    refused = await client.delete(f"/v1/snapshots/{first['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "snapshot_in_use")
    assert (await client.get(f"/v1/snapshots/{first['id']}")).json()["used_by"] == ["comparison"]
    assert (await client.delete(path)).status_code == 204
    assert (await client.delete(path)).status_code == 404
    assert (await client.delete(f"/v1/snapshots/{first['id']}")).status_code == 204


async def test_a_snapshot_is_not_compared_with_itself_nor_before_it_is_made(projection: Projection) -> None:
    one, other = await asked(projection), await asked(projection)
    async with projection.database.transaction() as tx:
        with pytest.raises(SameSnapshot):
            await commands.compare(tx, ComparisonIn(before=one, after=one), by=TAAZOUR)
        with pytest.raises(SnapshotNotMade):
            await commands.compare(tx, ComparisonIn(before=one, after=other), by=TAAZOUR)
    assert not await do_next(Quiet(projection), COMPARING)  # type: ignore[arg-type]
