"""What a partner may do by the file that this version reads at a start, beside what the database says it may. Pure.

A start adds partners and changes none: what an officer has taken away must not come back. So what a newer file gives is told,
and taken over by whoever says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.partners.file import Partner
from gateway.partners.models import PartnerRow

COMPARED: Final = ("permissions", "programs", "subscribes")


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one field: what the file alone has, and what the database alone."""

    field: str
    only_in_file: tuple[str, ...]
    only_in_database: tuple[str, ...]


def differences(seed: Partner | None, row: PartnerRow) -> list[Difference]:
    """Where the two differ; nothing for a partner that no file has."""
    if seed is None:
        return []
    found = (_difference(field, getattr(seed, field), getattr(row, field)) for field in COMPARED)
    return [one for one in found if one.only_in_file or one.only_in_database]


def _difference(field: str, in_file: Sequence[str], in_database: Sequence[str]) -> Difference:
    file, database = set(in_file), set(in_database)
    return Difference(field, tuple(sorted(file - database)), tuple(sorted(database - file)))
