"""The engines that all figures are held against count the same: by hand for three households, and a difference is not overlooked."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import polars as pl
import pytest

from benchmarks import interlinkage_peers as peers
from matching_cases import new_projection
from running import drop_later
from servers import RunningServers
from services.matching.figures.country import twelve_months
from shared.clock import now

FILL = """
INSERT INTO households (id, number, version, moughataa_code, commune_code, vulnerability_category, size, disability, school_age)
VALUES (md5('h1')::uuid, 'H1', 1, 'M1', 'C1', 'poor', 4, false, false), (md5('h2')::uuid, 'H2', 1, 'M2', 'C2', 'poor', 3, false, false),
       (md5('h3')::uuid, 'H3', 1, 'M1', 'C1', 'poor', 2, false, false);
INSERT INTO beneficiaries (id, institution, program, version, active, spans, listed, link_status, decided_as, link_version, household_id)
SELECT gen_random_uuid(), 'taazour', program, 1, true, datemultirange(daterange('2020-01-01', NULL)), '{}', decided, decided, 1,
       md5(household)::uuid
FROM (VALUES ('CASH', 'h1', 'linked'), ('CASH', 'h1', 'to_adjudicate'), ('CASH', 'h2', 'to_adjudicate'), ('HEAD', 'h1', 'linked'),
             ('PUPIL', 'h2', 'linked'), ('PUPIL', 'h2', 'linked'), ('PUPIL', 'h2', 'to_adjudicate'))
     AS one (program, household, decided)"""


def program(code: str, unit: str, per: str, amount: str, months: list[int] | None) -> dict[str, Any]:
    names = {"ar": code, "fr": code, "en": code}
    value = {
        "from_on": "2020-01-01",
        "amount_mru": amount,
        "per": per,
        "months_per_payment": 1,
        "months": months,
        "max_people": None,
    }
    return {"code": code, "institution": "taazour", "unit": unit, "names": names, "values": [value]}


@pytest.fixture
async def counted(servers: RunningServers, tmp_path: Path) -> AsyncIterator[Path]:
    """A folder with what PostgreSQL and the platform counted."""
    projection = await new_projection(servers, tmp_path)
    url = projection.database.engine.url.render_as_string(hide_password=False)
    documents = [
        program("CASH", "household", "household", "100.00", None),
        program("HEAD", "household", "person", "10.00", [now().month]),
        program("PUPIL", "pupil", "pupil", "5.00", None),
    ]
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    try:
        await connection.execute(FILL)
        worth = peers.worth_of(documents, twelve_months(now().date()))
        await peers._in_postgres(connection, worth, tmp_path)
        await peers._export(connection, worth, tmp_path)
    finally:
        await connection.close()
    (tmp_path / "programs.json").write_text(json.dumps(documents))
    peers.main(tmp_path)
    yield tmp_path
    await projection.database.close()
    drop_later(servers, [str(projection.database.engine.url)])


async def test_both_tell_what_is_worked_out_by_hand(counted: Path) -> None:
    peers._must_agree(counted, "postgres")

    values = pl.read_parquet(counted / "postgres-values.parquet").sort("household", "month").rows()
    months = twelve_months(now().date())
    # 100 a month; in the last 10 for each of four more. A surely linked line stands before those that are only probable.
    first = [(1, month, 14_000 if month == months[-1] else 10_000) for month in months]
    # 100, and 5 for each of two pupils.
    assert values == [*first, *((2, month, 11_000) for month in months)]
    combinations = pl.read_parquet(counted / "postgres-combinations.parquet").sort("programs").rows()
    assert combinations == [("CASH+HEAD", 1), ("CASH+PUPIL", 1)]
    coverage = pl.read_parquet(counted / "postgres-coverage.parquet").sort(pl.all()).rows()
    assert coverage == [("M1", "CASH", 4), ("M1", "HEAD", 4), ("M2", "CASH", 3), ("M2", "PUPIL", 3)]

    other = counted / "postgres-coverage.parquet"
    pl.read_parquet(other).with_columns(people=pl.col("people") + 1).write_parquet(other)
    with pytest.raises(AssertionError):
        peers._must_agree(counted, "postgres")
