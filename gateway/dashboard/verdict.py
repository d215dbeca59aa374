"""How the platform stands, and what needs a person: pure rules from one Observation. Fault first, worst first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Literal

from gateway.dashboard import deciding, runbook
from gateway.dashboard.names import fill, process_name
from gateway.dashboard.observation import Observation, Receiving
from gateway.dashboard.runbook import Advice
from gateway.health import ProcessState
from shared.text import Text

STALE_AFTER = timedelta(seconds=10)
SILENT_AFTER = timedelta(seconds=2)
"""Two looks in a row: one may be missed by a process that is merely busy."""
RECENTLY = timedelta(minutes=5)
OUTBOX_AGE_SECONDS = 10.0
STUCK_AFTER = timedelta(seconds=15)
SLOW_MS = 1_000.0
LONG_WORK = timedelta(minutes=10)

State = Literal["ok", "degraded", "down", "stale"]


class Severity(IntEnum):
    """CRITICAL: something has stopped. WARNING: harm grows until someone acts. NOTE: good to know."""

    NOTE = 1
    WARNING = 2
    CRITICAL = 3


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing that needs a person. `part` is the process, `nats` or `postgres` it is about."""

    code: str
    severity: Severity
    part: str
    what: Text
    impact: Text
    action: Text
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first line of the screen. `age` is that of the data; None where nothing was ever seen."""

    state: State
    sentence: Text
    age: timedelta | None
    attention: tuple[Attention, ...] = ()


def judge(seen: Observation | None, at: datetime) -> Verdict:
    """The verdict on what was seen, at the moment of reading it."""
    if seen is None:
        return Verdict("stale", runbook.NOTHING_SEEN, None)
    items = attention(seen)
    age = seen.age(at)
    if age > STALE_AFTER:
        return Verdict("stale", runbook.STALE, age, items)
    urgent = [one for one in items if one.severity >= Severity.WARNING]
    if not urgent:
        return Verdict("ok", runbook.ALL_WELL, age, items)
    return Verdict("down" if _is_down(seen) else "degraded", urgent[0].what, age, items)


def _is_down(seen: Observation) -> bool:
    """Nobody is served: no PostgreSQL, or most processes silent."""
    silent = sum(1 for one in seen.processes if _silent(seen, one))
    return not seen.postgres.reachable or silent * 2 > len(seen.processes)


def attention(seen: Observation) -> tuple[Attention, ...]:
    """All that needs a person: worst first, causes before their effects, then the longest-standing."""
    items = [
        *_postgres(seen),
        *_nats(seen),
        *_processes(seen),
        *_publishing(seen),
        *_receiving(seen),
        *_failing_workers(seen),
        *_restarts(seen),
        *_work(seen),
        *_to_decide(seen),
    ]
    return tuple(sorted(items, key=lambda item: -item.severity))  # stable: within a severity, the order above


def _item(
    code: str, severity: Severity, part: str, advice: Advice, since: datetime | None = None, **values: object
) -> Attention:
    return Attention(
        code,
        severity,
        part,
        fill(advice.what, **values),
        fill(advice.impact, **values) if advice.impact.en else _impact(part),
        fill(advice.action, **values),
        since,
    )


def _warning(
    code: str, process: str, advice: Advice, count: int, since: datetime | None = None, **values: object
) -> Attention:
    values |= {"process": process_name(process), "count": count}
    return _item(code, Severity.WARNING, process, advice, since, **values)


def _impact(process: str) -> Text:
    return runbook.IMPACTS.get(process.split("-")[0], Text(ar="", fr="", en=""))


def _postgres(seen: Observation) -> Iterator[Attention]:
    state = seen.postgres
    if not state.reachable:
        yield _item("postgres_away", Severity.CRITICAL, "postgres", runbook.POSTGRES_AWAY, seen.postgres_away_since)
    elif state.milliseconds is not None and state.milliseconds > SLOW_MS:
        yield _item("postgres_slow", Severity.WARNING, "postgres", runbook.POSTGRES_SLOW, ms=round(state.milliseconds))
    full = {one.name: since for one in seen.processes if (since := (one.status or {}).get("database_full_since"))}
    if state.reachable and full:
        since = min(datetime.fromisoformat(one) for one in full.values())
        names = _joined([process_name(one) for one in full])
        yield _item("disk_full", Severity.CRITICAL, "postgres", runbook.DISK_FULL, since, processes=names)


def _nats(seen: Observation) -> Iterator[Attention]:
    if not seen.nats.reachable:
        yield _item("nats_away", Severity.CRITICAL, "nats", runbook.NATS_AWAY, seen.nats_away_since)
    elif not seen.nats.healthy:
        fault = seen.nats.fault or "-"
        yield _item("nats_unhealthy", Severity.CRITICAL, "nats", runbook.NATS_UNHEALTHY, fault=fault)


def _silent(seen: Observation, process: ProcessState) -> bool:
    since = seen.remembered(process.name).silent_since
    return since is not None and seen.at - since >= SILENT_AFTER


def _processes(seen: Observation) -> Iterator[Attention]:
    away = {"database"} if not seen.postgres.reachable else set()
    away |= {"nats"} if not seen.nats.reachable else set()
    for one in seen.processes:
        memory, name = seen.remembered(one.name), process_name(one.name)
        if _silent(seen, one):
            # Where PostgreSQL is away the gateway may be too slow to say how it stands itself.
            if not (one.name == "gateway" and away):
                yield _item("silent", Severity.CRITICAL, one.name, runbook.SILENT, memory.silent_since, process=name)
        elif one.milliseconds is not None and not one.ready:
            unexplained = [part for part in one.waiting_for if part not in away]
            if unexplained or not one.waiting_for:
                yield _item(
                    "not_ready",
                    Severity.WARNING,
                    one.name,
                    runbook.NOT_READY,
                    memory.unready_since,
                    process=name,
                    waiting=_listed(unexplained),
                )


def _listed(parts: list[str]) -> Text:
    return _joined(
        [runbook.WAITING_FOR.get(part, Text(*[part] * 3)) for part in parts] or [Text(ar="؟", fr="?", en="?")]
    )


def _joined(said: list[Text]) -> Text:
    return Text(
        ar="، ".join(one.ar for one in said),
        fr=", ".join(one.fr for one in said),
        en=", ".join(one.en for one in said),
    )


def _publishing(seen: Observation) -> Iterator[Attention]:
    for flow in seen.publishing:
        # Without NATS every outbox grows old: that is told once, as NATS.
        if flow.fresh and seen.nats.reachable and flow.oldest_seconds > OUTBOX_AGE_SECONDS:
            since = seen.at - timedelta(seconds=flow.oldest_seconds)
            yield _warning("old_outbox", flow.process, runbook.OLD_OUTBOX, flow.waiting, since)
        if flow.fresh and flow.missing:
            yield _warning("missing_published", flow.process, runbook.MISSING_PUBLISHED, flow.missing)


def _receiving(seen: Observation) -> Iterator[Attention]:
    silent = {one.name for one in seen.processes if _silent(seen, one)}
    for flow in seen.receiving:
        if flow.dead:
            yield _warning("dead_letters", flow.process, runbook.DEAD_LETTERS, flow.dead)
        if flow.missing:
            yield _warning("missing_handled", flow.process, runbook.MISSING_HANDLED, flow.missing, id=flow.process)
        if flow.process not in silent and seen.nats.reachable and _stuck(seen, flow):
            fault: object = flow.last_fault or runbook.NO_FAULT
            yield _warning("stuck", flow.process, runbook.STUCK, flow.waiting, flow.idle_since, fault=fault)


def _stuck(seen: Observation, flow: Receiving) -> bool:
    return flow.idle_since is not None and seen.at - flow.idle_since >= STUCK_AFTER


def _restarts(seen: Observation) -> Iterator[Attention]:
    for one in seen.processes:
        at = seen.remembered(one.name).restarted_at
        if at is not None and seen.at - at < RECENTLY and not _silent(seen, one):
            name = process_name(one.name)
            yield _item("restarted", Severity.NOTE, one.name, runbook.RESTARTED, at, process=name)


def _failing_workers(seen: Observation) -> Iterator[Attention]:
    for one in seen.processes:
        for worker, since in ((one.status or {}).get("failing_workers") or {}).items():
            name, at = process_name(one.name), datetime.fromisoformat(since)
            advice = runbook.WORKER_FAILING
            yield _item("worker_failing", Severity.WARNING, one.name, advice, at, process=name, worker=worker)


def _work(seen: Observation) -> Iterator[Attention]:
    for one in seen.processes:
        for kind, since in seen.remembered(one.name).work_since.items():
            if seen.at - since >= LONG_WORK:
                said = runbook.WORK_KINDS.get(kind, Text(*[kind] * 3))
                count = ((one.status or {}).get("work") or {}).get(kind, 0)
                name, advice = process_name(one.name), runbook.LONG_WORK
                yield _item("long_work", Severity.NOTE, one.name, advice, since, process=name, kind=said, count=count)


def _to_decide(seen: Observation) -> Iterator[Attention]:
    for one in seen.processes:
        for kind, count in ((one.status or {}).get("to_decide") or {}).items():
            if count:
                said = deciding.TO_DECIDE_KINDS.get(kind, Text(*[kind] * 3))
                name, advice = process_name(one.name), deciding.TO_DECIDE_ADVICE.get(kind, deciding.TO_DECIDE)
                severity = Severity.WARNING if kind in deciding.OVERDUE else Severity.NOTE
                yield _item("to_decide", severity, one.name, advice, process=name, kind=said, count=count)
