"""A registry that was filled before there were two clocks keeps all it held, and knows since when."""

import importlib
from datetime import date
from pathlib import Path
from uuid import UUID

from alembic import command
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from running import fresh_database
from servers import RunningServers
from services.registry.queries.history import history
from services.registry.queries.households import household, households_of
from services.registry.queries.moments import Moment
from shared.migrating import config

FOLDER = Path(importlib.import_module("services.registry").__file__ or "").parent / "migrations"
HOUSEHOLD, HEAD, CHILD = (UUID(int=number) for number in (1, 2, 3))
BATCH = UUID(int=9)

FILLED = f"""
INSERT INTO places (code, kind, name_fr, names) VALUES ('MR01', 'wilaya', 'Hodh', '[]');
INSERT INTO places (code, kind, parent_code, name_fr, names) VALUES ('MR011', 'moughataa', 'MR01', 'Amourj', '[]');
INSERT INTO places (code, kind, parent_code, name_fr, names) VALUES ('MR011-C01', 'commune', 'MR011', 'Amourj', '[]');
INSERT INTO households (id, number, commune_code, village, vulnerability_category, score, formula_version, surveyed_on,
                        phones, content_hash, version)
VALUES ('{HOUSEHOLD}', 'MR0110000001', 'MR011-C01', 'Oum', 'poor', 31.5, 'PMT-2024.1', '2025-03-04',
        '["+22222334455"]', '\\x00', 1);
INSERT INTO individuals (id, number, name_fr, sex, birth_date, birth_precision, disability, version)
VALUES ('{HEAD}', '1000000001', 'Sidi', 'M', '1980-05-06', 'day', false, 1),
       ('{CHILD}', '1000000002', 'Aicha', 'F', '2015-05-06', 'day', false, 1);
INSERT INTO memberships (id, household_id, individual_id, relationship, from_on)
VALUES ('{UUID(int=11)}', '{HOUSEHOLD}', '{HEAD}', 'head', '2025-03-04'),
       ('{UUID(int=12)}', '{HOUSEHOLD}', '{CHILD}', 'child', '2025-03-04');
INSERT INTO identifiers (individual_id, type, value, issuer, check_holds)
VALUES ('{HEAD}', 'NNI', '9900000033', 'ANRPTS', true), ('{CHILD}', 'NNI', '9900000034', 'ANRPTS', false);
INSERT INTO history (aggregate_id, version, batch_id, changed_at, changed_by, change)
VALUES ('{HOUSEHOLD}', 1, '{BATCH}', '2026-11-01T08:00:00Z', 'taazour', '{{}}'),
       ('{HEAD}', 1, '{BATCH}', '2026-11-01T08:00:00Z', 'taazour', '{{}}'),
       ('{CHILD}', 1, '{BATCH}', '2026-11-01T08:00:00Z', 'taazour', '{{}}');
"""


async def test_what_was_held_is_known_since_it_was_announced_and_true_since_its_survey(servers: RunningServers) -> None:
    url = await fresh_database(servers, "services.registry")

    def fill(connection: Connection) -> None:
        made = config(FOLDER)
        made.attributes["connection"] = connection
        command.downgrade(made, "0001")
        for statement in FILLED.split(";\n"):
            if statement.strip():
                connection.execute(text(statement.replace(":00:00Z", "\\:00\\:00Z")))
        command.upgrade(made, "head")

    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(fill)
        await connection.commit()
    async with AsyncSession(engine) as tx:
        found = await household(tx, HOUSEHOLD)
        before_the_survey = await households_of(tx, [HOUSEHOLD], Moment(date(2025, 3, 3)))
        versions = await history(tx, "household", HOUSEHOLD, 10, None)
        grades = list(await tx.scalars(text("SELECT grade FROM identifiers ORDER BY value")))
    await engine.dispose()

    assert (found.village, found.status, found.scored_on, len(found.members)) == ("Oum", "active", date(2025, 3, 4), 2)
    assert (found.origins.source, found.origins.true_from) == ("registry_survey", date(2025, 3, 4))
    assert found.origins.known_from.isoformat() == "2026-11-01T08:00:00+00:00"
    assert before_the_survey == []
    assert [(one.kind, one.changed_by, one.change_id) for one in versions.items] == [("import", "taazour", BATCH)]
    assert grades == ["check_holds", "check_failed"]
