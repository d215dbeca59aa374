"""One row of a beneficiary list, after reading."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

Action = Literal["add", "change", "remove"]
"""What a row says has happened: `change`, that something else is known of who is in the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A beneficiary as a list names one. Texts are on one line; None where the list says nothing.

    `listed` is the row as sent, by canonical field. Phones are `+222` and eight digits, amounts MRU.
    """

    line: int
    listed: dict[str, Any] = field(default_factory=dict)
    action: Action = "add"
    effective_on: date | None = None
    household_number: str | None = None
    name: str | None = None
    father_name: str | None = None
    nni: str | None = None
    phones: tuple[str, ...] = ()
    sex: Literal["F", "M"] | None = None
    birth_date: date | None = None
    birth_precision: Literal["day", "year"] | None = None
    wilaya: str | None = None
    moughataa: str | None = None
    commune: str | None = None
    village: str | None = None
    household_size: int | None = None
    school: str | None = None
    school_class: str | None = None
    card_number: str | None = None
    amount_mru: Decimal | None = None
