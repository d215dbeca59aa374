"""Everything one household receives in an institution, explained; nothing of other households or programs."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from benefits_cases import enrolled, entitlements, issue
from sqlalchemy import text, update

from running import Running
from services.programs.commands.ledger import Entry, write_entries
from services.programs.models import Enrollment
from services.programs.rules.benefits import EntryKind
from shared.ids import new_id

Csv = Callable[..., bytes]
Start = Callable[[str], Awaitable[Running]]
Send = Callable[..., Awaitable[dict[str, Any]]]

PROGRAMS = frozenset({"TEKAVOUL", "TEMWINE"})
HOUSEHOLD, OTHER = new_id(), new_id()


async def link(running: Running, program: str, name: str, household: UUID, status: str = "linked", **more: Any) -> None:
    async with running.platform.database.transaction() as tx:
        await tx.execute(
            update(Enrollment)
            .where(Enrollment.name == name, Enrollment.program_code == program)
            .values(link_status=status, registry_household_id=household, **more)
        )


async def test_a_household_sees_all_it_receives_and_why(start: Start, send: Send, csv_file: Csv) -> None:
    taazour = await start("taazour")
    async with taazour.client("taazour", programs=PROGRAMS) as client:
        await send(client, "TEKAVOUL", csv_file(*enrolled(1, 2, 3)))
        for number, household, status in (
            (1, HOUSEHOLD, "linked"),
            (2, OTHER, "linked"),
            (3, HOUSEHOLD, "to_adjudicate"),
        ):
            await link(taazour, "TEKAVOUL", f"Mint Ahmed {number}", household, status)
        first = await issue(client, "TEKAVOUL", "2027-01-01")
        second = await issue(client, "TEKAVOUL", "2027-04-01")
        mine = (await client.get("/v1/enrollments", params={"household_id": str(HOUSEHOLD)})).json()["items"][0]["id"]
        await deliver(taazour, (await entitlements(client, first["id"], enrollment_id=mine))[0], "3600")
        await link(
            taazour, "TEKAVOUL", "Mint Ahmed 1", HOUSEHOLD, held_reason="under_review", held_on=date(2026, 12, 1)
        )

        shown = await client.get(f"/v1/households/{HOUSEHOLD}", headers={"Accept-Language": "en"})

        assert shown.status_code == 200, shown.text
        found = shown.json()
        # 3,600 MRU a quarter are 1,200 a month; two quarters fell due, and one was handed over.
        assert (found["institution"], found["monthly_value_mru"], found["complete"]) == ("taazour", "1200.00", True)
        assert (found["due_mru"], found["delivered_mru"], found["outstanding_mru"]) == ("7200.00", "3600.00", "3600.00")
        [received] = found["enrollments"]
        assert (received["enrollment_id"], received["names"]["ar"], received["status"]) == (mine, "تكافل", "enrolled")
        assert [(one["cycle_id"], one["state"]) for one in received["entitlements"]] == [
            (second["id"], "due"),
            (first["id"], "delivered"),
        ]
        assert received["entitlements"][0]["explanation"][0].startswith("value in force since 2024-01-01")
        assert received["explanation"][1:] == [
            "is worth 1200.00 MRU a month, in the months in which the program gives",
            "7200.00 MRU fell due (cycles: 2), of which 3600.00 handed over",
            "held: the beneficiary's case is under review",
        ]
        for language, begins in (("ar", "مسجَّل منذ"), ("fr", "inscrit depuis le")):
            answer = await client.get(f"/v1/households/{HOUSEHOLD}", headers={"Accept-Language": language})
            assert answer.json()["enrollments"][0]["explanation"][0].startswith(begins)

        assert (await client.get(f"/v1/households/{new_id()}")).json()["code"] == "not_found"
    async with taazour.client("cnam", programs=frozenset({"HEALTH_INSURANCE"})) as other:
        assert (await other.get(f"/v1/households/{HOUSEHOLD}")).status_code == 404
    async with taazour.client("wfp", frozenset({"enrollments:read"}), PROGRAMS) as reader:
        assert (await reader.get(f"/v1/households/{HOUSEHOLD}")).status_code == 403


async def deliver(running: Running, entitlement: dict[str, Any], amount: str) -> None:
    async with running.platform.database.transaction() as tx:
        entry = Entry(
            kind=EntryKind.DELIVERED,
            cycle_id=UUID(entitlement["cycle_id"]),
            enrollment_id=UUID(entitlement["enrollment_id"]),
            entitlement_id=UUID(entitlement["id"]),
            what="MRU",
            quantity=Decimal(amount),
            amount=Decimal(amount),
            on_day=date(2027, 2, 1),
        )
        await write_entries(tx, entitlement["program"], [entry], by="taazour")


async def test_what_is_not_known_is_not_added_up_and_the_newest_come_first(
    start: Start, send: Send, csv_file: Csv
) -> None:
    csa = await start("csa")
    async with csa.client("csa", programs=frozenset({"EL_MAOUNA"})) as client:
        await send(client, "EL_MAOUNA", csv_file(*enrolled(1, size=2)))
        await link(csa, "EL_MAOUNA", "Mint Ahmed 1", HOUSEHOLD, monthly_value_mru=None)
        async with csa.platform.database.transaction() as tx:
            # Fourteen cycles of the one enrollment, written as they would have been issued.
            await tx.execute(
                text(
                    "INSERT INTO cycles (id, program_code, starts_on, ends_on, late_after, status, version, sizes_on,"
                    " known_at, program_version, value_from_on, created_by)"
                    " SELECT gen_random_uuid(), 'EL_MAOUNA', day, day, day, 'issued', 1, day, now(), 1, '2021-01-01', 'csa'"
                    " FROM generate_series(date '2010-06-01', date '2023-06-01', interval '1 year') AS day"
                )
            )
            await tx.execute(
                text(
                    "INSERT INTO entitlements (id, cycle_id, enrollment_id, program_code, status, amount_mru)"
                    " SELECT gen_random_uuid(), cycles.id, enrollments.id, 'EL_MAOUNA', 'due', 450 FROM cycles, enrollments"
                )
            )

        found = (await client.get(f"/v1/households/{HOUSEHOLD}", headers={"Accept-Language": "en"})).json()

    assert (found["monthly_value_mru"], found["complete"], found["due_mru"]) == ("0.00", False, "6300.00")
    [received] = found["enrollments"]
    assert len(received["entitlements"]) == 12
    assert "what it is worth a month is not known" in received["explanation"][1]
