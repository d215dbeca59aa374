"""Places come in: the table that ships with this version."""

import csv
import hashlib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from services.registry.models import Place, PlacesEdition
from shared.contracts.registry import PlacesPublished
from shared.ids import new_id
from shared.outbox import record
from shared.platform import Platform

PLACE_FILES = (("wilaya", "wilayas.csv"), ("moughataa", "moughataas.csv"), ("commune", "communes.csv"))


async def publish_places(platform: Platform) -> None:
    """Load the table of places that ships with this version, and announce it where it is new."""
    sources = {name: (files("services.registry") / "data" / name).read_bytes() for _, name in PLACE_FILES}
    checksum = hashlib.sha256(b"".join(sources.values())).digest()
    async with platform.database.transaction() as tx:
        if await tx.scalar(select(PlacesEdition.id).where(PlacesEdition.checksum == checksum)) is not None:
            return
        places = [row for kind, name in PLACE_FILES for row in _place_rows(kind, sources[name].decode("utf-8-sig"))]
        statement = upsert(Place)
        newest = {
            column: statement.excluded[column] for column in ("kind", "parent_code", "name_fr", "name_ar", "names")
        }
        await tx.execute(statement.on_conflict_do_update(index_elements=["code"], set_=newest), places)
        edition = PlacesEdition(id=new_id(), checksum=checksum)
        tx.add(edition)
        record(tx, PlacesPublished(edition_id=edition.id, places=len(places)))


def _place_rows(kind: str, source: str) -> Iterator[dict[str, Any]]:
    for row in csv.DictReader(source.splitlines()):
        spellings = [row["name_fr"], row.get("name_ar") or ""]
        for variants in (row.get("latin_variants"), row.get("arabic_variants")):
            spellings += (variants or "").split("|")
        yield {
            "kind": kind,
            "code": row["local_code"] if kind == "commune" else row["pcode"],
            "parent_code": {"wilaya": None, "moughataa": row.get("wilaya_pcode")}.get(kind, row.get("moughataa_pcode")),
            "name_fr": row["name_fr"],
            "name_ar": row.get("name_ar") or None,
            "names": [name.strip() for name in spellings if name.strip()],
        }
