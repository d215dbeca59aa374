"""Operators change places: a new village, another name, another parent, an end."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.villagers import move_households
from services.registry.errors.places import (
    PlaceCycle,
    PlaceDayRefused,
    PlaceEndBeforeBeginning,
    PlaceEnded,
    PlaceExists,
    PlaceHoldsPlaces,
    PlaceInhabited,
    UnknownPlace,
    WrongParentKind,
)
from services.registry.models import Household, Place
from services.registry.queries.place_table import place_table
from services.registry.rules.places import PlaceKind, every_name, kind_around, next_code
from shared.clock import now
from shared.contracts.registry import PlaceChanged
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.history import History
from shared.ids import new_id
from shared.outbox import record
from shared.place_names import place_key

NONE = "—"


async def create_place(
    tx: AsyncSession,
    *,
    kind: PlaceKind,
    parent_code: str,
    name_fr: str,
    name_ar: str | None,
    other_names: Sequence[str],
    valid_from: date | None,
    carved_from: str | None,
    by: str,
    reason: str | None,
) -> Place:
    """A place that the table does not have. Its code is the registry's and stays."""
    around = await _existing(tx, parent_code, "/body/parent_code")
    _refuse_wrong_kind(around, kind_around(kind), "/body/parent_code")
    _refuse_ended(around, "/body/parent_code")
    older = await _existing(tx, carved_from, "/body/carved_from") if carved_from else None
    if older is not None:
        _refuse_wrong_kind(older, kind, "/body/carved_from")
    if valid_from is not None and valid_from > _today():
        raise PlaceDayRefused(pointer="/body/valid_from", earliest=NONE, latest=_today())
    names = every_name(name_fr, name_ar, *other_names)
    await _refuse_namesake(tx, kind, around.code, names)

    taken = await tx.scalars(select(Place.code).where(Place.code.startswith(f"{around.code}-", autoescape=True)))
    made = Place(
        code=next_code(kind, around.code, taken),
        id=new_id(),
        version=0,
        pcode=None,
        kind=kind,
        parent_code=around.code,
        former_parents=[],
        name_fr=name_fr,
        name_ar=name_ar,
        names=names,
        valid_from=valid_from,
        valid_from_precision="day",
        valid_until=None,
        successors=[],
        edits={},
    )
    tx.add(made)
    await _keep(tx, made, "created", {}, by=by, reason=reason)
    if older is not None:
        successors = [*older.successors, {"code": made.code, "from_on": (valid_from or _today()).isoformat()}]
        await _keep(tx, older, "carved", {"successors": successors}, by=by, reason=reason)
    return made


async def rename_place(
    tx: AsyncSession,
    code: str,
    if_match: str,
    *,
    name_fr: str | None,
    name_ar: str | None,
    by: str,
    reason: str | None,
) -> Place:
    """Another official name. The one before stays a spelling under which the place is found."""
    place = await _to_change(tx, code, if_match)
    given = {"name_fr": name_fr, "name_ar": name_ar}
    named = {name: value for name, value in given.items() if value is not None and value != getattr(place, name)}
    if not named:
        return place
    await _refuse_namesake(tx, place.kind, place.parent_code, named.values(), but=code)

    official = {"name_fr": place.name_fr, "name_ar": place.name_ar, **named}
    names = every_name(official["name_fr"], official["name_ar"], *place.names)
    return await _keep(tx, place, "renamed", {**named, "names": names}, by=by, reason=reason)


async def add_names(
    tx: AsyncSession, code: str, if_match: str, *, names: Sequence[str], by: str, reason: str | None
) -> Place:
    """Further spellings of a place."""
    place = await _to_change(tx, code, if_match)
    together = every_name(*place.names, *names)
    if together == place.names:
        return place
    await _refuse_namesake(tx, place.kind, place.parent_code, names, but=code)

    return await _keep(tx, place, "names_added", {"names": together}, by=by, reason=reason)


async def move_place(
    tx: AsyncSession, code: str, if_match: str, *, parent_code: str, from_on: date, by: str, reason: str | None
) -> Place:
    """The place lies in another one from a day on. The households of a village go with it."""
    place = await _to_change(tx, code, if_match)
    around = await _existing(tx, parent_code, "/body/parent_code")
    if place.code in (around.code, *await _above(tx, around)):
        raise PlaceCycle(pointer="/body/parent_code", code=place.code, other=around.code)
    _refuse_wrong_kind(around, kind_around(place.kind), "/body/parent_code")  # type: ignore[arg-type]
    _refuse_ended(around, "/body/parent_code")
    if around.code == place.parent_code:
        return place
    _refuse_day(place, from_on, "/body/from_on")
    await _refuse_namesake(tx, place.kind, around.code, place.names, but=code)

    before = {"parent_code": place.parent_code, "until_on": from_on.isoformat()}
    moved = {"parent_code": around.code, "former_parents": [*place.former_parents, before]}
    await _keep(tx, place, "moved", moved, by=by, reason=reason)
    if place.kind == "village":
        await move_households(tx, place, around.code, from_on, by=by, reason=reason)
    return place


async def end_place(
    tx: AsyncSession, code: str, if_match: str, *, on: date, successors: Sequence[str], by: str, reason: str | None
) -> Place:
    """The place is no more from a day on, and others take over.

    What was said of households stays as it was said; where they live today is read through the successors.
    """
    place = await _to_change(tx, code, if_match)
    if place.valid_from is not None and on <= place.valid_from:
        raise PlaceEndBeforeBeginning(pointer="/body/on", valid_from=place.valid_from)
    _refuse_day(place, on, "/body/on")
    for position, successor in enumerate(dict.fromkeys(successors)):
        pointer = f"/body/successors/{position}"
        after = await _existing(tx, successor, pointer)
        if after.code == place.code:
            raise PlaceCycle(pointer=pointer, code=place.code, other=after.code)
        _refuse_wrong_kind(after, place.kind, pointer)
        _refuse_ended(after, pointer)
    await _refuse_full(tx, place, with_households=not successors)

    taken_over = [{"code": one, "from_on": on.isoformat()} for one in dict.fromkeys(successors)]
    ended = {"valid_until": on, "successors": [*place.successors, *taken_over]}
    return await _keep(tx, place, "ended", ended, by=by, reason=reason)


def _today() -> date:
    return now().date()


async def _to_change(tx: AsyncSession, code: str, if_match: str) -> Place:
    """A place, locked, of which the caller saw this version and which is still there."""
    place = await _locked(tx, code)
    if place is None:
        raise NotFound
    refuse_stale(if_match, place.version)
    _refuse_ended(place, None)
    return place


async def _locked(tx: AsyncSession, code: str) -> Place | None:
    # Not against households that enter meanwhile: their foreign key only shares the key.
    rows = select(Place).where(Place.code == code).with_for_update(key_share=True)
    place: Place | None = await tx.scalar(rows.execution_options(populate_existing=True))
    return place


async def _existing(tx: AsyncSession, code: str, pointer: str) -> Place:
    place = await _locked(tx, code)
    if place is None:
        nearest = (await place_table(tx)).nearest(code)
        raise UnknownPlace(pointer=pointer, written=code, nearest=", ".join(nearest) or NONE)
    return place


async def _above(tx: AsyncSession, place: Place) -> list[str]:
    found: list[str] = []
    parent_code = place.parent_code
    while parent_code is not None and parent_code not in found:
        found.append(parent_code)
        parent_code = await tx.scalar(select(Place.parent_code).where(Place.code == parent_code))
    return found


def _refuse_wrong_kind(place: Place, expected: str | None, pointer: str) -> None:
    if place.kind != expected:
        raise WrongParentKind(pointer=pointer, parent=place.code, given=place.kind, expected=expected or NONE)


def _refuse_ended(place: Place, pointer: str | None) -> None:
    if place.valid_until is not None:
        successors = ", ".join(one["code"] for one in place.successors) or NONE
        raise PlaceEnded(pointer=pointer, code=place.code, on=place.valid_until, successors=successors)


def _refuse_day(place: Place, day: date, pointer: str) -> None:
    """A change holds from after the one before, and not from a day to come."""
    known = [date.fromisoformat(one["until_on"]) for one in place.former_parents]
    begun = max([*known, *filter(None, [place.valid_from])], default=None)
    if day > _today() or (begun is not None and day <= begun):
        raise PlaceDayRefused(pointer=pointer, earliest=begun or NONE, latest=_today())


async def _refuse_namesake(
    tx: AsyncSession, kind: str, parent_code: str | None, names: Iterable[str], but: str | None = None
) -> None:
    """Of one kind, no two places in one place go by the same name, however it is spelled."""
    keys = {place_key(name): name for name in names}
    others = await tx.scalars(
        select(Place).where(
            Place.kind == kind, Place.parent_code == parent_code, Place.valid_until.is_(None), Place.code != (but or "")
        )
    )
    for other in others:
        for name in other.names:
            if place_key(name) in keys:
                raise PlaceExists(name=keys[place_key(name)], code=other.code)


async def _refuse_full(tx: AsyncSession, place: Place, *, with_households: bool) -> None:
    inside = select(func.count()).where(Place.parent_code == place.code, Place.valid_until.is_(None))
    if places := await tx.scalar(inside):
        raise PlaceHoldsPlaces(code=place.code, places=places)
    if with_households:
        there = or_(Household.commune_code == place.code, Household.village_code == place.code)
        living = select(func.count()).select_from(Household).where(there, Household.status == "active")
        if households := await tx.scalar(living):
            raise PlaceInhabited(code=place.code, households=households)


async def _keep(
    tx: AsyncSession, place: Place, kind: str, values: Mapping[str, Any], *, by: str, reason: str | None
) -> Place:
    """Write down what an operator states of a place, with its history, and announce it."""
    before = {name: _json(getattr(place, name)) for name in values}
    for name, value in values.items():
        setattr(place, name, value)
    place.edits = _edits(place.edits, before, values)
    place.version += 1
    stated = {name: [before[name], _json(value)] for name, value in values.items()}
    change = {"kind": kind, "reason": reason, "fields": stated}
    tx.add(History(aggregate_id=place.id, version=place.version, batch_id=new_id(), changed_by=by, change=change))
    await tx.flush()
    record(tx, PlaceChanged(version=place.version, place_id=place.id, code=place.code))
    return place


def _edits(known: Mapping[str, Any], before: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What operators have stated by now; of the names, those that they added."""
    edits = {**known, **{name: _json(value) for name, value in values.items()}}
    if "names" in values:
        edits["names"] = every_name(
            *known.get("names", ()), *(name for name in values["names"] if name not in before["names"])
        )
    return edits


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
