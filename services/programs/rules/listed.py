"""One row of a beneficiary list, after reading."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from shared.listed_person import ListedPerson

Action = Literal["add", "change", "remove"]
"""What a row says has happened: `change`, that something else is known of who is in the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(ListedPerson):
    """A beneficiary as a list names one. None where the list says nothing.

    `listed` is the row as sent, by canonical field. Amounts are MRU.
    """

    line: int
    listed: dict[str, Any] = field(default_factory=dict)
    action: Action = "add"
    effective_on: date | None = None
    village: str | None = None
    household_size: int | None = None
    card_number: str | None = None
    amount_mru: Decimal | None = None
