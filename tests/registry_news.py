"""A registry of two families and an institution whose enrollments are linked to them, for tests of the registry's news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import orjson
from sqlalchemy import select, text

from registry_cases import Family, Person, apply, send, the_household, undo
from running import Running, Services, until
from shared.bus import Envelope
from shared.clock import now
from shared.ids import new_id
from shared.outbox import OutboxRow

SIDI, MARIEM, AHMED, AICHA = "1000000001", "1000000002", "1000000003", "1000000004"
FIRST, SECOND = "MR0110000001", "MR0110000002"
IN_BRAKNA = "MR051-C01"
"""A commune of a wilaya that El Maouna does not cover."""


@dataclass
class Linked:
    """The registry, an institution's programs, and a client of each; `csv_rows` of its one program are linked by hand."""

    registry: Running
    programs: Running
    operator: httpx.AsyncClient
    officer: httpx.AsyncClient
    program: str

    @classmethod
    async def start(cls, services: Services, institution: str, program: str) -> Linked:
        """Two families in the registry: Sidi's of four, and one of a woman alone; nobody enrolled yet."""
        registry = await services.start("registry")
        programs = await services.start(f"programs-{institution}")
        operator = registry.client("taazour")
        other = Person("1000000011", "head", "Khadija Mint Ely", "خديجة بنت أعلي", "F", "1990-01-01")
        await send(operator, Family(), Family(number=SECOND, members=[other], phone="33445566"))
        officer = programs.client(institution, programs=frozenset({program}))
        officer.headers["Accept-Language"] = "en"
        return cls(registry, programs, operator, officer, program)

    async def close(self) -> None:
        await self.operator.aclose()
        await self.officer.aclose()

    async def ids(self, number: str = FIRST) -> dict[str, str]:
        """The people of a household by number, and `household`."""
        household = await the_household(self.operator, number)
        people = {one["individual_number"]: one["individual_id"] for one in household["members"]}
        return people | {"household": household["id"]}

    async def enroll(self, *names: str) -> list[str]:
        """Enroll somebody by a list; the ids of all enrollments, oldest first."""
        header = "N° registre social;Nom complet;Nbre personnes\n"
        rows = "".join(f"MR03200{new_id().int % 100000:05};{name};4\n" for name in names)
        sent = await self.officer.post(
            "/v1/imports",
            params={"kind": self.program, "filename": "l.csv", "currency": "MRU"},
            content=(header + rows).encode(),
        )
        assert sent.status_code == 202, sent.text

        async def ended() -> bool:
            answer = await self.officer.get(f"/v1/imports/{sent.json()['id']}")
            return bool(answer.json()["status"] == "completed")

        await until(ended, what="the list to be applied")
        return [one["id"] for one in (await self.officer.get("/v1/enrollments")).json()["items"]]

    async def link(
        self, enrollment: str, household: str, individual: str | None = None, status: str = "linked"
    ) -> None:
        """What matching would have answered."""
        async with self.programs.platform.database.transaction() as tx:
            await tx.execute(
                text(
                    "UPDATE enrollments SET link_status = :status, link_version = 1, link_probability = 0.99,"
                    " registry_household_id = :household, registry_individual_id = :individual WHERE id = :id"
                ),
                {
                    "status": status,
                    "household": UUID(household),
                    "individual": UUID(individual) if individual else None,
                    "id": UUID(enrollment),
                },
            )

    async def apply(self, kind: str, **proposal: Any) -> dict[str, Any]:
        """A change of the registry, and wait until the institution has heard of it."""
        done = await apply(self.operator, {"kind": kind, **proposal})
        await self.heard()
        return done

    async def undo(self, change: dict[str, Any]) -> dict[str, Any]:
        done = await undo(self.operator, change)
        await self.heard()
        return done

    async def heard(self) -> None:
        """Until every event of the registry that concerns the institution is handled."""
        wanted = len([row for row in await self._events() if row.type in self._types()])
        stream = next(one for one in self.programs.platform.consuming if one.stream == "registry")

        async def done() -> bool:
            return stream.state.handled >= wanted

        await until(done, what=f"{wanted} events of the registry to be handled")

    def _types(self) -> set[str]:
        stream = next(one for one in self.programs.platform.consuming if one.stream == "registry")
        return {name for name, (event, _) in stream.consumers.handlers.items() if event.publisher == "registry"}

    async def _events(self) -> list[OutboxRow]:
        async with self.registry.platform.database.transaction() as tx:
            return list(await tx.scalars(select(OutboxRow).order_by(OutboxRow.position)))

    async def hear_again(self, *, backwards: bool = False) -> None:
        """Every event of the registry a second time, as other deliveries."""
        rows = [row for row in await self._events() if row.type in self._types()]
        stream = next(one for one in self.programs.platform.consuming if one.stream == "registry")
        for row in reversed(rows) if backwards else rows:
            envelope = Envelope(
                {"ce-id": str(new_id()), "ce-type": row.type, "ce-source": "/registry", "ce-time": now().isoformat()}
            )
            assert await stream.apply(envelope, orjson.dumps(row.data))

    async def forget(self) -> None:
        """As if the institution had heard nothing yet."""
        async with self.programs.platform.database.transaction() as tx:
            await tx.execute(text("DELETE FROM reviews"))
            await tx.execute(text("UPDATE enrollments SET held_reason = NULL, held_on = NULL"))

    async def reviews(self, **wanted: str) -> list[dict[str, Any]]:
        answer = await self.officer.get("/v1/reviews", params=wanted)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def enrollment(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.officer.get(f"/v1/enrollments/{id_}")).json()
        return found

    async def held(self, *ids: str) -> list[tuple[str, str | None, int]]:
        """Of each enrollment: status, why it is held, version."""
        rows = [await self.enrollment(one) for one in ids]
        return [(one["status"], one["held_reason"], one["version"]) for one in rows]
