"""The citizen's report: who was told of her, when, why, and of what; as data, and as a page to print in three languages. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

from gateway.disclosures.file_members import Members
from gateway.disclosures.models import DisclosureRow
from gateway.disclosures.schemas import CitizenEntry, CitizenReport
from gateway.disclosures.words import ANY_KIND, EMERGENCY, KINDS, PAGE, READ, purpose_in, words_for
from gateway.partners.file import Names
from shared.printing.report import Report, Section, Table
from shared.text import Language

MOST_ENTRIES = 1_000
"""A printed page has some twenty; whoever needs more than 1,000 names a period."""
CODES = "\u2066{}\u2069"
"""A code or a time in a line from right to left keeps its own order."""
WORDS = "\u2068{}\u2069"
"""The same for words of whatever language."""
JOINED = "\u2060"


def citizen_report(
    subjects: Sequence[str],
    rows: Sequence[DisclosureRow],
    names: Mapping[str, Names],
    language: Language,
    at: datetime,
    members: Members,
) -> CitizenReport:
    """`rows`: newest first, at most one more than are shown. `names`: of the partners, by id. `members`: who said in which files
    the citizen stood."""
    entries = [_entry(*rows, names=names, language=language) for rows in _reads(rows[:MOST_ENTRIES])]
    return CitizenReport(
        subjects=list(subjects),
        made_at=at,
        attributes=sorted({one for entry in entries for one in entry.attributes}),
        receivers=sorted({entry.receiverName for entry in entries}),
        entries=entries,
        complete=len(rows) <= MOST_ENTRIES and members.complete,
        partial=bool(members.unanswered),
        unanswered=list(members.unanswered),
    )


def _reads(rows: Sequence[DisclosureRow]) -> Iterator[list[DisclosureRow]]:
    """Rows of one answer about one kind are one read: it may have told of her by id here and by number there."""
    for _, same in groupby(rows, key=lambda row: (row.request, row.route, row.at)):
        kinds: dict[str, list[DisclosureRow]] = {}
        for row in same:
            kinds.setdefault(row.subject_kind, []).append(row)
        yield from kinds.values()


def _entry(row: DisclosureRow, *more: DisclosureRow, names: Mapping[str, Names], language: Language) -> CitizenEntry:
    name = names.get(row.partner)
    what = KINDS.get(row.subject_kind, ANY_KIND).in_(language)
    return CitizenEntry(
        logtime=row.at,
        action=(EMERGENCY if row.break_glass else READ).format(what=what).in_(language),
        receiverName=getattr(name, language) if name is not None else row.partner,
        receiverSystem=row.partner,
        purpose=row.purpose,
        legal_basis=row.legal_basis,
        agreement=f"{row.agreement} v{row.version}" if row.agreement else "",
        attributes=sorted({one for each in (row, *more) for one in each.attributes}),
        emergency=bool(row.break_glass),
    )


def as_page(report: CitizenReport, language: Language) -> Report:
    """The report to print, from right to left in Arabic."""

    def say(word: str, **values: object) -> str:
        return PAGE[word].format(**values).in_(language)

    facts = [
        (say("subject"), " · ".join(CODES.format(one) for one in report.subjects)),
        (say("made_at"), _time(report.made_at)),
    ]
    if report.partial:
        facts.append((say("partial_title"), say("partial", processes=CODES.format(", ".join(report.unanswered)))))
    if not report.entries:
        none = say("none_known") if report.partial else say("none")
        return Report(language, say("title"), say("intro"), facts, (), (Section(say("received"), none), *_end(say)))
    first, last = report.entries[-1].logtime, report.entries[0].logtime
    facts.append((say("period"), say("until", first=_day(first), last=_day(last))))
    emergencies = sum(one.emergency for one in report.entries)
    key = [
        (str(len(report.entries)), say("reads"), ""),
        (str(len(report.receivers)), say("institutions"), ""),
        *([(str(emergencies), say("emergencies"), "")] if emergencies else []),
    ]
    sections = (
        Section(say("received"), table=_receivers(report, language)),
        Section(
            say("each"),
            lead="" if report.complete else say("incomplete", count=len(report.entries)),
            table=_each(report, language),
        ),
        *_end(say),
    )
    return Report(language, say("title"), say("intro"), facts, key, sections)


def _end(say: Callable[..., str]) -> Sequence[Section]:
    return (Section(say("objection_title"), say("objection")),)


def _receivers(report: CitizenReport, language: Language) -> Table:
    head = ("receiver", "attributes", "last", "times")
    by_receiver: dict[str, list[CitizenEntry]] = {}
    for one in report.entries:
        by_receiver.setdefault(one.receiverName, []).append(one)
    rows = [
        (
            name,
            words_for({attribute for one in entries for attribute in one.attributes}, language),
            _time(entries[0].logtime),
            str(len(entries)),
        )
        for name, entries in sorted(by_receiver.items())
    ]
    return Table([PAGE[one].in_(language) for one in head], rows, texts=3)


def _each(report: CitizenReport, language: Language) -> Table:
    head = ("time", "action", "receiver", "purpose", "attributes")
    rows = [
        (
            _time(one.logtime),
            one.action,
            one.receiverName,
            "\n".join(WORDS.format(part) for part in _why(one, language) if part),
            words_for(one.attributes, language),
        )
        for one in report.entries
    ]
    return Table([PAGE[one].in_(language) for one in head], rows, texts=len(head))


def _why(one: CitizenEntry, language: Language) -> tuple[str, str, str]:
    return purpose_in(language, one.purpose), one.legal_basis, one.agreement.replace("-", f"-{JOINED}")


def _time(at: datetime) -> str:
    return CODES.format(f"{_written(at)} {at.astimezone(UTC):%H:%M}")


def _day(at: datetime) -> str:
    return CODES.format(_written(at))


def _written(at: datetime) -> str:
    """No line ends within a day: browsers would break it at its hyphens."""
    return f"{at.astimezone(UTC):%Y-%m-%d}".replace("-", f"-{JOINED}")
