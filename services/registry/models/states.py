"""A record's state as JSON and back: what `past_states` keeps of a household or an individual."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.registry.models.people import HOUSEHOLD_FACTS, INDIVIDUAL_FACTS, Household, Individual

Record = Household | Individual
FACTS: Mapping[type[Record], tuple[str, ...]] = {Household: HOUSEHOLD_FACTS, Individual: INDIVIDUAL_FACTS}
TABLES: Mapping[str, type[Record]] = {"household": Household, "individual": Individual}

_READ: Mapping[type, Callable[[Any], Any]] = {
    date: date.fromisoformat,
    Decimal: Decimal,
    UUID: UUID,
    bytes: bytes.fromhex,
}


def kind_of(record: Record | type[Record]) -> str:
    return "household" if record is Household or isinstance(record, Household) else "individual"


def as_json(value: Any) -> Any:
    """A column's value as JSON holds it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, Decimal | UUID) else value


def state_of(record: Record) -> dict[str, Any]:
    """The facts of a record as JSON."""
    return {name: as_json(getattr(record, name)) for name in FACTS[type(record)]}


def columns_of(table: type[Record], state: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that a state is made of."""
    columns = table.__table__.c
    values = {}
    for name in FACTS[table]:
        value = state.get(name)
        read = _READ.get(columns[name].type.python_type)
        values[name] = value if value is None or read is None else read(value)
    return values
