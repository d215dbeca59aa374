"""What the commands of `tekamoul match` on plain files share: files and models read, stages shown, refusals in words."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.main import language
from services.matching.engine.batch import MOST_PAIRS, TooManyPairs
from services.matching.engine.compiling import kernels_kept
from services.matching.engine.encoding import said_in
from services.matching.engine.fields import Kind
from services.matching.engine.files import partial_of, read_list
from services.matching.engine.lists import OtherFields, Stage, Told
from services.matching.engine.mapping import ListMapping, MappingRefused, Side, read_mapping
from services.matching.engine.model import Model
from shared.text import Text
from shared.unreadable import UnreadableTable

WORDS: Final[dict[str, Text]] = {
    "read": Text(ar="قراءة الملفات", fr="Lecture des fichiers", en="Reading the files"),
    "pack": Text(ar="تحضير السجلات", fr="Préparation des enregistrements", en="Preparing the records"),
    "train": Text(
        ar="تعلم الأوزان من القوائم", fr="Apprentissage des poids sur les listes", en="Learning from the lists"
    ),
    "compare": Text(ar="مقارنة الأزواج", fr="Comparaison des paires", en="Comparing pairs"),
    "decide": Text(ar="القرار", fr="Décision", en="Deciding"),
    "bad_model": Text(
        ar="ملف النموذج غير صالح لهذه القوائم: {reason}",
        fr="Le modèle ne convient pas à ces listes : {reason}",
        en="The model does not fit these lists: {reason}",
    ),
    "other_fields": Text(
        ar="وُضع النموذج لحقول أخرى: {fields}.",
        fr="Le modèle a été fait pour d'autres champs : {fields}.",
        en="The model was made for other fields: {fields}.",
    ),
    "cannot_write_beside": Text(
        ar="لا يمكن كتابة {file}: {reason}.",
        fr="Impossible d'écrire {file} : {reason}.",
        en="{file} cannot be written: {reason}.",
    ),
    "too_many_pairs": Text(
        ar="أكثر من {most} زوج محتمل: الحقول لا تميز الأشخاص بعضهم عن بعض. أضف حقولا إلى ملف المطابقة.",
        fr="Plus de {most} paires sont probables : ces champs ne distinguent personne. Ajoutez-en à la correspondance.",
        en="More than {most} pairs are probable: these fields tell nobody apart. Add fields to the mapping.",
    ),
}
NOT_ALIKE: Final[dict[str, Text]] = {
    "not_encoded": Text(
        ar="{file} ليس ملفا مرمّزا كتبه tekamoul match encode.",
        fr="{file} n'est pas un fichier encodé par tekamoul match encode.",
        en="{file} is no file that tekamoul match encode wrote.",
    ),
    "other_secret": Text(
        ar="رُمّز {file} بسر آخر أو بطريقة أخرى غير {other}: لا شيء مشترك بينهما.",
        fr="{file} a été encodé avec un autre secret, ou autrement, que {other} : rien ne s'y compare.",
        en="{file} was encoded with another secret, or in another way, than {other}: nothing in them compares.",
    ),
    "not_exported": Text(
        ar="السجلات المرمّزة لا تُصدَّر إلى Splink.",
        fr="Des enregistrements encodés ne s'exportent pas vers Splink.",
        en="Encoded records are not exported for Splink.",
    ),
}
COMPILING: Final = Text(
    ar="تحضير المحرك لهذا الجهاز، مرة واحدة: نحو دقيقة.",
    fr="Préparation du moteur pour cette machine, une seule fois : une minute environ.",
    en="Preparing the engine for this machine, once: about a minute.",
)


class Refused(Exception):
    """Why a command does not do its work."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def mapping_of(path: Path, *, of_two: bool = True) -> ListMapping:
    try:
        mapping = read_mapping(path.read_text(encoding="utf-8"))
        if of_two:
            mapping.refuse_what_never_meets()
    except MappingRefused as no:
        raise Refused(no.text) from no
    except UnicodeDecodeError as no:
        raise Refused(MappingRefused("mapping_unreadable", reason="UTF-8").text) from no
    return mapping


def refuse_other_encodings(mapping: ListMapping, *files: Path) -> None:
    """Filters made under two secrets would be compared without an error, and nobody found."""
    if not _encoded(mapping):
        return
    said = [said_in(file) for file in files]
    for file, one in zip(files, said, strict=True):
        if not all(one):
            raise Refused(NOT_ALIKE["not_encoded"].format(file=file.name))
        if one != said[0]:
            raise Refused(NOT_ALIKE["other_secret"].format(file=file.name, other=files[0].name))


def refuse_encoded(mapping: ListMapping) -> None:
    if _encoded(mapping):
        raise Refused(NOT_ALIKE["not_exported"])


def _encoded(mapping: ListMapping) -> bool:
    return any(field.kind is Kind.ENCODED for field in mapping.fields)


def model_of(path: Path) -> Model:
    try:
        return Model.from_json(path.read_bytes())
    except ValueError as no:
        raise Refused(WORDS["bad_model"].format(reason=no)) from no


def read_side(path: Path, mapping: ListMapping, side: Side) -> tuple[pl.Series, dict[str, list[pl.Series]]]:
    """The records' own numbers, and the columns of each field."""
    with named(path):
        return read_list(path, mapping, side)


@contextmanager
def named(path: Path) -> Iterator[None]:
    """A file that cannot be read is refused by its name."""
    try:
        yield
    except UnreadableTable as no:
        raise Refused(
            Text(ar=f"{path.name}: {no.text.ar}", fr=f"{path.name} : {no.text.fr}", en=f"{path.name}: {no.text.en}")
        ) from no
    except MappingRefused as no:
        raise Refused(no.text) from no


@contextmanager
def refusing() -> Iterator[None]:
    """What the engine refuses, in words."""
    try:
        yield
    except OtherFields as no:
        raise Refused(WORDS["other_fields"].format(fields=no)) from no
    except TooManyPairs as no:
        raise Refused(WORDS["too_many_pairs"].format(most=f"{MOST_PAIRS:,}")) from no


@contextmanager
def stages(console: Console) -> Iterator[Told]:
    """A bar for each stage of the work, where somebody looks on."""
    speaks = language()
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        tasks = {"read": progress.add_task(WORDS["read"].in_(speaks), total=1.0)}

        def told(stage: Stage, done: float) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(WORDS[stage].in_(speaks), total=1.0)
            progress.update(tasks[stage], completed=done)

        yield told


def tell_compiling(console: Console) -> None:
    if not kernels_kept():
        console.print(COMPILING.in_(language()), highlight=False, markup=False)


def refuse_unwritable(path: Path) -> None:
    """Who waited an hour for a result wants to know before it that there is no room for it."""
    beside = partial_of(path)
    try:
        beside.touch()
        beside.unlink()
    except OSError as no:
        raise Refused(WORDS["cannot_write_beside"].format(file=path, reason=no.strerror)) from no


def write_whole(path: Path, content: bytes) -> None:
    """All of it or nothing."""
    beside = partial_of(path)
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as no:
        raise Refused(WORDS["cannot_write_beside"].format(file=path, reason=no.strerror)) from no
