"""Who may approve a change: a map, as data, from the kind of change and its fields to sources and persons."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

EVERY_FIELD = "*"


@dataclass(frozen=True, slots=True)
class Authority:
    """Who decides: an official of a partner that speaks for one of `sources`; `persons` of them, each another."""

    sources: frozenset[str]
    persons: int


@dataclass(frozen=True, slots=True)
class AuthorityMap:
    kinds: Mapping[str, Mapping[str, Authority]]

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "AuthorityMap":
        return cls(
            {
                kind: {name: Authority(frozenset(one["sources"]), one["persons"]) for name, one in fields.items()}
                for kind, fields in data["kinds"].items()
            }
        )

    def over(self, kind: str, fields: Collection[str] = ()) -> Authority:
        """Who decides a change of this kind: whoever may decide each of its fields, and as many as the strictest asks."""
        by_field = self.kinds[kind]
        needed = [by_field.get(name, by_field[EVERY_FIELD]) for name in fields] or [by_field[EVERY_FIELD]]
        sources = frozenset.intersection(*(one.sources for one in needed))
        return Authority(sources, max(one.persons for one in needed))
