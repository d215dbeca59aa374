"""What the owners of data make of an agreement, and what the gateway lets pass of it: two ways that share no code, held
against each other over random agreements, records and mistakes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from gateway.agreements.rules.deciding import Obligations
from gateway.agreements.rules.leaving import first_fault, records_of, without_rows
from gateway.agreements.rules.shared_answers import SHARED, Shape, SharedAnswer
from registry_cases import Family, Person, send
from running import Services
from services.programs.rules import shared_enrollments
from services.programs.schemas.shared_enrollments import SharedEnrolled, SharedEnrollment
from services.registry.commands.enrolled import take_over_enrolled
from services.registry.models import Household
from services.registry.queries.shared_records import reached
from services.registry.rules.shared_records import Telling
from services.registry.schemas.shared_records import SharedHousehold, SharedIndividual
from shared.agreements import ATTRIBUTES, FULL, Agreement
from shared.sharing import told

TODAY = date(2026, 11, 29)
PAIRS, LONG_PAIRS = 20_000, 2_000_000
COMMUNES = ("MR011-C01", "MR011-C02", "MR014-C01", "MR032-C01", "MR131-C01")
AREAS = (*COMMUNES, "MR011", "MR014", "MR032", "MR131", "MR01", "MR03", "MR13")
CATEGORIES = ("extreme_poor", "poor", "vulnerable", "not_poor")
PROGRAMS = ("TEKAVOUL", "EL_MAOUNA", "TEMWINE")
NAMES = ("Sidi Ould Ahmed", "فاطمة بنت محمد", "Aïcha", "Mohamed Lemine Ould Cheikh", "عمر با", "N'Diaye Ba")
PLACEHOLDER = UUID(int=7)
LOOKUP_HOUSEHOLD, LIST_HOUSEHOLDS, LOOKUP_PERSON, LOOKUP_ENROLLMENT, LIST_ENROLLMENTS, ENROLLED = (
    SHARED[key]
    for key in (
        ("registry", "GET", "/v1/households/{household_id}"),
        ("registry", "GET", "/v1/households"),
        ("registry", "GET", "/v1/individuals/{individual_id}"),
        ("programs", "GET", "/v1/enrollments/{enrollment_id}"),
        ("programs", "GET", "/v1/enrollments"),
        ("programs", "POST", "/v1/enrolled"),
    )
)


class World:
    """Random people and agreements, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def forms(self, shape: Shape) -> dict[str, str]:
        names = sorted(shape.attributes)
        some = self.chance.sample(names, self.chance.randint(1, len(names)))
        return {name: self.chance.choice(ATTRIBUTES[name]) for name in some}

    def obligations(self, shape: Shape, programs: bool) -> Obligations:
        areas = self.chance.sample(AREAS, self.chance.choice((0, 0, 1, 2, 5)))
        categories = () if programs else self.chance.sample(CATEGORIES, self.chance.choice((0, 0, 1, 2)))
        reach = self.chance.sample(PROGRAMS, self.chance.randint(1, 2))
        enrolled_in = () if programs else self.chance.sample(PROGRAMS, self.chance.choice((0, 0, 1, 2)))
        return Obligations(
            self.forms(shape),
            frozenset(reach),
            frozenset(areas),
            frozenset(categories),
            per_query=200,
            per_day=1000,
            enrolled_in=frozenset(enrolled_in),
        )

    def place(self, within: Obligations) -> str:
        held = [one for one in COMMUNES if not within.places or _of(one) & within.places]
        return self.chance.choice(held)

    def maybe(self, value: Any) -> Any:
        return None if self.chance.random() < 0.1 else value

    def number(self, signs: int) -> str:
        return "".join(self.chance.choices("0123456789", k=signs))

    def day(self) -> date:
        return date(1930, 1, 1) + timedelta(days=self.chance.randrange(35_000))

    def person(self) -> dict[str, Any]:
        return {
            "id": PLACEHOLDER,
            "number": self.number(10),
            "name_fr": self.maybe(self.chance.choice(NAMES)),
            "name_ar": self.maybe(self.chance.choice(NAMES)),
            "sex": self.chance.choice("FM"),
            "birth_date": self.day(),
            "birth_precision": self.chance.choice(("day", "year")),
            "disability": self.chance.random() < 0.1,
            "status": "active",
            "nni": self.maybe(self.number(10)),
            "relationship": "child",
        }

    def household(self, within: Obligations) -> dict[str, Any]:
        place, category = self.place(within), self.chance.choice(sorted(within.categories) or CATEGORIES)
        enrolled = {"row_enrolled_in": self.chance.choice(sorted(within.enrolled_in))} if within.enrolled_in else {}
        return enrolled | {
            "id": PLACEHOLDER,
            "row_place": place,
            "row_category": category,
            "number": f"MR{self.number(10)}",
            "commune_code": place,
            "village": self.maybe("Oum Essafya"),
            "vulnerability_category": category,
            "score": Decimal(self.chance.randrange(10_001)) / 100,
            "status": "active",
            "surveyed_on": self.day(),
            "phones": [f"+222{self.number(8)}" for _ in range(self.chance.randrange(3))],
            "answers": {"water": "well"},
            "size": self.chance.randint(1, 15),
        }

    def enrollment(self, within: Obligations) -> dict[str, Any]:
        return {
            "id": PLACEHOLDER,
            "program_code": self.chance.choice(sorted(within.programs)),
            "place_code": self.place(within) if within.places else self.maybe(self.place(within)),
            "status": "enrolled",
            "enrolled_on": self.day(),
            "exited_on": self.maybe(self.day()),
            "household_number": self.maybe(f"MR{self.number(10)}"),
            "name": self.chance.choice(NAMES),
            "father_name": self.maybe(self.chance.choice(NAMES)),
            "nni": self.maybe(self.number(10)),
            "phones": [f"+222{self.number(8)}"] * self.chance.randrange(2),
            "sex": self.maybe("F"),
            "birth_date": self.maybe(self.day()),
            "birth_precision": self.chance.choice(("day", "year")),
            "commune": "Amourj",
            "village": None,
            "household_size": self.maybe(self.chance.randint(1, 15)),
            "school": self.maybe("École 1"),
            "card_number": self.maybe(self.number(6)),
            "monthly_value_mru": self.maybe(Decimal(self.chance.randrange(9000))),
        }


def _of(place: str) -> set[str]:
    return {place, place[:5], place[:4]}


def projected(world: World, answer: SharedAnswer, keep_to: Obligations) -> Any:
    """What the owner of the data answers, as JSON says it."""
    if answer.shape is LOOKUP_ENROLLMENT.shape or answer is ENROLLED:
        telling = shared_enrollments.Telling(keep_to.forms, TODAY)
        read = world.enrollment(keep_to)
        if answer is ENROLLED:
            said = {
                "enrollment_id": PLACEHOLDER,
                "program": read["program_code"],
                "enrolled": True,
                "status": "enrolled",
            }
            found = telling.enrolled(said | {"since": read["enrolled_on"]}, read["program_code"], read["place_code"])
            return SharedEnrolled.model_validate(found).model_dump(mode="json")
        one = SharedEnrollment.model_validate(telling.enrollment(read)).model_dump(mode="json")
    elif answer is LOOKUP_PERSON:
        homes = [world.household(keep_to) | {"relationship": "head"}]
        return SharedIndividual.model_validate(
            Telling(keep_to.forms, TODAY).individual(world.person(), homes)
        ).model_dump(mode="json")
    else:
        members = None if answer.paged else [world.person() for _ in range(world.chance.randint(0, 3))]
        head = world.maybe(world.person())
        made = Telling(keep_to.forms, TODAY).household(world.household(keep_to), head, members)
        one = SharedHousehold.model_validate(made).model_dump(mode="json")
    return {"items": [one], "next_cursor": None} if answer.paged else one


def mistakes(world: World, content: Any, answer: SharedAnswer, keep_to: Obligations) -> Iterator[str]:
    """Make one mistake in an answer after the other, each undone before the next; its name."""
    record = records_of(content, answer)[0]
    for key, value in (
        ("row", None),
        ("row", {}),
        ("row", record["row"] | {"more": 1}),
        (
            "row",
            {key: value for key, value in record["row"].items() if key != "enrolled_in"}
            if keep_to.enrolled_in
            else None,
        ),
        ("row", record["row"] | {"enrolled_in": "TEKAVOUL"} if not keep_to.enrolled_in else None),
        ("version", 3),
        ("name", "x\ny"),
    ):
        if key == "row" or key not in answer.shape.fields:
            yield from _changed(record, key, value, f"{key} {value}")
    for limited, key, outside in (
        (keep_to.places, "place", "MR099-C01"),
        (keep_to.places, "place", None),
        (keep_to.categories, "category", "unheard-of"),
        (keep_to.programs if "program" in answer.row else None, "program", "OTHER"),
        (keep_to.enrolled_in, "enrolled_in", "OTHER"),
        (keep_to.enrolled_in, "enrolled_in", None),
    ):
        if limited and key in record["row"]:
            yield from _changed(record, "row", record["row"] | {key: outside}, f"row outside by {key}")
    yield from _of_fields(world, record, answer.shape, keep_to)


def _of_fields(world: World, record: dict[str, Any], shape: Shape, keep_to: Obligations) -> Iterator[str]:
    key = world.chance.choice(sorted(shape.fields))
    attribute = shape.fields[key]
    raw = _raw(world, attribute)
    form = keep_to.forms.get(attribute)
    if form is None:
        yield from _changed(record, key, raw, f"{key} is not allowed")
        yield from _changed(record, key, None, f"{key} is not allowed, and null")
    elif form != FULL:
        yield from _changed(record, key, raw, f"{key} in full where it is {form}")
    for name, part in (shape.parts or {}).items():
        if record.get(name):
            yield from _of_fields(world, record[name][0], part, keep_to)
        elif not part.attributes & keep_to.forms.keys():
            yield from _changed(record, name, [], f"{name} where nothing of it is allowed")


def _raw(world: World, attribute: str) -> Any:
    """A value in full, as JSON says it, that no other form looks like."""
    if attribute in ("name", "father_name", "head_name"):
        return world.chance.choice(NAMES)
    if attribute in ("birth_date", "surveyed_on", "enrolled_on", "exited_on"):
        return str(world.day())
    if attribute == "phones":
        return [f"+222{world.number(8)}"]
    return world.number(10)


def _changed(record: dict[str, Any], key: str, value: Any, name: str) -> Iterator[str]:
    had, before = key in record, record.get(key)
    record[key] = value
    yield name
    if had:
        record[key] = before
    else:
        del record[key]


def compare(seed: int, pairs: int) -> int:
    """Random agreement by random answer; how many mistakes were made, and all found."""
    world, made = World(seed), 0
    answers = (LOOKUP_HOUSEHOLD, LIST_HOUSEHOLDS, LOOKUP_PERSON, LOOKUP_ENROLLMENT, LIST_ENROLLMENTS, ENROLLED)
    for number in range(pairs):
        answer = answers[number % len(answers)]
        keep_to = world.obligations(answer.shape, programs="program" in answer.row)
        content = projected(world, answer, keep_to)
        assert (fault := first_fault(content, answer, keep_to)) is None, (seed, number, fault, keep_to, content)
        if number % 4 == 0:
            for name in mistakes(world, content, answer, keep_to):
                made += 1
                assert first_fault(content, answer, keep_to) is not None, (seed, number, name, keep_to, content)
            assert first_fault(content, answer, keep_to) is None, "every mistake was undone"
        without_rows(content, answer)
        assert "row" not in records_of(content, answer)[0]
    return made


def test_what_the_owner_tells_always_passes_and_every_mistake_is_caught() -> None:
    assert compare(seed=20261129, pairs=PAIRS) > PAIRS


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_what_the_owner_tells_always_passes_and_every_mistake_is_caught_at_length() -> None:
    assert compare(seed=20261130, pairs=LONG_PAIRS) > LONG_PAIRS


def record_from(place: str, category: str, program: str | None) -> dict[str, Any]:
    """A household of which nothing is told but where it is from; `program` "": nobody says in which program it is."""
    row = {"place": place, "category": category} | ({} if program == "" else {"enrolled_in": program})
    return {"id": "1", "row": row}


async def test_the_rows_that_the_registry_finds_are_those_that_the_gateway_would_let_pass(services: Services) -> None:
    """300 random agreements by 160 households of every place, category and program: the two agree on each."""
    registry, world = await services.start("registry"), World(7)
    families = [
        Family(
            f"MR{number:010}", COMMUNES[number % 5], "", CATEGORIES[number // 5 % 4], "50.00", phone="",
            members=[Person(f"{number:010}", "head", "Sidi", "", "M", "1980-05-06")],
        )
        for number in range(1, 161)
    ]  # fmt: skip
    async with registry.client("taazour") as client:
        await send(client, *families)
    agreement = Agreement(
        id="A-1", version=1, provider="taazour", purposes=frozenset(), programs=frozenset(), places=frozenset(),
        attributes=frozenset({"size"}), volume_per_query=1, not_before=TODAY, not_after=TODAY, legal_basis="",
    )  # fmt: skip
    columns = (Household.id, Household.commune_code, Household.vulnerability_category)
    enrolled: dict[UUID, set[str]] = {}
    async with registry.platform.database.transaction() as tx:
        everyone = (await tx.execute(select(*columns))).all()
        assert len(everyone) == 160
        for id_, _, _ in everyone:
            enrolled[id_] = set(world.chance.sample(PROGRAMS, world.chance.randint(0, 2)))
            told_of = [
                (one, one in enrolled[id_]) for one in PROGRAMS if one in enrolled[id_] or world.chance.random() < 0.3
            ]
            items = [{"household_id": str(id_), "program": one, "enrolled": is_, "version": 1} for one, is_ in told_of]
            await take_over_enrolled(tx, items)
        for _ in range(300):
            keep_to = world.obligations(LOOKUP_HOUSEHOLD.shape, programs=False)
            named = replace(
                agreement, places=keep_to.places, categories=keep_to.categories, enrolled_in=keep_to.enrolled_in
            )
            found = set(await tx.scalars(select(Household.id).where(reached(named))))
            passed = {
                id_
                for id_, place, category in everyone
                for program in (enrolled[id_] or {None} if keep_to.enrolled_in else {""})
                if first_fault(record_from(place, category, program), LOOKUP_HOUSEHOLD, keep_to) is None
            }
            assert found == passed, keep_to


@pytest.mark.parametrize(
    ("attribute", "form", "value", "expected"),
    [
        ("birth_date", "year_only", date(1980, 5, 6), "1980"),
        ("birth_date", "year_only", "1980", "1980"),
        ("birth_date", "band", date(2021, 11, 30), "0-4"),
        ("birth_date", "band", date(2021, 11, 29), "5-17"),
        ("birth_date", "band", date(2008, 11, 30), "5-17"),
        ("birth_date", "band", date(2008, 11, 29), "18-59"),
        ("birth_date", "band", date(1966, 11, 30), "18-59"),
        ("birth_date", "band", date(1966, 11, 29), "60+"),
        ("birth_date", "band", "1966", "60+"),
        ("size", "band", 2, "1-2"),
        ("size", "band", 3, "3-5"),
        ("size", "band", 9, "6-9"),
        ("size", "band", 10, "10+"),
        ("score", "band", Decimal("0"), "0-19"),
        ("score", "band", Decimal("19.99"), "0-19"),
        ("score", "band", Decimal("20"), "20-39"),
        ("score", "band", Decimal("100"), "80-100"),
        ("amount", "band", Decimal("999.99"), "0-999"),
        ("amount", "band", Decimal("5000"), "5000+"),
        ("phones", "boolean", [], False),
        ("phones", "boolean", ["+22222334455"], True),
        ("phones", "masked", ["+22222334455"], ["**********55"]),
        ("nni", "masked", "9900000033", "********33"),
        ("nni", "masked", "99", "**"),
        ("nni", "masked", "9", "**"),
        ("nni", "boolean", None, False),
        ("nni", "masked", None, None),
        ("name", "masked", "Sidi Ould Ahmed", "S. O. A."),
        ("name", "masked", "سيدي ولد أحمد", "س. و. أ."),
        ("name", "masked", "'Abd (2)", "A."),
        ("name", "masked", "12", None),
        ("sex", "full", "F", "F"),
    ],
)
def test_each_form_is_what_the_page_says(attribute: str, form: str, value: Any, expected: Any) -> None:
    assert told(attribute, form, value, TODAY) == expected
