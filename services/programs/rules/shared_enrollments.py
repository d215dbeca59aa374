"""An enrollment as an agreement lets it be told, from the columns that were read of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.sharing import ROW, known_day, told

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "program": ("program_code",),
    "enrollment_status": ("status",),
    "enrolled_on": ("enrolled_on",),
    "exited_on": ("exited_on",),
    "household_number": ("household_number",),
    "name": ("name",),
    "father_name": ("father_name",),
    "nni": ("nni",),
    "phones": ("phones",),
    "sex": ("sex",),
    "birth_date": ("birth_date", "birth_precision"),
    "commune": ("commune",),
    "village": ("village",),
    "size": ("household_size",),
    "school": ("school",),
    "card_number": ("card_number",),
    "amount": ("monthly_value_mru",),
}
"""The columns behind each attribute."""
FIELDS: Mapping[str, str] = {"program_code": "program"}
"""Where a column is called otherwise in the answer."""
WHERE_FROM = ("program_code", "place_code")
"""What the gateway is told of where an enrollment is from; read always."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told, in which form, on which day."""

    forms: Mapping[str, str]
    today: date

    def columns(self) -> list[str]:
        """The columns to be read, and no others."""
        wanted = (column for attribute, columns in COLUMNS.items() if attribute in self.forms for column in columns)
        return list(dict.fromkeys(("id", *WHERE_FROM, *wanted)))

    def enrollment(self, read: Mapping[Any, Any]) -> dict[str, Any]:
        said: dict[str, Any] = {"id": read["id"], ROW: row_of(read["program_code"], read["place_code"])}
        for attribute, (column, *_) in COLUMNS.items():
            if attribute in self.forms:
                value = read[column]
                if attribute == "birth_date" and value is not None:
                    value = known_day(value, read["birth_precision"])
                said[FIELDS.get(column, column)] = told(attribute, self.forms[attribute], value, self.today)
        return said

    def enrolled(self, answer: Mapping[str, Any], program: str, place: str | None) -> dict[str, Any]:
        """The answer to “is X enrolled in Y?”: of it what may be known."""
        said: dict[str, Any] = {ROW: row_of(program, place)}
        if answer["enrollment_id"] is not None:
            said["enrollment_id"] = answer["enrollment_id"]
        if "program" in self.forms:
            said["program"] = answer["program"]
        if "enrollment_status" in self.forms:
            said |= {name: answer[name] for name in ("enrolled", "status")}
        if "enrolled_on" in self.forms:
            said["since"] = told("enrolled_on", self.forms["enrolled_on"], answer["since"], self.today)
        return said


def row_of(program: str, place: str | None) -> dict[str, str | None]:
    return {"program": program, "place": place}
