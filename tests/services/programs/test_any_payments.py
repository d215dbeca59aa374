"""Whatever is issued, delivered, corrected, held and cancelled, and in whatever order: the ledger reconciles.

The model knows nothing of the ledger: it keeps what is due and what was handed over in two dictionaries.
"""

import asyncio
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import PostgresDsn
from sqlalchemy import insert, select

from running import fresh_database
from servers import RunningServers
from services.programs.catalog import programs_of
from services.programs.commands.correcting import correct_delivery
from services.programs.commands.cycles import begin_cycle, cancel_cycle, close_cycle
from services.programs.commands.deliveries import Source, record_deliveries
from services.programs.commands.entitlements import hold_entitlement, release_entitlement
from services.programs.commands.issuing import issue_chunk
from services.programs.commands.programs import publish_catalog
from services.programs.models import Cycle, Delivery, Enrollment, Entitlement, LedgerEntry
from services.programs.rules.benefits import EntryKind, Outcome
from services.programs.rules.reconciling import Reported
from services.programs.settings import ProgramsSettings
from shared.database import Database
from shared.errors import Refusal
from shared.identity import Caller

BY = Caller("taazour", frozenset(), frozenset({"TEKAVOUL"}))
PROGRAM = programs_of("taazour")["TEKAVOUL"]
QUARTERS = (date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1))
DAYS = (date(2026, 1, 15), date(2026, 4, 20), date(2026, 7, 2), date(2026, 9, 30))
AMOUNTS = tuple(map(Decimal, ("3600", "1800", "3600.50", "4000", "0")))
HOUSEHOLDS = 3
KINDS = ("issue", "issue", "deliver", "deliver", "deliver", "again", "correct", "hold", "release", "cancel", "close")

steps = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 2), st.integers(0, 4), st.integers(0, 3)), min_size=6, max_size=20
)


class Office:
    """A payment office on a database of its own, and beside it what a clerk would note."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.handed: dict[UUID, Decimal] = {}
        """Of each delivery that stands."""
        self.receipts = 0
        self.written: list[tuple[Any, ...]] = []
        self.last: list[Reported] = []

    async def begin(self) -> None:
        async with self.database.transaction() as tx:
            await publish_catalog(tx, "taazour", [PROGRAM])
            await tx.execute(
                insert(Enrollment),
                [
                    {
                        "id": uuid4(), "program_code": "TEKAVOUL", "status": "enrolled", "beneficiary_key": f"household:{n}",
                        "version": 1, "enrolled_on": date(2025, 1, 1), "listed": {}, "name": f"Mint {n}", "phones": [],
                        "household_number": f"MR011000000{n}", "link_status": "pending", "link_version": 0,
                    }
                    for n in range(HOUSEHOLDS)
                ],
            )  # fmt: skip

    async def run(self, kind: str, first: int, second: int, third: int) -> None:
        with suppress(Refusal):
            await getattr(self, f"_{kind}")(first, second, third)
        await self.agrees()

    async def _issue(self, first: int, *_: int) -> None:
        async with self.database.transaction() as tx:
            made = await begin_cycle(tx, program="TEKAVOUL", starts_on=QUARTERS[first], sizes_on=None, by=BY)
        while await issue_chunk(SimpleNamespace(database=self.database), made.id, "taazour", 2):  # type: ignore[arg-type]
            pass

    async def _deliver(self, first: int, second: int, third: int) -> None:
        self.receipts += 1
        outcome = Outcome.PAID if AMOUNTS[second] else Outcome.ABSENT
        one = Reported(
            line=1, household_number=f"MR011000000{first}", outcome=outcome, amount=AMOUNTS[second],
            delivered_on=DAYS[third], reference=f"R-{self.receipts}",
        )  # fmt: skip
        self.last = [one]
        (result,) = await self._record(self.last)
        assert result.status == "recorded" and result.delivery_id is not None
        self.handed[result.delivery_id] = AMOUNTS[second]

    async def _again(self, *_: int) -> None:
        assert [one.status for one in await self._record(self.last)] == ["unchanged"] * len(self.last)

    async def _record(self, lines: list[Reported]) -> list[Any]:
        async with self.database.transaction() as tx:
            return await record_deliveries(
                tx, PROGRAM, lines, Source(institution="taazour", by="taazour", day=date(2026, 11, 1))
            )

    async def _correct(self, first: int, second: int, _: int) -> None:
        if not self.handed:
            return
        old = sorted(self.handed)[first % len(self.handed)]
        outcome = Outcome.PAID if AMOUNTS[second] else Outcome.REJECTED
        async with self.database.transaction() as tx:
            made = await correct_delivery(
                tx, old, outcome=outcome, amount=AMOUNTS[second], goods={}, delivered_on=None, reason="a slip", by=BY,
                institution="taazour",
            )  # fmt: skip
        del self.handed[old]
        self.handed[made] = AMOUNTS[second]

    async def _hold(self, first: int, second: int, _: int) -> None:
        async with self.database.transaction() as tx:
            if (one := await self._entitlement(tx, first + second)) is not None:
                await hold_entitlement(tx, one, hold_reason="under_review", reason="a doubt", by=BY, if_match="*")

    async def _release(self, first: int, second: int, _: int) -> None:
        async with self.database.transaction() as tx:
            if (one := await self._entitlement(tx, first + second)) is not None:
                await release_entitlement(tx, one, people=None, reason="no doubt", by=BY, if_match="*")

    async def _entitlement(self, tx: Any, which: int) -> UUID | None:
        ids = list(await tx.scalars(select(Entitlement.id).order_by(Entitlement.id)))
        return ids[which % len(ids)] if ids else None

    async def _cancel(self, first: int, *_: int) -> None:
        async with self.database.transaction() as tx:
            ids = list(await tx.scalars(select(Cycle.id).order_by(Cycle.id)))
            if ids:
                await cancel_cycle(tx, ids[first % len(ids)], by=BY, if_match="*")

    async def _close(self, first: int, *_: int) -> None:
        async with self.database.transaction() as tx:
            ids = list(await tx.scalars(select(Cycle.id).order_by(Cycle.id)))
            if ids:
                await close_cycle(tx, ids[first % len(ids)], by=BY, if_match="*")

    async def agrees(self) -> None:
        async with self.database.transaction() as tx:
            entries = list(await tx.scalars(select(LedgerEntry).order_by(LedgerEntry.id)))
            entitled = list(await tx.scalars(select(Entitlement)))
            cycles = list(await tx.scalars(select(Cycle)))
            deliveries = {one.id: one for one in await tx.scalars(select(Delivery))}

        def total(kinds: tuple[EntryKind, ...], **where: Any) -> Decimal:
            mine = [one for one in entries if one.kind in kinds and all(getattr(one, k) == v for k, v in where.items())]
            assert all(one.quantity == one.amount_mru for one in mine)
            return sum((one.amount_mru for one in mine), Decimal(0))

        due, handed = (EntryKind.ENTITLED, EntryKind.CANCELLED), (EntryKind.DELIVERED, EntryKind.CORRECTED)
        for one in entitled:
            expected = Decimal(3600) if one.status == "due" else Decimal(0)
            assert total(due, entitlement_id=one.id) == expected
        for cycle in cycles:
            of_it = [one for one in entitled if one.cycle_id == cycle.id and one.status == "due"]
            assert total(due, cycle_id=cycle.id) == 3600 * len(of_it)
            assert cycle.status == "cancelled" or (cycle.due, cycle.amount_mru) == (len(of_it), 3600 * len(of_it))
        assert total(handed) == sum(self.handed.values(), Decimal(0))
        for id_, amount in self.handed.items():
            assert deliveries[id_].amount_mru == amount
            assert total((EntryKind.DELIVERED,), delivery_id=id_) == amount
        assert {one.corrects for one in deliveries.values()} - {None} == set(deliveries) - set(self.handed)
        written = [(one.id, one.kind, one.amount_mru, one.entitlement_id, one.delivery_id) for one in entries]
        assert set(self.written) <= set(written)  # nothing that was written is ever otherwise
        self.written = written


def test_the_ledger_reconciles_whatever_happens(servers: RunningServers, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"x" * 64)

    async def check(sequence: list[tuple[str, int, int, int]]) -> None:
        url = await fresh_database(servers, "services.programs")
        made = ProgramsSettings(
            institution="taazour", DATABASE_URL=PostgresDsn(url), NATS_URL=servers.nats_url, internal_key_file=key
        )
        database = Database(made)
        try:
            office = Office(database)
            await office.begin()
            for step in sequence:
                await office.run(*step)
        finally:
            await database.close()

    @settings(
        max_examples=15, deadline=None, database=None, derandomize=True,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(steps)
    def any_sequence(sequence: list[tuple[str, int, int, int]]) -> None:
        asyncio.run(check(sequence))

    any_sequence()
