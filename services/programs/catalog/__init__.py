"""The programs each institution publishes, as data that ships with this version: one file per institution.

Another institution is another file; the code does not change.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path

from services.programs.rules.program import Catalog, Program


class UnknownInstitution(LookupError):
    """No catalog of that name ships with this version, and none was given."""


@cache
def programs_of(institution: str, file: Path | None = None) -> dict[str, Program]:
    """The programs of an institution by code, from `file` or the catalog that ships with this version.

    UnknownInstitution where there is no such catalog, or the file is another's; pydantic's ValidationError where it
    breaks the form.
    """
    shipped = files(__package__) / f"{institution}.json"
    found = file or shipped
    if not found.is_file():
        raise UnknownInstitution(institution)
    catalog = Catalog.model_validate_json(found.read_bytes())
    if catalog.institution != institution:
        raise UnknownInstitution(institution)
    return {program.code: program for program in catalog.programs}
