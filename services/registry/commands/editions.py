"""Places come in: the table that ships with this version. What operators changed stays as they changed it."""

import csv
import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from importlib.resources import files
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Place, PlacesEdition
from services.registry.rules.places import PlaceKind, as_column, every_name, laid_over
from shared.contracts.registry import PlacesPublished
from shared.history import History
from shared.ids import new_id
from shared.outbox import record
from shared.platform import Platform

PLACE_FILES: tuple[tuple[PlaceKind, str], ...] = (
    ("wilaya", "wilayas.csv"),
    ("moughataa", "moughataas.csv"),
    ("commune", "communes.csv"),
)
REFORM = date(2021, 1, 1)
"""Six moughataas were created in 2021. The day is not established: only the year counts (see data/SOURCES.md)."""
NOT_KNOWN = "unknown"
BY = "edition"


async def publish_places(platform: Platform) -> None:
    """Load the table of places that ships with this version, and announce it where it is new."""
    sources = {name: (files("services.registry") / "data" / name).read_bytes() for _, name in PLACE_FILES}
    checksum = hashlib.sha256(b"".join(sources.values())).digest()
    async with platform.database.transaction() as tx:
        # Of two processes that start at once the second waits here, and then finds the edition loaded.
        await tx.execute(text("LOCK TABLE places_editions IN SHARE ROW EXCLUSIVE MODE"))
        if await tx.scalar(select(PlacesEdition.id).where(PlacesEdition.checksum == checksum)) is not None:
            return
        edition = PlacesEdition(id=new_id(), checksum=checksum)
        tx.add(edition)
        shipped = shipped_places({name: source.decode("utf-8-sig") for name, source in sources.items()})
        await load_places(tx, shipped, edition)
        record(tx, PlacesPublished(edition_id=edition.id, places=len(shipped)))


def shipped_places(sources: Mapping[str, str]) -> list[dict[str, Any]]:
    """The places of these files, by their names, each after the one it lies in."""
    rows = {name: list(csv.DictReader(sources[name].splitlines())) for _, name in PLACE_FILES}
    carved: dict[str, list[dict[str, Any]]] = {}
    for row in rows["moughataas.csv"]:
        if row["carved_from"]:
            successor = {"code": row["pcode"], "from_on": REFORM.isoformat()}
            carved.setdefault(row["carved_from"], []).append(successor)
    return [
        {**place, "successors": carved.get(place["code"], [])}
        for kind, name in PLACE_FILES
        for place in _places(kind, rows[name])
    ]


def _places(kind: PlaceKind, rows: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        variants = (name.strip() for column in ("latin_variants", "arabic_variants") for name in row[column].split("|"))
        created = row.get("created_2021") == "yes"
        yield {
            "kind": kind,
            "code": row["local_code"] if kind == "commune" else row["pcode"],
            "pcode": None if kind == "commune" else row["pcode"],
            "parent_code": {"wilaya": None, "moughataa": row.get("wilaya_pcode")}.get(kind, row.get("moughataa_pcode")),
            "former_parents": _former_parents(row.get("moughataa_before_2021")),
            "name_fr": row["name_fr"],
            "name_ar": row["name_ar"] or None,
            "names": every_name(row["name_fr"], row["name_ar"], *variants),
            "valid_from": REFORM.isoformat() if created else None,
            "valid_from_precision": "year" if created else "day",
            "valid_until": None,
        }


def _former_parents(moughataa: str | None) -> list[dict[str, Any]]:
    if not moughataa:
        return []
    return [{"parent_code": None if moughataa == NOT_KNOWN else moughataa, "until_on": REFORM.isoformat()}]


async def load_places(tx: AsyncSession, shipped: list[dict[str, Any]], edition: PlacesEdition) -> None:
    """Enter what is new and change what differs, under what operators stated of it."""
    codes = [place["code"] for place in shipped]
    held = {one.code: one for one in await tx.scalars(select(Place).where(Place.code.in_(codes)).with_for_update())}
    for place in shipped:
        known = held.get(place["code"])
        if known is None:
            known = Place(id=new_id(), version=0, edits={})
            tx.add(known)
        before = {column: _json(getattr(known, column, None)) for column in place}
        after = laid_over(place, known.edits)
        differing = {name: [before[name], value] for name, value in after.items() if before[name] != value}
        if not differing:
            continue
        for name in differing:
            setattr(known, name, as_column(name, after[name]))
        known.version += 1
        change = {"kind": "edition", "reason": None, "fields": differing if known.version > 1 else {}}
        tx.add(History(aggregate_id=known.id, version=known.version, batch_id=edition.id, changed_by=BY, change=change))
        if known.version == 1:
            await tx.flush()  # a place before those that lie in it


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
