"""Many cases in one started service, where none leaves a trace for the next: to start one takes longer than most cases do."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

Test = Callable[..., Awaitable[None]]


def in_turn(names: str | Sequence[str], cases: Iterable[Any]) -> Callable[[Test], Test]:
    """What `pytest.mark.parametrize` takes, as one test that meets the cases in turn. The fault of one says which it was."""

    def decorate(test: Test) -> Test:
        given = [names] if isinstance(names, str) else list(names)
        told = list(cases)
        assert told

        @functools.wraps(test)
        async def all_of_them(**fixtures: Any) -> None:
            for case in told:
                values = dict(zip(given, [case] if isinstance(names, str) else case, strict=True))
                try:
                    await test(**fixtures, **values)
                except BaseException as fault:
                    fault.add_note(f"with {values!r}"[:1000])
                    raise

        asked = inspect.signature(test)
        kept = [one for one in asked.parameters.values() if one.name not in given]
        assert len(kept) == len(asked.parameters) - len(given), f"{test.__name__} takes no {given}"
        all_of_them.__signature__ = asked.replace(parameters=kept)  # type: ignore[attr-defined]
        return all_of_them

    return decorate
