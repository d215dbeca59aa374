"""Lines of one household in a list that an institution has matched, brought together before they are decided.

A chunk of a list is decided for good, and others of its household may lift a line. So a line waits for the last of its
household, which a first reading of the list's own household numbers tells. A list that gives none is cut as any other file.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.matching.engine.households import MOST_TOGETHER
from services.matching.rules.households import by_number
from shared.cells import Finding
from shared.household_number import parse_household_number
from shared.importing.importer import Chunk
from shared.listed_person import ListedPerson
from shared.tables import Row, Table
from shared.text import Text

FIELD: Final = "household_number"
MOST_WAITING: Final = 100_000
"""Lines that wait for others at a time: some 200 MB. Of a list that is sorted by household hardly any does."""
SCATTERED: Final = Text(
    ar="أسطر الأسرة الواحدة متباعدة جدا في هذه القائمة، فلم يُستأنس ببعضها في بعض؛ رتّبوها برقم الأسرة وأعيدوا إرسالها",
    fr="les lignes d'un même ménage sont trop éloignées dans cette liste pour s'éclairer entre elles ; triez-la par numéro"
    " de ménage et renvoyez-la",
    en="lines of one household stand too far apart in this list to speak for one another; sort it by household number and"
    " send it again",
)


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line after reading; `person` is None where an error keeps it out. `household`: by what it stands together with other
    lines; None where it stands alone."""

    line: int
    sent: dict[str, Any]
    person: ListedPerson | None
    findings: list[Finding]
    household: str | None


Read = Callable[[Row, str | None], ReadLine]


def chunks_by_household(table: Table, read: Read, at_once: int, most_waiting: int = MOST_WAITING) -> Iterator[Chunk]:
    """The lines of a list, `at_once` to a chunk and what completes a household more, each household within one chunk. The
    same file is always cut alike. Where more than `most_waiting` lines would wait, all stand alone, and the first says so."""
    sizes, scattered = _households_in(table, most_waiting)
    waiting = defaultdict[str, list[ReadLine]](list)
    ready: list[ReadLine] = []
    line = 0
    for row in table.rows():
        household = _household_of(row)
        one = read(row, household if household in sizes else None)
        if scattered and not line:
            one.findings.append(Finding(0, FIELD, None, "warning", "households_scattered", SCATTERED))
        line = row.line
        if one.household is None:
            ready.append(one)
        else:
            waiting[one.household].append(one)
            if len(waiting[one.household]) == sizes[one.household]:
                ready += waiting.pop(one.household)
        if len(ready) >= at_once:
            yield Chunk(ready, line)
            ready = []
    if ready:
        yield Chunk(ready, line)


def _household_of(row: Row) -> str | None:
    return by_number(parse_household_number(row.cells.get(FIELD)))


def _households_in(table: Table, most_waiting: int) -> tuple[Mapping[str, int], bool]:
    """On how many lines each household stands that has several, and whether these stand too far apart."""
    if FIELD not in table.fields:
        return {}, False
    lines = Counter[str]()
    order = array("q")  # hashes: a country's numbers themselves take 100 MiB
    for row in table.rows():
        if (household := _household_of(row)) is not None:
            lines[household] += 1
            order.append(hash(household))
    sizes = {one: count for one, count in lines.items() if 1 < count <= MOST_TOGETHER}
    scattered = _most_waiting(order, {hash(one): count for one, count in sizes.items()}) > most_waiting
    return ({}, True) if scattered else (sizes, False)


def _most_waiting(order: Sequence[int], sizes: Mapping[int, int]) -> int:
    """How many lines wait at a time at the most, where households come in this order."""
    seen = Counter[int]()
    waiting = most = 0
    for one in order:
        if one in sizes:
            seen[one] += 1
            waiting += 1
            most = max(most, waiting)
            if seen[one] == sizes[one]:
                waiting -= sizes[one]
    return most
