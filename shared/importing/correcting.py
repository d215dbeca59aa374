"""A corrected file beside the one it takes the place of: what stood there and no longer stands here is reported."""

import asyncio
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from shared import text
from shared.importing.errors import FileNoLongerKept
from shared.importing.importer import Importer, Issue
from shared.importing.models import Import
from shared.importing.receiving import spooled
from shared.platform import Platform
from shared.tables import UnreadableTable

MOST_MISSING = 50_000
"""Rows named one by one; a correction that drops more is another list."""

MISSING_CODE = "missing_in_correction"
MISSING = text.Text(
    ar="كان في هذا السطر من الملف السابق، ولم يعد في الملف المصحح؛ لم يُحذف شيء",
    fr="présent à cette ligne du fichier précédent, absent du fichier corrigé ; rien n'est retiré",
    en="stood on this line of the earlier file and no longer stands in the corrected one; nothing is removed",
)
MORE_MISSING = text.Text(
    ar="وأسطر أخرى كثيرة من الملف السابق ليست في الملف المصحح؛ لم يُحذف شيء",
    fr="et beaucoup d'autres lignes du fichier précédent sont absentes du fichier corrigé ; rien n'est retiré",
    en="and many other lines of the earlier file do not stand in the corrected one; nothing is removed",
)
EARLIER_GONE = text.Text(
    ar="لم يعد الملف السابق محفوظا، فتعذرت مقارنته بالملف المصحح",
    fr="le fichier précédent n'est plus gardé : il n'a pas pu être comparé au fichier corrigé",
    en="the earlier file is no longer kept, so it could not be compared with the corrected one",
)


async def missing_in(platform: Platform, importer: Importer, import_: Import, file: Path) -> list[Issue]:
    """A warning for each row of the superseded file whose key the corrected `file` has not."""
    if import_.supersedes is None:
        return []
    async with platform.database.transaction() as tx:
        earlier = await tx.get_one(Import, import_.supersedes)
    try:
        async with spooled(platform.database, earlier.id) as earlier_file:
            return await asyncio.to_thread(_missing, importer, earlier, earlier_file, import_, file)
    except (FileNoLongerKept, UnreadableTable):
        return [Issue(0, "", None, "warning", "earlier_file_gone", EARLIER_GONE)]


def _missing(importer: Importer, earlier: Import, earlier_file: Path, import_: Import, file: Path) -> list[Issue]:
    held = {hash(key) for _, key in _keys(importer, import_, file)}  # hashes: a country's keys themselves take 100 MiB
    gone = ((line, key) for line, key in _keys(importer, earlier, earlier_file) if hash(key) not in held)
    found = [Issue(line, "", key, "warning", MISSING_CODE, MISSING) for line, key in islice(gone, MOST_MISSING)]
    if next(gone, None) is not None:
        found.append(Issue(0, "", None, "warning", MISSING_CODE, MORE_MISSING))
    return found


def _keys(importer: Importer, import_: Import, file: Path) -> Iterator[tuple[int, str]]:
    for chunk in importer.chunks(import_, file):
        yield from importer.keys(import_, chunk)
