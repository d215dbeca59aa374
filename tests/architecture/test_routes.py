"""What holds for every route of every service."""

import inspect
from collections.abc import Iterator
from typing import Any

from fastapi.dependencies.models import Dependant

from cli.reference import build_apps
from shared.identity import api_routes


def calls(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for one in dependant.dependencies:
        yield from calls(one)


def is_asynchronous(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def test_no_route_waits_for_a_thread() -> None:
    """FastAPI runs a plain function in a thread: two of them cost a request as much as a read of the database."""
    routes = [route for app in build_apps().values() for route in api_routes(app.routes)]
    plain = {
        f"{call}, at {route.path}"
        for route in routes
        for call in calls(route.dependant)
        if not any(map(is_asynchronous, (call, type(call).__call__)))
    }

    assert len(routes) > 100
    assert plain == set()
