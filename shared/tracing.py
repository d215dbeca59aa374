"""W3 trace context: one id from an institution's request to the last consumer of its event."""

import re
import secrets
from contextvars import ContextVar

TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")  # zeros alone are no id

_current: ContextVar[str] = ContextVar("traceparent", default="")


def continue_trace(traceparent: str | None) -> str:
    """Make the caller's trace the current one, or start a new one; returns the traceparent to pass on."""
    match = TRACEPARENT.fullmatch(traceparent or "")
    trace_id = match.group(1) if match else secrets.token_hex(16)
    current = f"00-{trace_id}-{secrets.token_hex(8)}-01"
    _current.set(current)
    return current


def current_traceparent() -> str:
    """The traceparent of the work in hand; starts a trace where there is none."""
    return _current.get() or continue_trace(None)


def current_trace_id() -> str:
    return current_traceparent().split("-")[1]
