"""What an export of the registry may be narrowed by, and its columns as data."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.exporting.cells import Column
from shared.text import Text

FILTERS: Mapping[str, tuple[str, ...]] = {
    "households": ("place", "category", "status"),
    "individuals": ("place", "category", "status"),
    "memberships": ("place", "category"),
    "quality": ("place",),
}


def read_columns(data: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, tuple[Column, ...]]:
    return {
        what: tuple(Column(one["name"], one["type"], Text(**one["label"])) for one in columns)
        for what, columns in data.items()
    }
