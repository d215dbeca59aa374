"""What an answer tells of people: said beside its model or route, read by the gateway from a table made of it. Pure.

A JSON object is a record about someone where it holds one of `SUBJECT_FIELDS`, or where its model says so with `about`.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

SUBJECT_FIELDS: Final = {
    "individual_id": "individual",
    "individual_number": "individual",
    "household_id": "household",
    "household_number": "household",
    "registry_individual_id": "individual",
    "registry_household_id": "household",
    "enrollment_id": "enrollment",
    "enrollment_ids": "enrollment",
}
"""Fields that name whom an object is about, wherever they stand, and the kind of the one they name."""
ABOUT: Final = "x-about"
FILE_OF: Final = "x-file-of"
FILE_FORM: Final = "x-file-form"
PERSONAL_FIELDS: Final = frozenset({"birth_date", "father_name", "nni", "phones", "identifiers", "head_name_ar"})
"""Fields that only a record about someone has: an object that holds one and says of nobody is a mistake of ours."""


def about(**fields: str) -> dict[str, Any]:
    """For `ConfigDict(json_schema_extra=...)`: which other fields name whom the object is about, as `about(id="household")`."""
    return {ABOUT: fields}


Own = Literal["", "beside", "sent"]


def gives_file(
    kind: str,
    columns: Mapping[str, Iterable[str]] | None = None,
    *,
    ids: Iterable[str] = (),
    to_fill: Iterable[str] = (),
    titles: int = 0,
    own: Own = "",
    parts: Iterable[str] = (),
) -> dict[str, Any]:
    """For a route's `openapi_extra`: it answers with a file about people, enrollments or households.

    `columns`: the columns it may have, each with every heading it may stand under; the gateway reads the file and lets no
    other pass. In those of `ids` ids of the reader's own records may stand, those `to_fill` are empty. `titles`: lines above
    the header. `own`: whether an institution's list may have columns `beside` these, or is given back as it was `sent`.
    `parts`: parameters of the query by which the address says which file, or which part of it.
    ValueError where one heading is of two columns.
    """
    said: dict[str, Any] = {"columns": {name: sorted(set(headings)) for name, headings in (columns or {}).items()}}
    headings = [one for named in said["columns"].values() for one in named]
    if twice := {one for one in headings if headings.count(one) > 1}:
        raise ValueError(f"headings of two columns: {', '.join(sorted(twice))}")
    named = {"ids": sorted(ids), "to_fill": sorted(to_fill), "titles": titles, "own": own, "parts": sorted(parts)}
    return {FILE_OF: kind, FILE_FORM: said | {name: value for name, value in named.items() if value}}


FILE_HEADER: Final = "tekamoul-file"
"""The header in which a service tells the gateway what is in a file it gives; it goes no further."""
_FILE_HEADER: Final = re.compile(r"subjects=([0-9]{1,9});sha256=([0-9a-f]{64});attributes=([a-z0-9_,]*)")


@dataclass(frozen=True, slots=True)
class FileTold:
    """Of how many people, households or records a file tells, the SHA-256 of its bytes in hexadecimal, and the names of what it
    tells of each."""

    subjects: int
    sha256: str
    attributes: tuple[str, ...]

    @classmethod
    def of(cls, content: bytes, subjects: int, attributes: Sequence[str]) -> "FileTold":
        return cls(subjects, hashlib.sha256(content).hexdigest(), tuple(attributes))

    def header(self) -> dict[str, str]:
        said = f"subjects={self.subjects};sha256={self.sha256};attributes={','.join(self.attributes)}"
        return {FILE_HEADER: said}

    @classmethod
    def read(cls, header: str) -> "FileTold":
        """What `header` said; ValueError where it is none."""
        if (found := _FILE_HEADER.fullmatch(header)) is None:
            raise ValueError("not what a file tells")
        return cls(int(found[1]), found[2], tuple(filter(None, found[3].split(","))))


GRANT_HEADER: Final = "tekamoul-grant"
"""The header in which a service tells the gateway by which right it shows another's people; it goes no further."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a service itself let a partner read, for a purpose, on a text and until a day, as the list of a shock response.

    `id` as an agreement's: the log says it in the place of one.
    """

    id: str
    purpose: str
    legal_basis: str

    def header(self) -> dict[str, str]:
        said = json.dumps([self.id, self.purpose, self.legal_basis], ensure_ascii=False).encode()
        return {GRANT_HEADER: base64.urlsafe_b64encode(said).decode()}

    @classmethod
    def read(cls, header: str) -> "Grant":
        """What `header` said; ValueError where it is none."""
        match json.loads(base64.urlsafe_b64decode(header)):
            case [str(id_), str(purpose), str(legal_basis)] if "\0" not in purpose + legal_basis:
                return cls(id_, purpose, legal_basis)
        raise ValueError("no grant")
