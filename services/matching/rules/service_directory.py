"""Services that are no program and take referrals: a nutrition center, a school, a water point, the civil registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from services.matching.rules.referring import ServiceKind


@dataclass(frozen=True, slots=True)
class Service:
    """One service: which partner takes its referrals, and from which wilayas (None: from all)."""

    code: str
    kind: ServiceKind
    partner: str
    wilayas: frozenset[str] | None
    names: Mapping[str, str]

    def reaches(self, wilaya: str | None) -> bool:
        """Whether a household of a wilaya may be sent; of whom it is not known where it lives, the service finds out."""
        return self.wilayas is None or wilaya is None or wilaya in self.wilayas


def read_directory(data: Mapping[str, Any]) -> Mapping[str, Service]:
    """The directory in a file, by code; KeyError or ValueError where it is not one."""
    found = {}
    for one in data["services"]:
        if one["kind"] not in get_args(ServiceKind) or one["code"] in found:
            raise ValueError(f"service {one['code']}: of no known kind, or named twice")
        wilayas = None if one["wilayas"] is None else frozenset(one["wilayas"])
        names = {language: one["names"][language] for language in ("ar", "fr", "en")}
        found[one["code"]] = Service(one["code"], one["kind"], one["partner"], wilayas, names)
    return found
