"""The service directory: the operations that are open to a partner, each at each service that has it. From the routing table and the
gateway's own routes; nothing of it is written by hand."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.agreements.admitting import Admission
from gateway.directory.schemas import Access, OperationOut
from gateway.partners.file import Partner
from gateway.paths import Target
from gateway.routing import Route
from shared.identity import api_routes, permission_of

GATEWAY, PROGRAMS = "gateway", "programs"
OUTSIDE = "/v1/"
OWN, OPEN = "own", "open"
REQUESTS_OF_A_CALL = 1
"""What every operation takes from the quota: the bucket counts requests (limits.py)."""
FEED = ("/v1/events", "GET")
"""The gateway's own operation that tells of enrollments; what it resolves and reports is decided record by record."""
EVERYWHERE = "/programs/{institution}"
"""How the merged description writes the programs services, of which each institution has one."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of one process. `path` is the outside one; `described` where the merged description has it."""

    route: Route
    process: str
    path: str
    described: str

    @property
    def key(self) -> tuple[str, str]:
        return self.path, self.route.method

    @property
    def institution(self) -> str | None:
        return self.process.removeprefix(f"{PROGRAMS}-") if self.route.service == PROGRAMS else None

    def is_open_to(self, permissions: frozenset[str]) -> bool:
        route = self.route
        return bool({route.permission, route.under_agreement} & permissions) or route.permission in (OWN, OPEN)


def operations(routes: Iterable[Route], own: Iterable[Any], processes: Iterable[str]) -> list[Operation]:
    """All there are, by path and method. `own`: the routes of the gateway's application."""
    found = [*_of_gateway(own)]
    names = sorted(processes)
    for route in routes:
        for process in names:
            if process.partition("-")[0] == route.service:
                prefix = "/" + process.replace("-", "/", 1)
                written = EVERYWHERE if route.service == PROGRAMS else prefix
                found.append(Operation(route, process, prefix + route.path, written + route.path))
    return sorted(found, key=lambda one: one.key)


def open_to(permissions: frozenset[str], every: Iterable[Operation]) -> Iterator[Operation]:
    """In their order, those that a token with these permissions may be used for."""
    return (one for one in every if one.is_open_to(permissions))


def _of_gateway(own: Iterable[Any]) -> Iterator[Operation]:
    seen: set[tuple[str, str]] = set()
    for one in api_routes(list(own)):
        path = str(one.path)
        for method in sorted(one.methods or ()):
            if path.startswith(OUTSIDE) and (path, method) not in seen:
                seen.add((path, method))
                route = Route(GATEWAY, path, method, permission_of(one) or "")
                yield Operation(route, GATEWAY, path, path)


def shown(
    one: Operation, partner: Partner, permissions: frozenset[str], admission: Admission, document: Mapping[str, Any]
) -> OperationOut:
    """An operation as its caller sees it. `document`: the merged description (documentation.py)."""
    access, agreements = _access(one, partner, permissions, admission)
    return OperationOut(
        service=one.route.service,
        institution=one.institution,
        method=one.route.method,
        path=one.path,
        permission=one.route.permission,
        access=access,
        agreements=agreements,
        requests=REQUESTS_OF_A_CALL,
        counts_people=access == "agreement",
        description=description_of(one, document).get("description"),
    )


def description_of(one: Operation, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the service says of the operation (OpenAPI); empty where it does not answer now."""
    found: Mapping[str, Any] = document.get("paths", {}).get(one.described, {}).get(one.route.method.lower(), {})
    return found


def _access(
    one: Operation, partner: Partner, permissions: frozenset[str], admission: Admission
) -> tuple[Access, list[str]]:
    route = one.route
    if one.key == FEED:
        ways = admission.ways_of_feed(partner)
    elif route.discloses:
        ways = admission.ways(route, Target(one.process, route.path, open=False), partner)
    else:
        return "open", []
    if ways.mandate and route.permission in permissions:
        return "mandate", list(ways.agreements)
    return ("agreement", list(ways.agreements)) if ways.agreements else ("none", [])
