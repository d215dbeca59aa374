"""What an answer tells of people: said beside its model or route, read by the gateway from a table made of it. Pure.

A JSON object is a record about someone where it holds one of `SUBJECT_FIELDS`, or where its model says so with `about`.
"""

from typing import Any, Final

SUBJECT_FIELDS: Final = {
    "individual_id": "individual",
    "individual_number": "individual",
    "household_id": "household",
    "household_number": "household",
    "registry_individual_id": "individual",
    "registry_household_id": "household",
    "enrollment_id": "enrollment",
}
"""Fields that name whom an object is about, wherever they stand, and the kind of the one they name."""
ABOUT: Final = "x-about"
FILE_OF: Final = "x-file-of"
PERSONAL_FIELDS: Final = frozenset({"birth_date", "father_name", "nni", "phones", "identifiers", "head_name_ar"})
"""Fields that only a record about someone has: an object that holds one and says of nobody is a mistake of ours."""


def about(**fields: str) -> dict[str, Any]:
    """For `ConfigDict(json_schema_extra=...)`: which other fields name whom the object is about, as `about(id="household")`."""
    return {ABOUT: fields}


def gives_file(kind: str) -> dict[str, Any]:
    """For a route's `openapi_extra`: it answers with a file about people, enrollments or households."""
    return {FILE_OF: kind}
