"""Every fault that can be injected is named, with whom it hurts and what to do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from browser.observations import (
    AT,
    PROCESSES,
    a_bad_night,
    a_process,
    a_publishing,
    a_receiving,
    a_silent_process,
    ago,
    healthy,
    status,
    with_flow,
    with_process,
)
from gateway.dashboard.observation import Observation, PostgresState, ProcessMemory
from gateway.dashboard.verdict import Severity, attention, judge
from shared.text import LANGUAGES


def killed(name: str, seconds: float = 6) -> Observation:
    return with_process(healthy(), a_silent_process(name), ProcessMemory(silent_since=ago(seconds)))


def nats_away() -> Observation:
    seen = healthy()
    return replace(seen, nats=replace(seen.nats, reachable=False, healthy=False), nats_away_since=ago(30))


def nats_full() -> Observation:
    seen = healthy()
    return replace(seen, nats=replace(seen.nats, healthy=False, fault="JetStream is not current"))


def postgres_away() -> Observation:
    seen = replace(healthy(), postgres=PostgresState(reachable=False), postgres_away_since=ago(30))
    for name in PROCESSES:
        waiting = a_process(name, ready=False, waiting_for=["database"])
        seen = with_process(seen, waiting, ProcessMemory(unready_since=ago(30)))
    return seen


def postgres_slow() -> Observation:
    return replace(healthy(), postgres=PostgresState(reachable=True, milliseconds=1_800.0))


def disk_full() -> Observation:
    seen = healthy()
    for name, seconds in (("gateway", 40), ("registry", 90)):
        said = status(name, database_full_since=ago(seconds).isoformat())
        seen = with_process(seen, a_process(name, status=said))
    return seen


def not_ready() -> Observation:
    process = a_process("programs-men", ready=False, waiting_for=["migrations"])
    return with_process(healthy(), process, ProcessMemory(unready_since=ago(20)))


def restarted() -> Observation:
    return with_process(healthy(), a_process("registry"), ProcessMemory(restarted_at=ago(40)))


def long_import() -> Observation:
    process = a_process("programs-csa", status=status("programs-csa", work={"imports_waiting": 2}))
    return with_process(healthy(), process, ProcessMemory(work_since={"imports_waiting": ago(601)}))


def worker_failing() -> Observation:
    said = status("registry", failing_workers={"index_names": ago(40).isoformat()})
    return with_process(healthy(), a_process("registry", status=said))


def reviews_open() -> Observation:
    return with_process(
        healthy(), a_process("programs-csa", status=status("programs-csa", to_decide={"reviews_open": 4}))
    )


def stuck() -> Observation:
    return with_flow(healthy(), a_receiving(handled=465, pending=9, unacknowledged=6, idle_since=ago(15)))


FAULTS = {
    "silent": (killed("matching"), "matching", Severity.CRITICAL, "degraded"),
    "nats_away": (nats_away(), "nats", Severity.CRITICAL, "degraded"),
    "nats_unhealthy": (nats_full(), "nats", Severity.CRITICAL, "degraded"),
    "postgres_away": (postgres_away(), "postgres", Severity.CRITICAL, "down"),
    "postgres_slow": (postgres_slow(), "postgres", Severity.WARNING, "degraded"),
    "disk_full": (disk_full(), "postgres", Severity.CRITICAL, "degraded"),
    "not_ready": (not_ready(), "programs-men", Severity.WARNING, "degraded"),
    "restarted": (restarted(), "registry", Severity.NOTE, "ok"),
    "long_work": (long_import(), "programs-csa", Severity.NOTE, "ok"),
    "worker_failing": (worker_failing(), "registry", Severity.WARNING, "degraded"),
    "to_decide": (reviews_open(), "programs-csa", Severity.NOTE, "ok"),
    "old_outbox": (
        with_flow(healthy(), a_publishing(recorded=127, waiting=7, oldest_seconds=10.5)),
        "registry",
        Severity.WARNING,
        "degraded",
    ),
    "missing_published": (
        with_flow(healthy(), a_publishing(recorded=125, published=120, waiting=2)),
        "registry",
        Severity.WARNING,
        "degraded",
    ),
    "stuck": (stuck(), "matching", Severity.WARNING, "degraded"),
    "missing_handled": (
        with_flow(healthy(), a_receiving(handled=470, pending=4)),
        "matching",
        Severity.WARNING,
        "degraded",
    ),
    "dead_letters": (
        with_flow(healthy(), a_receiving(handled=478, dead=2)),
        "matching",
        Severity.WARNING,
        "degraded",
    ),
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_is_the_only_thing_named(code: str) -> None:
    seen, part, severity, state = FAULTS[code]

    verdict = judge(seen, AT)

    assert [(one.code, one.part, one.severity) for one in verdict.attention] == [(code, part, severity)]
    assert verdict.state == state
    named = verdict.sentence == verdict.attention[0].what
    assert named is (state != "ok"), "the worst fault is the verdict itself; a note is not"


@pytest.mark.parametrize("code", FAULTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_fault_is_told_with_its_impact_and_what_to_do(code: str, language: str) -> None:
    (item,) = attention(FAULTS[code][0])

    for text in (item.what, item.impact, item.action):
        said = text.in_(language)
        assert said and "{" not in said
        arabic = any("\u0600" <= letter <= "\u06ff" for letter in said)
        assert arabic is (language == "ar")


@pytest.mark.parametrize(
    ("kind", "severity", "whose"),
    [
        ("reading_alerts", Severity.WARNING, "data-protection officer"),
        ("break_glass_to_review", Severity.NOTE, "data-protection officer"),
        ("break_glass_overdue", Severity.WARNING, "data-protection officer"),
        ("erasures_to_decide", Severity.NOTE, "data-protection officer"),
        ("reviews_open", Severity.NOTE, "program's officer"),
    ],
)
def test_what_waits_for_a_person_says_for_whom(kind: str, severity: Severity, whose: str) -> None:
    process = a_process("gateway", status=status("gateway", to_decide={kind: 2}))
    (item,) = attention(with_process(healthy(), process))

    assert (item.severity, item.part) == (severity, "gateway")
    assert whose in item.action.en
    assert all("_" not in item.what.in_(language) and "2" in item.what.in_(language) for language in LANGUAGES)


@pytest.mark.parametrize(
    "kind",
    [
        "imports_waiting", "exports_waiting", "scorings_waiting", "changes_to_index", "members_to_index",
        "beneficiaries_pending",
        "feed_changes_out_of_order",
    ],
)  # fmt: skip
def test_long_work_is_named_in_the_readers_words(kind: str) -> None:
    process = a_process("registry", status=status("registry", work={kind: 3}))
    (item,) = attention(with_process(healthy(), process, ProcessMemory(work_since={kind: ago(601)})))

    assert all("_" not in item.what.in_(language) and "3" in item.what.in_(language) for language in LANGUAGES)


def test_a_healthy_platform_needs_nobody() -> None:
    verdict = judge(healthy(), AT)

    assert (verdict.state, verdict.attention, verdict.age) == ("ok", (), timedelta())


def test_since_when_a_killed_process_is_away_is_told() -> None:
    (item,) = attention(killed("registry", seconds=6))

    assert item.since == ago(6)
    assert "registry" in item.what.en


def test_one_missed_look_is_not_a_death() -> None:
    assert attention(killed("matching", seconds=1.9)) == ()


def test_most_processes_silent_is_down() -> None:
    seen = healthy()
    for name in PROCESSES[1:6]:
        seen = with_process(seen, a_silent_process(name), ProcessMemory(silent_since=ago(8)))

    assert judge(seen, AT).state == "down"


def test_without_nats_the_old_outboxes_are_not_told_one_by_one() -> None:
    seen = nats_away()
    for name in PROCESSES[1:]:
        seen = with_flow(seen, a_publishing(name, published=None, waiting=5, oldest_seconds=30.0))

    assert [one.code for one in attention(seen)] == ["nats_away"]


@pytest.mark.parametrize(
    ("flow_seconds", "named"),
    [(14.9, False), (15.0, True)],
)
def test_a_consumer_is_stuck_after_fifteen_seconds(flow_seconds: float, named: bool) -> None:
    seen = with_flow(healthy(), a_receiving(handled=479, pending=1, idle_since=ago(flow_seconds)))

    assert [one.code for one in attention(seen)] == (["stuck"] if named else [])


def test_an_event_twice_or_on_its_way_is_not_missing() -> None:
    seen = with_flow(healthy(), a_receiving(handled=481))
    seen = with_flow(seen, a_publishing(recorded=118, published=120, waiting=1, per_second=8.0))

    assert attention(seen) == ()


def test_figures_of_a_process_that_is_away_prove_no_loss() -> None:
    seen = with_flow(killed("matching"), a_receiving(published=500, handled=480, pending=3, fresh=False))

    assert [one.code for one in attention(seen)] == ["silent"]


def test_worst_comes_first_and_notes_last() -> None:
    assert [(one.code, one.part) for one in attention(a_bad_night())] == [
        ("silent", "matching"),
        ("not_ready", "programs-men"),
        ("old_outbox", "programs-masef"),
        ("dead_letters", "programs-taazour"),
        ("stuck", "programs-csa"),
        ("restarted", "registry"),
    ]


def test_a_restart_is_forgotten_after_five_minutes() -> None:
    seen = with_process(healthy(), a_process("registry"), ProcessMemory(restarted_at=ago(300)))

    assert attention(seen) == ()


@pytest.mark.parametrize(("seconds", "state"), [(10, "ok"), (10.1, "stale")])
def test_a_look_of_more_than_ten_seconds_ago_is_stale(seconds: float, state: str) -> None:
    assert judge(healthy(), AT + timedelta(seconds=seconds)).state == state


def test_before_the_first_look_nothing_is_claimed() -> None:
    verdict = judge(None, AT)

    assert (verdict.state, verdict.age, verdict.attention) == ("stale", None, ())
