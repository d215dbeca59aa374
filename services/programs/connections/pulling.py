"""One pull: the rows after the last ones become a file, which is stored with the new cursor or not at all."""

import asyncio
import csv
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.programs.commands.connections import locked, taken_in
from services.programs.connections.configured import Configured
from services.programs.connections.sources import Pulled, Source
from services.programs.errors.connections import CursorNotUsable
from services.programs.rules.connections import Cursor, Pull, cursor_as_text, cursor_from_text
from shared.importing.error_file import as_plain_text
from shared.importing.receiving import Sent, receive
from shared.platform import Platform


async def pull(platform: Platform, configured: Configured, said: Pull, source: Source) -> bool:
    """Pull once; whether there is more to be had at once."""
    before = await _after(platform, configured.name)
    try:
        after: Cursor = said.start if before is None else cursor_from_text(before, said.start)
    except ValueError:
        raise CursorNotUsable(column=said.cursor) from None
    pulled = await source.rows_after(after, said.most_rows)
    if not pulled.rows:
        return False
    reached = cursor_as_text(pulled.after)
    with tempfile.TemporaryDirectory(prefix="tekamoul-pull-") as folder:
        file = Path(folder) / "rows.csv"
        await asyncio.to_thread(_write, file, pulled)
        sent = Sent(
            said.partner,
            said.into,
            f"{configured.name}.csv",
            said.currency,
            mapping=configured.mapping(said),
        )
        async with platform.database.transaction() as tx:
            state = await locked(tx, configured.name)
            if state.after != before:  # another process was there first
                return True
            state.after = reached
            taken_in(state, await receive(tx, sent, file))
    platform.wake_workers.set()
    return pulled.more


async def _after(platform: Platform, name: str) -> str | None:
    async with platform.database.transaction() as tx:
        return (await locked(tx, name)).after


def _write(file: Path, pulled: Pulled) -> None:
    with file.open("w", encoding="utf-8-sig", newline="") as sink:
        writer = csv.writer(sink, delimiter=";")
        writer.writerow(pulled.headers)
        writer.writerows(_cells(row) for row in pulled.rows)


def _cells(row: Sequence[Any]) -> list[str]:
    return [as_plain_text(cell) for cell in row]
