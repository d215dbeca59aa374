"""Lists applied twice, halfway, at once: one effect, one announcement, nobody active twice."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from running import Running, Services, until
from services.programs.catalog import programs_of
from services.programs.commands.lists import ListOutcome, Source, apply_list
from services.programs.importing import ProgramsImporter
from services.programs.models import Enrollment
from services.programs.rules.listed import Listed
from services.programs.rules.status import Status
from shared.history import History
from shared.importing.applying import _apply_chunk
from shared.importing.models import Import
from shared.importing.receiving import Sent, receive

Csv = Callable[..., bytes]
Start = Callable[[str], Awaitable[Running]]
Send = Callable[..., Awaitable[dict[str, Any]]]
Announced = Callable[[Running], Awaitable[list[dict[str, Any]]]]

HEADER = ["N° registre social", "Nom complet", "NNI", "Nbre personnes", "Montant"]
EL_MAOUNA = programs_of("csa")["EL_MAOUNA"]
INSURANCE = programs_of("taazour")["HEALTH_INSURANCE"]


def household(number: int, name: str = "Sidi Ould Ely", size: int = 4) -> list[Any]:
    return [f"MR032{number:07}", name, "", size, size * 450]


async def count(programs: Running, *conditions: Any) -> int:
    async with programs.platform.database.transaction() as tx:
        return await tx.scalar(select(func.count()).select_from(Enrollment).where(*conditions)) or 0


@pytest.fixture
async def csa(start: Start) -> Running:
    return await start("csa")


def of_csa(programs: Running) -> httpx.AsyncClient:
    return programs.client("csa", programs=frozenset({"EL_MAOUNA"}))


async def test_the_same_file_twice_is_one_import(csa: Running, send: Send, csv_file: Csv, announced: Announced) -> None:
    file = csv_file(HEADER, household(1), household(2))
    async with of_csa(csa) as client:
        first = await send(client, "EL_MAOUNA", file)
        again = await send(client, "EL_MAOUNA", file)

    assert again == first
    assert await count(csa) == 2
    assert [(one["enrolled"], one["exited"], one["program"]) for one in await announced(csa)] == [(2, 0, "EL_MAOUNA")]


async def test_a_later_list_leaves_those_already_enrolled_unchanged_and_says_nothing_of_them(
    csa: Running, send: Send, csv_file: Csv, announced: Announced
) -> None:
    async with of_csa(csa) as client:
        await send(client, "EL_MAOUNA", csv_file(HEADER, household(1), household(2)))

        state = await send(client, "EL_MAOUNA", csv_file(HEADER, household(2, size=9), household(3)))

    assert (state["accepted"], state["unchanged"], state["rejected"], state["issues"]) == (1, 1, 0, [])
    assert [one["enrolled"] for one in await announced(csa)] == [2, 1]
    assert await count(csa, Enrollment.household_size == 9) == 0


async def test_a_list_with_nothing_new_announces_nothing(
    csa: Running, send: Send, csv_file: Csv, announced: Announced
) -> None:
    async with of_csa(csa) as client:
        await send(client, "EL_MAOUNA", csv_file(HEADER, household(1)))
        await send(client, "EL_MAOUNA", csv_file(HEADER, household(1, name="another spelling")))

    assert len(await announced(csa)) == 1


async def test_a_second_entry_far_below_still_names_the_first_line(csa: Running, send: Send, csv_file: Csv) -> None:
    rows = [household(number) for number in range(1, 701)]

    async with of_csa(csa) as client:
        state = await send(client, "EL_MAOUNA", csv_file(HEADER, *rows, household(3)))

    assert (state["accepted"], state["unchanged"], state["warnings"]) == (700, 1, 1)
    assert state["issues"][0]["line"] == 702
    assert "line 4" in state["issues"][0]["reason"]  # the header is line 1, household 3 stands on line 4


async def test_a_character_that_no_database_takes_stops_no_row(csa: Running, send: Send, xlsx_file: Csv) -> None:
    file = xlsx_file(HEADER, household(1, name="Si\x00di"), ["MR0320000002", "A", "99\x00", "4", "\x00-5"])

    async with of_csa(csa) as client:
        state = await send(client, "EL_MAOUNA", file, filename="liste.xlsx")

    assert (state["status"], state["accepted"], state["rejected"]) == ("completed", 1, 1)
    assert await count(csa, Enrollment.name == "Sidi") == 1
    assert {one["code"] for one in state["issues"]} == {"amount_negative", "nni_unreadable"}


async def test_every_enrollment_has_its_history_and_belongs_to_one_announced_batch(
    csa: Running, send: Send, csv_file: Csv, announced: Announced
) -> None:
    async with of_csa(csa) as client:
        await send(client, "EL_MAOUNA", csv_file(HEADER, *(household(number) for number in range(1, 1201))))

    events = await announced(csa)
    assert [one["enrolled"] for one in events] == [500, 500, 200]  # a batch for each chunk
    async with csa.platform.database.transaction() as tx:
        rows = (await tx.execute(select(History.batch_id, History.change, History.changed_by))).all()
    batches = [UUID(one["batch_id"]) for one in events]
    turns = [row for row in rows if row.batch_id in batches]
    assert len(turns) == 1200
    assert {row.changed_by for row in turns} == {"csa"}
    assert all(row.change == {"from": None, "to": "enrolled", "reason": "listed"} for row in turns)


async def test_a_process_killed_between_and_within_chunks_goes_on_where_it_stood(
    services: Services, csv_file: Csv, announced: Announced, tmp_path: Path
) -> None:
    killed = await services.start("programs-csa")
    await killed.stop()
    file = tmp_path / "liste"
    file.write_bytes(csv_file(HEADER, *(household(number) for number in range(1, 1201))))
    importer = ProgramsImporter("csa", programs_of("csa"))
    database = killed.platform.database
    async with database.transaction() as tx:
        import_ = await receive(tx, Sent("csa", "EL_MAOUNA", "liste.csv"), file)
    first, second, _ = importer.chunks(import_, file)
    await _apply_chunk(killed.platform, importer, import_.id, first)
    with pytest.raises(KeyboardInterrupt):  # dies before the commit of its second chunk
        async with database.transaction() as tx:
            await importer.apply(tx, await tx.get_one(Import, import_.id), second)
            raise KeyboardInterrupt
    assert await count(killed) == 500
    await database.close()

    again = await services.start("programs-csa")

    async with of_csa(again) as client:

        async def completed() -> dict[str, Any] | None:
            state: dict[str, Any] = (await client.get(f"/v1/imports/{import_.id}")).json()
            return state if state["status"] == "completed" else None

        state = await until(completed, what="the import to be completed")
    assert (state["accepted"], state["unchanged"], state["rejected"]) == (1200, 0, 0)
    assert await count(again) == 1200
    assert [one["enrolled"] for one in await announced(again)] == [500, 500, 200]


async def test_who_is_removed_and_added_again_in_one_delta_is_a_new_enrollment(
    start: Start, announced: Announced
) -> None:
    programs = await start("taazour")
    rows = [
        Listed(line=2, name="a", household_number="MR0510000001"),
        Listed(line=3, name="a", household_number="MR0510000001", action="remove", effective_on=date(2026, 9, 1)),
        Listed(line=4, name="a", household_number="MR0510000001"),
    ]

    done = await applied(programs, "HEALTH_INSURANCE", rows)

    assert (done.accepted, done.rejected) == (3, 0)
    assert await count(programs, Enrollment.status == Status.EXITED) == 1
    assert await count(programs, Enrollment.status == Status.ENROLLED) == 1
    [event] = await announced(programs)
    assert (event["enrolled"], event["exited"]) == (2, 1)


async def test_a_removal_in_a_later_delta_ends_the_enrollment_and_a_repeated_one_finds_nobody(
    start: Start, announced: Announced
) -> None:
    programs = await start("taazour")
    await applied(programs, "HEALTH_INSURANCE", [Listed(line=2, name="a", household_number="MR0510000001")])
    removal = Listed(line=2, name="a", household_number="MR0510000001", action="remove")

    first = await applied(programs, "HEALTH_INSURANCE", [removal])
    again = await applied(programs, "HEALTH_INSURANCE", [removal])

    assert (first.accepted, first.rejected, first.findings) == (1, 0, [])
    assert (again.accepted, again.rejected, again.findings[0].code) == (0, 1, "removal_unknown")
    assert [(one["enrolled"], one["exited"]) for one in await announced(programs)] == [(1, 0), (0, 1)]


async def test_a_removal_by_a_national_id_that_two_enrollments_share_removes_neither(start: Start) -> None:
    programs = await start("taazour")
    both = [
        Listed(line=2, name="a", household_number="MR0510000001", nni="9900000033"),
        Listed(line=3, name="a", household_number="MR0510000002", nni="9900000033"),
    ]
    await applied(programs, "HEALTH_INSURANCE", both)

    done = await applied(programs, "HEALTH_INSURANCE", [Listed(line=2, name="a", nni="9900000033", action="remove")])

    assert (done.accepted, done.rejected, done.findings[0].code) == (0, 1, "removal_ambiguous")
    assert await count(programs, Enrollment.status == Status.ENROLLED) == 2


async def test_a_removal_never_reaches_into_another_program(start: Start) -> None:
    programs = await start("taazour")
    await applied(programs, "TEKAVOUL", [Listed(line=2, name="a", household_number="MR0510000001")])

    done = await applied(
        programs, "HEALTH_INSURANCE", [Listed(line=2, name="a", household_number="MR0510000001", action="remove")]
    )

    assert done.findings[0].code == "removal_unknown"
    assert await count(programs, Enrollment.status == Status.ENROLLED) == 1


async def test_two_lists_applied_at_once_enroll_nobody_twice(csa: Running, announced: Announced) -> None:
    rows = [Listed(line=line, name="a", household_number=f"MR032{line:07}") for line in range(2, 302)]

    one, other = await asyncio.gather(applied(csa, "EL_MAOUNA", rows), applied(csa, "EL_MAOUNA", list(reversed(rows))))

    assert one.accepted + other.accepted == 300 and one.unchanged + other.unchanged == 300
    assert await count(csa) == 300
    assert sum(event["enrolled"] for event in await announced(csa)) == 300


async def test_the_database_refuses_a_second_active_enrollment_and_allows_one_after_an_exit(csa: Running) -> None:
    await applied(csa, "EL_MAOUNA", [Listed(line=2, name="a", household_number="MR0320000002")])
    table: Any = Enrollment.__table__
    async with csa.platform.database.transaction() as tx:
        row = dict((await tx.execute(select(table))).mappings().one())
    ended = {"status": "exited", "exited_on": date(2026, 10, 1)}

    with pytest.raises(IntegrityError, match="uq_enrollments_active"):
        async with csa.platform.database.transaction() as tx:
            await tx.execute(insert(table), [row | {"id": UUID(int=1)}])
    async with csa.platform.database.transaction() as tx:
        await tx.execute(insert(table), [row | {"id": UUID(int=2)} | ended])
    assert await count(csa) == 2


async def applied(programs: Running, code: str, rows: Sequence[Listed]) -> ListOutcome:
    """Apply rows as one chunk of a fresh import."""
    institution = programs.process.removeprefix("programs-")
    async with programs.platform.database.transaction() as tx:
        made = Import(
            id=UUID(int=next(_ids)),
            kind=code,
            partner=institution,
            filename="a.csv",
            currency="MRU",
            checksum=next(_ids).to_bytes(8, "big"),
            size=1,
            status="completed",
        )
        tx.add(made)
    async with programs.platform.database.transaction() as tx:
        source = Source(institution, made.id, institution, date(2026, 10, 1))
        return await apply_list(tx, programs_of(institution)[code], rows, source)


_ids = iter(range(1, 1_000_000))
