"""Schools on the wire."""

from datetime import date

from pydantic import BaseModel, ConfigDict


class SchoolOut(BaseModel):
    """A school as its ministry lists it. It has a canteen from `canteen_from` to `canteen_to` (null: until further notice)."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    name: str
    wilaya: str | None
    moughataa: str | None
    commune: str | None
    village: str | None
    canteen_from: date | None
    canteen_to: date | None
