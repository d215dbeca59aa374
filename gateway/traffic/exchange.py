"""One request on its way through this process: when it passed each point, how large it was, and what came of it."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from shared.clock import now

EXCHANGE = "tekamoul.exchange"
"""Where a request's scope carries it."""
CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")
LARGEST_PROBLEM_BYTES = 16 << 10
Row = tuple[Any, ...]
COLUMNS = (
    "request_in_at", "request_out_at", "response_in_at", "response_out_at", "message_id", "x_request_id", "client_member_code",
    "service_member_code", "service_code", "request_size", "response_size", "status_code", "succeeded", "fault_code",
)  # fmt: skip


@dataclass(slots=True)
class Exchange:
    """`partner` is empty while nobody is known: such a request leaves no record."""

    traceparent: str
    request_in: datetime = field(default_factory=now)
    request_out: datetime | None = None
    response_in: datetime | None = None
    partner: str = ""
    process: str = ""
    operation: str = ""
    request_size: int = 0
    response_size: int = 0
    status: int = 0
    fault: str | None = None

    def asked(self) -> None:
        """The request leaves for its service."""
        self.request_out = now()

    def answered(self, sent: int) -> None:
        """The service's answer begins to come in, or none came, after `sent` bytes of the body."""
        self.response_in, self.request_size = now(), sent

    def note_answer(self, piece: bytes) -> None:
        """Count a piece of the answer; the first one of a refusal says by which code it is known."""
        if self.status >= 400 and self.fault is None and self.response_size == 0:
            self.fault = code_of(piece)
        self.response_size += len(piece)

    def row(self) -> Row:
        """By COLUMNS; the answer has left by now."""
        _, trace, span, _ = self.traceparent.split("-")
        succeeded = 0 < self.status < 400
        return (
            self.request_in, self.request_out, self.response_in, now(), trace, f"{trace}-{span}", self.partner,
            self.process, self.operation, self.request_size, self.response_size, self.status, succeeded,
            None if succeeded else self.fault or str(self.status),
        )  # fmt: skip


def code_of(problem: bytes) -> str | None:
    """The code in a problem; None where there is none, or the answer is another thing."""
    try:
        said = orjson.loads(problem[:LARGEST_PROBLEM_BYTES])
    except orjson.JSONDecodeError:
        return None
    code = said.get("code") if isinstance(said, dict) else None
    return code if isinstance(code, str) and CODE.fullmatch(code) else None
