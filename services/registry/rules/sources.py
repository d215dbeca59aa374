"""Which source is believed where two disagree: a rank per field, as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.registry.rules.clocks import Origin

EVERY_FIELD = "*"
ANYONE_ELSE = "*"


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of facts: which partner speaks for which, and their order for each field, most believed first."""

    of_partners: Mapping[str, str]
    ranking: Mapping[str, Sequence[str]]

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Sources":
        return cls(data["partners"], data["ranking"])

    def source_of(self, partner: str) -> str:
        """The source whose facts a partner sends."""
        return self.of_partners.get(partner) or self.of_partners[ANYONE_ELSE]

    def wins(self, field: str, held: Origin, offered: Origin) -> bool:
        """The better source is believed; of one rank, the later; of one day, whoever spoke last."""
        held_rank, offered_rank = self._rank(field, held.source), self._rank(field, offered.source)
        if held_rank != offered_rank:
            return offered_rank < held_rank
        return offered.on >= held.on

    def _rank(self, field: str, source: str) -> int:
        order = self.ranking.get(field) or self.ranking[EVERY_FIELD]
        return order.index(source) if source in order else len(order)
