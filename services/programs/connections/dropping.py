"""A folder watched: files become imports, and what became of each is written beside it.

The folder itself says how far everything is, so that a death at any moment loses nothing: new files stand in it, those
handed over in `taken/`, those whose import has ended in `done/`, with their result and their faulty rows.
"""

import asyncio
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from uuid import UUID

from services.programs.commands.connections import locked, taken_in
from services.programs.connections.configured import Configured, Layouts
from services.programs.errors.connections import FolderUnreachable
from services.programs.rules.connections import Drop, Pattern
from shared.clock import now
from shared.errors import Refusal
from shared.importing.error_file import write_error_file
from shared.importing.errors import FileNoLongerKept
from shared.importing.models import WAITING, Import
from shared.importing.receiving import Sent, receive
from shared.platform import Platform
from shared.tables import UnreadableTable

MOST_FILES = 50
"""Looked at in one round: a folder with thousands is worked off in many."""


@dataclass
class Folder:
    """A watched folder, and what this process remembers of it: it may forget all of that."""

    configured: Configured
    said: Drop
    layouts: Layouts
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)
    _imports: dict[str, UUID] = field(default_factory=dict)

    async def look(self, platform: Platform) -> None:
        """Take in what is whole, and put away what is done. FolderUnreachable where the folder cannot be used."""
        try:
            await asyncio.to_thread(self._take)
            for file in await asyncio.to_thread(_files, self._folder / "taken"):
                await self._follow(platform, file)
        except OSError as fault:
            raise FolderUnreachable(reason=fault.strerror or type(fault).__name__) from fault

    @property
    def _folder(self) -> Path:
        return Path(self.said.folder)

    def _take(self) -> None:
        for name in ("taken", "done"):
            (self._folder / name).mkdir(exist_ok=True)
        found = [one for one in _files(self._folder) if self._pattern(one.name)]
        for file in found:
            target = self._folder / "taken" / file.name
            if self._is_whole(file) and not target.exists():  # one of the same name waits for its turn
                file.rename(target)
        self._seen = {name: seen for name, seen in self._seen.items() if (self._folder / name).exists()}

    def _is_whole(self, file: Path) -> bool:
        """Whether it stood there unchanged at two looks, and for a while: who still writes into it has not sent it."""
        stat = file.stat()
        now_seen, before = (stat.st_size, stat.st_mtime_ns), self._seen.get(file.name)
        self._seen[file.name] = now_seen
        return now_seen == before and time.time() - stat.st_mtime >= self.said.settle_seconds

    def _pattern(self, name: str) -> Pattern | None:
        return next((one for one in self.said.files if fnmatch(name.casefold(), one.pattern.casefold())), None)

    async def _follow(self, platform: Platform, file: Path) -> None:
        pattern = self._pattern(file.name)
        if pattern is None:  # the configuration has changed since
            await asyncio.to_thread(self._put_away, file)
            return
        import_id = self._imports.get(file.name)
        if import_id is None:
            try:
                self._imports[file.name] = await self._receive(platform, file, pattern)
            except Refusal as fault:
                said = fault.detail
                result = {"status": "refused", "code": fault.code, "ar": said.ar, "fr": said.fr, "en": said.en}
                await asyncio.to_thread(self._put_away, file, result)
            return
        async with platform.database.transaction() as tx:
            import_ = await tx.get_one(Import, import_id)
        if import_.status not in WAITING:
            errors = await self._errors(platform, import_, file, pattern)
            await asyncio.to_thread(self._put_away, file, _result(import_), errors)
            self._imports.pop(file.name)

    async def _receive(self, platform: Platform, file: Path, pattern: Pattern) -> UUID:
        """The import of a file. Asked again after a death, or for a file that was here before, it is the same one."""
        sent = Sent(
            self.said.partner,
            pattern.into,
            file.name,
            pattern.currency,
            mapping=self.configured.mapping(pattern),
        )
        async with platform.database.transaction() as tx:
            import_ = await receive(tx, sent, file)
            taken_in(await locked(tx, self.configured.name), import_)
        platform.wake_workers.set()
        return import_.id

    async def _errors(self, platform: Platform, import_: Import, file: Path, pattern: Pattern) -> Path | None:
        """The faulty rows as a file, where there are any."""
        layout = self.layouts(pattern.into)
        if layout is None or not (import_.rejected or import_.warnings):
            return None
        made = file.with_name(f".{file.name}.errors")
        try:
            await write_error_file(made, "xlsx", platform.database, import_, layout, self.said.language)
        except (UnreadableTable, FileNoLongerKept):
            made.unlink(missing_ok=True)
            return None
        return made

    def _put_away(self, file: Path, result: Mapping[str, object] | None = None, errors: Path | None = None) -> None:
        """Results first and the file last: cut short, it is done again."""
        name, done = file.name, self._folder / "done"
        if (done / name).exists():
            name = f"{now():%Y%m%dT%H%M%S%f}-{name}"
        if errors is not None:
            errors.replace(done / f"{name}.errors.xlsx")
        if result is not None:
            part = done / f".{name}.result"
            part.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            part.replace(done / f"{name}.result.json")
        file.rename(done / name)


def _files(folder: Path) -> list[Path]:
    """Plain files that are not hidden, by name: no folder, no link out of here."""
    with os.scandir(folder) as entries:
        names = sorted(one.name for one in entries if one.is_file(follow_symlinks=False) and one.name[0] != ".")
    return [folder / name for name in names[:MOST_FILES]]


def _result(import_: Import) -> dict[str, object]:
    counts = {name: getattr(import_, name) for name in ("accepted", "unchanged", "rejected", "warnings")}
    return {"import_id": str(import_.id), "status": str(import_.status), **counts, "failure": import_.failure}
