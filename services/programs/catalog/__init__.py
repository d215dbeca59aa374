"""The programs each institution publishes, as data that ships with this version: one file per institution.

Another institution is another file; the code does not change.
"""

from functools import cache
from importlib.resources import files

from services.programs.rules.program import Catalog, Program


class UnknownInstitution(LookupError):
    """No catalog of that name ships with this version."""


@cache
def programs_of(institution: str) -> dict[str, Program]:
    """The programs of an institution by code. UnknownInstitution where it has no catalog; pydantic's ValidationError
    where its catalog breaks the form."""
    file = files(__package__) / f"{institution}.json"
    if not file.is_file():
        raise UnknownInstitution(institution)
    catalog = Catalog.model_validate_json(file.read_bytes())
    return {program.code: program for program in catalog.programs}
