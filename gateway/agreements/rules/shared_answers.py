"""The operations whose answers are given under agreements, and what each field of them is called in an agreement. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

Fields = Mapping[str, str]
"""A field of an answer: the attribute of an agreement that allows it."""

HOUSEHOLD: Fields = {
    "number": "household_number",
    "commune_code": "commune",
    "village": "village",
    "size": "size",
    "vulnerability_category": "category",
    "score": "score",
    "status": "status",
    "surveyed_on": "surveyed_on",
    "phones": "phones",
    "answers": "answers",
    "head_name_fr": "head_name",
    "head_name_ar": "head_name",
}
PERSON: Fields = {
    "name_fr": "name",
    "name_ar": "name",
    "sex": "sex",
    "birth_date": "birth_date",
    "nni": "nni",
    "disability": "disability",
    "status": "person_status",
}
MEMBER: Fields = {**PERSON, "individual_number": "individual_number", "relationship": "relationship"}
INDIVIDUAL: Fields = {**PERSON, "number": "individual_number"}
MEMBERSHIP: Fields = {"household_number": "household_number", "relationship": "relationship"}
ENROLLMENT: Fields = {
    "program": "program",
    "status": "enrollment_status",
    "enrolled_on": "enrolled_on",
    "exited_on": "exited_on",
    "household_number": "household_number",
    "name": "name",
    "father_name": "father_name",
    "nni": "nni",
    "phones": "phones",
    "sex": "sex",
    "birth_date": "birth_date",
    "commune": "commune",
    "village": "village",
    "household_size": "size",
    "school": "school",
    "card_number": "card_number",
    "monthly_value_mru": "amount",
}
ENROLLED: Fields = {
    "program": "program",
    "enrolled": "enrollment_status",
    "status": "enrollment_status",
    "since": "enrolled_on",
}

LISTED: Fields = {
    "household_number": "household_number",
    "head_name_fr": "head_name",
    "head_name_ar": "head_name",
    "commune_code": "commune",
    "commune_fr": "commune",
    "commune_ar": "commune",
    "village": "village",
    "size": "size",
    "amount_mru": "amount",
    "top_up": "top_up",
}


@dataclass(frozen=True)
class Shape:
    """The objects of an answer about someone. `ids` name them and are always given; `parts` lie within, by their field."""

    fields: Fields
    ids: tuple[str, ...] = ("id",)
    parts: "Mapping[str, Shape] | None" = None

    @cached_property
    def attributes(self) -> frozenset[str]:
        """Every attribute that an answer of this shape can hold."""
        own = frozenset(self.fields.values())
        return own.union(*(part.attributes for part in (self.parts or {}).values()))


@dataclass(frozen=True, slots=True)
class SharedAnswer:
    """What one operation answers with under an agreement: a record, or a page of them (`items`, `next_cursor`).

    `row`: what the service must tell the gateway of where each record is from; nothing where the list was decided on before.
    """

    operation: str
    shape: Shape
    row: frozenset[str]
    paged: bool = False


_HOUSEHOLD = Shape(HOUSEHOLD, parts={"members": Shape(MEMBER, ids=("individual_id",))})
_INDIVIDUAL = Shape(INDIVIDUAL, parts={"memberships": Shape(MEMBERSHIP, ids=("household_id",))})
_ENROLLMENT = Shape(ENROLLMENT)
_OF_REGISTRY, _OF_PROGRAMS = frozenset({"place", "category"}), frozenset({"place", "program"})
SHARED: Mapping[tuple[str, str, str], SharedAnswer] = {
    ("registry", "GET", "/v1/households/{household_id}"): SharedAnswer("lookup", _HOUSEHOLD, _OF_REGISTRY),
    ("registry", "GET", "/v1/households"): SharedAnswer("list", Shape(HOUSEHOLD), _OF_REGISTRY, paged=True),
    ("registry", "GET", "/v1/individuals/{individual_id}"): SharedAnswer("lookup", _INDIVIDUAL, _OF_REGISTRY),
    ("programs", "GET", "/v1/enrollments/{enrollment_id}"): SharedAnswer("lookup", _ENROLLMENT, _OF_PROGRAMS),
    ("programs", "GET", "/v1/enrollments"): SharedAnswer("list", _ENROLLMENT, _OF_PROGRAMS, paged=True),
    ("programs", "POST", "/v1/enrolled"): SharedAnswer("lookup", Shape(ENROLLED, ids=("enrollment_id",)), _OF_PROGRAMS),
    ("matching", "GET", "/v1/targeting-lists/{list_id}/households"): SharedAnswer(
        "list", Shape(LISTED, ids=("position",)), frozenset(), paged=True
    ),
}
"""By service, method and address of the routing table."""


@dataclass(frozen=True, slots=True)
class Unprojected:
    """What one operation answers with whole, or not at all: a file, or who of the registry was found for somebody. `attributes`:
    which an agreement may give of it; `needed`: those it must give, in full.

    `fields`: of a file of which some may be given, the attribute of each column. `knows_population`: it keeps to places and
    categories.
    """

    operation: str
    attributes: frozenset[str]
    needed: frozenset[str] = frozenset()
    fields: Fields = field(default_factory=dict)
    knows_population: bool = True


_LIST_FILE = Unprojected("list", frozenset(LISTED.values()), fields=LISTED)
_FOUND = frozenset({"household_number"})
_MATCHED = Unprojected("match", _FOUND, _FOUND, knows_population=False)
UNPROJECTED: Mapping[tuple[str, str, str], Unprojected] = {
    ("matching", "GET", "/v1/targeting-lists/{list_id}/file"): _LIST_FILE,
    ("matching", "GET", "/v1/targeting-lists/{list_id}/printed"): _LIST_FILE,
    ("matching", "POST", "/v1/match"): _MATCHED,
    ("matching", "GET", "/v1/imports/{import_id}/matches"): _MATCHED,
    ("matching", "GET", "/v1/exports/{export_id}/file"): _MATCHED,
}
FEED = frozenset({"program", "enrollment_status"})
"""What each event of the feed tells: an agreement to subscribe gives both."""
