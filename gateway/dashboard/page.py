"""From an Observation to HTML, in one of three languages. The templates hold the markup, this what they are given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.dashboard.assets import Asset
from gateway.dashboard.names import process_name, subscriber_name
from gateway.dashboard.observation import Observation, Point, Publishing, Receiving
from gateway.dashboard.topology import (
    draw,
    nats_words,
    postgres_words,
    process_words,
    subscriber_words,
)
from gateway.dashboard.verdict import STALE_AFTER, Severity, Verdict, judge
from gateway.dashboard.words import LANGUAGE_NAMES, Writer
from shared.text import Language

BARS = 90
BAR_SECONDS = 10
MINUTES = 15
SEVERITIES = {Severity.CRITICAL: "critical", Severity.WARNING: "warning", Severity.NOTE: "note"}
SEVERITY_STATES = {Severity.CRITICAL: "down", Severity.WARNING: "warning", Severity.NOTE: "note"}


class Pages:
    """Renders the page and its live fragment."""

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )
        self._assets = assets

    def page(self, seen: Observation | None, at: datetime, language: Language) -> str:
        """The whole page, readable before and without any script."""
        write = Writer(language)
        return self._templates.get_template("page.html").render(
            **self._live(seen, at, write),
            languages=LANGUAGE_NAMES,
            assets=self._assets,
            address=self._address,
            age=age_words(seen, at, language),
            silence_seconds=int(STALE_AFTER.total_seconds()),
        )

    def fragment(self, seen: Observation | None, at: datetime, language: Language) -> str:
        """All of the page that changes."""
        return self._templates.get_template("screen.html").render(**self._live(seen, at, Writer(language)))

    def _address(self, name: str) -> str:
        return f"/dashboard/static/{name}?v={self._assets[name].etag[1:13]}"

    def _live(self, seen: Observation | None, at: datetime, write: Writer) -> dict[str, Any]:
        verdict = judge(seen, at)
        urgent = sum(1 for one in verdict.attention if one.severity >= Severity.WARNING)
        live: dict[str, Any] = {"write": write, "seen": seen, "verdict": verdict, "more": max(0, urgent - 1)}
        live["items"] = _items(verdict, at, write)
        if seen is not None:
            live["drawing"] = draw(seen, write)
            live["parts"] = _parts(seen, write)
            live["into"] = [_into(one, write) for one in seen.publishing]
            live["out_of"] = [_out_of(one, seen, write) for one in seen.receiving]
            live["charts"] = _charts(seen, write)
            live["minutes"] = _minutes(seen, write)
        return live


def age_words(seen: Observation | None, at: datetime, language: Language) -> str:
    """How old the data is, in words."""
    write = Writer(language)
    return write("age", age=write.duration(seen.age(at))) if seen else write("no_data")


def _items(verdict: Verdict, at: datetime, write: Writer) -> list[dict[str, str]]:
    return [
        {
            "code": one.code,
            "part": one.part,
            "state": SEVERITY_STATES[one.severity],
            "severity": write(SEVERITIES[one.severity]),
            "what": write.text(one.what),
            "impact": write.text(one.impact),
            "action": write.text(one.action),
            "since": write("since", time=write.clock(one.since), age=_calm(at - one.since, write)) if one.since else "",
        }
        for one in verdict.attention
    ]


def _calm(age: timedelta, write: Writer) -> str:
    """A duration that does not change with every look."""
    seconds = age.total_seconds()
    return write.duration(timedelta(seconds=seconds - seconds % (5 if seconds < 60 else 60)))


@dataclass(frozen=True, slots=True)
class Part:
    """One row of the table of parts."""

    id: str
    name: str
    state: str
    words: str
    answers: str
    database: str
    up: str
    schema: str
    commit: str


def _parts(seen: Observation, write: Writer) -> list[Part]:
    rows = []
    for one in seen.processes:
        state, words = process_words(one, seen, write)
        said: Mapping[str, Any] = one.status or {}
        rows.append(
            Part(
                id=one.name,
                name=write.text(process_name(one.name)),
                state=state,
                words=" · ".join(words),
                answers=write.milliseconds(one.milliseconds),
                database=write.milliseconds(said.get("database_ms")),
                up=_up(said.get("started_at"), seen.at, write),
                schema=str(said.get("schema_revision") or "–"),
                commit=str(said.get("commit") or "–")[:12],
            )
        )
    state, word = nats_words(seen, write)
    up = _up(seen.nats.started_at, seen.at, write)
    rows.append(Part("nats", "NATS", state, word, write.milliseconds(seen.nats.milliseconds), "–", up, "–", "–"))
    state, word = postgres_words(seen, write)
    answers = write.milliseconds(seen.postgres.milliseconds)
    return [*rows, Part("postgres", "PostgreSQL", state, word, answers, "–", "–", "–", "–")]


def _up(started: str | datetime | None, at: datetime, write: Writer) -> str:
    if started is None:
        return "–"
    moment = datetime.fromisoformat(started) if isinstance(started, str) else started
    return _calm(max(at - moment, timedelta()), write)


def _into(flow: Publishing, write: Writer) -> dict[str, str]:
    state, words = _balance(
        flow.missing, flow.ahead, flow.fresh and flow.published is not None, bool(flow.per_second), write
    )
    return {
        "id": flow.process,
        "name": write.text(process_name(flow.process)),
        "recorded": write.number(flow.recorded),
        "published": write.number(flow.published),
        "waiting": write.number(flow.waiting),
        "oldest": write.duration(timedelta(seconds=flow.oldest_seconds)) if flow.waiting else "–",
        "speed": write.rate(flow.per_second),
        "state": state,
        "balance": words,
    }


def _out_of(flow: Receiving, seen: Observation, write: Writer) -> dict[str, str]:
    known = flow.fresh and flow.handled is not None
    state, words = _balance(flow.missing, flow.ahead, known, bool(flow.per_second), write)
    queue_state, queue_words = subscriber_words(flow, seen, write)
    return {
        "id": flow.process,
        "name": write.text(subscriber_name(flow.process)),
        "for_it": write.number(flow.published),
        "handled": write.number(flow.handled),
        "pending": write.number(flow.pending),
        "unacknowledged": write.number(flow.unacknowledged),
        "dead": write.number(flow.dead),
        "last": write.clock(flow.last_at),
        "speed": write.rate(flow.per_second),
        "state": state,
        "balance": words,
        "queue_state": queue_state,
        "queue": queue_words,
    }


def _balance(missing: int, ahead: int, known: bool, moves: bool, write: Writer) -> tuple[str, str]:
    """Do the numbers agree? Ahead while events move is the time between two questions; at rest, repeats."""
    if not known:
        return "unknown", write("unknown")
    if missing:
        return "warning", write("missing", count=write.number(missing))
    if ahead and moves:
        return "moving", write("moving")
    if ahead:
        return "ok", write("repeated", count=write.number(ahead))
    return "ok", write("agrees")


def _charts(seen: Observation, write: Writer) -> list[dict[str, Any]]:
    buckets = _buckets(seen.history, seen.at, BAR_SECONDS, BARS)
    kinds = (("published_rate", "published"), ("handled_rate", "handled"), ("waiting_events", "waiting"))
    charts = []
    for word, measure in kinds:
        values = [_mean(bucket, measure) for bucket in buckets]
        highest = max((value for value in values if value is not None), default=0.0)
        latest = getattr(seen.history[-1], measure) if seen.history else None
        said = write.number if measure == "waiting" else write.rate
        charts.append(
            {
                "name": write(word),
                "now": said(latest),
                "highest": write("most", value=said(highest)),
                "bars": [
                    (index * 4, max(1.5, 40 * value / highest) if highest and value else 1.5, bool(value))
                    for index, value in enumerate(values)
                    if value is not None
                ],
            }
        )
    return charts


def _minutes(seen: Observation, write: Writer) -> list[dict[str, str]]:
    buckets = _buckets(seen.history, seen.at, 60, MINUTES)
    return [
        {
            "minute": write.clock(bucket[0].at, seconds=False),
            "published": write.rate(_mean(bucket, "published")),
            "handled": write.rate(_mean(bucket, "handled")),
            "waiting": write.number(_mean(bucket, "waiting")),
        }
        for bucket in reversed(buckets)
        if bucket
    ]


def _buckets(points: Sequence[Point], at: datetime, seconds: int, count: int) -> list[list[Point]]:
    """The points by whole spans of `seconds`, oldest first, the last span being the present one."""
    last = int(at.timestamp()) // seconds
    buckets: list[list[Point]] = [[] for _ in range(count)]
    for point in points:
        index = count - 1 - (last - int(point.at.timestamp()) // seconds)
        if 0 <= index < count:
            buckets[index].append(point)
    return buckets


def _mean(bucket: Sequence[Point], measure: str) -> float | None:
    return sum(float(getattr(point, measure)) for point in bucket) / len(bucket) if bucket else None
