"""Which outside address leads to which process. Pure."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

LONGEST_PATH = 2048
# A path that one reader splits differently from another leads past a wall: no dots, doubled, back or encoded slashes,
# no encoded percent sign (decoded twice it is anything), no control characters. No address of ours needs any of them.
TRICKS = re.compile(
    rb"//|\\|/\.\.?(/|$)|%(2f|5c|2e|25|[01][0-9a-f]|7f)|[\x00-\x20\x7f-\xff;]|%(?![0-9a-f]{2})", re.IGNORECASE
)
PUBLIC = ("/v1/", "/health/")
"""What is reachable of a service: its API and its health. Not /internal, not /metrics, nothing that is yet to come."""


@dataclass(frozen=True, slots=True)
class Target:
    """A process and the path there. `open` where no token is needed."""

    process: str
    path: str
    open: bool


def is_safe(raw_path: bytes) -> bool:
    """Whether every reader of this path reads the same, and it asks for nothing internal."""
    if len(raw_path) > LONGEST_PATH or not raw_path.startswith(b"/") or TRICKS.search(raw_path):
        return False
    return b"internal" not in unquote_to_bytes(raw_path).lower().split(b"/")


def belongs_to_a_service(path: str) -> bool:
    return path.startswith(("/registry/", "/programs/", "/matching/"))


def target_of(raw_path: bytes, processes: Collection[str]) -> Target | None:
    """Where a safe path leads; None where to no service, or to something of it that is not public."""
    head, _, rest = raw_path.decode("ascii", "replace").lstrip("/").partition("/")
    if head == "programs":
        institution, _, rest = rest.partition("/")
        head = f"programs-{institution}"
    elif head not in ("registry", "matching"):
        return None
    path = f"/{rest}"
    if head not in processes or not path.startswith(PUBLIC):
        return None
    return Target(head, path, open=path.startswith("/health/"))
