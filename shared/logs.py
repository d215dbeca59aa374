"""Logs: one JSON line per event on standard output, with ids and never with personal values.

In ASCII: what a terminal or a reader of lines could take for a command or an end of line stays escaped.
"""

import json
import logging
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

from shared.tracing import current_trace_id

MOST_FRAMES = 12

PERSONAL_KEYS = frozenset(
    {"name", "name_ar", "name_fr", "father_name", "nni", "phone", "phones", "phone_2", "birth_date", "value", "body"}
)
"""Keys whose values belong to a person; the line keeps the key, so that the mistake is seen, and loses the value."""


def _without_personal_values(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: "withheld" if key in PERSONAL_KEYS else value for key, value in event.items()}


def _with_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {**event, "trace_id": current_trace_id()}


def frames(fault: BaseException) -> str:
    """Where it failed, without the exception's own words: PostgreSQL and parsers quote the record they refuse."""
    stack = traceback.extract_tb(fault.__traceback__)[-MOST_FRAMES:]
    return "\n".join(f"{frame.name} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})" for frame in stack)


def _with_frames(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    fault = event.pop("exc_info", None)
    if isinstance(fault, BaseException):
        event["fault"] = type(fault).__name__
        event["frames"] = frames(fault)
    return event


PROCESSORS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _with_trace,
    _without_personal_values,
    _with_frames,
    structlog.processors.JSONRenderer(),
]
structlog.configure(processors=PROCESSORS)  # structlog's own would print the locals of every frame until we are set up


class _LibraryLine(logging.Formatter):
    """A library's record as one line of ours. Beside an exception its words may quote what failed: they stay out."""

    def format(self, record: logging.LogRecord) -> str:
        fault = record.exc_info[1] if record.exc_info else None
        said = str(record.msg) if fault else record.getMessage()
        line = {"event": (said.splitlines() or [""])[0], "logger": record.name, "level": record.levelname.lower()}
        if fault:
            line |= {"fault": type(fault).__name__, "frames": frames(fault)}
        return json.dumps(line | {"trace_id": current_trace_id()})


def configure_logs(process: str, level: str) -> None:
    """Give our lines and the libraries' one form. Libraries only speak from warnings up."""
    handler = logging.StreamHandler()
    handler.setFormatter(_LibraryLine())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    structlog.configure(
        processors=PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)


log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
