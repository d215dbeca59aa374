"""What the partners' pages show as tables and figures, in one language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from gateway.dashboard.names import process_name
from gateway.dashboard.words import DASH, Writer
from gateway.directory.counts import HOURS
from gateway.directory.schemas import OperationOut, OverviewOut
from gateway.directory.words import WORDS
from gateway.traffic.counting import Line, by_service
from shared.text import Language

TALLEST = 40
"""Of the drawing of hours, 42 high."""
KEY_STATES = {"good": "ok", "waiting": "note", "ended": "unknown", "revoked": "unknown"}
ACCESS_STATES = {"open": "ok", "mandate": "ok", "agreement": "note", "none": "warning"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table. `state`: with the mark of that state; `code`: as it is written for machines; `english`: a service's own
    words, which are English."""

    text: str
    href: str = ""
    state: str = ""
    code: bool = False
    english: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`heads`: what each column is called, and whether it holds figures."""

    heads: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[Cell]]


class Words:
    """Writes these pages' words in one language."""

    def __init__(self, language: Language) -> None:
        self.write = Writer(language)

    def __call__(self, word: str, **values: object) -> str:
        text = self.write.text(WORDS[word])
        return text.format(**values) if values else text

    def process(self, name: str) -> str:
        return self.write.text(process_name(name))

    def moment(self, at: datetime | None) -> str:
        return self.write.moment(at)


def address_of(partner: str) -> str:
    return f"/dashboard/partners/{partner}"


def trying_of(partner: str, method: str, path: str) -> str:
    """Where an operation is tried out."""
    return f"{address_of(partner)}/try?{urlencode({'method': method, 'path': path})}"


def ways(say: Words, partner: str, *, watches: bool, listed: bool = True) -> list[tuple[str, str]]:
    """The pages beside this one. `watches`: she looks after the platform; `listed`: she may read the partner's directory."""
    own = [(say("overview"), address_of(partner))]
    if listed:
        own.append((say("directory"), f"{address_of(partner)}/directory"))
    return [(say("screen"), "/dashboard"), (say("traffic"), "/dashboard/traffic"), *own] if watches else own


def quota_of(told: OverviewOut, say: Words) -> list[tuple[str, str, str]]:
    quota, number = told.quota, say.write.number
    return [
        ("left", number(quota.left), say("of", total=number(quota.burst))),
        ("last_minute", number(quota.last_minute), ""),
        ("today", number(quota.today), ""),
        ("refill", number(quota.requests_per_second, 1), ""),
        ("concurrent", number(quota.concurrent), ""),
    ]


def by_hour(told: OverviewOut) -> list[tuple[int, int]]:
    """Requests and faults of each of the last HOURS hours, the oldest first."""
    last = told.at.replace(minute=0, second=0, microsecond=0)
    found = [[0, 0] for _ in range(HOURS)]
    for one in told.hours:
        sums = found[HOURS - 1 - int((last - one.hour).total_seconds()) // 3600]
        sums[0] += one.requests
        sums[1] += one.faults
    return [(requests, faults) for requests, faults in found]


def heights(requests: int, faults: int, most: int) -> tuple[float, float]:
    return (TALLEST * requests / most, TALLEST * faults / most) if most else (0.0, 0.0)


def services_of(told: OverviewOut, say: Words) -> Table:
    heads = ((say("service"), False), (say("requests"), True), (say("failed"), True))
    sums = by_service((one.service, one.requests, one.faults) for one in told.hours)
    return Table(heads, [[Cell(say.process(name)), *counts(say, *both)] for name, *both in sums])


def hours_of(told: OverviewOut, say: Words) -> Table:
    heads = ((say("hour"), False), (say("service"), False), (say("requests"), True), (say("failed"), True))
    rows = [
        [Cell(say.moment(one.hour)), Cell(say.process(one.service)), *counts(say, one.requests, one.faults)]
        for one in reversed(told.hours)
    ]
    return Table(heads, rows)


def counts(say: Words, *numbers: int) -> list[Cell]:
    return [Cell(say.write.number(one)) for one in numbers]


def refusals_of(told: OverviewOut, say: Words) -> Table:
    heads = ((say("code"), False), (say("requests"), True), (say("last"), False))
    rows = [
        [Cell(one.code, href=one.page or "", code=True), *counts(say, one.requests), Cell(say.moment(one.last_at))]
        for one in told.faults
    ]
    return Table(heads, rows)


def agreements_of(told: OverviewOut, say: Words) -> Table | None:
    if told.agreements is None:
        return None
    columns = (("agreement", False), ("gives", False), ("receives", False), ("until", False), ("ends", False))
    heads = [*((say(word), figure) for word, figure in columns), (say("volume"), True), (say("state"), False)]
    rows = []
    for one in told.agreements:
        state, word = ("down", "suspended") if one.state == "suspended" else ("ok", "active")
        if one.ends_soon and state == "ok":
            state, word = "warning", "ends_soon"
        volume = f"{say.write.number(one.used_today)} {say('of', total=say.write.number(one.per_day))}"
        rows.append(
            [
                Cell(one.id, code=True),
                Cell(one.provider, code=True),
                Cell(one.recipient, code=True),
                Cell(say.write.day(one.not_after)),
                Cell(say.write.days(one.days_left)),
                Cell(volume),
                Cell(say(word), state=state),
            ]
        )
    return Table(heads, rows)


def keys_of(told: OverviewOut, say: Words) -> Table | None:
    if told.credentials is None:
        return None
    heads = [(say(word), False) for word in ("key", "thumbprint", "since", "last_use", "until", "state")]
    rows = [
        [
            Cell(say(one.kind)),
            Cell(one.kid or DASH, code=one.kid is not None),
            Cell(say.moment(one.not_before)),
            Cell(say.moment(one.last_used_at)),
            Cell(say.moment(one.revoked_at or one.ends_at)),
            Cell(say(one.state), state=KEY_STATES[one.state]),
        ]
        for one in told.credentials
    ]
    return Table(heads, rows)


def disclosures_of(told: OverviewOut, say: Words) -> list[tuple[str, str]]:
    if (seen := told.disclosures) is None:
        return []
    number = say.write.number
    rows = [("allowed", number(seen.allowed)), ("people", number(seen.people)), ("refused", number(seen.refused))]
    return [*rows, ("last", say.moment(seen.last_at))]


def file_of(told: OverviewOut, say: Words) -> Table | None:
    if not told.file:
        return None
    heads = [(say(word), False) for word in ("field", "only_in_file", "only_in_database")]
    rows = [
        [Cell(say(one.field)), *(Cell(" ".join(names) or DASH, code=bool(names)) for names in both)]
        for one in told.file
        for both in [(one.only_in_file, one.only_in_database)]
    ]
    return Table(heads, rows)


def operations_of(found: Sequence[OperationOut], say: Words, *, tries: bool, partner: str) -> Table:
    heads = [(say(word), False) for word in ("operation", "permission", "access", "agreement", "description")]
    rows = []
    for one in found:
        rows.append(
            [
                Cell(
                    f"{one.method} {one.path}",
                    href=trying_of(partner, one.method, one.path) if tries else "",
                    code=True,
                ),
                Cell(one.permission, code=True),
                Cell(say(f"access_{one.access}"), state=ACCESS_STATES[one.access]),
                Cell(" ".join(one.agreements) or DASH, code=bool(one.agreements)),
                Cell((one.description or DASH).split("\n\n")[0], english=one.description is not None),
            ]
        )
    return Table(heads, rows)


def lines_of(lines: Sequence[Line], names: Mapping[str, str], say: Words) -> Table:
    columns = (("partner", False), ("service", False), ("requests", True), ("failed", True), ("median", True))
    more = (("p95", True), ("ours", True), ("last", False))
    rows = [
        [
            Cell(names.get(one.partner, one.partner), href=address_of(one.partner) if one.partner in names else ""),
            Cell(say.process(one.service)),
            *counts(say, one.requests, one.faults),
            *(
                Cell(say.write.milliseconds(time))
                for time in (one.service_p50_ms, one.service_p95_ms, one.gateway_p95_ms)
            ),
            Cell(say.moment(one.last_at)),
        ]
        for one in lines
    ]
    return Table([(say(word), figure) for word, figure in (*columns, *more)], rows)
