"""Settings of a programs process: one per institution, the same code."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from shared.settings import ServiceSettings


class ProgramsSettings(ServiceSettings):
    institution: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,30}$")]
    """Whose programs these are: `taazour`, `csa`, `masef`, `men`, `partners`. A catalog of that name ships with us."""

    catalog_file: Path | None = None
    """The institution's catalog, where it does not ship with this version."""
    connections_file: Path | None = None
    """How the institution's own systems are connected (TOML, see docs/connections.md); none without it."""

    @model_validator(mode="before")
    @classmethod
    def _name_after_institution(cls, given: Any) -> Any:
        if isinstance(given, dict) and not given.get("name") and given.get("institution"):
            return {**given, "name": f"programs-{given['institution']}"}
        return given
