"""What is refused at the door leaves lines in the log, and never so many that a caller can flood it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gateway.refused_lines import LINES_OF_ONE, MOST_ADDRESSES, RefusedLines
from gateway.traffic.exchange import Exchange
from tests.gateway.conftest import Door


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def refused(status: int, partner: str = "", code: str | None = "unauthenticated", operation: str = "") -> Exchange:
    return Exchange("00-0-0-00", partner=partner, status=status, fault=code, operation=operation)


def test_the_same_is_told_once_a_minute_and_then_how_often() -> None:
    clock = Clock()
    lines = RefusedLines(clock)
    with capture_logs() as told:
        for second in range(50):
            clock.now = float(second)
            lines.note(refused(403, "alpha", "not_permitted", "GET /v1/households"), "10.0.0.1")
        clock.now = 60.0
        lines.note(refused(401), "10.0.0.2")
        clock.now = 120.0
        lines.note(refused(401), "10.0.0.2")

    line = {"log_level": "warning", "event": "request_refused"}
    first = {"partner": "alpha", "status": 403, "code": "not_permitted", "operation": "GET /v1/households"}
    stranger = {"address": "10.0.0.2", "status": 401, "code": "unauthenticated", "operation": ""}
    again = {"log_level": "warning", "event": "requests_refused_again", "partner": "alpha", "times": 49}
    assert told == [line | first, again, line | stranger, line | stranger]


@pytest.mark.parametrize(
    ("status", "partner", "lines"),
    [(200, "alpha", 0), (404, "alpha", 0), (404, "", 1), (409, "alpha", 0), (412, "alpha", 0), (503, "alpha", 0)]
    + [(status, "alpha", 1) for status in (400, 401, 403, 405, 413, 415, 422, 429, 431)],
)
def test_what_happens_to_whoever_does_everything_right_is_not_told(status: int, partner: str, lines: int) -> None:
    with capture_logs() as told:
        RefusedLines(Clock()).note(refused(status, partner), "10.0.0.1")

    assert len(told) == lines


CALLS = st.lists(st.tuples(st.sampled_from(["", "alpha"]), st.integers(0, 400), st.integers(0, 30)), max_size=600)


@given(CALLS)
def test_no_caller_and_no_crowd_writes_more_than_its_lines_a_minute(calls: list[tuple[str, int, int]]) -> None:
    clock = Clock()
    lines = RefusedLines(clock)
    with capture_logs() as told:
        for partner, place, operation in calls:
            lines.note(refused(422, partner, "invalid_request", f"POST /v1/{operation}"), f"10.0.{place}.1")
        clock.now = 61.0
        lines.note(refused(401, "beta"), "10.0.0.1")

    of: dict[str, int] = {}
    for one in told:
        if one["event"] == "request_refused":
            who = one.get("partner") or one["address"]
            of[who] = of.get(who, 0) + 1
    counted = sum(one["times"] for one in told if one["event"] == "requests_refused_again")
    assert max(of.values()) <= LINES_OF_ONE
    assert len(of.keys() - {"alpha", "beta", "others"}) <= MOST_ADDRESSES
    assert sum(of.values()) + counted == len(calls) + 1  # nothing is lost


async def test_attempts_to_get_around_are_in_the_log_and_a_token_given_too(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    token = await door.as_("beta")
    client = door.client
    secret = door.credentials["beta"]["client_secret"]
    for _ in range(30):
        await client.get("/registry/v1/households", headers=token)  # without an agreement
        await client.get("/registry/v1/%2e%2e/internal/dead-letters")
    await client.get("/v1/events", headers={"Authorization": "Bearer forged"})
    await client.get("/v1/events", headers=token, params={"limit": "many"})
    await client.request("TRACE", "/registry/v1/echo")
    await client.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=("beta", "wrong"))
    form = {"grant_type": "client_credentials", "scope": "households:write"}
    await client.post("/oauth2/token", data=form, auth=("beta", secret))

    printed = capsys.readouterr().out
    lines: list[dict[str, Any]] = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    (given_,) = [one for one in lines if one["event"] == "token_given"]
    assert (given_["partner"], given_["address"]) == ("beta", "127.0.0.1")
    assert len(given_["credential"]) == 36
    found = sorted(
        (one.get("partner") or one["address"], one["status"], one["code"])
        for one in lines
        if one["event"] == "request_refused"
    )
    assert found == [
        ("127.0.0.1", 400, "scope_refused"),
        ("127.0.0.1", 401, "client_refused"),
        ("127.0.0.1", 401, "unauthenticated"),
        ("127.0.0.1", 404, "not_found"),
        ("127.0.0.1", 405, "method_not_allowed"),
        ("beta", 403, "named_agreement_needed"),
        ("beta", 422, "invalid_request"),
    ]
    for one in (secret, token["Authorization"][7:]):
        assert one not in printed
