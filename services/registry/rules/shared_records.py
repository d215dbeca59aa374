"""A household or individual as an agreement lets it be told, from the columns that were read of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.sharing import ROW, known_day, told

Columns = Mapping[str, tuple[str, ...]]
HOUSEHOLD_COLUMNS: Columns = {
    "household_number": ("number",),
    "commune": ("commune_code",),
    "village": ("village",),
    "category": ("vulnerability_category",),
    "score": ("score",),
    "status": ("status",),
    "surveyed_on": ("surveyed_on",),
    "phones": ("phones",),
    "answers": ("answers",),
}
PERSON_COLUMNS: Columns = {
    "individual_number": ("number",),
    "name": ("name_fr", "name_ar"),
    "sex": ("sex",),
    "birth_date": ("birth_date", "birth_precision"),
    "disability": ("disability",),
    "person_status": ("status",),
}
"""The columns behind each attribute; `nni`, `relationship`, `size` and `head_name` are found otherwise."""
OF_A_MEMBER = frozenset(PERSON_COLUMNS) | {"nni", "relationship"}
PLACE, CATEGORY, ENROLLED_IN = "row_place", "row_category", "row_enrolled_in"
"""What the columns are called by which the gateway is told where a record is from."""

Read = Mapping[Any, Any]
"""What was read of a record: a value by its column."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told, in which form, on which day."""

    forms: Mapping[str, str]
    today: date

    def columns(self, of: Columns) -> list[str]:
        """The columns to be read, and no others."""
        return [column for attribute, columns in of.items() if attribute in self.forms for column in columns]

    def tells_members(self) -> bool:
        return bool(self.forms.keys() & OF_A_MEMBER)

    def household(self, read: Read, head: Read | None, members: Collection[Read] | None) -> dict[str, Any]:
        """`head` and `members` are needed where they are told."""
        said: dict[str, Any] = {"id": read["id"], ROW: self.where_from(read)}
        for attribute, columns in HOUSEHOLD_COLUMNS.items():
            if attribute in self.forms:
                said |= {column: self._told(attribute, read[column]) for column in columns}
        if "size" in self.forms:
            said["size"] = self._told("size", read["size"])
        if "head_name" in self.forms:
            for column in ("name_fr", "name_ar"):
                said[f"head_{column}"] = self._told("head_name", head[column] if head is not None else None)
        if members is not None and self.tells_members():
            said["members"] = [self._member(one) for one in members]
        return said

    def individual(self, read: Read, homes: Collection[Read]) -> dict[str, Any]:
        """`homes`: her households that the agreement reaches, at least one."""
        said = {"id": read["id"], ROW: self.where_from(next(iter(homes)))} | self._person(read, "number")
        if "household_number" in self.forms or "relationship" in self.forms:
            said["memberships"] = [self._membership(home) for home in homes]
        return said

    def where_from(self, read: Read) -> dict[str, Any]:
        said = {"place": read[PLACE], "category": read[CATEGORY]}
        return said | {"enrolled_in": read[ENROLLED_IN]} if ENROLLED_IN in read else said

    def _member(self, read: Read) -> dict[str, Any]:
        said = {"individual_id": read["id"]} | self._person(read, "individual_number")
        if "relationship" in self.forms:
            said["relationship"] = read["relationship"]
        return said

    def _person(self, read: Read, number: str) -> dict[str, Any]:
        said: dict[str, Any] = {}
        for attribute, columns in PERSON_COLUMNS.items():
            if attribute not in self.forms:
                continue
            if attribute == "birth_date":
                day = known_day(read["birth_date"], read["birth_precision"])
                said["birth_date"] = self._told(attribute, day)
            elif attribute == "individual_number":
                said[number] = self._told(attribute, read["number"])
            else:
                said |= {column: self._told(attribute, read[column]) for column in columns}
        if "nni" in self.forms:
            said["nni"] = self._told("nni", read["nni"])
        return said

    def _membership(self, home: Read) -> dict[str, Any]:
        said: dict[str, Any] = {"household_id": home["id"]}
        if "household_number" in self.forms:
            said["household_number"] = self._told("household_number", home["number"])
        if "relationship" in self.forms:
            said["relationship"] = home["relationship"]
        return said

    def _told(self, attribute: str, value: Any) -> Any:
        return told(attribute, self.forms[attribute], value, self.today)
