"""The life of enrollments beside a naive model of it: whatever is asked in whatever order, both say the same."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from running import fresh_database
from servers import RunningServers
from services.programs.catalog import programs_of
from services.programs.commands import enrollments as turns
from services.programs.commands import facts, leaving, undoing, waiting
from services.programs.commands.enrolling import Told, enroll_beneficiary
from services.programs.commands.enrollments import Asked
from services.programs.commands.programs import publish_catalog
from services.programs.rules.status import (
    ExitReason,
    RejectionReason,
    ResumptionReason,
    SuspensionReason,
    TransferReason,
)
from services.programs.settings import ProgramsSettings
from shared.database import Database
from shared.errors import Refusal
from shared.identity import Caller

CAPACITY, QUOTA = 2, 1
SEQUENCES, MANY_SEQUENCES = 25, 300
PLACES = ("MR011-C01", "MR011-C02", "MR021-C01", None)
"""One seat in MR01, two in all."""
BY = Caller("taazour", frozenset(), frozenset({"TEKAVOUL"}))
VERBS = ("enroll", "reject", "suspend", "resume", "exit", "transfer", "correct", "undo")
NEEDED = {
    "enroll": ({"applied"}, "enrolled"),
    "reject": ({"applied"}, "exited"),
    "suspend": ({"enrolled"}, "suspended"),
    "resume": ({"suspended"}, "enrolled"),
    "exit": ({"enrolled", "suspended"}, "exited"),
    "transfer": ({"applied", "enrolled", "suspended"}, None),
    "correct": ({"applied", "enrolled", "suspended"}, None),
}


@dataclass
class Life:
    """One enrollment as the model holds it: its person, and each version's status with the step that led there."""

    person: int
    place: str | None
    priority: int
    versions: list[tuple[str, str]] = field(default_factory=list)

    @property
    def status(self) -> str:
        return self.versions[-1][0]

    @property
    def runs(self) -> bool:
        return self.status != "exited"


class World:
    """The real thing: commands on a real database."""

    def __init__(self, url: str) -> None:
        self.runner = asyncio.Runner()
        self.database = Database(
            ProgramsSettings(
                institution="taazour",
                DATABASE_URL=url,
                NATS_URL="nats://127.0.0.1:1",
                internal_key_file=Path("none"),
                database_connections=2,
            )
        )
        self.run(self._publish())

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    async def _publish(self) -> None:
        limits = {"capacity": CAPACITY, "quotas": [{"place": "MR01", "most": QUOTA}]}
        program = programs_of("taazour")["TEKAVOUL"].model_copy(update={"capacity": CAPACITY})
        program = type(program).model_validate(program.model_dump(mode="json", by_alias=True) | limits)
        async with self.database.transaction() as tx:
            await publish_catalog(tx, "taazour", [program])

    def do(self, command: Any) -> Any:
        """What a command gave, or the code of its refusal; either way in a transaction of its own."""

        async def work() -> Any:
            try:
                async with self.database.transaction() as tx:
                    return await command(tx)
            except Refusal as refusal:
                return refusal.code

        return self.run(work())

    def forget(self) -> None:
        async def work(tx: Any) -> None:
            for table in ("enrollment_pasts", "enrollments", "history", "outbox"):
                await tx.execute(text(f"DELETE FROM {table}"))

        self.do(work)

    def close(self) -> None:
        self.run(self.database.close())
        self.runner.close()


class Lifecycle(RuleBasedStateMachine):
    world: World

    @initialize()
    def begin_empty(self) -> None:
        self.world.forget()
        self.lives: dict[UUID, Life] = {}

    # -- the model ---------------------------------------------------------------------------------------------------

    def seated(self) -> list[Life]:
        return [life for life in self.lives.values() if life.status in ("enrolled", "suspended")]

    def full(self, place: str | None) -> str | None:
        if len(self.seated()) >= CAPACITY:
            return "program_full"
        in_mr01 = [life for life in self.seated() if (life.place or "").startswith("MR01")]
        return "quota_reached" if (place or "").startswith("MR01") and len(in_mr01) >= QUOTA else None

    def expected(self, life: Life, verb: str) -> str:
        """The status after the turn, or the code of its refusal."""
        if verb == "undo":
            return self.expected_undo(life)
        wanted, to = NEEDED[verb]
        if life.status in wanted:
            return (self.full(life.place) if verb == "enroll" else None) or to or life.status
        if verb in ("enroll", "reject"):
            return "enrollment_not_waiting"
        if verb in ("suspend", "resume"):
            return {"suspend": "enrollment_not_active", "resume": "enrollment_not_suspended"}[verb]
        return "enrollment_waits" if life.status == "applied" else "enrollment_exited"

    def expected_undo(self, life: Life) -> str:
        if len(life.versions) == 1:
            return "no_turn_to_undo"
        if life.versions[-1][1] == "undo":
            return "undone_already"
        before = life.versions[-2][0]
        seated = ("enrolled", "suspended")
        if before in seated and life.status not in seated and (full := self.full(life.place)):
            return full
        others = [other for other in self.lives.values() if other is not life and other.person == life.person]
        if before != "exited" and any(other.runs for other in others):
            return "active_meanwhile"
        return before

    # -- what is asked -----------------------------------------------------------------------------------------------

    @rule(
        person=st.integers(1, 4), place=st.sampled_from(PLACES), enroll=st.booleans(), priority=st.sampled_from((0, 1))
    )
    def begin(self, person: int, place: str | None, enroll: bool, priority: int) -> None:
        facts_ = {"household_number": f"MR051{person:07d}", "name": f"Sidi {person}"}
        told = Told("TEKAVOUL", facts_, enroll, priority, place)
        full = self.full(place)

        got = self.world.do(lambda tx: enroll_beneficiary(tx, told, by=BY, institution="taazour"))

        if any(life.runs and life.person == person for life in self.lives.values()):
            assert got == "already_enrolled"
            return
        wanted = "enrolled" if enroll and not full else "applied"
        assert got.columns["status"] == wanted
        assert [one.code for one in got.findings] == ([full] if enroll and full else [])
        earlier = [id_ for id_, life in self.lives.items() if life.person == person]
        assert got.columns["previous_id"] == (earlier[-1] if earlier else None)
        self.lives[got.columns["id"]] = Life(person, place, priority, [(wanted, "begin")])

    @rule(which=st.integers(0, 9), verb=st.sampled_from(VERBS))
    def turn(self, which: int, verb: str) -> None:
        if not self.lives:
            return
        id_ = list(self.lives)[which % len(self.lives)]
        life = self.lives[id_]
        expected = self.expected(life, verb)
        asked = Asked(id_, BY, "taazour", f'"{len(life.versions)}"')

        def command(tx: Any) -> Any:
            return {
                "enroll": lambda: turns.accept_application(tx, asked),
                "reject": lambda: turns.reject_application(tx, asked, RejectionReason.WITHDREW),
                "suspend": lambda: turns.suspend_enrollment(tx, asked, SuspensionReason.ABSENT),
                "resume": lambda: turns.resume_enrollment(tx, asked, ResumptionReason.RETURNED),
                "exit": lambda: leaving.exit_enrollment(tx, asked, ExitReason.GRADUATED),
                "transfer": lambda: facts.transfer_enrollment(
                    tx, asked, {"name": "Mariem"}, TransferReason.HEAD_DECEASED
                ),
                "correct": lambda: facts.correct_facts(tx, asked, {"name": "Salem"}),
                "undo": lambda: undoing.undo_last_step(tx, asked),
            }[verb]()

        got = self.world.do(command)

        assert getattr(got, "status", got) == expected, (verb, life)
        if not isinstance(got, str):
            life.versions.append((expected, verb))

    @rule(at_most=st.integers(1, 3))
    def admit(self, at_most: int) -> None:
        queue = sorted(
            (life.priority, str(id_), id_) for id_, life in self.lives.items() if life.status == "applied"
        )  # all applied today
        wanted: list[UUID] = []
        for _, _, id_ in queue:
            if len(wanted) < at_most and self.full(self.lives[id_].place) is None:
                self.lives[id_].versions.append(("enrolled", "admit"))
                wanted.append(id_)

        got = self.world.do(lambda tx: waiting.admit_waiting(tx, "TEKAVOUL", at_most, by=BY, institution="taazour"))

        assert (got.admitted, got.waiting) == (sorted(wanted), len(queue) - len(wanted))

    @rule(which=st.integers(0, 9))
    def stale(self, which: int) -> None:
        if self.lives:
            id_ = list(self.lives)[which % len(self.lives)]
            asked = Asked(id_, BY, "taazour", '"99"')
            refused = self.world.do(lambda tx: turns.suspend_enrollment(tx, asked, SuspensionReason.ABSENT))
            assert refused == "precondition_failed"

    # -- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def what_is_stored_is_what_the_model_says(self) -> None:
        async def read(tx: Any) -> Any:
            rows = await tx.execute(
                text(
                    "SELECT id, status, version, (SELECT count(*) FROM history WHERE aggregate_id = id) AS turns,"
                    " (SELECT count(*) FROM enrollment_pasts WHERE enrollment_id = id) AS pasts FROM enrollments"
                )
            )
            return {row.id: (row.status, row.version, row.turns, row.pasts) for row in rows}

        stored = self.world.do(read)
        assert stored == {
            id_: (life.status, len(life.versions), len(life.versions), len(life.versions) - 1)
            for id_, life in self.lives.items()
        }
        assert len(self.seated()) <= CAPACITY


@pytest.mark.parametrize(
    "sequences", [SEQUENCES, pytest.param(MANY_SEQUENCES, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
def test_the_life_of_enrollments_is_that_of_the_naive_model(servers: RunningServers, sequences: int) -> None:
    url = asyncio.run(fresh_database(servers, "services.programs"))
    world = World(url)
    try:
        Lifecycle.world = world
        run_state_machine_as_test(
            Lifecycle,
            settings=settings(
                max_examples=sequences, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
    finally:
        world.close()
