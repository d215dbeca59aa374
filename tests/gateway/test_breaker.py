"""A process that gives no answer is left alone for a while, and nobody else is."""

from __future__ import annotations

import pytest

from gateway.breaker import OPEN_SECONDS, WINDOW_SECONDS, Breaker
from gateway.errors import CircuitOpen
from running import status_of
from tests.gateway.conftest import Door


class Clock:
    def __init__(self) -> None:
        self.moment = 100.0

    def __call__(self) -> float:
        return self.moment


def failing(clock: Clock, times: int) -> Breaker:
    breaker = Breaker("registry", clock)
    for _ in range(times):
        breaker.admit()
        breaker.failed()
    return breaker


def test_four_failures_leave_it_closed_and_the_fifth_opens_it() -> None:
    clock = Clock()
    breaker = failing(clock, 4)
    breaker.admit()
    assert breaker.state == "closed"
    breaker.failed()

    with pytest.raises(CircuitOpen) as refusal:
        breaker.admit()
    assert (breaker.state, refusal.value.headers) == ("open", {"Retry-After": "5"})
    assert refusal.value.detail.en.startswith("The service registry failed to answer")


def test_failures_far_apart_and_failures_with_an_answer_in_between_do_not_open_it() -> None:
    clock = Clock()
    apart, between = Breaker("registry", clock), Breaker("registry", clock)
    for _ in range(20):
        apart.failed()
        between.failed()
        between.failed()
        between.answered()
        clock.moment += WINDOW_SECONDS / 3
    assert (apart.state, between.state) == ("closed", "closed")


def test_after_a_rest_one_request_tries_and_the_others_wait_for_it() -> None:
    clock = Clock()
    breaker = failing(clock, 5)
    clock.moment += OPEN_SECONDS

    breaker.admit()
    assert breaker.state == "trying"
    with pytest.raises(CircuitOpen):
        breaker.admit()
    breaker.failed()  # one failure is enough now
    assert breaker.state == "open"
    with pytest.raises(CircuitOpen):
        breaker.admit()

    clock.moment += OPEN_SECONDS
    breaker.admit()
    breaker.answered()
    assert breaker.state == "closed"
    breaker.admit()


def test_a_try_that_never_ends_does_not_close_the_way_for_ever() -> None:
    clock = Clock()
    breaker = failing(clock, 5)
    clock.moment += OPEN_SECONDS
    breaker.admit()
    clock.moment += OPEN_SECONDS

    breaker.admit()
    assert breaker.state == "trying"


async def test_one_institutions_process_that_is_away_rests_and_the_others_are_served(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.breaker.OPEN_SECONDS", 0.3)
    await door.csa.stop()
    headers = {**await door.as_("alpha"), "Accept-Language": "en"}

    answers = [await door.client.post("/programs/csa/v1/echo", headers=headers) for _ in range(7)]

    assert [one.json()["code"] for one in answers] == ["unavailable"] * 5 + ["circuit_open"] * 2
    assert (answers[-1].status_code, answers[-1].headers["retry-after"]) == (503, "1")
    assert answers[-1].json()["title"].startswith("The service programs-csa failed")
    assert (await door.get("/registry/v1/echo")).status_code == 200
    circuits = {one["name"]: one["circuit"] for one in (await status_of(door.client))["processes"]}
    assert circuits == {"registry": "closed", "programs-csa": "open"}


async def test_a_refusal_and_a_fault_of_a_service_are_answers(door: Door) -> None:
    for _ in range(10):
        assert (await door.get("/registry/v1/people")).status_code == 404

    assert (await door.get("/registry/v1/echo")).status_code == 200
